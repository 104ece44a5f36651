"""From counted pairs to rows of int16 weights, by the published rule (`rule.py`)."""

import numpy as np
import numpy.typing as npt

from reelm.feed.learning.matrices import Rows
from reelm.feed.learning.rule import (
    ITEM_NEIGHBOURS,
    LAG_WEIGHTS,
    NEXT_NEIGHBOURS,
    SHRINK,
    STEP,
)
from reelm.feed.learning.training.pairs import Numbers, Pairs

Values = npt.NDArray[np.float64]
LARGEST = 32767


def item_rows(pairs: Pairs, likes: Numbers, ease: tuple[Numbers, npt.NDArray[np.int16]] | None) -> Rows:
    """Weights of pairs liked together: EASE where it was computed, else cosine with shrinkage."""
    cosine = pairs.value / (np.sqrt(likes[pairs.row].astype(np.float64) * likes[pairs.neighbour]) + SHRINK)
    weight = rounded(cosine)
    if ease is not None and len(ease[0]):
        place = np.minimum(np.searchsorted(ease[0], pairs.key), len(ease[0]) - 1)
        known = ease[0][place] == pairs.key
        weight[known] = ease[1][place[known]]
    return top(pairs.row, pairs.neighbour, weight, len(likes), ITEM_NEIGHBOURS)


def next_rows(pairs: Pairs, likes: Numbers) -> Rows:
    """Weights of what was liked soon after."""
    share = pairs.value / LAG_WEIGHTS[0]
    scale = np.sqrt((likes[pairs.row] + SHRINK) * (likes[pairs.neighbour] + SHRINK).astype(np.float64))
    return top(pairs.row, pairs.neighbour, rounded(share / scale), len(likes), NEXT_NEIGHBOURS)


def rounded(values: Values) -> npt.NDArray[np.int16]:
    """Values between -1 and 1 as int16 weights."""
    return np.clip(np.rint(values * STEP), -LARGEST, LARGEST).astype(np.int16)


def top(row: Numbers, neighbour: Numbers, weight: npt.NDArray[np.int16], size: int, keep: int) -> Rows:
    """The `keep` neighbours of largest absolute weight of each row, ties by neighbour, heaviest first."""
    held = weight != 0
    row, neighbour, weight = row[held], neighbour[held], weight[held]
    order = np.lexsort((neighbour, -np.abs(weight.astype(np.int32)), row))
    row, neighbour, weight = row[order], neighbour[order], weight[order]
    starts = np.searchsorted(row, np.arange(size))
    kept = np.arange(len(row)) - starts[row] < keep if len(row) else np.zeros(0, np.bool_)
    row, neighbour, weight = row[kept], neighbour[kept], weight[kept]
    order = np.lexsort((neighbour, -weight.astype(np.int32), row))
    indptr = np.searchsorted(row, np.arange(size + 1)).astype(np.int64)
    return Rows(indptr, neighbour[order].astype(np.uint32), weight[order])
