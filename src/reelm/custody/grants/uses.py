"""Opening data under a grant: log before do, in the letter of the design (03 §2.3).

    T1    a `pending` use and its ledger entry are committed together
    wait  no transaction, no connection: until a checkpoint with the release quorum holds the entry
    T2    the use is `logged`, with its place; on the first use of a grant the person is told, in the same transaction
    keys  the keys process checks all evidence itself, and opens
    T3    the use is `opened`

Whatever dies in between leaves a use that the schedule finds (`upkeep`) and settles as `logged`: in the ledger,
the person told, not known to have been opened. Nothing is opened without the entry, and nothing is opened again for
an old one: to try again is a use of its own. A clip's bytes come in many requests under one use, while the grant
lasts; each asks the keys process anew.
"""

import datetime as dt
from typing import Any
from uuid import UUID

import msgspec

from reelm.custody.grants import entries
from reelm.custody.grants.errors import GrantStateError, NotGrantedError
from reelm.custody.grants.events import DataOpened
from reelm.custody.grants.keys import GrantKeys
from reelm.custody.grants.repository import GrantsReader, GrantsWriter
from reelm.custody.grants.rows import GrantPersonRecord, GrantRecord, UseRecord
from reelm.custody.grants.schemas import Opened, OpenedPerson, UseKind
from reelm.custody.grants.staff import StaffService
from reelm.custody.grants.states import after, state_now
from reelm.custody.opening_schemas import GrantOpening, LoggedEntry, OpenedData
from reelm.custody.schemas import Visitor
from reelm.kit.clock import Clock
from reelm.kit.database import Database, RowSecurityViolation, UnitOfWork
from reelm.kit.errors import NotFoundError, SignInRequiredError
from reelm.kit.events import EventBus
from reelm.kit.ids import Ids
from reelm.ledger.service import LedgerService
from reelm.realm.service import RealmService


class OpenedClip(msgspec.Struct, frozen=True):
    """A clip's key, for as long as a request takes, and the manifest of its files (JSON) as stored."""

    grant_id: UUID
    clip_id: UUID
    key: bytes
    media: str | None
    expires_at: dt.datetime

    def __repr__(self) -> str:
        return f"<OpenedClip {self.clip_id}>"


class _Case(msgspec.Struct, frozen=True):
    """A grant in force, the person in question, and the keys of whoever signed."""

    grant: GrantRecord
    person: GrantPersonRecord
    staff: list[int]


