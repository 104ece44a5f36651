"""What people are told of their receipts: their own, and nobody else's."""

import asyncio
import base64
from pathlib import Path
from typing import Protocol
from uuid import UUID

import msgspec

from reelm.custody.service import KeysClient, Visitor
from reelm.feed.receipts.batchfiles import BatchProver
from reelm.feed.receipts.errors import ReceiptGoneError
from reelm.feed.receipts.keeper import Kept, leaf_key_of, open_record
from reelm.feed.receipts.repository import Place, PromiseKeysReader, ReceiptRow, ReceiptsReader
from reelm.feed.receipts.schemas import (
    BatchProof,
    LeftOut,
    PromiseKeys,
    PromiseKeyView,
    ReceiptAdjustments,
    ReceiptKeyView,
    ReceiptLine,
    ReceiptPromise,
    ReceiptView,
)
from reelm.feed.receipts.segments import read_record
from reelm.kit.clock import Clock
from reelm.kit.database import Database, UnitOfWork
from reelm.kit.errors import InvalidRequestError, NotFoundError
from reelm.kit.pages import Page, decode_cursor, encode_cursor
from reelm.ledger.service import LedgerLateError, LedgerService, entries
from reelm_audit.feed import commitments, layout
from reelm_audit.feed import files as feed_files
from reelm_audit.feed.promises import (
    INCLUDE_WITHIN,
    Inclusion,
    Promise,
    leaf_of,
    open_certificate,
    process_of,
)
from reelm_audit.tlog.note import Verifier


class Declared(Protocol):
    """What is known of the maps of adjustments that pages used."""

    async def shown_for(self, receipt: layout.Receipt) -> feed_files.FileAdjustments | None: ...


