"""Watching a realm: what a good one gives, and what every way of cheating gives."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from tests.factories.ledgers import Script
from tests.factories.logs import MemoryLog, served

from reelm_audit.bundle import open_bundle
from reelm_audit.checking import check_copy
from reelm_audit.client import RealmClient
from reelm_audit.looking import ADVANCE_EVERY
from reelm_audit.mirror import Mirror
from reelm_audit.output import CouldNotCheckError
from reelm_audit.tlog import merkle
from reelm_audit.tlog.note import Ed25519Signer, format_line, parse_note, sign_note
from reelm_audit.watching import Watch, tell


class Realm:
    """A realm whose ledger follows a script, served over HTTP."""

    def __init__(self, size=300):
        self.script = Script()
        self.script.life(size).quiet()
        self.log = MemoryLog(witnesses=self.script.cosigners)
        self.log.key = self.script.log
        self.state = {"vkey": self.log.key.vkey}
        self.headers = {}
        self.publish()

    def publish(self):
        self.log.append(*self.script.entries[len(self.log.entries) :])
        self.log.publish(at=self.script.now)
        for digest, document in self.script.documents.items():
            self.log.files[f"document/{digest}.json"] = document
        self.state |= {"release_policy": "quorum none\n", "public_policy": self.script.terms.public_policy}

    def live(self, size):
        self.script.life(len(self.script.entries) + size).quiet()
        self.publish()


@pytest.fixture
def realm():
    return Realm()


@pytest.fixture
def mirror(tmp_path):
    made = Mirror(tmp_path / "mirror")
    yield made
    made.close()


@pytest.fixture
def watch(realm, mirror):
    with served(realm.log, state=realm.state, headers=realm.headers) as url:
        client = RealmClient(url)
        moments = iter(range(10**9))
        # Each question for the time is a second later, so patience ends without anybody waiting.
        yield Watch(client, mirror, lambda: realm.script.now + next(moments), pause=lambda _: None)
        client.close()


def codes(verdict):
    return {finding.code for finding in verdict.findings}


def test_a_good_realm_gives_nothing(realm, watch, mirror):
    verdict = watch.look()
    assert not verdict.findings
    assert verdict.witnesses.strength == "witnessed"
    assert verdict.vouched.checkpoint == realm.log.checkpoint()
    for size in (1, 0, 200, 700):
        realm.live(size)
        verdict = watch.look()
        assert not verdict.findings
        assert verdict.vouched.checkpoint.size == mirror.about.size == len(realm.script.entries)
        assert [data for _, data in mirror.bundle().entries(mirror.about.size)] == realm.script.entries


def test_the_copy_is_laid_out_as_it_was_published(realm, watch, mirror):
    watch.look()
    realm.live(300)
    watch.look()
    kept = {str(path.relative_to(mirror.folder)) for path in mirror.folder.rglob("*") if path.is_file()}
    published = {
        path for path in realm.log.files if path.startswith(("tile/entries", "document", "checkpoint"))
    }
    assert kept == published | {"mirror.json", "lock"}
    assert all((mirror.folder / path).read_bytes() == realm.log.files[path] for path in published)


def test_the_copy_is_verified_offline_and_says_the_same_each_time(realm, watch, mirror):
    watch.look()
    first, second = (check_copy(open_bundle(mirror.folder)) for _ in range(2))
    assert first == second
    assert not first.findings


def test_a_ledger_that_shrinks(realm, watch, mirror):
    watch.look()
    size = len(realm.log.entries) - 1
    realm.log.files["checkpoint"] = realm.log.note(size, at=realm.script.now).encode()
    assert codes(watch.look()) == {"log.shrunk"}
    assert (mirror.folder / "evidence").is_dir()
    realm.publish()
    assert not watch.look().findings


def test_a_ledger_with_two_histories(realm, watch, mirror):
    watch.look()
    realm.log.leaves[5] = merkle.leaf_hash(b"another")
    realm.log.files["checkpoint"] = realm.log.note(at=realm.script.now).encode()
    assert codes(watch.look()) == {"log.forked"}
    (evidence,) = (mirror.folder / "evidence").iterdir()
    assert evidence.read_bytes() == realm.log.files["checkpoint"]


def test_a_past_that_was_changed(realm, watch, mirror):
    watch.look()
    before = mirror.last_checkpoint()
    realm.log.leaves[5] = merkle.leaf_hash(b"another")
    realm.log.entries[5] = b"another"
    realm.log.published = 0
    realm.live(10)
    assert codes(watch.look()) == {"log.rewritten"}
    assert mirror.last_checkpoint() == before, "the copy keeps to what it has seen first"


def test_an_entry_that_is_not_the_one_that_was_signed(realm, watch):
    path = "tile/entries/000"
    realm.log.files[path] = realm.log.files[path].replace(b"rights.exported", b"rights.exportee", 1)
    (finding,) = watch.look().findings
    assert finding.code == "log.root-differs"
    assert b"rights.exported" in realm.script.entries[finding.index]


@pytest.mark.parametrize("path", ["tile/0/000", "tile/0/001.p/", "tile/1/000.p/"])
@pytest.mark.parametrize("how", ["changed", "missing"])
def test_tiles_that_are_wrong_are_told_and_the_entries_checked_without_them(realm, watch, path, how):
    path = next(each for each in realm.log.files if each.startswith(path))
    data = realm.log.files[path]
    if how == "changed":
        realm.log.files[path] = bytes([data[0] ^ 1]) + data[1:]
    else:
        del realm.log.files[path]
    assert codes(watch.look()) == {"log.tile-differs"}
    realm.log.files[path] = data
    realm.live(300)
    assert not watch.look().findings


def test_wrong_tiles_do_not_hide_a_changed_past(realm, watch):
    watch.look()
    realm.log.leaves[5] = merkle.leaf_hash(b"another")
    realm.log.entries[5] = b"another"
    realm.log.published = 0
    realm.live(10)
    path = next(each for each in realm.log.files if each.startswith("tile/1/000"))
    realm.log.files[path] = bytes(len(realm.log.files[path]))
    assert codes(watch.look()) == {"log.tile-differs", "log.root-differs"}


@pytest.mark.parametrize("how", ["missing", "cut", "nothing"])
def test_entries_that_can_t_be_read(realm, watch, how):
    path = "tile/entries/000"
    if how == "missing":
        del realm.log.files[path]
    else:
        realm.log.files[path] = realm.log.files[path][:1000] if how == "cut" else b""
    assert codes(watch.look()) == {"log.entries-missing"}


def test_a_checkpoint_that_is_not_the_realm_s(realm, watch, mirror):
    stranger = Ed25519Signer(realm.log.key.name, bytes(32))
    realm.log.files["checkpoint"] = sign_note(realm.log.checkpoint().text(), stranger).encode()
    assert codes(watch.look()) == {"log.signature-missing"}
    assert mirror.last_checkpoint() is None


def _witnessed_by(realm, *cosigners, at=None):
    text = realm.log.checkpoint().text()
    lines = [each.signature_line(text, realm.script.now if at is None else at) for each in cosigners]
    realm.log.files["checkpoint"] = (sign_note(text, realm.log.key) + "".join(lines)).encode()


def test_witnesses_that_are_missing_false_early_or_late(realm, watch):
    one, two = realm.script.cosigners
    _witnessed_by(realm, one)
    verdict = watch.look()
    assert codes(verdict) == {"log.quorum-missing"}
    assert verdict.witnesses.strength == "self-declared"
    _witnessed_by(realm, one, two, at=realm.script.now - 3600)
    assert codes(watch.look()) == {"log.stale"}
    _witnessed_by(realm, one, two, at=realm.script.now + 3600)
    assert codes(watch.look()) == {"log.cosignature-future", "log.quorum-missing"}
    _witnessed_by(realm, one)
    note = realm.log.files["checkpoint"].decode()
    payload = two.verifier.key_id + (5).to_bytes(8, "big") + bytes(64)
    realm.log.files["checkpoint"] = (note + format_line("witness2.example", payload)).encode()
    assert codes(watch.look()) == {"log.cosignature-invalid", "log.quorum-missing"}
    _witnessed_by(realm, one, two)
    assert not watch.look().findings


def test_a_quorum_that_comes_a_moment_later_is_waited_for(realm, watch):
    _witnessed_by(realm, realm.script.cosigners[0])
    watch._pause = lambda _: _witnessed_by(realm, *realm.script.cosigners)
    assert not watch.look().findings


def test_a_change_of_key_that_the_ledger_announces_is_followed(realm, watch, mirror):
    watch.look()
    realm.script.rotate()
    realm.log.key = realm.script.log
    realm.state["vkey"] = realm.log.key.vkey
    realm.live(20)
    assert not watch.look().findings
    assert mirror.about.vkey == realm.log.key.vkey


def test_a_change_of_key_that_it_does_not_announce_is_refused(realm, watch, mirror):
    watch.look()
    before, about = mirror.last_checkpoint(), mirror.about
    known = realm.log.key
    realm.log.key = Ed25519Signer(known.name, bytes(32))
    realm.state["vkey"] = realm.log.key.vkey
    realm.live(20)
    assert codes(watch.look()) == {"log.signature-missing"}
    assert (mirror.last_checkpoint(), mirror.about) == (before, about)
    realm.log.key = known
    realm.publish()
    assert not watch.look().findings


def test_what_the_interface_says_is_held_against_the_ledger(realm, watch):
    build = realm.script.build
    realm.headers["Reelm-Release"] = f"0.1.0+{build[:16]}"
    assert not watch.look().findings
    realm.headers["Reelm-Release"] = "0.1.0+"
    realm.state["public_policy"] = "quorum none\n"
    assert codes(watch.look()) == {"release.answers-differ", "log.policy-differs"}


def test_a_download_that_breaks_goes_on_where_it_was(realm, mirror):
    realm.script.life((ADVANCE_EVERY + 20) * 256).quiet()
    realm.publish()
    with served(realm.log, state=realm.state) as url:
        client, asked = RealmClient(url), []
        fetch, last = client.tile, f"tile/entries/{ADVANCE_EVERY + 10:03d}"

        def breaking(tile):
            asked.append(tile.path)
            if tile.path == last and asked.count(last) == 1:
                raise CouldNotCheckError("the network is gone")
            return fetch(tile)

        client.tile = breaking
        watch = Watch(client, mirror, lambda: realm.script.now, pause=lambda _: None)
        with pytest.raises(CouldNotCheckError):
            watch.look()
        assert mirror.about.size == ADVANCE_EVERY * 256
        assert not watch.look().findings
        assert asked.count("tile/entries/000") == 1, "what was here already was not asked for again"
        client.close()


def test_new_findings_are_told_once(realm, watch):
    _witnessed_by(realm, realm.script.cosigners[0])
    assert {each.code for each in watch.new_findings(watch.look())} == {"log.quorum-missing"}
    assert not watch.new_findings(watch.look())


def test_what_an_entry_breaks_stays_broken(realm, watch):
    realm.script.append("nobody.knows")
    realm.publish()
    assert codes(watch.look()) == codes(watch.look()) == {"form.unknown-kind"}
    realm.live(10)
    assert codes(watch.look()) == {"form.unknown-kind"}


def test_two_can_t_use_one_copy_and_a_copy_is_of_one_log(realm, watch, mirror):
    with pytest.raises(CouldNotCheckError, match="another process"):
        Mirror(mirror.folder)
    watch.look()
    watch._vkey = Ed25519Signer("realm.example/ledger", bytes(32)).vkey
    with pytest.raises(CouldNotCheckError, match="another key"):
        watch.look()


@pytest.mark.parametrize(
    "url", ["ftp://realm.example", "http://", "http://realm.example:port", "https://r.example/?a"]
)
def test_what_is_no_address(url):
    with pytest.raises(CouldNotCheckError):
        RealmClient(url)


def test_a_realm_that_is_not_there(tmp_path):
    client = RealmClient("http://127.0.0.1:9")
    with pytest.raises(CouldNotCheckError, match="reached"):
        client.checkpoint()


class _Odd(BaseHTTPRequestHandler):
    """Answers as nobody should."""

    def do_GET(self):
        if self.path.endswith("/checkpoint"):
            self.send_response(200)
            self.end_headers()
            for _ in range(40):
                self.wfile.write(b"x" * 65_536)
        elif self.path == "/moved/api/v1/ledger":
            self.send_response(302)
            self.send_header("Location", "http://127.0.0.1:1/")
            self.end_headers()
        else:
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b"[" * 50)

    def do_POST(self):
        type(self).told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def odd():
    server = HTTPServer(("127.0.0.1", 0), _Odd)
    server.handle_error = lambda *_: None
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_realm_that_answers_oddly(odd):
    with pytest.raises(CouldNotCheckError, match="more than belongs"):
        RealmClient(odd).checkpoint()
    with pytest.raises(CouldNotCheckError, match="302"):
        RealmClient(f"{odd}/moved").state()
    with pytest.raises(CouldNotCheckError, match="broke off"):
        RealmClient(odd).state()


def test_findings_are_posted(odd, realm, watch):
    realm.script.append("nobody.knows")
    realm.publish()
    findings = watch.look().findings
    tell(odd, "https://realm.example", findings)
    assert _Odd.told == {"realm": "https://realm.example", "findings": [each.as_json() for each in findings]}
    with pytest.raises(CouldNotCheckError, match="nobody takes"):
        tell("http://127.0.0.1:9", "https://realm.example", findings)


def test_notes_are_as_they_were_signed(realm, watch, mirror):
    watch.look()
    assert str(parse_note(mirror.last_checkpoint())).encode() == realm.log.files["checkpoint"]
