"""Features as of each impression: what the pipeline would have known then, and nothing of what came after.

The viewer is the pipeline's own (`ViewerState`), moved event by event; counts of clips are those of the log up to the
moment; sums come from matrices that were learned before the first impression here. What the learner is not told is 0
for everybody: ties between people, a person's language, what they wished for. So no tree can ever ask for it.
"""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt

from reelm.feed.catalog import Catalog
from reelm.feed.learning.matrices import Matrices
from reelm.feed.learning.training.log import KINDS, Log
from reelm.feed.learning.training.reading import moment_of
from reelm.feed.learning.training.watched import People, RowNumbers, Times
from reelm.feed.pipeline import features
from reelm.feed.pipeline.features import Features, Named
from reelm.feed.pipeline.policy import FACTORS
from reelm.feed.pipeline.sources import next_of
from reelm.feed.pipeline.view import Numbers, Rows
from reelm.feed.pipeline.viewer import Event, ViewerState

OUTCOME_MICROS = 30 * 60 * 1_000_000
TREND_MICROS = 30 * 60 * 1_000_000
_COUNTED = {
    "views": ("impression",),
    "likes": ("like",),
    "shares": ("share",),
    "finishes": ("finish",),
    "skips": ("skip",),
}


@dataclass(frozen=True)
class Examples:
    """Impressions with what was known then (`features`) and what the person did (the three labels)."""

    person: People
    row: RowNumbers
    at: Times
    features: Features
    watch: npt.NDArray[np.bool_]
    act: npt.NDArray[np.bool_]
    leave: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.row)

    def of(self, kept: npt.NDArray[np.bool_]) -> "Examples":
        return Examples(*(part[kept] for part in vars(self).values()))


