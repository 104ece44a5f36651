"""What the rules of all subjects have in common."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from reelm_audit.findings import Finding
from reelm_audit.rules.context import Context
from reelm_audit.rules.form import Entry
from reelm_audit.rules.signatures import Signatures


@dataclass(slots=True)
class At:
    """Where an entry stands: its index, its time in minutes since 1970, and its very bytes."""

    index: int
    minute: int
    data: bytes


Handler = Callable[[Entry, At], None]


@dataclass(frozen=True)
class Bench:
    """What every subject is given: the context, where to report, and where to have signatures verified."""

    context: Context
    report: Callable[[Finding], None]
    signatures: Signatures


class Subject(Protocol):
    """The rules of one subject: what it does with entries of the kinds it handles, in order."""

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """Which kinds, and how."""

    def look(self, minute: int) -> None:
        """Report what should have happened by this minute and did not; never the same twice."""
