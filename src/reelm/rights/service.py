"""Decisions about people's rights, as the web process needs them: see, take, bring, erase.

What takes long is left to jobs; each carries a ticket that was made in the person's live session.
"""

import asyncio
import datetime as dt
from typing import Any
from uuid import UUID

from reelm.accounts.service import AccountsService, Visitor
from reelm.custody.service import KeysClient
from reelm.kit.clock import Clock
from reelm.kit.database import Database, UnitOfWork
from reelm.kit.errors import NotFoundError, SignInRequiredError
from reelm.kit.ids import Ids
from reelm.kit.jobs import enqueue
from reelm.kit.pages import Page, decode_cursor, encode_cursor
from reelm.ledger.service import LedgerLateError, LedgerService, entries
from reelm.media.service import MediaService, SealedReader
from reelm.realm.service import RealmService
from reelm.rights import jobs
from reelm.rights.errors import FAILURES, ArchiveNotReadyError, HandleMismatchError, NotAnImportError
from reelm.rights.exporting import archive_name
from reelm.rights.own import CLASSES, key_of, shown
from reelm.rights.receipts import document_of, receipt_text
from reelm.rights.repository import ExportRow, ImportRow, RightsReader, RightsWriter
from reelm.rights.schemas import (
    Erased,
    ErasureNew,
    Export,
    Failure,
    Import,
    Missing,
    Origin,
    OwnClass,
    OwnData,
    OwnTable,
)
from reelm_audit.receipts import Opening

__all__ = ["RightsService"]

_TICKET_SECONDS = 7 * 24 * 3600
_ERASE_FIRST = 100
# Longer than a witness takes as a rule; shorter than a person waits.
_INCLUDED_SECONDS = 15.0
_GONE_SECONDS, _GONE_POLL_SECONDS = 10.0, 0.05


