"""The files of foreign clips: fetched once by the border, taken apart and made anew in the sandbox, served from home.

Steps, each of which can be interrupted and done again: 1. the border fetches the file, of which its realm said the
SHA-256; 2. the engine probes it and makes the ladder, as of any upload that nobody trusts; 3. the files are stored in
the clip's public folder; 4. one transaction shows the clip. Nobody here ever asks another realm for a byte.
"""

import asyncio
from pathlib import Path
from uuid import UUID

import msgspec
import structlog

from reelm.border.service import BorderClient, Fetched
from reelm.federation.reading import LARGEST_FILE
from reelm.federation.repository import FederationReader, FederationWriter
from reelm.kit.database import Database
from reelm.kit.ids import trace_of
from reelm.media.service import MediaRecord, MediaWorkshop, Pipeline, Shelf, Task, shelve_ladder

PURPOSE = "clip"
_PICTURE_BYTES = 2_000_000
_log = structlog.get_logger("reelm.worker")


class WrongFileError(Exception):
    """What was fetched is not the file that the clip's realm spoke of."""


class Placer:
    """Makes foreign clips playable."""

    def __init__(self, database: Database, border: BorderClient, workshop: MediaWorkshop) -> None:
        self._database = database
        self._border = border
        self._workshop = workshop

    async def place(self, clip_id: UUID, stopping: asyncio.Event | None = None) -> None:
        """Bring one clip's file home and show it. Raises what the border and the engine raise."""
        async with self._database.transaction() as uow:
            known = await FederationReader(uow).find_of("clip", clip_id)
        link = known.media if known else None
        if link is None or link.get("placed") == link["digest"]:
            return
        if not 0 < link["size"] <= min(LARGEST_FILE, self._workshop.largest_bytes):
            raise WrongFileError("size")
        fetched = await self._border.fetch(link["url"], PURPOSE, link["size"])
        if fetched.sha256 != link["digest"]:
            self._border.forget(fetched)
            raise WrongFileError("digest")
        try:
            record = await self._make(clip_id, fetched)
        finally:
            await asyncio.to_thread(self._workshop.clear_scratch, clip_id)
        async with self._database.transaction() as uow:
            shown = await FederationWriter(uow).place_clip(
                clip_id, msgspec.to_builtins(record), link["digest"], link["said"]
            )
        if not shown:
            await self._workshop.store.forget(clip_id)
        else:
            await self._remove_strays(clip_id, record)
        self._border.forget(fetched)
        _log.info("placed", clip=trace_of(clip_id), shown=shown)

    async def place_avatar(self, person_id: UUID, url: str | None) -> None:
        """Bring a foreign person's picture home, cut and written anew. Raises as `place`, and what pictures raise."""
        name = None
        if url is not None:
            fetched = await self._border.fetch(url, "avatar", _PICTURE_BYTES)
            try:
                name = f"{fetched.sha256[:32]}.webp"
                picture = await asyncio.to_thread(self._border.path_of(fetched).read_bytes)
                await self._workshop.bring_avatar(picture, name)
            finally:
                self._border.forget(fetched)
        async with self._database.transaction() as uow:
            await FederationWriter(uow).place_avatar(person_id, name)

    async def _make(self, clip_id: UUID, fetched: Fetched) -> MediaRecord:
        folder = self._workshop.folder(clip_id)
        source = folder / "original"
        await asyncio.to_thread(_link, self._border.path_of(fetched), source)
        task = Task(source, folder / "work", limits=self._workshop.limits)
        pipeline = Pipeline(self._workshop.tools, task)
        ladder = await asyncio.to_thread(pipeline.finish)
        async with self._workshop.store.held(clip_id):
            return await shelve_ladder(Shelf(self._workshop.store, clip_id, None), ladder, folder)

    async def _remove_strays(self, clip_id: UUID, record: MediaRecord) -> None:
        """Files of an earlier version; whoever plays it begins anew."""
        wanted = record.files()
        for name in await self._workshop.store.blobs.names(f"public/{clip_id}"):
            if name.rpartition("/")[2] not in wanted:
                await self._workshop.store.blobs.delete(name)


def _link(source: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    target.hardlink_to(source)
