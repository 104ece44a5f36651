"""What every message of the keys protocol is made from; the messages themselves are in the `schemas` files."""

from collections.abc import Callable, Coroutine
from typing import Any, Literal
from uuid import UUID

import msgspec

Caller = Literal["web", "worker", "sequencer", "cli"]
FileKind = Literal["clip", "upload", "export"]


class Message(msgspec.Struct, frozen=True):
    """Base of everything that travels; it never shows what it carries."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class Request(Message, frozen=True, tag=True):
    """Base of the requests."""


class PasskeyAnswer(Message, frozen=True):
    """What the browser's `navigator.credentials` returned, with the challenge it answers."""

    challenge_id: UUID
    credential: dict[str, Any]


class Done(Message, frozen=True):
    """Nothing more to say."""


class KeyBytes(Message, frozen=True):
    """One key."""

    key: bytes


class FreshKey(Message, frozen=True):
    """A new file key, and its wrapped form for the row in `clip_keys`, `uploads` or `exports`."""

    key: bytes
    wrapped: bytes


class Ticket(Message, frozen=True):
    """A job ticket."""

    ticket: str


Handler = Callable[[Any], Coroutine[Any, Any, Message]]
Handlers = dict[type[Request], Handler]
