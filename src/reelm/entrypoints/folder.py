"""The data folder of a realm: its layout, who may enter what, and the lock of its one supervisor.

postgres/  run/ (lock, sockets)  keys/  blobs/  secrets/  logs/
"""

import contextlib
import fcntl
import json
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from reelm.entrypoints.process import started_at

NOBODY = 65534
SOCKET_NAME = ".s.PGSQL.5432"
# sockaddr_un.sun_path holds 108 bytes with the closing zero (unix(7)); the margin is for the lock file and
# the temporary names that PostgreSQL puts beside its socket.
_SOCKET_PATH_BYTES = 107 - len(".lock")
_FREE_BYTES_TO_START = 256 * 1024 * 1024
_STRAGGLER_SECONDS = 15.0
_PRIVATE = ("keys", "secrets", "logs", "blobs")


class StartError(Exception):
    """A reason not to start that a person can act on; `hint` says how."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class DataFolder:
    """Makes and guards the data folder at `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.run = self.path / "run"
        self.logs = self.path / "logs"
        self.secrets = self.path / "secrets"
        self.postgres = self.path / "postgres"
        self._lock: int | None = None

    def prepare(self) -> None:
        """Create what is missing, with its permissions. Raises StartError."""
        traversable = 0o711 if os.geteuid() == 0 else 0o700
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=traversable)
            self.run.mkdir(exist_ok=True, mode=traversable)
            if os.geteuid() == 0:
                self.run.chmod(traversable)
                self._let_others_pass()
            for name in _PRIVATE:
                (self.path / name).mkdir(exist_ok=True, mode=0o700)
                (self.path / name).chmod(0o700)
            _probe_writing(self.run)
        except OSError as error:
            raise _refusal(self.path, error) from error
        free = shutil.disk_usage(self.path).free
        if free < _FREE_BYTES_TO_START:
            raise StartError(
                f"Only {free // 2**20} MiB are free where {self.path} lies; starting needs"
                f" {_FREE_BYTES_TO_START // 2**20} MiB.",
                "Free some space or choose another folder with --data.",
            )

    def _let_others_pass(self) -> None:
        mode = stat.S_IMODE(self.path.stat().st_mode)
        if not mode & stat.S_IXOTH:
            self.path.chmod(mode | stat.S_IXGRP | stat.S_IXOTH)

    def lock(self, address: str) -> None:
        """Take the folder for this process and its forked children, until the last of them is gone.

        A holder that lives is another supervisor: StartError names it. One that is dead leaves only
        children that the kernel is about to end: they are waited for.
        """
        descriptor = os.open(self.run / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + _STRAGGLER_SECONDS
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                self._refuse_if_running(descriptor)
            if time.monotonic() > deadline:
                os.close(descriptor)
                raise StartError(
                    f"Processes of an earlier run still use {self.path}.",
                    "They should have ended by themselves: look for them with ps, end them, start again.",
                )
            time.sleep(0.02)
        self._lock = descriptor
        self.name_owner(address)

    def name_owner(self, address: str) -> None:
        """Write into the lock who holds it and where it can be reached."""
        if self._lock is None:
            raise RuntimeError("take the lock before naming its owner")
        owner = {"pid": os.getpid(), "started": started_at(os.getpid()), "address": address}
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, json.dumps(owner).encode(), 0)

    def owner(self) -> dict[str, Any] | None:
        """The supervisor that runs on this folder now: its `pid` and `address`; None if there's none."""
        try:
            owner = json.loads((self.run / "lock").read_bytes())
        except (OSError, ValueError):
            return None  # never started, stopped, or has the lock and hasn't written its name yet
        return owner if started_at(owner["pid"]) == owner["started"] else None

    def _refuse_if_running(self, descriptor: int) -> None:
        owner = self.owner()
        if owner is not None:
            os.close(descriptor)
            raise StartError(
                f"Reelm already runs on {self.path}: process {owner['pid']}, at {owner['address']}.",
                "Stop that one first, or choose another folder with --data.",
            )

    def unlock(self) -> None:
        """Give the folder back. The lock file stays: removing it would let two take it at once."""
        if self._lock is not None:
            os.ftruncate(self._lock, 0)
            os.close(self._lock)
            self._lock = None

    def choose_sockets(self, *, reachable_by_all: bool) -> Path:
        """Choose the folder for Unix sockets: run/ itself if possible.

        Where its path is too long for a socket, or another user must pass and can't, it is a short temporary
        one whose path is kept in run/sockets.
        """
        record = self.run / "sockets"
        longest = self.run / "pg" / SOCKET_NAME
        if reachable_by_all and len(bytes(longest)) <= _SOCKET_PATH_BYTES:
            record.unlink(missing_ok=True)
            return self.run
        with contextlib.suppress(OSError):
            known = Path(record.read_text())
            if _is_ours(known):
                return known
        chosen = Path(tempfile.mkdtemp(prefix="reelm-", dir=_short_temporary_folder()))
        chosen.chmod(0o711)
        record.write_text(str(chosen))
        return chosen

    def forget_sockets(self) -> None:
        """Remove a temporary socket folder after an orderly stop."""
        record = self.run / "sockets"
        with contextlib.suppress(OSError):
            known = Path(record.read_text())
            if _is_ours(known):
                shutil.rmtree(known)
            record.unlink()


def reachable_by(user: int, path: Path) -> bool:
    """Whether `user`, as a stranger to every folder on the way, may enter `path`'s parents."""
    for parent in path.absolute().parents:
        state = parent.stat()
        owned = state.st_uid == user and state.st_mode & stat.S_IXUSR
        if not owned and not state.st_mode & stat.S_IXOTH:
            return False
    return True


def read_or_make_secret(path: Path, make: Callable[[], str]) -> str:
    """The secret in `path` (0600); made by `make`, written whole or not at all, when there is none."""
    try:
        return path.read_text()
    except FileNotFoundError:
        pass
    secret = make()
    draft = path.with_name(path.name + ".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secret)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
    return secret


def _is_ours(folder: Path) -> bool:
    state = folder.lstat()
    return stat.S_ISDIR(state.st_mode) and state.st_uid == os.geteuid() and not state.st_mode & 0o022


def _short_temporary_folder() -> str | None:
    for candidate in ("/tmp", "/var/tmp"):  # noqa: S108 - made by mkdtemp; TMPDIR may be too long for sockets
        if os.access(candidate, os.W_OK | os.X_OK):
            return candidate
    return None


def _probe_writing(folder: Path) -> None:
    with tempfile.TemporaryFile(dir=folder) as probe:
        probe.write(bytes(65536))
        probe.flush()
        os.fsync(probe.fileno())


def _refusal(path: Path, error: OSError) -> StartError:
    reasons = {
        13: f"This user may not write to {path}.",
        1: f"This user may not set permissions in {path}.",
        17: f"{path} is not a folder.",
        20: f"{path} is not a folder.",
        28: f"The disk that holds {path} is full.",
        30: f"{path} is on a read-only disk.",
        36: f"The path {path} is too long for this file system.",
        122: f"The disk quota for {path} is used up.",
    }
    message = reasons.get(error.errno or 0, f"The folder {path} can't be used: {error.strerror}.")
    return StartError(message, "Choose a folder of yours with --data.")
