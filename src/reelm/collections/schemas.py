"""What goes in and out of the collections room."""

import datetime as dt
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from reelm.accounts.service import PersonCard

Kind = Literal["saved", "set"]
Shown = Literal["only_me", "friends", "everyone"]
Title = Annotated[str, Meta(max_length=500)]
CLIPS_MOST = 1000


class Collection(msgspec.Struct, frozen=True):
    """A collection as one viewer sees it.

    `clips` counts those the viewer may see, `covers` are pictures of the first of them. `has` says whether the clip
    that was asked about is in it; null when none was. What is saved has no title: each client calls it in the
    viewer's language.
    """

    id: UUID
    kind: Kind
    title: str
    visibility: Shown
    person: PersonCard
    own: bool
    clips: int
    covers: list[str]
    has: bool | None
    created_at: dt.datetime
    changed_at: dt.datetime


class Collections(msgspec.Struct, frozen=True):
    """Somebody's collections: what is saved first, then as they changed, latest first."""

    items: list[Collection]


class CollectionNew(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A collection to be made."""

    title: Title
    visibility: Shown = "only_me"


class CollectionChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to change about a collection; what is left out stays."""

    title: Title | UnsetType = UNSET
    visibility: Shown | UnsetType = UNSET


class CollectionOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which clips come first, in this order; those left out follow as they did."""

    order: Annotated[list[UUID], Meta(max_length=CLIPS_MOST)]


class Saved(msgspec.Struct, frozen=True):
    """The ids of what one saved, latest first."""

    ids: list[UUID]
