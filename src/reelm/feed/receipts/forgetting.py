"""What is forgotten of receipts after thirty days: rows, sealed records, files of batches. The worker's."""

import asyncio
import datetime as dt
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

from reelm.feed.receipts.repository import ReceiptsKeeper
from reelm.feed.receipts.segments import day_of
from reelm.kit.clock import Clock
from reelm.kit.database import Database

KEPT = dt.timedelta(days=30)
EVERY_SECONDS = 3600.0
_DAY_SECONDS = 86_400


class ReceiptForgetter:
    """Keeps to the retention; each act may be done again."""

    def __init__(self, database: Database, folder: Path, clock: Clock) -> None:
        self._database = database
        self._folder = folder
        self._clock = clock

    def schedules(self) -> tuple[tuple[float, Callable[[], Awaitable[object]]], ...]:
        return ((EVERY_SECONDS, self.forget),)

    async def forget(self) -> int:
        """Forget what is over; return how many rows and folders went."""
        before = self._clock.now() - KEPT
        async with self._database.transaction() as uow:
            rows = await ReceiptsKeeper(uow).forget(before)
        return rows + await asyncio.to_thread(self._remove, int(before.timestamp()) // _DAY_SECONDS)

    def _remove(self, day: int) -> int:
        gone = 0
        for root in (self._folder / "segments", self._folder / "batches"):
            for each in root.glob("*"):
                number = day_of(each)
                if number is not None and number < day:
                    shutil.rmtree(each, ignore_errors=True)
                    gone += 1
        return gone
