"""A small HTTP/1.1 client for witnesses: one request a connection, an end to every wait, no redirects.

It is the only code of the server that opens a connection to another machine, and it asks the addresses that the
charter's witness policies name, nobody else.
"""

import asyncio
import contextlib
import re
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

PATIENCE_SECONDS = 8.0
MAX_ANSWER_BYTES = 64 * 1024
_HEADERS_BYTES = 32 * 1024
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: .*)?")


class UnreachableError(Exception):
    """No answer, or none that can be read, in time."""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    body: bytes


Send = Callable[[str, str, bytes | None], Awaitable[Answer]]


async def send(method: str, url: str, body: bytes | None = None) -> Answer:
    """Ask once; raises `UnreachableError`, after `PATIENCE_SECONDS` at the latest."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await _exchange(method, url, body)
    except TimeoutError as error:
        raise UnreachableError("no answer in time") from error
    except (OSError, ssl.SSLError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
        raise UnreachableError(f"no connection ({type(error).__name__})") from error
    except ValueError as error:
        raise UnreachableError(f"an answer that can't be read: {error}") from error


async def _exchange(method: str, url: str, body: bytes | None) -> Answer:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("not a web address")
    secure = ssl.create_default_context() if parts.scheme == "https" else None
    reader, writer = await asyncio.open_connection(
        parts.hostname, parts.port or (443 if secure else 80), ssl=secure, limit=_HEADERS_BYTES
    )
    try:
        length = "" if body is None else f"Content-Length: {len(body)}\r\n"
        target = parts.path or "/"
        host = parts.netloc.rpartition("@")[2]
        head = (
            f"{method} {target} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: reelm\r\nAccept: text/plain\r\n"
            f"Connection: close\r\n{length}\r\n"
        )
        writer.write(head.encode("ascii") + (body or b""))
        await writer.drain()
        return await _answer(reader)
    finally:
        writer.close()
        with contextlib.suppress(OSError, ssl.SSLError):
            writer.transport.abort()


async def _answer(reader: asyncio.StreamReader) -> Answer:
    while True:
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head[:-4].split(b"\r\n")
        match = _STATUS.fullmatch(first)
        if match is None:
            raise ValueError("no HTTP status")
        status = int(match[1])
        if status >= 200:
            break
    headers = {}
    for line in lines:
        name, _, value = line.partition(b":")
        headers[name.strip().lower()] = value.strip()
    if b"chunked" in headers.get(b"transfer-encoding", b"").lower():
        return Answer(status, await _chunks(reader))
    if b"content-length" in headers:
        length = _count(headers[b"content-length"], 10)
        return Answer(status, await reader.readexactly(length))
    return Answer(status, await _rest(reader))


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while True:
        line = await reader.readuntil(b"\r\n")
        length = _count(line.partition(b";")[0].strip(), 16)
        if length == 0:
            return body
        body += await reader.readexactly(length)
        if len(body) > MAX_ANSWER_BYTES or await reader.readexactly(2) != b"\r\n":
            raise ValueError("a malformed answer")


async def _rest(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while chunk := await reader.read(8192):
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise ValueError("too long an answer")
    return body


def _count(text: bytes, base: int) -> int:
    if not re.fullmatch(rb"[0-9A-Fa-f]{1,8}", text):
        raise ValueError("a malformed length")
    length = int(text, base)
    if length > MAX_ANSWER_BYTES:
        raise ValueError("too long an answer")
    return length
