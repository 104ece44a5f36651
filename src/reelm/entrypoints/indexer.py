"""The indexer process: whatever the feeds stand on and nobody waits for, each as a part of its own.

It is the only writer of the shared catalog, and what it says in the ledger (`models/ledger.py`, INDEX_KINDS) nobody
else may say. A part that fails is logged and started again, later each time; the others go on.
"""

import asyncio
import signal
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from reelm.entrypoints import learning
from reelm.entrypoints.keeping import AfterTheCharter, Part, keep, patient_database
from reelm.feed.adjustments.book import AdjustmentsBook
from reelm.feed.catalog.keeper import CatalogKeeper
from reelm.feed.learning.learner import Learner
from reelm.feed.lists.keeper import PublicLists
from reelm.feed.receipts.batches import ReceiptBatcher
from reelm.kit import metrics as kit_metrics
from reelm.kit.blobs import LocalBlobStore
from reelm.kit.clock import Clock, SystemClock
from reelm.kit.database import Database
from reelm.kit.ids import Ids, SystemIds
from reelm.kit.listen import Listener
from reelm.ledger.service import LedgerService
from reelm.realm.service import RealmService
from reelm.settings import Role, Settings

ROLE: Role = "reelm_indexer"

_log = structlog.get_logger("reelm.indexer")


@dataclass(frozen=True)
class Bench:
    """What every part may work with. Callbacks are registered at `listener` before anything runs."""

    settings: Settings
    database: Database
    listener: Listener
    blobs: LocalBlobStore
    ledger: LedgerService
    realm: RealmService
    clock: Clock
    ids: Ids


def parts_of(bench: Bench) -> Sequence[Part]:
    """Return the parts of the process. A new one is a line here."""
    settings = bench.settings
    charter = bench.realm.charter_digest
    catalog = CatalogKeeper(settings.feed, bench.database, bench.listener, bench.ledger, charter, bench.clock)
    receipts = ReceiptBatcher(
        bench.database,
        bench.ledger,
        settings.feed / "receipts",
        bench.realm.charter_digest,
        bench.clock,
        seconds=settings.batch_seconds,
    )
    learner = Learner(settings, bench.database, bench.ledger, charter, bench.clock, learning.COMMAND)
    book = AdjustmentsBook(bench.database, bench.ledger, bench.listener)
    lists = PublicLists(settings.feed, bench.database, bench.ledger, book, bench.realm, bench.clock)
    return [catalog, lists, receipts, learner]


def run(settings: Settings) -> int:
    """Work until SIGTERM or SIGINT; return the exit code."""
    kit_metrics.prepare(settings.data / "run" / "metrics")
    settings.feed.mkdir(parents=True, exist_ok=True)
    settings.feed.chmod(0o700)
    return asyncio.run(_index(settings))


async def _index(settings: Settings) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    database = await patient_database(settings, ROLE, stop)
    if database is None:
        return 0
    clock = SystemClock()
    ids = SystemIds(clock)
    blobs = LocalBlobStore(settings.blobs)
    listener = Listener(settings.database, ROLE)
    ledger = AfterTheCharter(database, blobs, clock, ids)
    bench = Bench(settings, database, listener, blobs, ledger, RealmService.load(settings), clock, ids)
    parts = parts_of(bench)
    await listener.start()
    keeping = [asyncio.ensure_future(keep(part, clock)) for part in parts]
    try:
        _log.info("indexer.ready", parts=[type(part).__name__ for part in parts])
        await stop.wait()
    finally:
        for task in keeping:
            task.cancel()
        await asyncio.gather(*keeping, return_exceptions=True)
        await listener.stop()
        await database.close()
    return 0
