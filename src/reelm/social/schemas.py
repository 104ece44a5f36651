"""What goes in and out of the social room."""

from typing import Literal
from uuid import UUID

import msgspec

from reelm.accounts.service import PersonCounts

FollowState = Literal["none", "requested", "following"]


class Tie(msgspec.Struct, frozen=True):
    """How the visitor stands to one other person."""

    follow: FollowState = "none"
    follows_me: bool = False

    @property
    def friend(self) -> bool:
        """Friends follow one another."""
        return self.follow == "following" and self.follows_me


class PersonViewer(msgspec.Struct, frozen=True):
    """How the visitor stands to the person whose page they look at."""

    follow: FollowState
    follows_me: bool
    friend: bool
    blocked: bool
    own: bool


class Person(msgspec.Struct, frozen=True):
    """A person's page; `viewer` is null for someone who is signed out."""

    id: UUID
    handle: str
    display_name: str
    bio: str
    avatar_url: str | None
    private: bool
    counts: PersonCounts
    viewer: PersonViewer | None
    realm: str | None = None


class FollowOut(msgspec.Struct, frozen=True):
    """How the visitor now stands to the person."""

    follow: FollowState
