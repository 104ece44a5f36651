"""How one charter follows another: by signatures of both sides, over no veto, and never half."""

import json
import shutil
from pathlib import Path
from typing import Any
from unittest import mock

import msgspec
import pytest
from tests.factories.charters import as_json, keyholder, realm_document, signer

from reelm.kit.clock import SystemClock
from reelm.realm import charter, proposals, succession
from reelm.realm.deliberation import Deliberation
from reelm.realm.errors import CharterNotAdoptableError, CharterSignatureError, CharterUnusableError
from reelm.realm.schemas import Keyholder, RealmDocument
from reelm.settings import from_environment


class Realm:
    """A folder with a charter, and what becomes of proposals in it."""

    def __init__(self, data: Path, first: RealmDocument) -> None:
        self.data = data
        charter.write_document(data, first)
        charter.add_signatures(
            data, [charter.signed_by(signer(each.name), first) for each in first.keyholders.members]
        )
        succession.prepare(data)

    @property
    def in_force(self) -> RealmDocument:
        return succession.in_force(self.data)

    @property
    def desk(self) -> Deliberation:
        return Deliberation(self.in_force, from_environment(self.data, environment={}), SystemClock())

    def propose(self, *members: Keyholder, threshold: int = 1, **changes: Any) -> str:
        members = members or tuple(self.in_force.keyholders.members)
        return self.desk.propose(as_json(realm_document(*members, threshold=threshold, **changes))).digest

    def sign(self, digest: str, *names: str) -> None:
        new = proposals.find(self.data, digest)
        assert new is not None
        for name in names:
            self.desk.sign(charter.signed_by(signer(name), new))

    def adopt(self, digest: str) -> RealmDocument:
        """Adopt, and start anew."""
        self.desk.adopt(digest)
        succession.prepare(self.data)
        return self.in_force


OPERATOR, TRUSTEE = keyholder("operator"), keyholder("trustee", "trustee")
VETO = keyholder("owner", "owner", ("owners", "storage"))


@pytest.fixture
def alone(tmp_path: Path) -> Realm:
    return Realm(tmp_path, realm_document(OPERATOR))


@pytest.fixture
def shared(tmp_path: Path) -> Realm:
    return Realm(tmp_path, realm_document(OPERATOR, TRUSTEE, VETO, threshold=2))


def test_a_signed_version_takes_effect_at_the_next_start(alone: Realm) -> None:
    before = alone.in_force
    digest = alone.propose(minimum_age=16)
    alone.sign(digest, "operator")
    alone.desk.adopt(digest)
    assert alone.in_force == before, "nothing changes while the realm runs"
    assert succession.prepare(alone.data).adopted == digest
    assert alone.in_force.version == 2
    assert charter.digest_of(alone.in_force) == digest
    assert len(charter.signatures_of(alone.data, alone.in_force)) == 1
    assert succession.past(alone.data, charter.digest_of(before)) == before
    assert succession.prepare(alone.data) == succession.Outcome(), "once"


def test_a_keyholder_who_does_not_sign_is_missing(shared: Realm) -> None:
    digest = shared.propose(*shared.in_force.keyholders.members, threshold=2, minimum_age=16)
    shared.sign(digest, "operator")
    view = shared.desk.view(digest)
    assert (view.signed, view.missing, view.vetoes) == (["operator"], ["trustee", "owner"], [])
    assert (view.old_lacks, view.new_lacks, view.adoptable) == (1, 1, False)
    with pytest.raises(CharterNotAdoptableError, match="trustee has not signed"):
        shared.desk.adopt(digest)
    shared.sign(digest, "trustee")
    assert shared.desk.view(digest).adoptable
    assert shared.adopt(digest).minimum_age == 16


def test_a_veto_stops_what_it_is_about_and_nothing_else(shared: Realm) -> None:
    members = shared.in_force.keyholders.members
    other = shared.propose(*members, threshold=2, minimum_age=16)
    shared.sign(other, "operator", "trustee")
    assert shared.desk.view(other).adoptable
    sale = shared.propose(
        *members, threshold=2, owners=[msgspec.convert({"name": "Test Fund"}, type(_owner()))]
    )
    shared.sign(sale, "operator", "trustee")
    view = shared.desk.view(sale)
    assert (view.vetoes, view.missing, view.adoptable) == (["owner"], [], False)
    with pytest.raises(CharterNotAdoptableError, match="owner has not signed"):
        shared.desk.adopt(sale)
    shared.sign(sale, "owner")
    assert shared.adopt(sale).owners == [_owner("Test Fund")]


def test_nobody_is_voted_out_of_a_veto(shared: Realm) -> None:
    for members in ([OPERATOR, TRUSTEE], [OPERATOR, TRUSTEE, keyholder("owner", "owner")]):
        digest = shared.propose(*members, threshold=2)
        shared.sign(digest, "operator", "trustee")
        assert shared.desk.view(digest).vetoes == ["owner"]
        with pytest.raises(CharterNotAdoptableError):
            shared.desk.adopt(digest)


def test_a_new_keyholder_has_to_agree(alone: Realm) -> None:
    digest = alone.propose(TRUSTEE)
    alone.sign(digest, "operator")
    assert alone.desk.view(digest).missing == ["trustee"]
    alone.sign(digest, "trustee")
    assert alone.adopt(digest).keyholders.members == [TRUSTEE]
    late = alone.propose(TRUSTEE, minimum_age=16)
    with pytest.raises(CharterSignatureError):
        alone.sign(late, "operator")


