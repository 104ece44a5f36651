"""Run a program that reads strangers' bytes: few files, no network, limits on memory and time.

Blocking by design: call it from a worker thread or a worker process. Every child gets its own
process group, dies with its parent, and is killed as a group on cancel or time-out.
"""

import contextlib
import functools
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from reelm.media import confine
from reelm.media.errors import CancelledError, SandboxWeakError

Strength = Literal["full", "weak"]
_CONFINE = str(Path(confine.__file__))
_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache")
_ERRORS_KEPT = 200_000
_CHUNK = 65536
_LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class Policy:
    """What one child may touch. Paths are files or whole folders; sizes in bytes, times in seconds."""

    read: tuple[Path, ...] = ()
    write: tuple[Path, ...] = ()
    memory_bytes: int = 6 << 30
    cpu_seconds: int = 600
    wall_seconds: float = 1800.0
    file_bytes: int = 4 << 30
    open_files: int = 64
    nice: int = 0
    allow_weak: bool = False

    def encode(self, execute: Sequence[str]) -> str:
        """Return the policy as `confine.confine` reads it."""
        return json.dumps(
            {
                "read": [str(path) for path in self.read],
                "write": [str(path) for path in self.write],
                "execute": list(execute),
                "memory": self.memory_bytes,
                "cpu_seconds": self.cpu_seconds,
                "file_bytes": self.file_bytes,
                "files": self.open_files,
                "nice": self.nice,
                "allow_weak": self.allow_weak,
            }
        )


@dataclass(frozen=True)
class Finished:
    """How a child ended. `returncode` is negative for the signal that killed it."""

    returncode: int
    output: bytes
    errors: str
    timed_out: bool


@dataclass(frozen=True)
class SandboxReport:
    """What this machine lets us confine: `full`, or `weak` with the reasons and what would help."""

    strength: Strength
    reasons: tuple[str, ...]


def run(
    argv: Sequence[str],
    policy: Policy,
    *,
    on_output: Callable[[bytes], None] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Finished:
    """Run `argv` confined by `policy` and wait for it.

    `on_output` gets standard output as it comes (it is collected otherwise). Raises CancelledError
    as soon as `cancelled()` is true, SandboxWeakError where confinement is not possible.
    """
    program = [sys.executable, "-I", "-S", _CONFINE, policy.encode([argv[0], *_LIBRARIES]), *argv]
    return attend(start(program), policy, on_output=on_output, cancelled=cancelled)


def run_own(argv: Sequence[str], policy: Policy) -> Finished:
    """Run one of our own Python scripts, which confines itself after its imports."""
    return attend(start(argv), policy)


def start(program: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start a process in a group of its own; `attend` or `end` must follow."""
    return subprocess.Popen(
        list(program),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        env={"LC_ALL": "C", "PATH": os.environ.get("PATH", "")},
    )


def attend(
    child: subprocess.Popen[bytes],
    policy: Policy,
    *,
    given: bytes = b"",
    on_output: Callable[[bytes], None] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Finished:
    """Give `given` (one line at most) to the child's standard input and wait for its end, as `run` does."""
    collected: list[bytes] = []
    words = bytearray()
    try:
        timed_out = not _listen(child, policy, given, on_output or collected.append, words, cancelled)
    finally:
        end(child)
    text = words.decode("utf-8", "replace")
    if child.returncode == confine.FAILED and "confine:" in text:
        raise SandboxWeakError(technical=text.strip())
    return Finished(child.returncode, b"".join(collected), text, timed_out)


def _listen(
    child: subprocess.Popen[bytes],
    policy: Policy,
    given: bytes,
    take: Callable[[bytes], None],
    words: bytearray,
    cancelled: Callable[[], bool],
) -> bool:
    """Read both pipes until they close and the child ends; False when its time ran out first."""
    assert child.stdin is not None
    assert child.stdout is not None
    assert child.stderr is not None
    with contextlib.suppress(BrokenPipeError):
        child.stdin.write(given)
        child.stdin.close()
    deadline = time.monotonic() + policy.wall_seconds
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdout, selectors.EVENT_READ)
        selector.register(child.stderr, selectors.EVENT_READ)
        while selector.get_map():
            if cancelled():
                raise CancelledError
            if time.monotonic() > deadline:
                return False
            for key, _ in selector.select(timeout=_LOOK_SECONDS):
                chunk = os.read(key.fd, _CHUNK)
                if not chunk:
                    selector.unregister(key.fileobj)
                elif key.fd == child.stdout.fileno():
                    take(chunk)
                else:
                    words += chunk
                    del words[:-_ERRORS_KEPT]
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(timeout=max(1.0, deadline - time.monotonic()))
        return True
    return False


def end(child: subprocess.Popen[bytes]) -> None:
    """End the child and whatever it started, and its pipes; quiet when it has already ended."""
    if child.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    for pipe in (child.stdin, child.stdout, child.stderr):
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


@functools.cache
def sandbox_strength() -> SandboxReport:
    """Try the sandbox on this machine, once per process, and say what holds.

    A child confines itself and then tries to read a file outside and to open a socket.
    """
    script = (
        "import importlib.util,json,socket,sys\n"
        "spec=importlib.util.spec_from_file_location('confine',sys.argv[1])\n"
        "confine=importlib.util.module_from_spec(spec);spec.loader.exec_module(confine)\n"
        "missing=confine.confine(json.loads(sys.argv[2]))\n"
        "def holds(act):\n"
        "    try: act()\n"
        "    except PermissionError: return True\n"
        "    except OSError: return False\n"
        "    return False\n"
        "if not holds(lambda: open('/etc/passwd').close()): missing.append('files: reads outside its folder')\n"
        "def call():\n"
        "    s=socket.socket(); s.settimeout(1)\n"
        "    try: s.connect(('127.0.0.1',9))\n"
        "    except ConnectionRefusedError: return\n"
        "    except OSError as e: raise PermissionError from e\n"
        "if not holds(call): missing.append('network: reaches the loopback address')\n"
        "print(json.dumps(missing))\n"
    )
    policy = Policy(memory_bytes=1 << 30, cpu_seconds=10, wall_seconds=20.0)
    done = run_own([sys.executable, "-I", "-S", "-c", script, _CONFINE, policy.encode([])], policy)
    try:
        reasons = tuple(str(reason) for reason in json.loads(done.output))
    except ValueError:
        reasons = (f"the trial run failed: {done.errors.strip()[-300:]}",)
    return SandboxReport("weak" if reasons else "full", reasons)
