"""SQL of receipts: their index, their leaves, the batches, the keys of promises."""

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import msgspec

from reelm.feed.receipts.segments import IndexRow
from reelm.kit.database import Record, UnitOfWork


class ReceiptRow(msgspec.Struct, frozen=True):
    """A person's receipt, as the index has it; None stands for a clip that was erased since."""

    id: UUID
    at: dt.datetime
    leaf: bytes
    segment: str
    place: int
    length: int
    clips: list[UUID | None]


class Place(msgspec.Struct, frozen=True):
    """Where a leaf is in the ledger: its batch, its position there, and the batch's entry."""

    batch: int
    position: int
    ref: UUID


_ROW = "id, at, leaf, segment, place, length, clips"


def _row(row: Record) -> ReceiptRow:
    return ReceiptRow(*row)


class ReceiptsReader:
    """Reads the subject's own receipts."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def page(self, person_id: UUID, before: UUID | None, limit: int) -> list[ReceiptRow]:
        rows = await self._uow.fetch(
            f"SELECT {_ROW} FROM receipts WHERE person_id = $1 AND ($2::uuid IS NULL OR id < $2) "
            "ORDER BY id DESC LIMIT $3",
            person_id,
            before,
            limit,
        )
        return [_row(row) for row in rows]

    async def find(self, person_id: UUID, receipt_id: UUID) -> ReceiptRow | None:
        row = await self._uow.fetch_row(
            f"SELECT {_ROW} FROM receipts WHERE person_id = $1 AND id = $2", person_id, receipt_id
        )
        return _row(row) if row else None

    async def places(self, leaves: Collection[bytes]) -> dict[bytes, Place]:
        """Where these leaves are; one that is in no batch yet is left out."""
        rows = await self._uow.fetch(
            "SELECT p.leaf, p.batch, p.position, b.ref FROM reelm.leaf_places($1) AS p "
            "JOIN receipt_batches b ON b.batch = p.batch",
            list(leaves),
        )
        return {row["leaf"]: Place(row["batch"], row["position"], row["ref"]) for row in rows}


class ReceiptsWriter:
    """Adds index rows; as whoever made the receipts, for nobody in particular."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def add(self, rows: Sequence[IndexRow]) -> None:
        """Add rows, each once however often it is told."""
        columns: list[list[Any]] = [[] for _ in range(9)]
        for row in rows:
            values = (
                row.person_id,
                row.id,
                dt.datetime.fromtimestamp(row.at, dt.UTC),
                row.leaf,
                row.segment,
                row.place,
                row.length,
                "{" + ",".join(map(str, row.clips)) + "}",
                "{" + ",".join(map(str, row.sources)) + "}",
            )
            for column, value in zip(columns, values, strict=True):
                column.append(value)
        await self._uow.execute("SELECT reelm.keep_receipts($1, $2, $3, $4, $5, $6, $7, $8, $9)", *columns)


class PromiseKeysReader:
    """Reads whose promises count."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def list_all(self) -> list[Record]:
        return await self._uow.fetch(
            "SELECT key, from_at, until_at, certificate FROM promise_keys ORDER BY from_at DESC, key LIMIT 1000"
        )


class PromiseKeysWriter(PromiseKeysReader):
    """Publishes a process's key."""

    async def add(self, key: str, since: int, until: int, certificate: str) -> None:
        await self._uow.execute(
            "INSERT INTO promise_keys (key, from_at, until_at, certificate) VALUES ($1, $2, $3, $4) "
            "ON CONFLICT (key) DO NOTHING",
            key,
            dt.datetime.fromtimestamp(since, dt.UTC),
            dt.datetime.fromtimestamp(until, dt.UTC),
            certificate,
        )


class BatchesReader:
    """Reads batches and what waits for one; as `reelm_indexer` only, which never sees whose leaves they are."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def newest(self) -> tuple[int, dt.datetime] | None:
        row = await self._uow.fetch_row(
            "SELECT batch, made_at FROM receipt_batches ORDER BY batch DESC LIMIT 1"
        )
        return (row["batch"], row["made_at"]) if row else None

    async def waiting(self) -> tuple[int, dt.datetime | None]:
        """How many leaves wait, and since when the oldest does."""
        row = await self._uow.fetch_row(
            "SELECT count(*) AS leaves, min(at) AS oldest FROM receipt_leaves WHERE batch IS NULL"
        )
        assert row is not None
        return row["leaves"], row["oldest"]

    async def roots_since(self, since: dt.datetime) -> list[tuple[int, bytes]]:
        rows = await self._uow.fetch(
            "SELECT batch, root FROM receipt_batches WHERE made_at >= $1 ORDER BY batch", since
        )
        return [(row["batch"], row["root"]) for row in rows]

    async def placed(self, batches: Sequence[int]) -> dict[int, int]:
        """How many leaves each of these batches has."""
        rows = await self._uow.fetch(
            "SELECT batch, count(*) AS leaves FROM receipt_leaves WHERE batch = ANY ($1) GROUP BY batch",
            list(batches),
        )
        return {row["batch"]: row["leaves"] for row in rows}


class BatchesWriter(BatchesReader):
    """Puts leaves into batches."""

    async def hold(self, key: int) -> None:
        """Wait for whoever else makes a batch, until the transaction ends."""
        await self._uow.fetch_value("SELECT pg_advisory_xact_lock($1)", key)

    async def find_last(self) -> tuple[int, bytes] | None:
        """The newest batch's number and the hash that the next one names."""
        row = await self._uow.fetch_row(
            "SELECT batch, chain FROM receipt_batches ORDER BY batch DESC LIMIT 1"
        )
        return (row["batch"], row["chain"]) if row else None

    async def list_waiting(self, limit: int) -> list[bytes]:
        """Leaves without a batch, those that wait the longest first."""
        rows = await self._uow.fetch(
            "SELECT leaf FROM receipt_leaves WHERE batch IS NULL ORDER BY at LIMIT $1 FOR UPDATE", limit
        )
        return [row["leaf"] for row in rows]

    async def place(self, batch: int, leaves: Sequence[bytes], positions: Sequence[int]) -> int:
        """Note where leaves are; return how many there were."""
        return await self._uow.execute(
            "UPDATE receipt_leaves AS l SET batch = $1, position = g.position "
            "FROM unnest($2::bytea[], $3::int[]) AS g (leaf, position) WHERE l.leaf = g.leaf AND l.batch IS NULL",
            batch,
            leaves,
            positions,
        )

    async def add(self, batch: int, root: bytes, chain: bytes, size: int, ref: UUID) -> None:
        await self._uow.execute(
            "INSERT INTO receipt_batches (batch, root, chain, size, ref) VALUES ($1, $2, $3, $4, $5)",
            batch,
            root,
            chain,
            size,
            ref,
        )


class ReceiptsKeeper:
    """What is forgotten after its time; the worker's."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def forget(self, before: dt.datetime) -> int:
        gone: int = await self._uow.fetch_value("SELECT reelm.forget_receipts($1)", before)
        return gone
