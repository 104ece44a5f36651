"""Decisions about media that other rooms ask for: uploads, addresses, bytes of clips, profile pictures.

The only file of this room that others import.
"""

import asyncio
import contextlib
from pathlib import Path
from uuid import UUID

from reelm.accounts.service import AccountsService, Visitor
from reelm.custody.service import KeysClient
from reelm.kit.blobs import BlobStore
from reelm.kit.clock import Clock
from reelm.kit.database import Database, UnitOfWork
from reelm.kit.ids import Ids
from reelm.media import avatars, download
from reelm.media.edit import Edit
from reelm.media.errors import (
    CancelledError,
    InvalidEditError,
    MediaError,
    SealBrokenError,
    TooHeavyError,
)
from reelm.media.ffmpeg import Tools
from reelm.media.lent import LentClips
from reelm.media.links import Addresses
from reelm.media.pipeline import Pipeline, Stage, Task
from reelm.media.probe import ProbeLimits
from reelm.media.publish import Shelf, shelve_cover, shelve_first, shelve_ladder
from reelm.media.repository import PartRow, UploadReader, UploadRow, UploadWriter
from reelm.media.results import FirstPlayable, Ladder
from reelm.media.schemas import MediaOut, MediaRecord, RenditionOut, StoryboardOut
from reelm.media.sealed import SealedReader
from reelm.media.serve import Asked, MediaFiles, RangeUnsuitableError, opened
from reelm.media.store import MediaStore, clip_folder, original_name
from reelm.media.upload_errors import (
    PictureUnsuitableError,
    UploadGoneError,
    UploadIncompleteError,
    UploadUsedError,
)
from reelm.media.uploads import Uploads, put_together
from reelm.settings import Settings

__all__ = [
    "Addresses",
    "Asked",
    "CancelledError",
    "Edit",
    "FirstPlayable",
    "InvalidEditError",
    "Ladder",
    "LentClips",
    "MediaError",
    "MediaOut",
    "MediaRecord",
    "MediaService",
    "MediaStore",
    "MediaWorkshop",
    "PartRow",
    "PictureUnsuitableError",
    "Pipeline",
    "ProbeLimits",
    "RangeUnsuitableError",
    "SealBrokenError",
    "SealedReader",
    "Shelf",
    "Stage",
    "Task",
    "TooHeavyError",
    "Tools",
    "UploadGoneError",
    "UploadRow",
    "clip_folder",
    "opened",
    "original_name",
    "shelve_first",
    "shelve_ladder",
]


