"""Applying a frame to the catalog's file in place, and moving to a larger one. The indexer's alone.

Whoever is killed in the middle of a frame leaves the lock odd and the frame in the log; applying it again from its
beginning gives the same file. That is why every step here may be done twice:

1. a row's values are written, then its id's slot, then its place in the chains of author, sound and tags: a chain's
   head only ever becomes a higher row by it, so a head that is as high says that this was done;
2. a buried row leaves its chains first, then loses what it said, key by key.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from reelm.feed.catalog.layout import (
    AT_BOOT,
    AT_KEYS,
    AT_LISTED,
    AT_LISTS,
    AT_LOCK,
    AT_SEQ,
    AT_SIZE,
    AT_SUPERSEDED,
    COUNTERS,
    GONE_MARK,
    HEADER_BYTES,
    LIST_ROWS,
    LISTS,
    ROW_SECTIONS,
    TAGS,
    Kind,
    Mapping,
    create,
    mark_of,
    publish,
)
from reelm.feed.catalog.lists import Lists
from reelm.feed.catalog.records import Frame, Identity, Put, Set

_KEYS_A_ROW = TAGS + 2
_KEYS_EXPECTED = 4
_SINGLE: tuple[Kind, ...] = ("author", "sound")


def begin_frame(mapping: Mapping) -> None:
    """Make the lock odd: what readers see from here on may be half of something."""
    mapping.header[AT_LOCK] |= 1


def end_frame(mapping: Mapping, seq: int) -> None:
    """Say that the frame is in."""
    mapping.header[AT_SEQ] = seq
    mapping.header[AT_LOCK] = (mapping.header[AT_LOCK] | 1) + 1


def apply(mapping: Mapping, frame: Frame, identities: Sequence[Identity], lists: Lists | None) -> None:
    """Apply a frame. `identities` are those of its new rows, `lists` what a renewal at its time gives.

    There must be room: `has_room` says so.
    """
    begin_frame(mapping)
    for put, identity in zip(frame.puts, identities, strict=True):
        _put(mapping, put, identity)
    for row in frame.buried:
        _bury(mapping, row)
    for change in frame.sets:
        _set(mapping, change)
    if lists is not None:
        _list(mapping, lists, frame.seq, frame.at)
    end_frame(mapping, frame.seq)


def has_room(mapping: Mapping, rows: int) -> bool:
    """Whether so many new rows fit, whatever keys they bring."""
    keys = mapping.header[AT_KEYS] + rows * _KEYS_A_ROW
    return mapping.size + rows <= mapping.capacity and keys <= mapping.key_slots * 3 // 4


def _put(mapping: Mapping, put: Put, identity: Identity) -> None:
    row, cells = put.row, mapping.cells
    cells["id"][16 * row : 16 * row + 16] = identity.id
    cells["author_id"][16 * row : 16 * row + 16] = identity.author_id
    cells["author"][row], cells["sound"][row] = identity.author, identity.sound
    for place, tag in enumerate(identity.tags):
        cells["tag"][row * TAGS + place] = tag
    cells["language"][row], cells["published"][row] = put.language, put.published
    cells["duration_ms"][row] = put.duration_ms
    for name, value in zip(COUNTERS, put.counters, strict=True):
        cells[name][row] = value
    cells["alive"][row] = 1
    mapping.header[AT_SIZE] = max(mapping.size, row + 1)
    _enter(mapping, row, identity.id)
    _link(mapping, "author", identity.author, row, row)
    _link(mapping, "sound", identity.sound, row, row)
    for place, tag in enumerate(identity.tags):
        if tag not in identity.tags[:place]:
            _link(mapping, "tag", tag, row, row * TAGS + place)


def _enter(mapping: Mapping, row: int, clip_id: bytes) -> None:
    """Have the id lead to the row. A clip that comes again takes the slot of its earlier row."""
    slots, ids = mapping.cells["id_slots"], mapping.cells["id"]
    mask = 2 * mapping.capacity - 1
    at = int.from_bytes(clip_id[-8:], "big") & mask
    while there := slots[at]:
        if ids[16 * there - 16 : 16 * there] == clip_id:
            break
        at = (at + 1) & mask
    slots[at] = row + 1


def _link(mapping: Mapping, kind: Kind, key: int, row: int, cell: int) -> None:
    """Put a row at the head of a key's chain; `cell` is where its links stand."""
    if not key:
        return
    slot = _slot(mapping, kind, key)
    head = mapping.cells["key_heads"][slot]
    if head > row:
        return
    mapping.cells[kind + "_prev"][cell] = head
    mapping.cells[kind + "_next"][cell] = 0
    if head:
        mapping.cells[kind + "_next"][_cell(mapping, kind, key, head - 1)] = row + 1
    mapping.cells["key_heads"][slot] = row + 1


def _slot(mapping: Mapping, kind: Kind, key: int) -> int:
    """Return a key's slot in the table; a new key takes the first free one."""
    marks, mark, mask = mapping.cells["key_marks"], mark_of(kind, key), mapping.key_slots - 1
    at = mark & mask
    while there := marks[at]:
        if there == mark:
            return at
        at = (at + 1) & mask
    mapping.cells["key_heads"][at] = 0
    marks[at] = mark
    mapping.header[AT_KEYS] += 1
    return at


def _cell(mapping: Mapping, kind: Kind, key: int, row: int) -> int:
    return row if kind != "tag" else row * TAGS + mapping.place_of_tag(row, key)


