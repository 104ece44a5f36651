"""When everything was seen: the clips met longest ago come round again, so that a small realm never runs dry."""

from collections.abc import Collection

import numpy as np

from reelm.feed.catalog import Catalog, Rows
from reelm.feed.pipeline.filters import short
from reelm.feed.pipeline.viewer import ViewerState

_MOST = 200


def seen_longest_ago(catalog: Catalog, viewer: ViewerState, served: Collection[bytes]) -> Rows:
    """Return rows the viewer has seen, longest ago first, without those of this visit's last pages."""
    found: list[int] = []
    for clip_id in viewer.seen:
        row = catalog.row(clip_id)
        if row >= 0 and short(clip_id) not in served:
            found.append(row)
            if len(found) >= _MOST:
                break
    return np.array(found, dtype=np.int64)
