"""What an archive says, as a stranger's file: every field has its limit, and nothing of it is believed."""

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from reelm.clips.service import Visibility

Name = Annotated[str, Meta(max_length=64)]


class ProfileIn(msgspec.Struct, frozen=True):
    """A profile as a stranger's file says it."""

    handle: Name
    display_name: Annotated[str, Meta(max_length=200)]
    bio: Annotated[str, Meta(max_length=5000)] = ""
    private: bool = False
    language: Annotated[str, Meta(max_length=20)] = ""
    avatar: Annotated[str, Meta(max_length=200)] | None = None


class ClipIn(msgspec.Struct, frozen=True):
    """A clip as a stranger's file says it."""

    id: UUID
    caption: Annotated[str, Meta(max_length=20_000)]
    visibility: Visibility
    allow_comments: bool
    allow_download: bool
    allow_sound_reuse: bool
    label_ai: bool
    label_paid: bool
    language: Annotated[str, Meta(pattern="^[a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,8})*$", max_length=20)]
    draft: bool
    created_at: Annotated[dt.datetime, Meta(tz=True)]
    publish_at: Annotated[dt.datetime, Meta(tz=True)] | None = None
    published_at: Annotated[dt.datetime, Meta(tz=True)] | None = None
    keep_original: bool = True
    video: Annotated[str, Meta(max_length=200)] | None = None
    edit: dict[str, Any] = {}
    own_sound: bool = False
    borrowed_sound: bool = False
    sound_title: Annotated[str, Meta(max_length=100)] | None = None
    mentions: list[Name] = []


class FollowIn(msgspec.Struct, frozen=True):
    """Somebody followed, as a stranger's file says it."""

    handle: Name
    display_name: Annotated[str, Meta(max_length=200)]
