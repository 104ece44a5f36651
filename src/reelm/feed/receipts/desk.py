"""All that a web process needs of receipts and adjustments, put together: built once, started, stopped."""

import asyncio
from collections.abc import Callable
from uuid import UUID

from reelm.clips.service import ClipsService
from reelm.custody.service import KeysClient
from reelm.feed.adjustments.book import AdjustmentsBook
from reelm.feed.adjustments.service import AdjustmentsService
from reelm.feed.receipts.indexing import ReceiptIndexer
from reelm.feed.receipts.keeper import ReceiptKeeper
from reelm.feed.receipts.promiser import Promiser
from reelm.feed.receipts.service import ReceiptsService
from reelm.kit.clock import Clock
from reelm.kit.database import Database
from reelm.kit.ids import Ids
from reelm.kit.listen import Listener
from reelm.ledger.service import LedgerService
from reelm.realm.service import RealmService
from reelm.settings import Settings


class ReceiptDesk:
    """`keeper` and `book` are for whoever makes pages; `receipts` and `adjustments` answer people."""

    def __init__(
        self,
        settings: Settings,
        keys: KeysClient,
        database: Database,
        ledger: LedgerService,
        clips: ClipsService,
        realm: RealmService,
        listener: Listener,
        row_of: Callable[[UUID], int],
        clock: Clock,
        ids: Ids,
    ) -> None:
        folder, within = settings.feed / "receipts", 2 * settings.batch_seconds
        self._promiser = Promiser(keys, database, clock)
        self.keeper = ReceiptKeeper(folder, keys, self._promiser, ids, within)
        self._indexer = ReceiptIndexer(self.keeper, database, clock)
        self.book = AdjustmentsBook(database, ledger, listener)
        self.adjustments = AdjustmentsService(database, ledger, clips, realm, row_of, clock, ids)
        self.receipts = ReceiptsService(
            folder, keys, database, ledger, self.adjustments, settings.web.origin, clock, within
        )
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin what runs in the background."""
        for work in (self._promiser.run(), self._indexer.run(), self.book.run()):
            self._tasks.append(asyncio.ensure_future(work))

    async def stop(self) -> None:
        """Stop it; what the database does not take now is left in the files, for whoever looks next."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._indexer.end()
