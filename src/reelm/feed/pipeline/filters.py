"""Stage 4, filters: what this viewer does not want to meet (again). Fails closed: an unknown clip is removed."""

from collections.abc import Collection
from uuid import UUID

import numpy as np

from reelm.feed.catalog import Catalog, Rows
from reelm.feed.keys import key_of_id
from reelm.feed.pipeline.viewer import ViewerState


def keep_wanted(
    catalog: Catalog, viewer: ViewerState, rows: Rows, served: Collection[bytes], own: UUID | None
) -> Rows:
    """Remove dead rows, one's own clips, what was refused, and what earlier pages of this visit had."""
    mask = (catalog.column("alive")[rows] == 1) & (catalog.column("author")[rows] != key_of_id(own))
    kept: Rows = rows[mask]
    if not viewer.refused and not served:
        return kept
    ids = [catalog.id_of(row) for row in kept.tolist()]
    wanted = [
        row
        for row, clip_id in zip(kept.tolist(), ids, strict=True)
        if clip_id not in viewer.refused and short(clip_id) not in served
    ]
    return np.array(wanted, dtype=np.int64)


def short(clip_id: UUID) -> bytes:
    """Return six bytes that stand for a clip in a cursor (the random end of its id)."""
    return clip_id.bytes[-6:]
