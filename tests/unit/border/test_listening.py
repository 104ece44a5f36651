"""The listener towards other realms: what it costs to be connected to it, and how it ends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from reelm.border import listening as listening_module
from reelm.border.listening import Asked, Handle, Listening, Reply


@asynccontextmanager
async def listener(handle: Handle) -> AsyncIterator[Listening]:
    made = Listening(handle, "127.0.0.1", 0)
    await made.start()
    try:
        yield made
    finally:
        await made.stop(1)


async def echo(asked: Asked) -> Reply:
    return Reply(200, f"{asked.method} {asked.target}".encode())


async def reading(asked: Asked) -> Reply:
    return Reply(202, str(len(await asked.body(1000))).encode())


async def say(port: int, data: bytes, *, end: bool = True) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(data)
        await writer.drain()
        if end:
            writer.write_eof()
        return await asyncio.wait_for(reader.read(), 20)
    except ConnectionError:
        return b""
    finally:
        writer.close()


GET = b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
LAST = GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")


def post(body: bytes, length: int | None = None) -> bytes:
    return (
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n"
        % (len(body) if length is None else length)
        + body
    )


async def test_requests_one_after_the_other_on_one_connection() -> None:
    async with listener(echo) as made:
        said = await say(made.port, GET + GET + LAST + GET)
    assert said.count(b"HTTP/1.1 200 OK") == 3
    assert said.count(b"GET /a") == 3
    assert said.count(b"Connection: close") == 1


async def test_a_body_that_nobody_read_ends_the_connection() -> None:
    """What follows could be taken for a request of its own."""
    async with listener(echo) as made:
        said = await say(made.port, post(GET * 3) + GET)
    assert said.count(b"HTTP/1.1") == 1
    assert b"Connection: close" in said


async def test_a_body_is_read_up_to_its_limit_and_no_further() -> None:
    async with listener(reading) as made:
        assert b"202 Accepted" in await say(made.port, post(b"x" * 1000) + LAST)
        assert (await say(made.port, post(b"x" * 1001))).startswith(b"HTTP/1.1 413 ")
        assert (await say(made.port, post(b"", 10**11))).startswith(b"HTTP/1.1 413 ")
        assert await say(made.port, post(b"x", 5)) == b""


async def test_who_is_slow_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HEAD_SECONDS", "IDLE_SECONDS", "BODY_SECONDS"):
        monkeypatch.setattr(listening_module, name, 0.2)
    async with listener(reading) as made:
        assert await say(made.port, b"", end=False) == b""
        assert await say(made.port, GET[:10], end=False) == b""
        assert (await say(made.port, post(b"x", 5), end=False)).startswith(b"HTTP/1.1 408 ")
        said = await say(made.port, post(b"x"), end=False)
        assert said.startswith(b"HTTP/1.1 202 ")


async def test_few_from_one_address_and_few_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening_module, "MOST_FROM_ONE", 3)
    async with listener(echo) as made:
        kept = [await asyncio.open_connection("127.0.0.1", made.port) for _ in range(3)]
        for reader, writer in kept:
            writer.write(GET)
            assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        assert await say(made.port, GET) == b""
        kept[0][1].close()
        for _ in range(100):
            if said := await say(made.port, LAST):
                break
        assert said.startswith(b"HTTP/1.1 200")
        for _, writer in kept:
            writer.close()


async def test_a_handler_that_fails_costs_its_own_connection_only() -> None:
    async def fails(asked: Asked) -> Reply:
        if asked.target == "/a":
            raise RuntimeError("broken")
        return Reply(200)

    async with listener(fails) as made:
        assert await say(made.port, GET) == b""
        assert (await say(made.port, LAST.replace(b"/a", b"/b"))).startswith(b"HTTP/1.1 200")


async def test_what_is_being_answered_is_answered_when_it_stops() -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(asked: Asked) -> Reply:
        begun.set()
        await go_on.wait()
        return Reply(200, b"done")

    made = Listening(slow, "127.0.0.1", 0)
    await made.start()
    idle = await asyncio.open_connection("127.0.0.1", made.port)
    asking = asyncio.ensure_future(say(made.port, GET, end=False))
    await begun.wait()
    stopping = asyncio.ensure_future(made.stop(10))
    await asyncio.sleep(0)
    go_on.set()
    assert (await asking).endswith(b"done")
    await asyncio.wait_for(stopping, 5)
    assert await idle[0].read() == b""
    idle[1].close()


async def test_a_file_is_sent_whole_or_the_connection_ends(tmp_path: Path) -> None:
    file = tmp_path / "clip.mp4"
    file.write_bytes(b"x" * 1_000_000)

    async def sends(asked: Asked) -> Reply:
        return Reply(200, file=file, length=1_000_000 if asked.target == "/a" else 1_000_001)

    async with listener(sends) as made:
        head, _, body = (await say(made.port, LAST)).partition(b"\r\n\r\n")
        assert b"Content-Length: 1000000" in head
        assert len(body) == 1_000_000
        head, _, body = (await say(made.port, LAST.replace(b"/a", b"/b"))).partition(b"\r\n\r\n")
        assert len(body) <= 1_000_000
        only_head = await say(made.port, LAST.replace(b"GET", b"HEAD"))
        assert only_head.endswith(b"\r\n\r\n")
