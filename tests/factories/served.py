"""Pages served without a pipeline: the web process's own receipts desk, with receipts that `feedcase` made."""

import datetime as dt
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from tests.conftest import Person, RunningRealm
from tests.factories.feedcase import FeedCase

from reelm.custody.service import KeysClient, Visitor
from reelm.feed.receipts.desk import ReceiptDesk
from reelm.kit.blobs import LocalBlobStore
from reelm.kit.clock import SystemClock
from reelm.kit.database import Database
from reelm.kit.ids import SystemIds
from reelm.kit.listen import Listener
from reelm.ledger.service import LedgerService
from reelm.realm.service import RealmService
from reelm_audit.feed import layout


@dataclass
class Served:
    """One page: what its viewer got, and what the realm wrote."""

    receipt: layout.Receipt
    data: bytes
    promise: dict[str, Any]
    clips: list[uuid.UUID] = field(default_factory=list)


@dataclass
class Counter:
    """A web process's desk in the test's own process."""

    desk: ReceiptDesk
    keys: KeysClient
    database: Database
    folder: Path

    async def visitor(self, person: Person) -> Visitor:
        session = await self.keys.resolve(person.token)
        return Visitor(session.person_id, session.session_id, session.ticket, person.token)

    async def serve(self, person: Person, seed: int = 1, **changes: Any) -> Served:
        """Keep the receipt of a page, as the pipeline does; nothing of it is in the database yet."""
        at = int(dt.datetime.now(dt.UTC).timestamp())
        case = FeedCase(seed=seed, count=10, candidates=150, adjustments=False)
        receipt = layout.changed(case.receipt, **{"time": at, **changes})
        data = layout.encode(receipt)
        clips = [uuid.UUID(bytes=clip) for clip in receipt.clips]
        said = await self.desk.keeper.keep(await self.visitor(person), data, clips, at)
        return Served(receipt, data, msgspec.json.decode(said), clips)


@asynccontextmanager
async def receipts_counter(realm: RunningRealm, row_of: Any = None) -> AsyncIterator[Counter]:
    """Open the desk beside the realm's own; its background work is left to the test."""
    settings = realm.settings
    clock = SystemClock()
    ids = SystemIds(clock)
    keys = KeysClient(settings.keys_address, clock, secret=settings.caller_secrets["web"])
    database = await Database.open(settings.database, "reelm_web", size=2)
    ledger = LedgerService(database, LocalBlobStore(settings.blobs), clock, ids)
    listener = Listener(settings.database, "reelm_catalog")
    nobody: Any = None
    desk = ReceiptDesk(
        settings,
        keys,
        database,
        ledger,
        nobody,
        RealmService.load(settings),
        listener,
        row_of or (lambda _: -1),
        clock,
        ids,
    )
    try:
        yield Counter(desk, keys, database, settings.feed / "receipts")
    finally:
        await desk.stop()
        await keys.close()
        await database.close()
