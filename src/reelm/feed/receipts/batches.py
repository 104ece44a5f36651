"""Batches: every ten seconds, always, the leaves that wait go into the public ledger as one root.

A batch is one transaction: 1. nobody else makes one, 2. the leaves that wait are mixed with drawn ones, 3. the file
from which proofs are made is durable, 4. leaves, batch and the ledger's entry are committed together. A crash
before 4 leaves everything waiting; the next attempt writes the file anew. Missed boundaries are not made up.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog

from reelm.feed.receipts.batchfiles import Batch, mix, write_batch
from reelm.feed.receipts.repository import BatchesWriter
from reelm.kit.clock import Clock
from reelm.kit.database import Database
from reelm.ledger.service import LedgerService, entries
from reelm_audit.feed.promises import BATCH_SECONDS, FIRST_PREVIOUS, batch_hash

_LOCK = 0x7265_6365_6970_7473
_MOST = 65_536

_log = structlog.get_logger("reelm.receipts")


async def no_step(_: str) -> None:
    """What happens between the steps, outside of tests: nothing."""


class ReceiptBatcher:
    """Part of the indexer process. `charter` is the digest that entries name."""

    def __init__(
        self,
        database: Database,
        ledger: LedgerService,
        folder: Path,
        charter: str,
        clock: Clock,
        *,
        seconds: int = BATCH_SECONDS,
        step: Callable[[str], Awaitable[None]] = no_step,
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._root = folder / "batches"
        self._charter = charter
        self._clock = clock
        self._seconds = seconds
        self._step = step

    async def run(self) -> None:
        """Make a batch at every boundary until cancelled. Raises OverloadedError when the database is away."""
        while True:
            now = self._clock.now().timestamp()
            boundary = (int(now) // self._seconds + 1) * self._seconds
            await asyncio.sleep(boundary - now)
            await self.make(boundary)

    async def make(self, boundary: int) -> Batch | None:
        """Make the batch of a boundary (Unix seconds); None if there is one of it or of a later one."""
        number = boundary // BATCH_SECONDS
        async with self._database.transaction() as uow:
            writer = BatchesWriter(uow)
            await writer.hold(_LOCK)
            last = await writer.find_last()
            if last is not None and last[0] >= number:
                return None
            leaves = await writer.list_waiting(_MOST)
            batch = await asyncio.to_thread(mix, number, leaves)
            root = (await asyncio.to_thread(batch.levels))[-1][0]
            await self._step("mixed")
            await asyncio.to_thread(write_batch, self._root, batch)
            await self._step("written")
            previous = last[1] if last else FIRST_PREVIOUS
            ref = await self._ledger.append(uow, self._entry(number, root, previous))
            await writer.add(number, root, batch_hash(number, previous, root), batch.size, ref)
            places = list(batch.leaves)
            placed = await writer.place(number, [batch.leaves[place] for place in places], places)
            if placed != len(places):
                raise RuntimeError("a leaf that was to be put into a batch is not there any more")
            await self._step("placed")
        await self._step("committed")
        return batch

    def _entry(self, number: int, root: bytes, previous: bytes) -> entries.FeedReceipts:
        return entries.FeedReceipts(
            at=entries.minute(self._clock.now()),
            charter=self._charter,
            batch=number,
            root=root.hex(),
            previous=previous.hex(),
        )
