"""E-mail addresses and telephone numbers: their one normal form, and its blind index.

A blind index is HMAC-SHA256 of the normal form under a key that only the keys process has: equal contacts have
equal indexes, and nobody without the key can go from an index back to a contact or test a guess.
"""

import hashlib
import hmac
import re
import unicodedata

from reelm.custody.errors import ContactUnsuitableError
from reelm.custody.schemas import ContactKind

_EMAIL = re.compile(r"[^\s@\x00-\x1f]{1,64}@[^\s@.\x00-\x1f]+(\.[^\s@.\x00-\x1f]+)+")
_PHONE_FILLER = re.compile(r"[\s().\-/\u00a0\u2010-\u2015]")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_MAX_EMAIL = 254


def normal_email(value: str) -> str:
    """Unicode NFKC and casefold. Raises ContactUnsuitableError for what can't be an address (RFC 5321 sizes)."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", value.strip()).casefold())
    if len(folded.encode()) > _MAX_EMAIL or not _EMAIL.fullmatch(folded):
        raise ContactUnsuitableError(fields={"email": "unsuitable"})
    return folded


def normal_phone(value: str) -> str:
    """E.164: `+`, country code, number. `00` stands for `+`. Raises ContactUnsuitableError for national forms."""
    digits = _PHONE_FILLER.sub("", unicodedata.normalize("NFKC", value))
    if digits.startswith("00"):
        digits = f"+{digits[2:]}"
    if not _E164.fullmatch(digits):
        raise ContactUnsuitableError(fields={"phone": "unsuitable"})
    return digits


def normal_contact(kind: ContactKind, value: str) -> str:
    return normal_email(value) if kind == "email" else normal_phone(value)


def blind_index(secret: bytes, kind: ContactKind, value: str) -> bytes:
    """32 bytes that look up a contact without telling it."""
    return hmac.new(secret, f"{kind}\x00{normal_contact(kind, value)}".encode(), hashlib.sha256).digest()
