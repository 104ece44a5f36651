"""Stage 1, viewer: what the pipeline knows of the person a page is for.

Made of the person's own watch events, kept in memory between pages, moved by each new event. The last hundred events
that count make the taste; every clip met is in the set of seen rows. All numbers are the policy's.
"""

import datetime as dt
from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

import numpy as np
from pyroaring import BitMap

from reelm.feed.controls.schemas import Controls
from reelm.feed.keys import key_of_id
from reelm.feed.learning.matrices import Kind as MatrixKind
from reelm.feed.pipeline.features import ViewerTables
from reelm.feed.pipeline.policy import FACTORS, POLICY
from reelm.feed.pipeline.view import CatalogView, KeyTable, Numbers, Rows

_RULE = POLICY.viewer
_KNOWN = 6_000
_NONE = KeyTable({})
NOBODY = ViewerTables(_NONE, _NONE, _NONE, _NONE, _NONE, _NONE, _NONE, _NONE, 0, 0, 0)
Sums = tuple[Rows, Numbers]


class Event(NamedTuple):
    """One watch event; `learns` is false for what may count as seen only."""

    at: dt.datetime
    id: UUID
    clip_id: UUID
    row: int
    kind: str


class Ties(NamedTuple):
    """Whom the viewer follows, is friends with, and must not meet, as keys; and what they said of themselves."""

    followed: frozenset[int] = frozenset()
    friends: frozenset[int] = frozenset()
    hidden: frozenset[int] = frozenset()
    language: int = 0
    language_name: str = ""
    age_band: str = ""
    jurisdiction: str = ""


class Tastes(NamedTuple):
    """Points by key, from -2000 to 2000."""

    author: dict[int, int]
    sound: dict[int, int]
    tags: dict[int, int]


class ViewerState:
    """One viewer's memory, in rows of one generation of the catalog."""

    def __init__(self, generation: bytes = b"", me: UUID | None = None) -> None:
        self.generation = generation
        self.own = key_of_id(me)
        self.seen = BitMap()
        self.refused = BitMap()
        self.controls = Controls()
        self.ties = Ties()
        self.ties_until = 0.0
        self.read_until: dt.datetime | None = None
        self.events: list[Event] = []
        self.following_rows: tuple[Rows, Rows] | None = None
        self.sums: dict[MatrixKind, tuple[bytes, Sums]] = {}
        self._made: tuple[ViewerTables, Tastes] | None = None
        self._acts: tuple[list[int], list[int]] = ([], [])
        self._known: OrderedDict[bytes, None] = OrderedDict()

    # --- taking in --------------------------------------------------------------------------------------

    def is_new(self, event_id: bytes) -> bool:
        """Say whether an event is met for the first time, among the latest few thousand; it is known from then on."""
        if event_id in self._known:
            return False
        self._known[event_id] = None
        if len(self._known) > _KNOWN:
            self._known.popitem(last=False)
        return True

    def learn(self, catalog: CatalogView, events: Iterable[Event], *, learns: bool = True) -> None:
        """Take in events, each once. `learns` is false for what may count as seen only."""
        fresh = []
        for event in events:
            if event.row >= 0:
                self.seen.add(event.row)
                if event.kind == "not_interested":
                    self.refused.add(event.row)
            if learns and event.kind in FACTORS and event.at >= self.controls.reset_at:
                fresh.append(event)
        if not fresh:
            return
        known = {event.id for event in self.events}
        merged = [*self.events, *{event.id: event for event in fresh if event.id not in known}.values()]
        merged.sort(key=lambda event: (event.at, event.id), reverse=True)
        self.events = merged[: _RULE.events]
        self.changed()

    def find_rows(self, catalog: CatalogView) -> None:
        """Look again for clips that the catalog did not have when their events came."""
        missing = [event for event in self.events if event.row < 0]
        found = {event.id: row for event in missing if (row := catalog.row(event.clip_id)) >= 0}
        if found:
            self.seen.update(found.values())
            self.events = [event._replace(row=found.get(event.id, event.row)) for event in self.events]
            self.changed()

    def changed(self) -> None:
        """Make what follows from events, ties and controls anew when it is next asked for."""
        self._made = None
        self.sums.clear()

    # --- what follows from it ---------------------------------------------------------------------------

    @property
    def profiled(self) -> bool:
        """Whether anything of the viewer may move their page."""
        return self.controls.profiling

    def acts(self) -> tuple[list[int], list[int]]:
        """Return rows and factors of the last acts that retrieval uses, newest first."""
        return self._acts if self.profiled and self._made is not None else ([], [])

    def tables(self, catalog: CatalogView) -> ViewerTables:
        """Return the viewer as features see them."""
        return self._derived(catalog)[0] if self.profiled else NOBODY

    def tastes(self, catalog: CatalogView) -> Tastes:
        """Return what the viewer is taken to like, whether or not profiling is on at present."""
        return self._derived(catalog)[1]

    def _derived(self, catalog: CatalogView) -> tuple[ViewerTables, Tastes]:
        if self._made is None:
            known = [event for event in self.events if 0 <= event.row < catalog.size]
            tastes = tastes_of(catalog, known, self.controls.forgotten)
            used = known[: _RULE.acts]
            self._acts = [event.row for event in used], [FACTORS[event.kind] for event in used]
            self._made = self._tables(catalog, known, tastes), tastes
        return self._made

    def _tables(self, catalog: CatalogView, known: list[Event], tastes: Tastes) -> ViewerTables:
        rows = np.array([event.row for event in known], dtype=np.int64)
        return ViewerTables(
            author=KeyTable(tastes.author),
            sound=KeyTable(tastes.sound),
            tags=KeyTable(tastes.tags),
            author_seen=KeyTable(Counter(catalog.column("author")[rows].tolist())),
            sound_seen=KeyTable(Counter(catalog.column("sound")[rows].tolist())),
            followed=KeyTable(dict.fromkeys(self.ties.followed, 1)),
            friends=KeyTable(dict.fromkeys(self.ties.friends, 1)),
            wishes=KeyTable(dict(self.controls.wishes)),
            language=self.ties.language,
            events=len(self.events),
            finishes=sum(event.kind == "finish" for event in self.events),
        )


