"""Strict readings of what the formats are made of: decimals, base64, names. What Python would forgive is refused."""

import base64
import binascii
import re

MAX_SIZE = 2**63 - 1

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


def decimal(text: str) -> int:
    """Read an ASCII decimal without sign, space, underscore or leading zero, below 2^63; else `ValueError`."""
    if not _DECIMAL.fullmatch(text):
        raise ValueError("not a plain decimal number")
    value = int(text)
    if value > MAX_SIZE:
        raise ValueError("the number is too large")
    return value


def b64encode(data: bytes) -> str:
    """Return standard base64 with padding."""
    return base64.b64encode(data).decode("ascii")


def b64decode(text: str, length: int | None = None) -> bytes:
    """Read standard base64 in its one canonical spelling, of `length` bytes if given; else `ValueError`."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError("not base64") from error
    if b64encode(data) != text:
        raise ValueError("base64 in another spelling than the canonical one")
    if length is not None and len(data) != length:
        raise ValueError(f"{len(data)} bytes where {length} belong")
    return data


def is_name(name: str) -> bool:
    """Say whether `name` may name a key: not empty, no Unicode space, no plus, no control character, valid UTF-8."""
    if not name or "+" in name or any(c.isspace() or c < " " for c in name):
        return False
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
