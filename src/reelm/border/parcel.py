"""A delivery from another realm as bytes: read without trust, and with an end to everything.

The body is the canonical JSON (RFC 8785) of `{"@context", "type": "OrderedCollection", "orderedItems": [{"nonce",
"object"}…]}`: one spelling, so no name stands twice, no number is beyond 2^53 and no text is anything but UTF-8. Its
root (see `batches`) is that of the sender's ledger.
"""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reelm.border.batches import NONCE_BYTES, root_over
from reelm_audit.tlog import canonical

MOST_BYTES = 1024 * 1024
MOST_OBJECTS = 256
DEEPEST = 16
MOST_VALUES = 100_000
_BATCH = re.compile(r"([0-9a-f]{64}) (0|[1-9][0-9]{0,15})")
# Possessive, with the closing quote left open: each byte is looked at once, whatever stands there.
_SIGNS = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[\]{},]', re.DOTALL)
_QUOTE = 0x22
_DEEPER, _LESS_DEEP = frozenset(b"[{"), frozenset(b"]}")


class ParcelError(Exception):
    """The delivery as a whole can't be read. `reason` is one of a few words."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Item:
    """One object of a delivery with the canonical bytes it was counted by."""

    nonce: bytes
    activity: dict[str, Any]
    encoded: bytes


@dataclass(frozen=True)
class Parcel:
    """A delivery that could be read; nothing in it has been judged."""

    root: bytes
    items: Sequence[Item]


def read_batch(header: str) -> tuple[bytes, int]:
    """Read `Reelm-Batch`: the root, and where it stands in the sender's ledger. Raises `ParcelError`."""
    match = _BATCH.fullmatch(header)
    if match is None or int(match[2]) > canonical.MAX_INTEGER:
        raise ParcelError("batch")
    return bytes.fromhex(match[1]), int(match[2])


def read_parcel(body: bytes, root: bytes) -> Parcel:
    """Read a delivery's body, whose root must be `root`. Raises `ParcelError`."""
    if len(body) > MOST_BYTES:
        raise ParcelError("too_big")
    _check_shape(body)
    try:
        value = canonical.decode(body)
    except canonical.CanonicalError as error:
        raise ParcelError("malformed") from error
    items = _items_of(value)
    if root_over((item.nonce, item.encoded) for item in items) != root:
        raise ParcelError("root")
    return Parcel(root, items)


def _check_shape(body: bytes) -> None:
    """Count levels and values before anything recurses or is made."""
    depth = count = 0
    for match in _SIGNS.finditer(body):
        sign = body[match.start()]
        if sign == _QUOTE:
            continue
        count += 1
        if sign in _DEEPER:
            depth += 1
        elif sign in _LESS_DEEP:
            depth -= 1
        if depth > DEEPEST:
            raise ParcelError("too_deep")
        if count > MOST_VALUES:
            raise ParcelError("too_many")


def _items_of(value: object) -> list[Item]:
    if not isinstance(value, dict) or value.keys() != {"@context", "type", "orderedItems"}:
        raise ParcelError("malformed")
    listed = value["orderedItems"]
    if value["type"] != "OrderedCollection" or not isinstance(listed, list) or not listed:
        raise ParcelError("malformed")
    if len(listed) > MOST_OBJECTS:
        raise ParcelError("too_many")
    return [_item_of(each) for each in listed]


def _item_of(value: object) -> Item:
    if not isinstance(value, dict) or value.keys() != {"nonce", "object"}:
        raise ParcelError("malformed")
    activity = value["object"]
    if not isinstance(activity, dict):
        raise ParcelError("malformed")
    return Item(_nonce(value["nonce"]), activity, canonical.encode(activity))


def _nonce(text: object) -> bytes:
    try:
        nonce = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except (binascii.Error, ValueError) as error:
        raise ParcelError("malformed") from error
    if len(nonce) != NONCE_BYTES:
        raise ParcelError("malformed")
    return nonce
