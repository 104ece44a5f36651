"""Erasing a person: the job that goes through with it, whatever crashes in between.

Steps, each found done or done again:
1. the ledger's entry is published: no published checkpoint, no erasure;
2. keys, credentials and sessions are destroyed by `reelm keys`: from here on nothing sealed can be read by anybody;
3. every row goes in one transaction, which notes what bytes are left (`reelm.erase_subject`);
4. their clips go from the lists of what others were shown, also of pages that were served a moment ago;
5. the bytes go: clips, originals, uploads, archives, the picture, scratch;
6. the last row, the erasure itself, goes.
"""

import asyncio
import shutil

import structlog

from reelm.accounts.service import PersonErased
from reelm.kit.events import EventBus
from reelm.ledger.service import LedgerService
from reelm.media.service import MediaStore
from reelm.rights.hand import Hand
from reelm.rights.repository import RightsReader, RightsWriter

_log = structlog.get_logger("reelm.worker")
_INCLUDED_SECONDS = 30.0


class Eraser:
    """Goes through with erasures."""

    def __init__(self, store: MediaStore, ledger: LedgerService, events: EventBus) -> None:
        self._store = store
        self._ledger = ledger
        self._events = events

    async def erase(self, hand: Hand) -> None:
        """Erase the job's person. Raises `LedgerLateError` while the entry is not published."""
        async with hand.transaction() as uow:
            found = await RightsReader(uow).find_erasure(hand.person_id)
        if found is None:
            return
        if not found.keys_gone:
            await self._ledger.included(found.entry_ref, timeout_seconds=_INCLUDED_SECONDS)
            await hand.keys.erase_by_job(hand.ticket)
            async with hand.transaction() as uow:
                await RightsWriter(uow).note_keys_gone(hand.person_id)
        async with hand.transaction() as uow:
            if not found.rows_gone:
                await self._events.publish(uow, PersonErased(hand.person_id))
            await RightsWriter(uow).erase_subject()
        async with hand.transaction() as uow:
            await RightsWriter(uow).erase_from_receipts()
        async with hand.transaction() as uow:
            found = await RightsReader(uow).find_erasure(hand.person_id)
        if found is None:
            return
        await self._erase_bytes(found.leftovers)
        async with hand.transaction() as uow:
            await RightsWriter(uow).end_erasure(hand.person_id)
        _log.info("erased")

    async def _erase_bytes(self, prefixes: list[str]) -> None:
        for prefix in prefixes:
            await self._store.blobs.delete(prefix)
            scratch = self._store.scratch / prefix.rpartition("/")[2]
            await asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True)
            lock = self._store.scratch / "locks" / prefix.rpartition("/")[2]
            await asyncio.to_thread(lock.unlink, missing_ok=True)
