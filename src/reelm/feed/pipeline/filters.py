"""Stage 4, filters: what this viewer does not want to meet (again). Fails closed: an unknown clip is removed."""

from collections.abc import Collection
from uuid import UUID

import numpy as np

from reelm.feed.catalog import Catalog, Rows
from reelm.feed.pipeline.viewer import ViewerState


def keep_wanted(
    catalog: Catalog, viewer: ViewerState, rows: Rows, served: Collection[bytes], own: UUID | None
) -> Rows:
    """Remove dead rows, one's own clips, what was refused, and what earlier pages of this visit had."""
    mask = (catalog.column("alive")[rows] == 1) & (
        catalog.column("author")[rows] != catalog.number("author", own)
    )
    kept: Rows = rows[mask]
    if not viewer.refused and not served:
        return kept
    ids = catalog.ids
    wanted = [
        row for row in kept.tolist() if ids[row] not in viewer.refused and short(ids[row]) not in served
    ]
    return np.array(wanted, dtype=np.int64)


def short(clip_id: UUID) -> bytes:
    """Return six bytes that stand for a clip in a cursor (the random end of its id)."""
    return clip_id.bytes[-6:]
