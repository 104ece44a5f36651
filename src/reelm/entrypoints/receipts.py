"""`reelm feed receipts`: how receipts stand, asked as the indexer's login role."""

import asyncio

from reelm.entrypoints.indexer import ROLE
from reelm.feed.receipts.looking import ReceiptsState, look
from reelm.kit.blobs import LocalBlobStore
from reelm.kit.clock import SystemClock
from reelm.kit.database import Database
from reelm.kit.ids import SystemIds
from reelm.ledger.service import LedgerService
from reelm.settings import Settings


def look_at(settings: Settings, days: int = 1) -> ReceiptsState:
    """Return how the receipts of a running realm stand."""
    return asyncio.run(_look(settings, days))


async def _look(settings: Settings, days: int) -> ReceiptsState:
    database = await Database.open(settings.database, ROLE, size=2)
    try:
        clock = SystemClock()
        ledger = LedgerService(database, LocalBlobStore(settings.blobs), clock, SystemIds(clock))
        folder = settings.feed / "receipts"
        return await look(database, ledger, folder, clock, settings.batch_seconds, days)
    finally:
        await database.close()
