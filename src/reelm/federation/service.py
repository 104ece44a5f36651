"""Decisions about other realms, as a person meets them: consent, what of theirs crossed, and taking it back.

The only file of this room that others import.
"""

import asyncio
from collections import Counter
from uuid import UUID

from reelm.accounts.service import AccountsService, Visitor
from reelm.border.service import (
    BorderClient,
    BorderForbiddenError,
    BorderOutbox,
    BorderUnavailableError,
    BorderUnreachableError,
    CrossingRow,
    UnknownAddressError,
)
from reelm.clips.service import ClipsService
from reelm.comments.service import CommentsService
from reelm.federation import jobs
from reelm.federation.addresses import Addresses, Kind
from reelm.federation.errors import ConsentNeededError, LookupLateError, UnknownRealmError
from reelm.federation.repository import FederationReader, FederationWriter
from reelm.federation.schemas import Consent, Consents, Crossed, CrossedThing, StandingAct, Undone
from reelm.federation.sending import Sender
from reelm.kit.clock import Clock
from reelm.kit.database import Database, UnitOfWork
from reelm.kit.errors import NotFoundError
from reelm.kit.jobs import enqueue
from reelm.kit.pages import Page, decode_cursor, encode_cursor
from reelm.social.service import Person, SocialService

__all__ = ["Addresses", "ConsentNeededError", "FederationService", "Sender"]

_FOUND_SECONDS, _FOUND_POLL_SECONDS = 10.0, 0.1
_KINDS: dict[str, Kind] = {"Person": "person", "Video": "clip", "Note": "comment"}


