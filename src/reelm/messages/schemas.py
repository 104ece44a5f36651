"""What goes in and out of the messages room. Bytes are base64url without padding."""

import datetime as dt
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from reelm.messages.wire import Body, Key, Label, Large, Package, Signature

Kind = Literal["pair", "group"]
State = Literal["member", "requested", "left"]
Role = Literal["admin", "member"]
WhoMayWrite = Literal["everyone", "followed", "friends", "nobody"]
Handle = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
MOST_PEOPLE = 32
# 32 people with eight devices each, but for the one that sends.
Devices = Annotated[list[UUID], msgspec.Meta(max_length=MOST_PEOPLE * 8)]
Others = Annotated[list[Handle], msgspec.Meta(max_length=64)]


class In(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A request's body."""


# --- devices ----------------------------------------------------------------------------------------------------


class Device(msgspec.Struct, frozen=True):
    """One of the person's own devices; `label` is sealed under their history key."""

    id: UUID
    signature_key: str
    certificate: str
    label: str
    made_at: dt.datetime
    seen_on: dt.date


class DevicesOut(msgspec.Struct, frozen=True):
    """All devices of the person."""

    items: list[Device]


class Identity(msgspec.Struct, frozen=True):
    """The key that vouches for the person's devices, and these; no key where messages were never used."""

    identity_key: str | None
    made_at: dt.datetime | None
    devices: list[Device]


class IdentityNew(In, frozen=True):
    """An identity key; `replaces` is the one that goes, and with it all devices."""

    identity_key: Key
    replaces: Key | None = None


class DeviceNew(In, frozen=True):
    """A device, vouched for by the person's identity key."""

    id: UUID
    signature_key: Key
    certificate: Signature
    label: Label = ""


class KeyPackages(In, frozen=True):
    """Key packages to be used once, and one for when there is none left."""

    packages: Annotated[list[Package], msgspec.Meta(max_length=50)] = []
    last_resort: Package | None = None


class PackagesLeft(msgspec.Struct, frozen=True):
    """How many one-time packages the device has left."""

    left: int


class PublicDevice(msgspec.Struct, frozen=True):
    """A device as others see it."""

    id: UUID
    signature_key: str
    certificate: str


class PersonDevices(msgspec.Struct, frozen=True):
    """Somebody's devices, and the key that vouches for them."""

    person_id: UUID
    handle: str
    identity_key: str
    devices: list[PublicDevice]


class Claim(In, frozen=True):
    """Whose devices are to be added to a conversation."""

    people: Annotated[list[Handle], msgspec.Meta(min_length=1, max_length=31)]


class Claimed(msgspec.Struct, frozen=True):
    """A key package of one device."""

    person_id: UUID
    handle: str
    device_id: UUID
    package: str


class ClaimOut(msgspec.Struct, frozen=True):
    """What was claimed; `without` names those of whom there is nothing."""

    claimed: list[Claimed]
    without: list[str]


# --- conversations ----------------------------------------------------------------------------------------------


class ConversationPerson(msgspec.Struct, frozen=True):
    """A person's card with their id. Whom the visitor may not see has an empty handle."""

    id: UUID
    handle: str
    display_name: str
    avatar_url: str | None
    realm: str | None = None


class Member(msgspec.Struct, frozen=True):
    """Somebody in a conversation; `read_seq` is null where not both show what they read."""

    person: ConversationPerson
    state: State
    role: Role
    read_seq: int | None
    devices: list[UUID]


class Conversation(msgspec.Struct, frozen=True):
    """A conversation as the visitor has it: they may read from `first_seq` on; `unread` is a hundred at most."""

    id: UUID
    kind: Kind
    members: list[Member]
    state: State
    role: Role
    epoch: int
    last_seq: int
    last_at: dt.datetime
    read_seq: int
    muted_until: dt.datetime | None
    first_seq: int
    unread: int


class ConversationNew(In, frozen=True):
    """A conversation to begin, with the commit that brings the others in."""

    id: UUID
    kind: Kind
    device_id: UUID
    group_info: Large
    people: Others = []
    commit: Large | None = None
    welcome: Large | None = None
    welcomed: Devices = []


class CommitNew(In, frozen=True):
    """A change of who is in a conversation, made in `epoch`."""

    id: UUID
    device_id: UUID
    epoch: Count
    commit: Large
    group_info: Large
    welcome: Large | None = None
    welcomed: Devices = []
    add: Others = []
    remove: Annotated[list[UUID], msgspec.Meta(max_length=64)] = []
    external: bool = False


class CommitOut(msgspec.Struct, frozen=True):
    """Where the commit stands, and the epoch that it began."""

    seq: int
    epoch: int


class MessageNew(In, frozen=True):
    """A message sealed in `epoch`, with the commitment to what is in it."""

    id: UUID
    device_id: UUID
    epoch: Count
    body: Body
    commitment: Key


class MessageOut(msgspec.Struct, frozen=True):
    """Where the message stands, and since when."""

    seq: int
    at: dt.datetime


class Entry(msgspec.Struct, frozen=True):
    """One entry of a conversation's log; a removed one has no body, one of somebody who is gone no sender."""

    seq: int
    kind: Literal["message", "commit", "removed"]
    id: UUID
    sender_id: UUID | None
    device_id: UUID | None
    epoch: int
    body: str | None
    commitment: str | None
    at: dt.datetime


class EntriesOut(msgspec.Struct, frozen=True):
    """Entries in order, and how far the log goes."""

    items: list[Entry]
    last_seq: int


class MuteIn(In, frozen=True):
    """Until when a conversation is silent; null for no longer."""

    until: dt.datetime | None


class ReadIn(In, frozen=True):
    """How far the visitor has read."""

    seq: Count


class GroupInfo(msgspec.Struct, frozen=True):
    """What a device needs to join from outside."""

    epoch: int
    group_info: str


class Welcome(msgspec.Struct, frozen=True):
    """What lets a device in, and the entry that brought it."""

    seq: int
    welcome: str


# --- a person's own ---------------------------------------------------------------------------------------------


class HistoryNewItem(In, frozen=True):
    """One opened message, sealed under the person's history key."""

    seq: Annotated[int, msgspec.Meta(ge=1, le=2**53)]
    body: Body


class HistoryNew(In, frozen=True):
    """Opened messages, to be kept for the person's next device."""

    items: Annotated[list[HistoryNewItem], msgspec.Meta(min_length=1, max_length=100)]


class HistoryItem(msgspec.Struct, frozen=True):
    """One message of the person's history."""

    seq: int
    body: str
    at: dt.datetime


class HistoryOut(msgspec.Struct, frozen=True):
    """Messages of a history, newest first; `last` says that there are no older ones."""

    items: list[HistoryItem]
    last: bool


class HistoryCount(msgspec.Struct, frozen=True):
    """How much of a conversation the person's history has."""

    conversation_id: UUID
    count: int
    last_seq: int


class HistoriesOut(msgspec.Struct, frozen=True):
    """The person's whole history, in counts."""

    items: list[HistoryCount]


class MessageSettings(In, frozen=True):
    """Whether a person shows that they read and type, and who may write to them."""

    read_receipts: bool = True
    typing: bool = True
    who_may_write: WhoMayWrite = "everyone"