def _bury(mapping: Mapping, row: int) -> None:
    cells = mapping.cells
    cells["alive"][row] = 0
    for kind in _SINGLE:
        if key := cells[kind][row]:
            _unlink(mapping, kind, key, row, row)
            cells[kind][row] = 0
    for place in range(TAGS):
        if key := cells["tag"][row * TAGS + place]:
            _unlink(mapping, "tag", key, row, row * TAGS + place)
    for place in range(TAGS):
        cells["tag"][row * TAGS + place] = 0
    cells["id"][16 * row : 16 * row + 16] = bytes(16)
    cells["author_id"][16 * row : 16 * row + 16] = bytes(16)


def _unlink(mapping: Mapping, kind: Kind, key: int, row: int, cell: int) -> None:
    """Take a row out of a key's chain. A key of nobody's living clips leaves the table, but for its slot."""
    cells = mapping.cells
    if kind == "tag" and mapping.place_of_tag(row, key) != cell - row * TAGS:
        return
    older, newer = cells[kind + "_prev"][cell], cells[kind + "_next"][cell]
    if older:
        place = _cell(mapping, kind, key, older - 1)
        if place >= 0:
            cells[kind + "_next"][place] = newer
    if newer:
        cells[kind + "_prev"][_cell(mapping, kind, key, newer - 1)] = older
        return
    slot = _slot(mapping, kind, key)
    if cells["key_heads"][slot] == row + 1:
        cells["key_heads"][slot] = older
    if not cells["key_heads"][slot]:
        cells["key_marks"][slot] = GONE_MARK


def _set(mapping: Mapping, change: Set) -> None:
    mapping.columns[change.column][change.rows] = change.values


def _list(mapping: Mapping, lists: Lists, seq: int, at: int) -> None:
    cells, rows = mapping.cells, mapping.columns["list_rows"]
    for number in range(LISTS):
        cells["list_kind"][number] = 0
    for number, ((kind, key), listed) in enumerate(lists.items()):
        rows[number * LIST_ROWS : number * LIST_ROWS + len(listed)] = listed
        cells["list_kind"][number], cells["list_key"][number] = kind, key
        cells["list_count"][number] = len(listed)
    mapping.header[AT_LISTED], mapping.header[AT_LISTS] = at, seq


# --- a larger file ------------------------------------------------------------------------------------------


def grown(
    mapping: Mapping, path: Path, rows: int, step: Callable[[str], None] = lambda name: None
) -> Mapping:
    """Return a larger file with the same content and room for `rows` more; readers go over to it by themselves.

    The old file stays whole until the new one is: whoever is killed here leaves one of the two in force.
    """
    size, capacity = mapping.size, mapping.capacity
    if size + rows > capacity:
        capacity = _power_above(size + rows)
    marks, heads = _living_keys(mapping)
    slots = _power_above(2 * (len(marks) + rows * _KEYS_A_ROW + (capacity - size) * _KEYS_EXPECTED))
    path.unlink(missing_ok=True)
    made = create(path, mapping.generation, capacity, slots, mapping.memory[8 * AT_BOOT : 8 * AT_BOOT + 16])
    for name in ROW_SECTIONS:
        each = len(mapping.columns[name]) // mapping.capacity
        made.columns[name][: size * each] = mapping.columns[name][: size * each]
    for name in ("list_kind", "list_key", "list_count", "list_rows"):
        made.columns[name][:] = mapping.columns[name]
    for place in (AT_LOCK, AT_SEQ, AT_SIZE, AT_LISTS, AT_LISTED):
        made.header[place] = mapping.header[place]
    _fill_ids(made)
    places = _placed_at(marks, made.key_slots)
    made.columns["key_heads"][places], made.columns["key_marks"][places] = heads, marks
    made.header[AT_KEYS] = len(marks)
    step("larger file")
    publish(made)
    step("larger file in force")
    mapping.header[AT_SUPERSEDED] = 1
    mapping.path.unlink(missing_ok=True)
    return made


def supersede_others(folder: Path, current: Path | None) -> None:
    """Tell readers of every other file of the folder that there is a newer one, and remove it."""
    for path in folder.glob("*.rows"):
        if path == current:
            continue
        with path.open("r+b") as file:
            if os.fstat(file.fileno()).st_size >= HEADER_BYTES:
                file.seek(8 * AT_SUPERSEDED)
                file.write((1).to_bytes(8, "little"))
        path.unlink()


def _living_keys(mapping: Mapping) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint32]]:
    marks, heads = mapping.columns["key_marks"], mapping.columns["key_heads"]
    chosen = (marks != 0) & (marks != GONE_MARK) & (heads != 0)
    return marks[chosen], heads[chosen]


def _fill_ids(mapping: Mapping) -> None:
    rows = np.flatnonzero(mapping.columns["alive"][: mapping.size])
    tails = np.ascontiguousarray(mapping.columns["id"][rows, 8:]).view(">u8").ravel().astype(np.uint64)
    places = _placed_at(tails, 2 * mapping.capacity)
    mapping.columns["id_slots"][places] = rows + 1


def _placed_at(hashes: npt.NDArray[np.uint64], slots: int) -> npt.NDArray[np.int64]:
    """Return the slot of each hash in an empty table: its own, or the next free one after it."""
    taken = np.zeros(slots, dtype=bool)
    places = np.zeros(len(hashes), dtype=np.int64)
    left = np.arange(len(hashes))
    at = (hashes & np.uint64(slots - 1)).astype(np.int64)
    while len(left):
        _, first = np.unique(at, return_index=True)
        first = first[~taken[at[first]]]
        taken[at[first]] = True
        places[left[first]] = at[first]
        still = np.ones(len(left), dtype=bool)
        still[first] = False
        left, at = left[still], (at[still] + 1) & (slots - 1)
    return places


def _power_above(number: int) -> int:
    return 1 << max(10, int(number).bit_length())
