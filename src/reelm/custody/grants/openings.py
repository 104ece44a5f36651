"""Who opened my data: grants about a person, as that person sees them, each with proof that anybody can check.

The person sees what was asked for, why (its kind), when, and how often it was used; not who in the staff it was, nor
their words: a member of staff answers to the realm, and the realm to the person.
"""

from collections import defaultdict
from uuid import UUID

from reelm.custody.grants import entries
from reelm.custody.grants.keys import GrantKeys
from reelm.custody.grants.repository import OpeningsReader
from reelm.custody.grants.rows import OpeningRecord, OpeningUseRecord
from reelm.custody.grants.schemas import Opening, OpeningUse
from reelm.custody.grants.states import state_now
from reelm.custody.schemas import Visitor
from reelm.kit.clock import Clock
from reelm.kit.database import UnitOfWork
from reelm.kit.errors import NotFoundError
from reelm.kit.pages import Page, decode_cursor, encode_cursor
from reelm.ledger.service import LedgerLateError, LedgerService
from reelm_audit import receipts


class OpeningsService:
    """What the visitor is shown of grants about themselves."""

    def __init__(self, keys: GrantKeys, ledger: LedgerService, clock: Clock, realm_address: str) -> None:
        self._keys = keys
        self._ledger = ledger
        self._clock = clock
        self._realm_address = realm_address

    async def list_openings(
        self, uow: UnitOfWork, visitor: Visitor, limit: int, cursor: str | None
    ) -> Page[Opening]:
        """Page through grants about the visitor, newest first."""
        reader = OpeningsReader(uow)
        rows = await reader.list_newest(visitor.person_id, decode_cursor(cursor, UUID), limit + 1)
        shown = rows[:limit]
        uses: dict[UUID, list[OpeningUseRecord]] = defaultdict(list)
        for use in await reader.list_uses(visitor.person_id, [row.grant_id for row in shown]):
            uses[use.grant_id].append(use)
        following = encode_cursor(shown[-1].grant_id) if len(rows) > limit else None
        return Page([self._view(row, uses[row.grant_id]) for row in shown], following)

    def _view(self, row: OpeningRecord, uses: list[OpeningUseRecord]) -> Opening:
        return Opening(
            id=row.grant_id,
            at=row.requested_at,
            what=row.classes,
            reason=row.reason,
            people_involved=row.staff_involved,
            emergency=row.emergency,
            expires_at=row.expires_at,
            state=state_now(row.state, row.answer_by, row.expires_at, self._clock.now()),
            entry_index=row.request_leaf,
            uses=len(uses),
            used=[OpeningUse(use.at, use.what, use.leaf) for use in uses],
        )

    async def receipt(
        self, uow: UnitOfWork, visitor: Visitor, grant_id: UUID, entry_index: int | None
    ) -> tuple[int, str]:
        """Return an entry's index and the file that shows that it is about the visitor: the request, or a use.

        Raises `NotFoundError` for what is not about the visitor, `LedgerLateError` while there is no proof yet.
        """
        reader = OpeningsReader(uow)
        row = await reader.find(visitor.person_id, grant_id)
        if row is None:
            raise NotFoundError
        if row.request_leaf is None:
            raise LedgerLateError(retry_after_seconds=5)
        found = {row.request_leaf: (entries.REQUESTED, row.nonce, row.document)}
        for use in await reader.list_uses(visitor.person_id, [grant_id]):
            if use.leaf is not None:
                found[use.leaf] = (entries.USED, use.nonce, use.document)
        leaf = row.request_leaf if entry_index is None else entry_index
        if leaf not in found:
            raise NotFoundError
        kind, nonce, document = found[leaf]
        opening = bytes.fromhex(await self._keys.opening(visitor.token, nonce))
        state = await self._ledger.state()
        return leaf, receipts.make(
            await self._ledger.proof(leaf),
            await self._ledger.entry(leaf),
            [receipts.Opening(kind, document.decode(), opening)],
            realm=self._realm_address,
            vkey=state.vkey,
            policy=state.release_policy,
        )
