"""What the border's page shows."""

import datetime as dt
from typing import Literal
from uuid import UUID

import msgspec


class Flow(msgspec.Struct, frozen=True):
    """How much went one way."""

    objects: int
    bytes: int


class PeerView(msgspec.Struct, frozen=True, rename={"outwards": "out", "inwards": "in"}):
    """Another realm. `waiting` and `dead`: objects of deliveries that are on their way, or were given up."""

    realm: str
    name: str
    network: str
    state: str
    web: str
    last_heard_at: dt.datetime | None
    outwards: Flow
    inwards: Flow
    refused: int
    waiting: int
    dead: int


class DayView(msgspec.Struct, frozen=True):
    """What went one way on a day; `peer` is a realm, or a host."""

    day: dt.date
    kind: str
    direction: str
    peer: str
    data_class: str
    objects: int
    bytes: int


class BorderView(msgspec.Struct, frozen=True):
    """The border for everybody: with whom, how much, by which policy, and how strong that claim is.

    `strength`: `self_declared`, or `witnessed` where outside witnesses cosign the ledger that the counts are in.
    """

    peers: list[PeerView]
    days: list[DayView]
    policy: str
    policy_digest: str
    vkey: str
    strength: Literal["self_declared", "witnessed"]


class DeliveryView(msgspec.Struct, frozen=True):
    """One delivery to another realm."""

    id: UUID
    peer: str
    objects: int
    bytes: int
    state: str
    attempts: int
    problem: str | None
    next_at: dt.datetime | None
    made_at: dt.datetime
    done_at: dt.datetime | None
    entry_index: int | None


class PeerChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How this realm stands to another from now on: `paused` keeps everything, `refused` lets nothing pass."""

    state: Literal["open", "paused", "refused"]
