"""References to people in the ledger, and what opens one of them.

An *opening* is `HMAC-SHA256(ledger key, "reelm/opening/v1" ‖ 0x00 ‖ nonce)` with 16 fresh random bytes as nonce. The
*reference* is `HMAC-SHA256(opening, kind ‖ 0x00 ‖ document)`. Whoever is shown an opening can check this one
entry and no other. Without the ledger key nobody can make or guess one, so erasing the key makes every reference of
the person unopenable, but for the openings that they have given out themselves.
"""

import hashlib
import hmac
import os
import re
from uuid import UUID

from reelm.custody import ledger_schemas
from reelm.custody.door import Door
from reelm.custody.errors import TicketRefusedError
from reelm.custody.keystore import Keystore
from reelm.custody.ledger_schemas import MAX_DOCUMENT_BYTES, MAX_REFERENCES
from reelm.custody.messages import Handlers
from reelm.custody.releases import Releases
from reelm.kit.errors import InvalidRequestError, NotFoundError

NONCE_BYTES = 16
# An erasure is the one entry that has to be found again from the ledger key alone: a restored key store that still
# holds the key of somebody erased since then must erase them once more, and the row with the nonce is gone. There is
# one such entry a person at most, so nothing is linked by it.
FIXED_NONCE = {"rights.erased": bytes(NONCE_BYTES)}
_KIND = re.compile(r"[a-z]{1,24}\.[a-z]{1,24}")
_DOMAIN = b"reelm/opening/v1\x00"


def opening_of(ledger_key: bytes, nonce: bytes) -> bytes:
    """Return what opens the references made with this nonce."""
    return hmac.new(ledger_key, _DOMAIN + nonce, hashlib.sha256).digest()


def reference_of(opening: bytes, kind: str, document: bytes) -> str:
    """Return the reference that an entry of `kind` carries, hexadecimal."""
    return hmac.new(opening, kind.encode() + b"\x00" + document, hashlib.sha256).hexdigest()


class References:
    """Makes references for whoever writes entries, and openings for the people they are about."""

    def __init__(self, store: Keystore, door: Door, releases: Releases) -> None:
        self._store = store
        self._door = door
        self._releases = releases

    def handlers(self) -> Handlers:
        return {
            ledger_schemas.References: self.references,
            ledger_schemas.Opening: self.opening,
            ledger_schemas.JobOpenings: self.job_openings,
        }

    async def references(self, asked: ledger_schemas.References) -> ledger_schemas.ReferenceLines:
        """Return fresh references, different each time but for an erasure's.

        Raises NotFoundError for a person who is gone.
        """
        if not _KIND.fullmatch(asked.kind):
            raise InvalidRequestError(fields={"kind": "malformed"})
        if len(asked.items) > MAX_REFERENCES or any(
            len(text) > MAX_DOCUMENT_BYTES for _, text in asked.items
        ):
            raise InvalidRequestError(fields={"items": "too_many"})
        lines = []
        for person_id, document in asked.items:
            nonce = FIXED_NONCE.get(asked.kind) or os.urandom(NONCE_BYTES)
            opening = opening_of(self._ledger_key(person_id), nonce)
            lines.append(ledger_schemas.ReferenceLine(reference_of(opening, asked.kind, document), nonce))
        return ledger_schemas.ReferenceLines(lines)

    def _ledger_key(self, person_id: UUID) -> bytes:
        key = self._store.find_ledger_key(person_id)
        if key is None:
            raise NotFoundError
        return key

    async def opening(self, asked: ledger_schemas.Opening) -> ledger_schemas.Openings:
        _, person, _ = self._door.live(asked.token)
        return self._open(person.person_id, [asked.nonce])

    async def job_openings(self, asked: ledger_schemas.JobOpenings) -> ledger_schemas.Openings:
        """Raises TicketRefusedError for a job whose purpose opens no references."""
        _, purpose, person = self._releases.live_job(asked.job_ticket)
        if not purpose.opens_references:
            raise TicketRefusedError
        return self._open(person.person_id, asked.nonces)

    def _open(self, person_id: UUID, nonces: list[bytes]) -> ledger_schemas.Openings:
        if len(nonces) > MAX_REFERENCES or any(len(nonce) != NONCE_BYTES for nonce in nonces):
            raise InvalidRequestError(fields={"nonce": "malformed"})
        key = self._ledger_key(person_id)
        return ledger_schemas.Openings([opening_of(key, nonce).hex() for nonce in nonces])
