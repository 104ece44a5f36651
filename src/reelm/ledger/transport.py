"""A small HTTP/1.1 client for witnesses: one request a connection, an end to every wait, no redirects.

It is the only code of the server that opens a connection to another machine, and it asks the addresses that the
charter's witness policies name, nobody else.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from reelm.kit import http1

PATIENCE_SECONDS = 8.0
MAX_ANSWER_BYTES = 64 * 1024


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
    except (OSError, ssl.SSLError) as error:
        raise UnreachableError(f"no connection ({type(error).__name__})") from error
    except ValueError as error:
        raise UnreachableError(f"an answer that can't be read: {error}") from error


async def _exchange(method: str, url: str, body: bytes | None) -> Answer:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("not a web address")
    secure = ssl.create_default_context() if parts.scheme == "https" else None
    reader, writer = await asyncio.open_connection(
        parts.hostname, parts.port or (443 if secure else 80), ssl=secure
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
        incoming = http1.Incoming(reader.read)
        answer = await incoming.answer()
        pieces = [each async for each in incoming.body(answer.headers, MAX_ANSWER_BYTES, to_end=True)]
        return Answer(answer.status, b"".join(pieces))
    finally:
        writer.close()
        with contextlib.suppress(OSError, ssl.SSLError):
            writer.transport.abort()
