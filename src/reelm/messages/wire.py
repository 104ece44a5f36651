"""Bytes as the API carries them: base64url without padding (RFC 4648 §5), of a stated size."""

import base64
import binascii
from typing import Annotated

import msgspec

from reelm.kit.errors import InvalidRequestError

KIB = 1024
_ALPHABET = "^[A-Za-z0-9_-]*$"


def _chars(size: int) -> int:
    """Return how many characters `size` bytes need."""
    return -(-size * 4 // 3)


def _meta(most: int) -> msgspec.Meta:
    return msgspec.Meta(pattern=_ALPHABET, max_length=_chars(most))


Key = Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9_-]{43}$")]
Signature = Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9_-]{86}$")]
Label = Annotated[str, _meta(200)]
Package = Annotated[str, _meta(4 * KIB)]
Body = Annotated[str, _meta(64 * KIB)]
Large = Annotated[str, _meta(256 * KIB)]


def read(text: str, field: str, *, empty: bool = False) -> bytes:
    """Return the bytes that `text` stands for. Raises `InvalidRequestError` naming `field`."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidRequestError(fields={field: "not_base64url"}) from error
    if write(raw) != text:
        raise InvalidRequestError(fields={field: "not_base64url"})
    if not raw and not empty:
        raise InvalidRequestError(fields={field: "missing"})
    return raw


def write(raw: bytes) -> str:
    """Return the text that stands for `raw`."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
