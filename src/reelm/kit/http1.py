"""HTTP/1.1 as this realm reads it from strangers: heads and bodies with an end, and nothing ambiguous.

One message at a time. A message whose end two readers could see at different places is refused: two lengths, a length
beside chunks, a folded or malformed header line, a bare line feed (RFC 9112 §2.2, §5.2, §6.3).
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

HEAD_BYTES = 32 * 1024
_HEADERS = 64
_PIECE = 64 * 1024
_CHUNK_LINE = 256
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*)?")
_REQUEST = re.compile(rb"([A-Z]{3,10}) (/[\x21-\x7e]*) HTTP/1\.1")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*")
_DECIMAL = re.compile(rb"[0-9]{1,12}")
_HEX = re.compile(rb"[0-9A-Fa-f]{1,8}")

Read = Callable[[int], Awaitable[bytes]]


class MalformedError(ValueError):
    """What came isn't HTTP/1.1 as it is read here."""


class TooLongError(MalformedError):
    """There is more of it than was agreed to be read."""


class EndedError(ConnectionError):
    """The other side ended before its message did."""


@dataclass(frozen=True)
class Answer:
    """The head of an answer; names in lower case, repeated lines joined by a comma."""

    status: int
    headers: dict[str, str]


@dataclass(frozen=True)
class Request:
    """The head of a request."""

    method: str
    target: str
    headers: dict[str, str]


class Incoming:
    """Messages that come in through `read`, which returns at most as many bytes as asked, and b"" at the end."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._held = bytearray()

    @property
    def held(self) -> int:
        """How many bytes were received and not yet read as a message."""
        return len(self._held)

    async def answer(self) -> Answer:
        """Read the head of a final answer. Raises `MalformedError` or `EndedError`."""
        for _ in range(4):
            first, headers = await self._head()
            match = _STATUS.fullmatch(first)
            if match is None:
                raise MalformedError("no HTTP status")
            status = int(match[1])
            if status >= 200:
                return Answer(status, headers)
            if status == 101:
                break
        raise MalformedError("no answer after its beginning")

    async def request(self) -> Request | None:
        """Read the head of a request; None when the connection ended before one began."""
        if not self._held and not await self._more():
            return None
        first, headers = await self._head()
        match = _REQUEST.fullmatch(first)
        if match is None:
            raise MalformedError("no HTTP request")
        if not headers.get("host"):
            raise MalformedError("no host")
        return Request(match[1].decode(), match[2].decode(), headers)

    async def body(self, headers: dict[str, str], most_bytes: int, *, to_end: bool) -> AsyncIterator[bytes]:
        """Yield a message's body. `to_end`: without a length it goes on to the end of the connection.

        Raises `TooLongError` before it has read more than `most_bytes`, `MalformedError` or `EndedError`.
        """
        encoding, length = headers.get("transfer-encoding"), headers.get("content-length")
        if encoding is not None:
            if length is not None or encoding.lower() != "chunked":
                raise MalformedError("an ambiguous length")
            async for piece in self._chunks(most_bytes):
                yield piece
        elif length is not None:
            if not _DECIMAL.fullmatch(length.encode("latin-1")):
                raise MalformedError("a malformed length")
            if int(length) > most_bytes:
                raise TooLongError("too long")
            async for piece in self._exactly(int(length)):
                yield piece
        elif to_end:
            async for piece in self._rest(most_bytes):
                yield piece

    async def _head(self) -> tuple[bytes, dict[str, str]]:
        while (end := self._held.find(b"\r\n\r\n")) < 0:
            if len(self._held) > HEAD_BYTES:
                raise TooLongError("too long a head")
            if not await self._more():
                raise EndedError("it ended within a head")
        if end > HEAD_BYTES:
            raise TooLongError("too long a head")
        first, *lines = bytes(self._held[:end]).split(b"\r\n")
        del self._held[: end + 4]
        if len(lines) > _HEADERS:
            raise TooLongError("too many header lines")
        return first, _headers(lines)

    async def _chunks(self, most_bytes: int) -> AsyncIterator[bytes]:
        total = 0
        while True:
            line = (await self._line()).partition(b";")[0].strip(b" \t")
            if not _HEX.fullmatch(line):
                raise MalformedError("a malformed chunk")
            length = int(line, 16)
            total += length
            if total > most_bytes:
                raise TooLongError("too long")
            if length == 0:
                if await self._line():
                    raise MalformedError("trailers are not read")
                return
            async for piece in self._exactly(length):
                yield piece
            if await self._line():
                raise MalformedError("a malformed chunk")

    async def _exactly(self, length: int) -> AsyncIterator[bytes]:
        while length > 0:
            if not self._held and not await self._more():
                raise EndedError("it ended within a body")
            piece = bytes(self._held[:length])
            del self._held[:length]
            length -= len(piece)
            yield piece

    async def _rest(self, most_bytes: int) -> AsyncIterator[bytes]:
        total = 0
        while self._held or await self._more():
            piece = bytes(self._held)
            self._held.clear()
            total += len(piece)
            if total > most_bytes:
                raise TooLongError("too long")
            yield piece

    async def _line(self) -> bytes:
        while (end := self._held.find(b"\r\n")) < 0:
            if len(self._held) > _CHUNK_LINE:
                raise MalformedError("too long a line")
            if not await self._more():
                raise EndedError("it ended within a line")
        line = bytes(self._held[:end])
        del self._held[: end + 2]
        if len(line) > _CHUNK_LINE:
            raise MalformedError("too long a line")
        return line

    async def _more(self) -> bool:
        piece = await self._read(_PIECE)
        self._held += piece
        return bool(piece)


def _headers(lines: list[bytes]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        match = _HEADER.fullmatch(line)
        if match is None:
            raise MalformedError("a malformed header line")
        name, value = match[1].decode("ascii").lower(), match[2].decode("latin-1")
        if name in headers and name in {"content-length", "transfer-encoding", "host"}:
            raise MalformedError(f"{name} twice")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def head(first: str, headers: dict[str, str]) -> bytes:
    """Return the bytes of a head. Raises ValueError for what can't stand in one."""
    lines = [first, *(f"{name}: {value}" for name, value in headers.items())]
    if any("\r" in line or "\n" in line or "\0" in line for line in lines):
        raise ValueError("a line break in a header")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
