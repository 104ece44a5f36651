"""The live catalog: every public clip as rows of integer arrays, shared by all pages of a process.

It is loaded once, then follows the database: a notification names a clip that changed, and every second the
rows whose counters moved are read again. Position in the arrays is the clip's *row*; it never changes while
the process lives. A clip that is no longer public stays as a dead row.
"""

import asyncio
import datetime as dt
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt
import structlog

from reelm.feed.repository import CatalogReader, CatalogRow
from reelm.kit.clock import Clock
from reelm.kit.database import Database
from reelm.kit.errors import ReelmError

_log = structlog.get_logger()
Rows = npt.NDArray[np.int64]
_FIRST_ROOM = 1024
_FOLLOW_SECONDS = 1.0
_RANK_SECONDS = 5.0
_TOP = 2_000
COUNTERS = ("views", "likes", "comments", "reposts", "shares", "finishes", "skips")
_COLUMNS = ("author", "sound", "language", "published", "alive", *COUNTERS)


class Catalog:
    """Public clips in memory. `top`, `fresh` and `newest` are rows in order, renewed every few seconds."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self.size = 0
        self.ids: list[UUID] = []
        self.authors: list[UUID] = []
        self.row_of: dict[UUID, int] = {}
        self._columns = {name: np.zeros(_FIRST_ROOM, dtype=np.int64) for name in _COLUMNS}
        self.tags: list[tuple[int, ...]] = []
        self._numbers: dict[tuple[str, object], int] = {}
        self.by_author: dict[int, list[int]] = {}
        self.by_sound: dict[int, list[int]] = {}
        self.by_tag: dict[int, list[int]] = {}
        self.top: Rows = np.zeros(0, dtype=np.int64)
        self.fresh: Rows = np.zeros(0, dtype=np.int64)
        self.newest: Rows = np.zeros(0, dtype=np.int64)
        self._changed: set[UUID] = set()
        self._wake = asyncio.Event()
        self._since = dt.datetime.fromtimestamp(0, dt.UTC)
        self._missed = False
        self._task: asyncio.Task[None] | None = None
        self._ranked_at = 0.0
        self.version = 0

    # --- reading ----------------------------------------------------------------------------------------

    def column(self, name: str) -> Rows:
        """Return a column of all rows; times in Unix seconds, other values as counts or interned numbers."""
        return self._columns[name][: self.size]

    def number(self, kind: str, value: object) -> int:
        """Return the number a tag, sound, author or language is interned under; -1 for an unknown one."""
        return self._numbers.get((kind, value), -1)

    def rows_of(self, ids: Sequence[UUID]) -> list[int]:
        """Return the rows of the clips of `ids` that are public."""
        alive = self._columns["alive"]
        return [row for clip in ids if (row := self.row_of.get(clip, -1)) >= 0 and alive[row]]

    def author_of(self, clip_id: UUID) -> UUID:
        """Return who made a clip of the catalog."""
        return self.authors[self.row_of[clip_id]]

    # --- following the database -------------------------------------------------------------------------

    async def start(self) -> None:
        """Load everything, then follow in the background."""
        await self._load()
        self._rank()
        self._task = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def clip_changed(self, payload: str) -> None:
        """Hear that a clip became public, changed, or is gone (channel `catalog`)."""
        try:
            self._changed.add(UUID(payload))
        except ValueError:
            return
        self._wake.set()

    def missed_some(self) -> None:
        """Hear that notifications may have been lost: look at everything again."""
        self._missed = True
        self._wake.set()

    async def _load(self) -> None:
        """Take in every public clip; what is here and no longer public is buried."""
        gone = set(self.row_of)
        async with self._database.transaction() as uow:
            reader = CatalogReader(uow)
            self._since = await reader.now()
            after: UUID | None = None
            while rows := await reader.list_public(after, 2_000):
                for row in rows:
                    self._put(row)
                    gone.discard(row.id)
                after = rows[-1].id
                await asyncio.sleep(0)
        for clip_id in gone:
            self._bury(clip_id)
        _log.info("catalog.loaded", clips=self.size)

    async def _follow(self) -> None:
        while True:
            try:
                async with asyncio.timeout(_FOLLOW_SECONDS):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()
            try:
                await self._catch_up()
            except (ReelmError, OSError) as error:
                _log.warning("catalog.behind", error=type(error).__name__)
                await asyncio.sleep(_FOLLOW_SECONDS)

    async def _catch_up(self) -> None:
        if self._missed:
            await self._load()
            self._missed = False
        changed, self._changed = self._changed, set()
        try:
            async with self._database.transaction() as uow:
                reader = CatalogReader(uow)
                now = await reader.now()
                rows = await reader.list_by_ids(changed) if changed else []
                moved = await reader.list_moved(self._since - dt.timedelta(seconds=2))
        except BaseException:
            self._changed |= changed
            raise
        self._since = now
        found = {row.id for row in rows}
        for row in (*rows, *moved):
            self._put(row)
        for clip_id in changed - found:
            self._bury(clip_id)
        if changed or self._clock.monotonic() - self._ranked_at > _RANK_SECONDS:
            await asyncio.to_thread(self._rank)

    def _intern(self, kind: str, value: object, index: dict[int, list[int]] | None, row: int) -> int:
        number = self._numbers.setdefault((kind, value), len(self._numbers))
        if index is not None:
            index.setdefault(number, []).append(row)
        return number

    def _put(self, clip: CatalogRow) -> None:
        row = self.row_of.get(clip.id)
        if row is None:
            row = self._append(clip)
        elif self._tag_numbers(clip.tags) != self.tags[row]:
            self._retag(row, clip.tags)
        values = self._columns
        values["alive"][row] = 1
        values["language"][row] = self._intern("language", clip.language, None, row)
        values["published"][row] = int(clip.published_at.timestamp())
        for name in COUNTERS:
            values[name][row] = getattr(clip, name)

    def _append(self, clip: CatalogRow) -> int:
        row = self.size
        self._make_room()
        self.size += 1
        self.ids.append(clip.id)
        self.authors.append(clip.author_id)
        self.row_of[clip.id] = row
        self._columns["author"][row] = self._intern("author", clip.author_id, self.by_author, row)
        sound = -1 if clip.sound_id is None else self._intern("sound", clip.sound_id, self.by_sound, row)
        self._columns["sound"][row] = sound
        self.tags.append(tuple(self._intern("tag", tag, self.by_tag, row) for tag in clip.tags))
        return row

    def _tag_numbers(self, tags: Sequence[str]) -> tuple[int, ...]:
        return tuple(self.number("tag", tag) for tag in tags)

    def _retag(self, row: int, tags: Sequence[str]) -> None:
        for number in self.tags[row]:
            self.by_tag[number].remove(row)
        self.tags[row] = tuple(self._intern("tag", tag, self.by_tag, row) for tag in tags)

    def _make_room(self) -> None:
        if self.size < len(self._columns["alive"]):
            return
        for name, old in self._columns.items():
            self._columns[name] = np.concatenate([old, np.zeros(len(old), dtype=np.int64)])

    def _bury(self, clip_id: UUID) -> None:
        row = self.row_of.get(clip_id)
        if row is not None:
            self._columns["alive"][row] = 0

    def _rank(self) -> None:
        """Renew the orders that are the same for everyone."""
        from reelm.feed.pipeline.score import GUARANTEED_VIEWS, common_score

        self._ranked_at = self._clock.monotonic()
        self.version += 1
        alive = np.flatnonzero(self.column("alive"))
        published = self.column("published")[alive]
        by_age = np.argsort(-published, kind="stable")
        self.newest = alive[by_age][:_TOP]
        scores = common_score(self, alive, int(self._clock.now().timestamp()))
        self.top = alive[_top(scores, _TOP)]
        fresh = alive[self.column("views")[alive] < GUARANTEED_VIEWS]
        self.fresh = fresh[np.argsort(-self.column("published")[fresh], kind="stable")][:_TOP]


def _top(scores: Rows, count: int) -> Any:
    """Return the indexes of the `count` highest scores, highest first; equal ones in row order."""
    if len(scores) > count:
        best = np.argpartition(-scores, count)[:count]
        best.sort()
    else:
        best = np.arange(len(scores))
    return best[np.argsort(-scores[best], kind="stable")]
