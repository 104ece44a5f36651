"""This process's promise key: made at its start, never stored, vouched for by keys, renewed every day."""

import asyncio
import hashlib
import os

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from reelm.custody.service import KeysClient
from reelm.feed.receipts.repository import PromiseKeysWriter
from reelm.kit.clock import Clock
from reelm.kit.database import Database
from reelm.kit.errors import OverloadedError

RENEW_SECONDS = 24 * 3600.0
_TRY_AGAIN_SECONDS = 0.5

_log = structlog.get_logger("reelm.receipts")


class Promiser:
    """Signs promises. Before its key is vouched for, the first seconds of a new realm, it signs all the same."""

    def __init__(self, keys: KeysClient, database: Database, clock: Clock) -> None:
        self._keys = keys
        self._database = database
        self._clock = clock
        self._salts = os.urandom(32)
        self._take(Ed25519PrivateKey.generate())

    def _take(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public_key = key.public_key().public_bytes_raw()
        self.process = hashlib.sha256(self.public_key).hexdigest()[:16]

    def sign(self, text: bytes) -> bytes:
        return self._key.sign(text)

    def salt(self, seed: bytes) -> bytes:
        """What the commitments of the page with this seed are made with. Keys alone can name it again later."""
        return hashlib.sha256(self._salts + seed).digest()

    async def run(self) -> None:
        """Have the key vouched for and published; a day later, a new one. Goes on until cancelled."""
        key = self._key
        while True:
            try:
                await self._publish(key)
            except OverloadedError as error:
                _log.info("receipts.promise_key_waits", reason=type(error).__name__)
                await asyncio.sleep(_TRY_AGAIN_SECONDS)
                continue
            await asyncio.sleep(RENEW_SECONDS)
            key = Ed25519PrivateKey.generate()

    async def _publish(self, key: Ed25519PrivateKey) -> None:
        public = key.public_key().public_bytes_raw()
        certificate = await self._keys.certify_promise_key(public)
        async with self._database.transaction() as uow:
            await PromiseKeysWriter(uow).add(
                public.hex(), certificate.since, certificate.until, certificate.note
            )
        self._take(key)
        self._salts = certificate.salt_key
