"""A witness that is killed in the middle of its work never contradicts what it has said before."""

import contextlib
import http.client
import itertools
import signal
import subprocess
import sys
import threading
from pathlib import Path

from tests.factories.logs import MemoryLog

from reelm_audit.tlog.checkpoint import Checkpoint
from reelm_audit.tlog.checkpoint import parse as parse_checkpoint
from reelm_audit.tlog.cosignature import CosignatureVerifier
from reelm_audit.tlog.merkle import verify_consistency
from reelm_audit.tlog.note import open_note, parse_note, parse_vkey
from reelm_audit.tlog.witness import AddCheckpoint, checkpoint_path, parse_size

ROUNDS = 12
SHARED = 7  # both histories begin with these entries
STEPS = 5


class WitnessProcess:
    """`reelm-audit witness serve`, as anyone would start it."""

    def __init__(self, folder: Path, log_vkey: str) -> None:
        command = [sys.executable, "-m", "reelm_audit.cli", "witness", "serve", "--name", "w.example"]
        command += ["--key", folder / "key", "--state", folder / "state", "--log", log_vkey]
        self._process = subprocess.Popen(
            [*command, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        vkey, address = self._process.stdout.readline().strip(), self._process.stdout.readline().split()[-1]
        self.key = CosignatureVerifier(*parse_vkey(vkey))
        self.port = int(address.rstrip("/").rpartition(":")[2])

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        with contextlib.closing(connection):
            connection.request(method, path, body)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()

    def stop(self) -> int:
        self._process.send_signal(signal.SIGTERM)
        self._process.communicate(timeout=20)
        return self._process.returncode


def histories() -> list[MemoryLog]:
    """Two histories under one name and key: what a log that shows different people different pasts would have."""
    made = []
    for which in (b"a", b"b"):
        log = MemoryLog()
        log.append(*[b"%d" % number for number in range(SHARED)])
        log.append(*[which + b"%d" % number for number in range(2000)])
        made.append(log)
    return made


def press(witness: WitnessProcess, log: MemoryLog, cosigned: list[str], stop: threading.Event) -> None:
    """Ask for ever larger checkpoints of one history, from whatever size the witness says it has."""
    old = 0
    while not stop.is_set():
        new = max(old, SHARED) + STEPS
        note = log.note(new)
        request = AddCheckpoint(old, tuple(log.consistency(old, new)), note).text().encode()
        try:
            status, body = witness.ask("POST", "/add-checkpoint", request)
        except (OSError, http.client.HTTPException):
            return
        if status == 200:
            cosigned.append(note + body.decode())
            old = new
        elif status == 409:
            old = parse_size(body)
        else:
            assert status == 422, body  # the other history has won
            old = 0


def seen(witness: WitnessProcess, log: MemoryLog) -> Checkpoint | None:
    status, body = witness.ask("GET", f"/{checkpoint_path(log.key.name)}")
    return parse_checkpoint(parse_note(body).text) if status == 200 else None


def test_killed_again_and_again_it_never_cosigns_two_histories(tmp_path):
    logs = histories()
    cosigned: list[str] = []
    for number in range(ROUNDS):
        witness = WitnessProcess(tmp_path, logs[0].key.vkey)
        best = max((parse_checkpoint(parse_note(note).text).size for note in cosigned), default=0)
        remembered = seen(witness, logs[0])
        assert (remembered.size if remembered else 0) >= best, "it has forgotten what it had cosigned"
        stop, enough, count = threading.Event(), threading.Event(), len(cosigned) + 4 + number
        threads = [
            threading.Thread(target=press, args=(witness, log, cosigned, stop))
            for log in logs
            for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        while len(cosigned) < count and any(thread.is_alive() for thread in threads):
            enough.wait(0.001)
        witness.kill()
        stop.set()
        for thread in threads:
            thread.join()
    assert len(cosigned) > ROUNDS * 4
    said = {open_note(note, [witness.key]).text for note in cosigned}
    checkpoints = sorted((parse_checkpoint(text) for text in said), key=lambda each: each.size)
    assert len({each.size for each in checkpoints}) == len(checkpoints), (
        "one size was cosigned with two roots"
    )
    (winner,) = [log for log in logs if log.root(checkpoints[-1].size) == checkpoints[-1].root]
    for old, new in itertools.pairwise(checkpoints):
        verify_consistency(old.size, old.root, new.size, new.root, winner.consistency(old.size, new.size))


def test_it_stops_when_asked_and_goes_on_where_it_was(tmp_path):
    log = histories()[0]
    witness = WitnessProcess(tmp_path, log.key.vkey)
    request = AddCheckpoint(0, (), log.note(9)).text().encode()
    assert witness.ask("POST", "/add-checkpoint", request)[0] == 200
    key = witness.key
    assert witness.stop() == 0
    witness = WitnessProcess(tmp_path, log.key.vkey)
    assert witness.key == key
    assert seen(witness, log) == log.checkpoint(9)
    assert witness.ask("POST", "/add-checkpoint", request) == (409, b"9\n")
    assert witness.stop() == 0
