"""The catalog's file: columns, chains and tables of every public clip, mapped into the memory of all who read.

A file is a header page and sections of fixed length for `capacity` rows and `key_slots` keys, little-endian, each
section at a multiple of 64 bytes. It never grows: a larger one replaces it (`writer.py`). The header is numbers of
64 bits:

    0 magic (RLCAT, version)   5 lock: odd while a frame is applied   9 superseded: 1 when there is a newer file
    1-2 generation             6 seq: the last frame applied         10 the frame that renewed the lists
    3 capacity                 7 size: rows in use                   11 and its time, Unix seconds
    4 key slots                8 key slots in use                    12-13 the machine's boot; 14 closed in order

Chains: of one author's, sound's or tag's living rows, newest first. `…_prev` leads to the next older row, `…_next`
to the next newer one, as row + 1; 0 ends a chain. Tables: `id_slots` has row + 1 at the hash of a clip's id;
`key_marks` and `key_heads` have the newest row + 1 at the hash of kind and key. Both are probed slot after slot.
"""

import mmap
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

Kind = Literal["author", "sound", "tag"]
KINDS: Final[tuple[Kind, ...]] = ("author", "sound", "tag")
COUNTERS: Final = ("views", "likes", "comments", "reposts", "shares", "finishes", "skips")
TAGS: Final = 8
LISTS: Final = 64
LIST_ROWS: Final = 2_000
NEWEST, TOP, FRESH, TOP_OF_LANGUAGE = range(1, 5)

HEADER_BYTES: Final = 4096
MAGIC: Final = int.from_bytes(b"RLCAT\x01\0\0", "little")
(
    AT_MAGIC,
    AT_GENERATION,
    _,
    AT_CAPACITY,
    AT_KEY_SLOTS,
    AT_LOCK,
    AT_SEQ,
    AT_SIZE,
    AT_KEYS,
    AT_SUPERSEDED,
    AT_LISTS,
    AT_LISTED,
    AT_BOOT,
) = range(13)
AT_CLOSED: Final = 14
CATALOG: Final = "catalog"
CURRENT: Final = "current"
GONE_MARK: Final = 2**64 - 1
_ALIGN = 64
_MIX, _KIND_MIX = 0x9E3779B97F4A7C15, 0xD6E8FEB86659FD93

# name → (type, how many a row)
_ROW_SECTIONS: dict[str, tuple[Any, int]] = {
    "id": (np.uint8, 16),
    "author_id": (np.uint8, 16),
    "author": (np.int64, 1),
    "sound": (np.int64, 1),
    "language": (np.int64, 1),
    "published": (np.int64, 1),
    "tag": (np.int64, TAGS),
    **dict.fromkeys(COUNTERS, (np.int64, 1)),
    "duration_ms": (np.int32, 1),
    "alive": (np.uint8, 1),
    "author_prev": (np.uint32, 1),
    "author_next": (np.uint32, 1),
    "sound_prev": (np.uint32, 1),
    "sound_next": (np.uint32, 1),
    "tag_prev": (np.uint32, TAGS),
    "tag_next": (np.uint32, TAGS),
    "id_slots": (np.uint32, 2),
}
ROW_SECTIONS: Final = tuple(name for name in _ROW_SECTIONS if name != "id_slots")
COLUMNS: Final = ("author", "sound", "language", "published", "alive", "duration_ms", *COUNTERS)
SETTABLE: Final = ("language", "published", "duration_ms", *COUNTERS)
_LIST_SECTIONS: dict[str, tuple[Any, int]] = {
    "list_kind": (np.int64, LISTS),
    "list_key": (np.int64, LISTS),
    "list_count": (np.int64, LISTS),
    "list_rows": (np.uint32, LISTS * LIST_ROWS),
}


class CatalogFileError(Exception):
    """This is no file of the catalog, or of another version, or cut short."""


def _sections(capacity: int, key_slots: int) -> dict[str, tuple[Any, int]]:
    return {
        **{name: (kind, each * capacity) for name, (kind, each) in _ROW_SECTIONS.items()},
        "key_marks": (np.uint64, key_slots),
        "key_heads": (np.uint32, key_slots),
        **_LIST_SECTIONS,
    }


