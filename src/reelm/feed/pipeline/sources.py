"""Stage 2, sources: where candidates come from. Each names rows of the catalog; one clip may have several sources.

No source searches: sums of rows of matrices, chains of newest clips, and lists that are the same for everyone. What
the viewer does not want to meet again is left out while looking, so that a source gives what it has beyond that.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt
from pyroaring import BitMap

from reelm.feed.learning.matrices import Kind as MatrixKind
from reelm.feed.pipeline.features import Named, used_tags
from reelm.feed.pipeline.policy import POLICY
from reelm.feed.pipeline.view import CatalogView, Numbers, Rows
from reelm.feed.pipeline.viewer import NO_SUMS, Sums, ViewerState
from reelm_audit.feed.layout import Source

_RULE = POLICY.sources
# How many of the best sums are looked at for each that a source may name: the rest may have been seen.
_LOOKED_AT = 6
_LISTS_KEPT = 200
_MATRICES: Final[dict[MatrixKind, tuple[int, int]]] = {
    "item": (Source.ITEM.value, _RULE.item),
    "next": (Source.NEXT.value, _RULE.next),
    "content": (Source.CONTENT.value, _RULE.content),
}
_CHAINS = {1: "author", 2: "sound", 3: "tag"}


class MatricesView(Protocol):
    """The part of `feed.learning.Matrices` that sources read."""

    @property
    def digest(self) -> bytes:
        """Which set of matrices this is."""

    def sums(
        self, kind: MatrixKind, rows: Sequence[int], factors: Sequence[int]
    ) -> tuple[npt.NDArray[np.uint32], Numbers]:
        """Return every clip that the rows reach, ascending, and its sum."""


class Lists:
    """The catalog's lists as Python's own numbers, made once for each version of a list."""

    def __init__(self, catalog: CatalogView) -> None:
        self._catalog = catalog
        self._known: dict[str, tuple[npt.NDArray[Any], list[int]]] = {}

    def rows(self, name: str) -> list[int]:
        """Return a list's rows, best first."""
        there = self._catalog.list(name)
        known = self._known.get(name)
        if known is None or known[0] is not there:
            if len(self._known) > _LISTS_KEPT:
                self._known.clear()
            known = self._known[name] = (there, there.tolist())
        return known[1]


@dataclass
class Gathering:
    """What one page's sources share.

    `unwanted` are the rows that the viewer is not to meet (again); those of them that a source named are noted in
    `left_out`. `again` are rows that come round all the same, because there is nothing else to fill the page with.
    """

    catalog: CatalogView
    lists: Lists
    matrices: MatricesView
    viewer: ViewerState
    unwanted: BitMap
    seed: bytes
    boosted: Collection[int] = ()
    again: Sequence[int] = ()
    left_out: list[int] = field(default_factory=list)


def gather(g: Gathering) -> tuple[Named, list[tuple[int, int, int]]]:
    """Run all sources; return the candidates in ascending order, and the tastes that were used."""
    found: dict[int, int] = {}
    sums = {kind: _sums(g, kind) for kind in _MATRICES}
    tastes = g.viewer.best_tastes(g.catalog)

    def name(rows: Iterable[int], bit: int, most: int, *, again: bool = False) -> None:
        taken, room = 0, _RULE.candidates - len(found)
        for row in rows:
            if taken >= most:
                return
            known = found.get(row)
            if known is not None:
                found[row] = known | bit
            elif not again and row in g.unwanted:
                g.left_out.append(row)
                continue
            elif room:
                found[row] = bit
                room -= 1
            else:
                return
            taken += 1

    name(g.boosted, Source.BOOST.value, _RULE.boost)
    for kind, (bit, most) in _MATRICES.items():
        name(sums[kind].best, bit, most)
    name(_of_tastes(g.catalog, tastes), Source.TASTE.value, _RULE.taste)
    followed, friends = _following(g)
    name(followed, Source.FOLLOWING.value, _RULE.following)
    name(friends, Source.FRIENDS.value, _RULE.following)
    name(_fresh(g), Source.FRESH.value, _RULE.fresh)
    if g.viewer.profiled and g.viewer.ties.language_name:
        own = g.lists.rows(f"top/{g.viewer.ties.language_name}")
        name(own, Source.TRENDING.value, _RULE.trending_own_language)
    name(g.lists.rows("top"), Source.TRENDING.value, _RULE.candidates - len(found))
    name(g.again, Source.AGAIN.value, _RULE.again, again=True)
    rows = np.array(sorted(found), dtype=np.int64)
    bits = np.array([found[row] for row in rows.tolist()], dtype=np.int64)
    return Named(rows, bits, *(_sum_of(sums[kind], rows) for kind in _MATRICES)), tastes


