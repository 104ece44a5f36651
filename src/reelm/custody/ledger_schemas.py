"""The words of the keys protocol about the ledger: the log's signature, references to people, signed exports."""

from uuid import UUID

from reelm.custody.messages import Message, Request

MAX_REFERENCES = 64
MAX_DOCUMENT_BYTES = 1024


class SignCheckpoint(Request, frozen=True):
    """Sign a checkpoint's text with the log's key; the sequencer only."""

    text: str


class LogVkey(Request, frozen=True):
    """The log's verifier key; the first origin that is named stays this store's only one."""

    origin: str


class References(Request, frozen=True):
    """References to people for one entry of `kind`: for each person, what the reference commits to."""

    kind: str
    items: list[tuple[UUID, bytes]]


class Opening(Request, frozen=True):
    """What lets the session's own person show that a reference with this nonce is theirs."""

    token: str
    nonce: bytes


class JobOpenings(Request, frozen=True):
    """The same, for a job whose purpose says that it opens references."""

    job_ticket: str
    nonces: list[bytes]


class SignExport(Request, frozen=True):
    """Sign the digest of an export's manifest, for a session or for a job whose purpose says so."""

    token: str
    job_ticket: str
    manifest_digest: str


class ExportVkey(Request, frozen=True):
    """The verifier key of this realm's exports."""


LedgerRequest = SignCheckpoint | LogVkey | References | Opening | JobOpenings | SignExport | ExportVkey


class SignedLine(Message, frozen=True):
    """A note's signature line, with its newline."""

    line: str


class VerifierKey(Message, frozen=True):
    """A C2SP verifier key."""

    vkey: str


class ReferenceLine(Message, frozen=True):
    """A reference for the ledger, hexadecimal, and the nonce that stays with the private row."""

    reference: str
    nonce: bytes


class ReferenceLines(Message, frozen=True):
    """One line for each item asked for, in its order."""

    items: list[ReferenceLine]


class Openings(Message, frozen=True):
    """Openings, hexadecimal, in the order of the nonces."""

    items: list[str]


class SignedNote(Message, frozen=True):
    """A whole signed note."""

    note: str
