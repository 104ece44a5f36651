"""Decisions about conversations: beginning, changing, sending, reading, leaving.

The only file of this room that others import. What is asked of the database as one act, under a lock on the
conversation, is in models/messages.sql; here its refusals get their names.
"""

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from reelm.accounts.service import AccountsService, PersonRecord, Visitor
from reelm.kit.database import Record, UnitOfWork
from reelm.kit.errors import InvalidRequestError, NotFoundError, ReelmError
from reelm.kit.events import EventBus
from reelm.kit.pages import Page, decode_cursor, encode_cursor
from reelm.messages.devices import DevicesService
from reelm.messages.errors import (
    EpochPassedError,
    NotAcceptedError,
    NotAdminError,
    NotPossibleError,
    PairExistsError,
    TooManyPeopleError,
    TooManyRequestsADayError,
    UnknownDeviceError,
)
from reelm.messages.events import ConversationRequested, MessageSent
from reelm.messages.repository import ConversationCursor, MessagesReader, MessagesWriter
from reelm.messages.schemas import (
    MOST_PEOPLE,
    CommitNew,
    CommitOut,
    Conversation,
    ConversationNew,
    ConversationPerson,
    EntriesOut,
    Entry,
    GroupInfo,
    Member,
    MessageNew,
    MessageOut,
    Welcome,
)
from reelm.messages.wire import read, write

__all__ = ["ConversationRequested", "DevicesService", "MessageSent", "MessagesService"]

# What one answer carries at most, so that a page of large messages stays readable.
_PAGE_BYTES = 2_000_000
# Beyond these a time may have no place in the database once its zone is taken off.
_FIRST_YEAR, _LAST_YEAR = dt.MINYEAR, dt.MAXYEAR