def _sums(g: Gathering, kind: MatrixKind) -> Sums:
    """Return the sums of one kind over the viewer's acts, kept until the acts or the matrices change."""
    rows, factors = g.viewer.acts(g.catalog)
    if not rows:
        return NO_SUMS
    known = g.viewer.sums.get(kind)
    if known is not None and known[0] == g.matrices.digest:
        return known[1]
    if kind == "next":
        rows, factors = next_of(rows, factors)
    reached, sums = g.matrices.sums(kind, rows, factors)
    made = Sums(reached.astype(np.int64), sums, _best(reached, sums, _MATRICES[kind][1]))
    g.viewer.sums[kind] = (g.matrices.digest, made)
    return made


def next_of(rows: Sequence[int], factors: Sequence[int]) -> tuple[list[int], list[int]]:
    """Return the newest acts, each weighing as many times more as it is newer than the last of them."""
    most = _RULE.next_acts
    return list(rows[:most]), [factor * (most - place) for place, factor in enumerate(factors[:most])]


def _best(rows: npt.NDArray[np.uint32], values: Numbers, most: int) -> list[int]:
    """Return the rows with the highest positive sums, highest first, newer rows first among equals."""
    positive = values > 0
    rows, values = rows[positive], values[positive]
    looked_at = most * _LOOKED_AT
    if len(rows) > looked_at:
        # All that are at least as high as the last one looked at, so that equals are not cut by chance.
        least = np.partition(values, len(values) - looked_at)[len(values) - looked_at]
        high = values >= least
        rows, values = rows[high], values[high]
    best: list[int] = rows[np.lexsort((-rows.astype(np.int64), -values))].tolist()
    return best


def _sum_of(sums: Sums, rows: Rows) -> Numbers:
    if not len(sums.rows) or not len(rows):
        return np.zeros(len(rows), dtype=np.int64)
    place = sums.rows.searchsorted(rows)
    place[place == len(sums.rows)] = 0
    return np.where(sums.rows[place] == rows, sums.values[place], 0)


def _of_tastes(catalog: CatalogView, tastes: Sequence[tuple[int, int, int]]) -> list[int]:
    """Return the newest of each liking in turn: the first of all, then the second of all."""
    chains = [catalog.newest_of(_CHAINS[kind], key, _RULE.per_taste).tolist() for kind, key, _ in tastes]
    return [chain[depth] for depth in range(_RULE.per_taste) for chain in chains if depth < len(chain)]


def _following(g: Gathering) -> tuple[list[int], list[int]]:
    """Return the newest clips of those the viewer follows, and of friends; kept as long as their ties are."""
    viewer = g.viewer
    if not viewer.profiled or not viewer.ties.followed:
        return [], []
    if viewer.following_rows is None:
        taste = viewer.tastes(g.catalog).author.as_dict()
        # The most liked of them; and of the others now these, now those, so that none is left out for good.
        chance = int.from_bytes(g.seed[:8], "big", signed=True)
        creators = sorted(viewer.ties.followed, key=lambda key: (-taste.get(key, 0), key ^ chance))
        chains = {
            key: g.catalog.newest_of("author", key, _RULE.per_creator).tolist()
            for key in creators[: _RULE.creators]
        }
        rows = sorted((row for chain in chains.values() for row in chain), reverse=True)
        near = sorted((row for key in viewer.ties.friends for row in chains.get(key, ())), reverse=True)
        viewer.following_rows = rows, near
    return viewer.following_rows


def _fresh(g: Gathering) -> list[int]:
    """Return new clips that have not had their guaranteed impressions: a stretch of the list that begins by chance.

    Of the stretch, clips in the viewer's language and with tags they like come first: so every new clip meets
    viewers, and those it fits before others.
    """
    everything = g.catalog.list("fresh")
    count, most = len(everything), _RULE.fresh_looked_at
    if not count:
        return []
    start = int.from_bytes(g.seed[8:16], "little") % count
    stretch = everything[start : start + most]
    if len(stretch) < most:
        stretch = np.concatenate([stretch, everything[: min(start, most - len(stretch))]])
    rows = stretch[stretch < g.catalog.size].astype(np.int64)
    if not g.viewer.profiled:
        return list(rows.tolist())
    tables = g.viewer.tables(g.catalog)
    fits = np.zeros(len(rows), dtype=np.int64)
    if tables.language:
        fits -= 2 * (g.catalog.column("language")[rows] == tables.language)
    if len(tables.tags):
        fits -= tables.tags.of(used_tags(g.catalog.tags[rows])).sum(axis=1) > 0
    best: list[int] = rows[fits.argsort(kind="stable")].tolist()
    return best
