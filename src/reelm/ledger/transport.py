"""How witnesses are asked: by whoever may open a connection to another machine. The ledger itself opens none."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass


class UnreachableError(Exception):
    """No answer, or none that can be read, in time."""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    body: bytes


# Method, address and body; raises `UnreachableError`, and always ends.
Send = Callable[[str, str, bytes | None], Awaitable[Answer]]
