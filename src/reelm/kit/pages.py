"""Pagination: opaque cursors and the page every list answers with."""

import base64
import binascii
from typing import Any, Generic, TypeVar

import msgspec

from reelm.kit.errors import InvalidRequestError

T = TypeVar("T")
C = TypeVar("C")

PAGE_LIMIT = 50
PAGE_DEFAULT = 10


class Page(msgspec.Struct, Generic[T], frozen=True):
    """One page of a list; `next_cursor` is None on the last."""

    items: list[T]
    next_cursor: str | None = None


def encode_cursor(value: Any) -> str:
    """Make an opaque cursor of any msgspec value (a key of the last row)."""
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(value)).rstrip(b"=").decode()


def decode_cursor(cursor: str | None, kind: type[C]) -> C | None:
    """Read a cursor back. Raises `InvalidRequestError` for anything this server did not make."""
    if cursor is None:
        return None
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        return msgspec.msgpack.decode(raw, type=kind)
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise InvalidRequestError("Start again from the first page.", fields={"cursor": "unknown"}) from error
