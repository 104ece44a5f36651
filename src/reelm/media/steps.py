"""A work folder in which every step is done once and whole, or not at all.

A step writes into `.NAME.part`; when it has succeeded, its files are synced, `result.json` is written and
the folder takes its name in one rename. A worker that is killed leaves only a part folder, which the
next one removes. A lock keeps two workers out of one folder; a digest of the task starts a changed
task anew.
"""

import fcntl
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from reelm.media.errors import CancelledError, DiskFullError

RESULT = "result.json"
_TASK = "task.json"
_NO_SPACE = {28, 122}
_LOCK_POLL_SECONDS = 0.1


class Workshop:
    """The steps of one clip's preparation, under one folder that belongs to it alone."""

    def __init__(self, root: Path, task: dict[str, Any]) -> None:
        """Open (or make) the folder for `task`; what another task left there is removed."""
        self.root = root
        self._digest = hashlib.sha256(json.dumps(task, sort_keys=True).encode()).hexdigest()

    @contextmanager
    def open(self, cancelled: Callable[[], bool] = lambda: False) -> Iterator[None]:
        """Hold the folder's lock. Raises CancelledError if told so while waiting."""
        with _disk_errors():
            self.root.mkdir(parents=True, exist_ok=True)
        lock = os.open(self.root / ".lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if cancelled():
                        raise CancelledError from None
                    time.sleep(_LOCK_POLL_SECONDS)
            with _disk_errors():
                self._settle()
            yield
        finally:
            os.close(lock)

    def _settle(self) -> None:
        """Keep what this very task has finished, remove everything else."""
        task = self.root / _TASK
        same = task.is_file() and task.read_text() == self._digest
        for entry in self.root.iterdir():
            if entry.is_dir() and (not same or entry.name.startswith(".")):
                shutil.rmtree(entry)
        if not same:
            _write_synced(task, self._digest)
            _sync_folder(self.root)

    def finished(self, name: str) -> tuple[Path, dict[str, Any]] | None:
        """Return a finished step's folder and result."""
        folder = self.root / name
        try:
            return folder, json.loads((folder / RESULT).read_text())
        except FileNotFoundError:
            return None

    def once(self, name: str, make: Callable[[Path], dict[str, Any]]) -> tuple[Path, dict[str, Any]]:
        """Return the step's folder and result, running `make(folder)` only if it is not finished.

        `make` returns a JSON object; the files it leaves in the folder belong to the result. Raises
        DiskFullError when there is no room.
        """
        done = self.finished(name)
        if done is not None:
            return done
        part, final = self.root / f".{name}.part", self.root / name
        with _disk_errors():
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            try:
                result = make(part)
                _write_synced(part / RESULT, json.dumps(result))
                for file in part.iterdir():
                    _sync_file(file)
                _sync_folder(part)
            except BaseException:
                shutil.rmtree(part, ignore_errors=True)
                raise
            part.rename(final)
            _sync_folder(self.root)
        return final, result

    def forget(self, name: str) -> None:
        """Remove a finished step that a later one has taken in."""
        shutil.rmtree(self.root / name, ignore_errors=True)


@contextmanager
def _disk_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _NO_SPACE:
            raise DiskFullError(technical=str(error)) from error
        raise


def _write_synced(path: Path, text: str) -> None:
    with path.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync_file(path: Path) -> None:
    if path.is_file():
        with path.open("rb") as file:
            os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
