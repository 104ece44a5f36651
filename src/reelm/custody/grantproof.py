"""Release rule (c), without the process around it: does this evidence carry this opening?

Everything is decided from what is handed in: no database, no clock, no file. What no check allows is refused; each
check is one function below, numbered, and raises its own type (`opening_errors`). The order matters: nothing of an
entry is believed before it is proven to be in the ledger and signed.
"""

import datetime as dt
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

import msgspec

from reelm.custody import opening_errors as refused
from reelm.custody.opening_schemas import MAX_PAGE, GrantOpening, LoggedEntry, What
from reelm.custody.references import NONCE_BYTES, opening_of, reference_of
from reelm.ledger.service import entries
from reelm_audit.entries import EntrySignatureError, verify_signature
from reelm_audit.tlog import canonical, proof
from reelm_audit.tlog.encoding import b64decode
from reelm_audit.tlog.note import NoteError, Verifier
from reelm_audit.tlog.policy import Policy

LONGEST = dt.timedelta(minutes=240)
LONGEST_EMERGENCY = dt.timedelta(minutes=30)
ANSWER_WITHIN = dt.timedelta(hours=12)
USE_WITHIN = dt.timedelta(minutes=5)
# Entries carry whole minutes, rounded down; clocks of one machine agree.
ROUNDING = dt.timedelta(minutes=1)
E = TypeVar("E", bound=entries.Entry)


@dataclass(frozen=True)
class CharterRules:
    """What of the charter decides about grants. `keyholders` are verifier keys, as the charter writes them."""

    digest: str
    keyholders: tuple[str, ...]
    release: Policy
    approver_residency: str
    emergency: bool


@dataclass(frozen=True)
class Allowed:
    """An opening that may go on: for whom, what, under which entries; who asked, and whose enrolments were where."""

    person_id: UUID
    what: What
    clip_id: UUID | None
    request: int
    approval: int
    use: int
    asker: str
    enrolled_at: dict[str, int]


@dataclass(frozen=True)
class _Evidence:
    """The entries, read."""

    request: entries.GrantRequested
    approval: entries.GrantApproved
    use: entries.GrantUsed
    staff: dict[str, entries.StaffEnrolled]


def check(
    asked: GrantOpening,
    ledger_key: bytes,
    rules: CharterRules,
    log: Verifier,
    now: dt.datetime,
    *,
    begun: bool = False,
) -> Allowed:
    """Return what may be opened. Raises a `GrantRefusedError` that names the part of the evidence that fails.

    What only the keys process can know is left to it: the session, earlier openings, and what the ledger says later.
    `begun`: this use has opened this before, and so may go on while the grant lasts (a clip's many requests).
    """
    evidence = _read_all(asked)  # 1
    _check_logged(asked, rules, log)  # 2
    _check_order(asked, evidence)  # 3
    _check_charter(evidence, rules)  # 4
    _check_staff(asked, evidence, rules)  # 5
    _check_signatures(asked, evidence)  # 6
    _check_approver(evidence, rules)  # 7
    _check_time(evidence, now, begun=begun)  # 8
    _check_class(asked, evidence)  # 9
    _check_person(asked, evidence, ledger_key)  # 10
    return Allowed(
        person_id=asked.person_id,
        what=asked.what,
        clip_id=asked.clip_id,
        request=asked.request.index,
        approval=asked.approval.index,
        use=asked.use.index,
        asker=evidence.request.staff,
        enrolled_at={
            entry.staff: logged.index
            for logged, entry in zip(asked.staff, evidence.staff.values(), strict=True)
        },
    )


# --- 1. Every entry is of its kind, and written in the one way entries are written ----------------------------


def _read_all(asked: GrantOpening) -> _Evidence:
    if not 1 <= len(asked.staff) <= 2:
        raise refused.GrantMalformedError("One or two enrolments are needed.")
    if (asked.what == "clip") != (asked.clip_id is not None) or not 0 <= asked.page <= MAX_PAGE:
        raise refused.GrantMalformedError("It does not say what is to be opened.")
    enrolled = [_read(each, entries.StaffEnrolled) for each in asked.staff]
    staff = {each.staff: each for each in enrolled}
    if len(staff) != len(enrolled):
        raise refused.GrantMalformedError("An enrolment is there twice.")
    return _Evidence(
        _read(asked.request, entries.GrantRequested),
        _read(asked.approval, entries.GrantApproved),
        _read(asked.use, entries.GrantUsed),
        staff,
    )


