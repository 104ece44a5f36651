"""Decisions about grants: asking, deciding, closing. Opening under one is in `grant_uses`.

Both signatures are checked here for a clear answer, and by `reelm keys` because this process might not be itself
any more: nothing that this room writes into its tables opens anything.

Each act that the ledger has to hold first is two transactions around a wait (the design, 03 §2.3): the row and its
entry are committed together; without a connection in hand the entry's place in a published checkpoint is awaited;
then the place is noted. Whoever is held up in between asks again, or the schedule notes it.
"""

from typing import Any
from uuid import UUID

from reelm.custody.grants import entries
from reelm.custody.grants.errors import (
    DraftTooOldError,
    ElsewhereError,
    EmergencyRefusedError,
    GrantStateError,
    OwnRequestError,
)
from reelm.custody.grants.events import EmergencyBegun
from reelm.custody.grants.keys import GrantKeys
from reelm.custody.grants.repository import GrantsReader, GrantsWriter
from reelm.custody.grants.rows import DecisionRecord, GrantPersonRecord, GrantRecord, NamedPerson, StaffRecord
from reelm.custody.grants.schemas import DecisionAsk, DecisionDraft, Grant, GrantAsk
from reelm.custody.grants.staff import StaffService
from reelm.custody.grants.states import (
    ANSWER_WITHIN,
    EMERGENCY_MINUTES_MAX,
    SIGN_WITHIN,
    GrantState,
    after,
    state_now,
)
from reelm.custody.grants.views import GrantViews
from reelm.custody.schemas import Visitor
from reelm.kit.clock import Clock
from reelm.kit.database import Database, UnitOfWork
from reelm.kit.errors import InvalidRequestError, NotFoundError
from reelm.kit.events import EventBus
from reelm.kit.ids import Ids
from reelm.kit.pages import Page, decode_cursor, encode_cursor
from reelm.ledger.service import LedgerService
from reelm.realm.service import RealmService


