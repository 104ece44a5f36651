"""Stage 1, viewer: what the pipeline knows of the person a page is for.

Built from the person's own watch events, kept in memory between pages, moved by each new event. Every weight is
an integer of the published score; older liking fades by a quarter each time a hundred new events have come.
"""

import datetime as dt
import heapq
from collections import OrderedDict
from uuid import UUID

from reelm.feed.catalog import Catalog
from reelm.feed.controls.schemas import Controls

# What one event says about the clip's creator, sound and tags.
EVENT_WEIGHTS = {
    "finish": 60,
    "loop": 40,
    "like": 120,
    "share": 120,
    "progress": 0,
    "impression": 0,
    "skip": -50,
    "not_interested": -400,
}
_SEEN_KEPT = 20_000
_FADE_EVERY = 100
_LIMIT = 2_000


class ViewerState:
    """One viewer's taste and memory, in catalog numbers."""

    def __init__(self) -> None:
        self.seen: OrderedDict[UUID, None] = OrderedDict()
        self.refused: set[UUID] = set()
        self.taste: dict[int, int] = {}
        self.read_until: dt.datetime | None = None
        self.followed: set[int] = set()
        self.language = 0
        self.ties_until = 0.0
        self.controls = Controls()
        self._known: OrderedDict[UUID, None] = OrderedDict()
        self._counted = 0

    def learn(
        self, catalog: Catalog, event_id: UUID, clip_id: UUID, kind: str, *, counts: bool = True
    ) -> None:
        """Take in one event; an event already taken in changes nothing.

        One that doesn't count (watched while learning was paused, or before a reset) is seen, and moves no taste.
        """
        if event_id in self._known:
            return
        self._known[event_id] = None
        while len(self._known) > _LIMIT:
            self._known.popitem(last=False)
        self.seen[clip_id] = None
        self.seen.move_to_end(clip_id)
        while len(self.seen) > _SEEN_KEPT:
            self.seen.popitem(last=False)
        if kind == "not_interested":
            self.refused.add(clip_id)
        weight = EVENT_WEIGHTS[kind]
        row = catalog.row(clip_id)
        if weight == 0 or row < 0 or not counts:
            return
        self._move(int(catalog.column("author")[row]), weight)
        sound = int(catalog.column("sound")[row])
        if sound:
            self._move(sound, weight // 2)
        for tag in catalog.tags[row].tolist():
            if tag:
                self._move(tag, weight)
        self._counted += 1
        if self._counted % _FADE_EVERY == 0:
            self.taste = {number: value * 3 // 4 for number, value in self.taste.items() if abs(value) > 4}

    def _move(self, number: int, weight: int) -> None:
        self.taste[number] = max(-_LIMIT, min(_LIMIT, self.taste.get(number, 0) + weight))

    def liked_numbers(self, count: int) -> list[int]:
        """Return the creators, sounds and tags the viewer likes best, best first."""
        liked = [(-value, number) for number, value in self.taste.items() if value > 0]
        return [number for _, number in heapq.nsmallest(count, liked)]
