"""SQL about staff, grants and uses. Row-level security decides: staff see these tables, nobody else does.

The person concerned has the views `reelm.openings` and `reelm.opening_uses`; the schedules have functions.
"""

import datetime as dt
from collections.abc import Collection
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from reelm.custody.grants.rows import (
    DecisionRecord,
    GrantPersonRecord,
    GrantRecord,
    NamedPerson,
    OpeningRecord,
    OpeningUseRecord,
    StaffRecord,
    UseRecord,
)
from reelm.custody.grants.states import GrantState
from reelm.kit.database import Record, UniqueViolation, UnitOfWork

_STAFF = "key_id, person_id, public_key, country, state, asked_at, enrolled_at, enrolled_ref, enrolled_leaf, left_at"
_GRANT = (
    "id, asked_by, asked_key, state, cause, classes, minutes, reason, words, country, emergency, document, "
    "document_nonce, request, request_ref, request_leaf, decided_by, decided_key, decision_ref, decision_leaf, "
    "end_ref, end_leaf, created_at, requested_at, answer_by, decided_at, expires_at, ended_at"
)
_USE = "id, grant_id, person_id, what, clip_id, state, nonce, document, ref, leaf, at"
_OPENING = (
    "person_id, grant_id, nonce, document, state, classes, reason, emergency, requested_at, answer_by, decided_at, "
    "expires_at, ended_at, request_leaf, staff_involved"
)
_CHANGEABLE = {
    *("cause", "request_ref", "request_leaf", "decided_by", "decided_key", "decision_ref", "decision_leaf"),
    *("end_ref", "end_leaf", "requested_at", "answer_by", "decided_at", "expires_at", "ended_at"),
}
T = TypeVar("T", bound=msgspec.Struct)


def _read(row: Record, kind: type[T]) -> T:
    return kind(**dict(row))


class StaffReader:
    """Reads staff, for operators."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def is_operator(self) -> bool:
        found: bool = await self._uow.fetch_value("SELECT reelm.is_operator()")
        return found

    async def list_staff(self) -> list[StaffRecord]:
        rows = await self._uow.fetch(f"SELECT {_STAFF} FROM staff ORDER BY asked_at, key_id")
        return [_read(row, StaffRecord) for row in rows]

    async def list_keys_of(self, person_id: UUID) -> list[StaffRecord]:
        """Return a person's keys, the newest first."""
        rows = await self._uow.fetch(
            f"SELECT {_STAFF} FROM staff WHERE person_id = $1 ORDER BY asked_at DESC", person_id
        )
        return [_read(row, StaffRecord) for row in rows]

    async def find_key(self, key_id: str) -> StaffRecord | None:
        row = await self._uow.fetch_row(f"SELECT {_STAFF} FROM staff WHERE key_id = $1", key_id)
        return _read(row, StaffRecord) if row else None

    async def people(self, handles: Collection[str] = (), ids: Collection[UUID] = ()) -> list[NamedPerson]:
        """Return public names by handle or id, whoever blocks whom."""
        rows = await self._uow.fetch(
            "SELECT person_id, handle, display_name FROM reelm.people_for_staff($1::text[], $2::uuid[])",
            [handle.strip().lstrip("@").casefold() for handle in handles],
            list(ids),
        )
        return [_read(row, NamedPerson) for row in rows]


class StaffWriter(StaffReader):
    """An operator brings a key. Enrolling it is the keyholder's, at the command line."""

    async def ask(
        self, person_id: UUID, key_id: str, public_key: bytes, country: str, now: dt.datetime
    ) -> bool:
        """Keep a key to be enrolled in place of an earlier one. Returns False for a key that is known already."""
        await self._uow.execute("DELETE FROM staff WHERE person_id = $1 AND state = 'asked'", person_id)
        try:
            await self._uow.execute(
                "INSERT INTO staff (key_id, person_id, public_key, country, state, asked_at) "
                "VALUES ($1, $2, $3, $4, 'asked', $5)",
                *(key_id, person_id, public_key, country, now),
            )
        except UniqueViolation:
            return False
        return True


