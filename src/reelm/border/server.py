"""The border's socket: this machine's own processes ask it to speak with others in their place.

Who connects must run as this user and show what it was handed; each may ask for what `MAY_ASK` says, and no more.
"""

import asyncio
import contextlib
import hmac
import os
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import structlog

from reelm.border import messages
from reelm.border.client import frame, read_frame
from reelm.border.errors import BorderForbiddenError, BorderUnavailableError
from reelm.kit.clock import Clock
from reelm.kit.errors import ReelmError
from reelm.kit.limits import Limit, RateLimiter
from reelm.settings import BorderCaller

Errand = Callable[[BorderCaller, Any], Awaitable[msgspec.Struct]]

MAY_ASK: dict[BorderCaller, frozenset[type[messages.Message]]] = {
    "sequencer": frozenset({messages.Control}),
    "worker": frozenset({messages.Fetch, messages.Lookup, messages.Deliver}),
    "web": frozenset({messages.Lookup}),
    "cli": frozenset({messages.Control, messages.Lookup}),
}
HELLO_SECONDS = 5.0
CALLS_AT_ONCE = 64
CALLER_LIMIT = Limit(burst=400, seconds_each=0.005)
_PEER = struct.Struct("3i")
_log = structlog.get_logger("reelm.border")


class BorderServer:
    """Answers on one socket. A part of the border process."""

    def __init__(
        self,
        address: str,
        errands: Mapping[type[messages.Message], Errand],
        secrets: Mapping[BorderCaller, str],
        clock: Clock,
    ) -> None:
        self._address = address
        self._errands = errands
        self._secrets = secrets
        self._limits = RateLimiter(clock)
        self._under_way = 0

    async def run(self) -> None:
        """Listen until cancelled. Raises OSError where another process listens already."""
        server = await asyncio.start_unix_server(
            self._serve, sock=_bind(self._address), limit=2 * messages.MAX_FRAME_BYTES
        )
        try:
            await server.serve_forever()
        finally:
            server.close()
            _unbind(self._address)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            _check_peer(writer)
            async with asyncio.timeout(HELLO_SECONDS):
                hello = msgspec.msgpack.decode(await read_frame(reader), type=messages.Hello)
            expected = self._secrets.get(hello.caller, "")
            if not expected or not hmac.compare_digest(expected.encode(), hello.secret.encode()):
                _log.warning("border.caller_refused", caller=hello.caller)
                return
            while True:
                call = msgspec.msgpack.decode(await read_frame(reader), type=messages.Call)
                writer.write(frame(await self._answer(hello.caller, call)))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, TimeoutError, msgspec.MsgspecError):
            pass
        finally:
            writer.close()

    async def _answer(self, caller: BorderCaller, call: messages.Call) -> messages.Answer:
        try:
            body = msgspec.msgpack.encode(await self._decide(caller, call.request))
        except ReelmError as error:
            fault = messages.Fault(error.code, error.fields.get("reason", ""))
            return messages.Answer(call.number, fault, msgspec.Raw(b"\xc0"))
        return messages.Answer(call.number, None, msgspec.Raw(body))

    async def _decide(self, caller: BorderCaller, request: messages.Request) -> msgspec.Struct:
        kind = type(request)
        if kind not in MAY_ASK[caller]:
            _log.warning("border.not_for_this_caller", caller=caller, request=kind.__name__)
            raise BorderForbiddenError(fields={"reason": "caller"})
        if self._under_way >= CALLS_AT_ONCE:
            raise BorderUnavailableError(retry_after_seconds=2)
        self._limits.spend("caller", caller, CALLER_LIMIT)
        self._under_way += 1
        try:
            return await self._errands[kind](caller, request)
        except ReelmError:
            raise
        except Exception as error:  # noqa: BLE001 - nothing may escape with its message
            _log.error("border.errand_failed", request=kind.__name__, failure=type(error).__name__)
            raise BorderUnavailableError(retry_after_seconds=2) from None
        finally:
            self._under_way -= 1


def _check_peer(writer: asyncio.StreamWriter) -> None:
    peer = writer.get_extra_info("socket")
    _, uid, _ = _PEER.unpack(peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))
    if uid not in {os.geteuid(), 0}:
        raise ConnectionError("another user")


def _unbind(address: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        Path(address).unlink()


def _bind(address: str) -> socket.socket:
    """Bind the socket, replacing one that a dead process left. Raises OSError when somebody listens on it."""
    path = Path(address)
    path.parent.mkdir(parents=True, exist_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(address)
        except OSError:
            path.unlink(missing_ok=True)
        else:
            raise OSError(f"another process already listens on {path.name}")
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(address)
    path.chmod(0o600)
    listening.listen(128)
    listening.setblocking(False)
    return listening
