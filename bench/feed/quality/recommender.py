"""The recommender as it is served: integer rows, integer sums, a linear pre-score, integer trees.

1. Each of a person's newest clips adds its rows with an int8 factor (liked 127, only met fewer, fading with its
   place in the order), for `item` (EASE^R or cosine), `next` (transitions) and `content` rows.
2. The pre-score is those sums times an entry of an integer table (by how much history there is) plus an integer
   recency table (by how many people liked the clip in the last days).
3. The best `pool` by (pre-score, clip) are scored by integer trees over integer features and ordered by
   (score, pre-score, clip).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from bench.feed.quality.history import UNKNOWN_AGE, Contents, History
from bench.feed.quality.metrics import best
from numpy.typing import NDArray

from reelm.feed.learning.algorithms import content, ease, people, rows, similar, tables, transitions
from reelm.feed.learning.algorithms.trees import WholeHead

PRE_UNIT = 1024
LIMIT = 32_767
MASKED = np.iinfo(np.int64).min
CHUNK = 512
CHUNK_CELLS = 6_000_000


@dataclass(frozen=True, slots=True)
class Settings:
    """One configuration. Halves are counted in clips of a person's history; 0 = no fading."""

    seen: float = 0.75
    learn_half: float = 40.0
    serve_half: float = 30.0
    soon_half: float = 8.0
    acts: int = 100
    ridge: float = 300.0
    keep: int = 400
    dense_clips: int = 10_000
    next_points: int = 512
    cosine_points: int = 0
    content_points: int = 0
    recency_days: int = 2
    recency_points: int = 1228
    pool: int = 80
    contributors: int = 1


