"""A realm's first keyholder and its signature over the charter."""

import base64
import json
import stat

import msgspec
import pytest

from reelm.realm import charter, proposals, succession
from reelm.realm.service import RealmService
from reelm.settings import from_environment
from reelm_audit.entries import charter_to_sign, verify_detached
from reelm_audit.tlog.note import Ed25519Signer, Verifier


@pytest.fixture
def data(tmp_path):
    RealmService.load(from_environment(tmp_path, environment={}))
    return tmp_path


def _realm(data):
    return RealmService.load(from_environment(data, environment={})).document


def test_a_new_realm_gets_one_keyholder_that_signs(data):
    succession.prepare(data)
    realm = _realm(data)
    (member,) = realm.keyholders.members
    (signature,) = charter.signatures_of(data, realm)
    assert signature.keyholder == member.vkey
    verify_detached(
        charter_to_sign(charter.document_of(realm)),
        signature.signature,
        Verifier.from_vkey(member.vkey).public_key,
    )


def test_the_key_is_for_its_owner_only(data):
    succession.prepare(data)
    assert stat.S_IMODE((data / "keyholder" / "key").stat().st_mode) == 0o600
    assert stat.S_IMODE((data / "keyholder").stat().st_mode) == 0o700
    assert stat.S_IMODE((data / "realm.json").stat().st_mode) == 0o644


def test_preparing_again_changes_nothing(data):
    succession.prepare(data)
    before = {p.name: p.read_bytes() for p in data.iterdir() if p.is_file()}
    succession.prepare(data)
    assert {p.name: p.read_bytes() for p in data.iterdir() if p.is_file()} == before


def test_a_realm_of_the_first_release_keeps_what_it_said(data):
    said = json.loads((data / "realm.json").read_bytes())
    said["name"] = "Radio Aria"
    for late in ("version", "keyholders", "witness_policies", "staff"):
        said.pop(late, None)
    (data / "realm.json").write_text(json.dumps(said))
    succession.prepare(data)
    assert _realm(data).name == "Radio Aria"
    assert len(_realm(data).keyholders.members) == 1


def test_a_changed_charter_is_signed_anew_and_has_another_digest(data):
    succession.prepare(data)
    before = charter.digest_of(_realm(data))
    changed = msgspec.structs.replace(_realm(data), minimum_age=16, version=2)
    (data / "realm.json").write_bytes(msgspec.json.encode(changed))
    assert charter.signatures_of(data, changed) == []
    succession.prepare(data)
    assert charter.digest_of(_realm(data)) != before
    assert len(charter.signatures_of(data, _realm(data))) == 1


def test_without_the_key_nothing_is_signed(data):
    succession.prepare(data)
    (data / "keyholder" / "key").unlink()
    before = _realm(data)
    changed = msgspec.structs.replace(before, minimum_age=18)
    (data / "realm.json").write_bytes(msgspec.json.encode(changed))
    waits = succession.prepare(data).waits
    assert _realm(data) == before
    proposed = proposals.find(data, waits)
    assert (proposed.minimum_age, proposed.version) == (18, 2)
    assert proposals.signatures(data, proposed) == []
    with pytest.raises(charter.KeyholderKeyError):
        charter.keyholder_key(data, changed)


def test_somebody_elses_key_signs_nothing(data):
    succession.prepare(data)
    (data / "charter.signatures.json").unlink()
    (data / "keyholder" / "key").write_bytes(base64.b64encode(bytes(32)))
    succession.prepare(data)
    assert charter.signatures_of(data, _realm(data)) == []


@pytest.mark.parametrize("field", ["charter", "keyholder", "signature"])
def test_a_bent_signature_does_not_count(data, field):
    succession.prepare(data)
    path = data / "charter.signatures.json"
    (entry,) = json.loads(path.read_bytes())
    entry[field] = {
        "charter": "0" * 64,
        "keyholder": Ed25519Signer("operator", bytes(32)).vkey,
        "signature": base64.b64encode(bytes(64)).decode(),
    }[field]
    path.write_text(json.dumps([entry]))
    assert charter.signatures_of(data, _realm(data)) == []
