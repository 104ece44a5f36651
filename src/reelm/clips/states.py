"""The states of a clip, and where its bytes belong in each.

    from         on                                to
    (none)       created from a complete upload    processing
    processing   first rendition stored            ready; draft, if its author keeps it
    processing   refused, given up or cancelled    failed
    failed       its author tries again            processing
    draft        its author publishes it           ready
    any          deleted                           (none)

A `ready` clip is *live* once `published_at` is set; until then it waits for `publish_at`. `visibility` is what the
author chose; `audience` is who may see the clip now: never wider than the bytes' place allows. Bytes are public
only while a live clip's audience is everyone; narrowing takes effect with the row, widening when the bytes are
there.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Protocol

from reelm.clips.schemas import Status, Visibility

TRANSITIONS: dict[Status, frozenset[Status]] = {
    "processing": frozenset({"ready", "draft", "failed"}),
    "failed": frozenset({"processing"}),
    "draft": frozenset({"ready"}),
    "ready": frozenset(),
}


class Wishes(Protocol):
    """The columns by which an author says who shall see a clip, and when."""

    @property
    def visibility(self) -> Visibility: ...
    @property
    def draft(self) -> bool: ...
    @property
    def publish_at(self) -> dt.datetime | None: ...
    @property
    def published_at(self) -> dt.datetime | None: ...


@dataclass(frozen=True)
class Standing:
    """Where a playable clip should stand: shown yet or not, to whom, and whether its bytes are for everyone."""

    live: bool
    audience: Visibility

    @property
    def public(self) -> bool:
        return self.live and self.audience == "everyone"


def audience_of(visibility: Visibility, *, private: bool) -> Visibility:
    """Return who may see a clip: a private account shows nothing to everyone."""
    return "followers" if private and visibility == "everyone" else visibility


def standing(wishes: Wishes, *, private: bool, now: dt.datetime) -> Standing:
    """Return where a clip should stand at `now`."""
    waits = wishes.publish_at is not None and wishes.publish_at > now and wishes.published_at is None
    return Standing(
        live=not wishes.draft and not waits, audience=audience_of(wishes.visibility, private=private)
    )


class Shown(Protocol):
    """The columns by which a clip is before everyone, or not."""

    @property
    def audience(self) -> Visibility: ...
    @property
    def sealed(self) -> bool: ...
    @property
    def published_at(self) -> dt.datetime | None: ...
    @property
    def status(self) -> Status: ...


def is_open(clip: Shown) -> bool:
    """Say whether a clip is before everyone now, with bytes that everyone may fetch."""
    return (
        clip.audience == "everyone"
        and not clip.sealed
        and clip.published_at is not None
        and clip.status == "ready"
    )
