"""Tickets: short texts with a MAC, which say who, for what, and until when.

Subject ticket, read by the database: `v1.<person hex>.<purpose>.<unix expiry>.<hmac hex>`, at most five minutes.
Job ticket, read by the keys process alone: `j1.<person hex>.<purpose>.<clip hex or ->.<unix expiry>.<hmac hex>`.
The MAC is HMAC-SHA256 over everything before the last dot; each kind has its own secret.
"""

import datetime as dt
import hashlib
import hmac
import re
from dataclasses import dataclass
from uuid import UUID

from reelm.custody.errors import TicketRefusedError

SUBJECT_TTL = dt.timedelta(minutes=5)
PURPOSE = re.compile(r"[a-z][a-z0-9_]{0,47}")
_SUBJECT = re.compile(r"v1\.([0-9a-f]{32})\.([a-z][a-z0-9_]{0,47})\.([0-9]{10})\.([0-9a-f]{64})")
_JOB = re.compile(
    r"j1\.([0-9a-f]{32})\.([a-z][a-z0-9_]{0,47})\.([0-9a-f]{32}|-)\.([0-9]{10})\.([0-9a-f]{64})"
)


@dataclass(frozen=True)
class JobTicket:
    """The verified content of a job ticket."""

    person_id: UUID
    purpose: str
    clip_id: UUID | None
    expires_at: dt.datetime


def _mac(secret: bytes, text: str) -> str:
    return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()


def mint_subject(secret: bytes, person_id: UUID, purpose: str, expires_at: dt.datetime) -> str:
    """Make a subject ticket; `expires_at` is cut to whole seconds."""
    body = f"v1.{person_id.hex}.{purpose}.{int(expires_at.timestamp())}"
    return f"{body}.{_mac(secret, body)}"


def verify_subject(secret: bytes, ticket: str, purpose: str, now: dt.datetime) -> UUID:
    """Return the person of a live subject ticket for `purpose`. Raises TicketRefusedError."""
    match = _SUBJECT.fullmatch(ticket)
    if match is None or not hmac.compare_digest(_mac(secret, ticket.rpartition(".")[0]), match[4]):
        raise TicketRefusedError
    if match[2] != purpose or now.timestamp() >= int(match[3]):
        raise TicketRefusedError
    return UUID(hex=match[1])


def mint_job(secret: bytes, ticket: JobTicket) -> str:
    """Make a job ticket."""
    clip = ticket.clip_id.hex if ticket.clip_id else "-"
    body = f"j1.{ticket.person_id.hex}.{ticket.purpose}.{clip}.{int(ticket.expires_at.timestamp())}"
    return f"{body}.{_mac(secret, body)}"


def verify_job(secret: bytes, ticket: str, now: dt.datetime) -> JobTicket:
    """Return what a live job ticket says. Raises TicketRefusedError for a forged or expired one."""
    match = _JOB.fullmatch(ticket)
    if match is None or not hmac.compare_digest(_mac(secret, ticket.rpartition(".")[0]), match[5]):
        raise TicketRefusedError
    expires_at = dt.datetime.fromtimestamp(int(match[4]), dt.UTC)
    if now >= expires_at:
        raise TicketRefusedError("This ticket is too old.")
    clip_id = None if match[3] == "-" else UUID(hex=match[3])
    return JobTicket(UUID(hex=match[1]), match[2], clip_id, expires_at)
