"""Base snapshots: the whole catalog at one frame, so that a page can be retrieved again without all of history.

A base holds the columns that change and the lists, and commits to the log up to it and to who its rows are; its
digest goes into the ledger. spec/receipt/snapshots.md is the format. Bases of the last two days are all kept, of the
time before one an hour, since the log between them gives the others again; after thirty days both go.
"""

import hashlib
import itertools
import os
import shutil
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from reelm.feed.catalog.layout import AT_LISTED, AT_LISTS, SETTABLE, Mapping
from reelm.feed.catalog.log import IDENTITIES, LEAF_BYTES, ROW_BYTES, first_seq, frames, segments
from reelm.feed.catalog.store import Store

MAGIC: Final = b"RLBASE01"
HEAD: Final = struct.Struct("<8s16sQII32s32s")
SUFFIX: Final = ".base"
KEPT_SECONDS: Final = 30 * 24 * 3600
_ALL_SECONDS = 2 * 24 * 3600
_HOUR = 3600
_LEVEL = 1


class Base(msgspec.Struct, frozen=True):
    """A base on the disk. `at` in Unix seconds; `digest` is SHA-256 of its content, uncompressed."""

    path: Path
    generation: bytes
    seq: int
    at: int
    digest: str


def state(mapping: Mapping) -> bytes:
    """Return what a base says after its head; what a dead row was last is 0."""
    size = mapping.size
    alive = mapping.columns["alive"][:size] != 0
    parts = [np.packbits(alive, bitorder="little").tobytes()]
    for name in SETTABLE:
        kind = "<i4" if name == "duration_ms" else "<i8"
        parts.append(np.where(alive, mapping.columns[name][:size], 0).astype(kind).tobytes())
    lists = mapping.all_lists()
    parts.append(struct.pack("<QIB", mapping.header[AT_LISTS], mapping.header[AT_LISTED], len(lists)))
    for (kind_of_list, key), rows in lists.items():
        parts.append(struct.pack("<BqI", kind_of_list, key, len(rows)) + rows.astype("<u4").tobytes())
    return b"".join(parts)


class Pending(msgspec.Struct, frozen=True):
    """A base that is taken and not yet written; `chain` is the log's head at it."""

    folder: Path
    mapping: Mapping
    seq: int
    at: int
    size: int
    chain: bytes
    state: bytes


def take(store: Store, at: int) -> Pending:
    """Take a base of the present frame: short, and nothing else may change the catalog meanwhile."""
    store.log.rotate()
    mapping = store.mapping
    return Pending(store.folder, mapping, store.log.seq, at, mapping.size, store.log.chain, state(mapping))


def write(pending: Pending) -> Base:
    """Write a base that was taken; it is on the disk, and who its rows are, when this returns."""
    generation, folder = pending.mapping.generation, pending.folder
    leaves = leaves_digest(folder, pending.size)
    head = HEAD.pack(MAGIC, generation, pending.seq, pending.at, pending.size, pending.chain, leaves)
    made = head + pending.state
    path = folder / f"{pending.seq:016}{SUFFIX}"
    new = path.with_suffix(".new")
    with new.open("wb") as file:
        file.write(zlib.compress(made, _LEVEL))
        file.flush()
        os.fsync(file.fileno())
    with (folder / IDENTITIES).open("rb") as identities:
        os.fsync(identities.fileno())
    new.replace(path)
    return Base(path, generation, pending.seq, pending.at, hashlib.sha256(made).hexdigest())


def leaves_digest(folder: Path, size: int) -> bytes:
    """Return SHA-256 over the leaves of the first `size` rows."""
    told = hashlib.sha256()
    with (folder / IDENTITIES).open("rb") as file:
        left = size
        while left > 0 and (block := file.read(ROW_BYTES * min(left, 4096))):
            rows = np.frombuffer(block, np.uint8).reshape(-1, ROW_BYTES)
            told.update(np.ascontiguousarray(rows[:, :LEAF_BYTES]).tobytes())
            left -= len(rows)
    return told.digest()