def tastes_of(catalog: CatalogView, events: list[Event], forgotten: Mapping[int, dt.datetime]) -> Tastes:
    """Return what events (newest first) say about creators, sounds and tags; the older quarters count less.

    What was watched before a key was forgotten moves nothing about that key.
    """
    rows = np.array([event.row for event in events], dtype=np.int64)
    authors, sounds = catalog.column("author")[rows].tolist(), catalog.column("sound")[rows].tolist()
    found = Tastes({}, {}, {})
    steps = -(-_RULE.events // _RULE.fade_every)
    things = zip(events, authors, sounds, catalog.tags[rows].tolist(), strict=True)
    for place, (event, author, sound, tags) in enumerate(things):
        strength = FACTORS[event.kind] * (steps - place // _RULE.fade_every)
        for table, keys, unit in (
            (found.author, (author,), _RULE.taste_unit),
            (found.sound, (sound,), _RULE.sound_unit),
            (found.tags, tags, _RULE.taste_unit),
        ):
            for key in keys:
                if key and not (forgotten and key in forgotten and event.at < forgotten[key]):
                    table[key] = table.get(key, 0) + unit * strength
    return Tastes(*({key: _within(total // steps) for key, total in table.items()} for table in found))


def _within(points: int) -> int:
    return max(-_RULE.taste_limit, min(_RULE.taste_limit, points))


def best_tastes(tastes: Tastes) -> list[tuple[int, int, int]]:
    """Return the strongest likings as (kind: 1 creator, 2 sound, 3 tag; key; points), best first."""
    liked = [
        (-points, kind, key)
        for kind, table in enumerate(tastes, start=1)
        for key, points in table.items()
        if points > 0
    ]
    liked.sort()
    return [(kind, key, -points) for points, kind, key in liked[: _RULE.tastes]]
