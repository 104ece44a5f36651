"""Release rule (c) as a pure decision: whole evidence opens, and each single change of it is refused."""

import base64
import datetime as dt
from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.factories.grantcase import (
    APPROVER,
    ASKER,
    CLIP,
    KEYHOLDER,
    OTHER,
    PERSON,
    RELEASE,
    STRANGER,
    Case,
    emergency,
    enrolment,
)
from tests.factories.logs import MemoryLog

from reelm.custody import opening_errors as refused
from reelm.custody.grantproof import Allowed, check, staff_id
from reelm.custody.opening_schemas import GrantOpening
from reelm_audit.tlog import policy
from reelm_audit.tlog.note import Ed25519Signer


def _check(case: Case, asked: GrantOpening | None = None, *, begun: bool = False) -> Allowed:
    asked = asked or case.build()
    return check(asked, case.ledger_key, case.rules, case.log.key.verifier, case.now, begun=begun)


@pytest.mark.parametrize("what", ["identity", "social", "telemetry", "private"])
def test_whole_evidence_opens_what_it_names(what: str) -> None:
    case = Case(what=what)
    asked = case.build()
    allowed = _check(case, asked)
    assert (allowed.person_id, allowed.what, allowed.use) == (PERSON, what, asked.use.index)
    assert allowed.asker == staff_id(ASKER.public_key)
    assert set(allowed.enrolled_at) == {staff_id(ASKER.public_key), staff_id(APPROVER.public_key)}


def test_a_clip_opens_as_long_as_the_grant_does() -> None:
    case = Case(what="clip", clip_id=CLIP, use={"at": "2026-11-22T09:11Z"})
    asked = case.build()
    assert _check(case, asked, begun=True).clip_id == CLIP
    with pytest.raises(refused.GrantOverError):
        _check(case, asked)


def test_an_emergency_opens_for_one_person_alone() -> None:
    assert _check(emergency()).asker == staff_id(ASKER.public_key)


def test_an_emergency_needs_no_approver_elsewhere() -> None:
    assert _check(emergency().with_rules(approver_residency="JP"))


def test_the_charter_s_country_is_the_approver_s() -> None:
    assert _check(Case().with_rules(approver_residency="FR"))


def test_the_last_moment_counts_and_the_next_does_not() -> None:
    expires = dt.datetime(2026, 11, 22, 10, 10, tzinfo=dt.UTC)
    case = Case(what="clip", clip_id=CLIP)
    asked = case.build()
    assert _check(replace(case, now=expires - dt.timedelta(seconds=1)), asked, begun=True)
    with pytest.raises(refused.GrantOverError):
        _check(replace(case, now=expires), asked, begun=True)


# --- said otherwise, then signed and logged as it should be ---------------------------------------------------