class GrantsService:
    """Requests to open personal data, and what is decided about them. It opens its own transactions."""

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
        self._views = GrantViews(clock)

    # --- looking ------------------------------------------------------------------------------------------

    async def list_grants(
        self, uow: UnitOfWork, visitor: Visitor, state: GrantState | None, limit: int, cursor: str | None
    ) -> Page[Grant]:
        """Page through grants, newest first; drafts are shown to whoever makes them."""
        await StaffService.require_operator(uow)
        before = decode_cursor(cursor, UUID)
        rows = await GrantsReader(uow).list_newest(visitor.person_id, state, before, limit + 1)
        shown = rows[:limit]
        following = encode_cursor(shown[-1].id) if len(rows) > limit else None
        return Page(await self._views.of(uow, visitor, shown), following)

    async def get(self, uow: UnitOfWork, visitor: Visitor, grant_id: UUID) -> Grant:
        await StaffService.require_operator(uow)
        return (await self._views.of(uow, visitor, [await self.record(uow, visitor, grant_id)]))[0]

    @staticmethod
    async def record(uow: UnitOfWork, visitor: Visitor, grant_id: UUID) -> GrantRecord:
        """Return a grant's row. Raises `NotFoundError`, also for somebody else's draft."""
        grant = await GrantsReader(uow).find(grant_id)
        if grant is None or (grant.state == "draft" and grant.asked_by != visitor.person_id):
            raise NotFoundError
        return grant

    def state_of(self, grant: GrantRecord) -> GrantState:
        return state_now(grant.state, grant.answer_by, grant.expires_at, self._clock.now())

    # --- asking -------------------------------------------------------------------------------------------

    async def draft(self, visitor: Visitor, ask: GrantAsk) -> Grant:
        """Make a request to be signed within 15 minutes. Nobody but the one who asks sees it until then.

        Raises `InvalidRequestError` for people who don't exist, `EmergencyRefusedError`.
        """
        if ask.emergency and not (
            self._realm.document.staff.emergency and ask.minutes <= EMERGENCY_MINUTES_MAX
        ):
            raise EmergencyRefusedError(fields={"emergency": "refused"})
        async with self._database.transaction(visitor.ticket) as uow:
            key = await StaffService.enrolled(uow, visitor)
            people = await self._people(uow, ask)
        grant_id, now = self._ids.new(), self._clock.now()
        document = entries.request_document(grant_id, ask.text)
        theirs = [entries.person_document(grant_id, person.person_id) for person in people]
        references = await self._keys.references(
            entries.REQUESTED,
            [
                (visitor.person_id, document),
                *((p.person_id, d) for p, d in zip(people, theirs, strict=True)),
            ],
        )
        concerned = [
            GrantPersonRecord(grant_id, person.person_id, reference, nonce, text)
            for person, text, (reference, nonce) in zip(people, theirs, references[1:], strict=True)
        ]
        request = entries.requested(
            now,
            self._realm.charter_digest,
            key,
            ask,
            references[0][0],
            sorted(each.reference for each in concerned),
        )
        row: dict[str, Any] = {
            "id": grant_id,
            "asked_by": visitor.person_id,
            "asked_key": key.key_id,
            "state": "draft",
            "classes": sorted(set(ask.classes)),
            "minutes": ask.minutes,
            "reason": ask.reason,
            "words": ask.text,
            "country": ask.country,
            "emergency": ask.emergency,
            "document": document,
            "document_nonce": references[0][1],
            "request": request,
            "created_at": now,
        }
        async with self._database.transaction(visitor.ticket) as uow:
            await GrantsWriter(uow).add(row, concerned)
            return await self.get(uow, visitor, grant_id)

    @staticmethod
    async def _people(uow: UnitOfWork, ask: GrantAsk) -> list[NamedPerson]:
        wanted = {handle.strip().lstrip("@").casefold() for handle in ask.people}
        found = await GrantsReader(uow).people(handles=wanted)
        if len(found) != len(wanted):
            raise InvalidRequestError("Somebody named here doesn't exist.", fields={"people": "unknown"})
        return found

    async def sign(self, visitor: Visitor, grant_id: UUID, signature: str) -> Grant:
        """Bring the signed request into the ledger; the 12 hours for an answer begin.

        Signing again what the ledger was late with waits for it once more. Raises `SignatureRefusedError`,
        `DraftTooOldError`, `GrantStateError`, `LedgerLateError`.
        """
        async with self._database.transaction(visitor.ticket) as uow:
            key = await StaffService.enrolled(uow, visitor)
            grant = await self.record(uow, visitor, grant_id)
            waits = grant.state == "asked" and grant.request_leaf is None
            if grant.asked_by != visitor.person_id or not (waits or after(grant.state, "sign")):
                raise GrantStateError
            ref = grant.request_ref
            if not waits:
                ref = await self._log_request(uow, key, grant, signature)
        assert ref is not None
        await self._note(visitor, grant_id, "request_leaf", ref)
        return await self._look(visitor, grant_id)

    async def _log_request(
        self, uow: UnitOfWork, key: StaffRecord, grant: GrantRecord, signature: str
    ) -> UUID:
        now = self._clock.now()
        if now - grant.created_at > SIGN_WITHIN:
            raise DraftTooOldError
        entry = entries.signed(grant.request, signature, key.public_key)
        ref = await self._ledger.append(uow, entry)
        moved = await GrantsWriter(uow).move(
            grant.id, "draft", "asked", request_ref=ref, requested_at=now, answer_by=now + ANSWER_WITHIN
        )
        if not moved:
            raise GrantStateError
        return ref

    # --- deciding -----------------------------------------------------------------------------------------

    async def draft_decision(self, visitor: Visitor, grant_id: UUID, ask: DecisionAsk) -> DecisionDraft:
        """Make a decision to be signed within 15 minutes.

        Raises `OwnRequestError`, `ElsewhereError`, `EmergencyRefusedError`, `GrantStateError`.
        """
        async with self._database.transaction(visitor.ticket) as uow:
            key = await StaffService.enrolled(uow, visitor)
            grant = await self.record(uow, visitor, grant_id)
            if after(self.state_of(grant), ask.verdict) is None or grant.request_leaf is None:
                raise GrantStateError
            self._may_decide(visitor, key, grant, ask)
            now, charter = self._clock.now(), self._realm.charter_digest
            entry = (
                entries.approved(now, charter, key, grant, ask.country)
                if ask.verdict == "approve"
                else entries.denied(now, charter, key, grant)
            )
            draft = DecisionRecord(grant_id, visitor.person_id, ask.verdict, entry, now)
            await GrantsWriter(uow).put_decision(draft)
        return DecisionDraft(entries.to_sign(entry))

    def _may_decide(self, visitor: Visitor, key: StaffRecord, grant: GrantRecord, ask: DecisionAsk) -> None:
        rules = self._realm.document.staff
        own = grant.asked_by == visitor.person_id or grant.asked_key == key.key_id
        if grant.emergency and ask.verdict == "approve":
            if not rules.emergency or grant.minutes > EMERGENCY_MINUTES_MAX:
                raise EmergencyRefusedError
            return
        if own:
            raise OwnRequestError
        if ask.verdict == "approve" and rules.approver_residency not in {"", ask.country}:
            raise ElsewhereError(fields={"country": "elsewhere"})

    async def sign_decision(self, visitor: Visitor, grant_id: UUID, signature: str) -> Grant:
        """Bring the signed decision into the ledger. Of two who sign at once, one decides.

        Signing again what the ledger was late with waits for it once more.
        """
        async with self._database.transaction(visitor.ticket) as uow:
            key = await StaffService.enrolled(uow, visitor)
            grant = await self.record(uow, visitor, grant_id)
            ref = grant.decision_ref
            if grant.decided_by != visitor.person_id or grant.decision_leaf is not None or ref is None:
                ref = await self._log_decision(uow, visitor, key, grant, signature)
        await self._note(visitor, grant_id, "decision_leaf", ref)
        return await self._look(visitor, grant_id)

    async def _log_decision(
        self, uow: UnitOfWork, visitor: Visitor, key: StaffRecord, grant: GrantRecord, signature: str
    ) -> UUID:
        now, writer = self._clock.now(), GrantsWriter(uow)
        drafts = await writer.list_decisions(visitor.person_id, [grant.id])
        if not drafts:
            raise GrantStateError
        draft = drafts[0]
        then = after(self.state_of(grant), draft.verdict)
        if then is None:
            raise GrantStateError
        entry = entries.signed(draft.entry, signature, key.public_key)
        expires_at = entries.expiry(draft.entry) if draft.verdict == "approve" else None
        if now - draft.created_at > SIGN_WITHIN or (expires_at is not None and expires_at <= now):
            raise DraftTooOldError
        # Compared and set before the entry is added: whoever comes second adds none.
        ref = self._ids.new()
        moved = await writer.move(
            grant.id,
            "asked",
            then,
            cause=None if draft.verdict == "approve" else "refused",
            decided_by=visitor.person_id,
            decided_key=key.key_id,
            decided_at=now,
            expires_at=expires_at,
        )
        if not moved:
            raise GrantStateError
        ref = await self._ledger.append(uow, entry)
        await writer.move(grant.id, then, then, decision_ref=ref)
        await writer.drop_decision(grant.id, visitor.person_id)
        if grant.emergency and draft.verdict == "approve":
            await self._alarm(uow, grant)
        return ref

    async def _alarm(self, uow: UnitOfWork, grant: GrantRecord) -> None:
        """An emergency is loud: everybody in the staff and the people concerned hear of it at once."""
        reader = GrantsReader(uow)
        people = tuple(each.person_id for each in await reader.list_people([grant.id]))
        staff = tuple({key.person_id for key in await reader.list_staff() if key.state == "enrolled"})
        await self._events.publish(uow, EmergencyBegun(grant.id, people, staff))

    # --- closing ------------------------------------------------------------------------------------------

    async def close(self, visitor: Visitor, grant_id: UUID) -> Grant:
        """End a grant before its time; anybody in the staff may. It takes effect when this returns."""
        async with self._database.transaction(visitor.ticket) as uow:
            await StaffService.enrolled(uow, visitor)
            grant = await self.record(uow, visitor, grant_id)
            then = after(self.state_of(grant), "close")
            if then is None or grant.request_leaf is None:
                raise GrantStateError
            now = self._clock.now()
            writer = GrantsWriter(uow)
            if not await writer.move(grant_id, "approved", then, cause="closed", ended_at=now):
                raise GrantStateError
            entry = entries.ended(now, self._realm.charter_digest, grant.request_leaf, closed=True)
            await writer.move(grant_id, then, then, end_ref=await self._ledger.append(uow, entry))
            return await self.get(uow, visitor, grant_id)

    # --- the ledger ---------------------------------------------------------------------------------------

    async def _note(self, visitor: Visitor, grant_id: UUID, column: str, ref: UUID) -> None:
        """Wait until the entry is in a checkpoint that counts, and note its place."""
        inclusion = await self._ledger.included(ref)
        async with self._database.transaction(visitor.ticket) as uow:
            await GrantsWriter(uow).note_leaf(grant_id, column, inclusion.index)

    async def _look(self, visitor: Visitor, grant_id: UUID) -> Grant:
        async with self._database.transaction(visitor.ticket) as uow:
            return await self.get(uow, visitor, grant_id)
