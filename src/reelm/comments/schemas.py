"""What goes in and out of the comments room."""

import datetime as dt
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from reelm.accounts.service import PersonCard

Sort = Literal["top", "new"]


class CommentNew(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody says; `parent_id` is the comment it answers."""

    text: Annotated[str, msgspec.Meta(max_length=2000)]
    parent_id: UUID | None = None


class CommentCounts(msgspec.Struct, frozen=True):
    """How often a comment was liked and answered."""

    likes: int
    replies: int


class CommentViewer(msgspec.Struct, frozen=True):
    """What the visitor did and may do with a comment. `may_pin` goes for the heart, too."""

    liked: bool
    own: bool
    may_delete: bool
    may_pin: bool


class Comment(msgspec.Struct, frozen=True):
    """One comment; `viewer` is null for someone who is signed out."""

    id: UUID
    clip_id: UUID
    parent_id: UUID | None
    author: PersonCard
    text: str
    created_at: dt.datetime
    counts: CommentCounts
    pinned: bool
    hearted: bool
    viewer: CommentViewer | None


class CommentRecord(msgspec.Struct, frozen=True):
    """A comment's row."""

    id: UUID
    clip_id: UUID
    author_id: UUID
    parent_id: UUID | None
    text: str
    created_at: dt.datetime
    pinned: bool
    hearted: bool
    likes: int
    replies: int


class ThreadCursor(msgspec.Struct, frozen=True, array_like=True):
    """Where a list of comments goes on: after the comment with these likes and this id."""

    likes: Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)]
    id: UUID


class LikeOut(msgspec.Struct, frozen=True):
    """Whether the visitor likes the comment now, and how it stands."""

    liked: bool
    counts: CommentCounts