class GrantsReader(StaffReader):
    """Reads grants, for staff."""

    async def find(self, grant_id: UUID) -> GrantRecord | None:
        row = await self._uow.fetch_row(f"SELECT {_GRANT} FROM grants WHERE id = $1", grant_id)
        return _read(row, GrantRecord) if row else None

    async def list_newest(
        self, viewer: UUID, state: GrantState | None, before: UUID | None, limit: int
    ) -> list[GrantRecord]:
        """List grants, and the viewer's own drafts."""
        rows = await self._uow.fetch(
            f"SELECT {_GRANT} FROM grants WHERE ($2::text IS NULL OR state = $2) "
            "AND (state <> 'draft' OR asked_by = $1) AND ($3::uuid IS NULL OR id < $3) ORDER BY id DESC LIMIT $4",
            *(viewer, state, before, limit),
        )
        return [_read(row, GrantRecord) for row in rows]

    async def list_people(self, grant_ids: Collection[UUID]) -> list[GrantPersonRecord]:
        rows = await self._uow.fetch(
            "SELECT grant_id, person_id, reference, nonce, document FROM grant_people WHERE grant_id = ANY ($1) "
            "ORDER BY grant_id, reference",
            list(grant_ids),
        )
        return [_read(row, GrantPersonRecord) for row in rows]

    async def list_decisions(self, person_id: UUID, grant_ids: Collection[UUID]) -> list[DecisionRecord]:
        """Return the decisions that a person is about to sign."""
        rows = await self._uow.fetch(
            "SELECT grant_id, person_id, verdict, entry, created_at FROM grant_decisions "
            "WHERE person_id = $1 AND grant_id = ANY ($2)",
            *(person_id, list(grant_ids)),
        )
        return [_read(row, DecisionRecord) for row in rows]

    async def list_uses(self, grant_ids: Collection[UUID]) -> list[UseRecord]:
        rows = await self._uow.fetch(
            f"SELECT {_USE} FROM grant_uses WHERE grant_id = ANY ($1) ORDER BY id", list(grant_ids)
        )
        return [_read(row, UseRecord) for row in rows]

    async def find_clip_use(self, grant_id: UUID, clip_id: UUID) -> UseRecord | None:
        """Return the use under which a clip is being watched: opened, or logged so lately that it still opens."""
        row = await self._uow.fetch_row(
            f"SELECT {_USE} FROM grant_uses WHERE grant_id = $1 AND clip_id = $2 AND (state = 'opened' "
            "OR (state = 'logged' AND at > now() - interval '4 minutes')) ORDER BY id DESC LIMIT 1",
            *(grant_id, clip_id),
        )
        return _read(row, UseRecord) if row else None

    async def find_clip_author(self, grant_id: UUID, clip_id: UUID) -> UUID | None:
        """Return whose clip it is, if the subject's grant is about that person's private things."""
        found: UUID | None = await self._uow.fetch_value(
            "SELECT reelm.clip_author_in_grant($1, $2)", grant_id, clip_id
        )
        return found

    async def is_first_use(self, use: UseRecord) -> bool:
        """Whether this person's data was not used under this grant before."""
        found: bool = await self._uow.fetch_value(
            "SELECT NOT EXISTS (SELECT 1 FROM grant_uses WHERE grant_id = $1 AND person_id = $2 AND id <> $3 "
            "AND state <> 'pending')",
            *(use.grant_id, use.person_id, use.id),
        )
        return found


class GrantsWriter(GrantsReader):
    """Writes grants, for staff."""

    async def add(self, grant: dict[str, Any], people: list[GrantPersonRecord]) -> None:
        names = ", ".join(grant)
        marks = ", ".join(f"${number}" for number in range(1, len(grant) + 1))
        await self._uow.execute(f"INSERT INTO grants ({names}) VALUES ({marks})", *grant.values())
        await self._uow.execute_many(
            "INSERT INTO grant_people (grant_id, person_id, reference, nonce, document) "
            "VALUES ($1, $2, $3, $4, $5)",
            [(each.grant_id, each.person_id, each.reference, each.nonce, each.document) for each in people],
        )

    async def move(self, grant_id: UUID, before: GrantState, then: GrantState, **values: Any) -> bool:
        """Set the state if it is still `before`; False if somebody was quicker."""
        unknown = values.keys() - _CHANGEABLE
        if unknown:
            raise ValueError(f"not changeable: {unknown}")
        sets = "".join(f", {name} = ${number}" for number, name in enumerate(values, 4))
        moved = await self._uow.execute(
            f"UPDATE grants SET state = $3{sets} WHERE id = $1 AND state = $2",
            *(grant_id, before, then, *values.values()),
        )
        return moved == 1

    async def note_leaf(self, grant_id: UUID, column: str, leaf: int) -> None:
        """Remember where the ledger has an entry of the grant."""
        if column not in {"request_leaf", "decision_leaf", "end_leaf"}:
            raise ValueError(f"not changeable: {column}")
        await self._uow.execute(
            f"UPDATE grants SET {column} = $2 WHERE id = $1 AND {column} IS NULL", grant_id, leaf
        )

    async def put_decision(self, decision: DecisionRecord) -> None:
        """Keep what is about to be signed, in place of the same person's earlier draft."""
        await self.drop_decision(decision.grant_id, decision.person_id)
        await self._uow.execute(
            "INSERT INTO grant_decisions (grant_id, person_id, verdict, entry, created_at) "
            "VALUES ($1, $2, $3, $4, $5)",
            *(
                decision.grant_id,
                decision.person_id,
                decision.verdict,
                decision.entry,
                decision.created_at,
            ),
        )

    async def drop_decision(self, grant_id: UUID, person_id: UUID) -> None:
        await self._uow.execute(
            "DELETE FROM grant_decisions WHERE grant_id = $1 AND person_id = $2", grant_id, person_id
        )

    async def hold(self, grant_id: UUID) -> bool:
        """Keep a grant approved until the transaction ends; False if it is not.

        Called before the entry is added, as `move` is: entries stand in the ledger in the order in which they were
        added, so no use comes after its grant's end.
        """
        held = await self._uow.fetch_row(
            "SELECT id FROM grants WHERE id = $1 AND state = 'approved' FOR SHARE", grant_id
        )
        return held is not None

    async def add_use(self, use: UseRecord) -> None:
        await self._uow.execute(
            "INSERT INTO grant_uses (id, grant_id, person_id, what, clip_id, state, nonce, document, ref, at) "
            "VALUES ($1, $2, $3, $4, $5, 'pending', $6, $7, $8, $9)",
            *(use.id, use.grant_id, use.person_id, use.what, use.clip_id, use.nonce, use.document),
            *(use.ref, use.at),
        )

    async def note_logged(self, use_id: UUID, leaf: int) -> bool:
        """Return whether the use was not known to be in the ledger before."""
        changed = await self._uow.execute(
            "UPDATE grant_uses SET state = 'logged', leaf = $2 WHERE id = $1 AND state = 'pending'",
            *(use_id, leaf),
        )
        return changed == 1

    async def note_opened(self, use_id: UUID) -> None:
        await self._uow.execute(
            "UPDATE grant_uses SET state = 'opened' WHERE id = $1 AND state = 'logged'", use_id
        )


