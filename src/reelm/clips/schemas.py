"""What goes in and out of the clips room."""

import datetime as dt
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from reelm.accounts.service import PersonCard
from reelm.media.service import MediaOut
from reelm.sounds.service import SoundCard

Status = Literal["draft", "processing", "ready", "failed"]
Visibility = Literal["everyone", "followers", "friends", "close_friends", "only_me"]
FollowState = Literal["none", "requested", "following"]
Fraction = Annotated[float, Meta(ge=0, le=1)]
Milliseconds = Annotated[int, Meta(ge=0, le=86_400_000)]
Caption = Annotated[str, Meta(max_length=20_000)]
Language = Annotated[str, Meta(pattern="^[a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,8})*$", max_length=20)]


class Permissions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What others may do with a clip."""

    comments: bool = True
    download: bool = False
    sound_reuse: bool = True


class Labels(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the author declares: made with AI, paid for."""

    ai: bool = False
    paid: bool = False


class PermissionsChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Permissions to change; what is left out stays."""

    comments: bool | UnsetType = UNSET
    download: bool | UnsetType = UNSET
    sound_reuse: bool | UnsetType = UNSET


class LabelsChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Labels to change; what is left out stays."""

    ai: bool | UnsetType = UNSET
    paid: bool | UnsetType = UNSET


class CropIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The part of the displayed frame that stays, in fractions of it."""

    x: Fraction
    y: Fraction
    width: Annotated[float, Meta(gt=0, le=1)]
    height: Annotated[float, Meta(gt=0, le=1)]


class TextIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Words drawn on the clip: centre and size (of the height) as fractions, times on the trimmed clip."""

    text: Annotated[str, Meta(min_length=1, max_length=300)]
    x: Fraction = 0.5
    y: Fraction = 0.5
    size: Annotated[float, Meta(ge=0.01, le=0.5)] = 0.06
    color: Annotated[str, Meta(pattern="^#[0-9a-fA-F]{6}$")] = "#ffffff"
    background: bool = False
    start_ms: Milliseconds | None = None
    end_ms: Milliseconds | None = None


class EditIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What to do with the uploaded video before it is published."""

    trim_start_ms: Milliseconds | None = None
    trim_end_ms: Milliseconds | None = None
    crop: CropIn | None = None
    cover_ms: Milliseconds | None = None
    original_volume: Fraction = 1.0
    sound_volume: Fraction = 1.0
    sound_offset_ms: Annotated[int, Meta(ge=-3_600_000, le=3_600_000)] = 0
    texts: Annotated[list[TextIn], Meta(max_length=20)] = []


class ClipNew(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A clip to be made from a complete upload.

    `visibility`: left out, the one that the realm's edition begins with. `keep_original`: keep the uploaded video,
    sealed, for one's own export after the clip is made of it.
    """

    upload_id: UUID
    caption: Caption = ""
    visibility: Visibility | UnsetType = UNSET
    permissions: Permissions = Permissions()
    labels: Labels = Labels()
    language: Language | None = None
    sound_id: UUID | None = None
    sound_title: Annotated[str, Meta(max_length=100)] | None = None
    draft: bool = False
    publish_at: dt.datetime | None = None
    edit: EditIn | None = None
    keep_original: bool = True


class ClipChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an author may change about a clip; what is left out stays."""

    caption: Caption | UnsetType = UNSET
    visibility: Visibility | UnsetType = UNSET
    permissions: PermissionsChange | UnsetType = UNSET
    labels: LabelsChange | UnsetType = UNSET
    draft: bool | UnsetType = UNSET
    publish_at: dt.datetime | UnsetType | None = UNSET
    cover_ms: Milliseconds | UnsetType = UNSET


class ClipCounts(msgspec.Struct, frozen=True):
    """How often a clip was seen, liked, commented, passed on and shared."""

    views: int
    likes: int
    comments: int
    reposts: int
    shares: int


class ClipViewer(msgspec.Struct, frozen=True):
    """How the viewer stands to a clip and its author."""

    liked: bool
    reposted: bool
    follow: FollowState
    own: bool


class Failure(msgspec.Struct, frozen=True):
    """Why a clip could not be made, in words for its author."""

    code: str
    detail: str


class Clip(msgspec.Struct, frozen=True):
    """A clip as one viewer sees it."""

    id: UUID
    status: Status
    author: PersonCard
    caption: str
    tags: list[str]
    mentions: list[str]
    sound: SoundCard | None
    visibility: Visibility
    permissions: Permissions
    labels: Labels
    language: str
    created_at: dt.datetime
    published_at: dt.datetime | None
    media: MediaOut | None
    counts: ClipCounts
    viewer: ClipViewer | None
    failure: Failure | None
    draft: bool
    publish_at: dt.datetime | None


class Liked(msgspec.Struct, frozen=True):
    """Where a like stands, with the clip's counts."""

    liked: bool
    counts: ClipCounts


class Reposted(msgspec.Struct, frozen=True):
    """Where a repost stands, with the clip's counts."""

    reposted: bool
    counts: ClipCounts


class Tag(msgspec.Struct, frozen=True):
    """A tag and how many clips the viewer can find under it."""

    tag: str
    uses: int