class RightsService:
    """What a person may ask for about themselves."""

    def __init__(
        self,
        accounts: AccountsService,
        media: MediaService,
        ledger: LedgerService,
        realm: RealmService,
        keys: KeysClient,
        database: Database,
        origin: str,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._accounts = accounts
        self._media = media
        self._ledger = ledger
        self._realm = realm
        self._keys = keys
        self._database = database
        self._origin = origin
        self._clock = clock
        self._ids = ids

    # --- see --------------------------------------------------------------------------------------------

    async def see(self, uow: UnitOfWork) -> OwnData:
        """Return which tables hold something about the subject, and how much."""
        tables = await RightsReader(uow).own_tables()
        classes = [
            OwnClass(
                name,
                [
                    OwnTable(table.name, table.about["purpose"], table.about["retention"], table.rows)
                    for table in sorted(tables)
                    if table.about["class"] == name
                ],
            )
            for name in CLASSES
        ]
        return OwnData([each for each in classes if each.tables], sum(table.rows for table in tables))

    async def list_rows(
        self, uow: UnitOfWork, visitor: Visitor, name: str, limit: int, cursor: str | None
    ) -> Page[dict[str, Any]]:
        """Return a page of the visitor's rows of a table. Raises `NotFoundError` for no such table."""
        reader = RightsReader(uow)
        after = decode_cursor(cursor, list[str])
        tables = {table.name: table for table in await reader.own_tables()}
        if name not in tables:
            raise NotFoundError
        table = tables[name]
        if after is not None and len(after) != len(table.about["key"]):
            after = None
        rows = await reader.own_rows(name, after, limit + 1)
        data_key = await self._keys.person_key(visitor.token)
        items = [shown(table, row, data_key, visitor.person_id) for row in rows[:limit]]
        return Page(items, encode_cursor(key_of(table, rows[limit - 1])) if len(rows) > limit else None)

    # --- take -------------------------------------------------------------------------------------------

    async def export(self, uow: UnitOfWork, visitor: Visitor) -> Export:
        """Begin an archive of everything. Raises `UnderWayError`."""
        export_id = self._ids.new()
        writer = RightsWriter(uow)
        await writer.add_export(visitor.person_id, export_id)
        await self._enqueue(uow, visitor, jobs.EXPORT, jobs.EXPORT_PURPOSE, export_id)
        return await self.get_export(uow, visitor, export_id)

    async def _enqueue(self, uow: UnitOfWork, visitor: Visitor, name: str, purpose: str, about: UUID) -> None:
        ticket = await self._keys.mint_job_ticket(visitor.token, purpose, ttl_seconds=_TICKET_SECONDS)
        job = jobs.RightsJob(visitor.person_id, ticket, about)
        await enqueue(uow, name, job, once_key=f"{name} {about}")

    async def get_export(self, uow: UnitOfWork, visitor: Visitor, export_id: UUID) -> Export:
        """Raises `NotFoundError`."""
        return await self._export(uow, await self._export_row(uow, visitor, export_id))

    async def _export_row(self, uow: UnitOfWork, visitor: Visitor, export_id: UUID) -> ExportRow:
        row = await RightsReader(uow).find_export(visitor.person_id, export_id)
        if row is None:
            raise NotFoundError
        return row

    async def list_exports(
        self, uow: UnitOfWork, visitor: Visitor, limit: int, cursor: str | None
    ) -> Page[Export]:
        """Return a page of the visitor's exports, newest first."""
        before = decode_cursor(cursor, UUID)
        rows = await RightsReader(uow).list_exports(visitor.person_id, before, limit + 1)
        items = [await self._export(uow, row) for row in rows[:limit]]
        return Page(items, encode_cursor(rows[limit - 1].id) if len(rows) > limit else None)

    async def end_export(self, uow: UnitOfWork, visitor: Visitor, export_id: UUID) -> None:
        """Cancel an export, or remove a finished one with its archive. Raises `NotFoundError`."""
        await RightsWriter(uow).end_export(visitor.person_id, export_id)
        blobs = self._media.store.blobs
        uow.after_commit(lambda: blobs.delete(f"exports/{export_id}"))

    async def open_archive(self, uow: UnitOfWork, visitor: Visitor, export_id: UUID) -> SealedReader:
        """Open a finished archive for its person. Raises `NotFoundError` or `ArchiveNotReadyError`."""
        row = await self._export_row(uow, visitor, export_id)
        over = row.expires_at is not None and row.expires_at <= self._clock.now()
        if row.state != "ready" or over or row.wrapped_key is None:
            raise ArchiveNotReadyError
        key = await self._keys.own_file_key(visitor.token, "export", export_id, row.wrapped_key)
        try:
            return self._media.store.reader(archive_name(export_id), key)
        except NotFoundError as error:
            raise ArchiveNotReadyError from error

    async def _export(self, uow: UnitOfWork, row: ExportRow) -> Export:
        return Export(
            id=row.id,
            state=row.state,
            done=row.done,
            total=row.total,
            bytes=row.size,
            manifest_digest=row.manifest_digest,
            entry_index=await self._ledger.find_index(uow, row.entry_ref) if row.entry_ref else None,
            created_at=row.created_at,
            expires_at=row.expires_at,
            failure=_failure(row.failure_code),
        )

    # --- bring ------------------------------------------------------------------------------------------

    async def bring(self, uow: UnitOfWork, visitor: Visitor, upload_id: UUID) -> Import:
        """Begin to bring an archive in. Raises `NotAnImportError` or `UnderWayError`."""
        import_id = self._ids.new()
        if not await self._media.claim_import(uow, visitor, upload_id, import_id):
            raise NotAnImportError
        await RightsWriter(uow).add_import(visitor.person_id, import_id, upload_id)
        await self._enqueue(uow, visitor, jobs.IMPORT, jobs.IMPORT_PURPOSE, import_id)
        return await self.get_import(uow, visitor, import_id)

    async def get_import(self, uow: UnitOfWork, visitor: Visitor, import_id: UUID) -> Import:
        """Raises `NotFoundError`."""
        row = await RightsReader(uow).find_import(visitor.person_id, import_id)
        if row is None:
            raise NotFoundError
        return await self._import(uow, row)

    async def list_imports(
        self, uow: UnitOfWork, visitor: Visitor, limit: int, cursor: str | None
    ) -> Page[Import]:
        """Return a page of the visitor's imports, newest first."""
        before = decode_cursor(cursor, UUID)
        rows = await RightsReader(uow).list_imports(visitor.person_id, before, limit + 1)
        items = [await self._import(uow, row) for row in rows[:limit]]
        return Page(items, encode_cursor(rows[limit - 1].id) if len(rows) > limit else None)

    async def end_import(self, uow: UnitOfWork, visitor: Visitor, import_id: UUID) -> None:
        """Stop an import, or take a finished one off the list; what was brought stays. Raises `NotFoundError`."""
        upload_id = await RightsWriter(uow).end_import(visitor.person_id, import_id)
        await self._media.forget_upload(uow, visitor.person_id, upload_id)
        blobs = self._media.store.blobs
        uow.after_commit(lambda: blobs.delete(f"uploads/{upload_id}"))

    async def _import(self, uow: UnitOfWork, row: ImportRow) -> Import:
        return Import(
            id=row.id,
            state=row.state,
            done=row.done,
            total=row.total,
            counts=await RightsReader(uow).count_items(row.person_id, row.id),
            missing=[Missing(**each) for each in row.missing],
            suggestions=row.suggestions,
            origin=Origin(**row.origin) if row.origin else None,
            created_at=row.created_at,
            failure=_failure(row.failure_code),
        )

    # --- erase ------------------------------------------------------------------------------------------

    async def erase(self, visitor: Visitor, wish: ErasureNew) -> Erased:
        """Erase the visitor: written into the ledger first, then their keys, then everything else, by a job.

        Steps, each in its own transaction or none:
        1. the handle as typed, and a fresh proof of who asks, for which keys makes the job's ticket;
        2. the intent, the ledger's entry and the job are committed together: from here on it is not undone;
        3. wait, holding nothing, until the entry is published; meanwhile the job waits for the same.

        Raises `HandleMismatchError`, custody's refusals of a wrong proof, and `LedgerBusyError`.
        """
        async with self._database.transaction(visitor.ticket) as uow:
            person = await self._accounts.get_by_id(uow, visitor.person_id)
        if wish.handle.strip().lstrip("@").casefold() != person.handle.casefold():
            raise HandleMismatchError(fields={"handle": "mismatch"})
        passkey = (
            self._keys.passkey_answer(wish.passkey.challenge_id, wish.passkey.credential)
            if wish.passkey
            else None
        )
        ticket = await self._keys.erasure_ticket(visitor.token, password=wish.password, passkey=passkey)
        kind = str(entries.RightsErased.__struct_config__.tag)
        document = document_of(visitor.person_id)
        [(reference, nonce)] = await self._keys.references(kind, [(visitor.person_id, document)])
        # Asked for now: once the job has begun, nobody can make it any more.
        opening = Opening(
            kind, document.decode(), bytes.fromhex(await self._keys.opening(visitor.token, nonce))
        )
        async with self._database.transaction(visitor.ticket) as uow:
            ref = await self._intend(uow, visitor, reference, self._clock.now())
            job = jobs.RightsJob(visitor.person_id, ticket)
            await enqueue(uow, jobs.ERASE, job, priority=_ERASE_FIRST, once_key=None)
        try:
            included = await self._ledger.included(ref, timeout_seconds=_INCLUDED_SECONDS)
        except LedgerLateError:
            return Erased(None, None)
        await self._until_gone(visitor)
        receipt = await receipt_text(self._ledger, self._origin, included.index, [opening], included.proof)
        return Erased(included.index, receipt)

    async def _until_gone(self, visitor: Visitor) -> None:
        """Wait a little until the job has destroyed the keys: then every session is over when this is answered."""
        try:
            async with asyncio.timeout(_GONE_SECONDS):
                while True:
                    self._keys.forget(visitor.session_id)
                    await self._keys.resolve(visitor.token)
                    await asyncio.sleep(_GONE_POLL_SECONDS)
        except (SignInRequiredError, TimeoutError):
            return

    async def _intend(self, uow: UnitOfWork, visitor: Visitor, reference: str, now: dt.datetime) -> UUID:
        """Write the intent and its entry, once a person."""
        writer = RightsWriter(uow)
        known = await writer.find_erasure(visitor.person_id)
        if known is not None:
            return known.entry_ref
        entry = entries.RightsErased(
            at=entries.minute(now), charter=self._realm.charter_digest, person=reference
        )
        ref = await self._ledger.append(uow, entry)
        await writer.add_erasure(visitor.person_id, ref)
        return ref


def _failure(code: str | None) -> Failure | None:
    if code is None:
        return None
    kind = FAILURES.get(code)
    return Failure(code, kind.title if kind else code)
