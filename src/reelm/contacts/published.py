"""The set of all entries, as everybody signed in may fetch it: sorted, without names, the same for everyone.

It is fetched whole, since asking for a part of it would say which numbers somebody looks for. It is made at most once
a minute, in the memory of the process, and only when it is asked for.
"""

import asyncio
import hashlib
from dataclasses import dataclass

from reelm.contacts.repository import ContactsReader
from reelm.kit.clock import Clock
from reelm.kit.database import Database

REMADE_SECONDS = 60.0
ENTRY_BYTES = 92
"""As the table's own check demands: the models themselves are for migrations alone, and heavy."""


@dataclass(frozen=True)
class SetOfEntries:
    """All entries one after the other, 92 bytes each, and a name that changes with them."""

    body: bytes
    etag: str
    made: float


class PublishedSet:
    """Makes the set and keeps it for a minute. One a process."""

    def __init__(self, database: Database, clock: Clock, *, seconds: float = REMADE_SECONDS) -> None:
        self._database = database
        self._clock = clock
        self._seconds = seconds
        self._made: SetOfEntries | None = None
        self._making = asyncio.Lock()

    async def current(self) -> SetOfEntries:
        """Return the set as it was at most a minute ago. Whoever calls this must hold no connection."""
        async with self._making:
            if self._made is None or self._clock.monotonic() - self._made.made >= self._seconds:
                self._made = await self._make()
            return self._made

    async def _make(self) -> SetOfEntries:
        began = self._clock.monotonic()
        parts: list[bytes] = []
        async with self._database.transaction() as uow:
            reader, last = ContactsReader(uow), None
            while part := await reader.list_set_after(last):
                parts.append(part)
                last = part[-ENTRY_BYTES:]
        body = b"".join(parts)
        etag = await asyncio.to_thread(lambda: hashlib.sha256(body).hexdigest()[:32])
        return SetOfEntries(body, f'"{etag}"', began)
