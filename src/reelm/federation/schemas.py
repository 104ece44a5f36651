"""What goes in and out of the federation room."""

import datetime as dt
from typing import Any, Literal
from uuid import UUID

import msgspec


class Consent(msgspec.Struct, frozen=True):
    """A realm in which the person agreed to be known, and what of theirs stands there."""

    realm: str
    name: str
    given_at: dt.datetime
    follows: int
    likes: int
    comments: int


class Consents(msgspec.Struct, frozen=True):
    """Every realm in which the person agreed to be known."""

    items: list[Consent]


class Undone(msgspec.Struct, frozen=True):
    """How many acts a withdrawal takes back."""

    undone: int


class CrossedThing(msgspec.Struct, frozen=True):
    """What crossed, as far as it is still here: whose name or which words."""

    kind: Literal["person", "clip", "comment"]
    id: UUID
    text: str


class Crossed(msgspec.Struct, frozen=True):
    """One act of the person's that crossed, or shall cross, to another realm.

    `classes` and `fields`: what was sent; `removed`: what the policy kept back. `policy` names the policy that
    permitted it; `entry_index` is its place in the ledger.
    """

    id: UUID
    realm: str
    realm_name: str
    act: str
    object_type: str
    purpose: str
    thing: CrossedThing | None
    classes: list[str]
    fields: list[str]
    removed: list[str]
    policy: str | None
    state: str
    reason: str | None
    made_at: dt.datetime
    done_at: dt.datetime | None
    entry_index: int | None


class ForeignThing(msgspec.Struct, frozen=True):
    """Under which address something of another realm is known there. `media`: where its file was, and its digest."""

    uri: str
    kind: Literal["person", "clip", "comment"]
    thing_id: UUID
    peer: str
    media: dict[str, Any] | None


class ConsentRow(msgspec.Struct, frozen=True):
    """A consent's row."""

    peer: str
    given_at: dt.datetime


class StandingAct(msgspec.Struct, frozen=True):
    """An act of the subject's that stands in another realm."""

    act: str
    object_type: str
    thing_id: UUID
