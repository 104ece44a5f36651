"""Moving a clip's bytes to where it should stand: sealed, or in clear for everyone.

    wished public, lying sealed   opened into the public folder, then the row says so, then the sealed ones go
    wished otherwise, lying open  the row said so already and the public folder is gone; its files are sealed

Each step can be interrupted and done again. The original is sealed always and never moves.
"""

import asyncio
from pathlib import Path
from uuid import UUID

from reelm.clips.coming import Coming
from reelm.clips.hand import Hand
from reelm.clips.repository import ClipRow, ClipsReader, ClipsWriter
from reelm.clips.states import Standing
from reelm.kit.errors import NotFoundError
from reelm.media.service import MediaRecord, MediaStore, clip_folder

_TRIES = 5
_ORIGINAL = "original"


class Settler:
    """Brings one clip's bytes and row together."""

    def __init__(self, store: MediaStore, coming: Coming) -> None:
        self._store = store
        self._coming = coming

    async def settle(self, hand: Hand) -> None:
        """Bring the clip to where its author's wishes and the hour put it; a clip not yet playable waits."""
        async with self._store.held(hand.clip_id):
            await self._settle(hand)

    async def tidy(self, hand: Hand) -> None:
        """Seal what is on its way out, and remove files that no record names any more."""
        async with self._store.held(hand.clip_id):
            await self._tidy(hand)

    async def _settle(self, hand: Hand) -> None:
        for _ in range(_TRIES):
            async with hand.transaction() as uow:
                row = await ClipsReader(uow).find(hand.clip_id)
                if row is None or row.media is None or row.status not in {"ready", "draft"}:
                    return
                to = await self._coming.standing(uow, row)
            if to.public:
                await self._open(hand, row.media)
            if await self._apply(hand, to, row.media):
                break
        await self._tidy(hand)

    async def _apply(self, hand: Hand, to: Standing, moved: MediaRecord) -> bool:
        """Write the standing down, unless wishes or files have changed since."""
        async with hand.transaction() as uow:
            row = await ClipsWriter(uow).find(hand.clip_id, lock=True)
            if row is None or row.media is None:
                return True
            if await self._coming.standing(uow, row) != to or row.media.files() != moved.files():
                return False
            withhold = not to.public and not row.sealed
            await self._coming.apply(uow, row, to)
        if withhold:
            await self._store.withhold(hand.clip_id)
        return True

    async def _tidy(self, hand: Hand) -> None:
        async with hand.transaction() as uow:
            row = await ClipsReader(uow).find(hand.clip_id)
        if row is None or row.media is None:
            return
        if row.sealed:
            await self._seal(hand, row, row.media)
        await self._remove_strays(row, row.media)

    async def _open(self, hand: Hand, record: MediaRecord) -> None:
        """Write every file of the record into the public folder, from wherever it lies."""
        key = (await hand.keys()).clip_key
        for file in sorted(record.files()):
            public = f"{clip_folder(hand.clip_id, sealed=False)}/{file}"
            if await self._store.has(public):
                continue
            draft = self._draft(hand.clip_id, file)
            try:
                if await self._store.has(f"leaving/{hand.clip_id}/{file}"):
                    await self._store.take_out(f"leaving/{hand.clip_id}/{file}", draft, None)
                elif key is not None:
                    await self._store.take_out(f"sealed/{hand.clip_id}/{file}", draft, key)
                await self._store.put_file(public, draft, None)
            finally:
                await asyncio.to_thread(draft.unlink, missing_ok=True)

    async def _seal(self, hand: Hand, row: ClipRow, record: MediaRecord) -> None:
        """Seal what lies in clear, file by file; then nothing of the clip lies in clear."""
        key = (await hand.keys()).clip_key
        if key is None:
            raise NotFoundError
        await self._store.withhold(row.id)
        for file in sorted(record.files()):
            name = f"leaving/{row.id}/{file}"
            if await self._store.has(f"sealed/{row.id}/{file}") or not await self._store.has(name):
                continue
            draft = self._draft(row.id, file)
            try:
                await self._store.take_out(name, draft, None)
                await self._store.put_file(f"sealed/{row.id}/{file}", draft, key)
            finally:
                await asyncio.to_thread(draft.unlink, missing_ok=True)
        await self._store.blobs.delete(f"leaving/{row.id}")

    async def _remove_strays(self, row: ClipRow, record: MediaRecord) -> None:
        wanted = record.files()
        if not row.sealed:
            await self._store.blobs.delete(f"leaving/{row.id}")
        for folder, kept in (
            (f"public/{row.id}", set() if row.sealed else wanted),
            (f"sealed/{row.id}", {_ORIGINAL, *(wanted if row.sealed else ())}),
        ):
            for name in await self._store.blobs.names(folder):
                if name.rpartition("/")[2] not in kept:
                    await self._store.blobs.delete(name)

    def _draft(self, clip_id: UUID, file: str) -> Path:
        folder = self._store.scratch / "moving"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder / f"{clip_id}-{file}"