def _placed(capacity: int, key_slots: int) -> tuple[dict[str, tuple[int, Any, int]], int]:
    """Return each section's place, type and count, and how long the file is."""
    places: dict[str, tuple[int, Any, int]] = {}
    at = HEADER_BYTES
    for name, (kind, count) in _sections(capacity, key_slots).items():
        places[name] = (at, kind, count)
        at += -(-count * np.dtype(kind).itemsize // _ALIGN) * _ALIGN
    return places, at


def mark_of(kind: Kind, key: int) -> int:
    """Return what stands for a key of a kind in the table of keys: never 0, which is an empty slot."""
    mixed = ((key ^ (KINDS.index(kind) + 1) * _KIND_MIX) * _MIX) & GONE_MARK
    mixed ^= mixed >> 32
    return mixed if 0 < mixed < GONE_MARK else 1


class Mapping:
    """One file of the catalog, mapped. `columns` are numpy arrays, `cells` the same memory for single values."""

    def __init__(self, path: Path, *, write: bool = False) -> None:
        """Raises `CatalogFileError`, or OSError where the file can't be opened."""
        descriptor = os.open(path, os.O_RDWR if write else os.O_RDONLY)
        try:
            length = os.fstat(descriptor).st_size
            if length < HEADER_BYTES:
                raise CatalogFileError(f"{path.name} is cut short")
            access = mmap.ACCESS_WRITE if write else mmap.ACCESS_READ
            self.memory = mmap.mmap(descriptor, length, access=access)
        finally:
            os.close(descriptor)
        self.path = path
        self.header = memoryview(self.memory)[:HEADER_BYTES].cast("Q")
        if self.header[AT_MAGIC] != MAGIC:
            raise CatalogFileError(f"{path.name} is no catalog of this version")
        self.capacity, self.key_slots = self.header[AT_CAPACITY], self.header[AT_KEY_SLOTS]
        places, needed = _placed(self.capacity, self.key_slots)
        if needed > length:
            raise CatalogFileError(f"{path.name} is cut short")
        whole = memoryview(self.memory)
        self.columns: dict[str, npt.NDArray[Any]] = {}
        self.cells: dict[str, memoryview] = {}
        for name, (at, kind, count) in places.items():
            shape = (-1, _ROW_SECTIONS[name][1]) if name in {"id", "author_id", "tag"} else (-1,)
            self.columns[name] = np.frombuffer(whole, kind, count, at).reshape(shape)
            part = whole[at : at + count * np.dtype(kind).itemsize]
            self.cells[name] = part.cast(np.dtype(kind).char) if kind is not np.uint8 else part
        self.generation = bytes(whole[8 * AT_GENERATION : 8 * AT_GENERATION + 16])

    @property
    def size(self) -> int:
        return self.header[AT_SIZE]

    @property
    def seq(self) -> int:
        return self.header[AT_SEQ]

    def find_row(self, clip_id: bytes) -> int:
        """Return the row of a clip's id (16 bytes); -1 for none."""
        slots, ids = self.cells["id_slots"], self.cells["id"]
        mask = 2 * self.capacity - 1
        at = int.from_bytes(clip_id[-8:], "big") & mask
        while row := slots[at]:
            if ids[16 * row - 16 : 16 * row] == clip_id:
                return int(row) - 1
            at = (at + 1) & mask
        return -1

    def find_head(self, kind: Kind, key: int) -> int:
        """Return the newest living row + 1 of a key; 0 for none."""
        marks, mark, mask = self.cells["key_marks"], mark_of(kind, key), self.key_slots - 1
        at = mark & mask
        while there := marks[at]:
            if there == mark:
                return int(self.cells["key_heads"][at])
            at = (at + 1) & mask
        return 0

    def chain(self, kind: Kind, key: int) -> Iterator[int]:
        """Yield the living rows of a key, newest first."""
        size, alive = self.size, self.cells["alive"]
        row = self.find_head(kind, key)
        while row:
            if row <= size and alive[row - 1]:
                yield row - 1
            row = self.older(kind, key, row - 1)

    def find_list(self, kind: int, key: int) -> npt.NDArray[np.uint32] | None:
        """Return a copy of a list; None where there is no such."""
        kinds, keys = self.cells["list_kind"], self.cells["list_key"]
        for number in range(LISTS):
            if kinds[number] == kind and keys[number] == key:
                return self._list(number)
        return None

    def all_lists(self) -> dict[tuple[int, int], npt.NDArray[np.uint32]]:
        """Return copies of all lists by kind and key, in their order."""
        kinds, keys = self.cells["list_kind"], self.cells["list_key"]
        return {(kinds[n], keys[n]): self._list(n) for n in range(LISTS) if kinds[n]}

    def _list(self, number: int) -> npt.NDArray[np.uint32]:
        start = number * LIST_ROWS
        rows: npt.NDArray[np.uint32] = self.columns["list_rows"][
            start : start + self.cells["list_count"][number]
        ]
        return rows.copy()

    def older(self, kind: Kind, key: int, row: int) -> int:
        """Return the next older row + 1 in the chain of a key; 0 at its end."""
        if kind != "tag":
            return int(self.cells[kind + "_prev"][row])
        place = self.place_of_tag(row, key)
        return 0 if place < 0 else int(self.cells["tag_prev"][row * TAGS + place])

    def place_of_tag(self, row: int, key: int) -> int:
        """Return which of its tags a row has the key in; -1 for none."""
        tags = self.cells["tag"]
        for place in range(TAGS):
            if tags[row * TAGS + place] == key:
                return place
        return -1


def create(path: Path, generation: bytes, capacity: int, key_slots: int, boot: bytes) -> Mapping:
    """Make an empty file for as many rows and keys, both powers of two."""
    _, length = _placed(capacity, key_slots)
    with path.open("xb") as file:
        head = np.zeros(HEADER_BYTES // 8, dtype="<u8")
        head[[AT_MAGIC, AT_CAPACITY, AT_KEY_SLOTS]] = MAGIC, capacity, key_slots
        head[AT_GENERATION : AT_GENERATION + 2] = np.frombuffer(generation, "<u8")
        head[AT_BOOT : AT_BOOT + 2] = np.frombuffer(boot, "<u8")
        file.write(head.tobytes())
        file.flush()
        # All of it, now: a page that the disk has no room for later would end whoever writes to it.
        os.posix_fallocate(file.fileno(), 0, length)
    return Mapping(path, write=True)


def publish(mapping: Mapping) -> None:
    """Make this file the one that readers open."""
    folder = mapping.path.parent
    pointer = folder / f"{CURRENT}.new"
    pointer.write_text(mapping.path.name)
    pointer.replace(folder / CURRENT)


def current(folder: Path) -> Path | None:
    """Return the file in force; None where there is none yet."""
    try:
        return folder / (folder / CURRENT).read_text().strip()
    except FileNotFoundError:
        return None
