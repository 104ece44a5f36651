"""A part that never starts ends the start with its last words; one that ends later is started again."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(60)

_SUPERVISE = """
import os, signal, sys, time
from reelm.entrypoints import log, process
from reelm.entrypoints.children import Program
from reelm.entrypoints.folder import StartError
from reelm.entrypoints.supervisor import Supervisor

log.configure("test", None, quiet=True)

def part(name, level, run, **options):
    return Program(name, level, lambda: process.fork_function(run, title=name), **options)

def turn_until(supervisor, check):
    while True:
        supervisor._turn()
        if check():
            return
        supervisor._wait()

def sleep():
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    signal.pause()
    return 0

"""


def supervise(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", _SUPERVISE + script, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def test_a_part_that_never_starts_ends_the_start() -> None:
    done = supervise(
        """
supervisor = Supervisor([part("good", 0, sleep), part("bad", 1, lambda: 3, is_ready=lambda pid: False,
                              explain=lambda: "no key"), part("never", 2, sleep)])
supervisor.watch_signals()
try:
    supervisor.start()
except StartError as error:
    print(error.message, "|", error.hint)
supervisor.stop()
print([child.starts for child in supervisor.children], [child.state.name for child in supervisor.children])
"""
    )
    first, second = done.stdout.splitlines()
    assert "“bad”" in first
    assert first.endswith("| no key")
    assert second == "[1, 3, 0] ['ENDED', 'ENDED', 'ENDED']"


def test_a_part_that_ends_is_started_again_and_what_it_left_is_ended(tmp_path: Path) -> None:
    done = supervise(
        """
folder = sys.argv[1]

def with_child():
    pid = os.fork()
    if pid == 0:
        signal.pause()
    with open(f"{folder}/{os.getpid()}.new", "w") as note:
        note.write(str(pid))
    os.rename(f"{folder}/{os.getpid()}.new", f"{folder}/{os.getpid()}")
    return sleep()

supervisor = Supervisor([part("parent", 0, with_child, is_ready=lambda pid: os.path.exists(f"{folder}/{pid}"))])
supervisor.watch_signals()
supervisor.start()
child = supervisor.children[0]
os.kill(child.pid, signal.SIGKILL)
turn_until(supervisor, lambda: child.starts == 2 and child.settled)
supervisor.stop()
print(child.starts, child.state.name)
""",
        tmp_path,
    )
    assert done.stdout.split() == ["2", "ENDED"], done.stderr
    notes = list(tmp_path.iterdir())
    assert len(notes) == 2
    for note in notes:
        for pid in (note.name, note.read_text()):
            assert subprocess.run(["kill", "-0", pid], capture_output=True, check=False).returncode != 0


def test_a_failing_afterthought_leaves_the_rest_running() -> None:
    done = supervise(
        """
supervisor = Supervisor([part("good", 0, sleep)])
supervisor.watch_signals()
supervisor.start()
supervisor.add(part("after", 1, lambda: 1, once=True, retried=False))
turn_until(supervisor, lambda: supervisor.children[1].gone)
print(supervisor.children[0].state.name, supervisor.children[1].last_code, supervisor.children[1].starts)
supervisor.stop()
"""
    )
    assert done.stdout.split() == ["READY", "1", "1"]
