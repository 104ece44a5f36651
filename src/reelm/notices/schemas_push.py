"""What goes in and out about devices that are told, and what is told when."""

import datetime as dt
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from reelm.notices.kinds import Choice

TimeOfDay = Annotated[str, msgspec.Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
TimeZone = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_+/-]+$")]
DEVICES = 10


class DeviceKeys(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a browser's subscription is sealed with (RFC 8291): base64url without padding."""

    p256dh: Annotated[str, msgspec.Meta(min_length=87, max_length=88)]
    auth: Annotated[str, msgspec.Meta(min_length=22, max_length=24)]


class NewSubscription(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A browser's push subscription, with what the person calls the device and its time zone."""

    endpoint: Annotated[str, msgspec.Meta(min_length=12, max_length=1000)]
    sealing_keys: DeviceKeys
    label: Annotated[str, msgspec.Meta(max_length=60)]
    time_zone: TimeZone


class PushDevice(msgspec.Struct, frozen=True):
    """A device that is told. `mark` begins the SHA-256 of its endpoint, so that a device knows itself."""

    id: UUID
    label: str
    service: str
    mark: str
    made_at: dt.datetime
    seen_at: dt.datetime


class PushDevices(msgspec.Struct, frozen=True):
    """All of them."""

    items: list[PushDevice]


class PushKey(msgspec.Struct, frozen=True):
    """The realm's public key for push services (RFC 8292), and which services this realm sends to.

    Without a service nothing can be pushed here. A name that begins with a dot stands for all names under it.
    """

    public_key: str
    services: list[str]


class QuietHours(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When nothing makes a sound; without from and to, never. The time zone is the digest's, too."""

    begins: TimeOfDay | None = msgspec.field(name="from")
    ends: TimeOfDay | None = msgspec.field(name="to")
    time_zone: TimeZone


class NoticeSettings(msgspec.Struct, frozen=True):
    """What is told where. `nights_quiet`: the person is under 16, and nights from 22 to 7 are quiet in any case."""

    kinds: dict[str, Choice]
    quiet: QuietHours
    digest: Literal["off", "daily"]
    show_names: bool
    nights_quiet: bool


class NewNoticeSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The same, as it is to be."""

    kinds: dict[str, Choice]
    quiet: QuietHours
    digest: Literal["off", "daily"]
    show_names: bool = False


class SettingsRecord(msgspec.Struct, frozen=True):
    """The row of somebody's choices."""

    kinds: dict[str, Choice]
    quiet_from: int | None
    quiet_to: int | None
    time_zone: str
    digest: Literal["off", "daily"]
    show_names: bool


class SubscriptionRecord(msgspec.Struct, frozen=True):
    """The row of a device."""

    id: UUID
    endpoint_sealed: bytes
    endpoint_index: bytes
    keys_sealed: bytes
    label_sealed: bytes
    time_zone: str
    failures: int
    made_at: dt.datetime
    seen_at: dt.datetime


class PushRecord(msgspec.Struct, frozen=True):
    """The row of what a device is still to be told."""

    subscription_id: UUID
    kind: str
    about: str
    topic: UUID
    notice_id: UUID | None
    actor_id: UUID | None
    number: int
    made_at: dt.datetime
    tries: int