class FederationService:
    """What a person may know and decide about other realms."""

    def __init__(
        self,
        accounts: AccountsService,
        social: SocialService,
        clips: ClipsService,
        comments: CommentsService,
        outbox: BorderOutbox,
        border: BorderClient,
        sender: Sender,
        addresses: Addresses,
        database: Database,
        clock: Clock,
    ) -> None:
        self._accounts = accounts
        self._social = social
        self._clips = clips
        self._comments = comments
        self._outbox = outbox
        self._border = border
        self._sender = sender
        self._at = addresses
        self._database = database
        self._clock = clock

    # --- consent ----------------------------------------------------------------------------------------

    async def consents(self, uow: UnitOfWork, visitor: Visitor) -> Consents:
        """Return the realms in which the visitor agreed to be known, and what of theirs stands there."""
        reader = FederationReader(uow)
        peers = await self._outbox.peers(uow)
        items = []
        for row in await reader.list_consents(visitor.person_id):
            acts = Counter(_sort_of(act) for act in await reader.standing_acts(row.peer))
            name = peers[row.peer].name if row.peer in peers else row.peer
            items.append(Consent(row.peer, name, row.given_at, acts["follow"], acts["like"], acts["comment"]))
        return Consents(items)

    async def agree(self, uow: UnitOfWork, visitor: Visitor, realm: str) -> None:
        """Agree to be known in a realm. Raises `UnknownRealmError`."""
        if realm not in await self._outbox.peers(uow):
            raise UnknownRealmError
        await FederationWriter(uow).add_consent(visitor.person_id, realm)

    async def withdraw_consent(self, uow: UnitOfWork, visitor: Visitor, realm: str) -> Undone:
        """Take back everything that the visitor did towards a realm, and the consent. Raises `NotFoundError`.

        Clips of theirs that people there follow them for were published for everyone and stay, as does the profile
        they carry; without such followers the profile goes, too.
        """
        writer = FederationWriter(uow)
        if not await writer.has_consent(visitor.person_id, realm):
            raise NotFoundError
        undone = 0
        for act in await writer.standing_acts(realm):
            undone += await self._undo(uow, visitor, realm, act, everything=False)
        if realm not in await writer.peers_following():
            await self._sender.withdraw_from(uow, realm, "person", visitor.person_id, visitor.person_id)
        await writer.remove_consent(visitor.person_id, realm)
        return Undone(undone)

    async def _undo(
        self, uow: UnitOfWork, visitor: Visitor, realm: str, act: StandingAct, *, everything: bool
    ) -> bool:
        """Undo one act here, which tells the other realm; false for what a withdrawal leaves."""
        try:
            async with uow.savepoint():
                return await self._undo_here(uow, visitor, realm, act, everything=everything)
        except NotFoundError:
            return False

    async def _undo_here(
        self, uow: UnitOfWork, visitor: Visitor, realm: str, act: StandingAct, *, everything: bool
    ) -> bool:
        thing_id = act.thing_id
        match act.act, act.object_type:
            case "Follow", _:
                person = await self._accounts.get_by_id(uow, thing_id)
                await self._social.unfollow(uow, visitor, person.handle)
            case "Like", "Note":
                await self._comments.unlike(uow, visitor, thing_id)
            case "Like", _:
                await self._clips.reactions.unlike(uow, visitor, thing_id)
            case "Announce", _:
                await self._clips.reactions.unrepost(uow, visitor, thing_id)
            case "Create", "Note":
                if not everything and not await self._is_under_foreign_clip(uow, thing_id, realm):
                    return False
                await self._comments.remove(uow, visitor, thing_id)
            case _:
                if not everything:
                    return False
                kind: Kind = "person" if thing_id == visitor.person_id else "clip"
                await self._sender.withdraw_from(uow, realm, kind, thing_id, visitor.person_id)
        return True

    async def _is_under_foreign_clip(self, uow: UnitOfWork, comment_id: UUID, realm: str) -> bool:
        clip_id = await self._comments.clip_of(uow, comment_id)
        known = await FederationReader(uow).find_of("clip", clip_id)
        return known is not None and known.peer == realm

    # --- what crossed -----------------------------------------------------------------------------------

    async def crossings(
        self, uow: UnitOfWork, visitor: Visitor, limit: int, cursor: str | None
    ) -> Page[Crossed]:
        """Page through what of the visitor's crossed, newest first."""
        before = decode_cursor(cursor, int)
        rows = await self._outbox.list_own(uow, visitor.person_id, before, limit + 1)
        shown = rows[:limit]
        peers = await self._outbox.peers(uow)
        things = await self._things(uow, visitor, shown)
        items = [
            Crossed(
                id=row.id,
                realm=row.peer,
                realm_name=peers[row.peer].name if row.peer in peers else row.peer,
                act=row.act,
                object_type=row.object_type,
                purpose=row.purpose,
                thing=things.get(row.thing_id) if row.thing_id else None,
                classes=row.classes,
                fields=row.fields,
                removed=row.removed,
                policy=row.policy,
                state=row.state,
                reason=row.reason,
                made_at=row.made_at,
                done_at=row.done_at,
                entry_index=row.entry_index,
            )
            for row in shown
        ]
        return Page(items, encode_cursor(shown[-1].number) if len(rows) > limit else None)

    async def _things(
        self, uow: UnitOfWork, visitor: Visitor, rows: list[CrossingRow]
    ) -> dict[UUID, CrossedThing]:
        """Return what the rows are about, as far as it is still here and the visitor sees it."""
        ids = {row.thing_id for row in rows if row.thing_id is not None}
        found: dict[UUID, CrossedThing] = {}
        for person in (await self._accounts.people(uow, ids)).values():
            found[person.id] = CrossedThing("person", person.id, person.display_name)
        rest = [thing_id for thing_id in ids if thing_id not in found]
        for clip in await self._clips.hydrate(uow, visitor, rest):
            found[clip.id] = CrossedThing("clip", clip.id, clip.caption)
        for comment_id, text in (await self._comments.texts(uow, rest)).items():
            found[comment_id] = CrossedThing("comment", comment_id, text)
        return found

    async def withdraw(self, uow: UnitOfWork, visitor: Visitor, crossing_id: UUID) -> Undone:
        """Take one act back: undone there, and here where it was an act towards that realm.

        Raises `NotFoundError` for what is no act of the visitor's.
        """
        row = await self._outbox.find_own(uow, visitor.person_id, crossing_id)
        if row is None or row.thing_id is None:
            raise NotFoundError
        reader = FederationReader(uow)
        oneself = row.thing_id == visitor.person_id and row.object_type == "Person"
        if oneself and await reader.has_consent(visitor.person_id, row.peer):
            return await self.withdraw_consent(uow, visitor, row.peer)
        for act in await reader.standing_acts(row.peer):
            if act.thing_id == row.thing_id and act.act == ("Create" if row.act == "Update" else row.act):
                return Undone(int(await self._undo(uow, visitor, row.peer, act, everything=True)))
        return Undone(0)

    # --- looking for somebody by address ----------------------------------------------------------------

    async def look_up(self, uow: UnitOfWork, guest: Visitor | None, address: str) -> Person:
        """Return the person at an address such as `@lea@us`.

        Raises `NotFoundError` where nobody is, `LookupLateError` where the way or the other realm doesn't answer.
        """
        name = address.strip().removeprefix("acct:").lstrip("@")
        handle, _, realm = name.partition("@")
        if not handle:
            raise NotFoundError
        if realm in {"", self._at.realm}:
            return await self._social.person(uow, guest, handle)
        try:
            return await self._social.person(uow, guest, name)
        except NotFoundError:
            found = await self._ask_elsewhere(f"@{name}")
        deadline = self._clock.monotonic() + _FOUND_SECONDS
        while self._clock.monotonic() < deadline:
            async with self._database.transaction(guest.ticket if guest else None) as other:
                try:
                    return await self._social.person(other, guest, found)
                except NotFoundError:
                    pass
            await asyncio.sleep(_FOUND_POLL_SECONDS)
        raise LookupLateError(retry_after_seconds=5)

    async def _ask_elsewhere(self, address: str) -> str:
        """Ask the border, let the worker take the person in, and return their handle here."""
        try:
            found = await self._border.lookup(address)
        except UnknownAddressError as error:
            raise NotFoundError from error
        except (BorderForbiddenError, BorderUnavailableError, BorderUnreachableError) as error:
            raise LookupLateError(retry_after_seconds=5) from error
        async with self._database.transaction() as uow:
            job = jobs.FoundJob(address)
            await enqueue(uow, jobs.FOUND, job, priority=50, once_key=f"{jobs.FOUND} {address}")
        return f"{found.document.get('preferredUsername', '')}@{found.peer}"


def _sort_of(act: StandingAct) -> str:
    if act.act == "Create":
        return "comment" if act.object_type == "Note" else "published"
    return act.act.lower()
