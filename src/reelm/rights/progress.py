"""How far a job is, told at most twice a second; and whether it is still wanted."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from reelm.rights.hand import CancelledError

_TELL_SECONDS = 0.5


class Progress:
    """Counts steps. `tell` writes them down and says whether the work is still wanted.

    `demand_wanted` may be called from any thread, between two pieces of a long file.
    """

    def __init__(self, tell: Callable[[int, int], Awaitable[bool]], stopping: Callable[[], bool]) -> None:
        self._tell = tell
        self._stopping = stopping
        self._unwanted = False
        self._task: asyncio.Task[None] | None = None
        self._told: tuple[int, int] | None = None
        self.done = 0
        self.total = 0

    def step(self, count: int = 1) -> None:
        """Count, and go on only if it is wanted. Raises `CancelledError`."""
        self.done = min(self.done + count, self.total)
        self.demand_wanted()

    def demand_wanted(self) -> None:
        """Raises `CancelledError`."""
        if self._unwanted or self._stopping():
            raise CancelledError

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._task is not None
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def _run(self) -> None:
        while True:
            # A failure to tell is no reason to stop: the next half second tries again.
            with contextlib.suppress(Exception):
                self._unwanted = not await self._tell(self.done, self.total)
            await asyncio.sleep(_TELL_SECONDS)
