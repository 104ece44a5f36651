"""Content rows: neighbours of a clip that nobody has watched, from what it says and shows.

Tokens are any strings or keys (tags, words of the caption, the sound, the creator); vectors are those of
picture and sound. Vectors are quantised to int8: of at most 1024 dimensions, a float32 product of two is exact
in any order of summation, for every partial sum stays below 2²⁴ (127² · 1024 < 2²⁴).
"""

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

MOST_DIMENSIONS = 1024


def token_matrix(owner: NDArray[np.int64], token: NDArray[np.int64], items: int) -> sp.csr_array:
    """Clips x tokens by inverse document frequency, rows of length 1; `token` may be any integers."""
    known, column = np.unique(token, return_inverse=True)
    ones = sp.coo_array((np.ones(len(owner)), (owner, column)), shape=(items, max(len(known), 1))).tocsr()
    ones.data[:] = 1.0
    holders = np.bincount(ones.indices, minlength=ones.shape[1])
    rarity = np.log((items + 1.0) / (holders + 1.0))
    weighted = ones.copy()
    weighted.data = rarity[ones.indices]
    return _unit(weighted)


def blocks(parts: Sequence[tuple[sp.csr_array, float]]) -> sp.csr_array:
    """Several kinds of tokens side by side, so that a product of rows is Σ weight · cosine of each kind."""
    return sp.hstack([part * np.sqrt(weight) for part, weight in parts], format="csr")


def token_similarity(described: sp.csr_array, targets: NDArray[np.int64] | None = None) -> sp.csr_array:
    """Cosines of all clips (or, of `targets` only) with all clips."""
    rows = described if targets is None else described[targets]
    return (rows @ described.T).tocsr()


def int8_vectors(vectors: NDArray[np.float32]) -> NDArray[np.int8]:
    """Each vector scaled to length 127 and rounded half to even; a zero or non-finite vector becomes zero.

    More than 1024 dimensions are refused with ValueError: their product would not be exact.
    """
    if vectors.ndim != 2 or vectors.shape[1] > MOST_DIMENSIONS:
        raise ValueError(f"vectors must have two axes and at most {MOST_DIMENSIONS} dimensions")
    wide = np.where(np.isfinite(vectors).all(axis=1, keepdims=True), vectors, 0.0).astype(np.float64)
    length = np.linalg.norm(wide, axis=1, keepdims=True)
    return np.rint(wide * (127.0 / np.where(length > 0, length, 1.0))).astype(np.int8)


def vector_products(left: NDArray[np.int8], right: NDArray[np.int8]) -> NDArray[np.float32]:
    """Exact integer products of int8 vectors, held in float32 because that is what BLAS is fast at."""
    if left.shape[1] > MOST_DIMENSIONS:
        raise ValueError(f"at most {MOST_DIMENSIONS} dimensions are exact")
    return np.asarray(left.astype(np.float32) @ right.astype(np.float32).T, np.float32)


def vector_similarity(vectors: NDArray[np.int8], keep: int, *, block: int = 2048) -> sp.csr_array:
    """The `keep` nearest of each clip by product / 127², the clip itself left out; only what is above 0."""
    count = len(vectors)
    keep = min(keep, max(count - 1, 0))
    indptr, indices, data = [np.zeros(1, np.int64)], [], []
    for start in range(0, count, block):
        products = vector_products(vectors[start : start + block], vectors)
        here = np.arange(len(products))
        products[here, start + here] = -np.inf
        for line in products:
            best = _heaviest(line, keep)
            indptr.append(indptr[-1] + len(best))
            indices.append(best)
            data.append(line[best].astype(np.float64) / 127.0**2)
    empty = np.zeros(0)
    return sp.csr_array(
        (
            np.concatenate(data) if data else empty,
            np.concatenate(indices) if indices else empty.astype(np.int64),
            np.array(indptr).ravel(),
        ),
        shape=(count, count),
    )


def _heaviest(line: NDArray[np.float32], keep: int) -> NDArray[np.int64]:
    """Positions of the `keep` largest positive values, ties by position, in ascending position."""
    if keep <= 0:
        return np.zeros(0, np.int64)
    floor = np.partition(line, len(line) - keep)[len(line) - keep]
    above = np.flatnonzero((line > floor) & (line > 0))
    level = np.flatnonzero((line == floor) & (line > 0))[: keep - len(above)]
    return np.sort(np.concatenate([above, level]))


def _unit(values: sp.csr_array) -> sp.csr_array:
    length = np.sqrt(np.asarray(values.multiply(values).sum(axis=1)).ravel())
    values.data = values.data / np.repeat(np.where(length > 0, length, 1.0), np.diff(values.indptr))
    return values