MINE, THEIRS = staff_id(ASKER.public_key), staff_id(APPROVER.public_key)
NOBODY = staff_id(STRANGER.public_key)
SAID: dict[str, tuple[Callable[[], Case], type[refused.GrantRefusedError]]] = {
    "request under another charter": (
        lambda: Case(request={"charter": "00" * 32}),
        refused.GrantOtherCharterError,
    ),
    "approval under another charter": (
        lambda: Case(approval={"charter": "00" * 32}),
        refused.GrantOtherCharterError,
    ),
    "use under another charter": (
        lambda: Case(use={"charter": "00" * 32}),
        refused.GrantOtherCharterError,
    ),
    "a charter that changed since": (
        lambda: Case().with_rules(digest="00" * 32),
        refused.GrantOtherCharterError,
    ),
    "approval of another request": (lambda: Case(approval={"request": 0}), refused.GrantEntriesApartError),
    "use of another request": (lambda: Case(use={"request": 0}), refused.GrantEntriesApartError),
    "use of another approval": (lambda: Case(use={"approval": 0}), refused.GrantEntriesApartError),
    "approved before it was asked": (
        lambda: Case(order=("staff", "approval", "request", "use"), approval={"request": 6}),
        refused.GrantEntriesApartError,
    ),
    "used before it was approved": (
        lambda: Case(order=("staff", "request", "use", "approval"), use={"approval": 8}),
        refused.GrantEntriesApartError,
    ),
    "request by a staff key that is not enrolled": (
        lambda: Case(request={"staff": NOBODY}),
        refused.GrantStaffUnknownError,
    ),
    "approval by a staff key that is not enrolled": (
        lambda: Case(approval={"staff": NOBODY}),
        refused.GrantStaffUnknownError,
    ),
    "enrolled by a stranger": (
        lambda: Case(enrolments=[enrolment(ASKER, by=STRANGER), enrolment(APPROVER)]),
        refused.GrantStaffUnknownError,
    ),
    "enrolled in a keyholder's name": (
        lambda: Case(
            enrolments=[
                {**enrolment(ASKER, by=STRANGER), "keyholder": KEYHOLDER.vkey},
                enrolment(APPROVER),
            ]
        ),
        refused.GrantStaffUnknownError,
    ),
    "enrolled with another's signature": (
        lambda: Case(
            enrolments=[
                enrolment(ASKER),
                {**enrolment(APPROVER), "signature": enrolment(ASKER)["signature"]},
            ]
        ),
        refused.GrantStaffUnknownError,
    ),
    "a keyholder who is none any more": (
        lambda: Case().with_rules(keyholders=(STRANGER.vkey,)),
        refused.GrantStaffUnknownError,
    ),
    "no keyholder at all": (lambda: Case().with_rules(keyholders=()), refused.GrantStaffUnknownError),
    "an enrolment under a borrowed name": (
        lambda: Case(enrolments=[{**_resigned(enrolment(STRANGER), staff=MINE)}, enrolment(APPROVER)]),
        refused.GrantStaffUnknownError,
    ),
    "only the asker's enrolment": (
        lambda: Case(enrolments=[enrolment(ASKER)]),
        refused.GrantStaffUnknownError,
    ),
    "an enrolment that is somebody else's": (
        lambda: Case(enrolments=[enrolment(ASKER), enrolment(STRANGER)]),
        refused.GrantStaffUnknownError,
    ),
    "an enrolment there twice": (
        lambda: Case(enrolments=[enrolment(ASKER), enrolment(ASKER)]),
        refused.GrantMalformedError,
    ),
    "three enrolments": (
        lambda: Case(enrolments=[enrolment(ASKER), enrolment(APPROVER), enrolment(STRANGER)]),
        refused.GrantMalformedError,
    ),
    "enrolled after they asked": (
        lambda: Case(order=("request", "staff", "approval", "use")),
        refused.GrantStaffUnknownError,
    ),
    "approved by whoever asked": (lambda: Case(approver=ASKER), refused.GrantApproverError),
    "approver elsewhere": (
        lambda: Case().with_rules(approver_residency="DE"),
        refused.GrantApproverError,
    ),
    "an emergency that only the request knows": (
        lambda: Case(request={"emergency": True, "minutes": 30}),
        refused.GrantApproverError,
    ),
    "an emergency that only the approval knows": (
        lambda: Case(approval={"emergency": True}),
        refused.GrantApproverError,
    ),
    "an emergency where the charter knows none": (
        lambda: emergency().with_rules(emergency=False),
        refused.GrantApproverError,
    ),
    "a long emergency": (lambda: _long_emergency(31), refused.GrantApproverError),
    "expired": (lambda: Case(approval={"expires_at": "2026-11-22T09:30Z"}), refused.GrantOverError),
    "expired long ago": (lambda: Case(approval={"expires_at": "2026-11-21T09:30Z"}), refused.GrantOverError),
    "approved for longer than asked": (
        lambda: Case(approval={"expires_at": "2026-11-22T10:11Z"}),
        refused.GrantOverError,
    ),
    "approved after twelve hours": (
        lambda: Case(request={"at": "2026-11-21T21:09Z"}),
        refused.GrantOverError,
    ),
    "approved before the minute it was asked": (
        lambda: Case(request={"at": "2026-11-22T09:15Z"}),
        refused.GrantOverError,
    ),
    "approved in the future": (
        lambda: Case(approval={"at": "2026-11-22T09:33Z"}, use={"at": "2026-11-22T09:34Z"}),
        refused.GrantOverError,
    ),
    "used in the future": (lambda: Case(use={"at": "2026-11-22T09:33Z"}), refused.GrantOverError),
    "used before it was approved, by its minute": (
        lambda: Case(use={"at": "2026-11-22T09:09Z"}),
        refused.GrantOverError,
    ),
    "a use from six minutes ago": (
        lambda: Case(use={"at": "2026-11-22T09:24Z"}),
        refused.GrantOverError,
    ),
    "a time that is none": (
        lambda: Case(approval={"expires_at": "2026-13-45T99:99Z"}),
        refused.GrantMalformedError,
    ),
    "another class": (lambda: Case(request={"classes": ["social"]}), refused.GrantClassError),
    "a use of another class": (lambda: Case(use={"data_class": "social"}), refused.GrantClassError),
    "a use of nothing": (lambda: Case(use={"count": 0}), refused.GrantClassError),
    "a clip without the private class": (
        lambda: Case(what="clip", clip_id=CLIP, request={"classes": ["identity"]}),
        refused.GrantClassError,
    ),
    "a class that there is not": (
        lambda: Case(request={"classes": ["identity", "everything"]}),
        refused.GrantMalformedError,
    ),
    "somebody else named": (lambda: Case(request={"people": ["ab" * 32]}), refused.GrantOtherPersonError),
    "a use about somebody else": (lambda: Case(use={"person": "ab" * 32}), refused.GrantOtherPersonError),
    "a document about somebody else": (
        lambda: Case(document={"person": OTHER.hex}),
        refused.GrantOtherPersonError,
    ),
    "a use's document about somebody else": (
        lambda: Case(use_document={"person": OTHER.hex}),
        refused.GrantOtherPersonError,
    ),
    "documents of two grants": (
        lambda: Case(use_document={"grant": "00"}),
        refused.GrantOtherPersonError,
    ),
    "a use for another kind": (
        lambda: Case(use_document={"what": "social"}),
        refused.GrantOtherPersonError,
    ),
    "a use for another clip": (
        lambda: Case(what="clip", clip_id=CLIP, use_document={"clip": OTHER.hex}),
        refused.GrantOtherPersonError,
    ),
    "a use for a clip that is none": (
        lambda: Case(use_document={"clip": CLIP.hex}),
        refused.GrantOtherPersonError,
    ),
    "more minutes than there are": (lambda: Case(request={"minutes": 241}), refused.GrantMalformedError),
    "a field too many": (lambda: Case(request={"note": "x"}), refused.GrantMalformedError),
    "another kind of entry": (lambda: Case(use={"kind": "grant.expired"}), refused.GrantMalformedError),
    "too few witnesses": (
        lambda: Case(log=MemoryLog(witnesses=[])),
        refused.GrantNotLoggedError,
    ),
    "a witness too few": (
        lambda: Case().with_rules(
            release=policy.parse(
                RELEASE.replace("quorum w\n", "")
                + f"witness v {_other_witness()}\ngroup both all w v\nquorum both\n"
            )
        ),
        refused.GrantNotLoggedError,
    ),
}


