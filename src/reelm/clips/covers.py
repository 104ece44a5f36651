"""Another cover for a clip that plays already: pictures and preview made anew from its renditions."""

import asyncio
import shutil

from reelm.clips.coming import Coming
from reelm.clips.hand import Hand
from reelm.clips.repository import ClipRow, ClipsReader, ClipsWriter
from reelm.media.service import MediaRecord, MediaWorkshop, Shelf, clip_folder


class CoverMaker:
    """Makes the poster that the author chose after the clip was ready."""

    def __init__(self, workshop: MediaWorkshop, coming: Coming) -> None:
        self._workshop = workshop
        self._coming = coming

    async def make(self, hand: Hand) -> None:
        """Bring poster, placeholder and preview to the row's `cover_ms`. A ladder still to come does it itself."""
        async with self._workshop.store.held(hand.clip_id):
            await self._make(hand)

    async def _make(self, hand: Hand) -> None:
        async with hand.transaction() as uow:
            row = await ClipsReader(uow).find(hand.clip_id)
        if row is None or row.media is None or not row.ladder_complete:
            return
        key = (await hand.keys()).clip_key if row.sealed else None
        folder = self._workshop.folder(row.id) / "cover"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        try:
            record = await self._made(row, row.media, key)
            async with hand.transaction() as uow:
                now = await ClipsWriter(uow).find(row.id, lock=True)
                if now is None or now.media is None or now.sealed != row.sealed:
                    return
                to = await self._coming.standing(uow, now)
                await self._coming.apply(uow, now, to, media=record)
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def _made(self, row: ClipRow, media: MediaRecord, key: bytes | None) -> MediaRecord:
        folder = self._workshop.folder(row.id) / "cover"
        paths = []
        for number, rendition in enumerate((media.renditions[0], media.renditions[-1])):
            path = folder / f"{number}.mp4"
            name = f"{clip_folder(row.id, sealed=row.sealed)}/{rendition.file}"
            await self._workshop.store.take_out(name, path, key)
            paths.append(path)
        shelf = Shelf(self._workshop.store, row.id, key)
        return await self._workshop.covered(shelf, media, paths, row.edit.get("cover_ms"), folder)
