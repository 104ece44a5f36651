"""The keys socket: a Unix socket that answers typed requests from this machine's own processes.

Who connects is told by the kernel (SO_PEERCRED) and must have an allowed uid; the role it declares limits what
it may ask. Each connection has so many calls under way and so many a second; beyond that it is answered 503 or
429. A slow reader is dropped. Nothing that travels is logged, only request types and outcomes.
"""

import asyncio
import contextlib
import hmac
import socket
import struct
from collections.abc import Collection, Coroutine, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import structlog

from reelm.custody import schemas
from reelm.custody.callers import MAY_ASK
from reelm.custody.errors import BusyError, CallerRefusedError
from reelm.custody.messages import Handlers
from reelm.kit.clock import Clock
from reelm.kit.errors import OverloadedError, ReelmError
from reelm.kit.limits import Limit, RateLimiter

HELLO_SECONDS = 5.0
CALL_SECONDS = 20.0
SEND_SECONDS = 10.0
CALLS_UNDER_WAY = 256
CALLER_LIMIT = Limit(burst=4_000, seconds_each=1 / 4_000)
_LENGTH = struct.Struct(">I")
_PEER = struct.Struct("3i")

_log = structlog.get_logger("reelm.keys")


async def read_frame(reader: asyncio.StreamReader) -> bytes:
    """Read one frame. Raises IncompleteReadError at the end, ValueError for a frame that is too large."""
    (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
    if length > schemas.MAX_FRAME_BYTES:
        raise ValueError("frame too large")
    return await reader.readexactly(length)


def frame(message: schemas.Message) -> bytes:
    """The bytes of one message on the socket."""
    body = msgspec.msgpack.encode(message)
    return _LENGTH.pack(len(body)) + body


class _Connection:
    """One caller."""

    def __init__(self, writer: asyncio.StreamWriter, caller: schemas.Caller) -> None:
        self.writer = writer
        self.caller = caller
        self.calls: set[asyncio.Task[None]] = set()

    async def send(self, answer: schemas.Answer) -> None:
        if self.writer.is_closing():
            return
        self.writer.write(frame(answer))
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self.writer.drain()
        except (TimeoutError, ConnectionError):
            self.writer.transport.abort()


class KeysServer:
    """Answers on one socket until `stop`."""

    def __init__(
        self,
        handlers: Handlers,
        clock: Clock,
        *,
        allowed_uids: Collection[int],
        secrets: Mapping[schemas.Caller, str] | None = None,
    ) -> None:
        self._clock = clock
        self._secrets = secrets
        self._limits = RateLimiter(clock)
        self._allowed_uids = frozenset(allowed_uids)
        self._connections: set[_Connection] = set()
        self._server: asyncio.Server | None = None
        self._background: set[asyncio.Task[None]] = set()
        self._handlers: Handlers = {**handlers, schemas.Ping: _ping}

    async def start(self, listening: socket.socket) -> None:
        self._server = await asyncio.start_unix_server(
            self._serve, sock=listening, limit=2 * schemas.MAX_FRAME_BYTES, backlog=128
        )

    async def stop(self) -> None:
        """Stop listening, let calls under way finish for a moment, close."""
        if self._server is not None:
            self._server.close()
        calls = [task for connection in self._connections for task in connection.calls]
        if calls:
            await asyncio.wait(calls, timeout=3)
        for connection in list(self._connections):
            connection.writer.close()
        if self._server is not None:
            await self._server.wait_closed()

    def announce(self, session_ids: list[UUID]) -> None:
        """Tell every connected process that these sessions ended."""
        if not session_ids:
            return
        notice = schemas.Answer(
            0, None, msgspec.Raw(msgspec.msgpack.encode(schemas.RevokedSessions(session_ids)))
        )
        for connection in self._connections:
            self._spawn(connection.send(notice))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection: _Connection | None = None
        try:
            self._check_peer(writer)
            async with asyncio.timeout(HELLO_SECONDS):
                hello = msgspec.msgpack.decode(await read_frame(reader), type=schemas.Hello)
            self._check_secret(hello)
            connection = _Connection(writer, hello.caller)
            self._connections.add(connection)
            await connection.send(
                schemas.Answer(0, None, msgspec.Raw(msgspec.msgpack.encode(schemas.RevokedSessions([]))))
            )
            decoder = msgspec.msgpack.Decoder(schemas.Call)
            while True:
                self._take(connection, decoder.decode(await read_frame(reader)))
        except CallerRefusedError:
            _log.warning("keys.caller_refused")
        except (asyncio.IncompleteReadError, ConnectionError, TimeoutError):
            pass
        except (ValueError, msgspec.DecodeError):
            _log.warning("keys.malformed", caller=connection.caller if connection else "unknown")
        finally:
            if connection is not None:
                self._connections.discard(connection)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    def _check_peer(self, writer: asyncio.StreamWriter) -> None:
        peer = writer.get_extra_info("socket")
        _, uid, _ = _PEER.unpack(peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))
        if uid not in self._allowed_uids:
            raise CallerRefusedError

    def _check_secret(self, hello: schemas.Hello) -> None:
        """Processes of one user are told apart by what each was handed at its start."""
        if self._secrets is None:
            return
        expected = self._secrets.get(hello.caller, "")
        if not expected or not hmac.compare_digest(expected.encode(), hello.secret.encode()):
            raise CallerRefusedError

    def _take(self, connection: _Connection, call: schemas.Call) -> None:
        task = asyncio.create_task(self._answer(connection, call))
        connection.calls.add(task)
        task.add_done_callback(connection.calls.discard)

    async def _answer(self, connection: _Connection, call: schemas.Call) -> None:
        try:
            answer = schemas.Answer(call.number, None, await self._decide(connection, call.request))
        except ReelmError as error:
            fault = schemas.Fault(error.code, error.detail, error.fields, error.retry_after_seconds)
            answer = schemas.Answer(call.number, fault, msgspec.Raw(b"\xc0"))
        await connection.send(answer)

    async def _decide(self, connection: _Connection, request: schemas.Request) -> msgspec.Raw:
        kind = type(request)
        if kind not in MAY_ASK[connection.caller]:
            _log.warning("keys.not_for_this_caller", caller=connection.caller, request=kind.__name__)
            raise CallerRefusedError
        if len(connection.calls) > CALLS_UNDER_WAY:
            raise BusyError(retry_after_seconds=1)
        self._limits.spend("caller", connection.caller, CALLER_LIMIT)
        try:
            async with asyncio.timeout(CALL_SECONDS):
                body = await self._handlers[kind](request)
        except ReelmError:
            raise
        except TimeoutError:
            raise OverloadedError(retry_after_seconds=2) from None
        except Exception as error:  # noqa: BLE001 - nothing may escape with its message
            # The type of the failure only: a message or traceback could carry what was being handled.
            _log.error("keys.failed", request=kind.__name__, failure=type(error).__name__)
            raise OverloadedError(retry_after_seconds=2) from None
        return msgspec.Raw(msgspec.msgpack.encode(body))


async def _ping(_: schemas.Ping) -> schemas.Message:
    return schemas.Done()


def bind(address: str, mode: int = 0o660) -> socket.socket:
    """Bind the socket, replacing one that a dead process left; nobody can connect until the server starts.

    Raises OSError when another process listens.
    """
    path = Path(address)
    path.parent.mkdir(parents=True, exist_ok=True)
    probe = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        probe.connect(address)
    except OSError:
        path.unlink(missing_ok=True)
    else:
        raise OSError(f"another process already listens on {path.name}")
    finally:
        probe.close()
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(address)
    path.chmod(mode)
    listening.setblocking(False)
    return listening
