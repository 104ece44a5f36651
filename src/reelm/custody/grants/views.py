"""Grants as staff see them: rows put together with names, uses, and what is waiting to be signed."""

from collections import defaultdict
from uuid import UUID

from reelm.custody.grants import entries
from reelm.custody.grants.repository import GrantsReader
from reelm.custody.grants.rows import DecisionRecord, GrantRecord, NamedPerson, UseRecord
from reelm.custody.grants.schemas import Grant, GrantEntries, GrantPerson, GrantUse
from reelm.custody.grants.states import state_now
from reelm.custody.schemas import Visitor
from reelm.kit.clock import Clock
from reelm.kit.database import UnitOfWork

_GONE = ""


class GrantViews:
    """Makes views of rows, a few statements for any number of them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def of(self, uow: UnitOfWork, visitor: Visitor, grants: list[GrantRecord]) -> list[Grant]:
        """Return views in the order of the rows."""
        if not grants:
            return []
        reader, ids = GrantsReader(uow), [grant.id for grant in grants]
        concerned: dict[UUID, list[UUID]] = defaultdict(list)
        for each in await reader.list_people(ids):
            concerned[each.grant_id].append(each.person_id)
        uses: dict[UUID, list[UseRecord]] = defaultdict(list)
        for use in await reader.list_uses(ids):
            uses[use.grant_id].append(use)
        drafts = {d.grant_id: d for d in await reader.list_decisions(visitor.person_id, ids)}
        named = {person_id for people in concerned.values() for person_id in people}
        named |= {p for grant in grants for p in (grant.asked_by, grant.decided_by) if p is not None}
        names = {person.person_id: person for person in await reader.people(ids=named)}
        return [
            self._view(visitor, grant, concerned[grant.id], uses[grant.id], drafts.get(grant.id), names)
            for grant in grants
        ]

    def _view(
        self,
        visitor: Visitor,
        grant: GrantRecord,
        concerned: list[UUID],
        uses: list[UseRecord],
        draft: DecisionRecord | None,
        names: dict[UUID, NamedPerson],
    ) -> Grant:
        state = state_now(grant.state, grant.answer_by, grant.expires_at, self._clock.now())

        def handle(person_id: UUID | None) -> str:
            found = names.get(person_id) if person_id else None
            return found.handle if found else _GONE

        own_draft = state == "draft" and grant.asked_by == visitor.person_id
        return Grant(
            id=grant.id,
            state=state,
            cause=grant.cause or {"denied": "unanswered", "expired": "time"}.get(state),
            asked_by=handle(grant.asked_by),
            decided_by=handle(grant.decided_by) if grant.decided_key else None,
            people=[
                GrantPerson(names[person_id].handle, names[person_id].display_name)
                for person_id in concerned
                if person_id in names
            ],
            classes=grant.classes,
            minutes=grant.minutes,
            reason=grant.reason,
            text=grant.words,
            country=grant.country,
            emergency=grant.emergency,
            created_at=grant.created_at,
            requested_at=grant.requested_at,
            answer_by=grant.answer_by,
            decided_at=grant.decided_at,
            expires_at=grant.expires_at,
            ended_at=grant.ended_at,
            uses=[
                GrantUse(use.at, use.what, handle(use.person_id), use.leaf, use.state, use.clip_id)
                for use in uses
            ],
            entries=_entries(grant),
            to_sign=entries.to_sign(grant.request) if own_draft else None,
            decision_to_sign=entries.to_sign(draft.entry) if draft and state == "asked" else None,
        )


def _entries(grant: GrantRecord) -> GrantEntries:
    refused = grant.state == "denied"
    return GrantEntries(
        requested=grant.request_leaf,
        approved=None if refused else grant.decision_leaf,
        denied=grant.decision_leaf if refused else None,
        ended=grant.end_leaf,
    )
