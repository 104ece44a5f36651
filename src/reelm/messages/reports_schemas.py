"""Shapes of reports."""

import datetime as dt
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from reelm.accounts.service import PersonCard

Category = Literal["bullying", "threat", "hate", "sexual", "minor", "self_harm", "spam", "fraud", "other"]


class DisclosedMessage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A message as its recipient opened it: `payload` its JSON, `fk` the key of its commitment."""

    seq: Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]
    payload: Annotated[str, msgspec.Meta(min_length=2, max_length=16_384)]
    fk: Annotated[str, msgspec.Meta(min_length=43, max_length=43)]


class ReportIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a recipient discloses to the realm's staff, and why."""

    seqs: Annotated[list[DisclosedMessage], msgspec.Meta(min_length=1, max_length=20)]
    category: Category
    note: Annotated[str, msgspec.Meta(max_length=1000)] = ""


class ReportMade(msgspec.Struct, frozen=True):
    """A report is with the staff."""

    id: UUID


class ReportOpening(msgspec.Struct, frozen=True):
    """When staff opened it, and with which staff key, as the ledger names it."""

    at: dt.datetime
    key_id: str


class OwnReport(msgspec.Struct, frozen=True):
    """A report of one's own, with the numbers of what was disclosed."""

    id: UUID
    conversation_id: UUID
    category: Category
    note: str
    seqs: list[int]
    made_at: dt.datetime
    openings: list[ReportOpening]


class WaitingReport(msgspec.Struct, frozen=True):
    """A report in the staff's list: nothing of it is opened."""

    id: UUID
    category: Category
    items: int
    made_at: dt.datetime
    openings: int
    opened_at: dt.datetime | None


class OpenedMessage(msgspec.Struct, frozen=True):
    """A message that was disclosed. `proven`: the commitment that came with it is one to this payload."""

    seq: int
    sender: PersonCard | None
    sender_id: UUID | None
    at: dt.datetime
    payload: str
    proven: bool


class OpenedReport(msgspec.Struct, frozen=True):
    """Everything that was disclosed, and nothing else."""

    id: UUID
    reporter: PersonCard | None
    category: Category
    note: str
    made_at: dt.datetime
    messages: list[OpenedMessage]
