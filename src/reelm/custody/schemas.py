"""The words of the keys protocol: msgpack structs, one request type per thing that may be asked.

A frame on the socket is a 4-byte big-endian length and a message. Every connection opens with `Hello`; then
`Call` and `Answer` are matched by number, in any order; answer number 0 is a `Revoked` notice that nobody asked
for. No message shows its content in `repr`, so none can leak into a log or a traceback.
"""

import datetime as dt
from typing import Any, Literal
from uuid import UUID

import msgspec

from reelm.custody import (
    backup_schemas,
    disclosure_schemas,
    ledger_schemas,
    matching_schemas,
    opening_schemas,
    promise_schemas,
    rights_schemas,
)
from reelm.custody.messages import (
    Caller,
    Done,
    FileKind,
    FreshKey,
    KeyBytes,
    Message,
    PasskeyAnswer,
    Request,
    Ticket,
)

__all__ = [
    "Caller",
    "Done",
    "FileKind",
    "FreshKey",
    "KeyBytes",
    "Message",
    "PasskeyAnswer",
    "Request",
    "Ticket",
]

MAX_FRAME_BYTES = 128 * 1024
ContactKind = Literal["email", "phone"]


class Visitor(msgspec.Struct, frozen=True):
    """The signed-in person a request comes from. `ticket` opens their rows, `token` asks the keys process."""

    person_id: UUID
    session_id: UUID
    ticket: str
    token: str

    def __repr__(self) -> str:
        return f"<Visitor {self.person_id}>"


class Hello(Message, frozen=True):
    """Who opens the connection; checked against the socket's peer uid and the caller's own secret."""

    caller: Caller
    secret: str = ""
    protocol: int = 1


# --- what may be asked ------------------------------------------------------------------------------------


class Enrol(Request, frozen=True):
    """Make a person's keys and first credentials, all or nothing."""

    person_id: UUID | None
    password: str | None = None
    passkey: PasskeyAnswer | None = None


class Withdraw(Request, frozen=True):
    """Undo an enrolment whose sign-up failed afterwards."""

    enrol_ticket: str


class SignIn(Request, frozen=True):
    """A password against a person; `person_id` is None when nobody has the `name` that was typed."""

    person_id: UUID | None
    name: str
    password: str
    client: str
    address: str = ""
    device: str = ""


class SignInPasskey(Request, frozen=True):
    """A passkey's answer; the passkey says who it is."""

    passkey: PasskeyAnswer
    client: str


class Resolve(Request, frozen=True):
    """Whose session is this?"""

    token: str


class SessionsOf(Request, frozen=True):
    """The sessions of the token's person."""

    token: str


class Revoke(Request, frozen=True):
    """End one session of the same person; None is the token's own."""

    token: str
    session_id: UUID | None = None


class RevokeAll(Request, frozen=True):
    """End every session of the person, or all but this one."""

    token: str
    keep_current: bool


class ChangePassword(Request, frozen=True):
    """Set a new password; the present one or a fresh passkey answer proves who asks."""

    token: str
    current: str | None
    new: str
    passkey: PasskeyAnswer | None = None


class SignUpOptions(Request, frozen=True):
    """Options for the first passkey of a person who is not enrolled yet."""

    person_id: UUID
    name: str
    display_name: str


class AddPasskeyOptions(Request, frozen=True):
    """Options for one more passkey of a signed-in person; not just signed in, they have to prove who they are."""

    token: str
    name: str
    display_name: str
    password: str | None = None
    passkey: PasskeyAnswer | None = None


class SignInOptions(Request, frozen=True):
    """Options for signing in with any passkey of this realm."""


class AddPasskey(Request, frozen=True):
    """Store one more passkey."""

    token: str
    passkey: PasskeyAnswer
    label: str


class PasskeysOf(Request, frozen=True):
    """The passkeys of the token's person."""

    token: str


class RemovePasskey(Request, frozen=True):
    """Forget a passkey; never the last credential."""

    token: str
    passkey_id: UUID


class PersonKey(Request, frozen=True):
    """Rule (a): the data key of a live session's own person."""

    token: str


class MintJobTicket(Request, frozen=True):
    """Rule (b): a ticket for work that goes on after the session's request."""

    token: str
    purpose: str
    clip_id: UUID | None
    ttl_seconds: int


class ScheduleTicket(Request, frozen=True):
    """Rule (b): a ticket for a purpose that is declared to run without a session."""

    purpose: str
    person_id: UUID
    clip_id: UUID | None


