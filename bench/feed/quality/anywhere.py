"""The same recommender on any interactions: fitted, tuned on a validation part, tested once, beside baselines.

Without times nothing is said of order or recency: transitions, fading and the recency table are off. The split is
the given one; else by time (last tenth test, the tenth before it validation); else seeded leave-one-out: of everyone
with three likes or more one for the test and one for validation.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from bench.feed.quality import recommender as rc
from bench.feed.quality import rivals
from bench.feed.quality.history import Contents, History
from bench.feed.quality.metrics import Ranked, ranked
from bench.feed.quality.protocols import HEADS, PLACES, Window, teach
from bench.feed.quality.reading import Interactions
from numpy.typing import NDArray

from reelm.feed.learning.algorithms.trees import WholeHead

DAY = 86_400
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Limits:
    """What bounds time and memory; people are drawn with a seed where there are more."""

    dense_clips: int = 10_000
    clips: int = 60_000
    tuned_people: int = 2_000
    taught_people: int = 8_000
    tested_people: int = 20_000


@dataclass(frozen=True, slots=True)
class Report:
    """The table, the chosen configuration, and what was said about the data."""

    rows: dict[str, Ranked]
    chosen: str
    valid: dict[str, float]
    notes: list[str]


def run(
    data: Interactions, vectors: dict[str, NDArray[np.int8]], limits: Limits, seed: int, say: Say
) -> Report:
    """Raises ValueError if a part has nobody who can be asked."""
    notes: list[str] = []
    part = parts(data, seed)
    train, valid, test = (part == name for name in ("train", "valid", "test"))
    contents = Contents(vectors=vectors)
    known = _history(data, train, contents)
    asked = _asked(data, known, valid & data.liked, "validation")
    chance = np.random.default_rng(seed)
    tuned, taught = _draw(asked, chance, limits.tuned_people, limits.taught_people, notes)
    base = rc.Settings(dense_clips=limits.dense_clips, pool=200)
    if not known.ordered:
        base = replace(base, learn_half=0.0, serve_half=0.0, next_points=0, recency_points=0)
        notes.append("no times: order, fading and recency are off")
    scores: dict[str, float] = {}
    settings, fitted = _tune(known, asked, tuned, base, scores, say)
    judged = _window(fitted, known, asked, tuned)
    lesson = _window(fitted, known, asked, taught) if len(taught) >= 100 else None
    chosen, rounds = "pre-score only", 0
    best = scores[max(scores, key=lambda name: scores[name])]
    if lesson is not None:
        for name, how in HEADS.items():
            model = teach([lesson], known.items, **how)  # type: ignore[arg-type]
            value = ranked(rc.order(judged.pool, model, PLACES), judged.targets, known.items).ndcg
            scores[f"trees, {name}"] = value
            say(f"trees, {name}: NDCG@20 {value:.4f} on validation")
            if value > best:
                best, chosen, rounds = value, f"trees, {name}", len(model.trees)
    model = teach([lesson, judged], known.items, **HEADS[chosen[7:]]) if lesson and rounds else None  # type: ignore[arg-type]
    rows = _test(data, (train | valid, test), contents, settings, model, limits, chance, notes, say)
    told = f"{chosen}; {settings}"
    return Report(rows, told, scores, notes)


def bounded(data: Interactions, limits: Limits) -> Interactions:
    """The most met clips only, where there are more than the limit."""
    count = len(data.item_names)
    if count <= limits.clips:
        return data
    met = np.bincount(data.item, minlength=count)
    kept = np.sort(np.lexsort((np.arange(count), -met))[: limits.clips])
    number = np.full(count, -1)
    number[kept] = np.arange(len(kept))
    held = number[data.item] >= 0
    return replace(
        data,
        person=data.person[held],
        item=number[data.item[held]],
        liked=data.liked[held],
        seconds=None if data.seconds is None else data.seconds[held],
        split=None if data.split is None else data.split[held],
        item_names=data.item_names[kept],
    )


def parts(data: Interactions, seed: int) -> NDArray[np.str_]:
    """train, valid or test of every row, by the module's rule."""
    if data.split is not None:
        part = data.split.copy()
        if "valid" not in part:
            part = _leave_out(data, part, np.flatnonzero(part == "train"), ("valid",), seed)
        return part
    part = np.full(len(data.person), "train", dtype="<U5")
    if data.seconds is not None:
        edges = np.quantile(data.seconds, [0.8, 0.9])
        part[data.seconds > edges[0]] = "valid"
        part[data.seconds > edges[1]] = "test"
        return part
    return _leave_out(data, part, np.arange(len(part)), ("test", "valid"), seed)


