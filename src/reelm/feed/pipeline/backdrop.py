"""What is made of the catalog once in a while rather than for each page: creators' views, and recent acts.

A pass over the whole catalog, in a thread, once a minute; a page only looks its rows up. Rows that came since have 0.
"""

import asyncio
import threading
from collections import deque

import numpy as np

from reelm.feed.pipeline.view import CatalogView, Numbers, Rows

SECONDS = 60.0
_SNAPSHOTS = 30
_NONE: Numbers = np.zeros(0, dtype=np.int64)


class Backdrop:
    """Per row: the views of all its creator's clips together, and its acts in about the last half hour."""

    def __init__(self, catalog: CatalogView) -> None:
        self._catalog = catalog
        self._generation = b""
        self._views: Numbers = _NONE
        self._trend: Numbers = _NONE
        self._acts: deque[Numbers] = deque(maxlen=_SNAPSHOTS)
        self._lock = threading.Lock()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _keep(self) -> None:
        while True:
            await asyncio.to_thread(self.renew)
            await asyncio.sleep(SECONDS)

    def renew(self) -> None:
        """Read the catalog once. One at a time."""
        with self._lock:
            catalog, generation = self._catalog, self._catalog.generation
            if generation != self._generation:
                self._acts.clear()
            author = np.array(catalog.column("author"))
            size = len(author)
            if not size:
                self._views, self._trend, self._generation = _NONE, _NONE, generation
                return
            views = np.maximum(catalog.column("views")[:size], 0)
            _, place = np.unique(author, return_inverse=True)
            self._views = np.bincount(place, weights=views.astype(np.float64)).astype(np.int64)[place]
            acts = np.zeros(size, dtype=np.int64)
            for name in ("likes", "comments", "reposts", "shares"):
                acts += catalog.column(name)[:size]
            before = self._acts[0] if self._acts else acts
            trend = np.zeros(size, dtype=np.int64)
            known = min(len(before), size)
            trend[:known] = np.maximum(acts[:known] - before[:known], 0)
            self._trend, self._generation = trend, generation
            self._acts.append(acts)

    def of(self, rows: Rows) -> tuple[Numbers, Numbers]:
        """Return (creator's views, recent acts) of each row."""
        return _at(self._views, rows), _at(self._trend, rows)


def _at(values: Numbers, rows: Rows) -> Numbers:
    if not len(values):
        return np.zeros(len(rows), dtype=np.int64)
    return np.where(rows < len(values), values[np.minimum(rows, len(values) - 1)], 0)