class MessagesService:
    """Conversations of the visitor, and their logs."""

    def __init__(self, accounts: AccountsService, events: EventBus) -> None:
        self._accounts = accounts
        self._events = events

    # --- reading ----------------------------------------------------------------------------------------

    async def list_conversations(
        self, uow: UnitOfWork, visitor: Visitor, state: str, limit: int, cursor: str | None
    ) -> Page[Conversation]:
        """Return a page of the visitor's conversations, the one last written in first."""
        before = decode_cursor(cursor, ConversationCursor)
        rows = await MessagesReader(uow).list_in_state(visitor.person_id, state, before, limit + 1)
        shown = rows[:limit]
        following = None
        if len(rows) > limit:
            following = encode_cursor(ConversationCursor(shown[-1]["last_at"], shown[-1]["id"]))
        return Page(await self._hydrate(uow, visitor, shown), following)

    async def get(self, uow: UnitOfWork, visitor: Visitor, conversation_id: UUID) -> Conversation:
        """Return a conversation that the visitor is in. Raises `NotFoundError`."""
        return (await self._hydrate(uow, visitor, [await self._row(uow, visitor, conversation_id)]))[0]

    async def _row(self, uow: UnitOfWork, visitor: Visitor, conversation_id: UUID) -> Record:
        row = await MessagesReader(uow).find(visitor.person_id, conversation_id)
        if row is None:
            raise NotFoundError
        return row

    async def _hydrate(self, uow: UnitOfWork, visitor: Visitor, rows: Sequence[Record]) -> list[Conversation]:
        if not rows:
            return []
        reader = MessagesReader(uow)
        ids = [row["id"] for row in rows]
        members = await reader.list_members(ids)
        people = await self._accounts.people(uow, {row["person_id"] for row in members})
        places = {(p["conversation_id"], p["person_id"]): p for p in await reader.list_places(ids)}
        mine = {row["id"]: places[row["id"], visitor.person_id] for row in rows}
        read_to = [max(mine[row["id"]]["read_seq"], row["first_seq"] - 1) for row in rows]
        unread = await reader.count_unread(visitor.person_id, ids, read_to)
        of: dict[UUID, list[Member]] = {each: [] for each in ids}
        for row in members:
            place = places.get((row["conversation_id"], row["person_id"]))
            of[row["conversation_id"]].append(
                Member(
                    person=_person(row["person_id"], people.get(row["person_id"])),
                    state=row["state"],
                    role=row["role"],
                    read_seq=place["read_seq"] if place else None,
                    devices=list(row["devices"]),
                )
            )
        return [
            Conversation(
                id=row["id"],
                kind=row["kind"],
                members=of[row["id"]],
                state=row["state"],
                role=row["role"],
                epoch=row["epoch"],
                last_seq=row["last_seq"],
                last_at=row["last_at"],
                read_seq=mine[row["id"]]["read_seq"],
                muted_until=mine[row["id"]]["muted_until"],
                first_seq=row["first_seq"],
                unread=unread.get(row["id"], 0),
            )
            for row in rows
        ]

    async def entries(
        self, uow: UnitOfWork, visitor: Visitor, conversation_id: UUID, after: int, limit: int
    ) -> EntriesOut:
        """Return what comes after `after`, in order: `limit` entries or two megabytes of them, and at least one."""
        row = await self._row(uow, visitor, conversation_id)
        items: list[Entry] = []
        size = 0
        for found in await MessagesReader(uow).list_entries(conversation_id, after, limit):
            size += len(found["body_sealed"] or b"")
            if items and size > _PAGE_BYTES:
                break
            items.append(_entry(found))
        return EntriesOut(items, row["last_seq"])

    async def group_info(self, uow: UnitOfWork, visitor: Visitor, conversation_id: UUID) -> GroupInfo:
        """Return what a device of a member joins with from outside. Raises `NotFoundError`."""
        found = await MessagesReader(uow).find_group_info(conversation_id)
        if found is None:
            raise NotFoundError
        return GroupInfo(found["epoch"], write(found["group_info"]))

    async def welcome(self, uow: UnitOfWork, conversation_id: UUID, device_id: UUID) -> Welcome:
        """Return what lets one of the visitor's devices in. Raises `NotFoundError` when nothing waits."""
        found = await MessagesReader(uow).find_welcome(conversation_id, device_id)
        if found is None:
            raise NotFoundError
        return Welcome(found["seq"], write(found["welcome_sealed"]))

    async def drop_welcome(self, uow: UnitOfWork, conversation_id: UUID, device_id: UUID) -> None:
        """Forget a welcome that its device has; again is fine."""
        await MessagesWriter(uow).drop_welcome(conversation_id, device_id)

    # --- beginning and changing -------------------------------------------------------------------------

    async def begin(
        self, uow: UnitOfWork, visitor: Visitor, data: ConversationNew
    ) -> tuple[Conversation, bool]:
        """Begin a conversation; return it, and whether it is new. The same id again is answered as it is.

        Raises `NotPossibleError`, `PairExistsError`, `TooManyPeopleError`, `TooManyRequestsADayError` or
        `UnknownDeviceError`.
        """
        if len(data.people) >= MOST_PEOPLE:
            raise TooManyPeopleError(fields={"people": "too_many"})
        others = await self._others(uow, visitor, data.people)
        if data.kind == "pair" and len(others) != 1:
            raise InvalidRequestError(fields={"people": "one"})
        if others and (data.commit is None or data.welcome is None):
            raise InvalidRequestError(fields={"commit": "missing"})
        row = await MessagesWriter(uow).begin(
            data.id,
            data.kind,
            [person.id for person in others],
            data.device_id,
            _optional(data.commit, "commit"),
            read(data.group_info, "group_info"),
            _optional(data.welcome, "welcome"),
            data.welcomed,
        )
        _refuse(row, others)
        if row["asked"]:
            await self._events.publish(
                uow, ConversationRequested(data.id, visitor.person_id, tuple(row["asked"]))
            )
        return await self.get(uow, visitor, data.id), not row["again"]

    async def change(
        self, uow: UnitOfWork, visitor: Visitor, conversation_id: UUID, data: CommitNew
    ) -> CommitOut:
        """Take a commit into the log, if it was made in the present epoch; of two at once one wins.

        Raises `EpochPassedError` for the other, and what `begin` raises for people it brings in.
        """
        await self._row(uow, visitor, conversation_id)
        if data.add and data.welcome is None:
            raise InvalidRequestError(fields={"welcome": "missing"})
        others = await self._others(uow, visitor, data.add)
        row = await MessagesWriter(uow).change(
            conversation_id,
            data.id,
            data.device_id,
            data.epoch,
            read(data.commit, "commit"),
            read(data.group_info, "group_info"),
            _optional(data.welcome, "welcome"),
            data.welcomed,
            [person.id for person in others],
            data.remove,
            external=data.external,
        )
        _refuse(row, others)
        if row["asked"]:
            await self._events.publish(
                uow, ConversationRequested(conversation_id, visitor.person_id, tuple(row["asked"]))
            )
        return CommitOut(row["seq"], row["epoch"])

    async def _others(self, uow: UnitOfWork, visitor: Visitor, handles: Sequence[str]) -> list[PersonRecord]:
        """Return the people of `handles`, each once. Raises `NotPossibleError` for whom the visitor can't see."""
        names = list(dict.fromkeys(handle.lstrip("@").casefold() for handle in handles))
        found = {
            person.handle.casefold(): person for person in await self._accounts.people_by_handles(uow, names)
        }
        unknown = [name for name in names if name not in found or found[name].id == visitor.person_id]
        if unknown:
            raise NotPossibleError(fields=dict.fromkeys(unknown, "not_possible"))
        return [found[name] for name in names]

    async def accept(self, uow: UnitOfWork, visitor: Visitor, conversation_id: UUID) -> Conversation:
        """Become a member where one was asked; again is fine. Raises `NotFoundError`."""
        if not await MessagesWriter(uow).accept(conversation_id):
            raise NotFoundError
        return await self.get(uow, visitor, conversation_id)

    async def leave(self, uow: UnitOfWork, conversation_id: UUID) -> None:
        """Leave a conversation, or turn a request down. Raises `NotFoundError`."""
        if not await MessagesWriter(uow).leave(conversation_id):
            raise NotFoundError

    async def mute(
        self, uow: UnitOfWork, visitor: Visitor, conversation_id: UUID, until: dt.datetime | None
    ) -> None:
        """Keep a conversation silent until then. Raises `NotFoundError`."""
        if until is not None and (until.tzinfo is None or not _FIRST_YEAR < until.year < _LAST_YEAR):
            raise InvalidRequestError(fields={"until": "unsuitable"})
        await self._row(uow, visitor, conversation_id)
        if not await MessagesWriter(uow).mute(visitor.person_id, conversation_id, until):
            raise NotFoundError

    # --- sending ----------------------------------------------------------------------------------------

    async def send(
        self, uow: UnitOfWork, visitor: Visitor, conversation_id: UUID, data: MessageNew
    ) -> MessageOut:
        """Take a message into the log, if it was sealed in the present epoch. The same again is answered as it was.

        Raises `NotFoundError`, `EpochPassedError`, `NotAcceptedError`, `NotPossibleError` or `UnknownDeviceError`.
        """
        writer = MessagesWriter(uow)
        row = await writer.send(
            conversation_id,
            data.id,
            data.device_id,
            data.epoch,
            read(data.body, "body"),
            read(data.commitment, "commitment"),
        )
        _refuse(row, [])
        if not row["again"]:
            reached = await writer.list_reached(conversation_id)
            members = tuple(each["person_id"] for each in reached if each["state"] == "member")
            if members:
                await self._events.publish(uow, MessageSent(conversation_id, visitor.person_id, members))
        return MessageOut(row["seq"], row["at"])

    async def unsend(self, uow: UnitOfWork, conversation_id: UUID, seq: int) -> None:
        """Empty a message of the visitor's own; again is fine. Raises `NotFoundError`."""
        if not await MessagesWriter(uow).unsend(conversation_id, seq):
            raise NotFoundError

    async def mark_read(self, uow: UnitOfWork, conversation_id: UUID, seq: int) -> None:
        """Note how far the visitor has read; it never goes back. Raises `NotFoundError`."""
        if not await MessagesWriter(uow).mark_read(conversation_id, seq):
            raise NotFoundError

    async def tell_typing(self, uow: UnitOfWork, conversation_id: UUID) -> None:
        """Tell the others that the visitor is typing, if both sides show it. Raises `NotFoundError`."""
        if not await MessagesWriter(uow).tell_typing(conversation_id):
            raise NotFoundError


