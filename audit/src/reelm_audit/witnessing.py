"""A witness: what it has cosigned last of each log, on disk before it answers, and never two that contradict.

State is one folder: for each log `<sha256 of its origin>/checkpoint`, the checkpoint with this witness's
cosignature, which is also what is shown to whoever asks. One process holds the folder at a time.
"""

import base64
import fcntl
import os
import secrets
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from reelm_audit.files import make_folder, write_whole
from reelm_audit.tlog.checkpoint import Checkpoint
from reelm_audit.tlog.checkpoint import parse as parse_checkpoint
from reelm_audit.tlog.cosignature import CosignatureSigner
from reelm_audit.tlog.encoding import b64decode
from reelm_audit.tlog.note import NoteError, Verifier, open_note, parse_note
from reelm_audit.tlog.witness import AddCheckpoint, checkpoint_path, judge


class StateError(Exception):
    """What is on disk can't be relied on; the witness does not start, since it might contradict itself."""


def read_or_make_key(name: str, path: Path) -> CosignatureSigner:
    """Return the witness's key from a file of base64; a new one is made, readable by its owner only, if missing."""
    if not path.exists():
        make_folder(path.parent)
        write_whole(path, base64.b64encode(secrets.token_bytes(32)) + b"\n", 0o600)
    try:
        return CosignatureSigner(name, b64decode(path.read_text("ascii").removesuffix("\n"), 32))
    except ValueError as error:
        raise StateError(f"{path} does not hold a witness's key") from error


class Witness:
    """Decides about checkpoints of the logs it is given, one at a time."""

    def __init__(
        self, key: CosignatureSigner, folder: Path, logs: Iterable[Verifier], now: Callable[[], int]
    ) -> None:
        self.key, self._folder, self._now = key, folder, now
        self._lock = threading.Lock()
        self._logs: dict[str, list[Verifier]] = {}
        for log in logs:
            self._logs.setdefault(log.name, []).append(log)
        make_folder(folder)
        self._held = _hold(folder / "lock")
        self._seen: dict[str, Checkpoint] = {}
        for origin in self._logs:
            self._read(origin)

    def add_checkpoint(self, request: AddCheckpoint) -> str:
        """Cosign a checkpoint and return the signature line; it is on disk by then. Raises `RefusedError`."""
        with self._lock:
            checkpoint = judge(request, self._logs, self._seen)
            line = self.key.signature_line(checkpoint.text(), self._now())
            path = self._folder / checkpoint_path(checkpoint.origin)
            note = parse_note(request.note)
            by_log = [each for each in note.lines if each.name == checkpoint.origin]
            shown = note.text + "\n" + "".join(each.line for each in by_log) + line
            make_folder(path.parent)
            write_whole(path, shown.encode())
            self._seen[checkpoint.origin] = checkpoint
            return line

    def shown(self, path: str) -> bytes | None:
        """Return the last cosigned checkpoint at this path below the witness's address, if there is one."""
        for origin in self._logs:
            if path == checkpoint_path(origin) and origin in self._seen:
                return (self._folder / path).read_bytes()
        return None

    def close(self) -> None:
        """Let another process hold the folder."""
        os.close(self._held)

    def _read(self, origin: str) -> None:
        path = self._folder / checkpoint_path(origin)
        if not path.exists():
            return
        try:
            opened = open_note(path.read_bytes(), [self.key.verifier])
            checkpoint = parse_checkpoint(opened.text)
        except NoteError as error:
            raise StateError(f"{path} is not a checkpoint that this witness has cosigned: {error}") from error
        if checkpoint.origin != origin:
            raise StateError(f"{path} is a checkpoint of another log")
        self._seen[origin] = checkpoint


def _hold(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise StateError(f"another witness is using {path.parent}") from error
    return descriptor
