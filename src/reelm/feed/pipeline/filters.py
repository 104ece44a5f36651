"""Stage 4, filters: what this viewer does not want to meet, or has met. These reasons are the viewer's own.

They are counted and written nowhere. Filters fail closed: what can't be judged is left out.
"""

from collections.abc import Collection
from enum import StrEnum

import numpy as np
from pyroaring import BitMap

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


def unwanted_of(viewer: ViewerState, served: Collection[int]) -> BitMap:
    """Return the rows that the viewer is not to meet: seen, refused, or served earlier in this visit."""
    met = viewer.seen | viewer.refused if viewer.refused else viewer.seen
    return met | BitMap(served) if served else met


def reasons_of(viewer: ViewerState, left_out: Collection[int]) -> dict[Left, int]:
    """Count why the sources left rows out."""
    rows = BitMap(left_out)
    refused = rows & viewer.refused
    seen = (rows & viewer.seen) - refused
    return {
        Left.SEEN: len(seen),
        Left.REFUSED: len(refused),
        Left.SERVED: len(rows) - len(seen) - len(refused),
    }


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
