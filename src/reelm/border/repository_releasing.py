"""SQL of what the border does by itself: what was asked for, batches, counts and refusals. As `reelm_border` only."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from reelm.border.repository import PeerRow
from reelm.kit.database import Record, UnitOfWork

ASKED = "crossings"
_PEER = ", ".join(PeerRow._fields)
_BATCH = "id, peer, root, count, ref, entry_index, state, attempts, next_at, made_at"


class Asked(NamedTuple):
    """Something that shall cross."""

    id: UUID
    act: str
    object_type: str
    purpose: str
    document: dict[str, Any] | None


@dataclass(frozen=True)
class Batch:
    """A delivery that has its entry, and isn't over."""

    id: UUID
    peer: str
    root: bytes
    count: int
    ref: UUID
    entry_index: int | None
    state: str
    attempts: int
    next_at: dt.datetime | None
    made_at: dt.datetime


@dataclass(frozen=True)
class Recorded:
    """What was decided about one crossing that goes: its bytes, and under which policy."""

    id: UUID
    position: int
    released: bytes
    nonce: bytes
    classes: Sequence[str]
    fields: Sequence[str]
    removed: Sequence[str]
    policy: str


@dataclass(frozen=True)
class Counted:
    """How much went one way on a day."""

    kind: str
    direction: str
    peer: str
    data_class: str
    objects: int
    bytes: int


class RefusalKey(NamedTuple):
    """What was not let through, and why."""

    direction: str
    channel: str
    peer: str
    object_type: str
    classes: tuple[str, ...]
    fields: tuple[str, ...]
    reason: str


def _batch(row: Record) -> Batch:
    return Batch(**dict(row))


class ReleasingReader:
    """Reads what waits."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def list_busy_peers(self) -> list[str]:
        """Realms for which something waits to be decided, or to be delivered."""
        rows = await self._uow.fetch(
            "SELECT peer FROM crossings WHERE state = 'asked' UNION "
            "SELECT peer FROM crossing_batches WHERE direction = 'out' AND state IN ('recorded', 'released')"
        )
        return [row["peer"] for row in rows]

    async def find_peer(self, realm: str) -> PeerRow | None:
        row = await self._uow.fetch_row(f"SELECT {_PEER} FROM peers WHERE realm = $1", realm)
        return PeerRow(**dict(row)) if row else None

    async def list_peers(self) -> list[PeerRow]:
        rows = await self._uow.fetch(f"SELECT {_PEER} FROM peers ORDER BY realm")
        return [PeerRow(**dict(row)) for row in rows]

    async def find_batch(self, peer: str) -> Batch | None:
        """The oldest delivery to a peer that isn't over."""
        row = await self._uow.fetch_row(
            f"SELECT {_BATCH} FROM crossing_batches WHERE peer = $1 AND direction = 'out' "
            "AND state IN ('recorded', 'released') ORDER BY made_at, id LIMIT 1",
            peer,
        )
        return _batch(row) if row else None

    async def list_released(self, batch_id: UUID) -> list[tuple[bytes, bytes]]:
        """Nonce and bytes of each object of a delivery, in their order."""
        rows = await self._uow.fetch(
            "SELECT nonce, released FROM crossings WHERE batch_id = $1 AND released IS NOT NULL ORDER BY position",
            batch_id,
        )
        return [(row["nonce"], row["released"]) for row in rows]


