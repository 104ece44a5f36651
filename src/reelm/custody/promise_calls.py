"""The part of the client that is about receipts."""

from uuid import UUID

from reelm.custody import promise_schemas, schemas
from reelm.custody.calls import Calls
from reelm.custody.ledger_schemas import VerifierKey


class PromiseCalls(Calls):
    """What `KeysClient` can ask about receipts."""

    def __init__(self) -> None:
        self._receipt_keys: dict[UUID, bytes] = {}

    def known_receipt_key(self, session_id: UUID) -> bytes | None:
        """The receipt key that was asked for in this session before, if the session has not ended since."""
        return self._receipt_keys.get(session_id)

    async def receipt_key(self, session_id: UUID, token: str) -> bytes:
        """The receipt key of the session's own person: one call a session, then remembered until it ends.

        Raises SignInRequiredError.
        """
        known = self._receipt_keys.get(session_id)
        if known is not None:
            return known
        forgotten = self.times_forgotten()
        key = (await self._ask(promise_schemas.ReceiptKey(token), schemas.KeyBytes)).key
        if forgotten == self.times_forgotten():
            self._receipt_keys[session_id] = key
        return key

    async def certify_promise_key(self, key: bytes) -> promise_schemas.Certificate:
        """Have this process's promise key vouched for. Raises KeysUnavailableError before the ledger began."""
        return await self._ask(promise_schemas.CertifyPromiseKey(key), promise_schemas.Certificate)

    async def promise_vkey(self) -> str:
        """The verifier key of certificates of promise keys. Raises KeysUnavailableError before the ledger began."""
        return (await self._ask(promise_schemas.PromiseVkey(), VerifierKey)).vkey

    async def clip_commitments(self, token: str, clip_id: UUID, key: bytes, seed: bytes) -> list[bytes]:
        """What would stand, reason by reason, for a clip of the session's own person on a page.

        Raises NotFoundError for any other clip.
        """
        asked = promise_schemas.ClipCommitments(token, clip_id, key, seed)
        return (await self._ask(asked, promise_schemas.Commitments)).values

    def times_forgotten(self) -> int:
        """How often sessions were forgotten, so that an answer that comes too late is not remembered."""
        raise NotImplementedError

    def forget_receipt_key(self, session_id: UUID) -> None:
        """Forget what was remembered for a session."""
        self._receipt_keys.pop(session_id, None)

    def forget_receipt_keys(self) -> None:
        """Forget what was remembered for every session."""
        self._receipt_keys.clear()
