"""Servers of a test's own that answer well or badly, and how the border asks them."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from reelm.border import outward as outward_module
from reelm.border.addresses import networks
from reelm.border.outward import Outward
from reelm.kit.clock import SystemClock

HERE = networks(["127.0.0.0/8"])
Handle = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def server(handle: Handle, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handle(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(guarded, "127.0.0.1", 0, ssl=tls)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        listening.close()


def saying(answer: bytes, heard: list[bytes] | None = None) -> Handle:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if heard is not None:
            heard.append(head)
        writer.write(answer)
        await writer.drain()

    return handle


def ok(body: bytes, *headers: str) -> bytes:
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def names(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir()]


async def ask(url: str, outward: Outward | None = None, **options: object) -> outward_module.Response:
    settled: dict[str, object] = {"most_bytes": 1000, "timeout_seconds": 10.0, **options}
    return await (outward or Outward(SystemClock(), private=HERE)).request(
        "GET",
        url,
        kind="fetch",
        purpose="test",
        **settled,  # type: ignore[arg-type]
    )
