"""What was watched, as arrays in the order of time: from it a ranker learns."""

import datetime as dt
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from reelm.feed.catalog import Catalog
from reelm.feed.learning.training import reading
from reelm.feed.learning.training.reading import Page
from reelm.feed.learning.training.watched import People, RowNumbers, Times
from reelm.kit.database import Database

KINDS = ("impression", "loop", "finish", "skip", "like", "share", "not_interested")
MOST_EVENTS = 6_000_000
_NUMBER = {kind: number for number, kind in enumerate(KINDS)}


@dataclass(frozen=True)
class Log:
    """Events sorted by time, then person, then row. `share` is how many of the people it holds: one in so many."""

    person: People
    row: RowNumbers
    kind: npt.NDArray[np.int8]
    at: Times
    share: int = 1

    def __len__(self) -> int:
        return len(self.at)

    def of(self, kept: npt.NDArray[np.bool_]) -> "Log":
        return Log(self.person[kept], self.row[kept], self.kind[kept], self.at[kept], self.share)

    def is_kind(self, *kinds: str) -> npt.NDArray[np.bool_]:
        return np.isin(self.kind, [_NUMBER[kind] for kind in kinds])


@dataclass
class Gathered:
    """Collects pages; once there are too many events, of half of the people only, then of a quarter."""

    most: int = MOST_EVENTS
    share: int = 1
    _pages: list[Log] = field(default_factory=list)
    _count: int = 0

    def add(self, page: Page) -> None:
        kind = np.array([_NUMBER.get(each, -1) for each in page.kind], np.int8)
        log = Log(page.person, page.row, kind, page.at).of(kind >= 0)
        self._pages.append(self._fewer(log))
        self._count += len(self._pages[-1])
        while self._count > self.most:
            self.share *= 2
            self._pages = [self._fewer(each) for each in self._pages]
            self._count = sum(len(each) for each in self._pages)

    def _fewer(self, log: Log) -> Log:
        return log if self.share == 1 else log.of(log.person % np.uint64(self.share) == 0)

    def log(self) -> Log:
        person = np.concatenate([each.person for each in self._pages])
        row = np.concatenate([each.row for each in self._pages])
        kind = np.concatenate([each.kind for each in self._pages])
        at = np.concatenate([each.at for each in self._pages])
        order = np.lexsort((kind, row, person, at))
        return Log(person[order], row[order], kind[order], at[order], self.share)


async def read(database: Database, catalog: Catalog, after: dt.datetime, until: dt.datetime) -> Log:
    """Read what was stored in a time."""
    gathered = Gathered()
    gathered.add(Page(np.zeros(0, np.uint64), np.zeros(0, np.int64), [], *_NO_TIMES))
    async for page in reading.events(database, catalog, after, until):
        gathered.add(page)
    return gathered.log()


_NO_TIMES = (np.zeros(0, np.int64), np.zeros(0, np.int64))
