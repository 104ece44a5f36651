"""A page as it is handed to whoever checks it, and what may have been done to it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.factories.feedcase import FeedCase

from reelm_audit.feed.files import FeedFile
from reelm_audit.feed.layout import Receipt


@dataclass
class Page:
    """What whoever checks is given."""

    file: FeedFile
    model: bytes
    policy: bytes


@dataclass(frozen=True)
class Tampering:
    """One way to cheat: its name, what does it, and the code it must be found under."""

    name: str
    code: str
    tamper: Callable[[FeedCase], Page]


def untouched(case: FeedCase, **fields: Any) -> Page:
    return Page(case.file(**fields), case.model_bytes, case.policy_bytes)


def sealed(case: FeedCase, receipt: Receipt) -> Page:
    """A page of which the realm stands by this receipt."""
    return Page(case.file(receipt), case.model_bytes, case.policy_bytes)
