"""What becomes of grants by themselves: nobody answers, time runs out, a process dies halfway.

Kept by the worker, for nobody in particular: what it may see of grants is their state, and no person but those who
are to be told.
"""

import datetime as dt
from collections.abc import Awaitable, Callable

from reelm.custody.grants import entries
from reelm.custody.grants.events import DataOpened
from reelm.custody.grants.repository import GrantsUpkeep
from reelm.kit.clock import Clock
from reelm.kit.database import Database
from reelm.kit.events import EventBus
from reelm.ledger.service import LedgerService
from reelm.realm.service import RealmService

EVERY_SECONDS = 5.0
FORGET_EVERY_SECONDS = 3600.0
DRAFTS_LIVE = dt.timedelta(days=1)
GRANTS_LIVE = dt.timedelta(days=3 * 365)


class GrantKeeper:
    """Settles grants; every act is idempotent, so that two would do no harm."""

    def __init__(
        self, database: Database, ledger: LedgerService, realm: RealmService, events: EventBus, clock: Clock
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._realm = realm
        self._events = events
        self._clock = clock

    def schedules(self) -> list[tuple[float, Callable[[], Awaitable[object]]]]:
        """Return what is to be done, and how many seconds lie in between."""
        return [(EVERY_SECONDS, self.settle_grants), (FORGET_EVERY_SECONDS, self.forget_grants)]

    async def settle_grants(self) -> None:
        """Note places in the ledger that nobody waited for, and end what is over."""
        await self._note_places()
        await self._end_what_is_over()

    async def _note_places(self) -> None:
        async with self._database.transaction() as uow:
            refs = await GrantsUpkeep(uow).list_unsettled()
        for ref in refs:
            async with self._database.transaction() as uow:
                leaf = await self._ledger.find_index(uow, ref)
                if leaf is None:
                    continue
                for grant_id, person_id in await GrantsUpkeep(uow).settle(ref, leaf):
                    await self._events.publish(uow, DataOpened(grant_id, (person_id,)))

    async def _end_what_is_over(self) -> None:
        now, charter = self._clock.now(), self._realm.charter_digest
        async with self._database.transaction() as uow:
            due = await GrantsUpkeep(uow).list_due(now)
        for grant_id, state, request in due:
            entry = (
                entries.unanswered(now, charter, request)
                if state == "asked"
                else entries.ended(now, charter, request, closed=False)
            )
            async with self._database.transaction() as uow:
                # Held first, as a use does: entries stand in the ledger in the order in which they were added.
                if await GrantsUpkeep(uow).hold(grant_id, now):
                    await GrantsUpkeep(uow).end(grant_id, now, await self._ledger.append(uow, entry))

    async def forget_grants(self) -> None:
        """Remove drafts that nobody signed, and grants that are long over."""
        now = self._clock.now()
        async with self._database.transaction() as uow:
            await GrantsUpkeep(uow).forget(now - DRAFTS_LIVE, now - GRANTS_LIVE)
