"""The catalog as the indexer keeps it: what changes goes into the log first, then into the file that all read.

A frame that is in the log and not in the file is applied when the store is opened again. Where the two do not belong
together (the machine went down, a file is damaged or was brought back from elsewhere) a new generation begins: empty,
under a new name, and whoever follows the database fills it.
"""

import fcntl
import os
import secrets
from collections.abc import Callable, Sequence
from collections.abc import Mapping as Map
from pathlib import Path
from typing import Self

import msgspec
import numpy as np
import structlog

from reelm.feed.catalog import lists
from reelm.feed.catalog.layout import (
    AT_BOOT,
    AT_CLOSED,
    AT_LOCK,
    CATALOG,
    CatalogFileError,
    Mapping,
    create,
    current,
    publish,
)
from reelm.feed.catalog.log import Log
from reelm.feed.catalog.records import DamagedError, Frame, Identity, Put, Set
from reelm.feed.catalog.writer import apply, begin_frame, end_frame, grown, has_room, supersede_others

_log = structlog.get_logger()
SNAPSHOTS = "snapshots"
FIRST_ROWS = 1024
FIRST_KEYS = 8192


class AnotherWriterError(Exception):
    """Another process keeps this catalog."""


class NewRow(msgspec.Struct, frozen=True):
    """A clip that comes into the catalog."""

    identity: Identity
    language: int
    published: int
    duration_ms: int
    counters: tuple[int, ...]


