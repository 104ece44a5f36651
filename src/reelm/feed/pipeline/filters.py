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
    own_number = catalog.number("author", own)
    alive, author = catalog.column("alive"), catalog.column("author")

    def wanted(row: int) -> bool:
        clip_id = catalog.ids[row]
        return (
            bool(alive[row])
            and int(author[row]) != own_number
            and clip_id not in viewer.refused
            and short(clip_id) not in served
        )

    return np.fromiter((row for row in rows.tolist() if wanted(row)), dtype=np.int64)


def short(clip_id: UUID) -> bytes:
    """Return six bytes that stand for a clip in a cursor (the random end of its id)."""
    return clip_id.bytes[-6:]
