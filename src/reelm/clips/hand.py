"""What a job acts with: keys and subject tickets of one person, released for minutes at a time."""

import asyncio
import contextlib
import datetime as dt
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self
from uuid import UUID

from reelm.clips.jobs import ClipJob
from reelm.clips.repository import ClipsWriter
from reelm.custody.service import JobKeys, KeysClient, TicketRefusedError
from reelm.kit.clock import Clock
from reelm.kit.database import Database, UnitOfWork
from reelm.media.service import Stage

_EARLY = dt.timedelta(seconds=60)
_TELL_SECONDS = 0.5
# The share of the bar that each stage of the first rendition fills, in percent: from, to.
_BARS: dict[Stage, tuple[str, float, float]] = {"probing": ("probing", 0, 6), "first": ("encoding", 6, 94)}


class Hand:
    """Acts for one person on one clip, for one declared purpose."""

    def __init__(
        self, keys: KeysClient, database: Database, clock: Clock, job: ClipJob, purpose: str
    ) -> None:
        self._keys = keys
        self._database = database
        self._clock = clock
        self._purpose = purpose
        self._ticket = job.ticket
        self._released: JobKeys | None = None
        self.person_id = job.person_id
        self.clip_id = job.clip_id

    async def keys(self, upload: tuple[UUID, bytes] | None = None) -> JobKeys:
        """Return what the job may use now. Raises `TicketRefusedError` when the person is gone.

        A ticket that ran out (the job waited long) is renewed, as far as its purpose has a schedule.
        """
        fresh = self._released
        if fresh is not None and upload is None and fresh.ticket_expires_at - self._clock.now() > _EARLY:
            return fresh
        try:
            self._released = await self._ask(upload)
        except TicketRefusedError:
            self._ticket = await self._keys.schedule_ticket(self._purpose, self.person_id, self.clip_id)
            self._released = await self._ask(upload)
        return self._released

    async def _ask(self, upload: tuple[UUID, bytes] | None) -> JobKeys:
        return await self._keys.job_keys(self._ticket, self._purpose, self.clip_id, upload=upload)

    async def key_of(self, other_clip_id: UUID) -> bytes:
        """Return the key of another clip of the same person. Raises `TicketRefusedError`."""
        ticket = await self._keys.schedule_ticket(self._purpose, self.person_id, other_clip_id)
        released = await self._keys.job_keys(ticket, self._purpose, other_clip_id)
        if released.clip_key is None:
            raise TicketRefusedError
        return released.clip_key

    @property
    def ticket(self) -> str:
        """The job's ticket, for a job that follows this one."""
        return self._ticket

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[UnitOfWork]:
        """Run one transaction as the person."""
        released = await self.keys()
        async with self._database.transaction(released.ticket) as uow:
            yield uow


class Watch:
    """Tells how far a job is, at most twice a second, and hears when it is wanted no more.

    `on_progress` and `cancelled` are called from the encoder's thread.
    """

    def __init__(self, hand: Hand, attempt: int, stopping: Callable[[], bool], *, tell: bool) -> None:
        self._hand = hand
        self._attempt = attempt
        self._stopping = stopping
        self._tell = tell
        self._now: tuple[str, int] = ("probing", 0)
        self._told: tuple[str, int] | None = None
        self._unwanted = False
        self._task: asyncio.Task[None] | None = None

    def on_progress(self, stage: Stage, percent: float) -> None:
        if stage in _BARS:
            name, low, high = _BARS[stage]
            self._now = (name, round(low + (high - low) * percent / 100))

    def cancelled(self) -> bool:
        return self._unwanted or self._stopping()

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
                await self._tell_once()
            await asyncio.sleep(_TELL_SECONDS)

    async def _tell_once(self) -> None:
        now = self._now
        async with self._hand.transaction() as uow:
            writer = ClipsWriter(uow)
            if self._tell and now != self._told:
                wanted = await writer.tell_progress(self._hand.clip_id, self._attempt, *now)
                self._told = now
            else:
                wanted = await writer.is_wanted(self._hand.clip_id, self._attempt)
        self._unwanted = not wanted
