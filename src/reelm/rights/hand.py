"""What a job of this room acts with: keys and subject tickets of one person, released for minutes at a time."""

import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from reelm.custody.service import JobKeys, KeysClient
from reelm.kit.clock import Clock
from reelm.kit.database import Database, UnitOfWork
from reelm.rights.jobs import RightsJob

_EARLY = dt.timedelta(seconds=60)


class CancelledError(Exception):
    """The person does not want it any more, or the process was asked to end."""


class Hand:
    """Acts for one person, for one declared purpose."""

    def __init__(
        self, keys: KeysClient, database: Database, clock: Clock, job: RightsJob, purpose: str
    ) -> None:
        self.keys = keys
        self.ticket = job.ticket
        self.person_id = job.person_id
        self._database = database
        self._clock = clock
        self._purpose = purpose
        self._released: JobKeys | None = None

    async def released(self, upload: tuple[UUID, bytes] | None = None) -> JobKeys:
        """Return what the job may use now. Raises `TicketRefusedError` when the person is gone."""
        fresh = self._released
        if fresh is not None and upload is None and fresh.ticket_expires_at - self._clock.now() > _EARLY:
            return fresh
        self._released = await self.keys.job_keys(self.ticket, self._purpose, upload=upload)
        return self._released

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[UnitOfWork]:
        """Run one transaction as the person."""
        released = await self.released()
        async with self._database.transaction(released.ticket) as uow:
            yield uow
