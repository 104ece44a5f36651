"""What goes in and out of the contacts room. Bytes are base64url without padding."""

import datetime as dt
from typing import Annotated, Literal

import msgspec

FindableKind = Literal["phone", "email"]
Base64 = Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9_-]*$", max_length=200)]


class ContactsKey(msgspec.Struct, frozen=True):
    """The public key that every proof of an evaluation is checked with (RFC 9497), and its name."""

    public_key: str
    key_id: str


class EvaluationsWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Blinded elements of ristretto255."""

    elements: Annotated[list[Base64], msgspec.Meta(min_length=1, max_length=100)]


class Evaluations(msgspec.Struct, frozen=True):
    """The elements evaluated, in the same order, one proof for all, and how many more may be asked at present."""

    evaluated: list[str]
    proof: str
    key_id: str
    left: int


class FindableEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One entry as the device made it.

    `entry`: 76 bytes that only those can read who have the number or address. `bind`: 32 bytes that follow from the
    same number or address; with it the realm says that this entry came from this handle, and then forgets it.
    """

    kind: FindableKind
    entry: Base64
    bind: Base64


class FindableWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """By what a person wants to be found: at most two of a kind. It takes the place of what was there."""

    entries: Annotated[list[FindableEntry], msgspec.Meta(min_length=1, max_length=4)]


class Findable(msgspec.Struct, frozen=True):
    """By which kinds the visitor can be found.

    `dropped_at`: since when they no longer can, because their handle changed.
    """

    kinds: list[FindableKind]
    made_at: dt.datetime | None
    dropped_at: dt.datetime | None
