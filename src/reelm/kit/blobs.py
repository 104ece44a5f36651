"""Blobs: one small interface over a store of files, and the local folder behind it.

Names are slash-separated paths. A name is written once: `put` of an existing name replaces it whole.
"""

import asyncio
import os
import secrets
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Protocol

from reelm.kit.errors import NotFoundError, OverloadedError

_READ_BYTES = 256 * 1024


class BlobStoreFullError(OverloadedError):
    """The disk is full: what was already stored is kept."""

    code = "blobs.full"
    status = 507
    title = "The realm's storage is full. What you sent so far is kept; please try again later."


class BlobStore(Protocol):
    """A store of named byte strings."""

    async def put(self, name: str, data: bytes) -> None:
        """Write `data`, durable when this returns. Raises `BlobStoreFullError`."""
        ...

    async def put_file(self, name: str, path: Path) -> None:
        """Take a finished local file in, by move where that is possible."""
        ...

    async def size(self, name: str) -> int:
        """Return bytes. Raises `NotFoundError`."""
        ...

    def read(self, name: str, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        """Stream a range; to the end when `length` is None. Raises `NotFoundError`."""
        ...

    async def delete(self, prefix: str) -> None:
        """Delete one name, or everything under a folder; nothing there is fine."""
        ...

    async def rename(self, prefix: str, to: str) -> None:
        """Move a folder or a name; nothing there is fine."""
        ...

    async def names(self, prefix: str) -> list[str]:
        """List the names under a folder, sorted."""
        ...

    def local_path(self, name: str) -> Path | None:
        """Return a path the system can read directly, where the store has one."""
        ...


class LocalBlobStore:
    """Files under one folder. Writes go to a temporary name, are synced and renamed."""

    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(parents=True, exist_ok=True)

    def _path(self, name: str) -> Path:
        parts = name.split("/")
        if not name or any(p in {"", ".", ".."} or "\0" in p or "\\" in p for p in parts):
            raise NotFoundError
        return self._root.joinpath(*parts)

    async def put(self, name: str, data: bytes) -> None:
        await asyncio.to_thread(self._write, self._path(name), data)

    def _write(self, path: Path, data: bytes) -> None:
        temporary = self._temporary(path)
        try:
            with temporary.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise BlobStoreFullError(retry_after_seconds=60) from error
        _sync_folder(path.parent)

    def _temporary(self, path: Path) -> Path:
        try:
            _make_folder(path.parent)
        except OSError as error:
            raise BlobStoreFullError(retry_after_seconds=60) from error
        return path.with_name(f".{path.name}.{secrets.token_hex(6)}")

    async def put_file(self, name: str, path: Path) -> None:
        await asyncio.to_thread(self._take, path, self._path(name))

    def _take(self, source: Path, path: Path) -> None:
        temporary = self._temporary(path)
        try:
            try:
                source.rename(temporary)
            except OSError:
                shutil.copyfile(source, temporary)
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
            temporary.replace(path)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise BlobStoreFullError(retry_after_seconds=60) from error
        _sync_folder(path.parent)

    async def size(self, name: str) -> int:
        try:
            return (await asyncio.to_thread(self._path(name).stat)).st_size
        except (FileNotFoundError, NotADirectoryError) as error:
            raise NotFoundError from error

    async def read(self, name: str, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        try:
            file = await asyncio.to_thread(self._path(name).open, "rb")
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
            raise NotFoundError from error
        with file:
            file.seek(start)
            left = length
            while left is None or left > 0:
                wanted = _READ_BYTES if left is None else min(left, _READ_BYTES)
                chunk = await asyncio.to_thread(file.read, wanted)
                if not chunk:
                    return
                if left is not None:
                    left -= len(chunk)
                yield chunk

    async def delete(self, prefix: str) -> None:
        await asyncio.to_thread(self._delete, self._path(prefix))

    def _delete(self, path: Path) -> None:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)

    async def rename(self, prefix: str, to: str) -> None:
        await asyncio.to_thread(self._rename, self._path(prefix), self._path(to))

    def _rename(self, path: Path, to: Path) -> None:
        if path.exists():
            to.parent.mkdir(parents=True, exist_ok=True)
            path.rename(to)

    async def names(self, prefix: str) -> list[str]:
        return await asyncio.to_thread(lambda: sorted(self._walk(self._path(prefix))))

    def _walk(self, path: Path) -> Iterator[str]:
        for folder, _, files in os.walk(path):
            for file in files:
                if not file.startswith("."):
                    yield (Path(folder) / file).relative_to(self._root).as_posix()

    def local_path(self, name: str) -> Path | None:
        path = self._path(name)
        return path if path.is_file() else None


def _make_folder(path: Path) -> None:
    """Make a folder and those above it, durably: a file in a folder that a power cut forgets is lost with it."""
    if path.is_dir():
        return
    _make_folder(path.parent)
    path.mkdir(exist_ok=True)
    _sync_folder(path.parent)


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
