"""The commands as they are typed: what they print, how they exit, and that the same copy gives the same bytes."""

import base64
import hashlib
import hmac
import json
import shutil
from dataclasses import replace

import pytest
from tests.factories.ledgers import Script
from tests.factories.logs import MemoryLog, served

from reelm_audit import cli, receipts
from reelm_audit.receipts import Opening, ReceiptError
from reelm_audit.tlog import canonical, proof
from reelm_audit.tlog.note import Ed25519Signer

POLICY = "quorum none\n"


@pytest.fixture
def script():
    return Script().life(300).quiet()


@pytest.fixture
def copy(script, tmp_path):
    return script.write(tmp_path / "copy")


@pytest.fixture
def log(script):
    made = MemoryLog(witnesses=script.cosigners)
    made.key = script.log
    made.append(*script.entries)
    made.publish(at=script.now)
    return made


def run(capsys, *arguments):
    code = cli.main([str(each) for each in arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_verify_says_the_same_bytes_each_time_of_folder_and_zip(capsys, copy, tmp_path):
    first = run(capsys, "verify", copy)
    assert first[0] == 0
    assert "Nothing is wrong" in first[1]
    assert run(capsys, "verify", copy) == first
    inside = shutil.make_archive(str(tmp_path / "inside"), "zip", copy)
    around = shutil.make_archive(str(tmp_path / "around"), "zip", tmp_path, "copy")
    assert run(capsys, "verify", inside) == run(capsys, "verify", around) == first
    as_json = run(capsys, "verify", copy, "--json")
    assert run(capsys, "verify", inside, "--json") == as_json
    verdict = json.loads(as_json[1])
    assert verdict["findings"] == []
    assert verdict["strength"] == "witnessed"
    assert [each["name"] for each in verdict["witnesses"]] == ["witness1.example", "witness2.example"]


def test_verify_finds_what_was_changed_or_taken_away(capsys, copy):
    path = copy / "tile" / "entries" / "000"
    data = path.read_bytes()
    path.write_bytes(data.replace(b"rights.exported", b"rights.exportee", 1))
    code, out, _ = run(capsys, "verify", copy, "--json")
    found = {each["code"] for each in json.loads(out)["findings"]}
    assert code == 1
    assert {"log.root-differs", "form.unknown-kind"} <= found
    for damaged in (data[:-1], b"", None):
        path.unlink()
        if damaged is not None:
            path.write_bytes(damaged)
        code, out, _ = run(capsys, "verify", copy, "--json")
        assert code == 1
        assert "log.entries-missing" in {each["code"] for each in json.loads(out)["findings"]}
        path.write_bytes(data)
    assert run(capsys, "verify", copy)[0] == 0


def test_verify_with_another_s_key_believes_nothing(capsys, copy):
    other = Ed25519Signer("realm.example/ledger", bytes(32))
    code, out, _ = run(capsys, "verify", copy, "--vkey", other.vkey)
    assert code == 1
    assert "log.signature-missing" in out


def test_known_builds(capsys, copy, script, tmp_path):
    known = tmp_path / "builds"
    known.write_text(f"{script.build}  the one of May\n\n")
    assert run(capsys, "verify", copy, "--builds", known)[0] == 0
    known.write_text("0" * 64 + "\n")
    code, out, _ = run(capsys, "verify", copy, "--builds", known)
    assert code == 1
    assert "release.unknown-build" in out
    known.write_text("not a digest\n")
    assert run(capsys, "verify", copy, "--builds", known)[0] == 2


@pytest.mark.parametrize(
    "what", ["nothing", "a file", "an empty folder", "another's mirror.json", "no checkpoint"]
)
def test_what_can_t_be_checked_is_no_finding(capsys, copy, tmp_path, what):
    path = copy
    if what == "nothing":
        path = tmp_path / "nothing"
    elif what == "a file":
        path = tmp_path / "file.zip"
        path.write_bytes(b"not a zip")
    elif what == "an empty folder":
        path = tmp_path / "empty"
        path.mkdir()
    elif what == "another's mirror.json":
        (copy / "mirror.json").write_text('{"format":"another"}')
    else:
        (copy / "checkpoint").unlink()
    code, out, err = run(capsys, "verify", path)
    assert (code, out) == (2, "")
    assert err.startswith("reelm-audit: ")


def test_watch_looks_once(capsys, log, script, tmp_path):
    for digest, document in script.documents.items():
        log.files[f"document/{digest}.json"] = document
    mirror = tmp_path / "mirror"
    with served(log, state={"public_policy": script.terms.public_policy}) as url:
        code, out, _ = run(capsys, "watch", url, "--mirror", mirror, "--json")
    # The clock is today's, and the script's witnesses have signed long ago.
    assert {each["code"] for each in json.loads(out)["findings"]} == {"log.stale"}
    assert code == 1
    assert run(capsys, "verify", mirror)[0] == 0
    assert run(capsys, "watch", url, "--mirror", mirror)[0] == 2, "nobody is there any more"


def test_a_proof_is_checked_with_entry_or_copy(capsys, log, copy, script, tmp_path):
    file, entry = tmp_path / "a.tlog-proof", tmp_path / "entry"
    file.write_text(log.proof(42).text())
    entry.write_bytes(script.entries[42])
    vkey = ("--vkey", log.key.vkey)
    assert run(capsys, "proof", file, "--entry", entry, *vkey)[0] == 0
    code, out, _ = run(capsys, "proof", file, "--mirror", copy, "--json")
    assert (code, json.loads(out)["index"]) == (0, 42)
    file.write_text(log.proof(299).text())
    assert run(capsys, "proof", file, "--mirror", copy)[0] == 0, "in the last bundle, which is partial"
    file.write_text(
        log.proof(len(script.entries) - 1)
        .text()
        .replace("index 2", "index 99992")
        .replace("index 3", "index 99993")
    )
    assert run(capsys, "proof", file, "--mirror", copy)[0] == 2, "this copy has no such entry"
    file.write_text(log.proof(42).text())
    assert run(capsys, "proof", file, "--entry", entry)[0] == 2, "whose ledger it is must be known"
    policy = tmp_path / "policy"
    policy.write_text(f"log {log.key.vkey}\n{script.terms.public_policy}")
    code, out, _ = run(capsys, "proof", file, "--entry", entry, "--policy", policy)
    assert code == 0
    assert "witness w1, and by witness w2" in out
    entry.write_bytes(script.entries[43])
    assert run(capsys, "proof", file, "--entry", entry, *vkey)[0] == 1
    file.write_text(log.proof(42).text().replace("index 42", "index 43"))
    assert run(capsys, "proof", file, "--mirror", copy)[0] == 1


def receipt_of(log, index, openings):
    return receipts.make(
        log.proof(index).text(),
        log.entries[index],
        openings,
        realm="https://realm.example",
        vkey=log.key.vkey,
        policy=POLICY,
    )


@pytest.fixture
def mine(script, log):
    """An entry about somebody, and what opens its mark."""
    document = '{"person":"0a"}'
    opening = Opening("rights.exported", document, hashlib.sha256(b"ledger key and nonce").digest())
    reference = hmac.new(
        opening.opening, b"rights.exported\0" + document.encode(), hashlib.sha256
    ).hexdigest()
    index = script.export(person=reference)
    log.append(script.entries[index])
    return index, opening


def test_a_receipt_shows_what_was_done_with_whom(capsys, log, mine, tmp_path):
    index, opening = mine
    file = tmp_path / "receipt"
    file.write_text(receipt_of(log, index, [opening]))
    code, out, _ = run(capsys, "receipt", file)
    assert code == 0
    assert '{"person":"0a"}' in out
    assert log.key.vkey in out
    code, out, _ = run(capsys, "receipt", file, "--vkey", log.key.vkey, "--json")
    assert code == 0
    assert json.loads(out)["opened"] == [{"field": "person", "document": '{"person":"0a"}'}]
    stranger = Ed25519Signer(log.key.name, bytes(32)).vkey
    code, out, _ = run(capsys, "receipt", file, "--vkey", stranger)
    assert code == 1
    assert "does not hold" in out


def test_a_receipt_under_a_policy_needs_its_witnesses(capsys, log, mine, script, tmp_path):
    index, opening = mine
    file, policy = tmp_path / "receipt", tmp_path / "policy"
    file.write_text(receipt_of(log, index, [opening]))
    policy.write_text(script.terms.public_policy)
    assert run(capsys, "receipt", file, "--policy", policy)[0] == 0
    log.witnesses.pop()
    file.write_text(receipt_of(log, index, [opening]))
    assert run(capsys, "receipt", file, "--policy", policy)[0] == 1


def test_a_receipt_that_opens_nothing_here_is_refused(log, mine):
    index, opening = mine
    assert receipts.check(receipts.parse(receipt_of(log, index, [opening]))).opened
    for wrong in (
        replace(opening, document='{"person":"0b"}'),
        replace(opening, kind="rights.erased"),
        replace(opening, opening=bytes(32)),
    ):
        with pytest.raises(ReceiptError, match="somebody or something else"):
            receipts.check(receipts.parse(receipt_of(log, index, [wrong])))
    with pytest.raises(ReceiptError, match="somebody or something else"):
        receipts.check(receipts.parse(receipt_of(log, index - 1, [opening])))


def _with_extra(log, index, change):
    shown = proof.parse(receipt_of(log, index, []))
    extra = canonical.decode(shown.extra)
    change(extra)
    return replace(shown, extra=json.dumps(extra, sort_keys=True, separators=(",", ":")).encode()).text()


@pytest.mark.parametrize(
    "change",
    [
        lambda extra: extra.pop("vkey"), lambda extra: extra.update(more=1), lambda extra: extra.update(format="another"),
        lambda extra: extra.update(vkey="none"), lambda extra: extra.update(vkey=5), lambda extra: extra.update(policy=""),
        lambda extra: extra.update(openings={}), lambda extra: extra.update(openings=[5]),
        lambda extra: extra.update(openings=[{"kind": "a", "document": "b", "opening": "c"}]),
        lambda extra: extra.update(entry=base64.b64encode(b"{}").decode()), lambda extra: extra.update(entry="*"),
        lambda extra: extra.update(realm=1.5),
    ],
)  # fmt: skip
def test_what_is_no_receipt(log, mine, change):
    with pytest.raises(ReceiptError):
        receipts.check(receipts.parse(_with_extra(log, mine[0], change)))


def test_a_plain_proof_is_no_receipt(capsys, log, mine, tmp_path):
    file = tmp_path / "proof"
    file.write_text(log.proof(mine[0]).text())
    code, out, _ = run(capsys, "receipt", file)
    assert code == 1
    assert "not a person's receipt" in out
    assert run(capsys, "receipt", tmp_path / "nothing")[0] == 2


def test_a_witness_s_key_is_made_and_shown(capsys, tmp_path):
    code, out, _ = run(capsys, "witness", "key", "--name", "w.example", "--key", tmp_path / "key")
    assert (code, run(capsys, "witness", "key", "--name", "w.example", "--key", tmp_path / "key")[1]) == (
        0,
        out,
    )
    assert run(capsys, "witness", "key", "--name", "w example", "--key", tmp_path / "key")[0] == 2
    serve = (
        "witness",
        "serve",
        "--name",
        "w.example",
        "--key",
        tmp_path / "key",
        "--state",
        tmp_path / "state",
    )
    assert run(capsys, *serve, "--log", "no key")[0] == 2


def test_what_is_typed_wrongly_is_explained(capsys):
    for arguments in (
        [],
        ["watch"],
        ["nothing"],
        ["watch", "u", "--every", "0"],
        ["watch", "u", "--webhook", "file:///x"],
    ):
        with pytest.raises(SystemExit) as exit_:
            cli.main(arguments)
        assert exit_.value.code == 2
        assert "usage" in capsys.readouterr().err
