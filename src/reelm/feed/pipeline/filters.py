"""Stage 4, filters: what this viewer does not want to meet, or has met. These reasons are the viewer's own.

They are counted and written nowhere. Filters fail closed: what can't be judged is left out.
"""

from collections.abc import Callable, Collection
from enum import StrEnum

import numpy as np

from reelm.feed.pipeline.features import Named
from reelm.feed.pipeline.view import CatalogView
from reelm.feed.pipeline.viewer import ViewerState


class Left(StrEnum):
    """Why a candidate was left out."""

    SEEN = "seen"
    REFUSED = "refused"
    SERVED = "served"
    MUTED = "muted"
    WORDS = "words"
    UNKNOWN = "unknown"


def unwanted_of(
    viewer: ViewerState, served: Collection[int], size: int, counts: dict[Left, int]
) -> Callable[[int], bool]:
    """Return what says of a row, while sources look, that the viewer is not to meet it; it counts the reasons."""
    seen, refused = viewer.seen, viewer.refused

    def unwanted(row: int) -> bool:
        if row in seen:
            counts[Left.SEEN] = counts.get(Left.SEEN, 0) + 1
        elif row in served:
            counts[Left.SERVED] = counts.get(Left.SERVED, 0) + 1
        elif row in refused:
            counts[Left.REFUSED] = counts.get(Left.REFUSED, 0) + 1
        elif row >= size:
            counts[Left.UNKNOWN] = counts.get(Left.UNKNOWN, 0) + 1
        else:
            return False
        return True

    return unwanted


def keep_wanted(catalog: CatalogView, viewer: ViewerState, named: Named, counts: dict[Left, int]) -> Named:
    """Leave out what has a creator, sound or tag that the viewer never wants to meet."""
    muted = viewer.controls.muted
    if not muted or not len(named.rows):
        return named
    keys = np.fromiter(muted, dtype=np.int64, count=len(muted))
    rows = named.rows
    out = np.isin(catalog.column("author")[rows], keys) | np.isin(catalog.column("sound")[rows], keys)
    out |= np.isin(catalog.tags[rows], keys).any(axis=1)
    counts[Left.MUTED] = counts.get(Left.MUTED, 0) + int(out.sum())
    return named.only(~out)
