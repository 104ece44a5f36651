"""What the keys process asks of the realm's database, as the role `reelm_keys`.

It can install the subject secret, see which clips a subject sees, read wrapped clip keys, tell which people exist,
and draw on the allowance of a person who looks for others. Functions that only it may call give it one person's rows,
for openings under a grant (of identity, sealed), and one report of messages, sealed.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Any, Literal, Protocol
from uuid import UUID

import msgspec

from reelm.kit.database import Database
from reelm.kit.errors import NotFoundError

GrantedKind = Literal["ties", "watched", "clips"]


class Spent(msgspec.Struct, frozen=True):
    """Whether an allowance reached; how much of it is left; from when on it reaches for what was asked."""

    allowed: bool
    left: int
    at: dt.datetime


class RealmRows(Protocol):
    """The few questions; each is one transaction."""

    async def install_subject_secret(self, secret: bytes) -> None:
        """Make the database accept tickets made with `secret` (and still those of the one before)."""
        ...

    async def find_clip_key(self, ticket: str, clip_id: UUID) -> tuple[UUID, bytes] | None:
        """Author and wrapped key of a clip, if the ticket's subject can see the clip."""
        ...

    async def find_clip_author(self, ticket: str, clip_id: UUID) -> UUID | None:
        """Whose clip this is, if the ticket's subject can see it."""
        ...

    async def list_clip_keys(self, ticket: str, clip_ids: list[UUID]) -> list[tuple[UUID, UUID, bytes]]:
        """Clip, author and wrapped key of those of these clips that the ticket's subject can see."""
        ...

    async def list_existing(self, person_ids: list[UUID]) -> set[UUID]:
        """Which of these people have a row."""
        ...

    async def list_enrolled_staff(self, key_ids: list[str]) -> dict[str, UUID]:
        """Whose these staff keys are; keys of those who left are missing."""
        ...

    async def list_entries_after(
        self, kinds: Sequence[str], index: int
    ) -> list[tuple[int | None, dict[str, Any]]]:
        """Entries of these kinds beyond a place in the ledger, and those that wait for their place (None)."""
        ...

    async def find_granted_identity(self, person_id: UUID) -> dict[str, bytes | None]:
        """The sealed columns of a person's details; empty for nobody."""
        ...

    async def list_granted(
        self, kind: GrantedKind, person_id: UUID, skip: int, most: int
    ) -> list[dict[str, Any]]:
        """Rows of one kind of a person's data, newest first."""
        ...

    async def find_granted_clip(self, person_id: UUID, clip_id: UUID) -> dict[str, Any] | None:
        """A clip of this person's own that not everybody may see, with its wrapped key."""
        ...

    async def note_opening(self, person_id: UUID, said: dict[str, Any]) -> bool:
        """Have the person see this opening; False if they do already, as the console noted it."""
        ...

    async def find_staff_key(self, person_id: UUID) -> str | None:
        """The staff key of an operator, by its name in the ledger; None for whoever is no staff."""
        ...

    async def find_disclosed(self, report_id: UUID) -> tuple[UUID, bytes] | None:
        """Who reported something, and what, as it is sealed."""
        ...

    async def note_disclosure(self, new_id: UUID, report_id: UUID, key_id: str, at: dt.datetime) -> None:
        """Have whoever reported it see that it was opened, and with which staff key."""
        ...

    async def add_released(self, reference: UUID, entry: bytes) -> None:
        """Add an entry `keys.released` to the ledger's outbox, once for each reference."""
        ...

    async def spend_evaluations(self, ticket: str, count: int) -> Spent:
        """Draw on the allowance of the ticket's subject, durably, or say when it will reach."""
        ...

    async def announce_revoked(self, session_ids: list[UUID]) -> None:
        """Tell every process that listens on `session_revoked`."""
        ...


