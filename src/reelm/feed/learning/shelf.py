"""Puts matrices in force: written beside, made durable, then named `current` in one step.

Whatever ends the writer at whatever moment, `current` names a complete set: the one before, or the new one.
"""

import hashlib
import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path

import msgspec
import numpy as np

from reelm.feed.learning import rule
from reelm.feed.learning.matrices import CURRENT, FORMAT, MANIFEST, PARTS, KindFiles, Manifest, Rows
from reelm_audit.tlog import canonical

_KEPT = 2
_NEW = ".new-"


def digest_of(manifest: Manifest) -> str:
    """The SHA-256 of what a manifest says, hexadecimal."""
    said = msgspec.to_builtins(manifest)
    del said["digest"]
    return hashlib.sha256(canonical.encode(said)).hexdigest()


def put_in_force(folder: Path, generation: bytes, made_at: int, kinds: Mapping[str, Rows | None]) -> Manifest:
    """Write a set of matrices below `folder` and name it `current`; return its manifest. Durable when it returns.

    A kind of which nothing is given stays as it is in the set in force: its files are linked, not copied.
    """
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f"{_NEW}{secrets.token_hex(8)}"
    draft.mkdir()
    manifest = Manifest(
        format=FORMAT,
        generation=generation.hex(),
        made_at=made_at,
        contributors_min=rule.CONTRIBUTORS_MIN,
        rule=rule.DIGEST,
        kinds={
            kind: _link(folder, draft, kind) if rows is None else _write(draft, kind, rows)
            for kind, rows in kinds.items()
        },
        digest="",
    )
    manifest = msgspec.structs.replace(manifest, digest=digest_of(manifest))
    _write_durably(draft / MANIFEST, msgspec.json.encode(manifest))
    sync_folder(draft)
    name = f"{made_at}-{manifest.digest[:16]}"
    if (folder / name).exists():  # the same again, to the byte
        shutil.rmtree(draft)
    else:
        draft.rename(folder / name)
    point(folder, name)
    tidy(folder)
    return manifest


def point(folder: Path, name: str) -> None:
    """Make `current` name another folder, in one step."""
    link = folder / f"{_NEW}{secrets.token_hex(8)}"
    link.symlink_to(name)
    link.rename(folder / CURRENT)
    sync_folder(folder)


def tidy(folder: Path) -> None:
    """Remove what nothing names any more. A reader that still has it mapped keeps it until it lets go."""
    held = (folder / CURRENT).resolve().name if (folder / CURRENT).is_symlink() else ""
    finished = sorted(
        (each for each in folder.iterdir() if (each / MANIFEST).exists() and not each.is_symlink()),
        key=lambda each: each.stat().st_mtime_ns,
    )
    old = [each for each in finished if each.name != held and not each.name.startswith(_NEW)]
    for each in old[: -(_KEPT - 1)]:
        shutil.rmtree(each, ignore_errors=True)


def clear_drafts(folder: Path) -> None:
    """Remove what killed writers left half-written. Only for the one writer there is, before it begins."""
    if folder.exists():
        for each in folder.glob(f"{_NEW}*"):
            if each.is_symlink():
                each.unlink(missing_ok=True)
            else:
                shutil.rmtree(each, ignore_errors=True)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(folder: Path, kind: str, rows: Rows) -> KindFiles:
    files = {}
    for part, values in (("indptr", rows.indptr), ("neighbour", rows.neighbour), ("weight", rows.weight)):
        path = folder / f"{kind}.{part}.npy"
        with path.open("xb") as file:
            np.save(file, values, allow_pickle=False)
            file.flush()
            os.fsync(file.fileno())
        with path.open("rb") as file:
            files[part] = hashlib.file_digest(file, "sha256").hexdigest()
    return KindFiles(rows=len(rows.indptr) - 1, entries=len(rows.neighbour), files=files)


def _link(folder: Path, draft: Path, kind: str) -> KindFiles:
    held = (folder / CURRENT).resolve(strict=True)
    for part in PARTS:
        (draft / f"{kind}.{part}.npy").hardlink_to(held / f"{kind}.{part}.npy")
    return msgspec.json.decode((held / MANIFEST).read_bytes(), type=Manifest).kinds[kind]


def _write_durably(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
