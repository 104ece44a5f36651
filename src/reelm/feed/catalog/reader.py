"""The catalog as every process reads it: rows of integers in shared memory, written by the indexer alone.

Position in the columns is a clip's *row*: never used for another clip within a *generation* of the catalog, which
survives restarts. A clip that is no longer public stays as a dead row without an id. All reads are synchronous and
take no lock. Who needs several reads to belong to one state brackets them:

    mark = catalog.begin()          # generation and seq, for the receipt
    …                               # any number of reads
    if not catalog.unchanged(mark): …again
"""

import time
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
import numpy.typing as npt
import structlog

from reelm.feed.catalog.layout import (
    AT_LISTED,
    AT_LISTS,
    AT_LOCK,
    AT_SUPERSEDED,
    COLUMNS,
    COUNTERS,
    CURRENT,
    FRESH,
    NEWEST,
    TAGS,
    TOP,
    TOP_OF_LANGUAGE,
    CatalogFileError,
    Kind,
    Mapping,
    current,
)
from reelm.feed.keys import key_of_text

_log = structlog.get_logger()
Rows = npt.NDArray[np.int64]
NO_GENERATION = bytes(16)
_LOOK_SECONDS = 0.5
_SPIN_SECONDS = 0.002
_CHAINS_KEPT = 20_000
_NAMED = {"newest": NEWEST, "top": TOP, "fresh": FRESH}
_NO_COLUMN = {name: np.zeros(0, dtype=np.int64) for name in (*COLUMNS, *COUNTERS)}
_NO_ROWS: Rows = np.zeros(0, dtype=np.int64)
_NO_LIST = np.zeros(0, dtype=np.uint32)


class Mark(NamedTuple):
    """A state of the catalog: what a receipt names, and the lock's count while it was read."""

    generation: bytes
    seq: int
    lock: int


