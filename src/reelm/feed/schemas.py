"""What goes in and out of the feed room."""

import datetime as dt
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from reelm.clips.service import Clip

FeedName = Literal["for-you", "following", "friends", "local"]
EventKind = Literal["impression", "progress", "loop", "finish", "skip", "like", "share", "not_interested"]
Milliseconds = Annotated[int, msgspec.Meta(ge=0, le=86_400_000)]


class PagePromise(msgspec.Struct, frozen=True):
    """The realm's word that this page's receipt goes into the public ledger, signed (`spec/receipt/README.md`).

    `digest` is the receipt's, `leaf` binds it to the items in their order; both hexadecimal. `at` and `include_by`
    are Unix seconds, `process` names the key that signed, `signature` is base64.
    """

    id: UUID
    digest: str
    leaf: str
    at: int
    include_by: int
    process: str
    signature: str


class FeedPage(msgspec.Struct, frozen=True):
    """A page of a feed. `receipt` comes with For You for somebody who is signed in."""

    items: list[Clip]
    next_cursor: str | None = None
    receipt: PagePromise | None = None


class WatchEvent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing a person did with a clip; `id` is the client's own, so that sending it twice stores it once.

    `at` is the client's clock; what lies in the future or more than a week back is moved to the nearest limit.
    """

    id: UUID
    clip_id: UUID
    kind: EventKind
    at: dt.datetime
    watched_ms: Milliseconds = 0
    position_ms: Milliseconds = 0
    source: Annotated[str, msgspec.Meta(max_length=40)] = ""


class WatchEvents(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A batch of events, in the order they happened."""

    events: Annotated[list[WatchEvent], msgspec.Meta(min_length=1, max_length=100)]


class EventsStored(msgspec.Struct, frozen=True):
    """How many events were new, and how many were here already."""

    stored: int
    duplicates: int