def _read(logged: LoggedEntry, kind: type[E]) -> E:
    try:
        entry = msgspec.convert(canonical.decode(logged.entry), kind)
    except (ValueError, msgspec.ValidationError):
        raise refused.GrantMalformedError(f"This is no {kind.__struct_config__.tag}.") from None
    if entry.to_bytes() != logged.entry:
        raise refused.GrantMalformedError("The entry is written in another way.")
    return entry


# --- 2. Every entry is in this realm's ledger, as the release policy demands ----------------------------------


def _check_logged(asked: GrantOpening, rules: CharterRules, log: Verifier) -> None:
    for logged in (asked.request, asked.approval, asked.use, *asked.staff):
        try:
            found = proof.parse(logged.proof)
            if found.index != logged.index:
                raise refused.GrantNotLoggedError("The proof is of another index.")
            found.verify(logged.entry, rules.release, log)
        except ValueError:
            raise refused.GrantNotLoggedError(f"Entry {logged.index} is not proven.") from None


# --- 3. They belong together, in this order -------------------------------------------------------------------


def _check_order(asked: GrantOpening, evidence: _Evidence) -> None:
    if evidence.approval.request != asked.request.index:
        raise refused.GrantEntriesApartError("The approval is of another request.")
    if (evidence.use.request, evidence.use.approval) != (asked.request.index, asked.approval.index):
        raise refused.GrantEntriesApartError("The use is of another grant.")
    if not asked.request.index < asked.approval.index < asked.use.index:
        raise refused.GrantEntriesApartError("The entries are out of order.")


# --- 4. Under the charter in force ----------------------------------------------------------------------------


def _check_charter(evidence: _Evidence, rules: CharterRules) -> None:
    for entry in (evidence.request, evidence.approval, evidence.use):
        if entry.charter != rules.digest:
            raise refused.GrantOtherCharterError


# --- 5. A keyholder of the charter enrolled whoever signed, before they did -----------------------------------


def _check_staff(asked: GrantOpening, evidence: _Evidence, rules: CharterRules) -> None:
    if set(evidence.staff) != {evidence.request.staff, evidence.approval.staff}:
        raise refused.GrantStaffUnknownError("The enrolments are not those of whoever signed.")
    signs_at = {evidence.approval.staff: asked.approval.index, evidence.request.staff: asked.request.index}
    for logged, entry in zip(asked.staff, evidence.staff.values(), strict=True):
        if entry.keyholder not in rules.keyholders:
            raise refused.GrantStaffUnknownError("The keyholder is none of the charter's.")
        if staff_id(_raw_key(entry)) != entry.staff:
            raise refused.GrantStaffUnknownError("The key has another name.")
        try:
            verify_signature(canonical.decode(logged.entry), Verifier.from_vkey(entry.keyholder).public_key)
        except (EntrySignatureError, NoteError):
            raise refused.GrantStaffUnknownError("The keyholder did not sign this enrolment.") from None
        if logged.index >= signs_at[entry.staff]:
            raise refused.GrantStaffUnknownError("They signed before they were enrolled.")


def staff_id(public_key: bytes) -> str:
    """Return how entries name a member of staff's key."""
    return hashlib.sha256(public_key).hexdigest()[:16]


def _raw_key(entry: entries.StaffEnrolled) -> bytes:
    try:
        return b64decode(entry.key, 32)
    except ValueError:
        raise refused.GrantStaffUnknownError("The enrolled key is malformed.") from None


# --- 6. Both signed -------------------------------------------------------------------------------------------


def _check_signatures(asked: GrantOpening, evidence: _Evidence) -> None:
    for logged, staff in (
        (asked.request, evidence.request.staff),
        (asked.approval, evidence.approval.staff),
    ):
        try:
            verify_signature(canonical.decode(logged.entry), _raw_key(evidence.staff[staff]))
        except EntrySignatureError:
            raise refused.GrantUnsignedError from None


