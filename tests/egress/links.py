"""The capture of one run, and the processes beside it: started, proved to work, ended."""

import contextlib
import json
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.egress import streams
from tests.egress.spaces import GUEST, Space, Spaces


class FailedError(Exception):
    """The run itself didn't work: nothing may be concluded from it."""


@dataclass
class Capture:
    """A running capture of all that the border's namespace is linked to."""

    path: Path
    process: "subprocess.Popen[bytes]"

    def end(self) -> streams.Seen:
        """Stop and read it. Raises `FailedError` where a frame was lost, or the capture saw nothing."""
        if self.process.stdin is None or self.process.stdout is None:
            raise FailedError("the capture has no way to be ended")
        self.process.stdin.close()
        said = json.loads(self.process.stdout.readline() or b"{}")
        self.process.wait(30)
        self.process.stdout.close()
        seen = streams.read(self.path)
        if said.get("lost") != 0 or said.get("frames") != seen.frames:
            raise FailedError(f"the capture is not whole: {said}")
        return seen


@contextlib.contextmanager
def captured(spaces: Spaces, path: Path) -> Iterator[Capture]:
    """Capture until the end of the block, or until `end`."""
    with _begun(spaces.border, path) as capture:
        yield capture


@contextlib.contextmanager
def _begun(space: Space, path: Path) -> Iterator[Capture]:
    command = [sys.executable, "-m", "tests.egress.capture", str(path)]
    process = space.start(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        if process.stdout is None or process.stdout.readline().strip() != b"ready":
            raise FailedError("the capture did not start")
        yield Capture(path, process)
    finally:
        process.kill()
        process.wait()


def prove_that_it_sees(spaces: Spaces, path: Path) -> None:
    """Let something out on purpose, as a border that cheats would: the capture must hold it, and call it wrong."""
    mark = secrets.token_hex(16).encode()
    with captured(spaces, path) as capture:
        with spaces.border.inside(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as leak:
            leak.sendto(mark, (GUEST, 53))
        with spaces.guest.inside(), socket.create_server((GUEST, 9445)) as server:
            with spaces.border.inside():
                leak_too = socket.create_connection((GUEST, 9445), timeout=5)
            with leak_too, server.accept()[0] as other:
                leak_too.sendall(b"stream " + mark)
                other.recv(64)
        seen = capture.end()
    if mark not in seen.raw or not any("port 53" in each for each in seen.others):
        raise FailedError("a datagram that was let out was not seen")
    if not any(stream.to_other.data == b"stream " + mark for stream in seen.streams):
        raise FailedError("a stream that was let out was not seen")


@contextlib.contextmanager
def beside(space: Space, *arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A process of `tests.egress.hosts` in a namespace."""
    process = space.start([sys.executable, "-m", "tests.egress.hosts", *arguments], stdout=subprocess.PIPE)
    try:
        if process.stdout is None or process.stdout.readline().strip() != b"ready":
            raise FailedError(f"a foreign host did not start: {arguments[0]}")
        yield process
    finally:
        process.kill()
        process.wait()
