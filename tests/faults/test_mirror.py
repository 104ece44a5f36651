"""An auditor's copy survives whatever ends the process that keeps it."""

import subprocess
import sys
from pathlib import Path

from tests.factories.ledgers import Script
from tests.factories.logs import MemoryLog, served

from reelm_audit.bundle import open_bundle
from reelm_audit.checking import check_copy
from reelm_audit.tlog.checkpoint import parse as parse_checkpoint
from reelm_audit.tlog.note import parse_note

ROUNDS = 8


def watching(url: str, folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "reelm_audit.cli", "watch", url, "--mirror", str(folder), "--json"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def publish(script: Script, log: MemoryLog, size: int) -> None:
    script.life(len(script.entries) + size).quiet()
    log.append(*script.entries[len(log.entries) :])
    log.publish(at=script.now)
    for digest, document in script.documents.items():
        log.files[f"document/{digest}.json"] = document


def seen(folder: Path) -> int:
    """Return the size of the last checkpoint in the copy."""
    path = folder / "checkpoint"
    return parse_checkpoint(parse_note(path.read_bytes()).text).size if path.exists() else 0


def test_killed_at_any_moment_it_goes_on_and_holds_what_was_signed(tmp_path):
    """Killed ever later: first before it has begun, at last after it has finished."""
    script = Script().life(6_000).quiet()
    log = MemoryLog(witnesses=script.cosigners)
    log.key = script.log
    publish(script, log, 10)
    folder, before = tmp_path / "mirror", 0
    with served(log, state={"public_policy": script.terms.public_policy}) as url:
        for number in range(ROUNDS):
            process = watching(url, folder)
            try:
                process.communicate(timeout=0.3 + number * 0.15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
            assert seen(folder) >= before, "what was seen is not forgotten"
            before = seen(folder)
            publish(script, log, 500)
        code = watching(url, folder)
        out, err = code.communicate(timeout=60)
        assert code.returncode == 1, err  # the script's witnesses have signed long ago
        assert out.count(b'"code"') == 1
        assert b"log.stale" in out
    verdict = check_copy(open_bundle(folder))
    assert not verdict.findings
    assert verdict.vouched.checkpoint == log.checkpoint()
