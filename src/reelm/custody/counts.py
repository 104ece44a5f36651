"""Counts of released keys, by purpose and hour, and how they come into the ledger.

Counted in memory, written into the store within two seconds (at once for openings under a grant), and told to the
ledger when the hour is over: one entry `keys.released` an hour, under a reference that follows from the hour, so that
telling it twice leaves one entry. A kill -9 can lose the last two seconds of counts of people's own keys. Keys made
anew for whoever asks (at a sign-up, for a new file, for a backup) release nothing and are not counted.
"""

import asyncio
import datetime as dt
import hashlib
import hmac
from collections import Counter
from uuid import UUID

from reelm.custody.door import Door
from reelm.custody.envelope import new_key
from reelm.custody.keystore import Keystore
from reelm.custody.repository import RealmRows
from reelm.kit.clock import Clock
from reelm.ledger.service import entries

HOUR_SECONDS = 3600
WRITE_AFTER_SECONDS = 2.0
# What is counted beside the purposes that `purposes.json` declares.
# A clip's key is given out again for each part that is watched: the opening was counted, and this is told apart.
SESSION, VIEWING, GRANT, GRANT_AGAIN = "session", "viewing", "grant", "grant_again"
DISCLOSURE = "disclosure"


class Counts:
    """Counts releases. `charter` is the digest that entries name; without one nothing is told to the ledger."""

    def __init__(
        self, store: Keystore, door: Door, rows: RealmRows, clock: Clock, charter: str | None
    ) -> None:
        self._store = store
        self._door = door
        self._rows = rows
        self._clock = clock
        self._charter = charter
        self._secret = store.secret("counts", self._now(), new_key)
        self._unwritten: Counter[tuple[int, str]] = Counter()
        self._later: asyncio.TimerHandle | None = None
        self._writing: set[asyncio.Task[None]] = set()

    def _now(self) -> int:
        return int(self._clock.now().timestamp())

    def add(self, purpose: str, released: int = 1) -> None:
        """Count keys that are about to be given out."""
        if released < 1:
            return
        self._unwritten[self._now() // HOUR_SECONDS, purpose] += released
        if self._later is None:
            self._later = asyncio.get_running_loop().call_later(WRITE_AFTER_SECONDS, self._write_soon)

    def _write_soon(self) -> None:
        task = asyncio.create_task(self.write())
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    def close(self) -> None:
        """Write nothing more of its own accord."""
        if self._later is not None:
            self._later.cancel()

    async def write(self) -> None:
        """Make durable what was counted."""
        if self._later is not None:
            self._later.cancel()
            self._later = None
        taken, self._unwritten = self._unwritten, Counter()
        # An hour in which nothing was released is told, too: that nothing is said would say nothing.
        taken[self._now() // HOUR_SECONDS, ""] += 0
        await self._door.write(self._store.add_counts, dict(taken))

    async def tell(self) -> int:
        """Tell the ledger of every hour that is over; return how many. Raises OverloadedError: then it waits."""
        await self.write()
        if self._charter is None:
            return 0
        now = self._clock.now()
        told = 0
        for hour, counts in self._store.list_counts(before=int(now.timestamp()) // HOUR_SECONDS):
            entry = entries.KeysReleased(
                at=entries.minute(now),
                charter=self._charter,
                hour=entries.minute(dt.datetime.fromtimestamp(hour * HOUR_SECONDS, dt.UTC)),
                counts={purpose: released for purpose, released in counts.items() if purpose},
            )
            await self._rows.add_released(self._reference(hour), entry.to_bytes())
            await self._door.write(self._store.forget_counts, hour)
            told += 1
        return told

    def _reference(self, hour: int) -> UUID:
        digest = hmac.new(self._secret, str(hour).encode(), hashlib.sha256).digest()
        return UUID(bytes=digest[:16], version=4)
