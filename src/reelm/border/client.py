"""What other processes ask of the border process, over its Unix socket."""

import asyncio
import contextlib
import os
import struct
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from reelm.border import messages
from reelm.border.errors import FAULTS, BorderUnavailableError
from reelm.border.messages import Fetched, Found, Said
from reelm.settings import BorderCaller, Settings

__all__ = ["BorderClient", "Fetched", "Found", "Said"]

CALL_SECONDS = 90.0
_OPEN_SECONDS = 2.0
_LENGTH = struct.Struct(">I")
T = TypeVar("T")


class BorderClient:
    """One process's way to the border. Each call is a connection of its own: they are few, and long."""

    def __init__(self, address: str, caller: BorderCaller, secret: str, folder: Path) -> None:
        self._address = address
        self._hello = messages.Hello(caller, secret)
        self._folder = folder

    @classmethod
    def of(cls, settings: Settings, caller: BorderCaller) -> "BorderClient":
        """The client of a process that was handed `settings`."""
        secret = settings.border.secrets.get(caller, "")
        return cls(settings.border_address, caller, secret, settings.border_folder)

    async def fetch(self, url: str, purpose: str, most_bytes: int) -> Fetched:
        """Fetch a file of a realm that this one knows; `path_of` says where it lies.

        Raises `BorderForbiddenError`, `BorderUnreachableError`, `BorderUnavailableError`.
        """
        return await self._ask(messages.Fetch(url, purpose, most_bytes), Fetched)

    def path_of(self, fetched: Fetched) -> Path:
        """Where a fetched file lies until `forget`."""
        return fetched_path(self._folder, fetched.sha256)

    def forget(self, fetched: Fetched) -> None:
        """The file was taken, or is not wanted."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path_of(fetched))  # noqa: PTH108 - one call, no thread: a file of this machine

    async def control(self, method: Literal["GET", "POST"], url: str, body: bytes | None = None) -> Said:
        """Ask a witness that the charter names, or for what another realm publishes. Raises as `fetch` does."""
        return await self._ask(messages.Control(method, url, body), Said)

    async def lookup(self, address: str) -> Found:
        """Ask the realm of an address such as `@lea@us` for the person.

        Raises `UnknownAddressError`, and as `fetch` does.
        """
        return await self._ask(messages.Lookup(address), Found)

    async def deliver(
        self,
        url: str,
        purpose: str,
        body: bytes,
        *,
        authorization: str,
        topic: str,
        ttl_seconds: int,
        urgency: messages.Urgency = "normal",
    ) -> Said:
        """Hand a sealed message to a push service that the operator has listed; see `pushing` for what may go.

        Of the answer come its status and, where it says so, when to come again. Raises as `fetch` does.
        """
        asked = messages.Deliver(url, purpose, body, authorization, topic, ttl_seconds, urgency)
        return await self._ask(asked, Said)

    async def _ask(self, request: messages.Request, kind: type[T]) -> T:
        try:
            answer = await self._exchange(request)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, msgspec.MsgspecError) as error:
            raise BorderUnavailableError(retry_after_seconds=2) from error
        if answer.fault is not None:
            raise FAULTS.get(answer.fault.code, BorderUnavailableError)(
                fields={"reason": answer.fault.reason} if answer.fault.reason else None,
                retry_after_seconds=5,
            )
        return msgspec.msgpack.decode(answer.body, type=kind)

    async def _exchange(self, request: messages.Request) -> messages.Answer:
        async with asyncio.timeout(_OPEN_SECONDS):
            reader, writer = await asyncio.open_unix_connection(
                self._address, limit=2 * messages.MAX_FRAME_BYTES
            )
        try:
            async with asyncio.timeout(CALL_SECONDS):
                writer.write(frame(self._hello) + frame(messages.Call(1, request)))
                await writer.drain()
                return msgspec.msgpack.decode(await read_frame(reader), type=messages.Answer)
        finally:
            writer.close()


def fetched_path(folder: Path, sha256: str) -> Path:
    """Where a fetched file lies in the border's folder."""
    return folder / "fetched" / sha256


def frame(message: msgspec.Struct) -> bytes:
    """Return a message as it goes over the socket."""
    body = msgspec.msgpack.encode(message)
    if len(body) > messages.MAX_FRAME_BYTES:
        raise ValueError("too large for the border's socket")
    return _LENGTH.pack(len(body)) + body


async def read_frame(reader: asyncio.StreamReader) -> bytes:
    """Read one message. Raises IncompleteReadError at the end, ConnectionError for one that is too large."""
    (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
    if length > messages.MAX_FRAME_BYTES:
        raise ConnectionError("a message that is too large")
    return await reader.readexactly(length)
