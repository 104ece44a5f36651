"""Decisions about reported messages: what a recipient discloses is exactly what staff can read.

The realm checks that what is disclosed was sent (`reports_franking`), and keeps it sealed under the reporter's own
key. Staff read it by release rule (d) of custody: one report at a time, each time counted in the ledger and shown to
whoever reported it.
"""

import base64
from collections import defaultdict
from typing import cast
from uuid import UUID

import msgspec

from reelm.accounts.service import AccountsService, Visitor
from reelm.custody.service import (
    Disclosed,
    DisclosedItem,
    KeysClient,
    SealBrokenError,
    StaffService,
    open_field,
    seal_field,
)
from reelm.kit.clock import Clock
from reelm.kit.database import Database, UnitOfWork
from reelm.kit.errors import InvalidRequestError, NotFoundError
from reelm.kit.ids import Ids
from reelm.kit.pages import Page, decode_cursor, encode_cursor
from reelm.messages.reports_errors import NotTheMessageError, OnlyOwnError
from reelm.messages.reports_franking import NotTheMessage, disclosed
from reelm.messages.reports_schemas import (
    Category,
    DisclosedMessage,
    OpenedMessage,
    OpenedReport,
    OwnReport,
    ReportIn,
    ReportMade,
    ReportOpening,
    WaitingReport,
)
from reelm.messages.repository_reports import ReportRow, ReportsReader, ReportsWriter, SentRow

# What the keys protocol carries in one answer.
MOST_BYTES = 96 * 1024
_SEALED = ("message_reports", "report_sealed")


class ReportsService:
    """What people report, and what staff read of it."""

    def __init__(
        self, keys: KeysClient, accounts: AccountsService, database: Database, clock: Clock, ids: Ids
    ) -> None:
        self._keys = keys
        self._accounts = accounts
        self._database = database
        self._clock = clock
        self._ids = ids

    # --- whoever reports ----------------------------------------------------------------------------------

    async def report(
        self, uow: UnitOfWork, visitor: Visitor, conversation_id: UUID, data: ReportIn
    ) -> ReportMade:
        """Disclose messages of a conversation to the staff.

        Raises `NotFoundError` for a conversation of others, `NotTheMessageError` for what was not sent, or can't be
        proven any more, and `OnlyOwnError`.
        """
        writer = ReportsWriter(uow)
        if not await writer.in_conversation(conversation_id):
            raise NotFoundError
        seqs = [each.seq for each in data.seqs]
        if len(set(seqs)) < len(seqs):
            raise InvalidRequestError(fields={"seqs": "twice"})
        if sum(len(each.payload.encode("utf-8", "surrogatepass")) for each in data.seqs) > MOST_BYTES:
            raise InvalidRequestError(fields={"seqs": "too_large"})
        sent = await writer.sent(conversation_id, seqs)
        items = _items(data.seqs, sent)
        if all(item.sender_id == visitor.person_id for item in items):
            raise OnlyOwnError(fields={"seqs": "own"})
        report_id, now = self._ids.new(), self._clock.now()
        whole = Disclosed(
            report_id, visitor.person_id, conversation_id, data.category, data.note.strip(), now, items
        )
        data_key = await self._keys.person_key(visitor.token)
        await writer.add(
            visitor.person_id,
            report_id,
            conversation_id=conversation_id,
            category=data.category,
            items=len(items),
            sealed=seal_field(data_key, *_SEALED, visitor.person_id, msgspec.json.encode(whole).decode()),
            now=now,
        )
        return ReportMade(report_id)

    async def list_own(
        self, uow: UnitOfWork, visitor: Visitor, limit: int, cursor: str | None
    ) -> Page[OwnReport]:
        """Page through the visitor's own reports, newest first, each with when it was opened."""
        reader = ReportsReader(uow)
        rows = await reader.list_own(visitor.person_id, decode_cursor(cursor, UUID), limit + 1)
        shown = rows[:limit]
        if not shown:
            return Page([], None)
        openings: dict[UUID, list[ReportOpening]] = defaultdict(list)
        for one in await reader.list_openings([row.id for row in shown]):
            openings[one.report_id].append(ReportOpening(one.at, one.key_id))
        data_key = await self._keys.person_key(visitor.token)
        following = encode_cursor(shown[-1].id) if len(rows) > limit else None
        return Page(
            [_own(row, _read(row, data_key, visitor.person_id), openings[row.id]) for row in shown], following
        )

    # --- staff ----------------------------------------------------------------------------------------------

    async def list_waiting(
        self, uow: UnitOfWork, visitor: Visitor, limit: int, cursor: str | None
    ) -> Page[WaitingReport]:
        """Page through everybody's reports, newest first. Raises `NotFoundError` or `NotEnrolledError`."""
        await StaffService.enrolled(uow, visitor)
        rows = await ReportsReader(uow).list_waiting(decode_cursor(cursor, UUID), limit + 1)
        shown = [
            WaitingReport(
                row.id, cast(Category, row.category), row.items, row.made_at, row.openings, row.opened_at
            )
            for row in rows[:limit]
        ]
        return Page(shown, encode_cursor(shown[-1].id) if len(rows) > limit else None)

    async def open(self, visitor: Visitor, report_id: UUID) -> OpenedReport:
        """Open a report for the staff. No unit of work is open while `reelm keys` decides.

        Raises `NotFoundError`, `NotEnrolledError`, `StaffUnknownError` or `AboutYourselfError`.
        """
        async with self._database.transaction(visitor.ticket) as uow:
            await StaffService.enrolled(uow, visitor)
        found = await self._keys.open_disclosure(visitor.token, report_id)
        people = {found.reporter_id, *(item.sender_id for item in found.items if item.sender_id)}
        async with self._database.transaction(visitor.ticket) as uow:
            cards = await self._accounts.cards(uow, people)
        return OpenedReport(
            id=found.report_id,
            reporter=cards.get(found.reporter_id),
            category=cast(Category, found.category),
            note=found.note,
            made_at=found.made_at,
            messages=[
                OpenedMessage(
                    seq=item.seq,
                    sender=cards.get(item.sender_id) if item.sender_id else None,
                    sender_id=item.sender_id,
                    at=item.at,
                    payload=item.payload,
                    proven=_proven(item),
                )
                for item in found.items
            ],
        )


