"""Receipts beside a database of a test's own: a keeper without a keys process, a batcher, and what they keep."""

import datetime as dt
import hashlib
import uuid
from pathlib import Path
from typing import Any

import msgspec
from tests.factories.feedcase import FeedCase

from reelm.custody.service import Visitor
from reelm.feed.receipts.batches import ReceiptBatcher
from reelm.feed.receipts.keeper import ReceiptKeeper
from reelm.feed.receipts.promiser import Promiser
from reelm.kit.blobs import LocalBlobStore
from reelm.kit.clock import SystemClock
from reelm.kit.database import Database
from reelm.kit.ids import SystemIds
from reelm.ledger.service import LedgerService
from reelm_audit.feed import layout

CLOCK = SystemClock()
CHARTER = "c" * 64


class LocalKeys:
    """Receipt keys that follow from the session; the keys process gives out better ones."""

    def known_receipt_key(self, session_id: uuid.UUID) -> bytes | None:
        return hashlib.sha256(session_id.bytes).digest()

    async def receipt_key(self, session_id: uuid.UUID, token: str) -> bytes:
        return hashlib.sha256(session_id.bytes).digest()


def local_keeper(folder: Path) -> ReceiptKeeper:
    keys: Any = LocalKeys()
    nothing: Any = None
    return ReceiptKeeper(folder, keys, Promiser(keys, nothing, CLOCK), SystemIds(CLOCK))


def somebody(person_id: uuid.UUID) -> Visitor:
    return Visitor(person_id, person_id, "", "")


async def keep_one(keeper: ReceiptKeeper, person_id: uuid.UUID, seed: int) -> dict[str, Any]:
    at = int(dt.datetime.now(dt.UTC).timestamp())
    case = FeedCase(seed=seed, count=10, candidates=120, adjustments=False)
    receipt = layout.changed(case.receipt, time=at)
    clips = [uuid.UUID(bytes=clip) for clip in receipt.clips]
    said = await keeper.keep(somebody(person_id), layout.encode(receipt), clips, at)
    promise: dict[str, Any] = msgspec.json.decode(said)
    return promise


def local_batcher(database: Database, folder: Path, **changes: Any) -> ReceiptBatcher:
    """`database` is of the role `reelm_indexer`."""
    ledger = LedgerService(database, LocalBlobStore(folder / "blobs"), CLOCK, SystemIds(CLOCK))
    return ReceiptBatcher(database, ledger, folder / "receipts", CHARTER, CLOCK, **changes)
