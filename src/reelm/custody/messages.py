"""What every message of the keys protocol is made from; the messages themselves are in the `schemas` files."""

from collections.abc import Callable, Coroutine
from typing import Any, Literal
from uuid import UUID

import msgspec

Caller = Literal["web", "worker", "sequencer", "cli"]


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


Handler = Callable[[Any], Coroutine[Any, Any, Message]]
Handlers = dict[type[Request], Handler]
