"""What goes in and out of the search room."""

from typing import Literal
from uuid import UUID

import msgspec

from reelm.accounts.service import PersonCard
from reelm.clips.service import Clip
from reelm.kit.pages import Page
from reelm.sounds.service import Sound

Kind = Literal["person", "clip", "sound", "tag"]
SearchType = Literal["all", "people", "clips", "sounds", "tags"]
SuggestionKind = Literal["person", "tag"]


class TagCount(msgspec.Struct, frozen=True):
    """A tag and how many public clips carry it."""

    tag: str
    uses: int


class SearchResults(msgspec.Struct, frozen=True):
    """A page of each kind that was asked for; the others are empty."""

    people: Page[PersonCard]
    clips: Page[Clip]
    sounds: Page[Sound]
    tags: Page[TagCount]


class Suggestion(msgspec.Struct, frozen=True):
    """`value` completes what is being typed; `label` says what it is."""

    value: str
    label: str


class Suggestions(msgspec.Struct, frozen=True):
    """A few completions, the likeliest first."""

    items: list[Suggestion]


class Trending(msgspec.Struct, frozen=True):
    """What is in fashion these seven days, fresher things counting more."""

    tags: list[TagCount]
    sounds: list[Sound]
    clips: list[Clip]


class Term(msgspec.Struct, frozen=True):
    """A word of the dictionary; `uses`: how many things of the kind have it."""

    kind: Kind
    term: str
    uses: int


class Match(msgspec.Struct, frozen=True):
    """Something that has the words. `weight` counts quarters of a doubling of how well known it is."""

    kind: Kind
    reference: str
    key: str
    language: str
    weight: int


class RankCursor(msgspec.Struct, frozen=True, array_like=True):
    """Where a ranked list goes on: after what scored this."""

    score: float
    reference: str


class Fashion(msgspec.Struct, frozen=True):
    """References of what is in fashion, before anybody looks at it."""

    tags: list[str]
    sounds: list[UUID]
    clips: list[UUID]
