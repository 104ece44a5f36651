"""What is in fashion, remembered for some seconds: everybody asks for the same, and it is dear to work out."""

import asyncio
import datetime as dt

from reelm.kit.clock import Clock
from reelm.kit.database import Database
from reelm.search.repository import SearchReader
from reelm.search.schemas import Fashion, TagCount

FRESH_SECONDS = 20.0
KEPT = 60
WINDOW = dt.timedelta(days=7)
_REMEMBERED_TAGS = 2000
_COUNT_WORTH_KEEPING = 500
_COUNT_SECONDS_EACH = 0.1
_COUNT_SECONDS_MOST = 600.0


class FashionDesk:
    """Works out what is in fashion, at most once at a time, and answers with the last known meanwhile."""

    def __init__(self, catalog: Database, clock: Clock) -> None:
        self._catalog = catalog
        self._clock = clock
        self._known: Fashion | None = None
        self._due = 0.0
        self._work: asyncio.Task[Fashion] | None = None
        self._counts: dict[str, tuple[float, int]] = {}

    async def get(self) -> Fashion:
        """Return what is in fashion; only the very first caller waits for it."""
        if self._clock.monotonic() >= self._due and (self._work is None or self._work.done()):
            self._due = self._clock.monotonic() + FRESH_SECONDS
            self._work = asyncio.create_task(self._work_out())
        if self._known is None and self._work is not None:
            return await asyncio.shield(self._work)
        return self._known or Fashion([], [], [])

    async def _work_out(self) -> Fashion:
        now = self._clock.now()
        try:
            async with self._catalog.transaction() as uow:
                self._known = await SearchReader(uow).fashion(now, now - WINDOW, KEPT)
        except BaseException:
            self._due = 0.0
            raise
        return self._known

    async def count_tags(self, tags: list[str]) -> list[TagCount]:
        """Return how many public clips carry each of `tags`, in that order; the counts of big ones may be old."""
        now = self._clock.monotonic()
        known = {tag: self._counts[tag][1] for tag in tags if self._counts.get(tag, (0.0, 0))[0] > now}
        unknown = [tag for tag in tags if tag not in known]
        if unknown:
            async with self._catalog.transaction() as uow:
                counted = await SearchReader(uow).count_tags(unknown)
            for count in counted:
                known[count.tag] = count.uses
                if count.uses >= _COUNT_WORTH_KEEPING:
                    # The bigger a count, the dearer it is, and the less a few more matter.
                    kept = min(_COUNT_SECONDS_MOST, count.uses * _COUNT_SECONDS_EACH)
                    self._counts[count.tag] = (now + kept, count.uses)
            while len(self._counts) > _REMEMBERED_TAGS:
                self._counts.pop(next(iter(self._counts)))
        return [TagCount(tag, known[tag]) for tag in tags if tag in known]