class Catalog:
    """Public clips, in the memory that all processes share. Empty as long as no indexer has made it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._mapping: Mapping | None = None
        self._file: tuple[int, int] | None = None
        self._looked = -_LOOK_SECONDS
        self._lists: dict[tuple[int, int], npt.NDArray[np.uint32]] = {}
        self._lists_of = (NO_GENERATION, -1)
        self._chains: dict[tuple[Kind, int, int], Rows] = {}
        self._chains_of: tuple[Mapping | None, int] = (None, 0)

    # --- which state ------------------------------------------------------------------------------------

    def begin(self) -> Mark:
        """Return the present state, after the frame that is just being applied, if one is."""
        self._look()
        mapping = self._now()
        if mapping is None:
            return Mark(NO_GENERATION, 0, 0)
        lock = mapping.header[AT_LOCK]
        if lock & 1:
            until = time.monotonic() + _SPIN_SECONDS
            while lock & 1 and time.monotonic() < until:
                lock = mapping.header[AT_LOCK]
        return Mark(mapping.generation, mapping.seq, lock)

    def unchanged(self, mark: Mark) -> bool:
        """Say whether everything read since `begin` belongs to that state."""
        mapping = self._now()
        if mapping is None:
            return mark.generation == NO_GENERATION
        return mapping.generation == mark.generation and mapping.header[AT_LOCK] == mark.lock

    @property
    def generation(self) -> bytes:
        mapping = self._now()
        return NO_GENERATION if mapping is None else mapping.generation

    @property
    def seq(self) -> int:
        """The last frame of the delta log that is in."""
        mapping = self._now()
        return 0 if mapping is None else mapping.seq

    @property
    def size(self) -> int:
        """Rows in use, dead ones among them."""
        mapping = self._now()
        return 0 if mapping is None else mapping.size

    @property
    def listed_at(self) -> int:
        """When the lists were renewed, Unix seconds; 0 before the first time."""
        mapping = self._now()
        return 0 if mapping is None else mapping.header[AT_LISTED]

    # --- columns ----------------------------------------------------------------------------------------

    def column(self, name: str) -> npt.NDArray[Any]:
        """Return a column of all rows: int64, but uint8 for `alive` and int32 for `duration_ms`. Not for writing."""
        mapping = self._now()
        if mapping is None:
            return _NO_COLUMN[name]
        return mapping.columns[name][: mapping.size]

    @property
    def ids(self) -> npt.NDArray[np.uint8]:
        """The clips' ids, 16 bytes a row; zeros for a dead row."""
        mapping = self._now()
        return np.zeros((0, 16), dtype=np.uint8) if mapping is None else mapping.columns["id"][: mapping.size]

    @property
    def tags(self) -> Rows:
        """The keys of each row's tags, padded with 0."""
        mapping = self._now()
        return (
            np.zeros((0, TAGS), dtype=np.int64) if mapping is None else mapping.columns["tag"][: mapping.size]
        )

    def ids_of(self, rows: Sequence[int]) -> list[UUID]:
        """Return the rows' clips; the nil id for a dead row."""
        ids = self.ids[list(rows)].tobytes()
        return [UUID(bytes=ids[at : at + 16]) for at in range(0, len(ids), 16)]

    def id_of(self, row: int) -> UUID:
        """Return a row's clip; the nil id for a dead row."""
        mapping = self._now()
        return (
            UUID(int=0)
            if mapping is None
            else UUID(bytes=bytes(mapping.cells["id"][16 * row : 16 * row + 16]))
        )

    def author_id(self, row: int) -> UUID:
        """Return who made a row's clip; the nil id for a dead row."""
        mapping = self._now()
        if mapping is None:
            return UUID(int=0)
        return UUID(bytes=bytes(mapping.cells["author_id"][16 * row : 16 * row + 16]))

    # --- finding ----------------------------------------------------------------------------------------

    def row(self, clip_id: UUID) -> int:
        """Return the row of a public clip; -1 for any other."""
        mapping = self._now()
        if mapping is None:
            return -1
        row = mapping.find_row(clip_id.bytes)
        return row if 0 <= row < mapping.size and mapping.cells["alive"][row] else -1

    def rows(self, ids: Iterable[UUID]) -> Rows:
        """Return the rows of clips, -1 for those that are not public, in the order of `ids`."""
        return np.fromiter((self.row(clip_id) for clip_id in ids), dtype=np.int64)

    def newest_of(self, kind: Kind, key: int, limit: int) -> Rows:
        """Return the newest living rows of an author, a sound or a tag, newest first: by row, downwards.

        Kept until the next frame comes: who likes the same asks for the same. Not for writing.
        """
        mapping = self._now()
        if mapping is None or not key:
            return _NO_ROWS
        lock = mapping.header[AT_LOCK]
        if self._chains_of != (mapping, lock) or len(self._chains) > _CHAINS_KEPT:
            self._chains, self._chains_of = {}, (mapping, lock)
        known = self._chains.get((kind, key, limit))
        if known is None:
            known = np.fromiter(islice(mapping.chain(kind, key), limit), dtype=np.int64)
            known.setflags(write=False)
            if not lock & 1 and mapping.header[AT_LOCK] == lock:
                self._chains[kind, key, limit] = known
        return known

    def list(self, name: str) -> npt.NDArray[np.uint32]:
        """Return a list that is the same for everyone: "newest", "top", "fresh" or "top/<language>", best first."""
        mapping = self._now()
        if mapping is None:
            return _NO_LIST
        kind, key = (
            (_NAMED[name], 0) if name in _NAMED else (TOP_OF_LANGUAGE, key_of_text(name.partition("/")[2]))
        )
        version = (mapping.generation, mapping.header[AT_LISTS])
        if version != self._lists_of:
            self._lists, self._lists_of = {}, version
        known = self._lists.get((kind, key))
        if known is None:
            lock = mapping.header[AT_LOCK]
            found = mapping.find_list(kind, key)
            known = _NO_LIST if found is None else found
            known.setflags(write=False)
            if not lock & 1 and mapping.header[AT_LOCK] == lock:
                self._lists[kind, key] = known
        return known

    # --- following the files ----------------------------------------------------------------------------

    def _now(self) -> Mapping | None:
        mapping = self._mapping
        if mapping is None or mapping.header[AT_SUPERSEDED]:
            self._open()
        return self._mapping

    def _look(self) -> None:
        """Once in a while, see whether another file is in force: a writer that was killed may not have said so."""
        now = time.monotonic()
        if now - self._looked < _LOOK_SECONDS:
            return
        self._looked = now
        try:
            about = (self._folder / CURRENT).stat()
        except OSError:
            return
        if self._mapping is not None and (about.st_ino, about.st_mtime_ns) != self._file:
            self._open()

    def _open(self) -> None:
        try:
            about = (self._folder / CURRENT).stat()
            path = current(self._folder)
            if path is None or (self._mapping is not None and path == self._mapping.path):
                self._file = (about.st_ino, about.st_mtime_ns)
                return
            self._mapping, self._file = Mapping(path), (about.st_ino, about.st_mtime_ns)
        except FileNotFoundError:
            return
        except (OSError, CatalogFileError) as error:
            _log.warning("catalog.unreadable", reason=str(error))
