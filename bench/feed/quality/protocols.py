"""The protocols on the real log: A and C (retrieval), R (ranking), and clips that nobody has met yet.

Everything is chosen on days up to 30 April (R: up to 28 April); each test set is read once, at the end.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from bench.feed.quality import cold, ranking, rivals
from bench.feed.quality import kuairand as log_
from bench.feed.quality import recommender as rc
from bench.feed.quality.history import History
from bench.feed.quality.metrics import Logged, Ranked, hit_table, micro_recall, ranked
from numpy.typing import NDArray

from reelm.feed.learning.algorithms import boosting
from reelm.feed.learning.algorithms.rows import Rows
from reelm.feed.learning.algorithms.trees import WholeHead

SCALE = 2.0**20
PLACES = 20
# Chosen on 28-30 April with what was known on the 27th (docs/measures.md says among what).
SERVED = rc.Settings(acts=50)
HEADS: dict[str, dict[str, object]] = {
    "binary": {"rate": 0.07, "ranked": False},
    "lambdarank": {"rate": 0.1, "ranked": True},
}
# What is known until, and the days whose likes are then asked for.
_WINDOWS = (
    (20220425, 20220426, 20220427),
    (20220427, 20220428, 20220430),
    (20220430, 20220501, 20220508),
)
Say = Callable[[str], None]


def served(least: int) -> rc.Settings:
    """The configuration, with a weight only for pairs that so many different people met."""
    return replace(SERVED, contributors=least)


@dataclass(frozen=True, slots=True)
class Window:
    """Candidates of everybody with a target in some days, as known before them."""

    pool: rc.Pool
    targets: sp.csr_array
    names: list[str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was chosen on validation, and the one look at the test."""

    chosen: str
    valid: dict[str, Ranked]
    test: Ranked
    test_plain: Ranked
    shown: NDArray[np.int64]


def window(
    known: History,
    wanted: sp.csr_array,
    settings: rc.Settings,
    described: dict[str, Rows] | None = None,
    learned: rc.Learned | None = None,
) -> Window:
    fitted = rc.fit(known, settings, described, learned)
    chosen = log_.eligible(known, wanted)
    whole = rc.gathered(list(rc.pools(fitted, known, chosen)))
    return Window(whole, wanted[chosen], rc.feature_names(fitted, known))


