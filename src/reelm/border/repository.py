"""SQL of what rooms ask of the border: a new crossing, and what has become of a person's own."""

import datetime as dt
from typing import Any, NamedTuple
from uuid import UUID

from reelm.kit.database import Record, UnitOfWork


class CrossingRow(NamedTuple):
    """One crossing of a person, with the place of its batch in the ledger."""

    id: UUID
    number: int
    peer: str
    act: str
    object_type: str
    purpose: str
    thing_id: UUID | None
    classes: list[str]
    fields: list[str]
    removed: list[str]
    policy: str | None
    state: str
    reason: str | None
    made_at: dt.datetime
    done_at: dt.datetime | None
    entry_index: int | None


class NewCrossing(NamedTuple):
    """What a room asks for."""

    id: UUID
    peer: str
    act: str
    object_type: str
    purpose: str
    person_id: UUID | None
    thing_id: UUID | None
    document: dict[str, Any]


class PeerRow(NamedTuple):
    """Another realm that this one knows."""

    realm: str
    name: str
    network: str
    ids: str
    web: str
    border: str
    state: str


_CROSSING = ", ".join(f"c.{name}" for name in CrossingRow._fields if name != "entry_index")
_PEER = ", ".join(PeerRow._fields)


def _crossing(row: Record) -> CrossingRow:
    return CrossingRow(**{name: row[name] for name in CrossingRow._fields})


class OutboxReader:
    """Reads peers, and the subject's own crossings."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def list_peers(self) -> list[PeerRow]:
        rows = await self._uow.fetch(f"SELECT {_PEER} FROM peers ORDER BY realm")
        return [PeerRow(**dict(row)) for row in rows]

    async def list_own(self, person_id: UUID, before: int | None, limit: int) -> list[CrossingRow]:
        """Return a person's crossings, newest first."""
        rows = await self._uow.fetch(
            f"SELECT {_CROSSING}, b.entry_index FROM crossings c LEFT JOIN crossing_batches b ON b.id = c.batch_id "
            "WHERE c.person_id = $1 AND ($2::bigint IS NULL OR c.number < $2) ORDER BY c.number DESC LIMIT $3",
            person_id,
            before,
            limit,
        )
        return [_crossing(row) for row in rows]

    async def find_own(self, person_id: UUID, crossing_id: UUID) -> CrossingRow | None:
        row = await self._uow.fetch_row(
            f"SELECT {_CROSSING}, b.entry_index FROM crossings c LEFT JOIN crossing_batches b ON b.id = c.batch_id "
            "WHERE c.person_id = $1 AND c.id = $2",
            person_id,
            crossing_id,
        )
        return _crossing(row) if row else None


class OutboxWriter(OutboxReader):
    """Asks the border for crossings."""

    async def add(self, row: NewCrossing) -> None:
        await self._uow.execute(
            "INSERT INTO crossings (id, peer, act, object_type, purpose, person_id, thing_id, document) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            *row,
        )
        # Wakes the border when this transaction commits; once, however often it is said in it.
        await self._uow.fetch_value("SELECT pg_notify('crossings', '')")