def _other_witness() -> str:
    from reelm_audit.tlog.cosignature import CosignatureSigner

    return CosignatureSigner("witness.example/v", b"v" * 32).vkey


def _resigned(entry: dict[str, object], **changed: object) -> dict[str, object]:
    from tests.factories.grantcase import sign

    unsigned = {name: value for name, value in entry.items() if name != "signature"}
    return sign({**unsigned, **changed}, KEYHOLDER)


def _long_emergency(minutes: int) -> Case:
    case = emergency()
    return replace(case, request={**case.request, "minutes": minutes})


@pytest.mark.parametrize("name", SAID)
def test_what_is_said_otherwise_is_refused(name: str) -> None:
    make, expected = SAID[name]
    with pytest.raises(refused.GrantRefusedError) as found:
        _check(make())
    assert type(found.value) is expected


def test_the_signatures_count_by_themselves() -> None:
    """Logged as they are handed over, and witnessed: only the signature is somebody else's."""
    for signer, part in ((STRANGER, "asker"), (ASKER, "approver")):
        case = Case(enrolments=[enrolment(ASKER), enrolment(APPROVER)], **{part: signer})
        name = {"asker": "request", "approver": "approval"}[part]
        getattr(case, name)["staff"] = {"asker": MINE, "approver": THEIRS}[part]
        with pytest.raises(refused.GrantUnsignedError):
            _check(case)


@pytest.mark.parametrize("part", ["request", "approval"])
def test_a_signature_of_another_kind_or_form_is_none(part: str) -> None:
    for signature in ("", "AAAA", "A" * 86 + "==", base64.b64encode(bytes(64)).decode()):
        case = Case()
        unsigned = case._entry

        def entry(step: str, *rest: object, unsigned=unsigned, signature=signature) -> dict[str, object]:
            made = unsigned(step, *rest)
            return {**made, "signature": signature} if step == part else made

        case._entry = entry  # type: ignore[method-assign]
        with pytest.raises((refused.GrantUnsignedError, refused.GrantMalformedError)):
            _check(case)


def test_another_person_s_key_opens_nothing() -> None:
    case = Case()
    asked = case.build()
    with pytest.raises(refused.GrantOtherPersonError):
        check(asked, bytes(32), case.rules, case.log.key.verifier, case.now)


def test_another_log_s_key_proves_nothing() -> None:
    case = Case()
    asked = case.build()
    with pytest.raises(refused.GrantNotLoggedError):
        check(
            asked,
            case.ledger_key,
            case.rules,
            Ed25519Signer("realm.example/ledger", b"x" * 32).verifier,
            case.now,
        )


def test_there_are_enough_mutations() -> None:
    assert len(SAID) >= 50


def test_every_refusal_has_a_code_of_its_own() -> None:
    codes = [error.code for error in refused.REFUSALS]
    assert len(set(codes)) == len(codes)
    assert all(code.startswith("custody.grant_") for code in codes)
