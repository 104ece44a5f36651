"""What goes in and out of the controls."""

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal

import msgspec

from reelm.feed.controls.words import Words

WishKind = Literal["tag", "sound", "creator"]
Level = Annotated[int, msgspec.Meta(ge=-2, le=2)]
NEVER = -2
MOST_WISHES = 500
MOST_WORDS = 100
EVER = dt.datetime.min.replace(tzinfo=dt.UTC)
_NOTHING: Mapping[int, Any] = MappingProxyType({})


class Controls(msgspec.Struct, frozen=True):
    """What a person told their feed, as the pipeline uses it. Keys are those of `feed.keys`.

    Attributes:
        version: moves with every change; 0 for who never told their feed anything.
        profiling: whether pages may be made from what the person did. If not, nothing they watch is stored.
        learning: whether what they watch now may be learned from.
        reset_at: what was watched before counts as seen, never as taste.
        wishes: key → -2 (never) … 2.
        muted: the keys wished never: clips that have one are filtered.
        forgotten: key → time; what was watched before moves nothing about this key.
        words: filtered words.
    """

    version: int = 0
    profiling: bool = True
    learning: bool = True
    reset_at: dt.datetime = EVER
    wishes: Mapping[int, int] = _NOTHING
    muted: frozenset[int] = frozenset()
    forgotten: Mapping[int, dt.datetime] = _NOTHING
    words: Words = Words()


class Why(msgspec.Struct, frozen=True):
    """From which of one's own watches a taste comes: how many events moved it, up and down."""

    finished: int = 0
    liked: int = 0
    skipped: int = 0
    refused: int = 0


class Taste(msgspec.Struct, frozen=True):
    """What the feed thinks a person likes, or doesn't: `points` from -2000 to 2000.

    `value` is a tag, a handle or a sound's id; `label` is what people call it.
    """

    kind: WishKind
    value: str
    label: str
    image_url: str | None
    points: int
    wish: int
    why: Why


class Wish(msgspec.Struct, frozen=True):
    """Of what a person wants more (1, 2), less (-1) or nothing at all (-2)."""

    kind: WishKind
    value: str
    label: str
    image_url: str | None
    wish: int


class FeedControls(msgspec.Struct, frozen=True):
    """Everything a person told their feed, and what it made of what they watched.

    Attributes:
        events: how many watch events are counted as taste.
        paused_at: since when learning is paused.
    """

    profiling: bool
    learning: bool
    paused_at: dt.datetime | None
    reset_at: dt.datetime | None
    events: int
    tastes: list[Taste]
    wishes: list[Wish]
    words: list[str]


class FeedSettingsIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A change of the switches; what is left out stays."""

    profiling: bool | msgspec.UnsetType = msgspec.UNSET
    learning: bool | msgspec.UnsetType = msgspec.UNSET


class FeedSettings(msgspec.Struct, frozen=True):
    """The switches as they are."""

    profiling: bool
    learning: bool
    paused_at: dt.datetime | None
    reset_at: dt.datetime | None


class ThingIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A tag (with or without #), a sound by its id, or a creator by their handle."""

    kind: WishKind
    value: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


class WishIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A wish about a thing; 0 takes it back."""

    kind: WishKind
    value: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    wish: Level


class WordsIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All filtered words, in place of those there were."""

    words: Annotated[
        list[Annotated[str, msgspec.Meta(min_length=1, max_length=60)]], msgspec.Meta(max_length=MOST_WORDS)
    ]


class WordsKept(msgspec.Struct, frozen=True):
    """The words as they are kept."""

    words: list[str]