def teach(windows: list[Window], items: int, *, ranked: bool, rate: float, rounds: int = 180) -> WholeHead:
    """Integer trees that tell candidates that became positives from others, of people with at least one."""
    features, labels = [], []
    for one in windows:
        hits = hit_table(one.pool.clips, one.targets, items)
        held = hits.any(axis=1)
        features.append(one.pool.features[held].reshape(-1, one.pool.features.shape[-1]))
        labels.append(hits[held].ravel())
    size = windows[0].pool.clips.shape[1]
    label = np.concatenate(labels).astype(np.int64)
    head = boosting.train_head(
        np.concatenate(features),
        label,
        groups=np.full(len(label) // size, size) if ranked else None,
        rounds=rounds,
        rate=rate,
        least_rows=200,
        share=0.6,
        more={"lambdarank_truncation_level": 30} if ranked else None,
    )
    return WholeHead.of([head], SCALE)


def protocol_a(
    log: log_.Log, thresholds: tuple[int, ...], described: dict[str, Rows], say: Say
) -> dict[int, Outcome]:
    """Tune with what was known on 27 April, test on 1-8 May; for each threshold of contributors on its own."""
    positive = log_.positive_of(log)
    made: dict[tuple[int, int], Window] = {}
    for until, first, last in _WINDOWS:
        known = log_.history(log, until)
        learned = rc.learn(known, SERVED)
        wanted = log_.targets(log, known, first, last, positive)
        for least in thresholds:
            made[until, least] = window(known, wanted, served(least), described, learned)
        say(f"known on {until}: {len(made[until, thresholds[0]].pool.chosen):,} people asked")
    return {least: _chosen([made[until, least] for until, _, _ in _WINDOWS], say) for least in thresholds}


def _chosen(windows: list[Window], say: Say) -> Outcome:
    """Teach on the first window, choose on the second, teach the chosen on both, test on the third."""
    taught, judged, asked = windows
    valid = {"pre-score only": measure(judged, None)}
    for name, how in HEADS.items():
        valid[name] = measure(judged, teach([taught], log_.ITEMS, **how))  # type: ignore[arg-type]
        say(
            f"{name}: NDCG@20 {valid[name].ndcg:.4f} on 28-30 April (pre-score {valid['pre-score only'].ndcg:.4f})"
        )
    chosen = max(valid, key=lambda name: valid[name].ndcg)
    model = None if chosen not in HEADS else teach([taught, judged], log_.ITEMS, **HEADS[chosen])  # type: ignore[arg-type]
    return Outcome(
        chosen, valid, measure(asked, model), measure(asked, None), rc.order(asked.pool, model, PLACES)
    )


def measure(asked: Window, model: WholeHead | None) -> Ranked:
    return ranked(rc.order(asked.pool, model, PLACES), asked.targets, log_.ITEMS)


def rivals_a(log: log_.Log, say: Say) -> dict[str, Ranked]:
    """The cheap baselines, with the settings their figures were published with."""
    known = log_.history(log, log_.LAST_DAY)
    wanted = log_.targets(log, known, 20220501, 20220508, log_.positive_of(log))
    chosen = log_.eligible(known, wanted)
    makers: dict[str, Callable[[], rivals.Scorer]] = {
        "popularity, all time": lambda: rivals.everyone(known),
        "popularity, last 6 days": lambda: rivals.everyone(known, days=6),
        "implicit ALS, 32 factors": lambda: rivals.als(known),
        "item-kNN (k 1000, shrink 20)": lambda: rivals.item_knn(known),
        "RP3beta": lambda: rivals.rp3beta(known),
    }
    found = {
        name: ranked(rivals.rank(make(), known, chosen, PLACES), wanted[chosen], log_.ITEMS)
        for name, make in makers.items()
    }
    say("popularity, ALS, item-kNN and RP3beta measured")
    ease = rivals.ease_r(known, 300.0)
    recent = rivals.with_recency(ease, known, 6, 0.5)
    for name, scorer in (("EASE^R (ridge 300)", ease), ("EASE^R + recency prior", recent)):
        found[name] = ranked(rivals.rank(scorer, known, chosen, PLACES), wanted[chosen], log_.ITEMS)
    say("EASE^R measured")
    return found


def protocol_c(
    log: log_.Log, thresholds: tuple[int, ...], described: dict[str, Rows]
) -> tuple[dict[int, dict[int, float]], dict[str, dict[int, float]], int]:
    """Known until 24 April; long view, finish or like on 1-8 May; micro recall at 50, 100, 200; ours and rivals."""
    known = log_.history(log, log_.BEFORE_DAYS)
    impressions = log.impressions
    label = log_.positive_of(log) | (impressions["finish"] > 0)
    held = label & (impressions["date"] >= 20220501)
    # As published: what a person had met before stays a target, though nobody is shown a clip again.
    pairs = np.unique(impressions["person"][held] * log_.ITEMS + impressions["video_id"][held])
    cells = (pairs // log_.ITEMS, pairs % log_.ITEMS)
    wanted = sp.csr_array((np.ones(len(pairs), np.int64), cells), shape=(log.persons, log_.ITEMS))
    chosen = np.flatnonzero(np.diff(wanted.indptr) > 0)

    def recall(shown: NDArray[np.int64]) -> dict[int, float]:
        return {places: micro_recall(shown, wanted[chosen], log_.ITEMS, places) for places in (50, 100, 200)}

    learned = rc.learn(known, SERVED)
    ours = {}
    for least in thresholds:
        fitted = rc.fit(known, replace(served(least), pool=200), described, learned)
        pools = rc.pools(fitted, known, chosen, featured=False)
        ours[least] = recall(np.concatenate([rc.order(part, None, 200) for part in pools]))
    others = {
        "item-kNN": recall(rivals.rank(rivals.item_knn(known), known, chosen, 200)),
        "EASE^R (ridge 1000)": recall(rivals.rank(rivals.ease_r(known, 1000.0), known, chosen, 200)),
    }
    return ours, others, wanted.nnz


@dataclass(frozen=True, slots=True)
class RankingOutcome:
    """Protocol R: what was chosen on 27-28 April, and the test."""

    chosen: str
    valid: dict[str, float]
    test: Logged
    popularity: Logged
    trees: int


RECIPES = (
    ranking.Recipe("8 leaves, 100 rounds"),
    ranking.Recipe("16 leaves, 60 rounds", leaves=16, rounds=60),
    ranking.Recipe("8 leaves, 200 rounds", rounds=200),
)


def protocol_r(log: log_.Log, say: Say) -> RankingOutcome:
    before = ranking.earlier(log)
    taught = ranking.lessons(log, before, 20220426, stale=True)
    judged = ranking.table(log, before, ranking.days(log, 20220427, 20220428), 20220426)
    valid = {}
    for recipe in RECIPES:
        valid[recipe.name] = ranking.score(log, judged, ranking.train(log, taught, recipe), recipe).primary
        say(f"R, {recipe.name}: primary {valid[recipe.name]:.4f} on 27-28 April")
    best = max(RECIPES, key=lambda recipe: valid[recipe.name])
    last = ranking.FIRST_TEST_DAY - 1
    final = replace(best, seeds=10)
    model = ranking.train(log, ranking.lessons(log, before, last, stale=True), final)
    rows = ranking.days(log, ranking.FIRST_TEST_DAY, 20220508)
    asked = ranking.table(log, before, rows, last)
    found = ranking.score(log, asked, model, final)
    return RankingOutcome(best.name, valid, found, ranking.popularity(log, rows, last), len(model.trees))


def cold_start(log: log_.Log) -> tuple[Ranked, Ranked]:
    """A fifth of the clips hidden from all training and asked for; taught on another fifth, hidden from the rest."""
    order = np.random.default_rng(20221122).permutation(log_.ITEMS)
    asked_clips, taught_clips = (
        np.sort(order[: log_.ITEMS // 5]),
        np.sort(order[log_.ITEMS // 5 : 2 * log_.ITEMS // 5]),
    )
    late = log_.history(log, log_.LAST_DAY)
    # The likes of the taught fifth are in the history itself: taken out of it, they are the lesson.
    held = late.liked
    lesson = sp.csr_array(
        (np.ones(int(held.sum()), np.int64), (late.person[held], late.item[held])),
        shape=(log.persons, log_.ITEMS),
    )
    without = cold.hide(late, lesson, asked_clips, 1, 1).known
    taught = cold.hide(without, lesson, taught_clips, 4000, 1)
    wanted = log_.targets(log, late, 20220501, 20220508, log_.positive_of(log))
    asked = cold.hide(late, wanted, asked_clips, 3000, 2)
    return cold.measure(taught, asked)
