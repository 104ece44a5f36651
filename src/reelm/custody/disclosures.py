"""Disclosures: release rule (d). A message that its recipient reported is opened for staff, as it was reported.

In this order: 1. a live session; 2. it is of an operator whose staff key a keyholder of the charter enrolled, as the
ledger has it, and who has not left; 3. the report is read through a function that no other role can call, and opened
here with its reporter's key: it names itself, so that one can't be put in another's place; 4. nobody opens what is
about themselves; 5. it is counted, and noted for whoever reported it; 6. only then the answer. No key leaves.
"""

from typing import Any
from uuid import UUID

import msgspec

from reelm.custody.counts import DISCLOSURE, Counts
from reelm.custody.disclosure_schemas import Disclosed, OpenDisclosure
from reelm.custody.door import Door
from reelm.custody.envelope import context, unseal
from reelm.custody.errors import AboutYourselfError, SealBrokenError, StaffUnknownError
from reelm.custody.grantproof import CharterRules, staff_id
from reelm.custody.keystore import Keystore
from reelm.custody.messages import Handlers
from reelm.custody.repository import RealmRows
from reelm.kit.clock import Clock
from reelm.kit.errors import NotFoundError
from reelm.kit.ids import Ids
from reelm_audit.entries import EntrySignatureError, verify_signature
from reelm_audit.tlog.encoding import b64decode
from reelm_audit.tlog.note import NoteError, Verifier

_STAFF = ("staff.enrolled", "staff.left")


class Disclosures:
    """Opens one report at a time. Without `rules` nothing is opened."""

    def __init__(
        self,
        store: Keystore,
        door: Door,
        rows: RealmRows,
        counts: Counts,
        clock: Clock,
        ids: Ids,
        rules: CharterRules | None,
    ) -> None:
        self._store = store
        self._door = door
        self._rows = rows
        self._counts = counts
        self._clock = clock
        self._ids = ids
        self._rules = rules

    def handlers(self) -> Handlers:
        return {OpenDisclosure: self.open}

    async def open(self, asked: OpenDisclosure) -> Disclosed:
        """Raises NotFoundError for whoever is no staff, too; StaffUnknownError and AboutYourselfError."""
        _, asker, _ = self._door.live(asked.token)
        key_id = await self._rows.find_staff_key(asker.person_id)
        if key_id is None:
            raise NotFoundError
        await self._check_enrolled(key_id)
        found = await self._rows.find_disclosed(asked.report_id)
        if found is None:
            raise NotFoundError
        disclosed = self._read(asked.report_id, *found)
        if any(item.sender_id == asker.person_id for item in disclosed.items):
            raise AboutYourselfError
        self._counts.add(DISCLOSURE)
        await self._counts.write()
        await self._rows.note_disclosure(self._ids.new(), asked.report_id, key_id, self._clock.now())
        return disclosed

    async def _check_enrolled(self, key_id: str) -> None:
        """The tables say whose key it is; that it counts is a keyholder's word, and theirs alone."""
        if self._rules is None:
            raise StaffUnknownError
        enrolled_at = left_at = -1
        for index, entry in await self._rows.list_entries_after(_STAFF, -1):
            if entry.get("staff") != key_id:
                continue
            if entry["kind"] == "staff.left":
                # One that waits for its place counts at once.
                left_at = max(left_at, 2**63 if index is None else index)
            elif index is not None and _signed(entry, key_id, self._rules):
                enrolled_at = max(enrolled_at, index)
        if enrolled_at < 0 or left_at > enrolled_at:
            raise StaffUnknownError

    def _read(self, report_id: UUID, reporter_id: UUID, sealed: bytes) -> Disclosed:
        person = self._store.find_person(reporter_id)
        if person is None:
            raise NotFoundError
        about = context("message_reports", "report_sealed", reporter_id.bytes)
        try:
            disclosed = msgspec.json.decode(unseal(person.data_key, sealed, about), type=Disclosed)
        except (SealBrokenError, msgspec.DecodeError):
            raise NotFoundError from None
        if (disclosed.report_id, disclosed.reporter_id) != (report_id, reporter_id):
            raise NotFoundError
        return disclosed


def _signed(entry: dict[str, Any], key_id: str, rules: CharterRules) -> bool:
    """Whether a keyholder of the charter in force signed this enrolment of this key."""
    keyholder = entry.get("keyholder")
    if keyholder not in rules.keyholders:
        return False
    try:
        if staff_id(b64decode(str(entry.get("key")), 32)) != key_id:
            return False
        verify_signature(entry, Verifier.from_vkey(keyholder).public_key)
    except (EntrySignatureError, NoteError, ValueError):
        return False
    return True
