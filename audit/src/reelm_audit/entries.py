"""What signatures inside an entry cover: a keyholder's on staff, staff's on grants.

The signed bytes are `reelm/<kind>/v1`, a newline, and the canonical JSON of the entry without its `signature`.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from reelm_audit.tlog import canonical

SIGNATURE_BYTES = 64


class EntrySignatureError(ValueError):
    """An entry's signature is missing, malformed, or not by the key it should be by."""


def to_sign(entry: Mapping[str, Any]) -> bytes:
    """Return the bytes that the signature of `entry` covers; `entry` is its decoded JSON."""
    kind = entry.get("kind")
    if not isinstance(kind, str) or not kind:
        raise EntrySignatureError("an entry without a kind can't be signed")
    unsigned = {name: value for name, value in entry.items() if name != "signature" and value is not None}
    return b"reelm/" + kind.encode() + b"/v1\n" + canonical.encode(unsigned)


def charter_to_sign(document: bytes) -> bytes:
    """Return the bytes that a keyholder signs of a charter's canonical document."""
    return b"reelm/charter/v1\n" + document


def verify_signature(entry: Mapping[str, Any], public_key: bytes) -> None:
    """Raise `EntrySignatureError` unless `entry` carries a signature by the raw Ed25519 `public_key`."""
    verify_detached(to_sign(entry), entry.get("signature"), public_key)


def verify_detached(signed: bytes, signature: object, public_key: bytes) -> None:
    """Raise `EntrySignatureError` unless base64 `signature` over `signed` is by the raw Ed25519 `public_key`."""
    if not isinstance(signature, str):
        raise EntrySignatureError("there is no signature")
    try:
        raw = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError) as error:
        raise EntrySignatureError("the signature is not base64") from error
    if len(raw) != SIGNATURE_BYTES or base64.b64encode(raw).decode() != signature:
        raise EntrySignatureError("the signature is malformed")
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(raw, signed)
    except (InvalidSignature, ValueError) as error:
        raise EntrySignatureError("the signature is not by this key") from error
