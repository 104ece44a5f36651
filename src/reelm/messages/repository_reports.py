"""SQL of reports. Row-level security lets people see their own; staff have a function that opens nothing."""

import datetime as dt
from collections.abc import Collection
from uuid import UUID

import msgspec

from reelm.kit.database import UnitOfWork


class SentRow(msgspec.Struct, frozen=True):
    """What the log says of a message."""

    seq: int
    sender_id: UUID | None
    at: dt.datetime
    commitment: bytes


class ReportRow(msgspec.Struct, frozen=True):
    """A report as it is kept."""

    id: UUID
    conversation_id: UUID
    category: str
    report_sealed: bytes
    made_at: dt.datetime


class OpeningRow(msgspec.Struct, frozen=True):
    """An opening by staff."""

    report_id: UUID
    key_id: str
    at: dt.datetime


class WaitingRow(msgspec.Struct, frozen=True):
    """A report in the staff's list."""

    id: UUID
    category: str
    items: int
    made_at: dt.datetime
    openings: int
    opened_at: dt.datetime | None


class ReportsReader:
    """Reads reports."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def in_conversation(self, conversation_id: UUID) -> bool:
        """Whether the subject is in it, or was asked into it."""
        found: bool = await self._uow.fetch_value(
            "SELECT EXISTS (SELECT 1 FROM conversations WHERE id = $1)", conversation_id
        )
        return found

    async def sent(self, conversation_id: UUID, seqs: Collection[int]) -> dict[int, SentRow]:
        """Return what the log has of these messages, by number, as far as the subject may read it."""
        rows = await self._uow.fetch(
            "SELECT seq, sender_id, at, commitment FROM messages WHERE conversation_id = $1"
            " AND seq = ANY ($2::bigint[]) AND kind IN ('message', 'removed') AND commitment IS NOT NULL",
            conversation_id,
            list(seqs),
        )
        return {row["seq"]: SentRow(**dict(row)) for row in rows}

    async def list_own(self, person_id: UUID, before: UUID | None, limit: int) -> list[ReportRow]:
        """Return a person's own reports, newest first."""
        rows = await self._uow.fetch(
            "SELECT id, conversation_id, category, report_sealed, made_at FROM message_reports"
            " WHERE person_id = $1 AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3",
            person_id,
            before,
            limit,
        )
        return [ReportRow(**dict(row)) for row in rows]

    async def list_openings(self, report_ids: Collection[UUID]) -> list[OpeningRow]:
        """Return when these reports were opened, in order."""
        rows = await self._uow.fetch(
            "SELECT report_id, key_id, at FROM message_report_openings"
            " WHERE report_id = ANY ($1::uuid[]) ORDER BY at, id",
            list(report_ids),
        )
        return [OpeningRow(**dict(row)) for row in rows]

    async def list_waiting(self, before: UUID | None, limit: int) -> list[WaitingRow]:
        """Return everybody's reports, newest first, for staff; nothing for anybody else."""
        rows = await self._uow.fetch(
            "SELECT id, category, items, made_at, openings, opened_at FROM reelm.reports_for_staff($1, $2)",
            before,
            limit,
        )
        return [WaitingRow(**dict(row)) for row in rows]


class ReportsWriter(ReportsReader):
    """Keeps reports."""

    async def add(
        self,
        person_id: UUID,
        report_id: UUID,
        *,
        conversation_id: UUID,
        category: str,
        items: int,
        sealed: bytes,
        now: dt.datetime,
    ) -> None:
        await self._uow.execute(
            "INSERT INTO message_reports (id, person_id, conversation_id, category, items, report_sealed, made_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7)",
            report_id,
            person_id,
            conversation_id,
            category,
            items,
            sealed,
            now,
        )
