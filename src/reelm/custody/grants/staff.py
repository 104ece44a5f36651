"""Decisions about staff: who may sign, with which key, and by whose word.

An operator makes a key pair on their own device and brings its public half. A keyholder enrols it at the command
line, with a signature that the ledger carries and `reelm keys` checks: the table only says what was asked for.
"""

import base64

from reelm.custody.grants.entries import key_id_of, verify_possession
from reelm.custody.grants.errors import EnrolledAlreadyError, NotEnrolledError, StaffKeyTakenError
from reelm.custody.grants.repository import StaffReader, StaffWriter
from reelm.custody.grants.rows import StaffRecord
from reelm.custody.grants.schemas import (
    EnrolmentAsk,
    EnrolmentAsked,
    StaffMe,
    StaffMember,
    StaffMembers,
    StaffRulesOut,
)
from reelm.custody.grants.states import EMERGENCY_MINUTES_MAX, MINUTES_MAX
from reelm.custody.schemas import Visitor
from reelm.kit.clock import Clock
from reelm.kit.database import UnitOfWork
from reelm.kit.errors import NotFoundError
from reelm.realm.service import RealmService


class StaffService:
    """Operators and their keys."""

    def __init__(self, realm: RealmService, clock: Clock) -> None:
        self._realm = realm
        self._clock = clock

    @staticmethod
    async def require_operator(uow: UnitOfWork) -> None:
        """Raises `NotFoundError` for whoever is no operator: for them there is no console."""
        if not await StaffReader(uow).is_operator():
            raise NotFoundError

    @classmethod
    async def enrolled(cls, uow: UnitOfWork, visitor: Visitor) -> StaffRecord:
        """Return the visitor's enrolled key. Raises `NotFoundError` or `NotEnrolledError`."""
        await cls.require_operator(uow)
        for key in await StaffReader(uow).list_keys_of(visitor.person_id):
            if key.state == "enrolled":
                return key
        raise NotEnrolledError

    async def me(self, uow: UnitOfWork, visitor: Visitor) -> StaffMe:
        """Say where the visitor stands."""
        await self.require_operator(uow)
        reader = StaffReader(uow)
        everybody = await reader.list_staff()
        mine = [key for key in everybody if key.person_id == visitor.person_id]
        newest = max(mine, key=lambda key: (key.state != "left", key.asked_at), default=None)
        rules = self._realm.document.staff
        return StaffMe(
            state=newest.state if newest else "none",
            key_id=newest.key_id if newest else None,
            country=newest.country if newest else None,
            command=await self._command(reader, visitor) if newest and newest.state == "asked" else None,
            rules=StaffRulesOut(
                rules.approver_residency, rules.emergency, MINUTES_MAX, EMERGENCY_MINUTES_MAX
            ),
            alone=not any(k.state == "enrolled" and k.person_id != visitor.person_id for k in everybody),
        )

    async def ask(self, uow: UnitOfWork, visitor: Visitor, data: EnrolmentAsk) -> EnrolmentAsked:
        """Keep a key for a keyholder to enrol. Asking again replaces what was asked before.

        Raises `SignatureRefusedError` without proof of the key, `EnrolledAlreadyError`, `StaffKeyTakenError`.
        """
        await self.require_operator(uow)
        public_key = base64.b64decode(data.public_key)
        verify_possession(public_key, data.public_key, data.proof)
        writer = StaffWriter(uow)
        keys = await writer.list_keys_of(visitor.person_id)
        if any(key.state == "enrolled" for key in keys):
            raise EnrolledAlreadyError
        now = self._clock.now()
        if not await writer.ask(visitor.person_id, key_id_of(public_key), public_key, data.country, now):
            raise StaffKeyTakenError(fields={"public_key": "taken"})
        return EnrolmentAsked("asked", await self._command(writer, visitor))

    async def members(self, uow: UnitOfWork) -> StaffMembers:
        """List everybody who brought a key."""
        await self.require_operator(uow)
        reader = StaffReader(uow)
        keys = await reader.list_staff()
        names = {p.person_id: p.handle for p in await reader.people(ids={key.person_id for key in keys})}
        return StaffMembers(
            [
                StaffMember(
                    handle=names.get(key.person_id, ""),
                    key_id=key.key_id,
                    country=key.country,
                    state=key.state,
                    enrolled_at=key.enrolled_at,
                    index=key.enrolled_leaf,
                )
                for key in keys
            ]
        )

    @staticmethod
    async def _command(reader: StaffReader, visitor: Visitor) -> str:
        people = await reader.people(ids=[visitor.person_id])
        return f"reelm staff enrol {people[0].handle if people else visitor.person_id}"