class PostgresRows:
    """The real database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def install_subject_secret(self, secret: bytes) -> None:
        async with self._database.transaction() as uow:
            await uow.execute("SELECT vault.install_subject_secret($1)", secret)

    async def find_clip_key(self, ticket: str, clip_id: UUID) -> tuple[UUID, bytes] | None:
        async with self._database.transaction(ticket) as uow:
            row = await uow.fetch_row(
                "SELECT k.author_id, k.wrapped_key FROM clips c, reelm.wrapped_clip_key(c.id) k WHERE c.id = $1",
                clip_id,
            )
        return None if row is None else (row["author_id"], row["wrapped_key"])

    async def find_clip_author(self, ticket: str, clip_id: UUID) -> UUID | None:
        async with self._database.transaction(ticket) as uow:
            author: UUID | None = await uow.fetch_value("SELECT author_id FROM clips WHERE id = $1", clip_id)
        return author

    async def list_clip_keys(self, ticket: str, clip_ids: list[UUID]) -> list[tuple[UUID, UUID, bytes]]:
        async with self._database.transaction(ticket) as uow:
            rows = await uow.fetch(
                "SELECT c.id, k.author_id, k.wrapped_key FROM clips c, reelm.wrapped_clip_key(c.id) k"
                " WHERE c.id = ANY ($1::uuid[])",
                clip_ids,
            )
        return [(row["id"], row["author_id"], row["wrapped_key"]) for row in rows]

    async def list_existing(self, person_ids: list[UUID]) -> set[UUID]:
        async with self._database.transaction() as uow:
            rows = await uow.fetch("SELECT id FROM reelm.existing_ids($1::uuid[]) AS id", person_ids)
        return {row["id"] for row in rows}

    async def list_enrolled_staff(self, key_ids: list[str]) -> dict[str, UUID]:
        async with self._database.transaction() as uow:
            rows = await uow.fetch("SELECT key_id, person_id FROM reelm.enrolled_staff($1::text[])", key_ids)
        return {row["key_id"]: row["person_id"] for row in rows}

    async def list_entries_after(
        self, kinds: Sequence[str], index: int
    ) -> list[tuple[int | None, dict[str, Any]]]:
        async with self._database.transaction() as uow:
            rows = await uow.fetch(
                "SELECT leaf_index, body FROM ledger_entries WHERE kind = ANY ($1::text[])"
                " AND (leaf_index > $2 OR leaf_index IS NULL)",
                list(kinds),
                index,
            )
        return [(row["leaf_index"], msgspec.json.decode(row["body"])) for row in rows]

    async def find_granted_identity(self, person_id: UUID) -> dict[str, bytes | None]:
        async with self._database.transaction() as uow:
            row = await uow.fetch_row(
                "SELECT birth_date_sealed, country_sealed, email_sealed, phone_sealed"
                " FROM reelm.granted_identity($1)",
                person_id,
            )
        return {} if row is None else dict(row)

    async def list_granted(
        self, kind: GrantedKind, person_id: UUID, skip: int, most: int
    ) -> list[dict[str, Any]]:
        async with self._database.transaction() as uow:
            match kind:
                case "ties":
                    rows = await uow.fetch(
                        "SELECT kind, handle, display_name, requested, since"
                        " FROM reelm.granted_ties($1, $2, $3)",
                        person_id,
                        skip,
                        most,
                    )
                case "watched":
                    rows = await uow.fetch(
                        "SELECT at, clip_id, kind, watched_ms, position_ms, source"
                        " FROM reelm.granted_watched($1, $2, $3)",
                        person_id,
                        skip,
                        most,
                    )
                case "clips":
                    rows = await uow.fetch(
                        "SELECT id, status, caption, audience, draft, created_at, published_at, media"
                        " FROM reelm.granted_clips($1, $2, $3)",
                        person_id,
                        skip,
                        most,
                    )
        return [dict(row) for row in rows]

    async def find_granted_clip(self, person_id: UUID, clip_id: UUID) -> dict[str, Any] | None:
        async with self._database.transaction() as uow:
            row = await uow.fetch_row(
                "SELECT id, status, caption, audience, draft, created_at, published_at, media, wrapped_key"
                " FROM reelm.granted_clip($1, $2)",
                person_id,
                clip_id,
            )
        return None if row is None else dict(row)

    async def note_opening(self, person_id: UUID, said: dict[str, Any]) -> bool:
        async with self._database.transaction() as uow:
            noted: bool = await uow.fetch_value("SELECT reelm.note_opening($1, $2::jsonb)", person_id, said)
        return noted

    async def find_staff_key(self, person_id: UUID) -> str | None:
        async with self._database.transaction() as uow:
            key_id: str | None = await uow.fetch_value("SELECT reelm.staff_key_of($1)", person_id)
        return key_id

    async def find_disclosed(self, report_id: UUID) -> tuple[UUID, bytes] | None:
        async with self._database.transaction() as uow:
            row = await uow.fetch_row(
                "SELECT person_id, report_sealed FROM reelm.disclosed_report($1)", report_id
            )
        return None if row is None else (row["person_id"], row["report_sealed"])

    async def note_disclosure(self, new_id: UUID, report_id: UUID, key_id: str, at: dt.datetime) -> None:
        async with self._database.transaction() as uow:
            await uow.execute("SELECT reelm.note_disclosure($1, $2, $3, $4)", new_id, report_id, key_id, at)

    async def add_released(self, reference: UUID, entry: bytes) -> None:
        async with self._database.transaction() as uow:
            await uow.execute("SELECT reelm.tell_released($1, $2)", reference, entry)

    async def spend_evaluations(self, ticket: str, count: int) -> Spent:
        async with self._database.transaction(ticket) as uow:
            row = await uow.fetch_row(
                "SELECT allowed, remaining, at FROM reelm.spend_evaluations($1::integer)", count
            )
        if row is None:
            raise NotFoundError
        return Spent(row["allowed"], row["remaining"], row["at"])

    async def announce_revoked(self, session_ids: list[UUID]) -> None:
        async with self._database.transaction() as uow:
            await uow.fetch(
                "SELECT pg_notify('session_revoked', id::text) FROM unnest($1::uuid[]) AS id", session_ids
            )
