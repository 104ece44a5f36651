"""The lists that are the same for everyone: newest, best, fresh, and best of each language.

They follow from the columns and a time alone, by whole numbers, so that whoever has both gets the same lists:

    score = points for age + 3·qlog(likes + 2·comments + 3·reposts + 3·shares)
            + ⌊512 · (finishes + 4) / (views + 16)⌋ - ⌊256 · skips / (views + 16)⌋

with qlog(x) = 16·e + ((16·y >> e) & 15), y = x + 1, e = ⌊log2 y⌋. Equal scores: the higher row first. spec/receipt/
snapshots.md says the same in words.
"""

import hashlib
import struct
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from reelm.feed.catalog.layout import FRESH, LIST_ROWS, LISTS, NEWEST, TOP, TOP_OF_LANGUAGE, Mapping

Lists = dict[tuple[int, int], npt.NDArray[np.uint32]]
GUARANTEED_VIEWS: Final = 200
LANGUAGE_ROWS: Final = 1_000
_LANGUAGES = LISTS - 4
_HOUR = 3600
# Points by age: (younger than, in hours; points).
RECENCY: Final = ((1, 400), (6, 340), (24, 280), (72, 210), (168, 150), (720, 80), (2160, 40))
_LOW = np.int64(2**32 - 1)


def renewed(mapping: Mapping, now: int) -> Lists:
    """Return the lists of the present columns at a time in Unix seconds."""
    alive = np.flatnonzero(mapping.columns["alive"][: mapping.size])
    published = mapping.columns["published"][alive]
    scores = common_score(mapping, alive, now)
    fresh = mapping.columns["views"][alive] < GUARANTEED_VIEWS
    lists: Lists = {
        (NEWEST, 0): _best(alive, published, LIST_ROWS),
        (TOP, 0): _best(alive, scores, LIST_ROWS),
        (FRESH, 0): _best(alive[fresh], published[fresh], LIST_ROWS),
    }
    spoken = mapping.columns["language"][alive]
    keys, counts = np.unique(spoken, return_counts=True)
    for number in np.lexsort((keys, -counts))[:_LANGUAGES].tolist():
        own = spoken == keys[number]
        lists[TOP_OF_LANGUAGE, int(keys[number])] = _best(alive[own], scores[own], LANGUAGE_ROWS)
    return lists


def digest(lists: Lists) -> bytes:
    """Return SHA-256 over the lists, each as kind, key, count and rows."""
    told = hashlib.sha256(b"reelm/feed/lists/v1\0")
    for (kind, key), rows in lists.items():
        told.update(struct.pack("<BqI", kind, key, len(rows)) + rows.astype("<u4").tobytes())
    return told.digest()


def common_score(mapping: Mapping, rows: npt.NDArray[Any], now: int) -> npt.NDArray[np.int64]:
    """Return the score that is the same for everyone; `now` in Unix seconds."""
    value = {name: mapping.columns[name][rows] for name in ("views", "finishes", "skips", "published")}
    hours = np.maximum(0, now - value["published"]) // _HOUR
    limits = np.array([limit for limit, _ in RECENCY], dtype=np.int64)
    points = np.array([*(each for _, each in RECENCY), 0], dtype=np.int64)
    acts = sum(
        weight * mapping.columns[name][rows]
        for name, weight in (("likes", 1), ("comments", 2), ("reposts", 3), ("shares", 3))
    )
    shown = value["views"] + 16
    total: npt.NDArray[np.int64] = (
        points[np.searchsorted(limits, hours, side="right")]
        + 3 * qlog(np.asarray(acts))
        + 512 * (value["finishes"] + 4) // shown
        - 256 * value["skips"] // shown
    )
    return total


def qlog(values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return 16 times the binary logarithm of 1 + x, four bits of its fraction linear; exact below 2⁴⁸."""
    above = np.maximum(values, 0) + 1
    exponents = np.frexp(above.astype(np.float64))[1].astype(np.int64) - 1
    return 16 * exponents + (((above << 4) >> exponents) & 15)


def _best(rows: npt.NDArray[Any], scores: npt.NDArray[Any], count: int) -> npt.NDArray[np.uint32]:
    """Return the rows of the highest scores, highest first; of equal ones the higher row."""
    # One number that no two rows share: which rows come in never depends on how a library breaks a tie.
    order = (scores.astype(np.int64) << 32) | (rows.astype(np.int64) & _LOW)
    if len(order) > count:
        order = order[np.argpartition(order, len(order) - count)[-count:]]
    order.sort()
    return (order[::-1] & _LOW).astype(np.uint32)
