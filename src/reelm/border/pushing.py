"""What may leave as a push, and nothing else: a message sealed for one browser, with a token that says who sends.

Judged before a connection is opened: 1. the service is one that the operator listed; 2. the body is one record of RFC
8291, always of the same length, so that its size tells nothing; 3. the token (RFC 8292) is signed with this realm's
key for this service, and says when it ends and whose it is, and nothing more; 4. headers are made here, from a
number, a word and 32 hexadecimal digits.
"""

import base64
import binascii
import datetime as dt
import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from reelm.border import messages

MOST_URL_CHARS = 1000
MOST_TTL_SECONDS = 24 * 3600
TOKEN_HOURS = 24
PLAIN_BYTES = 1024
_RECORD_BYTES = 4096
_KEY_BYTES = 65
_HEAD_BYTES = 16 + 4 + 1 + _KEY_BYTES
# Behind what is sealed: a delimiter, and the tag.
BODY_BYTES = _HEAD_BYTES + PLAIN_BYTES + 1 + 16
_TOKEN = re.compile(r"vapid t=([\w-]{1,200})\.([\w-]{1,800})\.([\w-]{86}),k=([\w-]{87})")
_RETRY_AFTER = re.compile(r"[0-9]{1,6}|[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} GMT")


class UnfitError(Exception):
    """It isn't a push as it has to be; `reason` is one of a few words."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Claims(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    aud: str
    exp: int
    sub: str


class _JoseHead(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    typ: str
    alg: str


def is_listed(host: str, listed: Iterable[str]) -> bool:
    """Say whether the operator lets messages go to a host; what begins with a dot stands for all names under it."""
    host = host.lower()
    return bool(host) and any(
        host.endswith(each) and len(host) > len(each) if each.startswith(".") else host == each
        for each in (name.lower() for name in listed)
    )


def headers_of(asked: messages.Deliver, public_key: Path, sender: str, now: dt.datetime) -> dict[str, str]:
    """Return the headers of a push that may leave. Raises `UnfitError`."""
    if asked.purpose != "push":
        raise UnfitError("unknown_purpose")
    if len(asked.url) > MOST_URL_CHARS or "#" in asked.url:
        raise UnfitError("address")
    if not 0 <= asked.ttl_seconds <= MOST_TTL_SECONDS or not re.fullmatch(r"[0-9a-f]{32}", asked.topic):
        raise UnfitError("headers")
    _check_sealed(asked.body)
    _check_token(asked.authorization, asked.url, public_key, sender, now)
    return {
        "Authorization": asked.authorization,
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(asked.ttl_seconds),
        "Topic": asked.topic,
        "Urgency": asked.urgency,
    }


def told_of(headers: dict[str, str]) -> dict[str, str]:
    """Return what is handed back of an answer's headers: when to come again."""
    again = headers.get("retry-after", "").strip()
    return {"retry-after": again} if _RETRY_AFTER.fullmatch(again) else {}


def _check_sealed(body: bytes) -> None:
    """It has the shape of RFC 8188 with a sender's key: one record, and the length that all have."""
    if len(body) != BODY_BYTES:
        raise UnfitError("not_sealed")
    record, named = int.from_bytes(body[16:20]), body[20]
    if record != _RECORD_BYTES or named != _KEY_BYTES:
        raise UnfitError("not_sealed")
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), body[21:_HEAD_BYTES])
    except ValueError as error:
        raise UnfitError("not_sealed") from error


def _check_token(token: str, url: str, public_key: Path, sender: str, now: dt.datetime) -> None:
    match = _TOKEN.fullmatch(token)
    if match is None:
        raise UnfitError("token")
    head, claims, signature, key = match.groups()
    try:
        own = public_key.read_text().strip()
        read = (
            msgspec.json.decode(unpadded(head), type=_JoseHead),
            msgspec.json.decode(unpadded(claims), type=_Claims),
        )
        signed = unpadded(signature)
        verifier = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unpadded(own))
        whole = encode_dss_signature(int.from_bytes(signed[:32]), int.from_bytes(signed[32:]))
        verifier.verify(whole, f"{head}.{claims}".encode(), ec.ECDSA(SHA256()))
    except (OSError, ValueError, msgspec.MsgspecError, InvalidSignature) as error:
        raise UnfitError("token") from error
    parts = urlsplit(url)
    said = read[1]
    left = said.exp - now.timestamp()
    if (
        key != own
        or read[0] != _JoseHead("JWT", "ES256")
        or said.aud != f"{parts.scheme}://{parts.netloc}"
        or said.sub != sender
        or not 0 < left <= TOKEN_HOURS * 3600
    ):
        raise UnfitError("token")


def unpadded(text: str) -> bytes:
    """Read base64url without padding. Raises ValueError."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("not base64url") from error
