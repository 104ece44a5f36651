"""SQL of the rights room: a person's own rows of every table, and exports, imports and erasures."""

import datetime as dt
from typing import Any, NamedTuple
from uuid import UUID

from reelm.kit.database import Record, UniqueViolation, UnitOfWork
from reelm.kit.errors import NotFoundError
from reelm.rights.errors import UnderWayError
from reelm.rights.schemas import ExportState, ImportState


class OwnTableRow(NamedTuple):
    """A table about the person: what it is, and how many of its rows are theirs."""

    name: str
    about: dict[str, Any]
    rows: int


class TalkPersonRow(NamedTuple):
    """Somebody in a conversation of the person's."""

    id: UUID
    kind: str
    person_id: UUID
    handle: str
    display_name: str
    state: str


class ExportRow(NamedTuple):
    """An export's row."""

    id: UUID
    person_id: UUID
    state: ExportState
    done: int
    total: int
    size: int | None
    manifest_digest: str | None
    entry_ref: UUID | None
    nonce: bytes | None
    wrapped_key: bytes | None
    created_at: dt.datetime
    expires_at: dt.datetime | None
    failure_code: str | None


class ImportRow(NamedTuple):
    """An import's row."""

    id: UUID
    person_id: UUID
    upload_id: UUID
    state: ImportState
    checked: bool
    done: int
    total: int
    origin: dict[str, Any]
    missing: list[dict[str, Any]]
    suggestions: list[str]
    created_at: dt.datetime
    failure_code: str | None


class ErasureRow(NamedTuple):
    """An erasure that is not finished."""

    person_id: UUID
    entry_ref: UUID
    keys_gone: bool
    rows_gone: bool
    leftovers: list[str]


_EXPORT = ", ".join(ExportRow._fields).replace("size", "bytes AS size")
_IMPORT = ", ".join(ImportRow._fields)
_ERASURE = ", ".join(ErasureRow._fields)


def _export(row: Record) -> ExportRow:
    return ExportRow(*row.values())


def _import(row: Record) -> ImportRow:
    return ImportRow(*row.values())


class RightsReader:
    """Reads what is the subject's own."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    # --- everything about oneself -----------------------------------------------------------------------

    async def own_tables(self) -> list[OwnTableRow]:
        """Return every table that may hold something about the subject, with counts, in no order."""
        rows = await self._uow.fetch("SELECT name, about, rows FROM reelm.own_tables()")
        return [OwnTableRow(*row.values()) for row in rows]

    async def own_talks(self) -> list[TalkPersonRow]:
        """Return who is in the subject's conversations, in order of these; for the job of an export only."""
        rows = await self._uow.fetch(
            "SELECT id, kind, person_id, handle, display_name, state FROM reelm.own_talks()"
        )
        return [TalkPersonRow(*row.values()) for row in rows]

    async def own_rows(self, table: str, after: list[str] | None, at_most: int) -> list[dict[str, Any]]:
        """Return the subject's rows of a table after the one with the key `after`, as JSON objects."""
        rows = await self._uow.fetch(
            "SELECT row FROM reelm.own_rows($1, $2, $3) AS row", table, after, at_most
        )
        return [row["row"] for row in rows]

    async def list_grant_leaves(self) -> dict[UUID, int]:
        """Return where the ledger has the requests of grants about the subject, by grant."""
        rows = await self._uow.fetch(
            "SELECT grant_id, request_leaf FROM reelm.openings WHERE request_leaf IS NOT NULL"
        )
        return {row["grant_id"]: row["request_leaf"] for row in rows}

    # --- exports ----------------------------------------------------------------------------------------

    async def find_export(self, person_id: UUID, export_id: UUID) -> ExportRow | None:
        row = await self._uow.fetch_row(
            f"SELECT {_EXPORT} FROM exports WHERE person_id = $1 AND id = $2", person_id, export_id
        )
        return _export(row) if row else None

    async def list_exports(self, person_id: UUID, before: UUID | None, limit: int) -> list[ExportRow]:
        rows = await self._uow.fetch(
            f"SELECT {_EXPORT} FROM exports WHERE person_id = $1 AND ($2::uuid IS NULL OR id < $2) "
            "ORDER BY id DESC LIMIT $3",
            person_id,
            before,
            limit,
        )
        return [_export(row) for row in rows]

    # --- imports ----------------------------------------------------------------------------------------

    async def find_import(self, person_id: UUID, import_id: UUID) -> ImportRow | None:
        row = await self._uow.fetch_row(
            f"SELECT {_IMPORT} FROM imports WHERE person_id = $1 AND id = $2", person_id, import_id
        )
        return _import(row) if row else None

    async def list_imports(self, person_id: UUID, before: UUID | None, limit: int) -> list[ImportRow]:
        rows = await self._uow.fetch(
            f"SELECT {_IMPORT} FROM imports WHERE person_id = $1 AND ($2::uuid IS NULL OR id < $2) "
            "ORDER BY id DESC LIMIT $3",
            person_id,
            before,
            limit,
        )
        return [_import(row) for row in rows]

    async def count_items(self, person_id: UUID, import_id: UUID) -> dict[str, int]:
        """Return how many things of each kind an import has brought."""
        rows = await self._uow.fetch(
            "SELECT kind, count(*) AS brought FROM import_items WHERE person_id = $1 AND import_id = $2 "
            "GROUP BY kind ORDER BY kind",
            person_id,
            import_id,
        )
        return {row["kind"]: row["brought"] for row in rows}

    async def list_items(self, person_id: UUID, import_id: UUID, kind: str) -> dict[str, UUID | None]:
        """Return what of a kind was brought, by its name in the archive."""
        rows = await self._uow.fetch(
            "SELECT source, target_id FROM import_items WHERE person_id = $1 AND import_id = $2 AND kind = $3",
            person_id,
            import_id,
            kind,
        )
        return {row["source"]: row["target_id"] for row in rows}

    # --- erasures ---------------------------------------------------------------------------------------

    async def find_erasure(self, person_id: UUID) -> ErasureRow | None:
        row = await self._uow.fetch_row(f"SELECT {_ERASURE} FROM erasures WHERE person_id = $1", person_id)
        return ErasureRow(*row.values()) if row else None


