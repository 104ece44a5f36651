"""Commitments: what a receipt holds in place of each clip that was not eligible (`spec/receipt`)."""

import hashlib
import hmac
from collections.abc import Collection, Sequence

COMMITMENT_BYTES = 16
# In the order of the reasons' numbers, from 1.
REASONS = ("own", "gone", "creator_hidden", "not_visible")


def salt_of(salt_key: bytes, seed: bytes) -> bytes:
    """Return the salt of the page with this seed, given the key of the process that served it."""
    return hashlib.sha256(salt_key + seed).digest()


def candidates(salt: bytes, clip: bytes) -> list[bytes]:
    """Return what would stand for a clip, reason by reason."""
    return [
        hmac.digest(salt, clip + bytes([number]), "sha256")[:COMMITMENT_BYTES]
        for number in range(1, len(REASONS) + 1)
    ]


def reason_among(found: Sequence[bytes], commitments: Collection[bytes]) -> str | None:
    """Return why a clip with these candidates was not eligible; None if nothing of it is among the commitments."""
    return next((reason for reason, each in zip(REASONS, found, strict=True) if each in commitments), None)
