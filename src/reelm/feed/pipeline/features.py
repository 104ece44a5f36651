"""Stage 5, features: what is known of each candidate, for this viewer, as 24 numbers of 16 bits.

The order and the scales are published (docs/guide/feed.md; `reelm_audit.feed.layout.FEATURES` names them). All of it
is whole numbers: logarithms are `qlog`, rates are 1024ths with published priors.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from reelm.feed.pipeline.view import CatalogView, KeyTable, Numbers, Rows
from reelm_audit.feed.layout import FEATURES
from reelm_audit.feed.layout import qlog as qlog_of_one

F: Final = len(FEATURES)
COLUMN: Final = {name: number for number, name in enumerate(FEATURES)}
Features = npt.NDArray[np.int16]
_MOST_SECONDS = 600
_LARGEST = 2**52
_SHORT = 2**15 - 1
_TASTES = 2_000
# What is given as its logarithm: all at once, which is quicker than one by one.
_LOGARITHMS: Final = [
    COLUMN[name] for name in ("item", "next", "content", "age", "views", "acts", "author_views", "trend")
]


@dataclass(frozen=True)
class ViewerTables:
    """The viewer, in the form that features are computed from. All empty for nobody in particular."""

    author: KeyTable
    sound: KeyTable
    tags: KeyTable
    author_seen: KeyTable
    sound_seen: KeyTable
    followed: KeyTable
    friends: KeyTable
    wishes: KeyTable
    language: int
    events: int
    finishes: int


@dataclass(frozen=True)
class Named:
    """The candidates as the sources named them: rows, source bits, and the sums by which three sources did."""

    rows: Rows
    sources: Numbers
    item: Numbers
    next: Numbers
    content: Numbers

    def only(self, kept: npt.NDArray[np.bool_]) -> "Named":
        """Return those for which `kept` is true."""
        parts = (self.rows, self.sources, self.item, self.next, self.content)
        return Named(*(part[kept] for part in parts))


def qlog(values: Numbers) -> Numbers:
    """Return the published logarithm of numbers from 0 on: sixteenths of a doubling, rounded down."""
    up = np.minimum(values, _LARGEST) + 1
    exponent = np.frexp(up.astype(np.float64))[1].astype(np.int64) - 1
    return 16 * exponent + (((up << 4) >> exponent) & 15)


def signed_qlog(values: Numbers) -> Numbers:
    """Return `qlog` of the size of each number, with its sign."""
    return np.sign(values) * qlog(np.abs(values))


def rate(part: Numbers, of: Numbers) -> Numbers:
    """Return how often, in 1024ths, as if 16 more had looked and 4 of them had done it."""
    return 1024 * (part + 4) // (of + 16)


def compute(
    catalog: CatalogView, viewer: ViewerTables, named: Named, now: int, author_views: Numbers, trend: Numbers
) -> Features:
    """Return the features of each candidate, a row each. `author_views` and `trend` are of the candidates."""
    rows = named.rows
    out = np.zeros((F, len(rows)), dtype=np.int64)
    author, sound = catalog.column("author")[rows], catalog.column("sound")[rows]
    tags = used_tags(catalog.tags[rows])
    _of_the_viewer(out, catalog, viewer, rows, author, sound, tags)
    _of_the_clip(out, catalog, rows, now)
    out[COLUMN["item"]], out[COLUMN["next"]], out[COLUMN["content"]] = named.item, named.next, named.content
    out[COLUMN["author_views"]], out[COLUMN["trend"]] = np.maximum(author_views, 0), np.maximum(trend, 0)
    out[_LOGARITHMS] = signed_qlog(out[_LOGARITHMS])
    out[COLUMN["source_count"]] = np.bitwise_count(named.sources)
    np.minimum(out, _SHORT, out=out)
    np.maximum(out, -_SHORT, out=out)
    return np.ascontiguousarray(out.T.astype(np.int16))


def used_tags(tags: Rows) -> Rows:
    """Leave out the places where no candidate has a tag: most clips have few."""
    places = int(np.count_nonzero(np.bitwise_or.reduce(tags, axis=0)))
    return tags[:, :places]


def _of_the_viewer(
    out: Numbers,
    catalog: CatalogView,
    viewer: ViewerTables,
    rows: Rows,
    author: Rows,
    sound: Rows,
    tags: Rows,
) -> None:
    out[COLUMN["taste_author"]] = viewer.author.of(author)
    out[COLUMN["taste_sound"]] = viewer.sound.of(sound)
    if len(viewer.tags):
        out[COLUMN["taste_tags"]] = np.clip(viewer.tags.of(tags).sum(axis=1), -_TASTES, _TASTES)
    out[COLUMN["followed"]] = viewer.followed.of(author)
    out[COLUMN["friend"]] = viewer.friends.of(author)
    if viewer.language:
        out[COLUMN["language"]] = catalog.column("language")[rows] == viewer.language
    out[COLUMN["viewer_events"]] = qlog_of_one(viewer.events)
    out[COLUMN["viewer_finish_rate"]] = 1024 * (viewer.finishes + 4) // (viewer.events + 16)
    out[COLUMN["author_seen"]] = viewer.author_seen.of(author)
    out[COLUMN["sound_seen"]] = viewer.sound_seen.of(sound)
    if len(viewer.wishes):
        wishes = viewer.wishes
        out[COLUMN["wish"]] = wishes.of(author) + wishes.of(sound) + wishes.of(tags).sum(axis=1)


def _of_the_clip(out: Numbers, catalog: CatalogView, rows: Rows, now: int) -> None:
    views, likes, comments, reposts, shares, finishes, skips = (
        np.maximum(catalog.column(name)[rows], 0)
        for name in ("views", "likes", "comments", "reposts", "shares", "finishes", "skips")
    )
    acts = likes + 2 * comments + 3 * reposts + 3 * shares
    age = np.maximum(0, now - catalog.column("published")[rows]) // 60
    out[COLUMN["age"]], out[COLUMN["views"]], out[COLUMN["acts"]] = age, views, acts
    out[COLUMN["finish_rate"]] = rate(finishes, views)
    out[COLUMN["skip_rate"]] = rate(skips, views)
    out[COLUMN["act_rate"]] = rate(acts, views)
    out[COLUMN["duration"]] = np.minimum(catalog.column("duration_ms")[rows] // 1000, _MOST_SECONDS)