class RightsWriter(RightsReader):
    """Writes what is the subject's own."""

    async def add_export(self, person_id: UUID, export_id: UUID) -> None:
        """Raises `UnderWayError`."""
        try:
            await self._uow.execute(
                "INSERT INTO exports (person_id, id) VALUES ($1, $2)", person_id, export_id
            )
        except UniqueViolation as error:
            raise UnderWayError from error

    async def begin_export(self, person_id: UUID, export_id: UUID, wrapped_key: bytes) -> bool:
        """Begin, or begin again, with a fresh key; false when it is not wanted any more."""
        begun = await self._uow.execute(
            "UPDATE exports SET state = 'running', done = 0, total = 0, wrapped_key = $3 "
            "WHERE person_id = $1 AND id = $2 AND state IN ('waiting', 'running')",
            person_id,
            export_id,
            wrapped_key,
        )
        return begun == 1

    async def tell_export(self, person_id: UUID, export_id: UUID, done: int, total: int) -> bool:
        """Say how far it is; false when it is not wanted any more."""
        told = await self._uow.execute(
            "UPDATE exports SET done = $3, total = $4 WHERE person_id = $1 AND id = $2 AND state = 'running'",
            person_id,
            export_id,
            done,
            total,
        )
        return told == 1

    async def finish_export(
        self,
        person_id: UUID,
        export_id: UUID,
        *,
        size: int,
        digest: str,
        entry_ref: UUID,
        nonce: bytes,
        expires_at: dt.datetime,
    ) -> bool:
        """Make the archive fetchable; false when it is not wanted any more."""
        finished = await self._uow.execute(
            "UPDATE exports SET state = 'ready', done = total, bytes = $3, manifest_digest = $4, entry_ref = $5, "
            "nonce = $6, expires_at = $7 WHERE person_id = $1 AND id = $2 AND state = 'running'",
            person_id,
            export_id,
            size,
            digest,
            entry_ref,
            nonce,
            expires_at,
        )
        return finished == 1

    async def fail_export(self, person_id: UUID, export_id: UUID, code: str) -> None:
        await self._uow.execute(
            "UPDATE exports SET state = 'failed', failure_code = $3 "
            "WHERE person_id = $1 AND id = $2 AND state IN ('waiting', 'running')",
            person_id,
            export_id,
            code,
        )

    async def end_export(self, person_id: UUID, export_id: UUID) -> None:
        """Cancel what is under way, remove what is not. Raises `NotFoundError`."""
        cancelled = await self._uow.execute(
            "UPDATE exports SET state = 'cancelled' "
            "WHERE person_id = $1 AND id = $2 AND state IN ('waiting', 'running')",
            person_id,
            export_id,
        )
        if not cancelled and not await self._uow.execute(
            "DELETE FROM exports WHERE person_id = $1 AND id = $2", person_id, export_id
        ):
            raise NotFoundError

    async def expire_exports(self, now: dt.datetime) -> list[UUID]:
        """Mark every export, of anybody, whose time is over; return them. The worker's schedule only."""
        rows = await self._uow.fetch("SELECT export_id FROM reelm.expire_exports($1)", now)
        return [row["export_id"] for row in rows]

    # --- imports ----------------------------------------------------------------------------------------

    async def add_import(self, person_id: UUID, import_id: UUID, upload_id: UUID) -> None:
        """Raises `UnderWayError`."""
        try:
            await self._uow.execute(
                "INSERT INTO imports (person_id, id, upload_id) VALUES ($1, $2, $3)",
                person_id,
                import_id,
                upload_id,
            )
        except UniqueViolation as error:
            raise UnderWayError from error

    async def begin_import(self, person_id: UUID, import_id: UUID) -> bool:
        """Begin or go on; false when it is not wanted any more."""
        begun = await self._uow.execute(
            "UPDATE imports SET state = 'running' "
            "WHERE person_id = $1 AND id = $2 AND state IN ('waiting', 'running')",
            person_id,
            import_id,
        )
        return begun == 1

    async def check_import(
        self, person_id: UUID, import_id: UUID, origin: dict[str, Any], total: int
    ) -> bool:
        """Note that the whole archive was found good; false when it is not wanted any more."""
        noted = await self._uow.execute(
            "UPDATE imports SET checked = true, origin = $3, done = 0, total = $4 "
            "WHERE person_id = $1 AND id = $2 AND state = 'running'",
            person_id,
            import_id,
            origin,
            total,
        )
        return noted == 1

    async def tell_import(self, person_id: UUID, import_id: UUID, done: int, total: int) -> bool:
        """Say how far it is; false when it is not wanted any more."""
        told = await self._uow.execute(
            "UPDATE imports SET done = $3, total = $4 WHERE person_id = $1 AND id = $2 AND state = 'running'",
            person_id,
            import_id,
            done,
            total,
        )
        return told == 1

    async def finish_import(
        self, person_id: UUID, import_id: UUID, missing: list[dict[str, Any]], suggestions: list[str]
    ) -> None:
        await self._uow.execute(
            "UPDATE imports SET state = 'ready', done = total, missing = $3, suggestions = $4 "
            "WHERE person_id = $1 AND id = $2 AND state = 'running'",
            person_id,
            import_id,
            missing,
            suggestions,
        )

    async def fail_import(self, person_id: UUID, import_id: UUID, code: str) -> None:
        await self._uow.execute(
            "UPDATE imports SET state = 'failed', failure_code = $3 "
            "WHERE person_id = $1 AND id = $2 AND state IN ('waiting', 'running')",
            person_id,
            import_id,
            code,
        )

    async def end_import(self, person_id: UUID, import_id: UUID) -> UUID:
        """Cancel what is under way, remove what is not; return its upload. Raises `NotFoundError`."""
        upload_id = await self._uow.fetch_value(
            "UPDATE imports SET state = 'cancelled' "
            "WHERE person_id = $1 AND id = $2 AND state IN ('waiting', 'running') RETURNING upload_id",
            person_id,
            import_id,
        )
        if upload_id is None:
            await self._uow.execute(
                "DELETE FROM import_items WHERE person_id = $1 AND import_id = $2", person_id, import_id
            )
            upload_id = await self._uow.fetch_value(
                "DELETE FROM imports WHERE person_id = $1 AND id = $2 RETURNING upload_id",
                person_id,
                import_id,
            )
        if upload_id is None:
            raise NotFoundError
        found: UUID = upload_id
        return found

    async def add_item(
        self, person_id: UUID, import_id: UUID, kind: str, source: str, target_id: UUID | None
    ) -> bool:
        """Note that a thing was brought; false if it was before."""
        added = await self._uow.execute(
            "INSERT INTO import_items (person_id, import_id, kind, source, target_id) "
            "VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
            person_id,
            import_id,
            kind,
            source,
            target_id,
        )
        return added == 1

    # --- erasures ---------------------------------------------------------------------------------------

    async def add_erasure(self, person_id: UUID, entry_ref: UUID) -> None:
        await self._uow.execute(
            "INSERT INTO erasures (person_id, entry_ref) VALUES ($1, $2)", person_id, entry_ref
        )

    async def note_keys_gone(self, person_id: UUID) -> None:
        await self._uow.execute("UPDATE erasures SET keys_gone = true WHERE person_id = $1", person_id)

    async def erase_subject(self) -> bool:
        """Delete every row of the subject, in the job of an erasure whose keys are gone; false otherwise."""
        erased: bool = await self._uow.fetch_value("SELECT reelm.erase_subject()")
        return erased

    async def erase_from_receipts(self) -> int:
        """Take the clips that went out of what others were shown, once the rows are gone; return how many pages."""
        pages: int = await self._uow.fetch_value("SELECT reelm.erase_from_receipts()")
        return pages

    async def end_erasure(self, person_id: UUID) -> None:
        """Delete the last row about the person."""
        await self._uow.execute("DELETE FROM erasures WHERE person_id = $1 AND rows_gone", person_id)
