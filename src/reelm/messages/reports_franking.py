"""Franking: whether a message that somebody discloses is the one that was sent.

What is sent carries a commitment: HMAC-SHA256, under a key that is inside the sealed message, of the payload's
canonical JSON (RFC 8785) without that key. Whoever opened the message has both; the realm has the commitment, and
learns from it nothing. Disclosing payload and key shows that this was sent, and nothing about any other message
(`spec/messages/README.md`).
"""

import base64
import hashlib
import hmac
import json
from typing import Any

from reelm_audit.tlog import canonical

KEY_BYTES = 32
KEY_NAME = "fk"


class NotTheMessage(ValueError):  # noqa: N818 - says what it is, as the caller's own error does
    """What was disclosed is not what was committed to."""


def disclosed(payload: str, key: str, commitment: bytes) -> str:
    """Return the payload in its one canonical form, without the key, if the commitment is one to it.

    `payload` is JSON in any spelling, with or without the key in it. Raises `NotTheMessage` for anything else.
    """
    secret = _unbase64(key)
    value = _object(payload)
    if value.pop(KEY_NAME, key) != key or len(secret) != KEY_BYTES:
        raise NotTheMessage
    try:
        text = canonical.encode(value)
    except (canonical.CanonicalError, RecursionError):
        raise NotTheMessage from None
    if not hmac.compare_digest(hmac.new(secret, text, hashlib.sha256).digest(), commitment):
        raise NotTheMessage
    return text.decode()


def _object(payload: str) -> dict[str, Any]:
    try:
        value = json.loads(payload, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise NotTheMessage from None
    if not isinstance(value, dict):
        raise NotTheMessage
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A name that is there twice would be read in one way here and in another there."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotTheMessage
    return found


def _unbase64(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise NotTheMessage from None
