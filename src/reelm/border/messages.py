"""The words on the border's socket: msgpack structs behind a 4-byte length, matched by number.

A connection opens with `Hello`; every call is answered by `Answer`, in any order.
"""

from typing import Any, Literal

import msgspec

from reelm.settings import BorderCaller

MAX_FRAME_BYTES = 2 * 1024 * 1024


class Message(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """Something on the socket; shows nothing of itself, so that nothing of it gets into a log."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class Hello(Message, frozen=True):
    """Who calls, with what it was handed at its start."""

    caller: BorderCaller
    secret: str


class Fetch(Message, frozen=True):
    """Fetch a file of another realm."""

    url: str
    purpose: str
    most_bytes: int


class Control(Message, frozen=True):
    """Ask a witness, or for what another realm publishes: nobody's data."""

    method: Literal["GET", "POST"]
    url: str
    body: bytes | None = None


class Lookup(Message, frozen=True):
    """Ask another realm for the person at an address."""

    address: str


Urgency = Literal["very-low", "low", "normal", "high"]


class Deliver(Message, frozen=True):
    """Hand what is sealed for its reader to a push service (RFC 8030); `authorization` is as RFC 8292 says."""

    url: str
    purpose: str
    body: bytes
    authorization: str
    topic: str
    ttl_seconds: int
    urgency: Urgency = "normal"


Request = Fetch | Control | Lookup | Deliver


class Call(msgspec.Struct, frozen=True):
    """One request."""

    number: int
    request: Request


class Fetched(msgspec.Struct, frozen=True):
    """A fetched file lies in the border's folder under its SHA-256, until it is taken."""

    sha256: str
    bytes: int
    content_type: str


class Said(msgspec.Struct, frozen=True):
    """What was answered."""

    status: int
    body: bytes
    headers: dict[str, str] = {}


class Found(msgspec.Struct, frozen=True):
    """A person of another realm: the realm, their public address, and what it says of them."""

    peer: str
    uri: str
    document: dict[str, Any]


class Fault(msgspec.Struct, frozen=True):
    """Why something can't be done, by code and word."""

    code: str
    reason: str


class Answer(msgspec.Struct, frozen=True):
    """The answer to the call with that number; `body` is msgpack."""

    number: int
    fault: Fault | None
    body: msgspec.Raw