class OpeningsReader:
    """What was opened of the subject's own data."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def list_newest(self, person_id: UUID, before: UUID | None, limit: int) -> list[OpeningRecord]:
        rows = await self._uow.fetch(
            f"SELECT {_OPENING} FROM reelm.openings WHERE person_id = $1 AND ($2::uuid IS NULL OR grant_id < $2) "
            "ORDER BY grant_id DESC LIMIT $3",
            *(person_id, before, limit),
        )
        return [_read(row, OpeningRecord) for row in rows]

    async def find(self, person_id: UUID, grant_id: UUID) -> OpeningRecord | None:
        row = await self._uow.fetch_row(
            f"SELECT {_OPENING} FROM reelm.openings WHERE person_id = $1 AND grant_id = $2",
            *(person_id, grant_id),
        )
        return _read(row, OpeningRecord) if row else None

    async def list_uses(self, person_id: UUID, grant_ids: Collection[UUID]) -> list[OpeningUseRecord]:
        rows = await self._uow.fetch(
            "SELECT grant_id, id, what, nonce, document, leaf, at FROM reelm.opening_uses "
            "WHERE person_id = $1 AND grant_id = ANY ($2) ORDER BY id",
            *(person_id, list(grant_ids)),
        )
        return [_read(row, OpeningUseRecord) for row in rows]


class GrantsUpkeep:
    """What the schedules may do: nothing of it shows whom a grant is about, or why."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def list_due(self, now: dt.datetime) -> list[tuple[UUID, GrantState, int]]:
        """Return grants that nobody answered, or whose time is over: id, state, index of the request."""
        rows = await self._uow.fetch("SELECT grant_id, state, request_leaf FROM reelm.grants_due($1)", now)
        return [(row["grant_id"], row["state"], row["request_leaf"]) for row in rows]

    async def hold(self, grant_id: UUID, now: dt.datetime) -> bool:
        """Keep a grant that is to be ended as it is until the transaction is over; False if it isn't to be."""
        held: bool = await self._uow.fetch_value("SELECT reelm.hold_due_grant($1, $2)", grant_id, now)
        return held

    async def end(self, grant_id: UUID, now: dt.datetime, ref: UUID) -> bool:
        ended: bool = await self._uow.fetch_value("SELECT reelm.end_grant($1, $2, $3)", grant_id, now, ref)
        return ended

    async def list_unsettled(self) -> list[UUID]:
        rows = await self._uow.fetch("SELECT ref FROM reelm.unsettled_grants()")
        return [row["ref"] for row in rows]

    async def settle(self, ref: UUID, leaf: int) -> list[tuple[UUID, UUID]]:
        """Note where an entry is; return the grants and people of uses whose person was not told yet."""
        rows = await self._uow.fetch(
            "SELECT grant_id, person_id FROM reelm.settle_grant($1, $2)", *(ref, leaf)
        )
        return [(row["grant_id"], row["person_id"]) for row in rows]

    async def forget(self, drafts_before: dt.datetime, grants_before: dt.datetime) -> int:
        gone: int = await self._uow.fetch_value(
            "SELECT reelm.forget_grants($1, $2)", drafts_before, grants_before
        )
        return gone
