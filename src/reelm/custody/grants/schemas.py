"""What goes in and out about staff, grants, and what was opened."""

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from reelm.custody.grants.states import GrantState

GrantClass = Literal["identity", "social", "telemetry", "private"]
GrantReason = Literal["support", "safety", "legal", "technical"]
UseKind = Literal["identity", "social", "telemetry", "private", "clip"]
UseState = Literal["pending", "logged", "opened"]
StaffState = Literal["asked", "enrolled", "left"]
Verdict = Literal["approve", "deny"]
Country = Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}$", description="ISO 3166-1 alpha-2")]
Handle = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
Key = Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9+/]{43}=$", description="Raw Ed25519 key, base64")]
Signature = Annotated[
    str, msgspec.Meta(pattern="^[A-Za-z0-9+/]{86}==$", description="Ed25519 signature, base64")
]


# --- staff ------------------------------------------------------------------------------------------------


class StaffRulesOut(msgspec.Struct, frozen=True):
    """The charter's rules for grants."""

    approver_residency: str
    emergency: bool
    minutes_max: int
    emergency_minutes_max: int


class StaffMe(msgspec.Struct, frozen=True):
    """Where an operator stands. `command` is what a keyholder has to run; `alone`: nobody else could approve."""

    state: Literal["none", "asked", "enrolled", "left"]
    key_id: str | None
    country: str | None
    command: str | None
    rules: StaffRulesOut
    alone: bool


class EnrolmentAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key to be enrolled. `proof` signs `reelm/staff-key/v1`, a newline, and the key's base64."""

    public_key: Key
    country: Country
    proof: Signature


class EnrolmentAsked(msgspec.Struct, frozen=True):
    """What has to happen next."""

    state: Literal["asked"]
    command: str


class StaffMember(msgspec.Struct, frozen=True):
    """One line of the list of staff. `index` is the ledger entry of the enrolment."""

    handle: str
    key_id: str
    country: str
    state: StaffState
    enrolled_at: dt.datetime | None
    index: int | None


class StaffMembers(msgspec.Struct, frozen=True):
    """Everybody who brought a key."""

    items: list[StaffMember]


# --- grants -----------------------------------------------------------------------------------------------


class GrantAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a member of staff asks for."""

    people: Annotated[list[Handle], msgspec.Meta(min_length=1, max_length=20)]
    classes: Annotated[list[GrantClass], msgspec.Meta(min_length=1, max_length=4)]
    minutes: Annotated[int, msgspec.Meta(ge=1, le=240)]
    reason: GrantReason
    text: Annotated[str, msgspec.Meta(min_length=20, max_length=2000)]
    country: Country
    emergency: bool = False


class Signed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A signature over what was shown as `to_sign`."""

    signature: Signature


class DecisionAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a member of staff is about to decide, and the country they say they sit in."""

    verdict: Verdict
    country: Country


class DecisionDraft(msgspec.Struct, frozen=True):
    """The text to be signed."""

    to_sign: str


class OpeningAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose data of which kind is to be opened. Each page of rows, 0 and up, is an opening of its own."""

    handle: Handle
    what: GrantClass
    page: Annotated[int, msgspec.Meta(ge=0, le=20)] = 0


class GrantPerson(msgspec.Struct, frozen=True):
    """Somebody whom a grant is about."""

    handle: str
    display_name: str


class GrantUse(msgspec.Struct, frozen=True):
    """One use. `state`: `logged` is in the ledger, and not known to have been opened."""

    at: dt.datetime
    what: UseKind
    handle: str
    entry_index: int | None
    state: UseState
    clip_id: UUID | None


class GrantEntries(msgspec.Struct, frozen=True):
    """Where the ledger holds what happened."""

    requested: int | None
    approved: int | None
    denied: int | None
    ended: int | None


class Grant(msgspec.Struct, frozen=True):
    """A grant as staff see it. `to_sign` and `decision_to_sign` are for whoever drafted them, until signed."""

    id: UUID
    state: GrantState
    cause: str | None
    asked_by: str
    decided_by: str | None
    people: list[GrantPerson]
    classes: list[GrantClass]
    minutes: int
    reason: GrantReason
    text: str
    country: str
    emergency: bool
    created_at: dt.datetime
    requested_at: dt.datetime | None
    answer_by: dt.datetime | None
    decided_at: dt.datetime | None
    expires_at: dt.datetime | None
    ended_at: dt.datetime | None
    uses: list[GrantUse]
    entries: GrantEntries
    to_sign: str | None
    decision_to_sign: str | None


class OpenedPerson(msgspec.Struct, frozen=True):
    """Whose data it is."""

    handle: str


class Opened(msgspec.Struct, frozen=True):
    """Data that was opened. It is not kept anywhere; the ledger's entry `entry_index` says that it was opened."""

    person: OpenedPerson
    what: UseKind
    opened_at: dt.datetime
    entry_index: int
    identity: dict[str, Any] | None = None
    rows: list[dict[str, Any]] | None = None
    more: bool = False


# --- the person concerned ---------------------------------------------------------------------------------


class OpeningUse(msgspec.Struct, frozen=True):
    """One time that the person's data was opened."""

    at: dt.datetime
    what: UseKind
    entry_index: int | None


class Opening(msgspec.Struct, frozen=True):
    """A grant about the person who asks. `people_involved` counts staff: who they are is not shown."""

    id: UUID
    at: dt.datetime
    what: list[GrantClass]
    reason: GrantReason
    people_involved: int
    emergency: bool
    expires_at: dt.datetime | None
    state: GrantState
    entry_index: int | None
    uses: int
    used: list[OpeningUse]


# --- everyone ---------------------------------------------------------------------------------------------


class MonthOfGrants(msgspec.Struct, frozen=True):
    """What the ledger says of one month (UTC)."""

    month: str
    requested: int
    approved: int
    denied: int
    unanswered: int
    used: int
    emergencies: int
    reasons: dict[str, int]
    classes: dict[str, int]


class EmergencyOut(msgspec.Struct, frozen=True):
    """An emergency: who it was about is for them alone."""

    entry_index: int
    at: str
    expires_at: str
    reason: str | None
    classes: list[str]
    people: int | None


class GrantsTransparency(msgspec.Struct, frozen=True):
    """Counts of grants, read from the ledger's own entries, newest month first."""

    months: list[MonthOfGrants]
    emergencies: list[EmergencyOut]
    emergency_now: bool
