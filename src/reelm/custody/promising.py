"""What keys does for receipts: people's receipt keys, and the certificates of promise keys.

A receipt key follows from its person's data key and is kept nowhere, so whatever destroys the data key destroys it.
A promise key is made by a web process for itself, at its start; the key that vouches for it is made here, never
leaves, and signs nothing else. Its name is the log's origin (`spec/receipt/README.md`, "The promise").

A page's salt never leaves, for it would say of every clip whether it was left out: an author is told what would stand
for a clip of their own, and nothing of others'.
"""

import hmac

from reelm.custody import promise_schemas, schemas
from reelm.custody.counts import SESSION, Counts
from reelm.custody.door import SESSION_PURPOSE, Door
from reelm.custody.envelope import KEY_BYTES, new_key
from reelm.custody.errors import KeysUnavailableError
from reelm.custody.keystore import Keystore
from reelm.custody.ledger_schemas import VerifierKey
from reelm.custody.messages import Handlers
from reelm.custody.repository import RealmRows
from reelm.custody.tickets import SUBJECT_TTL, mint_subject
from reelm.kit.clock import Clock
from reelm.kit.errors import InvalidRequestError, NotFoundError
from reelm_audit.feed import commitments
from reelm_audit.feed.promises import PromiseKey
from reelm_audit.tlog.note import Ed25519Signer

CERTIFIED_SECONDS = 36 * 3600
# A process may have promised something before it was vouched for.
BEFORE_SECONDS = 120
_RECEIPT_KEY = b"reelm/receipt-key/v1"


def receipt_key_of(data_key: bytes) -> bytes:
    """A person's receipt key, given their data key."""
    return hmac.digest(data_key, _RECEIPT_KEY, "sha256")


class Promising:
    """Answers what receipts need of the keys process."""

    def __init__(self, store: Keystore, door: Door, rows: RealmRows, counts: Counts, clock: Clock) -> None:
        self._store = store
        self._door = door
        self._rows = rows
        self._counts = counts
        self._clock = clock
        now = int(clock.now().timestamp())
        self._secret = store.secret("promise", now, new_key)
        self._salts = store.secret("commitments", now, new_key)

    def handlers(self) -> Handlers:
        return {
            promise_schemas.ReceiptKey: self.receipt_key,
            promise_schemas.CertifyPromiseKey: self.certify,
            promise_schemas.PromiseVkey: self.vkey,
            promise_schemas.ClipCommitments: self.commitments,
        }

    async def receipt_key(self, asked: promise_schemas.ReceiptKey) -> schemas.KeyBytes:
        _, person, _ = self._door.live(asked.token)
        self._counts.add(SESSION)
        return schemas.KeyBytes(receipt_key_of(person.data_key))

    async def certify(self, asked: promise_schemas.CertifyPromiseKey) -> promise_schemas.Certificate:
        """Raises KeysUnavailableError before the log has its name, InvalidRequestError for what is no key."""
        if len(asked.key) != KEY_BYTES:
            raise InvalidRequestError(fields={"key": "malformed"})
        now = int(self._clock.now().timestamp())
        key = PromiseKey(asked.key, now - BEFORE_SECONDS, now + CERTIFIED_SECONDS)
        return promise_schemas.Certificate(
            key.certify(self._signer()), key.since, key.until, self._salt_key(asked.key)
        )

    def _salt_key(self, promise_key: bytes) -> bytes:
        return hmac.digest(self._salts, promise_key, "sha256")

    async def commitments(self, asked: promise_schemas.ClipCommitments) -> promise_schemas.Commitments:
        """Raises NotFoundError for a clip that is not the session's own person's."""
        if len(asked.key) != KEY_BYTES or len(asked.seed) != KEY_BYTES:
            raise InvalidRequestError(fields={"seed": "malformed"})
        row, person, _ = self._door.live(asked.token)
        ticket = mint_subject(
            self._door.subject_secret, row.person_id, SESSION_PURPOSE, self._clock.now() + SUBJECT_TTL
        )
        if await self._rows.find_clip_author(ticket, asked.clip_id) != person.person_id:
            raise NotFoundError
        self._counts.add(SESSION)
        salt = commitments.salt_of(self._salt_key(asked.key), asked.seed)
        return promise_schemas.Commitments(commitments.candidates(salt, asked.clip_id.bytes))

    async def vkey(self, _: promise_schemas.PromiseVkey) -> VerifierKey:
        """Raises KeysUnavailableError before the log has its name."""
        return VerifierKey(self._signer().vkey)

    def _signer(self) -> Ed25519Signer:
        head = self._store.find_log_head()
        if head is None:
            raise KeysUnavailableError(retry_after_seconds=2)
        return Ed25519Signer(head.origin, self._secret)