class GrantUses:
    """Opens data under grants that the visitor asked for. It opens its own transactions."""

    def __init__(
        self,
        database: Database,
        keys: GrantKeys,
        ledger: LedgerService,
        realm: RealmService,
        events: EventBus,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._database = database
        self._keys = keys
        self._ledger = ledger
        self._realm = realm
        self._events = events
        self._clock = clock
        self._ids = ids

    # --- what is opened -----------------------------------------------------------------------------------

    async def open(
        self, visitor: Visitor, grant_id: UUID, handle: str, what: UseKind, page: int = 0
    ) -> Opened:
        """Open one kind of one person's data; of rows one page.

        Raises `NotGrantedError`, `GrantStateError`, `LedgerLateError` (nothing was opened), and whatever the keys
        process finds wrong with the evidence.
        """
        async with self._database.transaction(visitor.ticket) as uow:
            case = await self._case(uow, visitor, grant_id, what, handle=handle)
        use = await self._begin(visitor, case, what, None)
        leaf = await self._logged(visitor, use)
        evidence = await self._evidence(visitor, case, use, leaf)
        opened = await self._keys.open_under_grant(msgspec.structs.replace(evidence, page=page))
        async with self._database.transaction(visitor.ticket) as uow:
            await GrantsWriter(uow).note_opened(use.id)
        return _shown(handle.strip().lstrip("@"), use, leaf, opened)

    async def open_clip(self, visitor: Visitor, grant_id: UUID, clip_id: UUID) -> OpenedClip:
        """Open the key of a clip that not everybody may see. Later requests find the use that the first one logged.

        Raises as `open` does, and `NotFoundError` for a clip that is of nobody whom the grant is about.
        """
        async with self._database.transaction(visitor.ticket) as uow:
            reader = GrantsReader(uow)
            known = await reader.find_clip_use(grant_id, clip_id)
            author = known.person_id if known else await reader.find_clip_author(grant_id, clip_id)
            case = await self._case(uow, visitor, grant_id, "clip", person_id=author)
        use = known or await self._begin(visitor, case, "clip", clip_id)
        leaf = use.leaf if use.leaf is not None else await self._logged(visitor, use)
        opened = await self._keys.open_under_grant(await self._evidence(visitor, case, use, leaf))
        if use.state != "opened":
            async with self._database.transaction(visitor.ticket) as uow:
                await GrantsWriter(uow).note_opened(use.id)
        if opened.clip_key is None or case.grant.expires_at is None:
            raise NotFoundError
        media = next((clip.media for clip in opened.clips or () if clip.id == clip_id), None)
        return OpenedClip(grant_id, clip_id, opened.clip_key, media, case.grant.expires_at)

    async def is_in_force(self, visitor: Visitor, grant_id: UUID) -> bool:
        """Whether grant and session let the visitor go on: asked while a film runs."""
        try:
            session = await self._keys.resolve(visitor.token)
        except SignInRequiredError:
            return False
        async with self._database.transaction(session.ticket) as uow:
            grant = await GrantsReader(uow).find(grant_id)
        return grant is not None and after(self._state(grant), "use") is not None

    def _state(self, grant: GrantRecord) -> Any:
        return state_now(grant.state, grant.answer_by, grant.expires_at, self._clock.now())

    # --- the steps ----------------------------------------------------------------------------------------

    async def _case(
        self,
        uow: UnitOfWork,
        visitor: Visitor,
        grant_id: UUID,
        what: UseKind,
        *,
        handle: str | None = None,
        person_id: UUID | None = None,
    ) -> _Case:
        """Check that the grant is in force, the visitor's own, and for this."""
        key = await StaffService.enrolled(uow, visitor)
        reader = GrantsReader(uow)
        grant = await reader.find(grant_id)
        if grant is None or (grant.state == "draft" and grant.asked_by != visitor.person_id):
            raise NotFoundError
        if grant.asked_by != visitor.person_id or grant.asked_key != key.key_id:
            raise NotGrantedError
        if after(self._state(grant), "use") is None or grant.decision_leaf is None:
            raise GrantStateError
        if ("private" if what == "clip" else what) not in grant.classes:
            raise NotGrantedError(fields={"what": "not_granted"})
        if person_id is None and handle is not None:
            named = await reader.people(handles=[handle])
            person_id = named[0].person_id if named else None
        concerned = {each.person_id: each for each in await reader.list_people([grant_id])}
        person = concerned.get(person_id) if person_id else None
        if person is None:
            raise NotFoundError if what == "clip" else NotGrantedError(fields={"handle": "not_granted"})
        staff = []
        for key_id in dict.fromkeys((grant.asked_key, grant.decided_key or "")):
            found = await reader.find_key(key_id)
            if found is None or found.state != "enrolled" or found.enrolled_leaf is None:
                raise GrantStateError("Somebody who signed has left the staff.")
            staff.append(found.enrolled_leaf)
        return _Case(grant, person, staff)

    async def _begin(self, visitor: Visitor, case: _Case, what: UseKind, clip_id: UUID | None) -> UseRecord:
        """T1: the intent and its entry, together."""
        use_id, now = self._ids.new(), self._clock.now()
        person_id, grant = case.person.person_id, case.grant
        document = entries.use_document(use_id, grant.id, person_id, what, clip_id)
        [(reference, nonce)] = await self._keys.references(entries.USED, [(person_id, document)])
        entry = entries.used(now, self._realm.charter_digest, grant, reference, what)
        async with self._database.transaction(visitor.ticket) as uow:
            if not await GrantsWriter(uow).hold(grant.id):
                raise GrantStateError
            ref = await self._ledger.append(uow, entry)
            use = UseRecord(
                use_id, grant.id, person_id, what, clip_id, "pending", nonce, document, ref, None, now
            )
            try:
                await GrantsWriter(uow).add_use(use)
            except RowSecurityViolation as error:  # the grant was ended since it was looked at
                raise GrantStateError from error
        return use

    async def _logged(self, visitor: Visitor, use: UseRecord) -> int:
        """Wait for the ledger; T2: note the place, and tell the person before anything is opened."""
        inclusion = await self._ledger.included(use.ref)
        async with self._database.transaction(visitor.ticket) as uow:
            writer = GrantsWriter(uow)
            grant = await writer.find(use.grant_id)
            if grant is None or after(self._state(grant), "use") is None:
                raise GrantStateError
            first = await writer.is_first_use(use)
            if await writer.note_logged(use.id, inclusion.index) and first and not grant.emergency:
                # In an emergency they were told when it began.
                await self._events.publish(uow, DataOpened(use.grant_id, (use.person_id,)))
        return inclusion.index

    async def _evidence(self, visitor: Visitor, case: _Case, use: UseRecord, leaf: int) -> GrantOpening:
        grant, person = case.grant, case.person
        if grant.request_leaf is None or grant.decision_leaf is None:
            raise GrantStateError
        return GrantOpening(
            token=visitor.token,
            request=await self._entry(grant.request_leaf),
            approval=await self._entry(grant.decision_leaf),
            use=await self._entry(leaf),
            staff=[await self._entry(each) for each in case.staff],
            person_id=person.person_id,
            nonce=person.nonce,
            document=person.document,
            use_nonce=use.nonce,
            use_document=use.document,
            what=use.what,
            clip_id=use.clip_id,
        )

    async def _entry(self, leaf: int) -> LoggedEntry:
        return LoggedEntry(leaf, await self._ledger.entry(leaf), await self._ledger.proof(leaf))


def _shown(handle: str, use: UseRecord, leaf: int, opened: OpenedData) -> Opened:
    rows = next((each for each in (opened.ties, opened.watched, opened.clips) if each is not None), None)
    return Opened(
        person=OpenedPerson(handle),
        what=use.what,
        opened_at=use.at,
        entry_index=leaf,
        identity=msgspec.to_builtins(opened.identity) if opened.identity is not None else None,
        rows=msgspec.to_builtins(rows) if rows is not None else None,
        more=opened.more,
    )
