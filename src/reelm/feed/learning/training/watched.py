"""Who liked what, and when: the one thing that is kept of people's watching between two passes.

A person is a number made from their pseudonym. Each clip they liked counts once, at the last time; only the newest of
a person count (`rule.MOST_OF_PERSON`). Taking the same events in twice changes nothing.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reelm.feed.learning.rule import MOST_OF_PERSON

People = npt.NDArray[np.uint64]
RowNumbers = npt.NDArray[np.int64]
Times = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Watched:
    """Sorted by person, then time, then row; times in microseconds of Unix time."""

    person: People
    row: RowNumbers
    at: Times

    @classmethod
    def none(cls) -> "Watched":
        return cls(np.zeros(0, np.uint64), np.zeros(0, np.int64), np.zeros(0, np.int64))

    def __len__(self) -> int:
        return len(self.person)

    def with_more(self, person: People, row: RowNumbers, at: Times) -> "Watched":
        """Take in more likes; the newest of each person stay. The likes of all others are not looked at."""
        touched = np.isin(self.person, person)
        old = self.of(touched)
        new = newest(
            np.concatenate([old.person, person]), np.concatenate([old.row, row]), np.concatenate([old.at, at])
        )
        rest = self.of(~touched)
        people = np.concatenate([rest.person, new.person])
        order = np.argsort(people, kind="stable")
        return Watched(
            people[order],
            np.concatenate([rest.row, new.row])[order],
            np.concatenate([rest.at, new.at])[order],
        )

    def of(self, kept: npt.NDArray[np.bool_]) -> "Watched":
        return Watched(self.person[kept], self.row[kept], self.at[kept])

    def of_people(self, people: People) -> "Watched":
        """Without everybody who is not among `people`."""
        return self.of(np.isin(self.person, people))

    def since(self, person: People, at: Times) -> "Watched":
        """Without what those people liked up to the time beside them."""
        if not len(person) or not len(self):
            return self
        order = np.argsort(person, kind="stable")
        person, at = person[order], at[order]
        place = np.minimum(np.searchsorted(person, self.person), len(person) - 1)
        forgotten = (person[place] == self.person) & (self.at <= at[place])
        return self.of(~forgotten)

    def people_index(self) -> npt.NDArray[np.int64]:
        """Number the people from 0, in their order."""
        if not len(self):
            return np.zeros(0, np.int64)
        return np.concatenate([[0], np.cumsum(self.person[1:] != self.person[:-1])]).astype(np.int64)

    def counts(self, rows: int) -> npt.NDArray[np.int64]:
        """How many people liked each clip."""
        return np.bincount(self.row, minlength=rows).astype(np.int64)


def newest(person: People, row: RowNumbers, at: Times, most: int = MOST_OF_PERSON) -> Watched:
    """Each pair once, at its last time; of each person the newest `most`, ties by row."""
    if not len(person):
        return Watched.none()
    order = np.lexsort((-at, row, person))
    person, row, at = person[order], row[order], at[order]
    first = np.concatenate([[True], (person[1:] != person[:-1]) | (row[1:] != row[:-1])])
    person, row, at = person[first], row[first], at[first]
    order = np.lexsort((-row, -at, person))  # newest first
    person, row, at = person[order], row[order], at[order]
    starts = np.flatnonzero(np.concatenate([[True], person[1:] != person[:-1]]))
    lengths = np.diff(np.append(starts, len(person)))
    rank = np.arange(len(person)) - np.repeat(starts, lengths)
    kept = rank < most
    # Newest first within a person, read backwards, is oldest first.
    found = Watched(person[kept][::-1], row[kept][::-1], at[kept][::-1])
    by_person = np.argsort(found.person, kind="stable")
    return Watched(found.person[by_person], found.row[by_person], found.at[by_person])


def changed_rows(before: Watched, after: Watched) -> npt.NDArray[np.int64]:
    """The clips that other people like now than before."""
    before, after = of_changed_people(before, after)
    pairs = np.concatenate([_pairs(before), _pairs(after)])
    found, times = np.unique(pairs, axis=0, return_counts=True)
    return np.unique(found[times == 1][:, 1]).astype(np.int64)


def _pairs(watched: Watched) -> npt.NDArray[np.uint64]:
    return np.stack([watched.person, watched.row.astype(np.uint64)], axis=1)


def of_changed_people(before: Watched, after: Watched) -> tuple[Watched, Watched]:
    """Both, of the people only whose likes, or their times, are others than before."""
    people = np.concatenate([np.unique(before.person), np.unique(after.person)])
    sums = np.concatenate([_sums(before), _sums(after)])
    order = np.lexsort((sums, people))
    people, sums = people[order], sums[order]
    same = np.zeros(len(people), np.bool_)
    twice = (people[1:] == people[:-1]) & (sums[1:] == sums[:-1])
    same[1:] |= twice
    same[:-1] |= twice
    changed = np.unique(people[~same])
    return before.of_people(changed), after.of_people(changed)


def _sums(watched: Watched) -> npt.NDArray[np.uint64]:
    """One number for all that each person likes; equal ones by chance once in 2 to the 64."""
    if not len(watched):
        return np.zeros(0, np.uint64)
    mixed = watched.row.astype(np.uint64) * _MIX_ROW + watched.at.astype(np.uint64) * _MIX_AT
    mixed ^= mixed >> np.uint64(29)
    mixed *= _MIX_ROW
    mixed ^= mixed >> np.uint64(32)
    starts = np.flatnonzero(np.concatenate([[True], watched.person[1:] != watched.person[:-1]]))
    sums: npt.NDArray[np.uint64] = np.add.reduceat(mixed, starts)
    return sums


_MIX_ROW = np.uint64(0x9E3779B97F4A7C15)
_MIX_AT = np.uint64(0xD6E8FEB86659FD93)
