"""A wire of a test's own between browsers and a realm, on loopback: it passes everything on and keeps every byte."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.factories.canaries import Search

_PIECE = 1 << 16
_OPENABLE = {"gzip", "x-gzip", "deflate"}


@dataclass
class Connection:
    """One connection: what the browser said, and what it was told."""

    number: int
    said: bytearray = field(default_factory=bytearray)
    told: bytearray = field(default_factory=bytearray)


@dataclass
class Tap:
    """Everything that went through."""

    port: int
    connections: list[Connection] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def look(self, search: Search) -> None:
        """Look into every connection, as it went over the wire and with its bodies put together and opened."""
        for each in self.connections:
            asked = messages(bytes(each.said))
            methods = [head.split(b" ")[0] for head, _, _ in asked]
            told = bytes(each.told)
            for direction, raw, read in (
                ("said", bytes(each.said), asked),
                ("told", told, messages(told, methods)),
            ):
                where = f"connection {each.number}, {direction}"
                search.look(where, raw)
                for head, body, coding in read:
                    name = f"{where}, {head.decode('latin-1')[:80]}"
                    search.look(name, body)
                    if coding == "deflate":
                        search.look_into_deflated(name, body)

    def size(self) -> int:
        return sum(len(each.said) + len(each.told) for each in self.connections)


def messages(raw: bytes, methods: list[bytes] | None = None) -> list[tuple[bytes, bytes, str]]:
    """Take HTTP/1.1 apart: first lines, bodies without their chunks, and how those are coded.

    `methods` are those of the requests that answers belong to: some answers have no body, whatever they say.
    A coding that nobody here can open is an error: what can't be read can't be called clean.
    """
    found = []
    at = answers = 0
    while (end := raw.find(b"\r\n\r\n", at)) >= 0:
        lines = raw[at:end].split(b"\r\n")
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(b":") for line in lines[1:])
        }
        coding = headers.get(b"content-encoding", b"").decode().lower()
        if coding not in {"", "identity", *_OPENABLE}:
            raise AssertionError(f"nobody here can open {coding!r}: {lines[0]!r}")
        if lines[0].startswith(b"HTTP/1.") and methods is not None:
            status = lines[0][9:12]
            bare = status in {b"204", b"304"} or methods[answers : answers + 1] == [b"HEAD"]
            answers += not status.startswith(b"1")
            if bare or status.startswith(b"1"):
                headers = {}
        body, at = _body(raw, end + 4, headers)
        found.append((lines[0], body, coding))
    return found


def _body(raw: bytes, at: int, headers: dict[bytes, bytes]) -> tuple[bytes, int]:
    """A body and where it ends; one that breaks off ends with what there is."""
    if headers.get(b"transfer-encoding", b"").lower() != b"chunked":
        end = at + int(headers.get(b"content-length", b"0"))
        return raw[at:end], end
    body = bytearray()
    while (line := raw.find(b"\r\n", at)) >= 0:
        size = int(raw[at:line].split(b";")[0], 16)
        body += raw[line + 2 : line + 2 + size]
        at = line + 2 + size + 2
        if size == 0:
            return bytes(body), at
    return bytes(body), len(raw)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kept: bytearray) -> None:
    try:
        while piece := await reader.read(_PIECE):
            kept += piece
            writer.write(piece)
            await writer.drain()
    except OSError:
        pass
    finally:
        with contextlib.suppress(OSError, RuntimeError):
            writer.close()


@asynccontextmanager
async def tapped(port: int, listening: int = 0) -> AsyncIterator[Tap]:
    """Listen in front of a realm's port."""
    tap = Tap(0)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            further, onward = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            writer.close()
            return
        kept = Connection(len(tap.connections) + 1)
        tap.connections.append(kept)
        await asyncio.gather(
            _pass_on(reader, onward, kept.said), _pass_on(further, writer, kept.told), return_exceptions=True
        )

    server = await asyncio.start_server(connected, "127.0.0.1", listening)
    tap.port = server.sockets[0].getsockname()[1]
    try:
        yield tap
    finally:
        server.close()
