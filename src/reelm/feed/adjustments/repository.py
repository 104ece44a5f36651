"""SQL of adjustments and of the maps they made."""

import datetime as dt
from typing import Any
from uuid import UUID

import msgspec

from reelm.kit.database import UnitOfWork

CHANGED = "adjustments"
_LOCK = 0x6164_6A75_7374_6564


class AdjustmentRow(msgspec.Struct, frozen=True):
    """A declared boost or demotion. It is in the maps from `since` up to and without `ended`."""

    id: UUID
    clip_id: UUID
    kind: str
    points: int
    reason: str
    words: str
    from_at: dt.datetime
    until_at: dt.datetime
    staff: str
    since: int
    ended: int | None


class MapRow(msgspec.Struct, frozen=True):
    """A state of the map; `ref` is the ledger's entry that holds its root."""

    number: int
    root: bytes
    count: int
    ref: UUID


_ROW = "id, clip_id, kind, points, reason, words, from_at, until_at, staff, since, ended"
_MAP = "number, root, count, ref"


class AdjustmentsReader:
    """Reads what is declared; it is public."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def newest_maps(self, limit: int) -> list[MapRow]:
        rows = await self._uow.fetch(
            f"SELECT {_MAP} FROM adjustment_maps ORDER BY number DESC LIMIT $1", limit
        )
        return [MapRow(*row) for row in rows]

    async def find_map(self, root: bytes) -> MapRow | None:
        row = await self._uow.fetch_row(
            f"SELECT {_MAP} FROM adjustment_maps WHERE root = $1 ORDER BY number DESC LIMIT 1", root
        )
        return MapRow(*row) if row else None

    async def maps(self, numbers: list[int]) -> dict[int, MapRow]:
        rows = await self._uow.fetch(f"SELECT {_MAP} FROM adjustment_maps WHERE number = ANY ($1)", numbers)
        return {row["number"]: MapRow(*row) for row in rows}

    async def in_map(self, number: int) -> list[AdjustmentRow]:
        """What a map holds."""
        rows = await self._uow.fetch(
            f"SELECT {_ROW} FROM adjustments WHERE since <= $1 AND (ended IS NULL OR ended > $1) ORDER BY clip_id",
            number,
        )
        return [AdjustmentRow(*row) for row in rows]

    async def page(self, before: UUID | None, limit: int) -> list[AdjustmentRow]:
        """What is declared now, the newest first."""
        rows = await self._uow.fetch(
            f"SELECT {_ROW} FROM adjustments WHERE ended IS NULL AND ($1::uuid IS NULL OR id < $1) "
            "ORDER BY id DESC LIMIT $2",
            before,
            limit,
        )
        return [AdjustmentRow(*row) for row in rows]

    async def of_clip(self, clip_id: UUID) -> AdjustmentRow | None:
        row = await self._uow.fetch_row(
            f"SELECT {_ROW} FROM adjustments WHERE clip_id = $1 AND ended IS NULL", clip_id
        )
        return AdjustmentRow(*row) if row else None


class AdjustmentsWriter(AdjustmentsReader):
    """Declares and takes back; row-level security lets enrolled staff."""

    async def hold(self) -> None:
        """Wait for whoever else changes the map, until the transaction ends."""
        await self._uow.fetch_value("SELECT pg_advisory_xact_lock($1)", _LOCK)

    async def end(self, ids: list[UUID], number: int) -> int:
        return await self._uow.execute(
            "UPDATE adjustments SET ended = $2 WHERE id = ANY ($1) AND ended IS NULL", ids, number
        )

    async def add(self, row: AdjustmentRow) -> None:
        values: tuple[Any, ...] = msgspec.structs.astuple(row)[:-1]
        await self._uow.execute(
            "INSERT INTO adjustments (id, clip_id, kind, points, reason, words, from_at, until_at, staff, since) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            *values,
        )

    async def add_map(self, row: MapRow) -> None:
        await self._uow.execute(
            "INSERT INTO adjustment_maps (number, root, count, ref) VALUES ($1, $2, $3, $4)",
            *msgspec.structs.astuple(row),
        )
        await self._uow.fetch_value("SELECT pg_notify($1, '')", CHANGED)
