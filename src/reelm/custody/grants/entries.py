"""What staff sign: entries of grants without their signature, as the text to sign, and with it as they are logged.

Beside them the small private documents that references in these entries commit to. A document names its grant, so
that no two are alike; a request's own commits to the reason in words by its digest, so that the words can go.
"""

import datetime as dt
import hashlib
from typing import Any
from uuid import UUID

import msgspec

from reelm.custody.grants.errors import SignatureRefusedError
from reelm.custody.grants.rows import GrantRecord, StaffRecord
from reelm.custody.grants.schemas import GrantAsk, UseKind
from reelm.ledger.service import entries as kinds
from reelm_audit import entries as signatures
from reelm_audit.tlog import canonical

REQUESTED, USED = "grant.requested", "grant.used"
_SIGNED: dict[str, type[kinds.Entry]] = {
    REQUESTED: kinds.GrantRequested,
    "grant.approved": kinds.GrantApproved,
    "grant.denied": kinds.GrantDenied,
}


def key_id_of(public_key: bytes) -> str:
    """Return how the ledger names a member of staff's key."""
    return hashlib.sha256(public_key).hexdigest()[:16]


def unsigned(entry: kinds.Entry) -> bytes:
    """Return the canonical entry without its signature."""
    found = canonical.decode(entry.to_bytes())
    assert isinstance(found, dict)
    return canonical.encode({name: value for name, value in found.items() if name != "signature"})


def to_sign(draft: bytes) -> str:
    """Return the text that a signature covers, for an entry made by `unsigned`."""
    return signatures.to_sign(_decoded(draft)).decode()


def signed(draft: bytes, signature: str, public_key: bytes) -> kinds.Entry:
    """Put an entry and its signature together. Raises `SignatureRefusedError` unless it is by this key."""
    entry = _decoded(draft) | {"signature": signature}
    try:
        signatures.verify_signature(entry, public_key)
    except signatures.EntrySignatureError as error:
        raise SignatureRefusedError(fields={"signature": "refused"}) from error
    return msgspec.convert(entry, _SIGNED[str(entry["kind"])])


def verify_possession(public_key: bytes, text: str, proof: str) -> None:
    """Raises `SignatureRefusedError` unless whoever brings a key can sign with it."""
    try:
        signatures.verify_detached(f"reelm/staff-key/v1\n{text}".encode(), proof, public_key)
    except signatures.EntrySignatureError as error:
        raise SignatureRefusedError(fields={"proof": "refused"}) from error


def _decoded(draft: bytes) -> dict[str, Any]:
    found = canonical.decode(draft)
    if not isinstance(found, dict):
        raise TypeError("an entry is an object")
    return dict(found)


# --- documents ----------------------------------------------------------------------------------------------


def request_document(grant_id: UUID, words: str) -> bytes:
    return canonical.encode({"grant": grant_id.hex, "text": hashlib.sha256(words.encode()).hexdigest()})


def person_document(grant_id: UUID, person_id: UUID) -> bytes:
    return canonical.encode({"grant": grant_id.hex, "person": person_id.hex})


def use_document(use_id: UUID, grant_id: UUID, person_id: UUID, what: UseKind, clip_id: UUID | None) -> bytes:
    document = {"grant": grant_id.hex, "person": person_id.hex, "use": use_id.hex, "what": what}
    return canonical.encode({**document, "clip": clip_id.hex} if clip_id else document)


# --- entries ------------------------------------------------------------------------------------------------


def requested(
    now: dt.datetime, charter: str, key: StaffRecord, ask: GrantAsk, document: str, people: list[str]
) -> bytes:
    """Return the request to be signed; `document` and `people` are references."""
    return unsigned(
        kinds.GrantRequested(
            at=kinds.minute(now),
            charter=charter,
            staff=key.key_id,
            document=document,
            people=people,
            classes=sorted(set(ask.classes)),
            minutes=ask.minutes,
            reason=ask.reason,
            country=ask.country,
            emergency=ask.emergency,
            signature="",
        )
    )


def approved(now: dt.datetime, charter: str, key: StaffRecord, grant: GrantRecord, country: str) -> bytes:
    """Return the approval to be signed. The grant's minutes run from the minute that it names."""
    floor = now.replace(second=0, microsecond=0)
    return unsigned(
        kinds.GrantApproved(
            at=kinds.minute(floor),
            charter=charter,
            request=_leaf(grant),
            staff=key.key_id,
            country=country,
            expires_at=kinds.minute(floor + dt.timedelta(minutes=grant.minutes)),
            emergency=grant.emergency,
            signature="",
        )
    )


def denied(now: dt.datetime, charter: str, key: StaffRecord, grant: GrantRecord) -> bytes:
    """Return the refusal to be signed."""
    return unsigned(
        kinds.GrantDenied(
            at=kinds.minute(now),
            charter=charter,
            request=_leaf(grant),
            cause="refused",
            staff=key.key_id,
            signature="",
        )
    )


def unanswered(now: dt.datetime, charter: str, request: int) -> kinds.GrantDenied:
    return kinds.GrantDenied(at=kinds.minute(now), charter=charter, request=request, cause="unanswered")


def ended(now: dt.datetime, charter: str, request: int, *, closed: bool) -> kinds.GrantExpired:
    return kinds.GrantExpired(
        at=kinds.minute(now), charter=charter, request=request, cause="closed" if closed else "time"
    )


def used(
    now: dt.datetime, charter: str, grant: GrantRecord, reference: str, what: UseKind
) -> kinds.GrantUsed:
    """Return the entry that comes before an opening. A clip is of class private."""
    if grant.decision_leaf is None:
        raise ValueError("the approval has no place in the ledger yet")
    return kinds.GrantUsed(
        at=kinds.minute(now),
        charter=charter,
        request=_leaf(grant),
        approval=grant.decision_leaf,
        person=reference,
        data_class="private" if what == "clip" else what,
        count=1,
    )


def _leaf(grant: GrantRecord) -> int:
    if grant.request_leaf is None:
        raise ValueError("the request has no place in the ledger yet")
    return grant.request_leaf


def expiry(draft: bytes) -> dt.datetime:
    """Return when the grant ends that a drafted approval gives."""
    return dt.datetime.fromisoformat(str(_decoded(draft)["expires_at"]))
