"""Getting to know a realm: only what its ledger holds and its keyholders signed is believed."""

import base64
import hashlib
import json
from typing import Any

import pytest

from reelm.realm.introductions import IntroductionError, Shown, check
from reelm_audit.entries import charter_to_sign
from reelm_audit.tlog import canonical
from reelm_audit.tlog.checkpoint import Checkpoint
from reelm_audit.tlog.merkle import leaf_hash
from reelm_audit.tlog.note import Ed25519Signer
from reelm_audit.tlog.proof import TlogProof

LOG = Ed25519Signer("us.test/ledger", b"log".ljust(32, b"."))
HOLDERS = {name: Ed25519Signer(name, name.encode().ljust(32, b".")) for name in ("ada", "bo", "cy")}


def charter(*members: str, threshold: int = 1, **more: Any) -> dict[str, Any]:
    holders = [{"name": name, "role": "operator", "vkey": HOLDERS[name].vkey} for name in members]
    return {"realm": "us", "keyholders": {"threshold": threshold, "members": holders}, **more}


def shown(document: dict[str, Any], *signed: str, log: Ed25519Signer = LOG, **entry_changes: Any) -> Shown:
    text = canonical.encode(document)
    entry = {
        "kind": "charter.adopted",
        "charter": hashlib.sha256(text).hexdigest(),
        "signatures": [
            {
                "keyholder": HOLDERS[name].vkey,
                "signature": base64.b64encode(HOLDERS[name].sign(charter_to_sign(text))).decode(),
            }
            for name in signed
        ],
        **entry_changes,
    }
    body = canonical.encode(entry)
    checkpoint = Checkpoint(LOG.name, 1, leaf_hash(body)).text()
    note = f"{checkpoint}\n{log.signature_line(checkpoint)}"
    return Shown(LOG.vkey, body, TlogProof(0, (), note).text(), text)


def test_a_charter_in_its_ledger_signed_by_enough_is_believed() -> None:
    document = charter("ada", "bo", threshold=2, name="Somewhere")
    found = check(shown(document, "ada", "bo"))
    assert found.document == document
    assert found.text("name") == "Somewhere"
    assert len(found.signed_by) == 2


def test_too_few_signatures_are_refused() -> None:
    with pytest.raises(IntroductionError, match="1 of the 2"):
        check(shown(charter("ada", "bo", threshold=2), "ada"))
    with pytest.raises(IntroductionError, match="0 of the 1"):
        check(shown(charter("ada"), "cy"))
    with pytest.raises(IntroductionError):
        check(shown(charter(threshold=0)))


def test_a_charter_that_its_ledger_does_not_hold_is_refused() -> None:
    good = shown(charter("ada"), "ada")
    other = shown(charter("ada", name="Other"), "ada")
    for wrong in (
        Shown(good.ledger_vkey, good.entry, good.inclusion, other.charter),
        Shown(good.ledger_vkey, other.entry, good.inclusion, other.charter),
        Shown(HOLDERS["cy"].vkey, good.entry, good.inclusion, good.charter),
        Shown(good.ledger_vkey, good.entry, "nothing", good.charter),
        Shown(good.ledger_vkey, b"{", good.inclusion, good.charter),
        shown(charter("ada"), "ada", log=Ed25519Signer(LOG.name, b"x" * 32)),
        shown(charter("ada"), "ada", kind="staff.left"),
    ):
        with pytest.raises(IntroductionError):
            check(wrong)


def test_nobody_takes_a_known_realm_over() -> None:
    """A known realm's next charter is signed by the keyholders it had, whoever it names now."""
    before = charter("ada", "bo", threshold=2)
    digest = hashlib.sha256(canonical.encode(before)).hexdigest()
    after = charter("cy", version=2)
    with pytest.raises(IntroductionError, match="not signed by the keyholders of the one that was known"):
        check(shown(after, "cy", "ada"), before, digest)
    assert check(shown(after, "cy", "ada", "bo"), before, digest).document == after
    assert check(shown(before, "ada", "bo"), json.loads(canonical.encode(before)), digest).document == before
