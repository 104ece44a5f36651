"""Clips as ready-made JSON: encoded once for everyone, completed for each viewer.

A clip's JSON is cut into three pieces, around its counters and around what it is to the viewer. The pieces are
kept while the catalog holds the clip public, for a minute at most, since names and pictures of people change too.
"""

from collections import OrderedDict
from collections.abc import Sequence
from uuid import UUID

import msgspec
import numpy as np

from reelm.clips.service import Clip, ClipsService, ClipViewer
from reelm.feed.catalog import Catalog
from reelm.feed.controls.words import text_of
from reelm.kit.clock import Clock
from reelm.kit.database import UnitOfWork

_KEPT = 20_000
_SECONDS = 60.0
_COUNTS = b',"counts":'
_VIEWER = b',"viewer":'
_SHOWN_COUNTS = ("views", "likes", "comments", "reposts", "shares")
_COUNTS_OF = '{"views":%d,"likes":%d,"comments":%d,"reposts":%d,"shares":%d}'
_encode = msgspec.json.Encoder().encode


class _Pieces(msgspec.Struct, frozen=True):
    """Encoded JSON before the counters, and after the viewer's part; `until` on the monotonic clock.

    `text` is what the clip says, in the form in which filtered words are looked for.
    """

    head: bytes
    tail: bytes
    text: str
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
        row = self._catalog.row(clip_id)
        return None if row < 0 else self.cards([clip_id], [row], [viewer])[0]

    def cards(
        self, ids: Sequence[UUID], rows: Sequence[int], viewers: Sequence[ClipViewer | None]
    ) -> list[bytes | None]:
        """Return warm clips' JSON, given their rows in the catalog; None for one that is gone, or not warm."""
        catalog, wanted = self._catalog, np.array(rows, dtype=np.int64)
        alive = catalog.column("alive")[wanted].tolist()
        counts = zip(*(catalog.column(name)[wanted].tolist() for name in _SHOWN_COUNTS), strict=True)
        found: list[bytes | None] = []
        for clip_id, is_alive, numbers, viewer in zip(ids, alive, counts, viewers, strict=True):
            pieces = self._pieces.get(clip_id)
            if pieces is None or not is_alive:
                found.append(None)
                continue
            mine = b"null" if viewer is None else _encode(viewer)
            said = (_COUNTS_OF % numbers).encode()
            found.append(b"%b%b%b%b%b%b" % (pieces.head, _COUNTS, said, _VIEWER, mine, pieces.tail))
        return found

    def text(self, clip_id: UUID) -> str | None:
        """Return what a warm clip says, as filtered words are looked for; None if it is not warm."""
        pieces = self._pieces.get(clip_id)
        return None if pieces is None else pieces.text

    def is_warm(self, clip_id: UUID) -> bool:
        found = self._pieces.get(clip_id)
        return found is not None and found.until >= self._clock.monotonic()


def _cut(clip: Clip, until: float) -> _Pieces:
    # Inside a JSON string every quote is escaped, so neither mark can occur in somebody's text.
    encoded = _encode(clip)
    head, _, rest = encoded.partition(_COUNTS)
    _, _, tail = rest.partition(_VIEWER + b"null")
    return _Pieces(head, tail, text_of(clip.caption, clip.tags), until)
