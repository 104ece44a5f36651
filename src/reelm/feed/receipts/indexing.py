"""Brings index rows of receipts into the database after the page was answered, and those of processes that died.

In this order, for all pages of a quarter of a second at once: 1. their records are on the disk, 2. the rows are in
the database, 3. the records are rid of what only the index needed. A file is closed once that, too, is on the disk.
No page waits for a disk: syncing is done in a thread.
"""

import asyncio
import contextlib
from collections.abc import Callable, Collection
from typing import TypeVar

import structlog

from reelm.feed.receipts.keeper import ReceiptKeeper
from reelm.feed.receipts.repository import ReceiptsWriter
from reelm.feed.receipts.segments import IndexRow, Orphan, Segment, minute_name, orphans, sync_folder
from reelm.kit.clock import Clock
from reelm.kit.database import Database
from reelm.kit.errors import OverloadedError

EVERY_SECONDS = 0.25
LOOK_SECONDS = 4.0
_DAY_SECONDS = 86_400
_AT_ONCE = 2_000
# A time at which no file's minute is over: they are closed once they are on the disk.
_NONE_OVER = 0

_Thing = TypeVar("_Thing")
_log = structlog.get_logger("reelm.receipts")


class ReceiptIndexer:
    """One a web process; every row goes in once, however often it is tried."""

    def __init__(self, keeper: ReceiptKeeper, database: Database, clock: Clock) -> None:
        self._keeper = keeper
        self._database = database
        self._clock = clock
        self._looked = False

    async def run(self) -> None:
        """Go on until cancelled; what the database did not take is tried again."""
        look_at = 0.0
        while True:
            try:
                await self.bring()
                if self._clock.monotonic() >= look_at:
                    await self.recover()
                    look_at = self._clock.monotonic() + LOOK_SECONDS
            except OverloadedError as error:
                _log.warning(
                    "receipts.index_waits", waiting=len(self._keeper.waiting), reason=type(error).__name__
                )
            except Exception:  # noqa: BLE001 - whatever it is, the rows still have to go in
                _log.exception("receipts.index_failed")
            await asyncio.sleep(EVERY_SECONDS)

    async def bring(self) -> int:
        """Bring what waits; return how many rows that were."""
        keeper, total = self._keeper, 0
        while keeper.waiting:
            rows = keeper.waiting[:_AT_ONCE]
            await self._sync({row.segment for row in rows})
            await self._add(rows)
            del keeper.waiting[: len(rows)]
            keeper.settle(rows, _NONE_OVER)
            total += len(rows)
        await self._close()
        return total

    async def _sync(self, names: Collection[str]) -> None:
        segments = [self._keeper.segments[name] for name in names]
        await asyncio.to_thread(_each, Segment.sync, segments)

    async def _close(self) -> None:
        """Close the files of minutes that are over, and keep their new names."""
        now = self._now()
        over = f"{minute_name(now)}-"
        done = {each for name, each in self._keeper.segments.items() if name < over and not each.unsettled}
        if not done:
            return
        await self._sync({each.name for each in done})
        self._keeper.settle((), now)
        folders = {each.folder for each in done}
        await asyncio.to_thread(_each, sync_folder, folders)

    async def end(self) -> None:
        """Bring what the database takes, and close every file; the rest is left in them for whoever looks next."""
        with contextlib.suppress(OverloadedError):
            await self.bring()
        segments = self._keeper.segments
        folders = {each.folder for each in segments.values()}
        try:
            await self._sync(list(segments))
        finally:
            self._keeper.close()
        await asyncio.to_thread(_each, sync_folder, folders)

    async def recover(self) -> int:
        """Bring what dead processes left; return how many rows that were.

        The first look goes through all days, later ones through yesterday and today.
        """
        total, day = 0, self._now() // _DAY_SECONDS - 1 if self._looked else 0
        for orphan in await asyncio.to_thread(lambda: list(orphans(self._keeper.root, day))):
            try:
                total += await self._recover(orphan)
            finally:
                orphan.close()
        self._looked = True
        if total:
            _log.info("receipts.recovered", rows=total)
        return total

    async def _recover(self, orphan: Orphan) -> int:
        rows = await asyncio.to_thread(orphan.rows)
        for start in range(0, len(rows), _AT_ONCE):
            await self._add(rows[start : start + _AT_ONCE])
        await asyncio.to_thread(orphan.settle, rows)
        return len(rows)

    async def _add(self, rows: list[IndexRow]) -> None:
        async with self._database.transaction() as uow:
            await ReceiptsWriter(uow).add(rows)

    def _now(self) -> int:
        return int(self._clock.now().timestamp())


def _each(act: Callable[[_Thing], None], things: Collection[_Thing]) -> None:
    for thing in things:
        act(thing)
