"""What goes in and out of the notices room."""

import datetime as dt
from typing import Literal
from uuid import UUID

import msgspec

from reelm.accounts.service import PersonCard

NoticeKind = Literal[
    "like",
    "comment",
    "reply",
    "mention",
    "follow",
    "follow_request",
    "follow_accepted",
    "repost",
    "clip_ready",
    "clip_failed",
    "heart",
    "pin",
    "opened",
    "emergency",
    "digest",
]
UNREAD_SHOWN = 100


class NoticeRecord(msgspec.Struct, frozen=True):
    """A notice's row."""

    id: UUID
    kind: NoticeKind
    actor_id: UUID | None
    clip_id: UUID | None
    comment_id: UUID | None
    created_at: dt.datetime
    read: bool
    counts: dict[str, int] | None = None


class Notice(msgspec.Struct, frozen=True):
    """One notice; `text` is what was said, where something was. `counts` is a digest's: how many of each sort."""

    id: UUID
    kind: NoticeKind
    actor: PersonCard | None
    clip_id: UUID | None
    clip_poster_url: str | None
    comment_id: UUID | None
    text: str | None
    created_at: dt.datetime
    read: bool
    counts: dict[str, int] | None = None


class Unread(msgspec.Struct, frozen=True):
    """How many notices were not read yet; 100 stands for that many or more."""

    count: int


class ReadUpTo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The newest notice the person has seen."""

    up_to: UUID