class OpenJob(Request, frozen=True):
    """What a job ticket opens; the worker says what it believes it is doing.

    `upload` is the id and wrapped key of an upload that the clip is made from.
    """

    job_ticket: str
    purpose: str
    clip_id: UUID | None
    upload: tuple[UUID, bytes] | None = None


class BlindIndex(Request, frozen=True):
    """The look-up value of an e-mail address or telephone number."""

    kind: ContactKind
    value: str


class NewFileKey(Request, frozen=True):
    """A fresh key for a clip's or an upload's files, and the same wrapped under the person's data key."""

    token: str
    kind: FileKind
    file_id: UUID


class OwnFileKey(Request, frozen=True):
    """Open the wrapped key of a file of the session's own person."""

    token: str
    kind: FileKind
    file_id: UUID
    wrapped: bytes


class ClipKey(Request, frozen=True):
    """The key of a clip that the session's person can see."""

    token: str
    clip_id: UUID


class Erase(Request, frozen=True):
    """Destroy every key, credential and session of the session's person, who has to prove who they are."""

    token: str
    password: str | None = None
    passkey: PasskeyAnswer | None = None


class Ping(Request, frozen=True):
    """Is the keys process ready?"""


AnyRequest = (
    Enrol
    | Withdraw
    | SignIn
    | SignInPasskey
    | Resolve
    | SessionsOf
    | Revoke
    | RevokeAll
    | ChangePassword
    | SignUpOptions
    | AddPasskeyOptions
    | SignInOptions
    | AddPasskey
    | PasskeysOf
    | RemovePasskey
    | PersonKey
    | MintJobTicket
    | ScheduleTicket
    | OpenJob
    | BlindIndex
    | NewFileKey
    | OwnFileKey
    | ClipKey
    | Erase
    | Ping
    | ledger_schemas.LedgerRequest
    | rights_schemas.RightsRequest
    | opening_schemas.GrantOpening
    | disclosure_schemas.OpenDisclosure
    | backup_schemas.BackupRequest
    | promise_schemas.PromiseRequest
    | matching_schemas.MatchingRequest
)


# --- what is answered -------------------------------------------------------------------------------------


class Enrolment(Message, frozen=True):
    """A person who now has keys. `ticket` is a subject ticket for the rows of the sign-up."""

    person_id: UUID
    data_key: bytes
    ticket: str


class Session(Message, frozen=True):
    """A live session, with a subject ticket for the database."""

    person_id: UUID
    session_id: UUID
    ticket: str
    ticket_expires_at: dt.datetime
    expires_at: dt.datetime


class SignedIn(Message, frozen=True):
    """A session that has just begun. `token` is shown once; `device` vouches for this device later."""

    token: str
    device: str
    session: Session


class SessionLine(Message, frozen=True):
    """One line of the list of sessions."""

    session_id: UUID
    created_at: dt.datetime
    last_seen_at: dt.datetime
    expires_at: dt.datetime
    client: str
    current: bool


class SessionLines(Message, frozen=True):
    """All sessions of a person, the newest first."""

    items: list[SessionLine]


class RevokedSessions(Message, frozen=True):
    """Which sessions ended."""

    session_ids: list[UUID]


class Challenge(Message, frozen=True):
    """A WebAuthn challenge: single use, five minutes. `options` go to the browser as they are."""

    challenge_id: UUID
    options: dict[str, Any]


class PasskeyLine(Message, frozen=True):
    """One passkey in the list."""

    passkey_id: UUID
    label: str
    created_at: dt.datetime
    synced: bool


class PasskeyLines(Message, frozen=True):
    """All passkeys of a person."""

    items: list[PasskeyLine]


class JobKeys(Message, frozen=True):
    """What a job may use. `data_key` only where the purpose lists columns; `clip_key` only where it says so."""

    person_id: UUID
    ticket: str
    ticket_expires_at: dt.datetime
    data_key: bytes | None
    clip_key: bytes | None
    upload_key: bytes | None


class Fault(Message, frozen=True):
    """A typed failure, as `kit.errors` knows it."""

    code: str
    detail: str
    fields: dict[str, str]
    retry_after_seconds: int | None


class Call(Message, frozen=True):
    """A numbered request."""

    number: int
    request: AnyRequest


class Answer(Message, frozen=True):
    """The answer to the call of that number; number 0 carries `RevokedSessions` unasked."""

    number: int
    fault: Fault | None
    body: msgspec.Raw
