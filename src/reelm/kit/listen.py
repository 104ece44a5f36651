"""Listening to PostgreSQL: one connection a process on which other processes' NOTIFYs arrive.

A notification is a hint, never data: whoever hears one reads the row itself, with the rights of the person it
is for. Hints sent while the connection was down are lost, so listeners are told when it is back.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import asyncpg
import structlog

from reelm.kit.database import CONNECTION_LOST
from reelm.settings import DatabaseSettings, Role

_log = structlog.get_logger()
_FIRST_WAIT_SECONDS = 0.2
_LONGEST_WAIT_SECONDS = 5.0
_CHECK_SECONDS = 30.0


class Listener:
    """Hears channels and calls back, in the event loop, without blocking: a callback must return at once.

    Register before `start`. It connects in the background and again whenever the connection is lost.
    """

    def __init__(self, settings: DatabaseSettings, role: Role) -> None:
        self._arguments = {
            **settings.connection(role),
            "server_settings": {"application_name": "reelm listener"},
        }
        self._callbacks: dict[str, list[Callable[[str], None]]] = defaultdict(list)
        self._returned: list[Callable[[], None]] = []
        self._task: asyncio.Task[None] | None = None
        self.connected = asyncio.Event()

    def on(self, channel: str, callback: Callable[[str], None]) -> None:
        """Call `callback` with the payload of every notification on `channel`."""
        self._callbacks[channel].append(callback)

    def on_return(self, callback: Callable[[], None]) -> None:
        """Call `callback` when the connection is back after a loss: something may have been missed."""
        self._returned.append(callback)

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _run(self) -> None:
        wait = _FIRST_WAIT_SECONDS
        before = False
        while True:
            try:
                connection = await asyncpg.connect(**self._arguments, timeout=10)
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                _log.warning("listener can't connect", reason=type(error).__name__)
                await asyncio.sleep(wait)
                wait = min(wait * 2, _LONGEST_WAIT_SECONDS)
                continue
            wait = _FIRST_WAIT_SECONDS
            try:
                await self._listen(connection, returned=before)
            except CONNECTION_LOST as error:
                _log.warning("listener lost its connection", reason=type(error).__name__)
            finally:
                self.connected.clear()
                connection.terminate()
            before = True
            await asyncio.sleep(wait)

    async def _listen(self, connection: Any, *, returned: bool) -> None:
        """Hear until the connection ends; raises what ended it, if it said so."""
        ended = asyncio.Event()
        connection.add_termination_listener(lambda _: ended.set())
        for channel in self._callbacks:
            await connection.add_listener(channel, self._heard)
        self.connected.set()
        if returned:
            for callback in self._returned:
                callback()
        while not ended.is_set():
            try:
                async with asyncio.timeout(_CHECK_SECONDS):
                    await ended.wait()
            except TimeoutError:
                # A connection that died without a word (a firewall, a pulled plug) shows only when it is used.
                await connection.execute("SELECT 1", timeout=10)

    def _heard(self, _connection: Any, _process: int, channel: str, payload: str) -> None:
        for callback in self._callbacks[channel]:
            callback(payload)