def _items(told: list[DisclosedMessage], sent: dict[int, SentRow]) -> list[DisclosedItem]:
    """Hold what is disclosed against what was sent, in the order of the conversation."""
    wrong: dict[str, str] = {}
    items: list[DisclosedItem] = []
    for each in sorted(told, key=lambda one: one.seq):
        row = sent.get(each.seq)
        payload = _checked(each, row)
        if row is None or payload is None:
            wrong[f"seqs.{each.seq}"] = "not_there" if row is None else "not_the_message"
            continue
        commitment = base64.urlsafe_b64encode(row.commitment).rstrip(b"=").decode()
        items.append(DisclosedItem(each.seq, row.sender_id, row.at, payload, each.fk, commitment))
    if wrong:
        raise NotTheMessageError(fields=wrong)
    return items


def _checked(told: DisclosedMessage, row: SentRow | None) -> str | None:
    try:
        return None if row is None else disclosed(told.payload, told.fk, row.commitment)
    except NotTheMessage:
        return None


def _proven(item: DisclosedItem) -> bool:
    """Check again: what is shown to staff was sent, whatever happened to the row since."""
    commitment = base64.urlsafe_b64decode(item.commitment + "=" * (-len(item.commitment) % 4))
    try:
        return disclosed(item.payload, item.key, commitment) == item.payload
    except NotTheMessage:
        return False


def _read(row: ReportRow, data_key: bytes, person_id: UUID) -> Disclosed | None:
    try:
        text = open_field(data_key, *_SEALED, person_id, row.report_sealed)
        return msgspec.json.decode(text, type=Disclosed)
    except (SealBrokenError, msgspec.DecodeError):
        return None


def _own(row: ReportRow, whole: Disclosed | None, openings: list[ReportOpening]) -> OwnReport:
    return OwnReport(
        id=row.id,
        conversation_id=row.conversation_id,
        category=cast(Category, row.category),
        note=whole.note if whole else "",
        seqs=[item.seq for item in whole.items] if whole else [],
        made_at=row.made_at,
        openings=openings,
    )
