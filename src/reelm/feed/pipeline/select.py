"""Stage 7, select: from scores to a page, with room between clips of one kind, and places for newcomers.

The same as `reelm_audit.feed.choosing.select`, on the arrays of the catalog; tests hold the two together.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reelm.feed.pipeline.policy import POLICY
from reelm.feed.pipeline.score import Candidates, Scored
from reelm.feed.pipeline.view import CatalogView, Rows
from reelm_audit.feed.choosing import EXPLORE
from reelm_audit.feed.layout import NO_GROUP, Source, chance

_RULE = POLICY.select
_FRESH = Source.FRESH.value


@dataclass(frozen=True)
class Groups:
    """Which of the scored share a creator, a sound, a first tag: numbers in order of first appearance."""

    author: list[int]
    sound: list[int]
    tag: list[int]


def groups_of(catalog: CatalogView, rows: Rows) -> Groups:
    """Return the groups of the scored, in their order."""
    return Groups(
        numbered(catalog.column("author")[rows].tolist(), always=True),
        numbered(catalog.column("sound")[rows].tolist()),
        numbered(catalog.tags[rows, 0].tolist()),
    )


def numbered(keys: Sequence[int], *, always: bool = False) -> list[int]:
    """Return keys as numbers from 0 on in order of first appearance; the key 0 is no group, unless `always`."""
    groups = dict.fromkeys(keys)
    if not always:
        groups.pop(0, None)
    number = {key: place for place, key in enumerate(groups)}
    return [number.get(key, NO_GROUP) for key in keys]


def choose(
    candidates: Candidates, scored: Scored, groups: Groups, seed: bytes, position: int, count: int
) -> list[int]:
    """Return indices into the scored, in the order they are shown, up to `count`."""
    rows = candidates.rows[scored.places]
    queue: list[int] = np.lexsort((-rows, -scored.final)).tolist()
    fresh: list[int] | None = None
    taken: list[int] = []
    for place in range(min(count, len(rows))):
        pool = queue
        if (position + place) % _RULE.explore_every == _RULE.explore_at:
            if fresh is None:
                sources = candidates.sources[scored.places].tolist()
                fresh = sorted(
                    (i for i in queue if sources[i] & _FRESH),
                    key=lambda i: chance(seed, int(rows[i]), EXPLORE),
                )
            pool = fresh + queue
        taken.append(_first_spaced(pool, taken, groups))
    return taken


def _first_spaced(pool: Sequence[int], taken: list[int], groups: Groups) -> int:
    """Return the first of `pool` that is not taken and keeps its distance; the rules give way one after the other."""
    near = taken[-_RULE.apart :]
    authors = {groups.author[other] for other in near}
    sounds = {groups.sound[other] for other in near} - {NO_GROUP}
    last = {groups.tag[other] for other in taken[-_RULE.apart_tags :]}
    full = len(taken) >= _RULE.apart_tags and len(last) == 1
    tag = last.pop() if full else NO_GROUP
    second = third = fourth = -1
    for i in pool:
        if i in taken:
            continue
        if groups.author[i] in authors:
            fourth = i if fourth < 0 else fourth
        elif groups.sound[i] in sounds:
            third = i if third < 0 else third
        elif tag != NO_GROUP and groups.tag[i] == tag:
            second = i if second < 0 else second
        else:
            return i
    return next(i for i in (second, third, fourth) if i >= 0)
