"""Media files over plain ASGI: public ones for good, sealed ones for the viewer who was given their address.

    /media/public/<clip>/<file>             immutable, ranges, sent by the server from the disk
    /media/sealed/<clip>/<file>?exp&sig     checked against session, row and time; opened segment by segment
    /media/avatars/<file>                   immutable

A file's name is 64 hexadecimal digits and a known ending, so that no name can lead anywhere else.
"""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Iterator
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

import msgspec

from reelm.accounts.service import SESSION_COOKIE
from reelm.custody.service import KeysClient
from reelm.kit.clock import Clock
from reelm.kit.errors import NotFoundError, OverloadedError, ReelmError, SignInRequiredError
from reelm.kit.http import PROBLEM_TYPE, problem_of
from reelm.media import links
from reelm.media.store import MediaStore
from reelm.media.upload_errors import LinkExpiredError, MethodNotTakenError

CHUNK_BYTES = 256 * 1024
_AVATAR = re.compile(r"[0-9a-f]{32}\.webp")
_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")
_TYPES = {
    "mp4": "video/mp4",
    "m4a": "audio/mp4",
    "jpg": "image/jpeg",
    "webp": "image/webp",
    "avif": "image/avif",
    "m3u8": "application/vnd.apple.mpegurl",
}
_FOREVER = b"public, max-age=31536000, immutable"
_NEVER = b"private, no-store"


class RangeUnsuitableError(ReelmError):
    """The file ends before the range begins."""

    code = "media.range_unsuitable"
    status = 416
    title = "This file has no such part."


class Asked:
    """What a request asks of a file."""

    def __init__(self, scope: Any) -> None:
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.head = scope["method"] == "HEAD"
        self.query: dict[str, list[str]] = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        self.by_path = "http.response.pathsend" in (scope.get("extensions") or {})

    def text(self, name: bytes) -> str:
        return self.headers.get(name, b"").decode("latin-1")

    def parameter(self, name: str) -> str:
        return self.query.get(name, [""])[0]

    def token(self) -> str:
        """Return the session's token from the header or the cookie, or nothing."""
        scheme, _, token = self.text(b"authorization").partition(" ")
        if scheme.lower() == "bearer":
            return token.strip()
        try:
            found = SimpleCookie(self.text(b"cookie")).get(SESSION_COOKIE)
        except CookieError:
            return ""
        return str(found.value) if found else ""

    def window(self, size: int, tag: str) -> tuple[int, int] | None:
        """Return the asked first byte and length, None for the whole file. Raises `RangeUnsuitableError`."""
        found = _RANGE.fullmatch(self.text(b"range").strip())
        condition = self.text(b"if-range")
        if not found or found.groups() == ("", "") or (condition and condition != tag):
            return None
        first, last = found.groups()
        if not first:
            length = min(size, int(last))
            if length == 0:
                raise RangeUnsuitableError
            return size - length, length
        start = int(first)
        stop = min(size, int(last) + 1) if last else size
        if last and int(last) < start:
            return None
        if start >= size:
            raise RangeUnsuitableError
        return start, stop - start


