"""What is forgotten of conversations after thirty days. The worker's."""

import datetime as dt
from collections.abc import Awaitable, Callable

from reelm.kit.clock import Clock
from reelm.kit.database import Database
from reelm.messages.repository import MessagesKeeper

KEPT = dt.timedelta(days=30)
EVERY_SECONDS = 3600.0


class MessageForgetter:
    """Keeps to the retention; it may be done again at any time."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def schedules(self) -> tuple[tuple[float, Callable[[], Awaitable[object]]], ...]:
        return ((EVERY_SECONDS, self.forget),)

    async def forget(self) -> int:
        """Forget what is over; return how many rows went."""
        async with self._database.transaction() as uow:
            return await MessagesKeeper(uow).forget(self._clock.now() - KEPT)