def seq_of(path: Path) -> int:
    """Return the frame that a base is of."""
    return int(path.stem)


def bases(folder: Path) -> list[Path]:
    """Return the bases of a generation, oldest first."""
    return sorted(folder.glob(f"*{SUFFIX}"))


def read(path: Path) -> Base:
    """Return what a base says of itself, its digest counted again."""
    data = zlib.decompress(path.read_bytes())
    _, generation, seq, at, *_ = HEAD.unpack_from(data)
    return Base(path, generation, seq, at, hashlib.sha256(data).hexdigest())


def newest(folder: Path) -> Base | None:
    """Return a generation's newest base."""
    found = bases(folder)
    return read(found[-1]) if found else None


# --- what is no longer kept -----------------------------------------------------------------------------------


def thin(folder: Path, now: int) -> None:
    """Remove the bases between the hours of older days, and what is older than thirty days.

    The newest base stays, and one from before the thirty days, for what the log has of their first minutes.
    """
    found = [(path, int(path.stat().st_mtime)) for path in bases(folder)]
    too_old = [path for path, at in found if at < now - KEPT_SECONDS]
    for path in too_old[:-1]:
        path.unlink()
    hour = -1
    for path, at in found[:-1]:
        if now - KEPT_SECONDS <= at < now - _ALL_SECONDS:
            if at // _HOUR == hour:
                path.unlink()
            hour = at // _HOUR
    if too_old:
        known = segments(folder)
        for path, following in itertools.pairwise(known):
            if first_seq(following) <= seq_of(too_old[-1]) + 1:
                path.unlink()


def forget_elsewhere(store: Store, now: int) -> None:
    """Forget, in the folders of earlier generations, clips that are no longer public; remove what is too old."""
    for folder in store.folder.parent.iterdir():
        if folder == store.folder or not folder.is_dir():
            continue
        if max((path.stat().st_mtime for path in folder.iterdir()), default=0) < now - KEPT_SECONDS:
            shutil.rmtree(folder)
            continue
        _forget_in(folder / IDENTITIES, store.mapping)


def _forget_in(path: Path, mapping: Mapping) -> None:
    if not path.exists():
        return
    before = path.stat()
    rows = (
        np.memmap(path, np.uint8, "r+").reshape(-1, ROW_BYTES) if before.st_size else np.zeros((0, ROW_BYTES))
    )
    ids = np.ascontiguousarray(rows[:, LEAF_BYTES + 16 : LEAF_BYTES + 32]).view("V16").ravel()
    alive = mapping.columns["id"][: mapping.size][mapping.columns["alive"][: mapping.size] != 0]
    living = np.ascontiguousarray(alive).view("V16").ravel()
    gone = ~np.isin(ids.view("S16"), living.view("S16")) & rows[:, LEAF_BYTES:].any(axis=1)
    if gone.any():
        rows[gone, LEAF_BYTES:] = 0
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


# --- handing out ----------------------------------------------------------------------------------------------


def between(snapshots: Path, start: int, end: int) -> Iterator[tuple[Path, list[Path]]]:
    """Yield each generation's folder with the files that retrieval from `start` to `end` (Unix seconds) needs.

    Those are the newest base before `start`, every base and every segment up to `end`, and the identities.
    """
    for folder in sorted(path for path in snapshots.iterdir() if path.is_dir()):
        found = [(path, read(path).at) for path in bases(folder)]
        before = [path for path, at in found if at <= start][-1:]
        chosen = before + [path for path, at in found if start < at <= end]
        first = seq_of(before[0]) if before else 0
        known = segments(folder)
        deltas = [
            path
            for path, following in zip(known, [*known[1:], None], strict=True)
            if (following is None or first_seq(following) > first + 1) and _begun(path) <= end
        ]
        if chosen or deltas:
            yield folder, [*chosen, *deltas, folder / IDENTITIES]


def _begun(path: Path) -> float:
    """Return the time of a segment's first frame; later than anything where it has none."""
    return next((frame.at for frame, _, _ in frames(path)), float("inf"))