class MediaService:
    """Media, as the web process needs it."""

    def __init__(
        self,
        database: Database,
        keys: KeysClient,
        blobs: BlobStore,
        accounts: AccountsService,
        settings: Settings,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._accounts = accounts
        self._settings = settings
        self._clock = clock
        self._ids = ids
        self.store = MediaStore(blobs, settings.scratch)
        self.uploads = Uploads(database, keys, self.store, settings, clock, ids)
        self.files = MediaFiles(self.store, keys, clock)
        self._tools: Tools | None = None

    @property
    def tools(self) -> Tools:
        """Return FFmpeg, looked for on first use."""
        if self._tools is None:
            self._tools = Tools.find(self._settings.media.ffmpeg, self._settings.media.sandbox)
        return self._tools

    # --- uploads ----------------------------------------------------------------------------------------

    async def claim(self, uow: UnitOfWork, visitor: Visitor, upload_id: UUID, clip_id: UUID) -> None:
        """Make a complete upload part of a clip, in the clip's transaction.

        Raises `UploadGoneError`, `UploadIncompleteError` or `UploadUsedError`.
        """
        writer = UploadWriter(uow)
        if await writer.claim(visitor.person_id, upload_id, clip_id):
            return
        row = await writer.find(visitor.person_id, upload_id)
        if row is None:
            raise UploadGoneError(fields={"upload_id": "not_found"})
        if row.clip_id is not None:
            raise UploadUsedError(fields={"upload_id": "used"})
        raise UploadIncompleteError(fields={"upload_id": "incomplete"})

    async def claim_import(self, uow: UnitOfWork, visitor: Visitor, upload_id: UUID, import_id: UUID) -> bool:
        """Make a complete archive part of an import; false for anything else."""
        return await UploadWriter(uow).claim(visitor.person_id, upload_id, import_id, purpose="import")

    async def forget_upload(self, uow: UnitOfWork, person_id: UUID, upload_id: UUID) -> None:
        """Take an upload's rows away, with the clip's; the bytes follow by `forget_bytes`."""
        await UploadWriter(uow).delete(person_id, upload_id)

    # --- addresses --------------------------------------------------------------------------------------

    def addresses(self, viewer: Visitor | None) -> Addresses:
        return Addresses(viewer, self._clock)

    @staticmethod
    def seen(record: MediaRecord, clip_id: UUID, addresses: Addresses, *, sealed: bool) -> MediaOut:
        """Return a clip's media with the viewer's own addresses."""

        def at(file: str) -> str:
            return addresses.of(clip_id, file, sealed=sealed)

        board = record.storyboard
        shown = (
            StoryboardOut(
                at(board["file"]), **{name: value for name, value in board.items() if name != "file"}
            )
            if board
            else None
        )
        return MediaOut(
            renditions=[
                RenditionOut(
                    at(each.file),
                    each.width,
                    each.height,
                    each.bytes,
                    each.bandwidth,
                    each.codecs,
                    each.init_bytes,
                    each.fragment_ms,
                    each.fragments,
                )
                for each in record.renditions
            ],
            hls_url=at(record.hls),
            poster_url=at(record.poster),
            preview_url=at(record.preview) if record.preview else None,
            thumbhash=record.thumbhash,
            duration_ms=record.duration_ms,
            width=record.width,
            height=record.height,
            gain_db=record.gain_db,
            has_audio=record.has_audio,
            storyboard=shown,
        )

    # --- bytes of clips ---------------------------------------------------------------------------------

    async def withhold(self, clip_id: UUID) -> None:
        """Make a public clip's bytes unreachable at once; sealing them is a job's work."""
        await self.store.withhold(clip_id)

    async def forget_bytes(self, clip_id: UUID, upload_id: UUID | None) -> None:
        """Delete every byte of a clip. Doing it again is fine."""
        await self.store.forget(clip_id)
        if upload_id is not None:
            await self.store.blobs.delete(f"uploads/{upload_id}")

    async def progressive(self, record: MediaRecord, clip_id: UUID, key: bytes | None) -> Path:
        """Return a temporary file, for the caller to delete: the clip as one progressive MP4 (06, Out)."""
        return await download.progressive(self.tools, self.store, record, clip_id, key)

    # --- profile pictures -------------------------------------------------------------------------------

    async def set_avatar(self, uow: UnitOfWork, visitor: Visitor, picture: bytes) -> str:
        """Show a new profile picture: 256 pixels square, without metadata. Raises `PictureUnsuitableError`."""
        weak = self._settings.media.sandbox == "weak"
        small = await asyncio.to_thread(avatars.scaled, picture, self.store.scratch, allow_weak=weak)
        name = f"{self._ids.new().hex}.webp"
        await self.store.blobs.put(f"avatars/{name}", small)
        await self._replace_avatar(uow, visitor, name)
        return f"/media/avatars/{name}"

    async def remove_avatar(self, uow: UnitOfWork, visitor: Visitor) -> None:
        await self._replace_avatar(uow, visitor, None)

    async def _replace_avatar(self, uow: UnitOfWork, visitor: Visitor, name: str | None) -> None:
        person = await self._accounts.get_by_id(uow, visitor.person_id)
        await self._accounts.set_avatar(uow, visitor, name)
        old = (person.avatar_url or "").rpartition("/")[2]
        if old:
            uow.after_commit(lambda: self.store.blobs.delete(f"avatars/{old}"))


class MediaWorkshop:
    """Media, as the worker needs it: originals in, renditions out, all within one clip's scratch folder.

    The scratch folder is the only place where an original lies in clear, for as long as it is worked on.
    """

    def __init__(self, store: MediaStore, settings: Settings) -> None:
        self.store = store
        self._settings = settings
        self.tools = Tools.find(settings.media.ffmpeg, settings.media.sandbox)

    @property
    def limits(self) -> ProbeLimits:
        media = self._settings.media
        return ProbeLimits(seconds=media.clip_seconds, allow_weak_sandbox=media.sandbox == "weak")

    @property
    def largest_bytes(self) -> int:
        """How large a file may be of which a clip is made."""
        return self._settings.media.upload_bytes

    def folder(self, clip_id: UUID) -> Path:
        """Return the clip's scratch folder, made so that nobody else on the machine reads it."""
        path = self.store.scratch / str(clip_id)
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(0o700)
        return path

    async def upload_of(self, uow: UnitOfWork, person_id: UUID, clip_id: UUID) -> UploadRow | None:
        return await UploadReader(uow).find_of_clip(person_id, clip_id)

    async def parts_of(self, uow: UnitOfWork, row: UploadRow) -> list[PartRow]:
        return await UploadReader(uow).list_parts(row.person_id, row.id)

    async def used_bytes(self, uow: UnitOfWork, person_id: UUID) -> int:
        """Return how much of the person's uploads and originals is kept."""
        used, _ = await UploadReader(uow).usage(person_id)
        return used

    async def add_upload(self, uow: UnitOfWork, row: UploadRow, parts: list[PartRow]) -> None:
        """Note an upload whose pieces were stored here by a job, complete and part of a clip."""
        writer = UploadWriter(uow)
        await writer.add(row, None, "")
        await writer.add_parts(row, parts, row.expires_at)
        assert row.clip_id is not None
        await writer.claim(row.person_id, row.id, row.clip_id)

    async def bring_avatar(self, picture: bytes, name: str) -> None:
        """Store a profile picture that came from elsewhere. Raises `PictureUnsuitableError`."""
        weak = self._settings.media.sandbox == "weak"
        small = await asyncio.to_thread(avatars.scaled, picture, self.store.scratch, allow_weak=weak)
        await self.store.blobs.put(f"avatars/{name}", small)

    async def drop_parts(self, uow: UnitOfWork, row: UploadRow) -> None:
        """Forget the pieces, now that the original is stored whole; their bytes are for `drop_pieces` after it."""
        await UploadWriter(uow).delete_parts(row.person_id, row.id)

    async def drop_upload(self, uow: UnitOfWork, row: UploadRow) -> None:
        """Forget the uploaded video altogether, as its person wished, after `drop_pieces`."""
        await UploadWriter(uow).delete(row.person_id, row.id)

    async def drop_pieces(self, row: UploadRow) -> None:
        """Delete an upload's bytes. Doing it again is fine."""
        await self.store.blobs.delete(f"uploads/{row.id}")

    async def fetch_original(
        self,
        clip_id: UUID,
        parts: list[PartRow],
        *,
        upload_key: bytes | None,
        clip_key: bytes | None,
        size: int,
    ) -> Path:
        """Put the original into the scratch folder, from its pieces or from where it is kept; return its path.

        Raises `NotFoundError` when neither is there.
        """
        path = self.folder(clip_id) / "original"
        if path.is_file() and path.stat().st_size == size:
            return path
        if parts and upload_key is not None:
            await put_together(self.store, parts, upload_key, path)
        else:
            await self.store.take_out(original_name(clip_id), path, clip_key)
        return path

    async def covered(
        self, shelf: Shelf, record: MediaRecord, renditions: list[Path], cover_ms: int | None, folder: Path
    ) -> MediaRecord:
        """Return the record with pictures of another moment; `renditions`: its largest and its smallest."""
        return await shelve_cover(self.tools, shelf, record, renditions, cover_ms, folder)

    def clear_scratch(self, clip_id: UUID) -> None:
        """Remove everything of a clip from the scratch folder."""
        import shutil

        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self.store.scratch / str(clip_id))
