"""Pairs of clips that enough different people liked, counted exactly and kept up to date.

Only pairs of at least `rule.CONTRIBUTORS_MIN` people are ever kept: below that nothing of a pair exists anywhere but
in the people's own likes. A pass counts anew only the rows that changed; a pass over all rows gives the same, to the
number, which is how it is tested.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from reelm.feed.learning.rule import CONTRIBUTORS_MIN, LAG_WEIGHTS
from reelm.feed.learning.training.watched import Watched, of_changed_people

Numbers = npt.NDArray[np.int64]
_BLOCK_PRODUCTS = 20_000_000
_ROW_BITS = 32
_ROW_MASK = 2**_ROW_BITS - 1


@dataclass(frozen=True)
class Pairs:
    """`key` is row << 32 | neighbour, ascending; `people` how many different ones; `value` the sum of their parts."""

    key: Numbers
    people: Numbers
    value: Numbers

    @classmethod
    def none(cls) -> "Pairs":
        return cls(*(np.zeros(0, np.int64) for _ in range(3)))

    @property
    def row(self) -> Numbers:
        return self.key >> _ROW_BITS

    @property
    def neighbour(self) -> Numbers:
        masked: Numbers = self.key & _ROW_MASK
        return masked

    def __len__(self) -> int:
        return len(self.key)

    def replaced(self, gone: npt.NDArray[np.bool_], new: "Pairs") -> "Pairs":
        """Without the pairs marked `gone`, with the `new` ones."""
        key = np.concatenate([self.key[~gone], new.key])
        order = np.argsort(key, kind="stable")
        return Pairs(
            key[order],
            np.concatenate([self.people[~gone], new.people])[order],
            np.concatenate([self.value[~gone], new.value])[order],
        )


def together(watched: Watched, pairs: Pairs, rows: Numbers, size: int) -> Pairs:
    """Count anew who liked both, for the clips `rows`; the others' pairs stay as they are in `pairs`."""
    wanted = np.zeros(size, np.bool_)
    wanted[rows] = True
    found = [_counted_together(watched, block, size) for block in _blocks(watched, rows, size)]
    new = _joined(found)
    # A pair of a counted clip with one that was not counted stands in both rows.
    mirrored = ~wanted[new.neighbour]
    new = _joined(
        [
            new,
            Pairs(
                new.neighbour[mirrored] << _ROW_BITS | new.row[mirrored],
                new.people[mirrored],
                new.value[mirrored],
            ),
        ]
    )
    return pairs.replaced(wanted[pairs.row] | wanted[pairs.neighbour], new)


def cost_together(watched: Watched, rows: Numbers, size: int) -> Numbers:
    """How many products counting each of these clips takes."""
    index = watched.people_index()
    likes = np.bincount(index) if len(index) else np.zeros(0, np.int64)
    each = np.bincount(watched.row, weights=likes[index], minlength=size) if len(index) else np.zeros(size)
    return each[rows].astype(np.int64)


def following(watched: Watched, pairs: Pairs, rows: Numbers, size: int) -> Pairs:
    """Count anew who liked what soon after the clips `rows`; the rows of others stay as they are in `pairs`."""
    wanted = np.zeros(size, np.bool_)
    wanted[rows] = True
    steps = _steps(watched, wanted)
    return pairs.replaced(wanted[pairs.row], _grouped(*steps))


def changed_following(before: Watched, after: Watched) -> Numbers:
    """The clips after which somebody likes other clips now than before."""
    before, after = of_changed_people(before, after)
    everything = np.ones(max(_size(before), _size(after)), np.bool_)
    found = []
    for watched in (before, after):
        key, part, person = _steps_of_people(watched, everything)
        found.append(np.stack([person, key.astype(np.uint64), part.astype(np.uint64)], axis=1))
    lines, times = np.unique(np.concatenate(found), axis=0, return_counts=True)
    return np.unique((lines[times == 1][:, 1] >> np.uint64(_ROW_BITS)).astype(np.int64))


def _size(watched: Watched) -> int:
    return int(watched.row.max()) + 1 if len(watched) else 0


def _steps(watched: Watched, wanted: npt.NDArray[np.bool_]) -> tuple[Numbers, Numbers]:
    key, part, _ = _steps_of_people(watched, wanted)
    return key, part


def _steps_of_people(
    watched: Watched, wanted: npt.NDArray[np.bool_]
) -> tuple[Numbers, Numbers, npt.NDArray[np.uint64]]:
    """Each step from a wanted clip to one that the same person liked soon after; a person makes each step once."""
    keys, parts, people = [], [], []
    for lag, part in enumerate(LAG_WEIGHTS, start=1):
        if len(watched) <= lag:
            continue
        here, there = watched.row[:-lag], watched.row[lag:]
        kept = (watched.person[:-lag] == watched.person[lag:]) & wanted[here]
        keys.append(here[kept] << _ROW_BITS | there[kept])
        parts.append(np.full(int(kept.sum()), part, np.int64))
        people.append(watched.person[:-lag][kept])
    if not keys:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.uint64)
    return np.concatenate(keys), np.concatenate(parts), np.concatenate(people)


def _grouped(key: Numbers, part: Numbers) -> Pairs:
    if not len(key):
        return Pairs.none()
    order = np.argsort(key, kind="stable")
    key, part = key[order], part[order]
    starts = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
    people = np.diff(np.append(starts, len(key)))
    enough = people >= CONTRIBUTORS_MIN
    return Pairs(key[starts][enough], people[enough], np.add.reduceat(part, starts)[enough])


def _blocks(watched: Watched, rows: Numbers, size: int) -> Iterator[Numbers]:
    """Split rows so that no block takes much more memory than another."""
    upto = np.cumsum(cost_together(watched, rows, size)) // _BLOCK_PRODUCTS
    for number in np.unique(upto):
        yield rows[upto == number]


def _counted_together(watched: Watched, rows: Numbers, size: int) -> Pairs:
    index = watched.people_index()
    if not len(index) or not len(rows):
        return Pairs.none()
    ones = np.ones(len(index), np.int32)
    likes = sp.csr_array((ones, (index, watched.row)), shape=(int(index[-1]) + 1, size))
    counted = sp.coo_array(likes.tocsc()[:, rows].T @ likes)
    row, neighbour, people = rows[counted.row], counted.col.astype(np.int64), counted.data.astype(np.int64)
    enough = (people >= CONTRIBUTORS_MIN) & (row != neighbour)
    return Pairs(row[enough] << _ROW_BITS | neighbour[enough], people[enough], people[enough])


def _joined(parts: list[Pairs]) -> Pairs:
    if not parts:
        return Pairs.none()
    key = np.concatenate([part.key for part in parts])
    order = np.argsort(key, kind="stable")
    return Pairs(
        key[order],
        np.concatenate([part.people for part in parts])[order],
        np.concatenate([part.value for part in parts])[order],
    )
