"""Where the body of an answer goes."""

import hashlib
from pathlib import Path
from typing import IO


class Sink:
    """Where a body goes: into memory, or into a file that is there as a whole or not at all."""

    def __init__(self, to_file: Path | None) -> None:
        self._path = to_file
        self._part = to_file.with_name(f"{to_file.name}.part") if to_file else None
        self._file: IO[bytes] | None = None
        self._pieces: list[bytes] = []
        self._hash = hashlib.sha256()
        self.length = 0

    def add(self, piece: bytes) -> None:
        self._hash.update(piece)
        self.length += len(piece)
        if self._part is None:
            self._pieces.append(piece)
            return
        if self._file is None:
            self._file = self._part.open("wb")
        self._file.write(piece)

    def finish(self, *, keep: bool) -> tuple[bytes, str]:
        """End it; return what is in memory, and the SHA-256 of all of it. Without `keep` there will be no file."""
        if keep and self._path is not None and self._part is not None:
            if self._file is None:
                self._file = self._part.open("wb")
            self._file.close()
            self._part.replace(self._path)
        return b"".join(self._pieces), self._hash.hexdigest()

    def drop(self) -> None:
        """Leave nothing behind but what was finished."""
        if self._file is not None:
            self._file.close()
        if self._part is not None:
            self._part.unlink(missing_ok=True)
