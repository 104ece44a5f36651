"""How witnesses are asked: what is understood, what is given up on, and that it always ends."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from reelm.border.service import BorderClient
from reelm.entrypoints.asking import directly, through_border
from reelm.kit.clock import SystemClock
from reelm.ledger.transport import Answer, UnreachableError

send = directly(SystemClock())
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(talk: Talk) -> AsyncIterator[str]:
    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(once, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/path"


def saying(answer: bytes) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()

    return talk


GOOD = {
    "with a length": (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", Answer(200, b"abc")),
    "to the end": (b"HTTP/1.0 409 Conflict\r\n\r\n12\n", Answer(409, b"12\n")),
    "in chunks": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;x=y\r\nc\r\n0\r\n\r\n",
        Answer(200, b"abc"),
    ),
    "after a hint": (
        b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        Answer(200, b""),
    ),
    "without a reason": (b"HTTP/1.1 503\r\ncontent-length:0\r\n\r\n", Answer(503, b"")),
}
BAD = {
    "nothing": b"",
    "no HTTP": b"hello\r\n\r\n",
    "half a head": b"HTTP/1.1 200 OK\r\nConte",
    "half a body": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab",
    "too long": b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n",
    "too long without saying so": b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 100_000,
    "a signed length": b"HTTP/1.1 200 OK\r\nContent-Length: +3\r\n\r\nabc",
    "a bad chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "an endless head": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000,
}


@pytest.mark.parametrize("case", GOOD)
async def test_what_it_understands(case: str) -> None:
    said, expected = GOOD[case]
    async with serving(saying(said)) as url:
        assert await send("GET", url, None) == expected


@pytest.mark.parametrize("case", BAD)
async def test_what_it_gives_up_on(case: str) -> None:
    async with serving(saying(BAD[case])) as url:
        with pytest.raises(UnreachableError):
            await send("GET", url, None)


async def test_what_it_sends() -> None:
    heard: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        heard.append(head + await reader.readexactly(5))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    async with serving(talk) as url:
        await send("POST", url, b"old 0")
    lines = heard[0].decode().split("\r\n")
    assert lines[0] == "POST /path HTTP/1.1"
    assert "Content-Length: 5" in lines
    assert lines[-1] == "old 0"


@pytest.mark.parametrize(
    "url", ["ftp://host/x", "file:///etc/passwd", "nonsense", "http:///x", "http://127.0.0.1:9/"]
)
async def test_where_it_does_not_go(url: str) -> None:
    with pytest.raises(UnreachableError):
        await send("GET", url, None)


async def test_a_drip_ends() -> None:
    """One byte now and then would outlive any wait for the next byte; the whole exchange has its end."""

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not writer.is_closing():
            writer.write(b"H")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with serving(drip) as url:
        with pytest.raises(UnreachableError, match="too_slow"):
            await directly(SystemClock(), seconds=0.3)("GET", url, None)


async def test_without_a_border_nobody_is_reached(tmp_path: Path) -> None:
    """The sequencer has no other way out: it waits for the border, and asks again."""
    heard: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))

    client = BorderClient(str(tmp_path / "none.sock"), "sequencer", "secret", tmp_path)
    async with serving(talk) as url:
        with pytest.raises(UnreachableError, match="unavailable"):
            await through_border(client)("GET", url, None)
    assert not heard
