"""Writing so that a crash leaves the old file or the new one, never half of either."""

import os
from pathlib import Path


def write_whole(path: Path, data: bytes, mode: int = 0o644, *, named: bool = True) -> None:
    """Replace `path` by `data`, on disk when this returns; not `named`: its name, only once its folder is synced."""
    draft = path.with_name(path.name + ".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    if named:
        sync_folder(path.parent)


def make_folder(path: Path, mode: int = 0o755) -> None:
    """Make a folder that is there after a crash, too."""
    if not path.is_dir():
        path.mkdir(mode=mode, parents=True, exist_ok=True)
        sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Bring a folder's list of files to disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
