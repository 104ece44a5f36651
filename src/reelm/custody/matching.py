"""What keys does so that people find each other: a verifiable oblivious pseudorandom function (RFC 9497).

The suite is ristretto255-SHA512, mode VOPRF. What comes in is blinded, so nobody here can tell what was asked, and a
proof shows that everybody is evaluated with the one key that is published. The key is made here and never leaves.
Whoever had it could try every telephone number there is; so every element is paid for first, out of the asking
person's allowance, which the database keeps and which only this process may draw on.
"""

import asyncio
import datetime as dt
import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from reelm.custody import matching_schemas
from reelm.custody.door import SESSION_PURPOSE, Door
from reelm.custody.envelope import new_key
from reelm.custody.errors import ElementUnsuitableError, EnoughEvaluatedError
from reelm.custody.keystore import Keystore
from reelm.custody.matching_schemas import ELEMENT_BYTES, MOST_ELEMENTS, PROOF_BYTES
from reelm.custody.messages import Handlers
from reelm.custody.repository import RealmRows
from reelm.custody.tickets import SUBJECT_TTL, mint_subject
from reelm.kit.clock import Clock

SECRET = "contacts"  # noqa: S105 - the name of a secret in the store
INFO = b"reelm-contacts-v1"


def key_id_of(public_key: bytes) -> str:
    """The name of a public key: the first eight bytes of its SHA-256, in hex."""
    return hashlib.sha256(public_key).digest()[:8].hex()


class Matching:
    """Answers what finding people needs of the keys process."""

    def __init__(self, store: Keystore, door: Door, rows: RealmRows, clock: Clock) -> None:
        self._store = store
        self._door = door
        self._rows = rows
        self._clock = clock
        self._known: tuple[Any, matching_schemas.PublicKey] | None = None
        self._working = ThreadPoolExecutor(1, thread_name_prefix="matching")

    def handlers(self) -> Handlers:
        return {
            matching_schemas.MatchingKey: self.key,
            matching_schemas.EvaluateElements: self.evaluate,
        }

    def close(self) -> None:
        self._working.shutdown(wait=True)

    async def _evaluator(self) -> tuple[Any, matching_schemas.PublicKey]:
        """The key, made with its first use."""
        if self._known is None:
            from voprf import ristretto

            now = int(self._clock.now().timestamp())
            seed = await self._door.write(self._store.secret, SECRET, now, new_key)
            evaluator = ristretto.Evaluator.from_seed(seed, INFO)
            public = evaluator.public_key.serialize()
            self._known = evaluator, matching_schemas.PublicKey(public, key_id_of(public))
        return self._known

    async def key(self, _: matching_schemas.MatchingKey) -> matching_schemas.PublicKey:
        return (await self._evaluator())[1]

    async def evaluate(self, asked: matching_schemas.EvaluateElements) -> matching_schemas.Evaluated:
        """Evaluate, in this order: 1. whose session, 2. read strictly, 3. pay, durably, 4. evaluate.

        A crash between 3 and 4 costs the person some of their allowance, never the other way round. Raises
        SignInRequiredError, ElementUnsuitableError or EnoughEvaluatedError.
        """
        row, _, _ = self._door.live(asked.token)
        evaluator, public = await self._evaluator()
        blinded = _read(asked.elements)
        ticket = mint_subject(
            self._door.subject_secret, row.person_id, SESSION_PURPOSE, self._clock.now() + SUBJECT_TTL
        )
        paid = await self._rows.spend_evaluations(ticket, len(blinded))
        if not paid.allowed:
            wait = max(1, round((paid.at - self._clock.now()).total_seconds()))
            at = paid.at.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
            raise EnoughEvaluatedError(fields={"left": str(paid.left), "at": at}, retry_after_seconds=wait)
        loop = asyncio.get_running_loop()
        output = await loop.run_in_executor(self._working, evaluator.evaluate_batch, blinded)
        told = output.serialize()  # the proof, then the elements
        return matching_schemas.Evaluated(told[PROOF_BYTES:], told[:PROOF_BYTES], public.key_id, paid.left)


def _read(elements: bytes) -> list[Any]:
    """Raises ElementUnsuitableError."""
    from voprf import ristretto

    count, rest = divmod(len(elements), ELEMENT_BYTES)
    if rest or not 1 <= count <= MOST_ELEMENTS:
        raise ElementUnsuitableError
    try:
        return [
            ristretto.BlindedInput.deserialize(elements[at : at + ELEMENT_BYTES])
            for at in range(0, len(elements), ELEMENT_BYTES)
        ]
    except ValueError:
        raise ElementUnsuitableError from None
