"""Where media bytes lie: in clear for everyone, or sealed under a key; a file appears whole or not at all.

    uploads/<upload>/<n>-<nonce>     a piece on its way in, sealed under the upload's key
    sealed/<clip>/original           the original, sealed under the clip's key
    sealed/<clip>/<sha256>.<ext>     what a non-public clip plays from, sealed under the clip's key
    public/<clip>/<sha256>.<ext>     what a public clip plays from
    leaving/<clip>/<sha256>.<ext>    the same on its way to being sealed: no address leads here
    avatars/<sha256>.<ext>           profile pictures

Every sealed file is bound to its name, so that two can't be exchanged on the disk.
"""

import asyncio
import errno
import fcntl
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from uuid import UUID

from reelm.kit.blobs import BlobStore, BlobStoreFullError
from reelm.kit.errors import NotFoundError
from reelm.media.sealed import SealedReader, SealedWriter, seal_file, unseal_file

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

_LOCK_SECONDS = 0.02


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def full_disk_said() -> Iterator[None]:
    """Turn the system's ways of saying "no room" into `BlobStoreFullError`."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise BlobStoreFullError(retry_after_seconds=60) from error
        raise


def clip_folder(clip_id: UUID, *, sealed: bool) -> str:
    """Return the folder a clip plays from."""
    return f"{'sealed' if sealed else 'public'}/{clip_id}"


def original_name(clip_id: UUID) -> str:
    return f"sealed/{clip_id}/original"


class MediaStore:
    """Puts files in and takes them out, sealing on the way. `scratch` is on the blobs' own disk if it can be."""

    def __init__(self, blobs: BlobStore, scratch: Path) -> None:
        self.blobs = blobs
        self.scratch = scratch
        self._incoming = scratch / "incoming"

    def _draft(self) -> Path:
        self._incoming.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self._incoming / secrets.token_hex(12)

    @asynccontextmanager
    async def held(self, clip_id: UUID) -> AsyncIterator[None]:
        """Keep everybody else of this machine from storing or removing files of a clip meanwhile."""
        folder = self.scratch / "locks"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder / str(clip_id), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            # Asked again and again rather than waited for in a thread: the holder may need that thread.
            while not _locked(descriptor):  # noqa: ASYNC110 - a file lock has no event
                await asyncio.sleep(_LOCK_SECONDS)
            yield
        finally:
            os.close(descriptor)

    async def withhold(self, clip_id: UUID) -> None:
        """Make what lies in clear for everyone unreachable, at once: nothing under `leaving` has an address."""
        public, leaving = f"public/{clip_id}", f"leaving/{clip_id}"
        try:
            await self.blobs.rename(public, leaving)
        except OSError:
            # Some of it was withheld before and is not sealed yet: what came back since joins it.
            for name in await self.blobs.names(public):
                await self.blobs.rename(name, f"{leaving}/{name.rpartition('/')[2]}")
            await self.blobs.delete(public)

    async def forget(self, clip_id: UUID) -> None:
        """Delete every byte of a clip. Doing it again is fine."""
        for folder in ("public", "leaving", "sealed"):
            await self.blobs.delete(f"{folder}/{clip_id}")

    async def put_sealed(self, name: str, data: bytes, key: bytes) -> None:
        """Store bytes sealed; durable when this returns."""
        draft = await asyncio.to_thread(self._seal_bytes, name, data, key)
        await self.blobs.put_file(name, draft)

    def _seal_bytes(self, name: str, data: bytes, key: bytes) -> Path:
        with full_disk_said():
            draft = self._draft()
            return self._sealed(draft, name, data, key)

    @staticmethod
    def _sealed(draft: Path, name: str, data: bytes, key: bytes) -> Path:
        try:
            with SealedWriter(draft, key, name.encode()) as writer:
                writer.write(data)
                writer.finish()
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        return draft

    def sealing(self, name: str, key: bytes) -> tuple[Path, SealedWriter]:
        """Begin a sealed file that is written little by little; hand its path to `put_sealed_file` when finished."""
        with full_disk_said():
            draft = self._draft()
            return draft, SealedWriter(draft, key, name.encode())

    async def put_sealed_file(self, name: str, draft: Path) -> None:
        """Store what `sealing` began under the name it was begun for; durable when this returns."""
        await self.blobs.put_file(name, draft)

    async def put_file(self, name: str, path: Path, key: bytes | None) -> None:
        """Store a finished file, sealed if there is a key; `path` itself stays as it is."""
        if await self.has(name):
            return
        draft = await asyncio.to_thread(self._copy, name, path, key)
        await self.blobs.put_file(name, draft)

    def _copy(self, name: str, path: Path, key: bytes | None) -> Path:
        with full_disk_said():
            draft = self._draft()
            if key is not None:
                seal_file(path, draft, key, name.encode())
            else:
                os.link(path, draft)
        return draft

    async def take_out(self, name: str, path: Path, key: bytes | None) -> None:
        """Write a stored file in clear to `path`, whole or not at all. Raises `NotFoundError`."""
        await asyncio.to_thread(self._take_out, name, path, key)

    def _take_out(self, name: str, path: Path, key: bytes | None) -> None:
        with full_disk_said():
            self._write_out(self._local(name), name, path, key)

    @staticmethod
    def _write_out(source: Path, name: str, path: Path, key: bytes | None) -> None:
        draft = path.with_name(f".{path.name}.part")
        draft.unlink(missing_ok=True)
        if key is not None:
            unseal_file(source, draft, key, name.encode())
        else:
            os.link(source, draft)
        draft.replace(path)

    async def has(self, name: str) -> bool:
        return await asyncio.to_thread(self.blobs.local_path, name) is not None

    def reader(self, name: str, key: bytes) -> SealedReader:
        """Open a sealed file for reading by range. Raises `NotFoundError`."""
        return SealedReader(self._local(name), key, name.encode())

    def _local(self, name: str) -> Path:
        path = self.blobs.local_path(name)
        if path is None:
            raise NotFoundError
        return path
