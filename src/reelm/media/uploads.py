"""Uploads on their way in: pieces are sealed, made durable, and only then acknowledged.

A piece's life: its bytes gather in memory up to `PART_BYTES`; they are sealed under the upload's key and
written (synced) under a name of their own; then one short transaction moves the upload's offset and adds the
part's row. A crash between the two leaves a blob that no row names: the offset never moved, so the client
sends those bytes again, and the cleaner removes the stray with the upload. Transactions are the service's own
here (one per part, none open while bytes travel), because a request can last for hours.
"""

import asyncio
import datetime as dt
import hashlib
import hmac
import shutil
from collections.abc import AsyncIterable, AsyncIterator
from pathlib import Path
from uuid import UUID

import msgspec

from reelm.accounts.service import Visitor
from reelm.custody.service import KeysClient, seal_field
from reelm.kit.clock import Clock
from reelm.kit.database import Database
from reelm.kit.ids import Ids
from reelm.media.repository import PartRow, Purpose, UploadReader, UploadRow, UploadWriter
from reelm.media.store import MediaStore, full_disk_said
from reelm.media.upload_errors import (
    ChecksumMismatchError,
    OffsetMismatchError,
    QuotaExceededError,
    StorageFullError,
    TooManyUploadsError,
    UploadGoneError,
    UploadTooLargeError,
    UploadTypeError,
)
from reelm.settings import Settings

PART_BYTES = 4 * 1024 * 1024
UNFINISHED_UPLOADS = 30
SPARE_BYTES = 512 * 1024 * 1024
VIDEO_TYPES = {
    "video/mp4",
    "video/quicktime",
    "video/webm",
    "video/x-matroska",
    "video/mp2t",
    "video/mpeg",
    "video/x-msvideo",
    "video/avi",
    "video/3gpp",
    "video/3gpp2",
    "video/x-m4v",
    "application/octet-stream",
    "",
}
ARCHIVE_TYPES = {"application/zip", "application/x-zip-compressed", "application/octet-stream", ""}
CHECKSUMS = ("sha1", "sha256")


class Checksum(msgspec.Struct, frozen=True):
    """What the client says the piece's digest is."""

    algorithm: str
    digest: bytes


class ClientGoneError(Exception):
    """The connection ended, or fell silent, before the announced bytes had come."""


