"""How good an order is: measures over what people did with what they were shown."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reelm.feed.learning.training.pairs import Numbers
from reelm.feed.learning.training.watched import People

AT = 5
TEN_THOUSAND = 10_000
_BUCKETS = 10


@dataclass(frozen=True)
class Measures:
    """Ten-thousandths. `gauc` and `ndcg` of what was watched to the end; `new` the share of new clips in front."""

    gauc: int
    ndcg: int
    new: int
    people: int
    impressions: int

    @property
    def primary(self) -> int:
        return (self.gauc + self.ndcg) // 2


def measure(
    person: People, score: Numbers, positive: npt.NDArray[np.bool_], new: npt.NDArray[np.bool_]
) -> Measures:
    """Judge scores within each person. Equal scores count half; who watched all or nothing says nothing of `gauc`."""
    order = np.argsort(person, kind="stable")
    person, score, positive, new = person[order], score[order], positive[order], new[order]
    starts = (
        np.flatnonzero(np.concatenate([[True], person[1:] != person[:-1]]))
        if len(person)
        else np.zeros(0, int)
    )
    areas, weights, gains, fronts = [], [], [], []
    for start, end in zip(starts.tolist(), [*starts[1:].tolist(), len(person)], strict=True):
        here = slice(start, end)
        count = int(positive[here].sum())
        if 0 < count < end - start:
            areas.append(_area(score[here], positive[here]))
            weights.append(count)
        best = np.lexsort((np.arange(end - start), -score[here]))[:AT]
        gains.append(_gain(positive[here][best], count))
        fronts.append(float(new[here][best].mean()))
    return Measures(
        gauc=_whole(float(np.average(areas, weights=weights)) if areas else 0.5),
        ndcg=_whole(float(np.mean(gains)) if gains else 0.0),
        new=_whole(float(np.mean(fronts)) if fronts else 0.0),
        people=len(starts),
        impressions=len(person),
    )


def calibration(logit: npt.NDArray[np.float64], positive: npt.NDArray[np.bool_]) -> list[dict[str, int]]:
    """In ten equally large groups by what was expected: what was expected and what happened, in ten-thousandths."""
    order = np.argsort(logit, kind="stable")
    expected = 1.0 / (1.0 + np.exp(-logit[order]))
    happened = positive[order]
    return [
        {"expected": _whole(expected[part].mean()), "happened": _whole(happened[part].mean())}
        for part in np.array_split(np.arange(len(order)), _BUCKETS)
        if len(part)
    ]


def _area(score: Numbers, positive: npt.NDArray[np.bool_]) -> float:
    """How often something watched to the end stands before something that was not."""
    order = np.argsort(score, kind="stable")
    _, inverse, counts = np.unique(score[order], return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - (counts - 1) / 2.0
    ranks = np.empty(len(score))
    ranks[order] = middle[inverse]
    count = int(positive.sum())
    above = ranks[positive].sum() - count * (count + 1) / 2.0
    return float(above / (count * (len(score) - count)))


def _gain(found: npt.NDArray[np.bool_], count: int) -> float:
    if not count:
        return 0.0
    discount = 1.0 / np.log2(np.arange(2, AT + 2))
    return float((found * discount[: len(found)]).sum() / discount[: min(count, AT)].sum())


def _whole(value: float) -> int:
    return round(float(value) * TEN_THOUSAND)
