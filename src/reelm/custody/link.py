"""The client's end of the keys socket: one connection for a whole process, many calls under way on it.

After a lost connection the link reconnects by itself. A call that was not sent yet, or that may safely be asked
twice, is asked again until `patience_seconds` are over; any other raises KeysUnavailableError.
"""

import asyncio
import contextlib
import struct
from collections.abc import Callable
from uuid import UUID

import msgspec

from reelm.custody import schemas
from reelm.custody.errors import FAULTS, KeysUnavailableError
from reelm.kit.clock import Clock
from reelm.kit.errors import OverloadedError

_LENGTH = struct.Struct(">I")
_FIRST_WAIT_SECONDS = 0.02
_LONGEST_WAIT_SECONDS = 0.5


class _NotSentError(Exception):
    """The connection was lost before the call left."""


class _Line:
    """One connected socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.waiting: dict[int, asyncio.Future[schemas.Answer]] = {}
        self.number = 0
        self.listener: asyncio.Task[None] | None = None

    def lose(self) -> None:
        """Fail everything that waits; the answers will not come."""
        self.writer.close()
        waiting, self.waiting = self.waiting, {}
        for future in waiting.values():
            if not future.done():
                future.set_exception(ConnectionResetError())


class KeysLink:
    """Asks the keys process; `on_revoked` hears which sessions ended, `on_lost` that notices may be missing."""

    def __init__(
        self,
        address: str,
        caller: schemas.Caller,
        clock: Clock,
        *,
        secret: str,
        patience_seconds: float,
        call_seconds: float = 25.0,
        on_revoked: Callable[[list[UUID]], None],
        on_lost: Callable[[], None],
    ) -> None:
        self._address = address
        self._caller = caller
        self._secret = secret
        self._clock = clock
        self._patience = patience_seconds
        self._call_seconds = call_seconds
        self._on_revoked = on_revoked
        self._on_lost = on_lost
        self._line: _Line | None = None
        self._opening = asyncio.Lock()
        self._closed = False

    async def close(self) -> None:
        self._closed = True
        line, self._line = self._line, None
        if line is not None:
            line.lose()
            if line.listener is not None:
                line.listener.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await line.listener
            with contextlib.suppress(ConnectionError):
                await line.writer.wait_closed()

    async def ask(self, request: schemas.AnyRequest, *, repeatable: bool) -> bytes:
        """Return the msgpack body of the answer. Raises the typed failure of the keys process."""
        deadline = self._clock.monotonic() + self._patience
        wait = _FIRST_WAIT_SECONDS
        while True:
            try:
                return await self._ask_once(request)
            except _NotSentError:
                pass
            except ConnectionError:
                if not repeatable:
                    raise KeysUnavailableError(retry_after_seconds=2) from None
            if self._closed or self._clock.monotonic() + wait > deadline:
                raise KeysUnavailableError(retry_after_seconds=2) from None
            await asyncio.sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT_SECONDS)

    async def _ask_once(self, request: schemas.AnyRequest) -> bytes:
        line = await self._connected()
        line.number += 1
        number = line.number
        future: asyncio.Future[schemas.Answer] = asyncio.get_running_loop().create_future()
        line.waiting[number] = future
        body = msgspec.msgpack.encode(schemas.Call(number, request))
        if len(body) > schemas.MAX_FRAME_BYTES:
            line.waiting.pop(number)
            raise ValueError("request too large for the keys protocol")
        try:
            line.writer.write(_LENGTH.pack(len(body)) + body)
            await line.writer.drain()
            async with asyncio.timeout(self._call_seconds):
                answer = await future
        except TimeoutError:
            raise KeysUnavailableError(retry_after_seconds=2) from None
        finally:
            line.waiting.pop(number, None)
        if answer.fault is not None:
            fault = answer.fault
            raise FAULTS.get(fault.code, OverloadedError)(
                fault.detail, fields=fault.fields, retry_after_seconds=fault.retry_after_seconds
            )
        return bytes(answer.body)

    async def _connected(self) -> _Line:
        """Return the live line, opening one if there is none. Raises _NotSentError."""
        if self._line is not None:
            return self._line
        async with self._opening:
            if self._line is None:
                if self._closed:
                    raise _NotSentError
                self._line = await self._open()
            return self._line

    async def _open(self) -> _Line:
        writer: asyncio.StreamWriter | None = None
        try:
            async with asyncio.timeout(2):
                reader, writer = await asyncio.open_unix_connection(
                    self._address, limit=2 * schemas.MAX_FRAME_BYTES
                )
                line = _Line(reader, writer)
                hello = msgspec.msgpack.encode(schemas.Hello(self._caller, self._secret))
                writer.write(_LENGTH.pack(len(hello)) + hello)
                await self._read(line)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            if writer is not None:
                writer.close()
            raise _NotSentError from None
        line.listener = asyncio.create_task(self._listen(line))
        return line

    @staticmethod
    async def _read(line: _Line) -> schemas.Answer:
        (length,) = _LENGTH.unpack(await line.reader.readexactly(_LENGTH.size))
        return msgspec.msgpack.decode(await line.reader.readexactly(length), type=schemas.Answer)

    async def _listen(self, line: _Line) -> None:
        try:
            while True:
                answer = await self._read(line)
                if answer.number == 0:
                    gone = msgspec.msgpack.decode(answer.body, type=schemas.RevokedSessions)
                    self._on_revoked(gone.session_ids)
                    continue
                future = line.waiting.pop(answer.number, None)
                if future is not None and not future.done():
                    future.set_result(answer)
        except (asyncio.IncompleteReadError, ConnectionError, msgspec.DecodeError):
            pass
        finally:
            if self._line is line:
                self._line = None
            line.lose()
            self._on_lost()
