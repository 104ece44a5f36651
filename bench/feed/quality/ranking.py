"""Protocol R: order a person's logged impressions by the chance of a long view.

Features are whole numbers known before the impression's day (a day's impressions see nothing of that day),
heads are boosted trees with integer leaves; several seeds are one model with more trees.
"""

from dataclasses import dataclass

import numpy as np
from bench.feed.quality.kuairand import ITEMS, Log, Sequence
from bench.feed.quality.metrics import Logged, logged
from numpy.typing import NDArray

from reelm.feed.learning.algorithms import boosting
from reelm.feed.learning.algorithms.trees import WholeHead

FIRST_DAY = 20220425
FIRST_TEST_DAY = 20220429
UNIT = 4096
SCALE = 2.0**20
TABS = 16
_EDGES = np.array([7, 10, 14, 18, 25, 40, 60, 100, 180])


@dataclass(frozen=True, slots=True)
class Recipe:
    """One configuration of the ranker."""

    name: str
    rounds: int = 100
    leaves: int = 8
    rate: float = 0.04
    share: float = 0.3
    seeds: int = 4
    columns: tuple[str, ...] = ()
    stale: bool = True


@dataclass(frozen=True, slots=True)
class Labelled:
    """Events whose long view is known: person, clip, label, and how many the person met since (-1: logged)."""

    person: NDArray[np.int64]
    item: NDArray[np.int64]
    label: NDArray[np.float64]
    back: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of impressions with their features."""

    rows: NDArray[np.int64]
    names: list[str]
    features: NDArray[np.int32]

    def columns(self, names: tuple[str, ...]) -> NDArray[np.int32]:
        if not names:
            return self.features
        return self.features[:, [self.names.index(name) for name in names]]


def earlier(log: Log) -> Labelled:
    """The capped sequences as labelled events, each pair once at its newest place."""
    key = _key(log.watched)
    order = np.lexsort((log.watched.back, key))
    first = np.concatenate([[True], key[order][1:] != key[order][:-1]])
    kept = order[first]
    label = np.isin(key[kept], _key(log.long_watched)).astype(np.float64)
    return Labelled(log.watched.person[kept], log.watched.item[kept], label, log.watched.back[kept] - 1)


def table(log: Log, before: Labelled, rows: NDArray[np.int64], until: int) -> Table:
    """Features of the impressions from what is known at the end of the day `until`."""
    made = _Features(log, before, rows, until)
    made.context()
    made.leanings()
    made.logged_rates()
    made.kinds()
    names = list(made.columns)
    whole = np.stack([np.rint(column).astype(np.int32) for column in made.columns.values()], axis=1)
    return Table(rows, names, whole)


def days(log: Log, first: int, last: int) -> NDArray[np.int64]:
    date = log.impressions["date"]
    return np.flatnonzero((date >= first) & (date <= last))


def lessons(log: Log, before: Labelled, last: int, *, stale: bool) -> Table:
    """Training rows of 25 April … last: each day as the evening before knew it, and once more as the 24th did."""
    parts = [table(log, before, days(log, day, day), day - 1) for day in range(FIRST_DAY, last + 1)]
    if stale:
        parts.append(table(log, before, days(log, FIRST_DAY, last), FIRST_DAY - 1))
    return Table(
        np.concatenate([part.rows for part in parts]),
        parts[0].names,
        np.concatenate([part.features for part in parts]),
    )


def train(log: Log, taught: Table, recipe: Recipe) -> WholeHead:
    label = log.impressions["long_view"][taught.rows]
    heads = [
        boosting.train_head(
            taught.columns(recipe.columns),
            label,
            rounds=recipe.rounds,
            leaves=recipe.leaves,
            rate=recipe.rate,
            share=recipe.share,
            ridge=60.0,
            seed=seed,
            more={"bagging_fraction": 0.8, "bagging_freq": 1},
        )
        for seed in range(1, recipe.seeds + 1)
    ]
    return WholeHead.of(heads, SCALE)


def score(log: Log, asked: Table, model: WholeHead, recipe: Recipe) -> Logged:
    """Measure the integer sums of the model on the asked rows."""
    points = model.scores(asked.columns(recipe.columns))
    return logged(log.impressions["person"][asked.rows], log.impressions["long_view"][asked.rows], points)


def popularity(log: Log, asked: NDArray[np.int64], until: int) -> Logged:
    """The rival: long views per clip known so far."""
    seen = (log.impressions["date"] <= until) & (log.impressions["long_view"] > 0)
    counts = np.bincount(log.impressions["video_id"][seen], minlength=ITEMS)
    counts += np.bincount(log.long_watched.item, minlength=ITEMS)
    person, item = log.impressions["person"][asked], log.impressions["video_id"][asked]
    return logged(person, log.impressions["long_view"][asked], counts[item])


def leanings(
    known: Labelled,
    weight: NDArray[np.float64],
    shape: tuple[int, int],
    ridges: tuple[float, float],
    sweeps: int = 6,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Two-way means: each person's and each clip's deviation, by alternating ridge means; and clip weights."""
    middle = np.average(known.label, weights=weight) if len(weight) else 0.0
    persons, items = np.zeros(shape[0]), np.zeros(shape[1])
    person_weight = np.bincount(known.person, weights=weight, minlength=shape[0])
    item_weight = np.bincount(known.item, weights=weight, minlength=shape[1])
    for _ in range(sweeps):
        left = weight * (known.label - middle - persons[known.person])
        items = np.bincount(known.item, weights=left, minlength=shape[1]) / (item_weight + ridges[1])
        left = weight * (known.label - middle - items[known.item])
        persons = np.bincount(known.person, weights=left, minlength=shape[0]) / (person_weight + ridges[0])
    return persons, items, item_weight


