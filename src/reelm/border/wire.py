"""A connection whose bytes are counted twice: as they are meant, and as they go over the socket.

TLS is done in memory above a plain socket, so that what the socket carries is counted byte by byte: the egress test
compares it with what the outer link carried.
"""

import asyncio
import contextlib
import ssl
from dataclasses import dataclass

_PIECE = 64 * 1024
# For the other side's end: each request asks it to close after its answer.
_PARTING_SECONDS, _PARTING_PIECES = 0.25, 4


@dataclass
class Counts:
    """Bytes of one connection: of the messages, and of the TCP stream."""

    sent: int = 0
    received: int = 0
    socket_sent: int = 0
    socket_received: int = 0


class Wire:
    """A plain connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.counts = Counts()

    async def read(self, most: int) -> bytes:
        """Return what has come, at most so much, or b"" at the end."""
        data = await self._from_socket(most)
        self.counts.received += len(data)
        return data

    async def write(self, data: bytes) -> None:
        self.counts.sent += len(data)
        await self._to_socket(data)

    async def close(self) -> None:
        """End it. What was written is the system's by then, and the other side's last bytes are counted."""
        await self._hear_out()
        await self._end()

    async def _hear_out(self) -> None:
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(_PARTING_SECONDS):
                for _ in range(_PARTING_PIECES):
                    if not await self._from_socket(_PIECE):
                        break

    async def _end(self) -> None:
        self._writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(1):
                await self._writer.wait_closed()

    def abort(self) -> None:
        self._writer.transport.abort()

    async def _from_socket(self, most: int) -> bytes:
        data = await self._reader.read(most)
        self.counts.socket_received += len(data)
        return data

    async def _to_socket(self, data: bytes) -> None:
        if data:
            self._writer.write(data)
            self.counts.socket_sent += len(data)
            await self._writer.drain()


class SealedWire(Wire):
    """A connection under TLS. `handshake` comes first; it verifies whom it speaks with."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, context: ssl.SSLContext, host: str
    ) -> None:
        super().__init__(reader, writer)
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_hostname=host)

    async def handshake(self) -> None:
        """Raises `ssl.SSLError`."""
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._flush()
                await self._feed()
            except ssl.SSLError:
                # The alert that says why.
                await self._flush()
                raise
            else:
                await self._flush()
                return

    async def read(self, most: int) -> bytes:
        while True:
            try:
                data = self._tls.read(most)
            except ssl.SSLWantReadError:
                await self._flush()
                await self._feed()
            except ssl.SSLZeroReturnError:
                return b""
            else:
                self.counts.received += len(data)
                return data

    async def write(self, data: bytes) -> None:
        self.counts.sent += len(data)
        view = memoryview(data)
        while view:
            try:
                view = view[self._tls.write(view[:_PIECE]) :]
            except ssl.SSLWantReadError:
                await self._flush()
                await self._feed()
            await self._flush()

    async def close(self) -> None:
        await self._hear_out()
        with contextlib.suppress(ssl.SSLError, OSError):
            self._tls.unwrap()
        with contextlib.suppress(OSError):
            await self._flush()
        await self._end()

    async def _flush(self) -> None:
        await self._to_socket(self._out.read())

    async def _feed(self) -> None:
        data = await self._from_socket(_PIECE)
        if data:
            self._in.write(data)
        else:
            self._in.write_eof()
