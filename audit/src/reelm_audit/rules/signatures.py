"""Signatures within entries, collected and then verified many at a time.

Verifying takes a hundred times longer than reading an entry, and runs outside Python's lock: in batches, every
processor takes part.
"""

import base64
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from reelm_audit.findings import Finding

BATCH = 4096

_Asked = tuple[bytes, bytes, str, Finding]


class Signatures:
    """What is still to be verified: key, signed bytes, signature in base64, and what to report if it fails."""

    def __init__(self, report: Callable[[Finding], None]) -> None:
        self._report = report
        self._waiting: list[_Asked] = []
        self.verified = 0

    def ask(self, key: bytes, signed: bytes, signature: str, otherwise: Finding) -> None:
        """Have one signature verified, soon."""
        self._waiting.append((key, signed, signature, otherwise))
        if len(self._waiting) >= BATCH:
            self.settle()

    def settle(self) -> None:
        """Verify all that waits, and report what fails in the order it was asked."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        shares = os.cpu_count() or 1
        if shares == 1 or len(waiting) < 64:
            wrong = _failing(waiting)
        else:
            step = -(-len(waiting) // shares)
            parts = [waiting[start : start + step] for start in range(0, len(waiting), step)]
            with ThreadPoolExecutor(shares) as pool:
                wrong = [each for part in pool.map(_failing, parts) for each in part]
        self.verified += len(waiting) - len(wrong)
        for finding in wrong:
            self._report(finding)


def _failing(asked: Sequence[_Asked]) -> list[Finding]:
    wrong = []
    for key, signed, signature, otherwise in asked:
        try:
            _public_key(key).verify(base64.b64decode(signature), signed)
        except (InvalidSignature, ValueError):
            wrong.append(otherwise)
    return wrong


@lru_cache(maxsize=1024)
def _public_key(raw: bytes) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(raw)