# --- 7. Two people, the second where the charter wants them; or an emergency that the charter knows ------------


def _check_approver(evidence: _Evidence, rules: CharterRules) -> None:
    request, approval = evidence.request, evidence.approval
    if request.emergency != approval.emergency:
        raise refused.GrantApproverError("Only one of the two speaks of an emergency.")
    if request.emergency:
        if not rules.emergency:
            raise refused.GrantApproverError("The charter knows no emergencies.")
        if dt.timedelta(minutes=request.minutes) > LONGEST_EMERGENCY:
            raise refused.GrantApproverError("An emergency is shorter.")
        return
    if request.staff == approval.staff:
        raise refused.GrantApproverError("Nobody approves what they asked for.")
    if rules.approver_residency and approval.country != rules.approver_residency:
        raise refused.GrantApproverError("The charter wants the approver in another country.")


# --- 8. In time -----------------------------------------------------------------------------------------------


def _check_time(evidence: _Evidence, now: dt.datetime, *, begun: bool) -> None:
    requested, approved = _moment(evidence.request.at), _moment(evidence.approval.at)
    used, expires = _moment(evidence.use.at), _moment(evidence.approval.expires_at)
    minutes = min(dt.timedelta(minutes=evidence.request.minutes), LONGEST)
    if not requested <= approved <= used <= now + ROUNDING:
        raise refused.GrantOverError("The entries' times are out of order.")
    if approved - requested > ANSWER_WITHIN:
        raise refused.GrantOverError("It was approved too late.")
    if expires - approved > minutes:
        raise refused.GrantOverError("It was approved for longer than was asked.")
    if now >= expires or used >= expires:
        raise refused.GrantOverError
    if not begun and now - used >= USE_WITHIN + ROUNDING:
        raise refused.GrantOverError("The use is too old. Ask again.")


def _moment(minute: str) -> dt.datetime:
    try:
        return dt.datetime.strptime(minute, "%Y-%m-%dT%H:%MZ").replace(tzinfo=dt.UTC)
    except ValueError:
        raise refused.GrantMalformedError("A time is none.") from None


# --- 9. For this kind of data ---------------------------------------------------------------------------------


def _check_class(asked: GrantOpening, evidence: _Evidence) -> None:
    needed = "private" if asked.what == "clip" else asked.what
    if needed not in evidence.request.classes:
        raise refused.GrantClassError("The grant does not name it.")
    if evidence.use.data_class != needed or evidence.use.count < 1:
        raise refused.GrantClassError("The use does not name it.")


# --- 10. For this person, and nobody else ---------------------------------------------------------------------


def _check_person(asked: GrantOpening, evidence: _Evidence, ledger_key: bytes) -> None:
    if len(asked.nonce) != NONCE_BYTES or len(asked.use_nonce) != NONCE_BYTES:
        raise refused.GrantOtherPersonError("A nonce is malformed.")
    named = _document(asked.document, asked.person_id)
    used = _document(asked.use_document, asked.person_id)
    if named.get("grant") != used.get("grant") or used.get("what") != asked.what:
        raise refused.GrantOtherPersonError("The use is of another grant or kind.")
    if used.get("clip") != (None if asked.clip_id is None else asked.clip_id.hex):
        raise refused.GrantOtherPersonError("The use is of another clip.")
    request = reference_of(opening_of(ledger_key, asked.nonce), "grant.requested", asked.document)
    if not _among(request, evidence.request.people):
        raise refused.GrantOtherPersonError("The grant does not name this person.")
    use = reference_of(opening_of(ledger_key, asked.use_nonce), "grant.used", asked.use_document)
    if not _among(use, [evidence.use.person]):
        raise refused.GrantOtherPersonError("The use does not name this person.")


def _document(raw: bytes, person_id: UUID) -> dict[str, object]:
    try:
        found = canonical.decode(raw)
    except canonical.CanonicalError:
        raise refused.GrantOtherPersonError("A document is malformed.") from None
    if not isinstance(found, dict) or found.get("person") != person_id.hex:
        raise refused.GrantOtherPersonError("A document is about somebody else.")
    return found


def _among(reference: str, references: Sequence[str]) -> bool:
    found = [hmac.compare_digest(reference, each) for each in references]
    return any(found)
