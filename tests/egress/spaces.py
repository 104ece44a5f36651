"""Network namespaces and the wires between them, made by whoever may: root, or any user in a namespace of their own.

    core                     border                      world, guest
    ┌───────────────┐        ┌──────────────┐            ┌──────────────┐
    │ lo, and that  │        │ no lo        │── link ────│ another      │
    │ is all: no    │ files, │ 10.77.1.1 ───│            │ realm, and   │
    │ route leads   │ Unix   │ 10.77.2.1 ───│── link ────│ a foreign    │
    │ anywhere      │ sockets│ default: out │            │ server       │
    └───────────────┘        └──────────────┘            └──────────────┘

A process keeps the namespace that its thread was in when it was started, a socket that in which it was made.
"""

import contextlib
import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

BORDER_WORLD, WORLD = "10.77.1.1", "10.77.1.2"
BORDER_GUEST, GUEST = "10.77.2.1", "10.77.2.2"
ALLOWED = "10.77.0.0/16"
_NEW_NETWORK = 0x40000000
_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
_libc = ctypes.CDLL(None, use_errno=True)


class ForbiddenHereError(Exception):
    """This machine lets nobody make namespaces: nothing was tested."""


def _checked(result: int, what: str) -> None:
    if result:
        number = ctypes.get_errno()
        raise ForbiddenHereError(f"{what}: {os.strerror(number)}")


@dataclass
class Space:
    """One network namespace, kept alive by a process that does nothing."""

    name: str
    descriptor: int
    holder: "subprocess.Popen[bytes]"

    @classmethod
    def make(cls, name: str) -> "Space":
        """Raises `ForbiddenHereError`."""
        with _coming_back():
            _checked(_libc.unshare(_NEW_NETWORK), "make a network namespace")
            descriptor = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
            holder = subprocess.Popen(["sleep", "infinity"], stdin=subprocess.DEVNULL)
        return cls(name, descriptor, holder)

    @contextlib.contextmanager
    def inside(self) -> Iterator[None]:
        """This thread's sockets and children are of the namespace meanwhile."""
        with _coming_back():
            _checked(_libc.setns(self.descriptor, _NEW_NETWORK), f"enter {self.name}")
            yield

    @property
    def inode(self) -> int:
        """What tells it from others (`/proc/PID/ns/net`)."""
        return os.fstat(self.descriptor).st_ino

    def start(self, command: list[str], **options: Any) -> "subprocess.Popen[bytes]":
        """Start a process in it."""
        with self.inside():
            return subprocess.Popen(command, **options)

    def ip(self, *arguments: str) -> str:
        """Run `ip` in it."""
        tool = shutil.which("ip", path=_PATH)
        if tool is None:
            raise ForbiddenHereError("the tool `ip` (iproute2) is missing")
        with self.inside():
            done = subprocess.run([tool, *arguments], capture_output=True, text=True, check=False)
        if done.returncode:
            raise ForbiddenHereError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def close(self) -> None:
        self.holder.kill()
        self.holder.wait()
        os.close(self.descriptor)


@contextlib.contextmanager
def _coming_back() -> Iterator[None]:
    own = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield
    finally:
        back = _libc.setns(own, _NEW_NETWORK)
        os.close(own)
        if back:
            # Whatever ran on would run in the wrong place.
            os._exit(70)


@dataclass
class Spaces:
    """All of them, wired."""

    core: Space
    border: Space
    world: Space
    guest: Space

    @property
    def all(self) -> tuple[Space, ...]:
        return self.core, self.border, self.world, self.guest


@contextlib.contextmanager
def wired() -> Iterator[Spaces]:
    """Make the namespaces and the two links. Raises `ForbiddenHereError`."""
    made: list[Space] = []
    try:
        names = ("core", "border", "world", "guest")
        made.extend(Space.make(name) for name in names)
        spaces = Spaces(*made)
        for space in (spaces.core, spaces.world, spaces.guest):
            space.ip("link", "set", "lo", "up")
        for host, near, far in ((spaces.world, BORDER_WORLD, WORLD), (spaces.guest, BORDER_GUEST, GUEST)):
            pid = str(host.holder.pid)
            spaces.border.ip("link", "add", host.name, "type", "veth", "peer", "name", "outer", "netns", pid)
            spaces.border.ip("address", "add", f"{near}/24", "dev", host.name)
            spaces.border.ip("link", "set", host.name, "up")
            host.ip("address", "add", f"{far}/24", "dev", "outer")
            host.ip("link", "set", "outer", "up")
            host.ip("route", "add", "10.77.0.0/16", "via", near)
        # Whatever the border would send anywhere is seen on a link.
        spaces.border.ip("route", "add", "default", "via", GUEST)
        yield spaces
    finally:
        for space in made:
            space.close()


def again_in_a_namespace(module: str, arguments: list[str]) -> int:
    """Run a module in namespaces of its own, as root within them; return its exit code."""
    tool = shutil.which("unshare", path=_PATH)
    if tool is None:
        raise ForbiddenHereError("the tool `unshare` (util-linux) is missing")
    tried = subprocess.run([tool, "-Urn", "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        raise ForbiddenHereError(tried.stderr.strip())
    return subprocess.run(
        [tool, "-Urn", sys.executable, "-m", module, *arguments], check=False, env=os.environ
    ).returncode


def as_nobody_much(command: list[str], user: int) -> list[str]:
    """Return a command that runs as an ordinary user again, with no right over any namespace.

    Like any machine's realm, and since PostgreSQL refuses to run as root.
    """
    tool = shutil.which("unshare", path=_PATH) or "unshare"
    return [tool, "--user", f"--map-user={user}", f"--map-group={user}", "--", *command]
