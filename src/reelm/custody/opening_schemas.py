"""The words of the keys protocol about opening a person's data under a grant: release rule (c)."""

import datetime as dt
from typing import Literal
from uuid import UUID

import msgspec

from reelm.custody.messages import Message, Request

What = Literal["identity", "social", "telemetry", "private", "clip"]
ROWS_A_PAGE = 100
MAX_PAGE = 20


class LoggedEntry(Message, frozen=True):
    """An entry of the ledger: its exact bytes, and the tlog-proof that it is there."""

    index: int
    entry: bytes
    proof: str


class GrantOpening(Request, frozen=True):
    """Open one kind of one person's data.

    Attributes:
        token: a live session of the member of staff who asked for the grant.
        request: the entry `grant.requested`.
        approval: the entry `grant.approved`.
        use: the entry `grant.used` that was written for this opening.
        staff: the entries `staff.enrolled` of whoever asked and whoever approved; one if that is the same person.
        person_id: whose data.
        nonce, document: what opens one of the references in `request.people` with this person's ledger key.
        use_nonce, use_document: the same for the reference in `use`.
        what: which kind; `clip` is the key of one clip, for its bytes.
        clip_id: which clip, where `what` is `clip`.
        page: 0 and up, for kinds that have rows, newest first.
    """

    token: str
    request: LoggedEntry
    approval: LoggedEntry
    use: LoggedEntry
    staff: list[LoggedEntry]
    person_id: UUID
    nonce: bytes
    document: bytes
    use_nonce: bytes
    use_document: bytes
    what: What
    clip_id: UUID | None = None
    page: int = 0


class Identity(msgspec.Struct, frozen=True):
    """What a person told the realm of themselves; None for what they never said, or have removed."""

    birth_date: str | None
    country: str | None
    email: str | None
    phone: str | None

    def __repr__(self) -> str:
        return "<Identity>"


class Tie(msgspec.Struct, frozen=True):
    """A tie to somebody, by their public names. `following` and `follower` say whether it is asked for only."""

    kind: Literal["following", "follower", "blocks"]
    handle: str
    display_name: str
    requested: bool
    since: dt.datetime


class Watched(msgspec.Struct, frozen=True):
    """One watch event."""

    at: dt.datetime
    clip_id: UUID
    kind: str
    watched_ms: int
    position_ms: int
    source: str


class PrivateClip(msgspec.Struct, frozen=True):
    """A clip that not everybody may see. `media` is its manifest as stored, JSON; None before it plays."""

    id: UUID
    status: str
    caption: str
    audience: str
    draft: bool
    created_at: dt.datetime
    published_at: dt.datetime | None
    media: str | None


class OpenedData(Message, frozen=True):
    """What was opened, as `what` asked; for a clip its key and its row. `more`: there is another page."""

    identity: Identity | None = None
    ties: list[Tie] | None = None
    watched: list[Watched] | None = None
    clips: list[PrivateClip] | None = None
    clip_key: bytes | None = None
    more: bool = False