class MediaFiles:
    """The ASGI application behind `/media`."""

    def __init__(self, store: MediaStore, keys: KeysClient, clock: Clock) -> None:
        self._store = store
        self._keys = keys
        self._clock = clock

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        begun = False

        async def tell(message: Any) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            if scope["method"] not in {"GET", "HEAD"}:
                raise MethodNotTakenError
            await self._answer(scope["path"], Asked(scope), tell)
        except ReelmError as error:
            if begun:
                raise
            await _refuse(send, error, scope.get("state", {}).get("request_id", ""))

    async def _answer(self, path: str, asked: Asked, send: Any) -> None:
        match path.removeprefix("/media").strip("/").split("/"):
            case ["public", clip, file] if links.FILE.fullmatch(file):
                name = f"public/{_clip_id(clip)}/{file}"
                await self._send_clear(self._local(name), file, asked, send)
            case ["avatars", file] if _AVATAR.fullmatch(file):
                await self._send_clear(self._local(f"avatars/{file}"), file, asked, send)
            case ["sealed", clip, file] if links.FILE.fullmatch(file):
                await self._send_sealed(_clip_id(clip), file, asked, send)
            case _:
                raise NotFoundError

    def _local(self, name: str) -> Path:
        path = self._store.blobs.local_path(name)
        if path is None:
            raise NotFoundError
        return path

    # --- public -----------------------------------------------------------------------------------------

    async def _send_clear(
        self, path: Path, file: str, asked: Asked, send: Any, *, private: bool = False
    ) -> None:
        tag = f'"{file.partition(".")[0][:32]}"'
        if not private and tag in asked.text(b"if-none-match"):
            await _send_head(send, 304, file, _FOREVER, tag)
            await send({"type": "http.response.body", "body": b""})
            return
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError as error:
            raise NotFoundError from error
        try:
            size = os.fstat(descriptor).st_size
            window = asked.window(size, tag)
            await _send_head(send, *_status(window), file, _NEVER if private else _FOREVER, tag, size, window)
            if asked.head:
                await send({"type": "http.response.body", "body": b""})
            elif window is None and asked.by_path:
                await send({"type": "http.response.pathsend", "path": str(path)})
            else:
                await _send_body(send, _read(descriptor, *(window or (0, size))))
        finally:
            os.close(descriptor)

    # --- sealed -----------------------------------------------------------------------------------------

    async def _send_sealed(self, clip_id: UUID, file: str, asked: Asked, send: Any) -> None:
        token = asked.token()
        if not token:
            raise NotFoundError
        try:
            await self._keys.resolve(token)
        except SignInRequiredError as error:
            raise NotFoundError from error
        expiry, signature = asked.parameter("exp"), asked.parameter("sig")
        verdict = links.check(clip_id, token, expiry, signature, self._clock)
        if verdict == "bad":
            raise NotFoundError
        if verdict == "late":
            raise LinkExpiredError
        # Asked for each time, so that a clip ends for a viewer the moment they may no longer see it.
        key = await self._keys.clip_key(token, clip_id)
        name = f"sealed/{clip_id}/{file}"
        if not await self._store.has(name):
            await self._send_leaving(clip_id, file, asked, send, f"exp={expiry}&sig={signature}")
            return
        with await asyncio.to_thread(self._store.reader, name, key) as reader:
            if file.endswith(".m3u8"):
                text = reader.read_range(0, reader.size).decode()
                await _send_playlist(send, file, text, f"exp={expiry}&sig={signature}")
                return
            tag = f'"{file.partition(".")[0][:32]}"'
            window = asked.window(reader.size, tag)
            await _send_head(send, *_status(window), file, _NEVER, tag, reader.size, window)
            if asked.head:
                await send({"type": "http.response.body", "body": b""})
                return
            await _send_body(send, opened(reader.iterate(*(window or (0, reader.size)))))

    async def _send_leaving(self, clip_id: UUID, file: str, asked: Asked, send: Any, signature: str) -> None:
        """Answer for a clip that was public a moment ago and is not sealed yet."""
        path = self._local(f"leaving/{clip_id}/{file}")
        if file.endswith(".m3u8"):
            await _send_playlist(send, file, path.read_text(), signature)
        else:
            await self._send_clear(path, file, asked, send, private=True)


def _clip_id(text: str) -> UUID:
    try:
        found = UUID(text)
    except ValueError as error:
        raise NotFoundError from error
    if str(found) != text:
        raise NotFoundError
    return found


def _status(window: tuple[int, int] | None) -> tuple[int]:
    return (200 if window is None else 206,)


async def _send_head(
    send: Any,
    status: int,
    file: str,
    cache: bytes,
    tag: str,
    size: int | None = None,
    window: tuple[int, int] | None = None,
) -> None:
    headers = [
        (b"content-type", _TYPES[file.rpartition(".")[2]].encode()),
        (b"cache-control", cache),
        (b"etag", tag.encode()),
        (b"accept-ranges", b"bytes"),
    ]
    if window is not None:
        start, length = window
        headers.append((b"content-range", f"bytes {start}-{start + length - 1}/{size}".encode()))
        headers.append((b"content-length", str(length).encode()))
    elif size is not None:
        headers.append((b"content-length", str(size).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})


async def _send_body(send: Any, pieces: AsyncIterator[bytes]) -> None:
    async for piece in pieces:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _read(descriptor: int, start: int, length: int) -> AsyncIterator[bytes]:
    while length > 0:
        piece = await asyncio.to_thread(os.pread, descriptor, min(length, CHUNK_BYTES), start)
        if not piece:
            raise OverloadedError
        start, length = start + len(piece), length - len(piece)
        yield piece


async def opened(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Open a few segments at a time in a thread."""
    while True:
        batch = await asyncio.to_thread(lambda: [piece for _, piece in zip(range(4), pieces, strict=False)])
        if not batch:
            return
        yield b"".join(batch)


async def _send_playlist(send: Any, file: str, text: str, signature: str) -> None:
    body = links.signed_playlist(text, signature).encode()
    await _send_head(send, 200, file, _NEVER, f'"{file[:32]}"', len(body))
    await send({"type": "http.response.body", "body": body})


async def _refuse(send: Any, error: ReelmError, request_id: str) -> None:
    body = msgspec.json.encode(problem_of(error, request_id))
    headers = [
        (b"content-type", PROBLEM_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