@dataclass(frozen=True, slots=True)
class Fitted:
    """Rows, tables and counters learned from one history."""

    settings: Settings
    kinds: dict[str, rows.Rows]
    level: dict[str, NDArray[np.int64]]
    recency: NDArray[np.int64]
    counters: dict[str, NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class Pool:
    """Candidates of a chunk of people: clips (-1 = none), their pre-scores and features."""

    chosen: NDArray[np.int64]
    clips: NDArray[np.int64]
    pre: NDArray[np.int64]
    features: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Learned:
    """Real weights of one history, before a threshold of contributors and rounding make rows of them."""

    item: NDArray[np.float32] | None
    cosine: sp.csr_array
    following: sp.csr_array | None


def learn(history: History, settings: Settings) -> Learned:
    """The expensive part: half a minute of one core for 27,000 people and 7,600 clips."""
    plain = np.where(history.liked, 1.0, settings.seen)
    item = None
    if history.items <= settings.dense_clips:
        item = ease.ease(history.matrix(plain * _fading(history.rank, settings.learn_half)), settings.ridge)
    following = None
    if history.ordered:
        oldest_first = np.lexsort((-history.rank, history.person))
        following = transitions.transitions(
            history.person[oldest_first],
            history.item[oldest_first],
            np.where(history.liked[oldest_first], 1.0, 0.5),
            1.0 / np.sqrt(np.arange(1.0, 21.0)),
            history.items,
        )
    return Learned(item, similar.cosine(history.matrix(plain)), following)


def fit(
    history: History,
    settings: Settings,
    described: dict[str, rows.Rows] | None = None,
    learned: Learned | None = None,
) -> Fitted:
    """Rows, tables and counters; `described` are content rows made before, which no history changes."""
    learned = learn(history, settings) if learned is None else learned
    allowed = None
    if settings.contributors > 1:
        allowed = people.enough_contributors(
            history.matrix(np.ones(len(history.person))), settings.contributors
        )
    if learned.item is None:
        kinds = {"item": _active_rows(history, settings, allowed)}
    else:
        kinds = {"item": rows.top_rows(learned.item, settings.keep, allowed=allowed)}
    kinds["cosine"] = rows.top_rows(learned.cosine, settings.keep, allowed=allowed)
    if learned.following is not None:
        kinds["next"] = rows.top_rows(learned.following, settings.keep, allowed=allowed)
    if described is None:
        described = content_rows(history.contents, history.items, settings.keep)
    kinds |= described
    level = {kind: _level_table(history, matrix, settings) for kind, matrix in kinds.items()}
    return Fitted(settings, kinds, level, _recency_table(history, settings), _counters(history))


def with_settings(fitted: Fitted, history: History, settings: Settings) -> Fitted:
    """The same rows under other points; what the rows were learned with must be the same."""
    return replace(fitted, settings=settings, recency=_recency_table(history, settings))


def gathered(parts: list[Pool]) -> Pool:
    """Chunks as one."""
    return Pool(
        np.concatenate([part.chosen for part in parts]),
        np.concatenate([part.clips for part in parts]),
        np.concatenate([part.pre for part in parts]),
        np.concatenate([part.features for part in parts]),
    )


def content_rows(contents: Contents, items: int, keep: int) -> dict[str, rows.Rows]:
    """Rows that need no behaviour: one kind for all tokens, one per set of vectors."""
    found = {}
    if contents.tokens:
        parts = [
            (content.token_matrix(owner, token, items), 1.0) for owner, token in contents.tokens.values()
        ]
        described = content.blocks(parts)
        found["content"] = rows.top_rows(_nearest(described, keep), keep)
    for name, vectors in contents.vectors.items():
        found[f"content:{name}"] = rows.top_rows(content.vector_similarity(vectors, keep), keep)
    return found


def pools(
    fitted: Fitted, history: History, chosen: NDArray[np.int64], *, featured: bool = True
) -> Iterator[Pool]:
    """Candidates with features for the chosen people, in chunks; what a person has met is never a candidate."""
    settings = fitted.settings
    held = history.rank < settings.acts
    serve = np.where(held, factors(history, settings, settings.serve_half), 0)
    soon = np.where(held, factors(history, settings, settings.soon_half), 0)
    likes = np.where(held & history.liked, 127, 0)
    matrices = {kind: matrix.matrix() for kind, matrix in fitted.kinds.items()}
    total, liked_total = history.each(held), history.each(held & history.liked)
    step = max(16, min(CHUNK, CHUNK_CELLS // max(history.items, 1)))
    for start in range(0, len(chosen), step):
        some = chosen[start : start + step]
        profile = {
            name: history.integers(value, some)
            for name, value in (("serve", serve), ("soon", soon), ("likes", likes))
        }
        weight = {name: np.asarray(value.sum(axis=1)).ravel() for name, value in profile.items()}
        sums = {}
        for kind, matrix in matrices.items():
            if not (featured or _in_pre(kind, settings)):
                continue
            by = "soon" if kind == "next" else "serve"
            sums[kind] = (profile[by] @ matrix).toarray()
        pre = _pre(fitted, sums, weight)
        met = history.met(some)
        pre[np.repeat(np.arange(len(some)), np.diff(met.indptr)), met.indices] = MASKED
        clips = best(pre, settings.pool)
        at = np.maximum(clips, 0)
        here = np.take_along_axis(pre, at, 1)
        features = np.zeros((*at.shape, 0), np.int32)
        if featured:
            sums["item_soon"] = (profile["soon"] @ matrices["item"]).toarray()
            sums["item_likes"] = (profile["likes"] @ matrices["item"]).toarray()
            features = _features(
                fitted, history, some, at, here, sums, weight, total[some], liked_total[some]
            )
        yield Pool(some, clips, here, features)


def factors(history: History, settings: Settings, half: float) -> NDArray[np.int64]:
    """The int8 factor of every pair: 127 for a like, less for what was only met, by the integer decay tables."""
    longest = int(history.rank.max(initial=0)) + 1
    liked = tables.decay(longest, half, 127)
    met = tables.decay(longest, half, round(127 * settings.seen))
    return np.where(history.liked, liked[history.rank], met[history.rank])


def order(pool: Pool, head: WholeHead | None, places: int) -> NDArray[np.int64]:
    """The best clips of the pool by integer trees, then pre-score, then clip; without trees by pre-score."""
    score = pool.pre if head is None else head.scores(_flat(pool)).reshape(pool.clips.shape)
    score = np.where(pool.clips < 0, MASKED, score)
    by_rank = np.lexsort((pool.clips, -pool.pre.astype(np.float64), -score.astype(np.float64)), axis=1)
    return np.take_along_axis(pool.clips, by_rank[:, :places], 1)


def _flat(pool: Pool) -> NDArray[np.int32]:
    return pool.features.reshape(-1, pool.features.shape[-1])


def _fading(rank: NDArray[np.int64], half: float) -> NDArray[np.float64]:
    return np.ones(len(rank)) if half <= 0 else 0.5 ** (rank / half)


def _active_rows(history: History, settings: Settings, allowed: sp.csr_array | None) -> rows.Rows:
    """EASE^R rows of the most active clips, where there are too many for all."""
    plain = np.where(history.liked, 1.0, settings.seen)
    met = history.matrix(plain * _fading(history.rank, settings.learn_half))
    count = history.items
    activity = np.asarray(met.sum(axis=0)).ravel()
    active = np.sort(np.lexsort((np.arange(count), -activity))[: settings.dense_clips])
    small = rows.top_rows(
        ease.ease(met[:, active], settings.ridge),
        settings.keep,
        allowed=None if allowed is None else allowed[active][:, active].tocsr(),
    )
    lengths = np.zeros(count, np.int64)
    lengths[active] = np.diff(small.indptr)
    indptr = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    return rows.Rows(indptr, active[small.neighbour].astype(np.uint32), small.weight)


def _nearest(described: sp.csr_array, keep: int, block: int = 1024) -> sp.csr_array:
    """Cosines of tokens, only the `keep` largest of each clip, block by block to bound memory."""
    parts = []
    for start in range(0, described.shape[0], block):
        dense = content.token_similarity(
            described, np.arange(start, min(start + block, described.shape[0]))
        ).toarray()
        here = np.arange(len(dense))
        dense[here, start + here] = 0.0
        columns = best(dense, keep)
        values = np.where(columns >= 0, np.take_along_axis(dense, np.maximum(columns, 0), 1), 0.0)
        owner = np.repeat(here, columns.shape[1])
        held = values.ravel() > 0
        parts.append(
            sp.csr_array(
                (values.ravel()[held], (owner[held], columns.ravel()[held])),
                shape=(len(dense), described.shape[0]),
            )
        )
    return sp.vstack(parts, format="csr")


def _level_table(history: History, matrix: rows.Rows, settings: Settings) -> NDArray[np.int64]:
    """By qlog(Σ factors): by what to multiply a sum (then >> 20) so that its usual spread is PRE_UNIT.

    The spread is measured on some 800 people and its logarithm fitted by a line in the level, so the table is
    smooth and covers every level.
    """
    some = np.unique(np.linspace(0, history.persons - 1, 800).astype(np.int64))
    held = history.rank < settings.acts
    profile = history.integers(np.where(held, factors(history, settings, settings.serve_half), 0), some)
    weight = np.asarray(profile.sum(axis=1)).ravel()
    sums = (profile @ matrix.matrix()).toarray().astype(np.float64)
    spread = sums.std(axis=1)
    known = (weight > 0) & (spread > 0)
    levels = np.arange(512, dtype=np.float64)
    if known.sum() < 10:
        return np.full(512, 1, np.int64)
    measured, logs = tables.qlog(weight[known]).astype(np.float64), np.log(spread[known])
    slope = 0.0 if measured.std() < 1.0 else float(np.cov(measured, logs)[0, 1] / measured.var(ddof=1))
    start = float(logs.mean() - slope * measured.mean())
    return np.maximum(np.rint(PRE_UNIT * 2.0**20 / np.exp(start + slope * levels)), 1.0).astype(np.int64)


def _recency_table(history: History, settings: Settings) -> NDArray[np.int64]:
    """Points per clip: so many per standard deviation of qlog(likes of the last days); 0 without times."""
    recent = history.counts(history.liked & (history.age < settings.recency_days))
    logs = tables.qlog(recent)
    spread = logs.std()
    if not spread > 0:
        return np.zeros(history.items, np.int64)
    step = round(settings.recency_points * 256 / float(spread))
    return (logs * step) >> 8


def _counters(history: History) -> dict[str, NDArray[np.int64]]:
    """Whole numbers per clip; those of days only where days are known."""
    met = np.ones(len(history.person), bool)
    all_met, all_liked = history.counts(met), history.counts(history.liked)
    found = {
        "met": tables.qlog(all_met),
        "liked": tables.qlog(all_liked),
        "rate": 1024 * (all_liked + 5) // (all_met + 12),
    }
    if history.ordered:
        late = history.counts(history.rank < 5)
        found["late"] = 1024 * late // (all_met + 10)
    dated = history.age < UNKNOWN_AGE
    if dated.any():
        for days in (1, 2, 3, 6):
            young = history.age < days
            found[f"met_{days}"] = tables.qlog(history.counts(young))
            found[f"liked_{days}"] = tables.qlog(history.counts(young & history.liked))
        fresh, week = history.counts(history.age < 1), history.counts(history.age < 3)
        found["trend"] = 256 * (fresh + 1) // (week - fresh + 2)
        liked, young = history.counts(dated & history.liked), history.counts(dated)
        found["rate_days"] = 1024 * (liked + 2) // (young + 6)
    if history.contents.seconds is not None:
        found["seconds"] = np.minimum(history.contents.seconds, 600)
    return found


def _pre(
    fitted: Fitted, sums: dict[str, NDArray[np.int64]], weight: dict[str, NDArray[np.int64]]
) -> NDArray[np.int64]:
    settings = fitted.settings
    pre = _levelled(fitted, "item", sums, weight) + fitted.recency[None, :]
    if "next" in sums and settings.next_points:
        pre += (_levelled(fitted, "next", sums, weight) * settings.next_points) >> 10
    if settings.cosine_points:
        pre += (_levelled(fitted, "cosine", sums, weight) * settings.cosine_points) >> 10
    if settings.content_points:
        for kind in sums:
            if kind.startswith("content"):
                pre += (_levelled(fitted, kind, sums, weight) * settings.content_points) >> 10
    # Whoever has no history gets what is liked most.
    blank = weight["serve"] == 0
    pre[blank] += fitted.counters["liked"][None, :]
    return pre


def _in_pre(kind: str, settings: Settings) -> bool:
    if kind == "item":
        return True
    points = {"next": settings.next_points, "cosine": settings.cosine_points}
    return points.get(kind, settings.content_points) > 0


def _levelled(
    fitted: Fitted, kind: str, sums: dict[str, NDArray[np.int64]], weight: dict[str, NDArray[np.int64]]
) -> NDArray[np.int64]:
    level = tables.qlog(weight["soon" if kind == "next" else "serve"])
    return (sums[kind] * fitted.level[kind][level][:, None]) >> 20


def _signed(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return qlog of the sum if positive, else -qlog(-sum)."""
    return np.sign(values) * tables.qlog(np.abs(values))


def feature_names(fitted: Fitted, history: History) -> list[str]:
    """In the order of the columns."""
    sums = [*fitted.kinds, "item_soon", "item_likes"]
    tokens = [f"{side}_{kind}" for kind in history.contents.tokens for side in ("met", "liked")]
    return ["pre", *sums, "item_total", *fitted.counters, *tokens, "viewer_met", "viewer_rate"]


def _features(
    fitted: Fitted,
    history: History,
    some: NDArray[np.int64],
    at: NDArray[np.int64],
    pre: NDArray[np.int64],
    sums: dict[str, NDArray[np.int64]],
    weight: dict[str, NDArray[np.int64]],
    total: NDArray[np.int64],
    liked_total: NDArray[np.int64],
) -> NDArray[np.int32]:
    columns = [np.where(pre == MASKED, 0, pre) >> 4]
    for kind in [*fitted.kinds, "item_soon", "item_likes"]:
        by = {"next": "soon", "item_soon": "soon", "item_likes": "likes"}.get(kind, "serve")
        table = fitted.level["item" if kind.startswith("item") else kind]
        even = (np.take_along_axis(sums[kind], at, 1) * table[tables.qlog(weight[by])][:, None]) >> 24
        columns.append(np.clip(even, -LIMIT, LIMIT))
    columns.append(_signed(np.take_along_axis(sums["item"], at, 1)))
    columns += [counter[at] for counter in fitted.counters.values()]
    columns += _tastes(history, some, at)
    wide = np.ones_like(at)
    columns.append(wide * tables.qlog(total)[:, None])
    columns.append(wide * (1024 * (liked_total + 1) // (total + 3))[:, None])
    return np.stack(columns, axis=-1).astype(np.int32)


def _tastes(history: History, some: NDArray[np.int64], at: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """How often the person met, and liked, clips that share a token with the candidate, per kind of token."""
    found = []
    ones = np.ones(len(history.person), np.int64)
    profiles = [history.integers(value, some) for value in (ones, np.where(history.liked, 1, 0))]
    person = np.arange(len(some))[:, None, None]
    for owner, token in history.contents.tokens.values():
        has, padded = _padded(owner, token, history.items)
        for profile in profiles:
            shared = np.pad((profile @ has).toarray(), ((0, 0), (0, 1)))
            found.append(shared[person, padded[at]].sum(axis=-1))
    return found


def _padded(
    owner: NDArray[np.int64], token: NDArray[np.int64], items: int
) -> tuple[sp.csr_array, NDArray[np.int64]]:
    """Clips x tokens as ones, and each clip's tokens in a row, filled up with the number after the last token."""
    known, column = np.unique(token, return_inverse=True)
    has = sp.coo_array((np.ones(len(owner), np.int64), (owner, column)), shape=(items, len(known))).tocsr()
    has.data[:] = 1
    lengths = np.diff(has.indptr)
    padded = np.full((items, int(lengths.max(initial=1))), len(known))
    place = np.arange(has.nnz) - np.repeat(has.indptr[:-1], lengths)
    padded[np.repeat(np.arange(items), lengths), place] = has.indices
    return has, padded
