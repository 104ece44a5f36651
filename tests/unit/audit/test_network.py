"""Two realms looked at together: what both tell alike, what one tells otherwise, and the page on it."""

import contextlib
import json

import pytest
from tests.factories.ledger_border import BorderLife
from tests.factories.ledgers import Script
from tests.factories.logs import MemoryLog, served

from reelm_audit import cli


class Realm:
    """A scripted realm with a border, served over HTTP."""

    def __init__(self, name: str, seed: int) -> None:
        self.script = Script(seed=seed).life(60).quiet()
        self.border = BorderLife(self.script, realm=name)

    def served(self):
        log = MemoryLog(witnesses=self.script.cosigners)
        log.key = self.script.log
        log.append(*self.script.entries)
        log.publish(at=self.script.now)
        for digest, document in self.script.documents.items():
            log.files[f"document/{digest}.json"] = document
        state = {"release_policy": "quorum none\n", "public_policy": self.script.terms.public_policy}
        return served(log, state=state)


@pytest.fixture
def realms(monkeypatch):
    us, world = Realm("us", 1), Realm("world", 2)
    late = max(us.script.minute, world.script.minute)
    for realm in (us, world):
        realm.script.wait(late - realm.script.minute)
    monkeypatch.setattr("reelm_audit.clock.now", lambda: late * 60 + 30)
    return us, world


def run(capsys, *arguments):
    code = cli.main([str(each) for each in arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def look(capsys, realms, *options):
    with contextlib.ExitStack() as stack:
        urls = [stack.enter_context(realm.served()) for realm in realms]
        return run(capsys, "network", *urls, *options)


def test_what_both_ledgers_tell_alike_is_peer_matched(capsys, realms, tmp_path):
    us, world = realms
    for _ in range(3):
        index, root = us.border.cross("world")
        world.border.receive(root, "us", entry=index)
    page = tmp_path / "page.html"
    code, out, _ = look(capsys, realms, "--out", page)
    assert code == 0, out
    assert "us → world: both ledgers tell of 3 deliveries with 9 objects, alike." in out
    text = page.read_text()
    assert "Nothing contradicts what they promise, and their ledgers agree." in text
    assert "9 objects crossed between them" in text
    code, out, _ = look(capsys, realms, "--json")
    said = json.loads(out)
    assert code == 0
    assert [each["realm"] for each in said["realms"]] == ["us", "world"]
    assert said["matches"] == [
        {"from": "us", "to": "world", "deliveries": 3, "objects": 9, "strength": "peer-matched"}
    ]


def test_a_difference_is_told_and_decides_the_exit_code(capsys, realms, tmp_path):
    us, world = realms
    index, root = us.border.cross("world")
    world.border.receive(root, "us", entry=index, bytes=17)
    page = tmp_path / "page.html"
    code, out, _ = look(capsys, realms, "--out", page)
    assert code == 1
    assert "pair.counts-differ" in out
    assert "One thing needs an answer." in page.read_text()


def test_a_realm_alone_or_twice_is_refused(capsys, realms):
    us, world = realms
    assert look(capsys, (us,))[0] == 2
    world.border = BorderLife(world.script, realm="us")
    code, _, said = look(capsys, realms)
    assert code == 2
    assert "call themselves alike" in said
