"""Decisions about finding people by numbers and addresses that the realm never sees.

The only file of this room that others import. The protocol is in `spec/contacts/README.md`.
"""

import base64
import binascii
import hmac
from collections import Counter

from reelm.accounts.service import AccountsService, Visitor
from reelm.contacts.errors import EntryUnsuitableError, TooYoungToBeFoundError
from reelm.contacts.published import REMADE_SECONDS, PublishedSet
from reelm.contacts.repository import ContactsReader, ContactsWriter
from reelm.contacts.schemas import (
    ContactsKey,
    Evaluations,
    EvaluationsWanted,
    Findable,
    FindableKind,
    FindableWanted,
)
from reelm.custody.service import ELEMENT_BYTES, ElementUnsuitableError, KeysClient
from reelm.kit.clock import Clock
from reelm.kit.database import Database, RowSecurityViolation, UnitOfWork

__all__ = ["ContactsService", "PublishedSet"]

MADE_BYTES = 76
BIND_BYTES = 32
PROOF_BYTES = 16
MOST_OF_A_KIND = 2
_SAID_BY = b"reelm-contacts-said-by-v1"


class ContactsService:
    """Who can be found, and the means to look. Keeps nothing of what anybody looks for."""

    def __init__(
        self,
        accounts: AccountsService,
        keys: KeysClient,
        database: Database,
        clock: Clock,
        *,
        limit_factor: int = 1,
    ) -> None:
        self._accounts = accounts
        self._keys = keys
        self.published = PublishedSet(database, clock, seconds=REMADE_SECONDS / limit_factor)

    # --- looking ----------------------------------------------------------------------------------------

    async def key(self) -> ContactsKey:
        known = await self._keys.matching_key()
        return ContactsKey(_text(known.key), known.key_id)

    async def evaluate(self, visitor: Visitor, wanted: EvaluationsWanted) -> Evaluations:
        """Have blinded elements evaluated; the visitor's allowance pays.

        Raises `ElementUnsuitableError` or `EnoughEvaluatedError`.
        """
        elements = [_bytes(each) for each in wanted.elements]
        if any(each is None or len(each) != ELEMENT_BYTES for each in elements):
            raise ElementUnsuitableError
        told = await self._keys.evaluate_elements(visitor.token, b"".join(each or b"" for each in elements))
        evaluated = [
            _text(told.elements[at : at + ELEMENT_BYTES])
            for at in range(0, len(told.elements), ELEMENT_BYTES)
        ]
        return Evaluations(evaluated, _text(told.proof), told.key_id, told.left)

    # --- being found ------------------------------------------------------------------------------------

    async def findable(self, uow: UnitOfWork, visitor: Visitor) -> Findable:
        reader = ContactsReader(uow)
        own = await reader.list_own(visitor.person_id)
        dropped_at = None if own else await reader.find_dropped_at(visitor.person_id)
        made_at = max((at for _, at in own), default=None)
        return Findable(list(dict.fromkeys(kind for kind, _ in own)), made_at, dropped_at)

    async def set_findable(self, uow: UnitOfWork, visitor: Visitor, wanted: FindableWanted) -> Findable:
        """Put these entries in the place of what was there.

        Raises `EntryUnsuitableError`, or `TooYoungToBeFoundError`, which the database decides.
        """
        handle = (await self._accounts.get_by_id(uow, visitor.person_id)).handle
        entries = _entries(wanted, handle)
        writer = ContactsWriter(uow)
        await writer.lock_person(visitor.person_id)
        await writer.remove_all(visitor.person_id)
        try:
            await writer.add(visitor.person_id, entries)
        except RowSecurityViolation as error:
            raise TooYoungToBeFoundError from error
        await writer.forget_drop(visitor.person_id)
        return await self.findable(uow, visitor)

    async def end_findable(self, uow: UnitOfWork, visitor: Visitor) -> None:
        """Be found by nobody any more; it was read that a handle's change had ended it, too."""
        writer = ContactsWriter(uow)
        await writer.lock_person(visitor.person_id)
        await writer.remove_all(visitor.person_id)
        await writer.forget_drop(visitor.person_id)


def said_by(bind: bytes, handle: str) -> bytes:
    """Sixteen bytes that show, to whoever has the number, that its entry came from this handle's own session."""
    return hmac.digest(bind, _SAID_BY + handle.encode(), "sha256")[:PROOF_BYTES]


def _entries(wanted: FindableWanted, handle: str) -> list[tuple[FindableKind, int, bytes]]:
    counted: Counter[FindableKind] = Counter()
    entries = []
    for each in wanted.entries:
        made, bind = _bytes(each.entry), _bytes(each.bind)
        counted[each.kind] += 1
        if made is None or len(made) != MADE_BYTES:
            raise EntryUnsuitableError(fields={"entry": "size"})
        if bind is None or len(bind) != BIND_BYTES:
            raise EntryUnsuitableError(fields={"bind": "size"})
        if counted[each.kind] > MOST_OF_A_KIND:
            raise EntryUnsuitableError(fields={"entries": "too_many"})
        entries.append((each.kind, counted[each.kind], made + said_by(bind, handle)))
    return entries


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _bytes(text: str) -> bytes | None:
    """The bytes of base64url without padding, in its one spelling; None for anything else."""
    try:
        value = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    return value if _text(value) == text else None
