"""What goes in and out of the social room."""

import datetime as dt
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from reelm.accounts.service import PersonCard, PersonCounts

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
    close_friend: bool = False


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


class InviteNew(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An invite to be made; it runs out after `days`."""

    days: Annotated[int, msgspec.Meta(ge=1, le=30)] = 7


class Invite(msgspec.Struct, frozen=True):
    """An invite as its owner sees it; `uses` is how many people it has brought."""

    id: UUID
    code: str
    url: str
    uses: int
    created_at: dt.datetime
    expires_at: dt.datetime


class Invites(msgspec.Struct, frozen=True):
    """The invites that still hold, newest first."""

    items: list[Invite]


class InviteShown(msgspec.Struct, frozen=True):
    """Who invites; and for who is signed in, whether it is their own or they are friends already."""

    person: PersonCard
    own: bool
    friends: bool
