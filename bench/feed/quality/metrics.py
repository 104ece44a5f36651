"""What is measured: recall, NDCG, hit rate and coverage of rankings; GAUC and NDCG@5 of logged impressions."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Ranked:
    """Macro means over people; coverage is the share of all clips that anybody was shown."""

    people: int
    targets: int
    recall: float
    ndcg: float
    hit10: float
    coverage: float


def ranked(shown: NDArray[np.int64], targets: sp.csr_array, items: int) -> Ranked:
    """Measure rankings: `shown[p]` are person p's clips, best first (-1 = none); each row of targets has ≥ 1."""
    places = shown.shape[1]
    counts = np.diff(targets.indptr)
    hits = hit_table(shown, targets, items)
    discount = 1.0 / np.log2(np.arange(places) + 2.0)
    ideal = np.concatenate([[0.0], np.cumsum(discount)])[np.minimum(counts, places)]
    return Ranked(
        people=len(shown),
        targets=int(counts.sum()),
        recall=float((hits.sum(1) / counts).mean()),
        ndcg=float(((hits * discount).sum(1) / ideal).mean()),
        hit10=float(hits[:, :10].any(1).mean()),
        coverage=len(np.unique(shown[shown >= 0])) / items,
    )


def hit_table(shown: NDArray[np.int64], targets: sp.csr_array, items: int) -> NDArray[np.bool_]:
    """Which of the shown clips are targets."""
    person = np.arange(len(shown))
    wanted = np.repeat(person, np.diff(targets.indptr)) * items + targets.indices
    return np.isin(person[:, None] * items + shown, wanted) & (shown >= 0)


def micro_recall(shown: NDArray[np.int64], targets: sp.csr_array, items: int, places: int) -> float:
    """Found targets of all people together, of all their targets."""
    return float(hit_table(shown[:, :places], targets, items).sum() / targets.nnz)


def best(scores: NDArray[np.number], places: int) -> NDArray[np.int64]:
    """Per row the columns of the largest scores, best first, ties by column; -1 where none is left.

    A score at or below the type's lowest value (-inf, or the least integer) is masked.
    """
    low = np.iinfo(scores.dtype).min if np.issubdtype(scores.dtype, np.integer) else -np.inf
    count = scores.shape[1]
    places_here = min(places, count)
    if places_here < count:
        floor = np.partition(scores, count - places_here, axis=1)[:, count - places_here, None]
        chosen = np.full((len(scores), places_here), -1, np.int64)
        for row in range(len(scores)):
            above = np.flatnonzero(scores[row] >= floor[row])
            order = np.lexsort((above, -scores[row, above].astype(np.float64)))[:places_here]
            chosen[row] = above[order]
    else:
        chosen = np.argsort(-scores.astype(np.float64), axis=1, kind="stable")[:, :places_here]
    found = np.take_along_axis(scores, chosen, 1)
    chosen = np.where(found > low, chosen, -1)
    if places_here < places:
        chosen = np.pad(chosen, ((0, 0), (0, places - places_here)), constant_values=-1)
    return chosen


@dataclass(frozen=True, slots=True)
class Logged:
    """Protocol R: GAUC weighted by positives, NDCG@5, and their mean."""

    gauc: float
    ndcg5: float

    @property
    def primary(self) -> float:
        return (self.gauc + self.ndcg5) / 2


def logged(person: NDArray[np.int64], label: NDArray[np.int64], score: NDArray[np.number]) -> Logged:
    """Rank each person's impressions by score.

    GAUC over people with 0 < positives < n, weighted by positives, equal scores counting half. NDCG@5 with gain
    2^label - 1; people without positives count 0; equal scores keep the order they come in.
    """
    order = np.lexsort((np.arange(len(person)), -score.astype(np.float64), person))
    person, label, score = person[order], label[order].astype(np.float64), score[order]
    starts = np.flatnonzero(np.concatenate([[True], person[1:] != person[:-1]]))
    lengths = np.diff(np.concatenate([starts, [len(person)]]))
    group = np.repeat(np.arange(len(starts)), lengths)
    place = np.arange(len(person)) - starts[group]
    positives = np.bincount(group, weights=label)
    # The rank of a row within its person, 1 = lowest score, equal scores sharing their mean.
    tied = np.concatenate([[True], (score[1:] != score[:-1]) | (group[1:] != group[:-1])])
    block = np.cumsum(tied) - 1
    ascending = lengths[group] - place
    mean_rank = (np.bincount(block, weights=ascending) / np.bincount(block))[block]
    rank_sum = np.bincount(group, weights=mean_rank * label)
    pairs = positives * (lengths - positives)
    mixed = pairs > 0
    area = (rank_sum[mixed] - positives[mixed] * (positives[mixed] + 1) / 2) / pairs[mixed]
    gauc = float(np.average(area, weights=positives[mixed])) if mixed.any() else 0.0
    discount = 1.0 / np.log2(np.arange(5) + 2.0)
    gain = np.where(place < 5, discount[np.minimum(place, 4)] * (2.0**label - 1.0), 0.0)
    ideal = np.concatenate([[0.0], np.cumsum(discount)])[np.minimum(positives, 5).astype(np.int64)]
    found = np.bincount(group, weights=gain)
    ndcg = np.divide(found, ideal, out=np.zeros_like(found), where=ideal > 0)
    return Logged(gauc, float(ndcg.mean()))
