"""SQL of learning: events without names, and which model is in force.

The learner reads what was watched through the functions of models/learning.sql alone; its role can read no table that
holds a person.
"""

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

import msgspec

from reelm.kit.database import Record, UnitOfWork


class ModelRow(msgspec.Struct, frozen=True):
    """A model, and whether it was good enough."""

    digest: str
    name: str
    card: str
    verdict: str
    made_at: dt.datetime


class ChangeRow(msgspec.Struct, frozen=True):
    """A change of the model in force; without `in_force_at` it was asked for, and waits for its ledger entry."""

    ref: UUID
    model: str
    card: str
    previous: str | None
    policy: str
    rule: str
    cause: str
    asked_at: dt.datetime
    entry_index: int | None
    in_force_at: dt.datetime | None


class EventsReader:
    """Reads what was watched, by pseudonym."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def now(self) -> dt.datetime:
        """The database's clock, by which events are stored."""
        moment: dt.datetime = await self._uow.fetch_value("SELECT clock_timestamp()")
        return moment

    async def begin(self) -> int:
        """New pseudonyms for everybody; return their epoch."""
        epoch: int = await self._uow.fetch_value("SELECT reelm.begin_learning()")
        return epoch

    async def find_people(self) -> tuple[int, bytes] | None:
        """The epoch, and the pseudonyms of everybody who may be learned from, 16 bytes each."""
        row = await self._uow.fetch_row("SELECT epoch, people FROM reelm.learning_people()")
        return None if row is None else (row["epoch"], row["people"])

    async def list_resets(self, since: dt.datetime) -> list[Record]:
        """(person, reset_at) of those who had their feed forget since a time."""
        return await self._uow.fetch("SELECT person, reset_at FROM reelm.learning_resets($1)", since)

    async def list_events(self, after: dt.datetime, until: dt.datetime, most: int) -> list[Record]:
        """A page of (stored_at, person, clip_id, kind, watched_ms, at), in the order of `stored_at`."""
        return await self._uow.fetch(
            "SELECT stored_at, person, clip_id, kind, watched_ms, at FROM reelm.learning_events($1, $2, $3)",
            after,
            until,
            most,
        )

    async def is_waiting(self, after: dt.datetime, until: dt.datetime) -> bool:
        """Whether there is anything to learn from in that time."""
        waits: bool = await self._uow.fetch_value("SELECT reelm.learning_waits($1, $2)", after, until)
        return waits

    async def find_begin(self) -> dt.datetime | None:
        """The day on which the oldest event that is kept was stored."""
        moment: dt.datetime | None = await self._uow.fetch_value("SELECT reelm.learning_begins()")
        return moment

    async def list_words(self, ids: Sequence[UUID]) -> list[Record]:
        """(clip_id, terms) of public clips."""
        return await self._uow.fetch("SELECT clip_id, terms FROM reelm.learning_words($1)", list(ids))


_MODEL = "digest, name, card, verdict, made_at"
_CHANGE = "ref, model, card, previous, policy, rule, cause, asked_at, entry_index, in_force_at"


class ModelsReader:
    """Reads which models there are, and which is in force."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def find_model(self, digest: str) -> ModelRow | None:
        row = await self._uow.fetch_row(f"SELECT {_MODEL} FROM ranking_models WHERE digest = $1", digest)
        return None if row is None else ModelRow(*row)

    async def list_models(self, limit: int) -> list[ModelRow]:
        """Newest first."""
        rows = await self._uow.fetch(
            f"SELECT {_MODEL} FROM ranking_models ORDER BY made_at DESC, digest LIMIT $1", limit
        )
        return [ModelRow(*row) for row in rows]

    async def find_in_force(self) -> ChangeRow | None:
        """The last change that came into force."""
        row = await self._uow.fetch_row(
            f"SELECT {_CHANGE} FROM ranking_changes WHERE in_force_at IS NOT NULL "
            "ORDER BY in_force_at DESC, ref DESC LIMIT 1"
        )
        return None if row is None else ChangeRow(*row)

    async def list_asked(self) -> list[ChangeRow]:
        """Changes that wait for their entry, oldest first."""
        rows = await self._uow.fetch(
            f"SELECT {_CHANGE} FROM ranking_changes WHERE in_force_at IS NULL ORDER BY asked_at, ref"
        )
        return [ChangeRow(*row) for row in rows]

    async def list_changes(self, limit: int) -> list[ChangeRow]:
        """Newest first."""
        rows = await self._uow.fetch(
            f"SELECT {_CHANGE} FROM ranking_changes ORDER BY asked_at DESC, ref DESC LIMIT $1", limit
        )
        return [ChangeRow(*row) for row in rows]


class ModelsWriter(ModelsReader):
    """Writes models and changes. For the learner, and for operators at the machine."""

    async def add_model(self, digest: str, name: str, card: str, verdict: str) -> None:
        """Note a model; one that is known stays as it is."""
        await self._uow.execute(
            "INSERT INTO ranking_models (digest, name, card, verdict) VALUES ($1, $2, $3, $4) "
            "ON CONFLICT (digest) DO NOTHING",
            digest,
            name,
            card,
            verdict,
        )

    async def add_change(
        self, ref: UUID, model: str, card: str, previous: str | None, policy: str, rule: str, cause: str
    ) -> None:
        await self._uow.execute(
            "INSERT INTO ranking_changes (ref, model, card, previous, policy, rule, cause) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7)",
            ref,
            model,
            card,
            previous,
            policy,
            rule,
            cause,
        )

    async def hold_asked(self, ref: UUID) -> bool:
        """Keep others from carrying out a change until this transaction ends; False if somebody already did."""
        held = await self._uow.fetch_value(
            "SELECT ref FROM ranking_changes WHERE ref = $1 AND in_force_at IS NULL FOR UPDATE", ref
        )
        return held is not None

    async def put_in_force(self, ref: UUID, entry_index: int) -> None:
        """Note that a change came into force, once."""
        await self._uow.execute(
            "UPDATE ranking_changes SET entry_index = $2, in_force_at = clock_timestamp() "
            "WHERE ref = $1 AND in_force_at IS NULL",
            ref,
            entry_index,
        )
