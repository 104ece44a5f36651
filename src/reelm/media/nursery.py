"""One probe process kept ready, so that a person does not wait for PyAV's import (0.08 s of every probe).

The process has read no stranger's byte: it imports, waits for one job on its standard input, confines itself,
answers and ends. It also ends when nothing comes for some minutes, or when its parent is gone.
"""

import atexit
import functools
import importlib.util
import subprocess
import sys
import threading
from pathlib import Path

from reelm.media import sandbox
from reelm.media.errors import SandboxWeakError

IDLE_SECONDS = 300
_CHILD = str(Path(__file__).with_name("probe_child.py"))


@functools.cache
def site() -> str:
    """Return the folder that holds PyAV, without importing it."""
    spec = importlib.util.find_spec("av")
    if spec is None or spec.origin is None:
        raise SandboxWeakError(technical="PyAV is not installed")
    return str(Path(spec.origin).parent.parent)


class Nursery:
    """Holds at most one waiting process; safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spare: subprocess.Popen[bytes] | None = None

    def warm(self) -> None:
        """See to it that a process is waiting; returns at once."""
        with self._lock:
            if self._spare is None or self._spare.poll() is not None:
                self._forget()
                self._spare = self._start()

    def ask(self, job: str, policy: sandbox.Policy) -> sandbox.Finished:
        """Give `job` to the waiting process, or to a new one, and wait for its answer."""
        with self._lock:
            child, self._spare = self._spare, None
        if child is None or child.poll() is not None:
            _discard(child)
            child = self._start()
        given = job.encode() + b"\n"
        done = sandbox.attend(child, policy, given=given)
        if done.returncode == 0 and not done.output:  # it had just grown tired of waiting
            done = sandbox.attend(self._start(), policy, given=given)
        return done

    def close(self) -> None:
        with self._lock:
            self._forget()

    def _start(self) -> subprocess.Popen[bytes]:
        return sandbox.start([sys.executable, "-I", "-S", _CHILD, site(), str(IDLE_SECONDS)])

    def _forget(self) -> None:
        _discard(self._spare)
        self._spare = None


def _discard(child: subprocess.Popen[bytes] | None) -> None:
    if child is not None:
        sandbox.end(child)


NURSERY = Nursery()
atexit.register(NURSERY.close)