class _Features:
    """Makes the columns of one table; scaled by UNIT where they are shares or deviations."""

    def __init__(self, log: Log, before: Labelled, rows: NDArray[np.int64], until: int) -> None:
        self._log, self._before = log, before
        self.columns: dict[str, NDArray[np.float64]] = {}
        self._all = log.impressions
        self._person, self._item = self._all["person"][rows], self._all["video_id"][rows]
        self._tab, self._hour = self._all["tab"][rows], self._all["hourmin"][rows] // 100
        seen = self._all["date"] <= until
        self._seen = {name: column[seen] for name, column in self._all.items()}
        tab = self._seen["tab"]
        counts = np.bincount(tab, minlength=TABS)
        long = np.bincount(tab, weights=self._seen["long_view"], minlength=TABS)
        self._tab_rate = (long + 15.0) / (counts + 50.0)
        self._shape = (log.persons, ITEMS)

    def context(self) -> None:
        self.columns["tab"] = self._tab
        self.columns["hour"] = self._hour
        self.columns["seconds"] = np.minimum(self._log.clips["seconds"][self._item], 600)
        self.columns["kind"] = self._log.clips["kind"][self._item]
        self.columns["upload"] = self._log.clips["upload"][self._item]
        self.columns["tab_rate"] = UNIT * self._tab_rate[self._tab]

    def leanings(self) -> None:
        """Persons' and clips' deviations: of the sequences, of their newest part, and of everything."""
        before, log = self._before, self._log
        ones = np.ones(len(before.label))
        person, item, weight = leanings(before, ones, self._shape, (8.0, 12.0))
        self._put(person_lean=person[self._person], item_lean=item[self._item])
        self.columns["item_met"] = weight[self._item]
        recent = 0.5 ** (before.back / 8.0)
        person, item, weight = leanings(before, recent, self._shape, (5.0, 8.0))
        self._put(person_lean_new=person[self._person], item_lean_new=item[self._item])
        self.columns["item_met_new"] = 16 * weight[self._item]
        everything = Labelled(
            np.concatenate([before.person, self._seen["person"]]),
            np.concatenate([before.item, self._seen["video_id"]]),
            np.concatenate(
                [
                    before.label - before.label.mean(),
                    self._seen["long_view"] - self._tab_rate[self._seen["tab"]],
                ]
            ),
            np.zeros(0, np.int64),
        )
        weight = np.concatenate([ones, np.full(len(self._seen["person"]), 2.0)])
        person, item, _ = leanings(everything, weight, self._shape, (8.0, 12.0))
        self._put(person_lean_all=person[self._person], item_lean_all=item[self._item])
        self._everything, self._person_lean, self._item_lean = everything, person, item
        for name, sequence in (("watched", log.watched), ("long", log.long_watched), ("likes", log.liked)):
            self.columns[f"person_{name}"] = np.bincount(sequence.person, minlength=log.persons)[self._person]
        liked = np.bincount(log.liked.item, minlength=ITEMS)
        met = np.bincount(before.item, minlength=ITEMS)
        self._put(item_likes=(liked / (met + 30.0))[self._item])
        newest = before.back < 5
        self._put(
            person_newest=_means(before.person[newest], before.label[newest], log.persons, 0.37, 3)[
                self._person
            ]
        )

    def logged_rates(self) -> None:
        """Rates in the logged days, which know the tab, clicks and watched time."""
        seen = self._seen
        person, item, tab = seen["person"], seen["video_id"], seen["tab"]
        over = seen["long_view"] - self._tab_rate[tab]
        fair = over - self._person_lean[person]
        self._put(item_logged=_means(item, fair, ITEMS, 0.0, 8)[self._item])
        self.columns["item_logged_met"] = np.bincount(item, minlength=ITEMS)[self._item]
        for one in (0, 1):
            here = tab == one
            self._put(**{f"item_logged_tab{one}": _means(item[here], fair[here], ITEMS, 0.0, 8)[self._item]})
        watched = np.minimum(seen["play_time_ms"] / np.maximum(seen["duration_ms"], 1), 2.0)
        self._put(item_watched=_means(item, watched, ITEMS, 0.5, 8)[self._item])
        played = np.minimum(seen["play_time_ms"] / 1000.0, 120.0)
        self.columns["item_played"] = 16 * _means(item, played, ITEMS, 12.0, 8)[self._item]
        self._put(item_click=_means(item, seen["is_click"].astype(np.float64), ITEMS, 0.44, 8)[self._item])
        both = self._log.persons * TABS
        self._put(person_tab=_means(person * TABS + tab, over, both, 0.0, 3)[self._person * TABS + self._tab])
        counts = np.bincount(person * TABS + tab, minlength=both)
        self.columns["person_tab_met"] = counts[self._person * TABS + self._tab]
        self._put(person_logged=_means(person, over, self._log.persons, 0.0, 5)[self._person])
        self.columns["person_logged_met"] = np.bincount(person, minlength=self._log.persons)[self._person]

    def kinds(self) -> None:
        """Creators, tags, sounds and lengths: how clips of the kind do, and with this person."""
        every = self._everything
        alone = every.label - self._person_lean[every.person]
        rest = alone - self._item_lean[every.item]
        clips = self._log.clips
        length = np.searchsorted(_EDGES, clips["seconds"], side="right")
        for name, raw in (
            ("author", clips["author"]),
            ("tag", clips["tag"]),
            ("music", clips["music"]),
            ("length", length),
        ):
            code = raw - raw.min()
            count = int(code.max()) + 1
            own = code[every.item]
            self._put(**{name: _means(own, alone, count, 0.0, 15)[code[self._item]]})
            self.columns[f"{name}_met"] = np.bincount(own, minlength=count)[code[self._item]]
            pair, asked = every.person * count + own, self._person * count + code[self._item]
            names, place = np.unique(pair, return_inverse=True)
            mean = _means(place, rest, len(names), 0.0, 4)
            number = np.minimum(np.searchsorted(names, asked), max(len(names) - 1, 0))
            known = names[number] == asked
            self._put(**{f"person_{name}": np.where(known, mean[number], 0.0)})
            self.columns[f"person_{name}_met"] = np.where(known, np.bincount(place)[number], 0)

    def _put(self, **shares: NDArray[np.float64]) -> None:
        for name, share in shares.items():
            self.columns[name] = UNIT * share


def _means(
    code: NDArray[np.int64], value: NDArray[np.float64], count: int, prior: float, weight: float
) -> NDArray[np.float64]:
    """Mean of the values per code, drawn towards the prior as by `weight` more of it."""
    total = np.bincount(code, weights=value, minlength=count)
    return (total + weight * prior) / (np.bincount(code, minlength=count) + weight)


def _key(sequence: Sequence) -> NDArray[np.int64]:
    return sequence.person * ITEMS + sequence.item
