"""What the rules need to know besides the entries themselves."""

from collections.abc import Callable
from dataclasses import dataclass

from reelm_audit.rules.form import Entry

Document = Callable[[str], bytes | None]
See = Callable[[Entry, int], None]


@dataclass(frozen=True)
class Context:
    """How a check is made. Everything left out is simply not checked.

    `now` is the moment of the check, in seconds since 1970: entries later than that are found. `running_until` is
    the last moment at which the realm is known to have been at work (a fresh checkpoint, a cosignature): what had to
    happen by then and did not is found. `document` returns a published document by its SHA-256 in hexadecimal, or
    None where the realm has none. `vkey` is the key that signs the log's checkpoints now. `known_builds` are the
    digests of builds that this auditor has looked at. `at_most` findings of one code are reported, more are counted.
    `see` is shown each entry that has the form of its kind, with its minute since 1970.
    """

    now: int | None = None
    running_until: int | None = None
    document: Document | None = None
    vkey: str | None = None
    known_builds: frozenset[str] | None = None
    at_most: int = 100
    see: See | None = None
