"""What goes in and out of the activity room."""

import datetime as dt
from typing import Literal

import msgspec

from reelm.accounts.service import PersonCard
from reelm.clips.service import Clip

ActKind = Literal["liked", "reposted", "followed"]


class SocialSettings(msgspec.Struct, frozen=True):
    """Whether friends see what one does, and whether one sees it of them. Both are off until chosen."""

    share_activity: bool = False
    show_activity: bool = False


class SocialSettingsChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to choose otherwise; what is left out stays."""

    share_activity: bool | msgspec.UnsetType = msgspec.UNSET
    show_activity: bool | msgspec.UnsetType = msgspec.UNSET


class Act(msgspec.Struct, frozen=True):
    """What a friend did: with a clip, or whom they followed (`person2`)."""

    kind: ActKind
    person: PersonCard
    clip: Clip | None
    person2: PersonCard | None
    at: dt.datetime
