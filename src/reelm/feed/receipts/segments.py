"""Segment files: the sealed records of receipts, appended by one process, a file a minute.

A record is one write(2), so that a killed process leaves whole records, or a torn last one that nobody was promised:

    "Rs" | version u8 | clips u8 | sealed length u32 | time u32 | id 16 | leaf 32 | check u32
    | person 16 | (clip 16 | source u8) for each clip | sealed

`check` is the CRC-32 of what stands before it and of the part for the index behind it. That part (person, clips) is
there only until the index row is in the database: then it is overwritten with zeros, which also says that nothing is
left to be done. `sealed` is nonce 12 | AES-256-GCM of the deflated receipt, bound to id and leaf.

A record is on the disk (`Segment.sync`) before the database hears of it; until then a power cut may take it, and
with it everything that was known of the page.

A file is called `.open` while its process holds a lock on it, or has died without bringing its rows to the database;
`.seg` once nothing is left to be done.
"""

import contextlib
import fcntl
import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from uuid import UUID

_HEAD = struct.Struct("<2sBBII16s32sI")
_BEFORE_CHECK = _HEAD.size - 4
_MAGIC, _VERSION = b"Rs", 1
_CLIP = 17
_PERSON = 16
OPEN, CLOSED = ".open", ".seg"


@dataclass(frozen=True, slots=True)
class IndexRow:
    """What the database is told of one receipt."""

    person_id: UUID
    id: UUID
    at: int
    leaf: bytes
    clips: tuple[UUID, ...]
    sources: bytes
    segment: str
    place: int
    length: int


def minute_name(at: int) -> str:
    """The folder and the beginning of the name for records of this minute (Unix seconds)."""
    days, rest = divmod(at, 86_400)
    return f"{days}/{rest // 60:04d}"


def day_of(folder: Path) -> int | None:
    """Which day since 1970 a folder of segments is of; None for any other folder."""
    return int(folder.name) if folder.name.isdecimal() else None


def sync_folder(folder: Path) -> None:
    """See to it that the names in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class Segment:
    """One file being written. `unsettled` counts records whose index row is not in the database yet."""

    def __init__(self, root: Path, name: str) -> None:
        self.name = name
        self._path = root / f"{name}{OPEN}"
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Locked before it has the name by which others look for what a dead process left.
        draft = self._path.with_suffix(".new")
        self._file = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX)
        draft.rename(self._path)
        self.size = 0
        self.unsettled = 0
        self._dirty = False
        self._named = False
        self._syncing = Lock()

    @property
    def folder(self) -> Path:
        return self._path.parent

    def append(self, record: bytes) -> int:
        """Write a record; return its place. Raises OSError, and leaves nothing behind, when the disk is full."""
        place = self.size
        written = os.pwrite(self._file, record, place)
        if written != len(record):
            os.ftruncate(self._file, place)
            raise OSError("the record of a receipt could not be written whole")
        self.size = place + written
        self.unsettled += 1
        self._dirty = True
        return place

    def sync(self) -> None:
        """Wait until everything that was written before this call is on the disk, under its name. For a thread."""
        with self._syncing:
            if self._dirty:
                self._dirty = False
                try:
                    os.fdatasync(self._file)
                except OSError:
                    self._dirty = True
                    raise
            if not self._named:
                sync_folder(self.folder)
                sync_folder(self.folder.parent)
                self._named = True

    def settle(self, place: int, clips: int) -> None:
        """Take out of a record what only the index needed."""
        os.pwrite(self._file, bytes(_PERSON + _CLIP * clips), place + _HEAD.size)
        self._dirty = True
        self.unsettled -= 1

    def close(self) -> None:
        """Give the file its last name, if nothing is left to be done; otherwise whoever comes next finds it."""
        if self._file < 0:
            return
        if not self.unsettled:
            self._path.rename(self._path.with_suffix(CLOSED))
        os.close(self._file)
        self._file = -1


def pack(
    person_id: bytes, receipt_id: bytes, at: int, leaf: bytes, clips: bytes, count: int, sealed: bytes
) -> bytes:
    """The bytes of a record; `clips` has 17 bytes for each of the page's clips."""
    head = _HEAD.pack(_MAGIC, _VERSION, count, len(sealed), at, receipt_id, leaf, 0)[:_BEFORE_CHECK]
    check = zlib.crc32(clips, zlib.crc32(person_id, zlib.crc32(head)))
    return b"".join((head, check.to_bytes(4, "little"), person_id, clips, sealed))


