"""Stage 5, score: the published integer score, version 1 (docs/guide/feed.md).

score = common + viewer's, where
  common  = recency + 48·log2(1 + likes + 2·comments + 3·reposts + 3·shares)
            + 512·(finishes + 4) / (views + 16) - 256·skips / (views + 16)
  viewer's = Σ taste of creator, sound and tags (each -2000…2000)
            + 250 if followed + 150 if in the viewer's language
log2 is ⌊log2⌋ of the integer; divisions round down. Equal scores: the newer clip first, then by id.
"""

import numpy as np

from reelm.feed.catalog import Catalog, Rows
from reelm.feed.pipeline.viewer import ViewerState

GUARANTEED_VIEWS = 200
FOLLOWED = 250
OWN_LANGUAGE = 150
_HOUR = 3600
# Points by age: (younger than, in hours; points).
RECENCY = ((1, 400), (6, 340), (24, 280), (72, 210), (168, 150), (720, 80), (2160, 40))


def common_score(catalog: Catalog, rows: Rows, now: int) -> Rows:
    """Return the part of the score that is the same for everyone; `now` in Unix seconds."""
    column = {
        name: catalog.column(name)[rows]
        for name in ("views", "likes", "comments", "reposts", "shares", "finishes", "skips", "published")
    }
    hours = np.maximum(0, now - column["published"]) // _HOUR
    limits = np.array([limit for limit, _ in RECENCY], dtype=np.int64)
    points = np.array([*(value for _, value in RECENCY), 0], dtype=np.int64)
    recency = points[np.searchsorted(limits, hours, side="right")]
    acts = column["likes"] + 2 * column["comments"] + 3 * column["reposts"] + 3 * column["shares"]
    shown = column["views"] + 16
    total: Rows = (
        recency
        + 48 * floor_log2(1 + np.maximum(acts, 0))
        + 512 * (column["finishes"] + 4) // shown
        - 256 * column["skips"] // shown
    )
    return total


def floor_log2(values: Rows) -> Rows:
    """Return ⌊log2⌋ of positive integers below 2⁵³, exactly."""
    return (np.frexp(values.astype(np.float64))[1] - 1).astype(np.int64)


def viewer_score(catalog: Catalog, viewer: ViewerState, rows: Rows) -> Rows:
    """Return the viewer's part of the score."""
    taste, followed, language, tags = viewer.taste.get, viewer.followed, viewer.language, catalog.tags
    authors = catalog.column("author")[rows].tolist()
    sounds = catalog.column("sound")[rows].tolist()
    languages = catalog.column("language")[rows].tolist()
    found: list[int] = []
    for row, author, sound, spoken in zip(rows.tolist(), authors, sounds, languages, strict=True):
        points = taste(author, 0) + (taste(sound, 0) if sound else 0)
        for tag in tags[row].tolist():
            points += taste(tag, 0) if tag else 0
        if author in followed:
            points += FOLLOWED
        if spoken == language:
            points += OWN_LANGUAGE
        found.append(points)
    return np.array(found, dtype=np.int64)
