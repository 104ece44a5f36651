"""The delta log on the disk: segments of frames, and beside them who the rows are of.

Under `snapshots/<generation>/`: `<first seq, 16 digits>.deltas` are the segments, each with a head (magic,
generation, the seq before its first frame, the chain's head there); `identities` has a row's leaf and its identity.
A frame that a crash cut off is cut away when the log is opened for writing. Durable up to `sync`; a crash of the
process alone loses nothing.
"""

import os
import struct
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from reelm.feed.catalog.records import IDENTITY, DamagedError, Frame, Identity, read_frame

SEGMENT: Final = struct.Struct("<8s16sQ32s")
MAGIC: Final = b"RLDELTA1"
SUFFIX: Final = ".deltas"
IDENTITIES: Final = "identities"
LEAF_BYTES: Final = 32
ROW_BYTES: Final = LEAF_BYTES + IDENTITY.size
SEGMENT_BYTES: Final = 8 << 20
GENESIS: Final = bytes(32)
_FORGOTTEN = bytes(IDENTITY.size)


def segments(folder: Path) -> list[Path]:
    """Return the segments of a generation's log, oldest first."""
    return sorted(folder.glob(f"*{SUFFIX}"))


def first_seq(path: Path) -> int:
    """Return the number of a segment's first frame."""
    return int(path.stem)


def read_head(data: bytes) -> tuple[bytes, int, bytes]:
    """Return a segment's generation, the seq before its first frame, and the chain's head there."""
    if len(data) < SEGMENT.size:
        raise DamagedError("cut short")
    magic, generation, before, chain = SEGMENT.unpack_from(data)
    if magic != MAGIC:
        raise DamagedError("no segment of a delta log")
    return generation, before, chain


def frames(path: Path) -> Iterator[tuple[Frame, bytes, int]]:
    """Yield each frame of a segment, the chain's head after it, and where it ends. Raises `DamagedError`."""
    data = path.read_bytes()
    _, seq, chain = read_head(data)
    at, view = SEGMENT.size, memoryview(data)
    while at < len(data):
        frame, chain, at = read_frame(view, at, chain)
        if frame.seq != seq + 1:
            raise DamagedError("a frame is missing")
        seq = frame.seq
        yield frame, chain, at


class Log:
    """The log of one generation, open for writing. `seq` and `chain` are those of its last frame."""

    def __init__(self, folder: Path, generation: bytes, step: Callable[[str], None]) -> None:
        self.folder = folder
        self.generation = generation
        self.seq, self.chain = 0, GENESIS
        self.last: Frame | None = None
        self._step = step
        self._file = -1
        self._length = 0
        self._rows = -1

    def open(self) -> None:
        """Find the last whole frame, and cut away what comes after it. Raises `DamagedError`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        found = segments(self.folder)
        if not found:
            self._begin_segment()
        else:
            self._find_end(found[-1])
        self._rows = os.open(self.folder / IDENTITIES, os.O_RDWR | os.O_CREAT, 0o600)

    def _find_end(self, path: Path) -> None:
        generation, self.seq, self.chain = read_head(path.read_bytes())
        if generation != self.generation:
            raise DamagedError("of another generation")
        end = SEGMENT.size
        try:
            for frame, chain, after in frames(path):
                self.last, self.seq, self.chain, end = frame, frame.seq, chain, after
        except DamagedError as error:
            if str(error) != "cut short":
                raise
        os.truncate(path, end)
        self._file, self._length = os.open(path, os.O_WRONLY | os.O_APPEND), end

    def close(self) -> None:
        for descriptor in (self._file, self._rows):
            if descriptor >= 0:
                os.close(descriptor)
        self._file = self._rows = -1

    def append(self, frame: Frame, identities: Sequence[Identity]) -> None:
        """Add a frame and the identities of its new rows; they are written first."""
        for put, identity in zip(frame.puts, identities, strict=True):
            os.pwrite(self._rows, put.leaf + identity.to_bytes(), put.row * ROW_BYTES)
        self._step("identities")
        if self._length > SEGMENT_BYTES:
            self.rotate()
        data = frame.to_bytes(self.chain)
        half = len(data) // 2
        try:
            _write(self._file, data[:half])
            self._step("half a frame")
            _write(self._file, data[half:])
        except OSError:
            # A full disk: what comes next must not stand behind half of this.
            os.ftruncate(self._file, self._length)
            raise
        self._length += len(data)
        self.seq, self.chain, self.last = frame.seq, data[-32:], frame
        self._step("frame")

    def rotate(self) -> None:
        """Go on in a new segment, if there is anything in this one."""
        if self._length <= SEGMENT.size:
            return
        os.fsync(self._file)
        os.close(self._file)
        self._begin_segment()

    def _begin_segment(self) -> None:
        path = self.folder / f"{self.seq + 1:016}{SUFFIX}"
        new = path.with_suffix(".new")
        new.write_bytes(SEGMENT.pack(MAGIC, self.generation, self.seq, self.chain))
        new.replace(path)
        self._file, self._length = os.open(path, os.O_WRONLY | os.O_APPEND), SEGMENT.size
        self._step("segment")

    def sync(self) -> None:
        """Return when everything appended so far is on the disk."""
        os.fsync(self._rows)
        os.fsync(self._file)

    def identity(self, row: int) -> tuple[bytes, Identity]:
        """Return a row's leaf and identity. Raises `DamagedError` where the file has no such row."""
        data = os.pread(self._rows, ROW_BYTES, row * ROW_BYTES)
        if len(data) != ROW_BYTES:
            raise DamagedError("identities are cut short")
        return data[:LEAF_BYTES], Identity.from_bytes(data[LEAF_BYTES:])

    def forget(self, rows: Sequence[int]) -> None:
        """Forget who rows were of; their leaves stay."""
        for row in rows:
            os.pwrite(self._rows, _FORGOTTEN, row * ROW_BYTES + LEAF_BYTES)
        self._step("forgotten")


def _write(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]