class ReceiptsService:
    """Reads a person's receipts, with the key that only their session brings."""

    def __init__(
        self,
        folder: Path,
        keys: KeysClient,
        database: Database,
        ledger: LedgerService,
        declared: Declared,
        realm_address: str,
        clock: Clock,
        include_within: int = INCLUDE_WITHIN,
    ) -> None:
        self._segments = folder / "segments"
        self._prover = BatchProver(folder / "batches")
        self._keys = keys
        self._database = database
        self._ledger = ledger
        self._declared = declared
        self._realm_address = realm_address
        self._clock = clock
        self._within = include_within

    async def page(
        self, uow: UnitOfWork, visitor: Visitor, limit: int, cursor: str | None
    ) -> Page[ReceiptLine]:
        """The visitor's receipts, newest first."""
        reader = ReceiptsReader(uow)
        rows = await reader.page(visitor.person_id, decode_cursor(cursor, UUID), limit + 1)
        shown = rows[:limit]
        included = await reader.places([row.leaf for row in shown])
        lines = [ReceiptLine(row.id, row.at, row.clips, row.leaf in included) for row in shown]
        return Page(lines, encode_cursor(shown[-1].id) if len(rows) > limit else None)

    async def key(self, visitor: Visitor) -> ReceiptKeyView:
        """The key that the visitor's leaves are made with."""
        return ReceiptKeyView(leaf_key_of(await self._key(visitor)).hex())

    async def _key(self, visitor: Visitor) -> bytes:
        return await self._keys.receipt_key(visitor.session_id, visitor.token)

    async def promise_keys(self, uow: UnitOfWork) -> PromiseKeys:
        """Whose promises count; for everybody."""
        named = await self._ledger.last(uow, entries.PromiseKeyNamed)
        rows = await PromiseKeysReader(uow).list_all()
        return PromiseKeys(named.vkey if named else None, [PromiseKeyView(*row) for row in rows])

    async def one(self, visitor: Visitor, receipt_id: UUID, *, adjustments: bool) -> ReceiptView:
        """A receipt of the visitor's. Raises NotFoundError, or ReceiptGoneError where only its index is left."""
        row, place = await self._find(visitor, receipt_id)
        kept = await self._open(visitor, row)
        receipt = layout.decode(kept.receipt)
        inclusion = await self._inclusion(place)
        declared = await self._declared.shown_for(receipt) if adjustments else None
        promise = self._promise(row, kept)
        return ReceiptView(
            id=row.id,
            at=row.at,
            items=[UUID(bytes=clip) for clip in receipt.clips],
            digest=layout.digest_of(kept.receipt).hex(),
            body=base64.b64encode(kept.receipt).decode(),
            model=receipt.model.hex(),
            policy=receipt.policy.hex(),
            promise=ReceiptPromise(
                leaf=row.leaf.hex(),
                at=promise.at,
                include_by=promise.include_by,
                process=process_of(kept.promise_key),
                key=kept.promise_key.hex(),
                signature=base64.b64encode(kept.signature).decode(),
            ),
            proof=msgspec.convert(inclusion.as_json(), BatchProof) if inclusion else None,
            adjustments=_adjustments(declared),
        )

    async def file(self, visitor: Visitor, receipt_id: UUID) -> str:
        """Everything that shows how a page was made and that it was logged, as a text to keep. Raises as `one`."""
        row, place = await self._find(visitor, receipt_id)
        kept = await self._open(visitor, row)
        receipt = layout.decode(kept.receipt)
        inclusion = await self._inclusion(place)
        entry = await self._entry(inclusion.entry_index) if inclusion else None
        state = await self._ledger.state()
        async with self._database.transaction() as uow:
            known = await self.promise_keys(uow)
        certificate = next(
            (key.certificate for key in known.items if key.key == kept.promise_key.hex()), None
        )
        return feed_files.FeedFile(
            realm=self._realm_address,
            made=int(self._clock.now().timestamp()),
            receipt=kept.receipt,
            shown=receipt.clips,
            key=leaf_key_of(await self._key(visitor)),
            vkey=state.vkey,
            policy=state.release_policy,
            promise=self._promise(row, kept),
            certificate=certificate,
            promise_vkey=known.vkey,
            inclusion=inclusion if entry else None,
            entry=entry,
            adjustments=await self._declared.shown_for(receipt),
        ).text()

    async def left_out(self, uow: UnitOfWork, visitor: Visitor, clip_id: UUID, text: str) -> LeftOut:
        """Why a clip of the visitor's could not be on a page, given the page's file.

        Nobody is named by it who did not give the file away. Raises NotFoundError for another's clip, and
        InvalidRequestError for what this realm never promised.
        """
        known = await self.promise_keys(uow)
        try:
            file = feed_files.parse(text.encode())
            receipt = layout.decode(file.receipt)
            key = _promised(file, known.vkey)
        except ValueError as error:
            raise InvalidRequestError(fields={"file": "malformed"}) from error
        found = await self._keys.clip_commitments(visitor.token, clip_id, key, receipt.seed)
        reason = commitments.reason_among(found, receipt.commitments)
        return msgspec.convert({"reason": reason}, LeftOut)

    # --- parts --------------------------------------------------------------------------------------------

    async def _find(self, visitor: Visitor, receipt_id: UUID) -> tuple[ReceiptRow, Place | None]:
        async with self._database.transaction(visitor.ticket) as uow:
            reader = ReceiptsReader(uow)
            row = await reader.find(visitor.person_id, receipt_id)
            if row is None:
                raise NotFoundError
            return row, (await reader.places([row.leaf])).get(row.leaf)

    async def _open(self, visitor: Visitor, row: ReceiptRow) -> Kept:
        key = await self._key(visitor)
        try:
            record = await asyncio.to_thread(read_record, self._segments, row.segment, row.place, row.length)
            return open_record(key, row.id, row.leaf, record)
        except (OSError, ValueError) as error:
            raise ReceiptGoneError from error

    async def _inclusion(self, place: Place | None) -> Inclusion | None:
        """The proof that a leaf is in its batch; None before the batch has its place in the ledger."""
        if place is None:
            return None
        async with self._database.transaction() as uow:
            index = await self._ledger.find_index(uow, place.ref)
        if index is None:
            return None
        try:
            size, hashes = await asyncio.to_thread(self._prover.prove, place.batch, place.position)
        except (OSError, ValueError) as error:
            raise ReceiptGoneError from error
        return Inclusion(place.batch, place.position, size, tuple(hashes), index)

    async def _entry(self, index: int) -> feed_files.LoggedEntry | None:
        try:
            return feed_files.LoggedEntry(await self._ledger.entry(index), await self._ledger.proof(index))
        except (LedgerLateError, NotFoundError):  # it has its place, and no published checkpoint has it yet
            return None

    def _promise(self, row: ReceiptRow, kept: Kept) -> Promise:
        at = int(row.at.timestamp())
        return Promise(row.leaf, at, at + self._within, kept.signature)


def _promised(file: feed_files.FeedFile, vkey: str | None) -> bytes:
    """The key that promised the page. Raises ValueError unless it is vouched for under `vkey`."""
    if file.promise is None or file.certificate is None or vkey is None:
        raise ValueError("nothing shows that the page was promised")
    key = open_certificate(file.certificate, Verifier.from_vkey(vkey))
    file.promise.verify(key.key)
    if file.promise.leaf != leaf_of(file.key, file.shown, layout.digest_of(file.receipt)):
        raise ValueError("the promise is of another page")
    return key.key


def _adjustments(declared: feed_files.FileAdjustments | None) -> ReceiptAdjustments | None:
    if declared is None:
        return None
    return msgspec.convert(feed_files.adjustments_as_json(declared), ReceiptAdjustments)
