"""The daily digest: what somebody was told in a day, once, in the app and as one push.

It is a notice like others; the database makes the push of it. When the next one is due moves in the transaction that
tells it, so that a worker which dies in between tells it once.
"""

import datetime as dt
from collections import Counter
from uuid import UUID

from reelm.custody.service import KeysClient, TicketRefusedError
from reelm.kit.clock import Clock
from reelm.kit.database import Database
from reelm.kit.ids import Ids
from reelm.notices.kinds import GATHERED, SORT_OF
from reelm.notices.quiet import DIGEST_AT, next_time
from reelm.notices.repository_push import PushReader, PushWriter

PURPOSE = "push_deliver"
_DAY = dt.timedelta(days=1)


class Digests:
    """Tells those who want it what their day was."""

    def __init__(self, database: Database, keys: KeysClient, clock: Clock, ids: Ids) -> None:
        self._database = database
        self._keys = keys
        self._clock = clock
        self._ids = ids

    async def tell_due(self) -> int:
        """Tell everybody whose digest is due; return how many there were."""
        now = self._clock.now()
        async with self._database.transaction() as uow:
            people = await PushReader(uow).list_due_digests(now)
        return sum([await self._tell(person_id, now) for person_id in people])

    async def _tell(self, person_id: UUID, now: dt.datetime) -> bool:
        try:
            job = await self._keys.schedule_ticket(PURPOSE, person_id)
            ticket = (await self._keys.job_keys(job, PURPOSE)).ticket
        except TicketRefusedError:
            return False
        async with self._database.transaction(ticket) as uow:
            writer = PushWriter(uow)
            chosen = await writer.find_settings(person_id)
            if chosen is None or not await writer.move_digest(
                person_id, now, next_time(now, DIGEST_AT, chosen.time_zone)
            ):
                return False
            counts: Counter[str] = Counter()
            for kind, number in (await writer.list_gathered(person_id, now - _DAY)).items():
                sort = SORT_OF.get(kind, "other")
                if sort in GATHERED:
                    counts[sort] += number
            if not counts:
                return False
            await writer.tell_digest(person_id, self._ids.new(), dict(counts))
        return True
