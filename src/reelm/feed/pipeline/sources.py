"""Stage 2, sources: where candidates come from. Up to 300 rows of the catalog, each once, with its source."""

from collections.abc import Iterable

from reelm.feed.catalog import KINDS, Catalog
from reelm.feed.pipeline.viewer import ViewerState

CANDIDATES = 300
_SHARE = {"following": 50, "taste": 120, "fresh": 40}
_TASTES = 16
_PER_TASTE = 15


def gather(catalog: Catalog, viewer: ViewerState) -> dict[int, str]:
    """Return candidate rows and the source that named each first: following, taste, fresh, trending."""
    found: dict[int, str] = {}
    seen = viewer.seen

    def take(rows: Iterable[int], source: str, most: int) -> None:
        taken = 0
        for row in rows:
            if taken >= most or len(found) >= CANDIDATES:
                return
            if row not in found and catalog.id_of(row) not in seen:
                found[row] = source
                taken += 1

    newest_of_followed = sorted(
        (row for author in viewer.followed for row in catalog.newest_of("author", author, 5).tolist()),
        reverse=True,
    )
    take(newest_of_followed, "following", _SHARE["following"])
    before = len(found)
    for number in viewer.liked_numbers(_TASTES):
        if len(found) - before >= _SHARE["taste"]:
            break
        for kind in KINDS:
            take(catalog.newest_of(kind, number, _PER_TASTE).tolist(), "taste", _PER_TASTE)
    take(catalog.list("fresh").tolist(), "fresh", _SHARE["fresh"])
    take(catalog.list("top").tolist(), "trending", CANDIDATES)
    return found
