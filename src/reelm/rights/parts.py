"""An upload's sealed pieces as one file that can be read and searched, in memory a piece's segment at a time."""

import bisect
import errno
import io
from itertools import accumulate
from typing import Any

from reelm.media.service import MediaStore, PartRow, SealedReader


class PartsFile(io.RawIOBase):
    """Read-only. Opens one piece at a time, in whatever order it is asked for."""

    def __init__(self, store: MediaStore, parts: list[PartRow], key: bytes) -> None:
        self._store = store
        self._parts = parts
        self._key = key
        self._ends = list(accumulate(part.size_bytes for part in parts))
        self._at = 0
        self._open: tuple[int, SealedReader] | None = None

    @property
    def size(self) -> int:
        return self._ends[-1] if self._ends else 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        if base + offset < 0:
            raise OSError(errno.EINVAL, "before the beginning")
        self._at = base + offset
        return self._at

    def readinto(self, buffer: Any) -> int:
        number = bisect.bisect_right(self._ends, self._at)
        if number >= len(self._parts):
            return 0
        start = self._at - (self._ends[number] - self._parts[number].size_bytes)
        found = self._reader(number).read_range(start, min(len(buffer), 256 * 1024))
        buffer[: len(found)] = found
        self._at += len(found)
        return len(found)

    def _reader(self, number: int) -> SealedReader:
        if self._open is None or self._open[0] != number:
            self._close_part()
            self._open = (number, self._store.reader(self._parts[number].name, self._key))
        return self._open[1]

    def _close_part(self) -> None:
        if self._open is not None:
            self._open[1].close()
            self._open = None

    def close(self) -> None:
        self._close_part()
        super().close()
