"""Stage 1, viewer: what the pipeline knows of the person a page is for.

Made of the person's own watch events, kept in memory between pages, moved by each new event. The last hundred events
that count make the taste; every clip met is in the set of seen rows. All numbers are the policy's.
"""

import datetime as dt
from collections import OrderedDict
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
from reelm.feed.stamps import Stamp

_RULE = POLICY.viewer
_KNOWN = 6_000
_NONE = KeyTable.of_dict({})
NOBODY = ViewerTables(_NONE, _NONE, _NONE, _NONE, _NONE, _NONE, _NONE, _NONE, 0, 0, 0)


class Sums(NamedTuple):
    """What the viewer's acts add up to in one matrix: rows ascending, their sums, and the best rows in order."""

    rows: Rows
    values: Numbers
    best: list[int]


NO_SUMS = Sums(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), [])


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

    author: KeyTable
    sound: KeyTable
    tags: KeyTable


class ViewerState:
    """One viewer's memory, in rows of one generation of the catalog."""

    def __init__(self, generation: bytes = b"", me: UUID | None = None) -> None:
        self.generation = generation
        self.own = key_of_id(me)
        self.seen = BitMap()
        self.refused = BitMap()
        self.controls = Controls()
        self._wishes = _NONE
        self.ties = Ties()
        self._followed = self._friends = _NONE
        self.ties_until = 0.0
        self.stamp = Stamp(0, 0)
        self.read_until: dt.datetime | None = None
        self.events: list[Event] = []
        self.following_rows: tuple[list[int], list[int]] | None = None
        self.sums: dict[MatrixKind, tuple[bytes, Sums]] = {}
        self._made: _Made | None = None
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

    def take_controls(self, controls: Controls) -> None:
        """Take in what the viewer told their feed."""
        self.controls = controls
        self._wishes = KeyTable.of_dict(controls.wishes)
        self.events = [event for event in self.events if event.at >= controls.reset_at]
        self.changed()

    def take_ties(self, ties: Ties) -> None:
        """Take in whom the viewer follows and may not meet."""
        self.following_rows = None
        if ties == self.ties:
            return
        self.ties = ties
        self._followed = KeyTable.of_dict(dict.fromkeys(ties.followed, 1))
        self._friends = KeyTable.of_dict(dict.fromkeys(ties.friends, 1))
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

    def acts(self, catalog: CatalogView) -> tuple[list[int], list[int]]:
        """Return rows and factors of the last acts that retrieval uses, newest first."""
        return self._derived(catalog).acts if self.profiled else ([], [])

    def tables(self, catalog: CatalogView) -> ViewerTables:
        """Return the viewer as features see them."""
        return self._derived(catalog).tables if self.profiled else NOBODY

    def best_tastes(self, catalog: CatalogView) -> list[tuple[int, int, int]]:
        """Return the likings that retrieval uses: (kind: 1 creator, 2 sound, 3 tag; key; points), best first."""
        return self._derived(catalog).best if self.profiled else []

    def tastes(self, catalog: CatalogView) -> Tastes:
        """Return what the viewer is taken to like, whether or not profiling is on at present."""
        return self._derived(catalog).tastes

    def _derived(self, catalog: CatalogView) -> "_Made":
        if self._made is None:
            known = [event for event in self.events if 0 <= event.row < catalog.size]
            tastes = tastes_of(catalog, known, self.controls.forgotten)
            used = known[: _RULE.acts]
            acts = [event.row for event in used], [FACTORS[event.kind] for event in used]
            self._made = _Made(self._tables(catalog, known, tastes), tastes, best_tastes(tastes), acts)
        return self._made

    def _tables(self, catalog: CatalogView, known: list[Event], tastes: Tastes) -> ViewerTables:
        rows = np.array([event.row for event in known], dtype=np.int64)
        once = np.ones(len(rows), dtype=np.int64)
        return ViewerTables(
            author=tastes.author,
            sound=tastes.sound,
            tags=tastes.tags,
            author_seen=KeyTable.adding(catalog.column("author")[rows], once),
            sound_seen=KeyTable.adding(catalog.column("sound")[rows], once),
            followed=self._followed,
            friends=self._friends,
            wishes=self._wishes,
            language=self.ties.language,
            events=len(self.events),
            finishes=sum(event.kind == "finish" for event in self.events),
        )


class _Made(NamedTuple):
    """What follows from a viewer's events, ties and controls."""

    tables: ViewerTables
    tastes: Tastes
    best: list[tuple[int, int, int]]
    acts: tuple[list[int], list[int]]


def tastes_of(catalog: CatalogView, events: list[Event], forgotten: Mapping[int, dt.datetime]) -> Tastes:
    """Return what events (newest first) say about creators, sounds and tags; the older quarters count less.

    What was watched before a key was forgotten moves nothing about that key.
    """
    rows = np.array([event.row for event in events], dtype=np.int64)
    steps = -(-_RULE.events // _RULE.fade_every)
    strength = np.array(
        [FACTORS[e.kind] * (steps - place // _RULE.fade_every) for place, e in enumerate(events)],
        dtype=np.int64,
    )
    tags = catalog.tags[rows]
    places = tags.shape[1]
    wide = np.repeat(np.arange(len(rows)), places)
    narrow = np.arange(len(rows))
    return Tastes(
        *(
            _table(_remembered(keys, of, events, forgotten), unit * strength[of], steps)
            for keys, of, unit in (
                (catalog.column("author")[rows], narrow, _RULE.taste_unit),
                (catalog.column("sound")[rows], narrow, _RULE.sound_unit),
                (tags.ravel(), wide, _RULE.taste_unit),
            )
        )
    )


def _remembered(keys: Rows, of: Rows, events: list[Event], forgotten: Mapping[int, dt.datetime]) -> Rows:
    """Put 0 for keys that were forgotten since their event; `of` says which event each key is of."""
    if not forgotten:
        return keys
    kept = [
        0 if key in forgotten and events[event].at < forgotten[key] else key
        for key, event in zip(keys.tolist(), of.tolist(), strict=True)
    ]
    return np.array(kept, dtype=np.int64)


def _table(keys: Rows, points: Numbers, steps: int) -> KeyTable:
    table = KeyTable.adding(keys, points)
    limit = _RULE.taste_limit
    return KeyTable(table.keys, np.minimum(np.maximum(table.values // steps, -limit), limit))


def best_tastes(tastes: Tastes) -> list[tuple[int, int, int]]:
    """Return the strongest likings; see `ViewerState.best_tastes`."""
    keys = np.concatenate([table.keys for table in tastes])
    points = np.concatenate([table.values for table in tastes])
    kinds = np.repeat(np.array([1, 2, 3], dtype=np.int64), [len(table) for table in tastes])
    order = np.lexsort((keys, kinds, -points))[: _RULE.tastes]
    found = zip(kinds[order].tolist(), keys[order].tolist(), points[order].tolist(), strict=True)
    return [taste for taste in found if taste[2] > 0]