def test_a_version_that_was_overtaken_cannot_be_adopted(alone: Realm) -> None:
    first, second = alone.propose(minimum_age=16), alone.propose(minimum_age=18)
    alone.sign(first, "operator")
    alone.sign(second, "operator")
    alone.adopt(first)
    assert alone.desk.list_open() == []
    with pytest.raises(CharterNotAdoptableError, match="version 2 is in force: propose it anew"):
        alone.desk.adopt(second)
    succession.mark(alone.data, second)
    succession.prepare(alone.data)
    assert alone.in_force.minimum_age == 16


def test_a_version_of_a_later_day_waits_for_it(alone: Realm) -> None:
    digest = alone.propose(minimum_age=16, valid_from="9999-01-01")
    alone.sign(digest, "operator")
    assert alone.desk.view(digest).refusals == ["It says that it is valid from 9999-01-01."]
    with pytest.raises(CharterNotAdoptableError):
        alone.desk.adopt(digest)


def test_a_site_that_this_machine_is_not_at_cannot_be_adopted(alone: Realm) -> None:
    said = as_json(alone.in_force)
    said["storage"] = [{"site": "us-1", "country": "US"}, {"site": "us-2", "country": "US"}]
    view = alone.desk.propose(said)
    alone.sign(view.digest, "operator")
    with pytest.raises(CharterNotAdoptableError, match="which the charter doesn't name for the data itself"):
        alone.desk.adopt(view.digest)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"minimum_aeg": 16}, "A charter has no minimum_aeg."),
        ({"edition": {"name": "A"}}, "missing required field"),
        ({"operator": {"name": "Test Operator", "contry": "US"}}, "A charter has no operator.contry."),
        ({"storage": []}, "The charter names no site where the realm's data lies."),
        ({}, "It changes nothing."),
        ({"version": 7}, "It changes nothing."),
    ],
)
def test_what_cannot_be_a_charter_is_not_kept(alone: Realm, change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(CharterUnusableError, match=sentence.replace(".", r"\.")):
        alone.desk.propose({**as_json(alone.in_force), **change})
    assert alone.desk.list_open() == []


def test_a_false_signature_is_refused(alone: Realm) -> None:
    digest = alone.propose(minimum_age=16)
    new = proposals.find(alone.data, digest)
    assert new is not None
    good = charter.signed_by(signer("operator"), new)
    stranger = charter.signed_by(signer("stranger"), new)
    for bad in (
        stranger,
        msgspec.structs.replace(stranger, keyholder=good.keyholder),
        msgspec.structs.replace(good, signature="no signature"),
        charter.signed_by(signer("operator"), alone.in_force),
    ):
        with pytest.raises(CharterSignatureError):
            alone.desk.sign(msgspec.structs.replace(bad, charter=digest))
    assert alone.desk.view(digest).signed == []


def test_a_signature_put_among_the_files_counts_only_if_it_is_true(alone: Realm) -> None:
    digest = alone.propose(minimum_age=16)
    forged = charter.CharterSignature(digest, signer("operator").vkey, "A" * 86 + "==")
    proposals.add(alone.data, digest, forged)
    succession.mark(alone.data, digest)
    assert succession.prepare(alone.data) == succession.Outcome()
    assert alone.in_force.version == 1


def test_what_is_taken_back_is_gone(alone: Realm) -> None:
    digest = alone.propose(minimum_age=16)
    alone.sign(digest, "operator")
    alone.desk.forget(digest)
    assert alone.desk.list_open() == []
    assert proposals.find(alone.data, digest) is None


def test_an_edit_by_hand_is_a_proposal_that_waits(shared: Realm) -> None:
    before = shared.in_force
    charter.write_document(shared.data, msgspec.structs.replace(before, minimum_age=16))
    waits = succession.prepare(shared.data).waits
    assert shared.in_force == before
    assert (
        shared.desk.view(waits).changes[0].sentence == "The age from which people may join: 16 instead of 13."
    )


def test_an_edit_by_hand_into_nonsense_is_refused(alone: Realm) -> None:
    charter.write_document(alone.data, msgspec.structs.replace(alone.in_force, storage=[]))
    with pytest.raises(succession.UnusableCharterError, match="names no site"):
        succession.prepare(alone.data)


@pytest.mark.parametrize("survives", range(8))
def test_an_adoption_that_is_cut_short_is_whole_after_the_next_start(
    alone: Realm, tmp_path: Path, survives: int
) -> None:
    """After any number of files written, and nothing more: one charter or the other, with its signatures."""
    digest = alone.propose(minimum_age=16)
    alone.sign(digest, "operator")
    alone.desk.adopt(digest)
    written = 0
    write = charter.write_whole

    def cut_short(path: Path, data: bytes, mode: int = 0o644) -> None:
        nonlocal written
        if written >= survives:
            raise OSError("the machine stops here")
        written += 1
        write(path, data, mode)

    with mock.patch.object(charter, "write_whole", cut_short):
        try:
            succession.prepare(alone.data)
        except OSError:
            found = alone.in_force
            assert charter.digest_of(found) == digest or found.version == 1
            assert charter.signatures_of(alone.data, found)
    succession.prepare(alone.data)
    assert charter.digest_of(alone.in_force) == digest
    assert charter.signatures_of(alone.data, alone.in_force)
    assert not (alone.data / "charter" / "adopting").exists()
    kept = json.loads((alone.data / "charter" / "in-force.json").read_bytes())
    assert kept == as_json(alone.in_force)


def test_a_folder_that_was_restored_goes_on_with_its_charter(alone: Realm) -> None:
    shutil.rmtree(alone.data / "charter")
    before = alone.in_force
    succession.prepare(alone.data)
    assert alone.in_force == before


def _owner(name: str = "Test Operator") -> Any:
    return type(realm_document().owners[0])(name)
