"""Clips as ready-made JSON: encoded once for everyone, completed for each viewer.

A clip's JSON is cut into three pieces, around its counters and around what it is to the viewer. The pieces are
kept while the catalog holds the clip public, for a minute at most, since names and pictures of people change too.
"""

from collections import OrderedDict
from collections.abc import Sequence
from uuid import UUID

import msgspec

from reelm.clips.service import Clip, ClipsService, ClipViewer
from reelm.feed.catalog import Catalog
from reelm.kit.clock import Clock
from reelm.kit.database import UnitOfWork

_KEPT = 20_000
_SECONDS = 60.0
_COUNTS = b',"counts":'
_VIEWER = b',"viewer":'
_SHOWN_COUNTS = ("views", "likes", "comments", "reposts", "shares")
_encode = msgspec.json.Encoder().encode


class _Pieces(msgspec.Struct, frozen=True):
    """Encoded JSON before the counters, and after the viewer's part; `until` on the monotonic clock."""

    head: bytes
    tail: bytes
    until: float


class CardCache:
    """Public clips as JSON bytes."""

    def __init__(self, catalog: Catalog, clips: ClipsService, clock: Clock) -> None:
        self._catalog = catalog
        self._clips = clips
        self._clock = clock
        self._pieces: OrderedDict[UUID, _Pieces] = OrderedDict()

    def forget(self, payload: str) -> None:
        """Drop a clip that changed (channel `catalog`)."""
        try:
            self._pieces.pop(UUID(payload), None)
        except ValueError:
            return

    def forget_all(self) -> None:
        """Drop everything: notifications may have been missed."""
        self._pieces.clear()

    async def warm(self, uow: UnitOfWork, ids: Sequence[UUID]) -> None:
        """Encode those of `ids` that are public and not here yet, as far as the subject of `uow` sees them.

        It reads through the caller's transaction: taking another connection while holding one could leave
        every request waiting for the others.
        """
        now = self._clock.monotonic()
        missing = [i for i in ids if (found := self._pieces.get(i)) is None or found.until < now]
        if not missing:
            return
        for clip in await self._clips.hydrate(uow, None, missing):
            if clip.visibility == "everyone":
                self._pieces[clip.id] = _cut(clip, now + _SECONDS)
        while len(self._pieces) > _KEPT:
            self._pieces.popitem(last=False)

    def card(self, clip_id: UUID, viewer: ClipViewer | None) -> bytes | None:
        """Return a warm clip's JSON for one viewer; None if it is not public, or not warm."""
        pieces = self._pieces.get(clip_id)
        row = self._catalog.row(clip_id)
        if pieces is None or row < 0:
            return None
        counts = ",".join(f'"{name}":{self._catalog.column(name)[row]}' for name in _SHOWN_COUNTS)
        mine = b"null" if viewer is None else _encode(viewer)
        return b"%b%b{%b}%b%b%b" % (pieces.head, _COUNTS, counts.encode(), _VIEWER, mine, pieces.tail)

    def is_warm(self, clip_id: UUID) -> bool:
        found = self._pieces.get(clip_id)
        return found is not None and found.until >= self._clock.monotonic()


def _cut(clip: Clip, until: float) -> _Pieces:
    # Inside a JSON string every quote is escaped, so neither mark can occur in somebody's text.
    encoded = _encode(clip)
    head, _, rest = encoded.partition(_COUNTS)
    _, _, tail = rest.partition(_VIEWER + b"null")
    return _Pieces(head, tail, until)
