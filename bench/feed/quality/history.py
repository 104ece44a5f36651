"""What is known at a moment: who met what, how they took it, and what clips are made of."""

from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from reelm.feed.learning.algorithms import people

UNKNOWN_AGE = 1_000


@dataclass(frozen=True, slots=True)
class Contents:
    """Legal properties of clips: tokens by kind (owner, token), int8 vectors by name, duration in seconds."""

    tokens: dict[str, tuple[NDArray[np.int64], NDArray[np.int64]]] = field(default_factory=dict)
    vectors: dict[str, NDArray[np.int8]] = field(default_factory=dict)
    seconds: NDArray[np.int64] | None = None


@dataclass(frozen=True, slots=True)
class History:
    """Pairs (person, clip), each once, sorted by person, newest first.

    `liked` is what counts as positive; the others were only met. `rank` is 0 for the newest; where there are no
    times, 0 for all and `ordered` is False. `age` is whole days before the moment, UNKNOWN_AGE if not known.
    """

    person: NDArray[np.int64]
    item: NDArray[np.int64]
    liked: NDArray[np.bool_]
    rank: NDArray[np.int64]
    age: NDArray[np.int64]
    persons: int
    items: int
    ordered: bool
    contents: Contents

    @classmethod
    def of(
        cls,
        person: NDArray[np.int64],
        item: NDArray[np.int64],
        liked: NDArray[np.bool_],
        order: NDArray[np.int64] | None,
        age: NDArray[np.int64] | None,
        shape: tuple[int, int],
        contents: Contents,
    ) -> "History":
        """From raw events; `order` ascends with time. A pair met twice keeps its newest place."""
        sequence = np.zeros(len(person), np.int64) if order is None else order
        ages = np.full(len(person), UNKNOWN_AGE) if age is None else age
        who, what, rank, value = people.newest_first(person, item, sequence, liked.astype(np.float64))
        youngest = np.full(len(who), UNKNOWN_AGE, np.int64)
        keys = who * shape[1] + what
        by_key = np.argsort(keys, kind="stable")
        place = by_key[np.searchsorted(keys[by_key], person * shape[1] + item)]
        np.minimum.at(youngest, place, ages)
        if order is None:
            rank = np.zeros(len(who), np.int64)
        return cls(who, what, value > 0, rank, youngest, shape[0], shape[1], order is not None, contents)

    def matrix(self, values: NDArray[np.float64]) -> sp.csr_array:
        """People x clips, float32; what is 0 is left out."""
        held = values != 0
        return people.matrix(self.person[held], self.item[held], values[held], (self.persons, self.items))

    def integers(self, values: NDArray[np.int64], chosen: NDArray[np.int64]) -> sp.csr_array:
        """The same of whole numbers, of the chosen people."""
        held = values != 0
        whole = sp.csr_array(
            (values[held], (self.person[held], self.item[held])), shape=(self.persons, self.items)
        )
        return whole[chosen]

    def met(self, chosen: NDArray[np.int64]) -> sp.csr_array:
        """What each of the chosen people has met."""
        return self.integers(np.ones(len(self.person), np.int64), chosen)

    def counts(self, held: NDArray[np.bool_]) -> NDArray[np.int64]:
        """How many people's pairs of this kind each clip has."""
        return np.bincount(self.item[held], minlength=self.items)

    def each(self, held: NDArray[np.bool_]) -> NDArray[np.int64]:
        """How many pairs of this kind each person has."""
        return np.bincount(self.person[held], minlength=self.persons)
