"""Stage 6, select: from scores to a page, with room between clips of one creator or sound, and for newcomers."""

import hashlib

import numpy as np

from reelm.feed.catalog import Catalog, Rows

SPACING = 3
EXPLORE_EVERY = 10


def choose(
    catalog: Catalog, rows: Rows, scores: Rows, sources: dict[int, str], count: int, seed: bytes
) -> list[int]:
    """Return up to `count` rows in the order they are shown.

    Every tenth place goes to a clip of the source `fresh`, drawn by SHA-256 over the seed; within three places
    no creator and no sound comes twice, unless nothing else is left.
    """
    published = catalog.column("published")[rows]
    order = np.lexsort((rows, -published, -scores))
    queue = [int(row) for row in rows[order]]
    fresh = sorted(
        (row for row in queue if sources.get(row) == "fresh"),
        key=lambda row: hashlib.sha256(seed + catalog.ids[row].tobytes()).digest(),
    )
    author, sound = catalog.column("author"), catalog.column("sound")
    chosen: list[int] = []
    taken: set[int] = set()

    def spaced(row: int) -> bool:
        near = chosen[-SPACING:]
        return all(author[row] != author[other] for other in near) and all(
            sound[row] == 0 or sound[row] != sound[other] for other in near
        )

    while len(chosen) < count and len(taken) < len(queue):
        explore = len(chosen) % EXPLORE_EVERY == EXPLORE_EVERY // 2
        pools = (fresh, queue) if explore else (queue,)
        found = next((row for pool in pools for row in pool if row not in taken and spaced(row)), None)
        if found is None:
            found = next(row for row in queue if row not in taken)
        taken.add(found)
        chosen.append(found)
    return chosen
