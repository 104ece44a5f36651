"""Upkeep of the search index: how well known each thing is, kept about a minute behind."""

import datetime as dt

from reelm.kit.clock import Clock
from reelm.kit.database import Database
from reelm.search.repository import SearchWriter

EVERY_SECONDS = 60.0
_OVERLAP = dt.timedelta(minutes=2)


class WordKeeper:
    """Weighs what changed since the last time; everything at its first turn, and once a day."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._last: dt.datetime | None = None

    async def weigh(self) -> int:
        """Bring weights up to date; return how many moved."""
        now, last = self._clock.now(), self._last
        since = last - _OVERLAP if last is not None and last.date() == now.date() else None
        async with self._database.transaction() as uow:
            moved = await SearchWriter(uow).weigh(since)
        self._last = now
        return moved
