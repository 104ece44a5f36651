"""Stage 2, sources: where candidates come from. Each names rows of the catalog; one clip may have several sources.

No source searches: sums of rows of matrices, chains of newest clips, and lists that are the same for everyone. What
the viewer does not want to meet again is left out while looking, so that a source gives what it has beyond that.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from reelm.feed.learning.matrices import Kind as MatrixKind
from reelm.feed.pipeline.features import Named
from reelm.feed.pipeline.policy import POLICY
from reelm.feed.pipeline.view import CatalogView, Numbers, Rows
from reelm.feed.pipeline.viewer import Sums, ViewerState, best_tastes
from reelm_audit.feed.layout import Source

_RULE = POLICY.sources
_NOTHING: Sums = (np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
# How many of the best sums are looked at for each that a source may name: the rest may have been seen.
_LOOKED_AT = 6
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


@dataclass
class Gathering:
    """What one page's sources share.

    `unwanted` says of a row that the viewer is not to meet it; `again` are rows
    that come round all the same, because there is nothing else left to fill the page with.
    """

    catalog: CatalogView
    matrices: MatricesView
    viewer: ViewerState
    unwanted: Callable[[int], bool]
    seed: bytes
    boosted: Collection[int] = ()
    again: Sequence[int] = ()


def gather(g: Gathering) -> tuple[Named, list[tuple[int, int, int]]]:
    """Run all sources; return the candidates in ascending order, and the tastes that were used."""
    found: dict[int, int] = {}
    sums = {kind: _sums(g, kind) for kind in ("item", "next", "content")}
    tastes = best_tastes(g.viewer.tastes(g.catalog)) if g.viewer.profiled else []

    def name(rows: Iterable[int], source: Source, most: int, *, again: bool = False) -> None:
        taken, bit = 0, int(source)
        for row in rows:
            if taken >= most:
                return
            known = found.get(row)
            if known is not None:
                found[row] = known | bit
                taken += 1
            elif len(found) < _RULE.candidates and (again or not g.unwanted(row)):
                found[row] = bit
                taken += 1

    name(g.boosted, Source.BOOST, _RULE.boost)
    name(_best(sums["item"], _RULE.item), Source.ITEM, _RULE.item)
    name(_best(sums["next"], _RULE.next), Source.NEXT, _RULE.next)
    name(_best(sums["content"], _RULE.content), Source.CONTENT, _RULE.content)
    name(_of_tastes(g.catalog, tastes), Source.TASTE, _RULE.taste)
    followed, friends = _following(g)
    name(followed, Source.FOLLOWING, _RULE.following)
    name(friends, Source.FRIENDS, _RULE.following)
    name(_fresh(g), Source.FRESH, _RULE.fresh)
    if g.viewer.profiled and g.viewer.ties.language_name:
        own = g.catalog.list(f"top/{g.viewer.ties.language_name}")
        name(own.tolist(), Source.TRENDING, _RULE.trending_own_language)
    name(g.catalog.list("top").tolist(), Source.TRENDING, _RULE.candidates - len(found))
    name(g.again, Source.AGAIN, _RULE.again, again=True)
    rows = np.array(sorted(found), dtype=np.int64)
    bits = np.array([found[row] for row in rows.tolist()], dtype=np.int64)
    return Named(rows, bits, *(_sum_of(sums[kind], rows) for kind in ("item", "next", "content"))), tastes


def _sums(g: Gathering, kind: MatrixKind) -> Sums:
    """Return the sums of one kind over the viewer's acts, kept until the acts or the matrices change."""
    g.viewer.tables(g.catalog)  # brings the acts up to date
    rows, factors = g.viewer.acts()
    if not rows:
        return _NOTHING
    known = g.viewer.sums.get(kind)
    if known is not None and known[0] == g.matrices.digest:
        return known[1]
    if kind == "next":
        rows, factors = next_of(rows, factors)
    reached, sums = g.matrices.sums(kind, rows, factors)
    made: Sums = reached.astype(np.int64), sums
    g.viewer.sums[kind] = (g.matrices.digest, made)
    return made


def next_of(rows: Sequence[int], factors: Sequence[int]) -> tuple[list[int], list[int]]:
    """Return the newest acts, each weighing as many times more as it is newer than the last of them."""
    most = _RULE.next_acts
    return list(rows[:most]), [factor * (most - place) for place, factor in enumerate(factors[:most])]


def _best(sums: Sums, most: int) -> list[int]:
    """Return the rows with the highest positive sums, highest first, newer rows first among equals."""
    rows, values = sums
    positive = values > 0
    rows, values = rows[positive], values[positive]
    looked_at = most * _LOOKED_AT
    if len(rows) > looked_at:
        # All that are at least as high as the last one looked at, so that equals are not cut by chance.
        least = np.partition(values, len(values) - looked_at)[len(values) - looked_at]
        high = values >= least
        rows, values = rows[high], values[high]
    best: list[int] = rows[np.lexsort((-rows, -values))].tolist()
    return best


def _sum_of(sums: Sums, rows: Rows) -> Numbers:
    reached, values = sums
    if not len(reached):
        return np.zeros(len(rows), dtype=np.int64)
    place = np.searchsorted(reached, rows)
    place[place == len(reached)] = 0
    return np.where(reached[place] == rows, values[place], 0)


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
        taste = viewer.tastes(g.catalog).author
        # The most liked of them; and of the others now these, now those, so that none is left out for good.
        chance = int.from_bytes(g.seed[:8], "big", signed=True)
        creators = sorted(viewer.ties.followed, key=lambda key: (-taste.get(key, 0), key ^ chance))
        chains = {
            key: g.catalog.newest_of("author", key, _RULE.per_creator).tolist()
            for key in creators[: _RULE.creators]
        }
        rows = sorted((row for chain in chains.values() for row in chain), reverse=True)
        near = sorted((row for key in viewer.ties.friends for row in chains.get(key, ())), reverse=True)
        viewer.following_rows = np.array(rows, dtype=np.int64), np.array(near, dtype=np.int64)
    followed, friends = viewer.following_rows
    return followed.tolist(), friends.tolist()


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
    rows = np.concatenate([everything[start:], everything[:start]])[:most].astype(np.int64)
    rows = rows[rows < g.catalog.size]
    if not g.viewer.profiled:
        return list(rows.tolist())
    tables = g.viewer.tables(g.catalog)
    fits = 2 * (g.catalog.column("language")[rows] == tables.language) if tables.language else 0
    if len(tables.tags):
        fits = fits + (tables.tags.of(g.catalog.tags[rows]).sum(axis=1) > 0)
    order = np.argsort(-(fits + np.zeros(len(rows), dtype=np.int64)), kind="stable")
    return list(rows[order].tolist())
