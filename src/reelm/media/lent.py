"""A sealed clip for a member of staff under a grant: its smallest rendition, by ranges, while the grant is in force.

The key is asked for with each request, and lives as long as the answer. While bytes go out, the grant is looked at
every second: when it was closed, has run out, or the session has ended, the answer breaks off.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import msgspec

from reelm.custody.service import GrantUses, OpenedClip, Visitor
from reelm.kit.clock import Clock
from reelm.kit.errors import NotFoundError
from reelm.media.schemas import MediaRecord
from reelm.media.sealed import SealedReader
from reelm.media.serve import Asked
from reelm.media.store import MediaStore, clip_folder

LOOK_AGAIN_SECONDS = 1.0
_SEGMENTS_AT_ONCE = 4


class LentClips:
    """Opens clips under grants, for the visitor's console."""

    def __init__(self, store: MediaStore, uses: GrantUses, clock: Clock) -> None:
        self._store = store
        self._uses = uses
        self._clock = clock

    async def answer(
        self, visitor: Visitor, grant_id: UUID, clip_id: UUID, scope: Any
    ) -> tuple[int, dict[str, str], AsyncIterator[bytes]]:
        """Return status, headers and bytes. Raises `NotFoundError` for a clip that has no sealed film."""
        opened = await self._uses.open_clip(visitor, grant_id, clip_id)
        name = f"{clip_folder(clip_id, sealed=True)}/{_smallest(opened)}"
        reader = await asyncio.to_thread(self._store.reader, name, opened.key)
        try:
            window = Asked(scope).window(reader.size, "")
        except BaseException:
            reader.close()
            raise
        start, length = window or (0, reader.size)
        headers = {
            "content-type": "video/mp4",
            "cache-control": "private, no-store",
            "accept-ranges": "bytes",
            "content-length": str(length),
        }
        if window is not None:
            headers["content-range"] = f"bytes {start}-{start + length - 1}/{reader.size}"
        pieces = self._while_in_force(visitor, opened, reader, start, length)
        return 200 if window is None else 206, headers, pieces

    async def _while_in_force(
        self, visitor: Visitor, opened: OpenedClip, reader: SealedReader, start: int, length: int
    ) -> AsyncIterator[bytes]:
        with contextlib.closing(reader):
            pieces = reader.iterate(start, length)
            looked = self._clock.monotonic()
            while True:
                now = self._clock.monotonic()
                if now - looked >= LOOK_AGAIN_SECONDS:
                    looked = now
                    if not await self._uses.is_in_force(visitor, opened.grant_id):
                        raise NotFoundError
                if self._clock.now() >= opened.expires_at:
                    raise NotFoundError
                batch = await asyncio.to_thread(
                    lambda: [piece for _, piece in zip(range(_SEGMENTS_AT_ONCE), pieces, strict=False)]
                )
                if not batch:
                    return
                yield b"".join(batch)


def _smallest(opened: OpenedClip) -> str:
    if not opened.media:
        raise NotFoundError
    record = msgspec.json.decode(opened.media, type=MediaRecord)
    if not record.renditions:
        raise NotFoundError
    return min(record.renditions, key=lambda each: each.bytes).file