_REFUSALS: dict[str, type[ReelmError]] = {
    "not_found": NotFoundError,
    "unknown_device": UnknownDeviceError,
    "not_accepted": NotAcceptedError,
    "not_allowed": NotAdminError,
    "too_many_people": TooManyPeopleError,
}


def _refuse(row: Record, others: Sequence[PersonRecord]) -> None:
    """Raise what the database refused by its name."""
    refusal = row["refusal"]
    if refusal is None:
        return
    if refusal == "pair_exists":
        raise PairExistsError(fields={"id": str(row["about"][0])})
    if refusal == "epoch_passed":
        raise EpochPassedError(fields={"epoch": str(row["epoch"])})
    if refusal == "too_many_requests":
        raise TooManyRequestsADayError(retry_after_seconds=86_400)
    if refusal in {"not_possible", "without"}:
        about = set(row.get("about") or ())
        names = [person.handle for person in others if person.id in about]
        raise NotPossibleError(fields=dict.fromkeys(names, refusal))
    raise _REFUSALS[refusal]


def _optional(text: str | None, field: str) -> bytes | None:
    return None if text is None else read(text, field)


def _person(person_id: UUID, record: PersonRecord | None) -> ConversationPerson:
    if record is None:
        return ConversationPerson(person_id, "", "", None)
    return ConversationPerson(person_id, record.handle, record.display_name, record.avatar_url, record.realm)


def _entry(row: Record) -> Entry:
    return Entry(
        seq=row["seq"],
        kind=row["kind"],
        id=row["id"],
        sender_id=row["sender_id"],
        device_id=row["device_id"],
        epoch=row["epoch"],
        body=None if row["body_sealed"] is None else write(row["body_sealed"]),
        commitment=None if row["commitment"] is None else write(row["commitment"]),
        at=row["at"],
    )
