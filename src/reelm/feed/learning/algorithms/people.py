"""From events to the matrix people x clips that everything behavioural is learned from.

No single person moves much: a pair (person, clip) counts once, with the strongest thing the person did, and
only a person's newest `most` clips count. A pair of clips has a weight only if enough different people met
both.
"""

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray


def newest_first(
    person: NDArray[np.int64], item: NDArray[np.int64], order: NDArray[np.int64], value: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Each pair once, with its largest value and newest order: person, item, rank (0 = newest), value.

    Sorted by person, then rank. Equal orders rank by item, so the result depends on nothing else.
    """
    by_pair = np.lexsort((-order, item, person))
    person, item, order, value = person[by_pair], item[by_pair], order[by_pair], value[by_pair]
    if not len(person):
        return person, item, np.zeros(0, np.int64), value
    first = np.concatenate([[True], (person[1:] != person[:-1]) | (item[1:] != item[:-1])])
    strongest = np.maximum.reduceat(value, np.flatnonzero(first))
    person, item, order = person[first], item[first], order[first]
    by_age = np.lexsort((item, -order, person))
    person, item, strongest = person[by_age], item[by_age], strongest[by_age]
    starts = np.flatnonzero(np.concatenate([[True], person[1:] != person[:-1]]))
    lengths = np.diff(np.concatenate([starts, [len(person)]]))
    rank = np.arange(len(person)) - np.repeat(starts, lengths)
    return person, item, rank, strongest


def matrix(
    person: NDArray[np.int64], item: NDArray[np.int64], value: NDArray[np.float64], shape: tuple[int, int]
) -> sp.csr_array:
    """People x clips, float32; pairs must be distinct."""
    return sp.csr_array((value.astype(np.float32), (person, item)), shape=shape)


def enough_contributors(people: sp.csr_array, least: int) -> sp.csr_array:
    """The pairs of clips that at least `least` different people met, as a boolean matrix without diagonal."""
    ones = sp.csr_array((np.ones(people.nnz, np.float32), people.indices, people.indptr), shape=people.shape)
    together = (ones.T @ ones).tocsr()
    together.setdiag(0)
    together.data = (together.data >= least).astype(np.float32)
    together.eliminate_zeros()
    together.sort_indices()
    return together
