"""What goes in and out of the rights room."""

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

ExportState = Literal["waiting", "running", "ready", "failed", "cancelled", "expired"]
ImportState = Literal["waiting", "running", "ready", "failed", "cancelled"]


class OwnTable(msgspec.Struct, frozen=True):
    """A table that holds rows about the person: why, until when, and how many."""

    name: str
    purpose: str
    retention: str
    rows: int


class OwnClass(msgspec.Struct, frozen=True):
    """The tables of one data class. A table counts under the most guarded class that it has a column of."""

    name: str = msgspec.field(name="class")
    tables: list[OwnTable]


class OwnData(msgspec.Struct, frozen=True):
    """Everything the realm keeps about the person, counted."""

    classes: list[OwnClass]
    total_rows: int


class Failure(msgspec.Struct, frozen=True):
    """Why it could not be done, in words for the person."""

    code: str
    detail: str


class Export(msgspec.Struct, frozen=True):
    """An archive of everything about the person: how far it is, and what became of it."""

    id: UUID
    state: ExportState
    done: int
    total: int
    bytes: int | None
    manifest_digest: str | None
    entry_index: int | None
    created_at: dt.datetime
    expires_at: dt.datetime | None
    failure: Failure | None


class ImportNew(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An archive to bring in: a complete upload that was announced with `purpose=import`."""

    upload_id: UUID


class Missing(msgspec.Struct, frozen=True):
    """What of an archive could not be brought: `what` and `why` are stable words, translated by the client."""

    what: str
    why: str
    count: int


class Origin(msgspec.Struct, frozen=True):
    """Where an archive comes from, as it says itself; `known` only if this realm knows the key that signed it."""

    realm: str = ""
    url: str = ""
    handle: str = ""
    known: bool = False


class Import(msgspec.Struct, frozen=True):
    """An archive that is brought in: how far it is, what came, and what could not.

    `suggestions`: handles that the person followed there and that somebody has here; whether it is the same
    person, only the person can tell.
    """

    id: UUID
    state: ImportState
    done: int
    total: int
    counts: dict[str, int]
    missing: list[Missing]
    suggestions: list[str]
    origin: Origin | None
    created_at: dt.datetime
    failure: Failure | None


class PasskeyProof(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fresh passkey answer."""

    challenge_id: UUID
    credential: dict[str, Any]


class ErasureNew(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The wish to be erased: the own handle typed again, and the password or a passkey."""

    handle: Annotated[str, Meta(max_length=64)]
    password: Annotated[str, Meta(max_length=1024)] | None = None
    passkey: PasskeyProof | None = None


class Erased(msgspec.Struct, frozen=True):
    """What stays with the person: the ledger's entry, and a receipt that anyone can check.

    Both are null while the ledger's witnesses keep it waiting: the erasure is then done as soon as they sign.
    """

    entry_index: int | None
    receipt: str | None
