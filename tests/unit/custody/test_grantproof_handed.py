"""Release rule (c): evidence that is handed over otherwise than it was logged, in every single part."""

import base64
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.factories.grantcase import ASKER, CLIP, OTHER, STRANGER, WITNESS, Case, altered
from tests.factories.logs import MemoryLog
from tests.unit.custody.test_grantproof import _check

from reelm.custody import opening_errors as refused
from reelm.custody.opening_schemas import GrantOpening
from reelm_audit.tlog import canonical
from reelm_audit.tlog.note import Ed25519Signer


def _flip(data: bytes, place: int) -> bytes:
    changed = bytearray(data)
    changed[place] ^= 1
    return bytes(changed)


def _swapped_signature(asked: GrantOpening, part: str, by: Ed25519Signer) -> bytes:
    entry = canonical.decode(getattr(asked, part).entry)
    entry["signature"] = base64.b64encode(by.sign(b"something else")).decode()
    return canonical.encode(entry)


def _other_log_proof(asked: GrantOpening) -> str:
    forged = MemoryLog(witnesses=[WITNESS])
    forged.key = Ed25519Signer(forged.key.name, b"f" * 32)
    forged.append(asked.request.entry)
    return forged.proof(0).text()


replaced = msgspec.structs.replace
HANDED: dict[str, Callable[[GrantOpening], GrantOpening]] = {
    **{
        f"{part}: {what}": change
        for part in ("request", "approval", "use", "staff0", "staff1")
        for what, change in {
            "another index": lambda a, p=part: altered(a, p, index=_part(a, p).index + 1),
            "a negative index": lambda a, p=part: altered(a, p, index=-1),
            "a byte changed": lambda a, p=part: altered(a, p, entry=_flip(_part(a, p).entry, 40)),
            "a space added": lambda a, p=part: altered(a, p, entry=_part(a, p).entry + b" "),
            "no entry": lambda a, p=part: altered(a, p, entry=b""),
            "no proof": lambda a, p=part: altered(a, p, proof=""),
            "the proof of another entry": lambda a, p=part: altered(
                a, p, proof=(a.approval if p == "request" else a.request).proof
            ),
            "a proof without its hashes": lambda a, p=part: altered(
                a, p, proof=_without_hashes(_part(a, p).proof)
            ),
            "a proof with a root changed": lambda a, p=part: altered(
                a, p, proof=_other_root(_part(a, p).proof)
            ),
            "a proof without the log's signature": lambda a, p=part: altered(
                a, p, proof=_without_line(_part(a, p).proof, "realm.example/ledger ")
            ),
            "a proof without the witness": lambda a, p=part: altered(
                a, p, proof=_without_line(_part(a, p).proof, "witness.example/w ")
            ),
        }.items()
    },
    "request and approval swapped": lambda a: replaced(a, request=a.approval, approval=a.request),
    "the approval as the use": lambda a: replaced(a, use=a.approval),
    "the request's enrolment left out": lambda a: replaced(a, staff=a.staff[1:]),
    "no enrolments": lambda a: replaced(a, staff=[]),
    "a stranger's signature on the request": lambda a: altered(
        a, "request", entry=_swapped_signature(a, "request", STRANGER)
    ),
    "the asker's signature on something else": lambda a: altered(
        a, "request", entry=_swapped_signature(a, "request", ASKER)
    ),
    "the approval signed by the asker": lambda a: altered(
        a, "approval", entry=_swapped_signature(a, "approval", ASKER)
    ),
    "a proof from a log with another key": lambda a: altered(
        a, "request", index=0, proof=_other_log_proof(a)
    ),
    "another person": lambda a: replaced(a, person_id=OTHER),
    "another nonce": lambda a: replaced(a, nonce=_flip(a.nonce, 3)),
    "a short nonce": lambda a: replaced(a, nonce=a.nonce[:15]),
    "another nonce of the use": lambda a: replaced(a, use_nonce=_flip(a.use_nonce, 3)),
    "a long nonce of the use": lambda a: replaced(a, use_nonce=a.use_nonce + b"x"),
    "the nonces swapped": lambda a: replaced(a, nonce=a.use_nonce, use_nonce=a.nonce),
    "another document": lambda a: replaced(a, document=_flip(a.document, 12)),
    "a document that is none": lambda a: replaced(a, document=b"[]"),
    "a document in another spelling": lambda a: replaced(a, document=a.document + b"\n"),
    "another document of the use": lambda a: replaced(a, use_document=_flip(a.use_document, 12)),
    "the documents swapped": lambda a: replaced(a, document=a.use_document, use_document=a.document),
    "another kind": lambda a: replaced(a, what="social"),
    "a clip": lambda a: replaced(a, what="clip", clip_id=CLIP),
    "a clip without saying which": lambda a: replaced(a, what="clip"),
    "a clip where none is meant": lambda a: replaced(a, clip_id=CLIP),
    "a page before the first": lambda a: replaced(a, page=-1),
    "a page far away": lambda a: replaced(a, page=10_000),
}


def _part(asked: GrantOpening, part: str) -> object:
    return asked.staff[int(part[5:])] if part.startswith("staff") else getattr(asked, part)


def _without_hashes(proof: str) -> str:
    head, _, note = proof.partition("\n\n")
    return "\n".join(head.split("\n")[:2]) + "\n\n" + note


def _other_root(proof: str) -> str:
    head, _, note = proof.partition("\n\n")
    lines = note.split("\n")
    lines[2] = base64.b64encode(_flip(base64.b64decode(lines[2]), 5)).decode()
    return head + "\n\n" + "\n".join(lines)


def _without_line(proof: str, name: str) -> str:
    return "".join(line for line in proof.splitlines(keepends=True) if not line.startswith(f"\u2014 {name}"))


@pytest.mark.parametrize("name", HANDED)
def test_what_is_handed_over_otherwise_is_refused(name: str) -> None:
    case = Case()
    asked = case.build()
    _check(case, asked)
    changed = HANDED[name](asked)
    assert changed != asked
    with pytest.raises(refused.GrantRefusedError):
        _check(case, changed)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_single_changed_byte_passes(data: st.DataObject) -> None:
    """Of any entry, proof, document or nonce."""
    case, asked = _WHOLE
    part = data.draw(st.sampled_from(["request", "approval", "use", "staff0", "staff1", "self"]))
    if part == "self":
        name = data.draw(st.sampled_from(["nonce", "document", "use_nonce", "use_document"]))
        value = getattr(asked, name)
        changed = replaced(asked, **{name: _flip(value, data.draw(st.integers(0, len(value) - 1)))})
    else:
        name = data.draw(st.sampled_from(["entry", "proof"]))
        value = getattr(_part(asked, part), name)
        raw = value if isinstance(value, bytes) else value.encode()
        raw = _flip(raw, data.draw(st.integers(0, len(raw) - 1)))
        if name == "proof":
            # What an unknown or unneeded signature says is nobody's concern; the log's and the witness's is.
            try:
                new: object = raw.decode()
            except UnicodeDecodeError:
                return
        else:
            new = raw
        changed = altered(asked, part, **{name: new})
    with pytest.raises(refused.GrantRefusedError):
        _check(case, changed)


def _whole() -> tuple[Case, GrantOpening]:
    case = Case()
    return case, case.build()


_WHOLE = _whole()


def test_there_are_enough_mutations() -> None:
    assert len(HANDED) >= 70