class Uploads:
    """Takes pieces in. Every method acts as the visitor: an upload of anyone else's does not exist."""

    def __init__(
        self,
        database: Database,
        keys: KeysClient,
        store: MediaStore,
        settings: Settings,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._database = database
        self._keys = keys
        self._store = store
        self._settings = settings
        self._clock = clock
        self._ids = ids

    @property
    def largest_bytes(self) -> int:
        return self._settings.media.upload_bytes

    async def create(
        self, visitor: Visitor, size: int, filename: str, filetype: str, purpose: Purpose = "clip"
    ) -> UploadRow:
        """Make room for `size` bytes. Refuses before a byte has come: type, size, quota, disk.

        An archive to be imported may be larger than a clip, and lies beside what is made of it for a while.
        """
        declared = filetype.partition(";")[0].strip().lower()
        archive = purpose == "import"
        if declared not in (ARCHIVE_TYPES if archive else VIDEO_TYPES):
            raise UploadTypeError(fields={"filetype": "unsupported"})
        if size > (self._settings.media.import_bytes if archive else self.largest_bytes):
            raise UploadTooLargeError(fields={"size": "too_large"})
        upload_id = self._ids.new()
        fresh = await self._keys.new_upload_key(visitor.token, upload_id)
        name = None
        if filename:
            data_key = await self._keys.person_key(visitor.token)
            name = seal_field(data_key, "uploads", "name_sealed", visitor.person_id, filename[:255])
        row = UploadRow(upload_id, visitor.person_id, size, 0, 0, fresh.wrapped, None, self._expiry())
        async with self._database.transaction(visitor.ticket) as uow:
            writer = UploadWriter(uow)
            used, unfinished = await writer.usage(visitor.person_id)
            if unfinished >= UNFINISHED_UPLOADS:
                raise TooManyUploadsError
            if used + size > self._settings.media.quota_bytes * (2 if archive else 1):
                raise QuotaExceededError
            await asyncio.to_thread(self._demand_room, size)
            await writer.add(row, name, declared, purpose)
        return row

    def _demand_room(self, size: int) -> None:
        folder = self._settings.blobs if self._settings.blobs.exists() else self._settings.data
        if shutil.disk_usage(folder).free < size + SPARE_BYTES:
            raise StorageFullError(retry_after_seconds=300)

    def _expiry(self) -> dt.datetime:
        hours = dt.timedelta(hours=self._settings.media.upload_hours)
        return (self._clock.now() + hours).replace(microsecond=0)

    async def get(self, visitor: Visitor, upload_id: UUID) -> UploadRow:
        """Return the visitor's upload. Raises `UploadGoneError`, also once it has run out."""
        async with self._database.transaction(visitor.ticket) as uow:
            row = await UploadReader(uow).find(visitor.person_id, upload_id)
        if row is None or (row.clip_id is None and row.expires_at <= self._clock.now()):
            raise UploadGoneError
        return row

    async def append(
        self,
        visitor: Visitor,
        upload_id: UUID,
        offset: int,
        body: AsyncIterable[bytes],
        *,
        announced: int | None,
        checksum: Checksum | None,
    ) -> UploadRow:
        """Store what comes; return the upload as it then is.

        Raises `OffsetMismatchError`, `UploadTooLargeError`, `ChecksumMismatchError`, and the blob store's
        refusals; all but the checksum's leave what was already acknowledged in place. When the client goes
        away, what came is kept, unless a checksum was to vouch for it.
        """
        row = await self.get(visitor, upload_id)
        if row.clip_id is not None or offset != row.received_bytes:
            raise OffsetMismatchError
        if announced is not None and announced > row.size_bytes - row.received_bytes:
            raise UploadTooLargeError
        key = await self._keys.upload_key(visitor.token, upload_id, row.wrapped_key)
        if checksum is None:
            return await self._take(visitor, row, key, body)
        return await self._take_checked(visitor, row, key, body, checksum)

    async def _take(
        self, visitor: Visitor, row: UploadRow, key: bytes, body: AsyncIterable[bytes]
    ) -> UploadRow:
        try:
            async for piece in _gathered(body, row.size_bytes - row.received_bytes):
                part = await self._keep(row, key, row.parts, piece)
                row = await self._acknowledge(visitor, row, [part])
        except _CutShortError as cut:
            if cut.rest:
                part = await self._keep(row, key, row.parts, cut.rest)
                row = await self._acknowledge(visitor, row, [part])
            if cut.too_much:
                raise UploadTooLargeError from cut
            raise ClientGoneError from cut
        return row

    async def _take_checked(
        self, visitor: Visitor, row: UploadRow, key: bytes, body: AsyncIterable[bytes], checksum: Checksum
    ) -> UploadRow:
        """Take a piece whole or not at all: only its digest tells whether it arrived well."""
        digest = hashlib.new(checksum.algorithm, usedforsecurity=False)
        parts: list[PartRow] = []
        try:
            async for piece in _gathered(body, row.size_bytes - row.received_bytes):
                digest.update(piece)
                parts.append(await self._keep(row, key, row.parts + len(parts), piece))
            _demand_digest(digest.digest(), checksum)
            return await self._acknowledge(visitor, row, parts) if parts else row
        except _CutShortError as cut:
            await self._drop(parts)
            raise (UploadTooLargeError if cut.too_much else ClientGoneError) from cut
        except BaseException:
            await self._drop(parts)
            raise

    async def _drop(self, parts: list[PartRow]) -> None:
        for part in parts:
            await self._store.blobs.delete(part.name)

    async def _keep(self, row: UploadRow, key: bytes, number: int, piece: bytes) -> PartRow:
        name = f"uploads/{row.id}/{number}-{self._ids.token()[:12]}"
        await self._store.put_sealed(name, piece, key)
        return PartRow(number, name, len(piece))

    async def _acknowledge(self, visitor: Visitor, row: UploadRow, parts: list[PartRow]) -> UploadRow:
        # The session is asked again: the request may outlive its ticket, or the session itself.
        session = await self._keys.resolve(visitor.token)
        expires_at = self._expiry()
        try:
            async with self._database.transaction(session.ticket) as uow:
                await UploadWriter(uow).add_parts(row, parts, expires_at)
        except OffsetMismatchError:
            await self._drop(parts)
            raise
        added = sum(part.size_bytes for part in parts)
        return row._replace(
            received_bytes=row.received_bytes + added, parts=row.parts + len(parts), expires_at=expires_at
        )

    async def terminate(self, visitor: Visitor, upload_id: UUID) -> None:
        """Forget an upload and its bytes. One that became a clip goes with the clip, not here."""
        async with self._database.transaction(visitor.ticket) as uow:
            writer = UploadWriter(uow)
            row = await writer.find(visitor.person_id, upload_id)
            if row is None or row.clip_id is not None:
                raise UploadGoneError
            await writer.delete(visitor.person_id, upload_id)
        await self._store.blobs.delete(f"uploads/{upload_id}")


def _demand_digest(found: bytes, checksum: Checksum) -> None:
    if not hmac.compare_digest(found, checksum.digest):
        raise ChecksumMismatchError


class _CutShortError(Exception):
    """The body ended early, or went on too long; `rest` had come and was not handed on."""

    def __init__(self, rest: bytes, *, too_much: bool) -> None:
        super().__init__()
        self.rest = rest
        self.too_much = too_much


async def _gathered(body: AsyncIterable[bytes], room: int) -> AsyncIterator[bytes]:
    """Yield parts of `PART_BYTES`, the last one shorter; at most `room` bytes."""
    buffer = bytearray()
    try:
        async for chunk in body:
            if len(chunk) > room:
                raise _CutShortError(bytes(buffer), too_much=True)
            room -= len(chunk)
            buffer += chunk
            while len(buffer) >= PART_BYTES:
                piece = bytes(buffer[:PART_BYTES])
                del buffer[:PART_BYTES]
                yield piece
    except ClientGoneError as gone:
        raise _CutShortError(bytes(buffer), too_much=False) from gone
    if buffer:
        yield bytes(buffer)


async def put_together(store: MediaStore, parts: list[PartRow], key: bytes, path: Path) -> None:
    """Write an upload's parts into one local file in clear, whole or not at all."""
    draft = path.with_name(f".{path.name}.part")

    def write() -> None:
        with full_disk_said(), draft.open("wb") as file:
            for part in parts:
                with store.reader(part.name, key) as reader:
                    for piece in reader.iterate():
                        file.write(piece)
        draft.replace(path)

    await asyncio.to_thread(write)