def _leave_out(
    data: Interactions, part: NDArray[np.str_], rows: NDArray[np.int64], names: tuple[str, ...], seed: int
) -> NDArray[np.str_]:
    """Of everyone with enough likes among the rows, give one clip to each of the names."""
    part = part.astype("<U5")
    liked = rows[data.liked[rows]]
    pairs = np.unique(data.person[liked] * len(data.item_names) + data.item[liked])
    shuffle = np.random.default_rng(seed).permutation(len(pairs))
    person = (pairs // len(data.item_names))[shuffle]
    order = np.argsort(person, kind="stable")
    person = person[order]
    starts = np.flatnonzero(np.concatenate([[True], person[1:] != person[:-1]]))
    lengths = np.diff(np.concatenate([starts, [len(person)]]))
    enough = lengths >= len(names) + 1
    keys = data.person * len(data.item_names) + data.item
    for number, name in enumerate(names):
        taken = pairs[shuffle[order[starts[enough] + number]]]
        held = np.zeros(len(part), bool)
        held[rows] = True
        part[held & np.isin(keys, taken)] = name
    return part


def _history(data: Interactions, held: NDArray[np.bool_], contents: Contents) -> History:
    order = age = None
    if data.seconds is not None:
        seconds = data.seconds[held]
        order = np.argsort(np.argsort(seconds, kind="stable"), kind="stable")
        age = (seconds.max() - seconds) // DAY
    return History.of(
        data.person[held],
        data.item[held],
        data.liked[held],
        order,
        age,
        (data.persons, len(data.item_names)),
        contents,
    )


def _asked(data: Interactions, known: History, held: NDArray[np.bool_], part: str) -> sp.csr_array:
    """People x clips to be found: labelled rows of the part that the person had not met, of people with a like."""
    items = known.items
    pairs = np.unique(data.person[held] * items + data.item[held])
    pairs = pairs[~np.isin(pairs, known.person * items + known.item)]
    likes = known.each(known.liked)
    pairs = pairs[likes[pairs // items] > 0]
    if not len(pairs):
        raise ValueError(f"The {part} part has no person with a like in training and a new clip to find.")
    return sp.csr_array(
        (np.ones(len(pairs), np.int64), (pairs // items, pairs % items)), shape=(known.persons, items)
    )


def _draw(
    asked: sp.csr_array, chance: np.random.Generator, judged: int, taught: int, notes: list[str]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Two separate groups of people: those the configuration is chosen on, those the trees learn from."""
    people = chance.permutation(np.flatnonzero(np.diff(asked.indptr) > 0))
    judged = min(judged, max(len(people) // 3, 1))
    notes.append(
        f"tuned on {judged:,} people of validation, trees taught on {min(taught, len(people) - judged):,} others"
    )
    return np.sort(people[:judged]), np.sort(people[judged : judged + taught])


def _tune(
    known: History,
    asked: sp.csr_array,
    tuned: NDArray[np.int64],
    base: rc.Settings,
    scores: dict[str, float],
    say: Say,
) -> tuple[rc.Settings, rc.Fitted]:
    """Ridge first, then the sources' points, each by NDCG@20 of the pre-score."""
    best, chosen, fitted = -1.0, base, None
    for ridge in (100.0, 400.0) if known.items > 3000 else (30.0, 100.0, 300.0):
        settings = replace(base, ridge=ridge)
        made = rc.fit(known, settings)
        value = _value(made, known, asked, tuned)
        scores[f"ridge {ridge:g}"] = value
        say(f"ridge {ridge:g}: NDCG@20 {value:.4f} on validation")
        if value > best:
            best, chosen, fitted = value, settings, made
    assert fitted is not None
    options: list[dict[str, int]] = [{"cosine_points": 256}, {"cosine_points": 768}]
    if any(kind.startswith("content") for kind in fitted.kinds):
        options += [{"content_points": points} for points in (128, 384)]
    if known.ordered:
        options += [{"next_points": 0}, {"recency_points": 0}, {"recency_points": 400}]
    for option in options:
        settings = replace(chosen, **option)  # type: ignore[arg-type]
        made = rc.with_settings(fitted, known, settings)
        value = _value(made, known, asked, tuned)
        scores[" ".join(f"{name} {points}" for name, points in option.items())] = value
        say(f"{option}: NDCG@20 {value:.4f} on validation")
        if value > best:
            best, chosen, fitted = value, settings, made
    return chosen, fitted


def _value(fitted: rc.Fitted, known: History, asked: sp.csr_array, chosen: NDArray[np.int64]) -> float:
    shown = np.concatenate(
        [rc.order(pool, None, PLACES) for pool in rc.pools(fitted, known, chosen, featured=False)]
    )
    return ranked(shown, asked[chosen], known.items).ndcg


def _window(fitted: rc.Fitted, known: History, asked: sp.csr_array, chosen: NDArray[np.int64]) -> Window:
    whole = rc.gathered(list(rc.pools(fitted, known, chosen)))
    return Window(whole, asked[chosen], rc.feature_names(fitted, known))


def _test(
    data: Interactions,
    masks: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    contents: Contents,
    settings: rc.Settings,
    model: WholeHead | None,
    limits: Limits,
    chance: np.random.Generator,
    notes: list[str],
    say: Say,
) -> dict[str, Ranked]:
    known = _history(data, masks[0], contents)
    asked = _asked(data, known, masks[1] & data.liked, "test")
    chosen = np.flatnonzero(np.diff(asked.indptr) > 0)
    if len(chosen) > limits.tested_people:
        notes.append(f"tested on {limits.tested_people:,} people drawn from {len(chosen):,}")
        chosen = np.sort(chance.choice(chosen, limits.tested_people, replace=False))
    wanted = asked[chosen]
    rows: dict[str, Ranked] = {}
    makers: list[tuple[str, Callable[[], rivals.Scorer]]] = [
        ("popularity", lambda: rivals.everyone(known)),
        ("item-kNN", lambda: rivals.item_knn(known)),
        ("RP3beta", lambda: rivals.rp3beta(known)),
        ("implicit ALS", lambda: rivals.als(known)),
    ]
    if known.ordered:
        makers.insert(1, ("popularity, last 6 days", lambda: rivals.everyone(known, days=6)))
    if known.items <= limits.dense_clips:
        makers.append((f"EASE^R (ridge {settings.ridge:g})", lambda: rivals.ease_r(known, settings.ridge)))
    for name, make in makers:
        rows[name] = ranked(rivals.rank(make(), known, chosen, PLACES), wanted, known.items)
        say(f"{name}: NDCG@20 {rows[name].ndcg:.4f}")
    fitted = rc.fit(known, settings)
    for kind, matrix in fitted.kinds.items():
        if kind.startswith("content"):
            alone = matrix.matrix().astype(np.float32)
            rows[f"kNN of {kind} only"] = ranked(
                rivals.rank(rivals.sums_of(alone), known, chosen, PLACES), wanted, known.items
            )
    parts_ = [
        (rc.order(pool, None, PLACES), rc.order(pool, model, PLACES))
        for pool in rc.pools(fitted, known, chosen)
    ]
    rows["Reelm, pre-score"] = ranked(np.concatenate([one for one, _ in parts_]), wanted, known.items)
    if model is not None:
        rows["Reelm, trees"] = ranked(np.concatenate([one for _, one in parts_]), wanted, known.items)
    return rows
