"""Integer rows: a clip's neighbours with int16 weights, whose sums are exact in any order.

Rounding, once and for all: weight = clip(round_half_to_even(value · step), -32767, 32767), where `step` is a
power of two, so that the product itself is exact in binary; what rounds to 0 is dropped. A row is in order of
(-weight, neighbour).
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

LARGEST = 32767


@dataclass(frozen=True, slots=True)
class Rows:
    """Compressed rows: those of `i` are at `indptr[i]:indptr[i + 1]` of `neighbour` and `weight`."""

    indptr: NDArray[np.int64]
    neighbour: NDArray[np.uint32]
    weight: NDArray[np.int16]

    @property
    def size(self) -> int:
        return len(self.indptr) - 1

    def of(self, item: int) -> tuple[NDArray[np.uint32], NDArray[np.int16]]:
        here = slice(int(self.indptr[item]), int(self.indptr[item + 1]))
        return self.neighbour[here], self.weight[here]

    def matrix(self) -> sp.csr_array:
        """The same numbers as a sparse int64 matrix, for scoring many people at once, exactly."""
        values = self.weight.astype(np.int64)
        return sp.csr_array(
            (values, self.neighbour.astype(np.int64), self.indptr), shape=(self.size, self.size)
        )


def step_for(largest: float) -> float:
    """The largest power of two by which a weight of this size still fits int16; 1.0 if there is none."""
    if not largest > 0:
        return 1.0
    return float(2.0 ** np.floor(np.log2(LARGEST / largest)))


def rounded(values: NDArray[np.float64] | NDArray[np.float32], step: float) -> NDArray[np.int16]:
    """Values as int16 weights by the module's rule."""
    wide = np.rint(values.astype(np.float64) * step)
    return np.clip(wide, -LARGEST, LARGEST).astype(np.int16)


def top_rows(
    similarity: NDArray[np.float32] | NDArray[np.float64] | sp.csr_array,
    keep: int,
    *,
    step: float | None = None,
    allowed: sp.csr_array | None = None,
) -> Rows:
    """The `keep` heaviest weights of each row, the diagonal left out.

    Heaviest by absolute weight, since a negative weight (seen together less than chance) counts as much.
    `allowed` marks the pairs that may have a weight at all, for example those of enough contributors.
    `step` defaults to `step_for` of the largest absolute value.
    """
    count = similarity.shape[0]
    if step is None:
        step = step_for(_largest(similarity, allowed))
    lengths = np.zeros(count, np.int64)
    neighbours: list[NDArray[np.uint32]] = []
    weights: list[NDArray[np.int16]] = []
    for item in range(count):
        where, values = _row(similarity, item, allowed)
        integer = rounded(values, step)
        held = (integer != 0) & (where != item)
        where, integer = where[held], integer[held].astype(np.int32)
        if len(where) > keep:
            size = np.abs(integer)
            floor = np.partition(size, len(size) - keep)[len(size) - keep]
            near = np.flatnonzero(size >= floor)
            best = near[np.lexsort((where[near], -size[near]))[:keep]]
            where, integer = where[best], integer[best]
        order = np.lexsort((where, -integer))
        lengths[item] = len(order)
        neighbours.append(where[order].astype(np.uint32))
        weights.append(integer[order].astype(np.int16))
    indptr = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    return Rows(
        indptr,
        np.concatenate(neighbours) if neighbours else np.zeros(0, np.uint32),
        np.concatenate(weights) if weights else np.zeros(0, np.int16),
    )


def sums(
    rows: Rows, items: NDArray[np.int64], factors: NDArray[np.int64]
) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Σ factor · row over the items: the neighbours reached, ascending, and their exact sums."""
    parts = [rows.of(int(item)) for item in items]
    where = np.concatenate([part[0] for part in parts]) if parts else np.zeros(0, np.uint32)
    terms = [part[1].astype(np.int64) * int(factor) for part, factor in zip(parts, factors, strict=True)]
    reached, inverse = np.unique(where, return_inverse=True)
    total = np.zeros(len(reached), np.int64)
    if terms:
        np.add.at(total, inverse, np.concatenate(terms))
    return reached, total


def _largest(similarity: NDArray[np.float32] | NDArray[np.float64] | sp.csr_array, allowed: object) -> float:
    if isinstance(similarity, np.ndarray):
        if not similarity.size:
            return 0.0
        return float(max(similarity.max(), -similarity.min()))
    return float(np.abs(similarity.data).max()) if similarity.nnz else 0.0


def _row(
    similarity: NDArray[np.float32] | NDArray[np.float64] | sp.csr_array,
    item: int,
    allowed: sp.csr_array | None,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    if isinstance(similarity, np.ndarray):
        if allowed is None:
            return np.arange(similarity.shape[1]), similarity[item].astype(np.float64)
        where = allowed.indices[allowed.indptr[item] : allowed.indptr[item + 1]].astype(np.int64)
        return where, similarity[item, where].astype(np.float64)
    here = slice(similarity.indptr[item], similarity.indptr[item + 1])
    where = similarity.indices[here].astype(np.int64)
    values = similarity.data[here].astype(np.float64)
    if allowed is not None:
        permitted = np.isin(where, allowed.indices[allowed.indptr[item] : allowed.indptr[item + 1]])
        where, values = where[permitted], values[permitted]
    return where, values