def sealed_of(record: bytes) -> bytes:
    """The sealed part of a whole record. Raises ValueError for what is none."""
    if len(record) < _HEAD.size:
        raise ValueError("this is no record")
    magic, version, count, length, *_ = _HEAD.unpack_from(record)
    start = _HEAD.size + _PERSON + _CLIP * count
    if magic != _MAGIC or version != _VERSION or len(record) != start + length:
        raise ValueError("this is no record")
    return record[start:]


def read_record(root: Path, segment: str, place: int, length: int) -> bytes:
    """Read a record where the index says that it lies. Raises FileNotFoundError or ValueError."""
    for suffix in (CLOSED, OPEN, CLOSED):
        with contextlib.suppress(FileNotFoundError), (root / f"{segment}{suffix}").open("rb") as file:
            return os.pread(file.fileno(), length, place)
    raise FileNotFoundError(segment)


class Orphan:
    """A file that a dead process left open, held by this one until `close`."""

    def __init__(self, path: Path, name: str, file: int) -> None:
        self._path = path
        self._name = name
        self._file = file

    def rows(self) -> list[IndexRow]:
        """The rows that did not reach the database, on the disk by now.

        A torn end is left out: nobody was promised anything of it.
        """
        os.fdatasync(self._file)
        return list(_rows(os.pread(self._file, os.fstat(self._file).st_size, 0), self._name))

    def settle(self, rows: Sequence[IndexRow]) -> None:
        """Note that these rows are in the database, and that the file is done."""
        for row in rows:
            os.pwrite(self._file, bytes(_PERSON + _CLIP * len(row.clips)), row.place + _HEAD.size)
        os.fdatasync(self._file)
        self._path.rename(self._path.with_suffix(CLOSED))
        sync_folder(self._path.parent)

    def close(self) -> None:
        os.close(self._file)


def orphans(root: Path, since_day: int = 0) -> Iterator[Orphan]:
    """Yield what dead processes left, in the folders since a day; each is to be closed."""
    days = [each for each in root.glob("*") if (day_of(each) or 0) >= since_day]
    for path in sorted(path for day in days for path in day.glob(f"*{OPEN}")):
        try:
            file = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            continue
        if not path.exists():  # done by its own process, between the look and the lock
            os.close(file)
            continue
        yield Orphan(path, f"{path.parent.name}/{path.stem}", file)


def _rows(data: bytes, name: str) -> Iterator[IndexRow]:
    place = 0
    while place + _HEAD.size <= len(data):
        magic, version, count, length, at, receipt_id, leaf, check = _HEAD.unpack_from(data, place)
        start = place + _HEAD.size
        end = start + _PERSON + _CLIP * count + length
        if magic != _MAGIC or version != _VERSION or end > len(data):
            return
        about = data[start : end - length]
        person = about[:_PERSON]
        if person != bytes(_PERSON) and zlib.crc32(about, zlib.crc32(data[place : start - 4])) == check:
            clips = [about[at : at + _CLIP] for at in range(_PERSON, len(about), _CLIP)]
            yield IndexRow(
                UUID(bytes=person),
                UUID(bytes=receipt_id),
                at,
                leaf,
                tuple(UUID(bytes=clip[:16]) for clip in clips),
                bytes(clip[16] for clip in clips),
                name,
                place,
                end - place,
            )
        place = end