class ReleasingWriter(ReleasingReader):
    """Decides, records and settles."""

    async def hold_asked(self, peer: str, limit: int) -> list[Asked]:
        """The next crossings to a peer, in their order, held until the transaction ends."""
        rows = await self._uow.fetch(
            "SELECT id, act, object_type, purpose, document FROM crossings "
            "WHERE peer = $1 AND state = 'asked' ORDER BY number LIMIT $2 FOR UPDATE SKIP LOCKED",
            peer,
            limit,
        )
        return [Asked(**dict(row)) for row in rows]

    async def add_batch(
        self, batch_id: UUID, peer: str, root: bytes, count: int, size: int, ref: UUID, now: dt.datetime
    ) -> None:
        await self._uow.execute(
            "INSERT INTO crossing_batches (id, peer, direction, root, count, bytes, ref, state, made_at, next_at) "
            "VALUES ($1, $2, 'out', $3, $4, $5, $6, 'recorded', $7, $7)",
            batch_id,
            peer,
            root,
            count,
            size,
            ref,
            now,
        )

    async def record(self, batch_id: UUID, recorded: Sequence[Recorded]) -> None:
        """Write down what goes with a batch; what was asked for is not needed any more."""
        await self._uow.execute_many(
            "UPDATE crossings SET state = 'recorded', batch_id = $2, position = $3, released = $4, nonce = $5, "
            "bytes = $6, classes = $7, fields = $8, removed = $9, policy = $10, document = NULL "
            "WHERE id = $1 AND state = 'asked'",
            [
                (
                    each.id,
                    batch_id,
                    each.position,
                    each.released,
                    each.nonce,
                    len(each.released),
                    list(each.classes),
                    list(each.fields),
                    list(each.removed),
                    each.policy,
                )
                for each in recorded
            ],
        )

    async def refuse(
        self, refused: Sequence[tuple[UUID, str, list[str], list[str]]], now: dt.datetime
    ) -> None:
        """Settle what doesn't go: id, reason, classes and names of its fields."""
        await self._uow.execute_many(
            "UPDATE crossings SET state = 'refused', reason = $2, classes = $3, removed = $4, document = NULL, "
            "done_at = $5 WHERE id = $1 AND state = 'asked'",
            [(*each, now) for each in refused],
        )

    async def release(self, batch_id: UUID, entry_index: int) -> None:
        """The ledger has the entry: from now on it may go."""
        await self._uow.execute(
            "UPDATE crossing_batches SET state = 'released', entry_index = $2 WHERE id = $1 AND state = 'recorded'",
            batch_id,
            entry_index,
        )

    async def deliver(self, batch_id: UUID, refused: Sequence[int], now: dt.datetime) -> None:
        """The peer has it; what was sent is forgotten. `refused`: positions that the peer would not take."""
        await self._uow.execute(
            "UPDATE crossing_batches SET state = 'delivered', done_at = $2, problem = NULL, next_at = NULL "
            "WHERE id = $1 AND state = 'released'",
            batch_id,
            now,
        )
        await self._uow.execute(
            "UPDATE crossings SET state = CASE WHEN position = ANY ($2::int[]) THEN 'refused' ELSE 'delivered' END, "
            "reason = CASE WHEN position = ANY ($2::int[]) THEN 'refused_there' END, released = NULL, nonce = NULL, "
            "done_at = $3 WHERE batch_id = $1 AND state IN ('recorded', 'dead')",
            batch_id,
            list(refused),
            now,
        )

    async def heard(self, peer: str, now: dt.datetime) -> None:
        await self._uow.execute("UPDATE peers SET heard_at = $2 WHERE realm = $1", peer, now)

    async def put_off(self, batch_id: UUID, problem: str, next_at: dt.datetime) -> None:
        await self._uow.execute(
            "UPDATE crossing_batches SET attempts = attempts + 1, problem = $2, next_at = $3 WHERE id = $1",
            batch_id,
            problem,
            next_at,
        )

    async def bury(self, batch_id: UUID, problem: str, now: dt.datetime) -> None:
        """Give a delivery up, until an operator wants it tried again."""
        await self._uow.execute(
            "UPDATE crossing_batches SET state = 'dead', attempts = attempts + 1, problem = $2, next_at = NULL, "
            "done_at = $3 WHERE id = $1 AND state IN ('recorded', 'released')",
            batch_id,
            problem,
            now,
        )
        await self._uow.execute(
            "UPDATE crossings SET state = 'dead', reason = $2 WHERE batch_id = $1 AND state = 'recorded'",
            batch_id,
            problem,
        )

    async def revive(self, batch_id: UUID | None) -> int:
        """Try a delivery again that was given up, or all of them; return how many."""
        rows = await self._uow.fetch(
            "UPDATE crossing_batches SET state = CASE WHEN entry_index IS NULL THEN 'recorded' ELSE 'released' END, "
            "attempts = 0, next_at = now(), done_at = NULL, made_at = now() "
            "WHERE direction = 'out' AND state = 'dead' AND ($1::uuid IS NULL OR id = $1) RETURNING id",
            batch_id,
        )
        await self._uow.execute(
            "UPDATE crossings SET state = 'recorded', reason = NULL WHERE batch_id = ANY ($1::uuid[]) "
            "AND state = 'dead'",
            [row["id"] for row in rows],
        )
        await self._uow.fetch_value("SELECT pg_notify('crossings', '')")
        return len(rows)

    # --- counts -------------------------------------------------------------------------------------------

    async def count(self, now: dt.datetime, counted: Sequence[Counted]) -> None:
        """Count by day, for everyone to see, and by hour, for the ledger."""
        rows = [
            (each.kind, each.direction, each.peer, each.data_class, each.objects, each.bytes)
            for each in counted
        ]
        await self._uow.execute_many(
            "INSERT INTO border_counts (day, kind, direction, peer, data_class, objects, bytes) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (day, kind, direction, peer, data_class) DO UPDATE "
            "SET objects = border_counts.objects + excluded.objects, bytes = border_counts.bytes + excluded.bytes",
            [(now.date(), *row) for row in rows],
        )
        hour = now.replace(minute=0, second=0, microsecond=0)
        await self._uow.execute_many(
            "INSERT INTO border_hours (hour, kind, direction, peer, data_class, objects, bytes) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (hour, kind, direction, peer, data_class) DO UPDATE "
            "SET objects = border_hours.objects + excluded.objects, bytes = border_hours.bytes + excluded.bytes",
            [(hour, *row) for row in rows],
        )

    async def take_hours(self, before: dt.datetime) -> list[tuple[dt.datetime, Counted]]:
        """Counts of hours that are over, taken out."""
        rows = await self._uow.fetch(
            "DELETE FROM border_hours WHERE hour < $1 "
            "RETURNING hour, kind, direction, peer, data_class, objects, bytes",
            before,
        )
        return [(row["hour"], Counted(*list(row)[1:])) for row in rows]

    async def note_refusals(self, minute: dt.datetime, noted: Sequence[tuple[RefusalKey, int]]) -> None:
        await self._uow.execute_many(
            "INSERT INTO border_refusals (minute, direction, channel, peer, object_type, classes, fields, reason, "
            "count) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) "
            "ON CONFLICT (minute, direction, channel, peer, object_type, classes, fields, reason) DO UPDATE "
            "SET count = border_refusals.count + excluded.count",
            [
                (minute, *key._replace(classes=list(key.classes), fields=list(key.fields)), count)  # type: ignore[arg-type]
                for key, count in noted
            ],
        )

    async def take_refusals(
        self, before: dt.datetime, limit: int
    ) -> list[tuple[dt.datetime, RefusalKey, int]]:
        """Refusals of minutes that are over, taken out."""
        rows = await self._uow.fetch(
            "DELETE FROM border_refusals WHERE ctid IN (SELECT ctid FROM border_refusals WHERE minute < $1 "
            "ORDER BY minute LIMIT $2 FOR UPDATE SKIP LOCKED) "
            "RETURNING minute, direction, channel, peer, object_type, classes, fields, reason, count",
            before,
            limit,
        )
        return [
            (
                row["minute"],
                RefusalKey(
                    row["direction"],
                    row["channel"],
                    row["peer"],
                    row["object_type"],
                    tuple(row["classes"]),
                    tuple(row["fields"]),
                    row["reason"],
                ),
                row["count"],
            )
            for row in rows
        ]
