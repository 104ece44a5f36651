"""The listener towards other realms: few connections, short patience, one request after the other.

Whoever connects is nobody until a signature says otherwise, so a connection costs little: a place among few, and a
head that has an end in bytes and in time. Who asks may read the head and refuse before a body is read.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from reelm.border.wire import Wire
from reelm.kit import http1

HEAD_SECONDS = 10.0
IDLE_SECONDS = 30.0
BODY_SECONDS = 30.0
WRITE_SECONDS = 30.0
PART_SECONDS = 2.0
MOST_CONNECTIONS = 256
MOST_FROM_ONE = 64
MOST_REQUESTS = 1000
_PIECE = 64 * 1024
_REASONS = {
    200: "OK", 202: "Accepted", 304: "Not Modified", 307: "Temporary Redirect", 400: "Bad Request",
    401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 406: "Not Acceptable",
    408: "Request Timeout", 409: "Conflict", 411: "Length Required", 413: "Content Too Large",
    415: "Unsupported Media Type", 422: "Unprocessable Content", 429: "Too Many Requests",
    431: "Request Header Fields Too Large", 500: "Internal Server Error", 503: "Service Unavailable",
}  # fmt: skip
_log = structlog.get_logger("reelm.border")


@dataclass(frozen=True)
class Reply:
    """What is answered. `file` is sent instead of `body`."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    file: Path | None = None
    # Bytes of the file, known before the head is written.
    length: int = 0


class Asked:
    """One request: its head, where from, and its body when somebody wants it."""

    def __init__(self, head: http1.Request, address: str, incoming: http1.Incoming) -> None:
        self.method = head.method
        self.target = head.target
        self.headers = head.headers
        self.address = address
        self._incoming = incoming
        self._read = False

    @property
    def has_body(self) -> bool:
        return "transfer-encoding" in self.headers or self.headers.get("content-length", "0").strip("0") != ""

    @property
    def spent(self) -> bool:
        """Whether the connection is free for the next request."""
        return self._read or not self.has_body

    async def body(self, most_bytes: int) -> bytes:
        """Read the body, once. Raises `http1.TooLongError`, `http1.MalformedError`, OSError or TimeoutError."""
        async with asyncio.timeout(BODY_SECONDS):
            pieces = self._incoming.body(self.headers, most_bytes, to_end=False)
            got = b"".join([piece async for piece in pieces])
        self._read = True
        return got


Handle = Callable[[Asked], Awaitable[Reply]]


class Listening:
    """Serves `handle` on one port until it is stopped."""

    def __init__(self, handle: Handle, host: str, port: int) -> None:
        self._handle = handle
        self._host = host
        self._port = port
        self._server: asyncio.Server | None = None
        self._from: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._idle: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        """The port that was opened."""
        if self._server is None:
            return 0
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self) -> None:
        """Open the port. Raises OSError."""
        self._server = await asyncio.start_server(
            self._connected, self._host, self._port, limit=_PIECE, backlog=128
        )

    async def stop(self, patience_seconds: float = 5.0) -> None:
        """Close the port, let what is being answered be answered, end the rest."""
        if self._server is not None:
            self._server.close()
        for task in self._idle:
            task.cancel()
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=patience_seconds)
        for task in set(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address, port = (writer.get_extra_info("peername") or ("", 0))[:2]
        task = asyncio.current_task()
        if task is None or len(self._tasks) >= MOST_CONNECTIONS or self._from[str(address)] >= MOST_FROM_ONE:
            writer.transport.abort()
            return
        self._tasks.add(task)
        self._from[str(address)] += 1
        wire = Wire(reader, writer)
        try:
            await self._serve(wire, writer, str(address), task)
        except (OSError, TimeoutError, http1.EndedError):
            pass
        except asyncio.CancelledError:
            # Stopping; a task that is a connection has nobody else to tell.
            pass
        except Exception:  # noqa: BLE001 - the last frame of a connection: said in the log, the others go on
            _log.exception("border.connection_failed")
        finally:
            self._left(str(address), task)
            writer.transport.abort()
            # Whose address it was is not kept: that may be a person's.
            counts = wire.counts
            _log.info(
                "border.connection",
                kind="service",
                port=port,
                sent=counts.socket_sent,
                received=counts.socket_received,
            )

    def _left(self, address: str, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._idle.discard(task)
        self._from[address] -= 1
        if not self._from[address]:
            del self._from[address]

    async def _serve(
        self,
        wire: Wire,
        writer: asyncio.StreamWriter,
        address: str,
        task: asyncio.Task[None],
    ) -> None:
        incoming = http1.Incoming(wire.read)
        for number in range(MOST_REQUESTS):
            try:
                self._idle.add(task)
                asked = await self._next(incoming, address, IDLE_SECONDS if number else HEAD_SECONDS)
            except http1.MalformedError as error:
                status = 431 if isinstance(error, http1.TooLongError) else 400
                await self._write(wire, Reply(status), last=True)
                return
            finally:
                self._idle.discard(task)
            if asked is None:
                return
            reply = await self._answered(asked)
            last = (
                not asked.spent
                or asked.headers.get("connection", "").lower() == "close"
                or number + 1 == MOST_REQUESTS
                or self._server is None
                or not self._server.is_serving()
            )
            await self._write(wire, reply, last=last, head_only=asked.method == "HEAD")
            if last:
                await self._part(wire, writer)
                return

    async def _next(self, incoming: http1.Incoming, address: str, patience_seconds: float) -> Asked | None:
        async with asyncio.timeout(patience_seconds):
            head = await incoming.request()
        return Asked(head, address, incoming) if head else None

    async def _answered(self, asked: Asked) -> Reply:
        try:
            return await self._handle(asked)
        except http1.TooLongError:
            return Reply(413)
        except http1.MalformedError:
            return Reply(400)
        except TimeoutError:
            return Reply(408)

    async def _write(self, wire: Wire, reply: Reply, *, last: bool, head_only: bool = False) -> None:
        length = reply.length if reply.file else len(reply.body)
        headers = {
            "Content-Length": str(length),
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'",
            **reply.headers,
            **({"Connection": "close"} if last else {}),
        }
        head = http1.head(f"HTTP/1.1 {reply.status} {_REASONS.get(reply.status, 'Answer')}", headers)
        async with asyncio.timeout(WRITE_SECONDS):
            await wire.write(head if head_only else head + reply.body)
        if reply.file is None or head_only:
            return
        async for piece in _pieces(reply.file, reply.length):
            async with asyncio.timeout(WRITE_SECONDS):
                await wire.write(piece)

    @staticmethod
    async def _part(wire: Wire, writer: asyncio.StreamWriter) -> None:
        """End a connection so that the answer arrives even while the other side still writes."""
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(PART_SECONDS):
                if writer.can_write_eof():
                    writer.write_eof()
                for _ in range(32):
                    if not await wire.read(_PIECE):
                        break
                writer.close()
                await writer.wait_closed()


async def _pieces(path: Path, length: int) -> AsyncIterator[bytes]:
    """Yield exactly `length` bytes of a file; raises OSError when it has become shorter."""
    file = await asyncio.to_thread(path.open, "rb")
    with file:
        while length > 0:
            piece = await asyncio.to_thread(file.read, min(length, 4 * _PIECE))
            if not piece:
                raise OSError("a file ended early")
            length -= len(piece)
            yield piece
