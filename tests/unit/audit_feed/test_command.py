"""`reelm-audit receipt` on the file of a page: alone, with documents, and beside a copy of the ledger."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.factories.feedcase import TIME, FeedCase
from tests.factories.ledgers import ORIGIN, Script

from reelm_audit import cli
from reelm_audit.feed import promises
from reelm_audit.feed.files import FeedFile, FileAdjustments, LoggedEntry
from reelm_audit.tlog.merkle import inclusion_proof, leaf_hashes, root_of
from reelm_audit.tlog.proof import TlogProof


class Realm:
    """A ledger in which one page stands, with everything that was in force when it was made."""

    def __init__(self, case: FeedCase, folder: Path, *, lists: int = 1, model: str | None = None) -> None:
        self.case, self.folder = case, folder
        folder.mkdir(exist_ok=True)
        self.script = script = Script(seed=case.seed)
        case.promiser = type(case.promiser)(ORIGIN, script.secret())
        script.minute = TIME // 60 - 120
        script.feed.begin()
        script.append("promise.key", vkey=case.promiser.vkey)
        for data in (case.model_bytes, case.policy_bytes):
            script.documents[hashlib.sha256(data).hexdigest()] = data
        script.feed.change(model=model or case.model.digest.hex(), policy=case.policy.digest.hex())
        self.list_index = script.feed.adjust(case.map.size, root=case.map.root.hex())
        if lists > 1:
            script.wait(10)
            script.feed.adjust()
        script.feed.serves = False
        script.wait(TIME // 60 - script.minute)
        script.feed.batch = script.minute * 6
        leaves = [script.random.randbytes(32) for _ in range(256)]
        self.promise = case.promise()
        leaves[7] = self.promise.leaf
        hashed = leaf_hashes(leaves)
        read = lambda nodes: [root_of(hashed[i << level : (i + 1) << level]) for level, i in nodes]  # noqa: E731
        self.batch_index = script.feed.serve(root=promises.batch_root(leaves).hex())
        proof = tuple(inclusion_proof(7, 256, read))
        self.inclusion = promises.Inclusion(script.feed.batch, 7, 256, proof, self.batch_index)
        script.life(script.size + 30).quiet()
        script.write(folder / "copy")

    def logged(self, index: int) -> LoggedEntry:
        hashed = leaf_hashes(self.script.entries)
        read = lambda nodes: [root_of(hashed[i << level : (i + 1) << level]) for level, i in nodes]  # noqa: E731
        note = self.script.note(self.script.checkpoint())
        proof = TlogProof(index, tuple(inclusion_proof(index, self.script.size, read)), note)
        return LoggedEntry(self.script.entries[index], proof.text())

    def file(self, **fields: object) -> Path:
        said = {
            "vkey": self.script.log.vkey,
            "policy": self.script.policy(),
            "promise": self.promise,
            "certificate": self.case.certificate(),
            "promise_vkey": self.case.promiser.vkey,
            "inclusion": self.inclusion,
            "entry": self.logged(self.batch_index),
            "adjustments": FileAdjustments(self.logged(self.list_index), self.case.shown()),
            **fields,
        }
        file: FeedFile = replace(self.case.file(), **said)
        path = self.folder / "page.receipt"
        path.write_text(file.text())
        return path


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, dict]:
    code = cli.main(["receipt", *map(str, arguments), "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_a_page_is_computed_again_beside_a_copy_of_the_ledger(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    realm = Realm(FeedCase(1), tmp_path)
    code, said = run(capsys, realm.file(), "--mirror", tmp_path / "copy")
    assert (code, said["findings"], said["replayed"]) == (0, [], True)
    assert said["clips"] == [clip.hex() for clip in realm.case.receipt.clips]
    assert cli.main(["receipt", str(realm.file()), "--mirror", str(tmp_path / "copy")]) == 0
    told = capsys.readouterr().out
    assert "the same bytes" in told
    assert f"batch {realm.inclusion.batch} of the ledger, entry {realm.batch_index}" in told


def test_offline_with_the_two_documents_and_without(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    realm = Realm(FeedCase(2), tmp_path)
    (tmp_path / "model.json").write_bytes(realm.case.model_bytes)
    (tmp_path / "rules.json").write_bytes(realm.case.policy_bytes)
    files = ["--model", tmp_path / "model.json", "--rules", tmp_path / "rules.json"]
    assert run(capsys, realm.file(), *files)[1]["replayed"] is True
    code, said = run(capsys, realm.file())
    assert (code, [each["code"] for each in said["findings"]]) == (2, ["feed.not-replayed"])
    assert cli.main(["receipt", str(realm.file()), *map(str, files)]) == 0
    assert realm.script.log.vkey in capsys.readouterr().out


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"lists": 2}, "feed.adjustments-outdated"),
        ({"model": "ab" * 32}, "feed.model-other"),
    ],
)
def test_what_was_not_in_force_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], wrong: dict, code: str
) -> None:
    realm = Realm(FeedCase(3), tmp_path, **wrong)
    exit_code, said = run(capsys, realm.file(), "--mirror", tmp_path / "copy")
    assert (exit_code, [each["code"] for each in said["findings"]]) == (1, [code])


def test_a_promise_by_another_key_than_the_ledger_names_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    realm = Realm(FeedCase(4), tmp_path)
    stranger = type(realm.case.promiser)(ORIGIN, bytes(32))
    file = realm.file(certificate=realm.case.certificate(by=stranger), promise_vkey=stranger.vkey)
    assert run(capsys, file, "--mirror", tmp_path / "copy")[1]["findings"][0]["code"] == "feed.promise-key"


def test_a_batch_that_the_copy_does_not_hold_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    realm = Realm(FeedCase(5), tmp_path / "a")
    late = replace(realm.inclusion, batch=realm.inclusion.batch - 1)
    said = run(capsys, realm.file(inclusion=late), "--mirror", tmp_path / "a" / "copy")[1]
    assert {each["code"] for each in said["findings"]} == {"feed.batch-unproved"}


def test_a_file_that_is_none_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = Realm(FeedCase(6), tmp_path).file()
    text = path.read_text()
    for broken in (
        text.replace("\nrealm ", "\nrealms "),
        text + "key AAAA\n",
        text.replace("\nvkey ", "\nvkey  "),
        text.rstrip("\n"),
        text.replace("\nshown ", "\nshown A"),
    ):
        path.write_text(broken)
        assert run(capsys, path)[1]["findings"][0]["code"] == "feed.malformed"