class Store:
    """The one writer. `step` is told of every step that a crash may come after; tests crash there."""

    def __init__(self, folder: Path, step: Callable[[str], None] = lambda name: None) -> None:
        self._files = folder / CATALOG
        self._snapshots = folder / SNAPSHOTS
        self._step = step
        self._lock = -1
        self.mapping: Mapping
        self.log: Log

    def __enter__(self) -> Self:
        """Open what is there, or begin a generation. Raises `AnotherWriterError`."""
        self._files.mkdir(parents=True, exist_ok=True)
        self._snapshots.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(self._files / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._lock)
            raise AnotherWriterError from error
        try:
            self._open()
        except BaseException:
            os.close(self._lock)
            raise
        return self

    def _open(self) -> None:
        try:
            self._resume()
        except (CatalogFileError, DamagedError) as error:
            _log.warning("catalog.begins_anew", reason=str(error))
            self._begin()
        except Exception:  # noqa: BLE001 - whatever is wrong with it, the database has all that a new one needs
            _log.exception("catalog.begins_anew")
            self._begin()
        supersede_others(self._files, self.mapping.path)
        self.mapping.header[AT_CLOSED] = 0

    def __exit__(self, *_: object) -> None:
        try:
            self.log.sync()
            self.mapping.memory.flush()
            self.mapping.header[AT_CLOSED] = 1
            self.mapping.memory.flush()
        finally:
            self.log.close()
            os.close(self._lock)

    @property
    def folder(self) -> Path:
        """Where this generation's log and snapshots lie."""
        return self.log.folder

    def _resume(self) -> None:
        path = current(self._files)
        if path is None:
            raise CatalogFileError("there is none yet")
        mapping = Mapping(path, write=True)
        if not mapping.header[AT_CLOSED] and mapping.memory[8 * AT_BOOT : 8 * AT_BOOT + 16] != boot():
            raise CatalogFileError("the machine went down while it was written")
        log = Log(self._snapshots / mapping.generation.hex(), mapping.generation, self._step)
        try:
            log.open()
            self.mapping, self.log = mapping, log
            self._catch_up(mapping, log)
        except BaseException:
            log.close()
            raise

    def _catch_up(self, mapping: Mapping, log: Log) -> None:
        """Apply what the log has and the file has not. Raises `DamagedError` where they do not belong together."""
        mapping.memory[8 * AT_BOOT : 8 * AT_BOOT + 16] = boot()
        if log.seq not in {mapping.seq, mapping.seq + 1}:
            raise DamagedError(f"the log ends at {log.seq}, the file at {mapping.seq}")
        if log.last is not None:
            if log.seq != mapping.seq:
                self._apply(log.last)
            log.forget(log.last.buried)
        if mapping.header[AT_LOCK] & 1:
            end_frame(mapping, mapping.seq)

    def _begin(self) -> None:
        generation = secrets.token_bytes(16)
        path = self._files / f"{generation.hex()}.0.rows"
        self.log = Log(self._snapshots / generation.hex(), generation, self._step)
        self.log.open()
        self.mapping = create(path, generation, FIRST_ROWS, FIRST_KEYS, boot())
        publish(self.mapping)

    # --- changing ---------------------------------------------------------------------------------------

    def change(
        self,
        at: int,
        new: Sequence[NewRow] = (),
        buried: Sequence[int] = (),
        sets: Map[str, tuple[Sequence[int], Sequence[int]]] | None = None,
    ) -> int:
        """Make one step of the catalog, at a time in Unix seconds; return its number.

        Rows of `sets` (column → rows and values) are old ones; none of them, and none of `new`, is buried by it.
        """
        first = self.mapping.size
        changed = tuple(
            Set(name, np.asarray(rows, dtype=np.uint32), np.asarray(values, dtype=np.int64))
            for name, (rows, values) in (sets or {}).items()
        )
        puts = tuple(
            Put(
                first + n,
                each.identity.leaf(),
                each.language,
                each.published,
                each.duration_ms,
                each.counters,
            )
            for n, each in enumerate(new)
        )
        frame = Frame(self.log.seq + 1, at, puts, tuple(buried), changed)
        self._make_room(len(puts))
        identities = [each.identity for each in new]
        self.log.append(frame, identities)
        self._do(frame, identities, None)
        if buried:
            self.log.forget(buried)
        return frame.seq

    def renew_lists(self, at: int, *, renewed: lists.Lists | None = None) -> int | None:
        """Renew the lists as of a time; return the step's number, or None where they stay the same."""
        fresh = lists.renewed(self.mapping, at) if renewed is None else renewed
        if not self._differs(fresh):
            return None
        frame = Frame(self.log.seq + 1, at, lists=lists.digest(fresh))
        self.log.append(frame, ())
        self._do(frame, (), fresh)
        return frame.seq

    def _differs(self, fresh: lists.Lists) -> bool:
        there = self.mapping.all_lists()
        return list(there) != list(fresh) or any(
            not np.array_equal(there[name], fresh[name]) for name in fresh
        )

    def _apply(self, frame: Frame) -> None:
        """Apply a frame of the log, again or for the first time. Raises `DamagedError` where it can't be."""
        found = [self.log.identity(put.row) for put in frame.puts]
        for put, (leaf, identity) in zip(frame.puts, found, strict=True):
            if leaf != put.leaf or identity.leaf() != leaf:
                raise DamagedError(f"row {put.row} is not what the log says")
        fresh = None
        if frame.lists is not None:
            fresh = lists.renewed(self.mapping, frame.at)
            if lists.digest(fresh) != frame.lists:
                raise DamagedError("the lists are not what the log says")
        self._do(frame, [identity for _, identity in found], fresh)

    def _do(self, frame: Frame, identities: Sequence[Identity], fresh: lists.Lists | None) -> None:
        begin_frame(self.mapping)
        self._step("applying")
        apply(self.mapping, frame, identities, fresh)
        self._step("applied")

    def _make_room(self, rows: int) -> None:
        if has_room(self.mapping, rows):
            return
        name = self.mapping.path.name.split(".")
        path = self._files / f"{name[0]}.{int(name[1]) + 1}.rows"
        self.mapping = grown(self.mapping, path, rows, self._step)
        _log.info("catalog.grown", rows=self.mapping.capacity, keys=self.mapping.key_slots)


def boot() -> bytes:
    """Return what names the time since the machine was started; zeros where it does not say."""
    try:
        return bytes.fromhex(Path("/proc/sys/kernel/random/boot_id").read_text().strip().replace("-", ""))
    except OSError:
        return bytes(16)