class Then:
    """The catalog as it was: its things as they are, its counts set for the clip that is looked at."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self.size = catalog.size
        self.generation = catalog.generation
        self.tags: Rows = catalog.tags[: self.size]
        self._counts = {
            name: np.zeros(self.size, np.int64)
            for name in ("views", "likes", "comments", "reposts", "shares", "finishes", "skips")
        }

    def column(self, name: str) -> npt.NDArray[Any]:
        found = self._counts.get(name)
        return self._catalog.column(name)[: self.size] if found is None else found

    def set(self, row: int, counts: dict[str, int]) -> None:
        for name, count in counts.items():
            self._counts[name][row] = count

    def list(self, name: str) -> npt.NDArray[Any]:
        return np.zeros(0, np.int64)

    def newest_of(self, kind: Any, key: int, limit: int) -> Rows:
        return np.zeros(0, np.int64)

    def row(self, clip_id: UUID) -> int:
        return -1


def examples(
    catalog: Catalog,
    log: Log,
    matrices: Matrices,
    since: int,
    until: int,
    most: int,
    trend_from: int = TREND_MICROS,
) -> Examples:
    """Replay a log; return at most `most` of the impressions from `since` on and before `until`, of whole people."""
    wanted = log.is_kind("impression") & (log.at >= since) & (log.at < until)
    wanted &= _of_few_enough(log, wanted, most)
    places = np.flatnonzero(wanted)
    then = Then(catalog)
    counts = {
        name: before(log, log.is_kind(*kinds), log.row, places, then.size) for name, kinds in _COUNTED.items()
    }
    acts_now, acts_then = _acts(log, places, then.size, 0), _acts(log, places, then.size, trend_from)
    _, author = np.unique(then.column("author"), return_inverse=True)
    author_views = before(
        log, log.is_kind("impression"), author[log.row], places, int(author.max(initial=0)) + 1
    )
    computed = _replayed(then, log, matrices, places, counts, author_views, acts_now - acts_then)
    watch, act, leave = (
        _follows(log, places, kinds)
        for kinds in (("finish", "loop"), ("like", "share"), ("skip", "not_interested"))
    )
    return Examples(log.person[places], log.row[places], log.at[places], computed, watch, act, leave)


def before(
    log: Log, counted: npt.NDArray[np.bool_], thing: Numbers, places: Numbers, size: int, earlier: int = 0
) -> Numbers:
    """How many counted events there were of the same thing before each of some places (`earlier` microseconds)."""
    when = log.at.astype(np.int64)
    first = int(when.min(initial=0))
    span = int(when.max(initial=0)) - first + 2 + earlier
    if size * span < 2**62:
        key = np.sort(thing[counted] * span + (when[counted] - first + earlier))
        asked = thing[places] * span
        upto = np.searchsorted(key, asked + (when[places] - first), side="left")
        return (upto - np.searchsorted(key, asked, side="left")).astype(np.int64) * log.share
    # Too many things for one number: seconds instead of microseconds.
    coarse = Log(log.person, log.row, log.kind, log.at // 1_000_000, log.share)
    return before(coarse, counted, thing, places, size, earlier // 1_000_000)


def _acts(log: Log, places: Numbers, size: int, earlier: int) -> Numbers:
    likes = before(log, log.is_kind("like"), log.row, places, size, earlier)
    return likes + before(log, log.is_kind("share"), log.row, places, size, earlier)


def _of_few_enough(log: Log, wanted: npt.NDArray[np.bool_], most: int) -> npt.NDArray[np.bool_]:
    """Whole people, in the order of their pseudonyms, until there are enough impressions."""
    people, count = np.unique(log.person[wanted], return_counts=True)
    kept = people[np.cumsum(count) <= most]
    return np.isin(log.person, kept)


def _follows(log: Log, places: Numbers, kinds: tuple[str, ...]) -> npt.NDArray[np.bool_]:
    """Whether the person did one of these with the clip soon after each impression, and before the next one of it."""
    did, shown = _times(log, log.is_kind(*kinds)), _times(log, log.is_kind("impression"))
    asked = zip(log.person[places].tolist(), log.row[places].tolist(), log.at[places].tolist(), strict=True)
    found = []
    for person, row, at in asked:
        again = shown[person, row]
        following = bisect_right(again, at)
        end = min(
            at + OUTCOME_MICROS, again[following] - 1 if following < len(again) else at + OUTCOME_MICROS
        )
        moments = did.get((person, row), ())
        first = bisect_left(moments, at)
        found.append(first < len(moments) and moments[first] <= end)
    return np.array(found, np.bool_)


def _times(log: Log, kept: npt.NDArray[np.bool_]) -> dict[tuple[int, int], list[int]]:
    """When each person did something with each clip, in order."""
    table: dict[tuple[int, int], list[int]] = {}
    lines = zip(log.person[kept].tolist(), log.row[kept].tolist(), log.at[kept].tolist(), strict=True)
    for person, row, at in lines:
        table.setdefault((person, row), []).append(at)
    return table


def _replayed(
    then: Then,
    log: Log,
    matrices: Matrices,
    places: Numbers,
    counts: dict[str, Numbers],
    author_views: Numbers,
    trend: Numbers,
) -> Features:
    """Go through each wanted person's events in order, and compute each impression's features where it stands."""
    number_of = np.full(len(log), -1, np.int64)
    number_of[places] = np.arange(len(places))
    out = np.zeros((len(places), features.F), np.int16)
    mine = np.isin(log.person, np.unique(log.person[places]))
    order = np.flatnonzero(mine)
    order = order[np.argsort(log.person[order], kind="stable")]
    viewer, person = ViewerState(then.generation), -1
    for place in order.tolist():
        if int(log.person[place]) != person:
            viewer, person = ViewerState(then.generation), int(log.person[place])
        number = int(number_of[place])
        row = int(log.row[place])
        if number >= 0:
            then.set(row, {name: int(values[number]) for name, values in counts.items()})
            out[number] = _one(
                then,
                viewer,
                matrices,
                row,
                int(log.at[place]),
                author_views[number : number + 1],
                trend[number : number + 1],
            )
        kind = KINDS[log.kind[place]]
        if kind in FACTORS:
            event_id = UUID(int=place)
            viewer.learn(then, [Event(moment_of(int(log.at[place])), event_id, event_id, row, kind)])
    return out


def _one(
    then: Then,
    viewer: ViewerState,
    matrices: Matrices,
    row: int,
    at: int,
    author_views: Numbers,
    trend: Numbers,
) -> Features:
    tables = viewer.tables(then)
    rows, factors = viewer.acts(then)
    newest = next_of(rows, factors)
    sums = (
        _sum(matrices, "item", rows, factors, row),
        _sum(matrices, "next", *newest, row),
        _sum(matrices, "content", rows, factors, row),
    )
    one = np.array([1], np.int64)
    named = Named(np.array([row], np.int64), one, *(one * each for each in sums))
    computed: Features = features.compute(then, tables, named, at // 1_000_000, author_views, trend)[0]
    return computed


def _sum(matrices: Matrices, kind: Any, rows: list[int], factors: list[int], wanted: int) -> int:
    """One clip's sum: its weight in each row, without adding up all the others."""
    total = 0
    for row, factor in zip(rows, factors, strict=True):
        neighbours, weights = matrices.neighbours(kind, row)
        place = np.flatnonzero(neighbours == wanted)
        if len(place):
            total += int(weights[place[0]]) * factor
    return total
