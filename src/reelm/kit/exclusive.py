"""One process at a time: an advisory lock of PostgreSQL, held on a connection of its own.

It falls with the connection, so a killed process leaves nothing behind. Who has lost it hears so, but maybe late:
what must not happen twice is guarded by the rows themselves.
"""

import asyncio
from typing import Any

import asyncpg

from reelm.kit.database import CONNECTION_LOST, DatabaseUnavailableError
from reelm.settings import DatabaseSettings, Role


class Exclusive:
    """The lock numbered `key`; `lost` is set when its connection ends."""

    def __init__(self, settings: DatabaseSettings, role: Role, key: int) -> None:
        self._arguments = {
            **settings.connection(role),
            "server_settings": {"application_name": f"reelm lock {key}"},
        }
        self._key = key
        self._connection: Any = None
        self.lost = asyncio.Event()

    async def try_acquire(self) -> bool:
        """Take the lock if nobody has it. Raises `DatabaseUnavailableError`."""
        try:
            if self._connection is None or self._connection.is_closed():
                self._connection = await asyncpg.connect(**self._arguments, timeout=10)
            held: bool = await self._connection.fetchval("SELECT pg_try_advisory_lock($1)", self._key)
        except CONNECTION_LOST as error:
            raise DatabaseUnavailableError(retry_after_seconds=2) from error
        if held:
            self.lost.clear()
            self._connection.add_termination_listener(lambda _: self.lost.set())
        return held

    async def release(self) -> None:
        """Give the lock back, with its connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()
