"""What goes out about a clip's reach."""

import datetime as dt
from typing import Literal
from uuid import UUID

import msgspec

ReachSource = Literal[
    "item", "next", "content", "taste", "following", "friends", "trending", "fresh", "boost", "again",
    "local", "list", "clip", "profile", "search", "sound", "tag", "other",
]  # fmt: skip
LimitReason = Literal["not_ready", "not_published", "visibility", "private_account", "demotion"]


class SourceCount(msgspec.Struct, frozen=True):
    """How often a source brought the clip before somebody; `few` says that it is fewer than `count`."""

    source: ReachSource
    count: int
    few: bool


class DayCount(msgspec.Struct, frozen=True):
    """The same for a day (UTC)."""

    day: dt.date
    count: int
    few: bool


class ReachLimit(msgspec.Struct, frozen=True):
    """What keeps the clip from more. A demotion says how many points, until when, and why, as everybody can read."""

    reason: LimitReason
    text: str | None = None
    points: int | None = None
    until: dt.datetime | None = None


class Guarantee(msgspec.Struct, frozen=True):
    """How far the first impressions went that every new clip is promised."""

    of: int
    done: int


class Reach(msgspec.Struct, frozen=True):
    """Where a clip was shown, for its author alone."""

    clip_id: UUID
    impressions: int
    by_source: list[SourceCount]
    days: list[DayCount]
    limits: list[ReachLimit]
    guaranteed: Guarantee
