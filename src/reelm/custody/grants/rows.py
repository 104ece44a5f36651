"""Staff, grants and uses as they are stored."""

import datetime as dt
from uuid import UUID

import msgspec

from reelm.custody.grants.schemas import GrantClass, GrantReason, StaffState, UseKind, UseState, Verdict
from reelm.custody.grants.states import GrantState


class StaffRecord(msgspec.Struct, frozen=True):
    """A member of staff's key."""

    key_id: str
    person_id: UUID
    public_key: bytes
    country: str
    state: StaffState
    asked_at: dt.datetime
    enrolled_at: dt.datetime | None
    enrolled_ref: UUID | None
    enrolled_leaf: int | None
    left_at: dt.datetime | None


class GrantRecord(msgspec.Struct, frozen=True):
    """A grant's row."""

    id: UUID
    asked_by: UUID | None
    asked_key: str
    state: GrantState
    cause: str | None
    classes: list[GrantClass]
    minutes: int
    reason: GrantReason
    words: str
    country: str
    emergency: bool
    document: bytes
    document_nonce: bytes
    request: bytes
    request_ref: UUID | None
    request_leaf: int | None
    decided_by: UUID | None
    decided_key: str | None
    decision_ref: UUID | None
    decision_leaf: int | None
    end_ref: UUID | None
    end_leaf: int | None
    created_at: dt.datetime
    requested_at: dt.datetime | None
    answer_by: dt.datetime | None
    decided_at: dt.datetime | None
    expires_at: dt.datetime | None
    ended_at: dt.datetime | None


class GrantPersonRecord(msgspec.Struct, frozen=True):
    """Somebody whom a grant is about, with what their reference in the request commits to."""

    grant_id: UUID
    person_id: UUID
    reference: str
    nonce: bytes
    document: bytes


class DecisionRecord(msgspec.Struct, frozen=True):
    """A decision about to be signed: the entry without its signature."""

    grant_id: UUID
    person_id: UUID
    verdict: Verdict
    entry: bytes
    created_at: dt.datetime


class UseRecord(msgspec.Struct, frozen=True):
    """One use of a grant. `logged`: in the ledger, and not known to have been opened."""

    id: UUID
    grant_id: UUID
    person_id: UUID
    what: UseKind
    clip_id: UUID | None
    state: UseState
    nonce: bytes
    document: bytes
    ref: UUID
    leaf: int | None
    at: dt.datetime


class NamedPerson(msgspec.Struct, frozen=True):
    """A person's public names, for staff."""

    person_id: UUID
    handle: str
    display_name: str


class OpeningRecord(msgspec.Struct, frozen=True):
    """A grant as the person concerned sees it."""

    person_id: UUID
    grant_id: UUID
    nonce: bytes
    document: bytes
    state: GrantState
    classes: list[GrantClass]
    reason: GrantReason
    emergency: bool
    requested_at: dt.datetime
    answer_by: dt.datetime | None
    decided_at: dt.datetime | None
    expires_at: dt.datetime | None
    ended_at: dt.datetime | None
    request_leaf: int | None
    staff_involved: int


class OpeningUseRecord(msgspec.Struct, frozen=True):
    """A use as the person concerned sees it."""

    grant_id: UUID
    id: UUID
    what: UseKind
    nonce: bytes
    document: bytes
    leaf: int | None
    at: dt.datetime
