"""Sealed files: encrypted at rest, readable by range, appendable, and honest about being cut.

Format (all numbers big-endian). A file is a row of parts, a closing part, and a tail:

    part    = header segments           header  = "RLS1" number:u32 salt:16
    segment = flag:u8 length:u24 ciphertext:length tag:16
    tail    = offset of the closing part:u64 "RLSEALED"

Every part has its own key, HKDF-SHA256(file key, salt, context | kind | number), so a nonce is just the
segment's place and its flag, and can't meet itself in another part. A segment holds 64 KiB unless it is
a part's last. Flags: 0 more follow, 1 the part ends here, 2 the part was ended (empty) by recovery. The
header and the segment's own head are authenticated with it; the closing part lists every part's
length. So cut, reordered, swapped or added bytes are all noticed (after the STREAM construction, Hoang,
Reyhanitabar, Rogaway, Vizár 2015).

An upload that arrives in pieces gets one part per piece. After a crash the whole segments of an
unfinished part are kept and an empty recovery segment ends it: its flag is its own, so not even a half
written last segment shares a nonce with it, and its plaintext is always the same.
"""

import os
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from reelm.media.errors import SealBrokenError

SEGMENT = 64 * 1024
KEY_BYTES = 32
_MAGIC, _TAIL_MAGIC = b"RLS1", b"RLSEALED"
_HEADER, _HEAD, _TAG, _TAIL = 24, 4, 16, 16
_MORE, _END, _RECOVERED = 0, 1, 2
_DATA, _CLOSING = b"data", b"closing"
_ENTRY = struct.Struct(">QB")


@dataclass(frozen=True)
class _Part:
    """A finished part: where it lies in the file and how many bytes of plaintext it holds."""

    number: int
    offset: int
    length: int
    recovered: bool

    @property
    def sealed_bytes(self) -> int:
        segments = self.length // SEGMENT + 1 if self.recovered else max(1, -(-self.length // SEGMENT))
        return _HEADER + segments * (_HEAD + _TAG) + self.length


class _PartCipher:
    """The key and nonces of one part."""

    def __init__(self, key: bytes, context: bytes, kind: bytes, header: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError("a sealing key has 32 bytes")
        info = b"reelm sealed file\0" + kind + b"\0" + context + b"\0" + header[4:8]
        self._cipher = AESGCM(HKDF(SHA256(), KEY_BYTES, header[8:24], info).derive(key))
        self._header = header

    def seal(self, place: int, flag: int, plain: bytes) -> bytes:
        head = self._head(flag, len(plain))
        return head + self._cipher.encrypt(self._nonce(place, flag), plain, self._header + head)

    def open(self, place: int, flag: int, sealed: bytes) -> bytes:
        """Return the plaintext. Raises SealBrokenError."""
        head = self._head(flag, len(sealed) - _TAG)
        try:
            return self._cipher.decrypt(self._nonce(place, flag), sealed, self._header + head)
        except InvalidTag:
            raise SealBrokenError(technical=f"segment {place} does not verify") from None

    @staticmethod
    def _head(flag: int, length: int) -> bytes:
        return struct.pack(">I", flag << 24 | length)

    @staticmethod
    def _nonce(place: int, flag: int) -> bytes:
        return struct.pack(">3xQB", place, flag)


def _header(number: int, salt: bytes) -> bytes:
    return _MAGIC + struct.pack(">I", number) + salt


class SealedWriter:
    """Appends to a sealed file that is not finished yet.

    `write` any number of times, then `end_part` (which makes everything written so far durable), again and
    again, across restarts; at last `finish`. `context` binds the file to its name: the reader must give the
    same. Not for two writers at once.
    """

    def __init__(
        self, path: Path, key: bytes, context: bytes, *, entropy: Callable[[int], bytes] = os.urandom
    ) -> None:
        """Open or create `path`; what a crash left unfinished at its end is recovered or dropped.

        Raises SealBrokenError if the file is finished, or is not ours.
        """
        self._key, self._context, self._entropy = key, context, entropy
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._file: BinaryIO = os.fdopen(descriptor, "r+b")
        self._folder = path.parent
        self._cipher: _PartCipher | None = None
        self._parts: list[_Part] = []
        self._buffer = bytearray()
        self._place = 0
        self._part_offset = 0
        try:
            self._recover()
        except BaseException:
            self._file.close()
            raise

    @property
    def size(self) -> int:
        """Plaintext bytes so far, those in memory included."""
        return sum(part.length for part in self._parts) + self._place * SEGMENT + len(self._buffer)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append; whole segments go to the file at once."""
        self._buffer += data
        if not self._buffer:
            return
        cipher = self._cipher or self._begin_part()
        whole = (len(self._buffer) - 1) // SEGMENT * SEGMENT
        if whole:
            sealed = [
                cipher.seal(self._place + number, _MORE, bytes(self._buffer[at : at + SEGMENT]))
                for number, at in enumerate(range(0, whole, SEGMENT))
            ]
            self._file.write(b"".join(sealed))
            self._place += len(sealed)
            del self._buffer[:whole]

    def end_part(self) -> None:
        """End the part and sync it to the disk; without anything written since, do nothing."""
        if self._cipher is None:
            return
        self._file.write(self._cipher.seal(self._place, _END, bytes(self._buffer)))
        length = self._place * SEGMENT + len(self._buffer)
        self._close_part(length, recovered=False)
        self._sync()

    def finish(self) -> int:
        """End the last part, write the list of parts and close; return the plaintext's size."""
        self.end_part()
        table = b"".join(_ENTRY.pack(part.length, part.recovered) for part in self._parts)
        header = _header(len(self._parts), self._entropy(16))
        cipher = _PartCipher(self._key, self._context, _CLOSING, header)
        pieces = [table[at : at + SEGMENT] for at in range(0, len(table), SEGMENT)] or [b""]
        offset = self._file.tell()
        sealed = [
            cipher.seal(place, _END if place == len(pieces) - 1 else _MORE, piece)
            for place, piece in enumerate(pieces)
        ]
        self._file.write(header + b"".join(sealed) + struct.pack(">Q", offset) + _TAIL_MAGIC)
        self._sync()
        size = self.size
        self._file.close()
        return size

    def close(self) -> None:
        """Keep what was written, ended as a part; the file stays unfinished."""
        if not self._file.closed:
            self.end_part()
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _begin_part(self) -> _PartCipher:
        header = _header(len(self._parts), self._entropy(16))
        self._part_offset = self._file.tell()
        self._file.write(header)
        self._cipher = _PartCipher(self._key, self._context, _DATA, header)
        self._place = 0
        return self._cipher

    def _close_part(self, length: int, *, recovered: bool) -> None:
        self._parts.append(_Part(len(self._parts), self._part_offset, length, recovered))
        self._cipher = None
        self._buffer.clear()
        self._place = 0

    def _sync(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        _sync_folder(self._folder)

    def _recover(self) -> None:
        """Walk the parts; end an unfinished last one after its last whole, verified segment."""
        size = self._file.seek(0, os.SEEK_END)
        offset = 0
        while offset < size:
            self._file.seek(offset)
            header = self._file.read(_HEADER)
            whole = len(header) == _HEADER and header[:4] == _MAGIC
            if not whole or int.from_bytes(header[4:8], "big") != len(self._parts):
                self._drop_tail(offset, header)
                break
            cipher = _PartCipher(self._key, self._context, _DATA, header)
            offset = self._walk_part(offset, size, cipher)
        self._file.seek(0, os.SEEK_END)

    def _walk_part(self, start: int, size: int, cipher: _PartCipher) -> int:
        """Take one part into the list and return where the next begins."""
        self._part_offset = start
        offset, place = start + _HEADER, 0
        while True:
            self._file.seek(offset)
            head = self._file.read(_HEAD)
            flag, length = (head[0], int.from_bytes(head[1:], "big")) if len(head) == _HEAD else (_MORE, 0)
            end = offset + _HEAD + length + _TAG
            torn = len(head) < _HEAD or end > size or (flag == _MORE and length != SEGMENT)
            if not torn and (flag != _MORE or end == size):
                sealed = self._file.read(length + _TAG)
                try:
                    cipher.open(place, flag, sealed)
                except SealBrokenError:
                    if end < size or place == 0:
                        raise
                    torn = True
            if torn:
                return self._end_torn_part(offset, place, cipher)
            if flag != _MORE:
                self._close_part(place * SEGMENT + length, recovered=flag == _RECOVERED)
                return end
            offset, place = end, place + 1

    def _end_torn_part(self, offset: int, place: int, cipher: _PartCipher) -> int:
        """Cut after the last whole segment. Nothing whole: the part never was."""
        keep = offset if place else self._part_offset
        self._file.truncate(keep)
        self._file.seek(keep)
        if place:
            self._file.write(cipher.seal(place, _RECOVERED, b""))
            self._close_part(place * SEGMENT, recovered=True)
        self._sync()
        return self._file.seek(0, os.SEEK_END)

    def _drop_tail(self, offset: int, header: bytes) -> None:
        """A header cut short by a crash goes; anything else here is a finished or a foreign file."""
        if len(header) == _HEADER and header[:4] == _MAGIC:
            raise SealBrokenError(technical=f"part {len(self._parts)} is missing or out of order")
        if len(header) >= _HEADER or (header and not _MAGIC.startswith(header[:4])):
            raise SealBrokenError(technical="this is not an unfinished sealed file")
        self._file.truncate(offset)
        self._sync()


class SealedReader:
    """Reads ranges of a finished sealed file, opening only the segments that it needs."""

    def __init__(self, path: Path, key: bytes, context: bytes) -> None:
        """Open `path` and read its list of parts. Raises SealBrokenError."""
        self._key, self._context = key, context
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            self._parts = self._read_table()
        except BaseException:
            os.close(self._descriptor)
            raise
        self._ciphers: dict[int, _PartCipher] = {}

    @property
    def size(self) -> int:
        """Return the plaintext's size in bytes."""
        return sum(part.length for part in self._parts)

    def read_range(self, start: int, length: int) -> bytes:
        """Return `length` bytes from `start`; fewer only at the end of the file."""
        return b"".join(self.iterate(start, length))

    def iterate(self, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Yield the range in pieces of at most one segment, each verified before it is given out."""
        if start < 0 or (length is not None and length < 0):
            raise ValueError("a range begins at 0 or later and is not negative")
        stop = self.size if length is None else min(self.size, start + length)
        begin = 0
        for part in self._parts:
            end = begin + part.length
            if begin < stop and end > start:
                yield from self._read_part(part, max(0, start - begin), min(part.length, stop - begin))
            begin = end

    def verify(self) -> None:
        """Open every segment, the empty ones too. Raises SealBrokenError."""
        for _ in self.iterate():
            pass
        for part in self._parts:
            if part.recovered or not part.length:
                flag = _RECOVERED if part.recovered else _END
                self._open(part, self._cipher_of(part), part.length // SEGMENT, flag, 0)

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read_part(self, part: _Part, start: int, stop: int) -> Iterator[bytes]:
        cipher = self._cipher_of(part)
        last = part.length // SEGMENT if part.recovered else max(0, (part.length - 1) // SEGMENT)
        for place in range(start // SEGMENT, -(-stop // SEGMENT)):
            length = min(SEGMENT, part.length - place * SEGMENT)
            flag = _END if place == last and not part.recovered else _MORE
            plain = self._open(part, cipher, place, flag, length)
            yield plain[max(0, start - place * SEGMENT) : stop - place * SEGMENT]

    def _open(self, part: _Part, cipher: _PartCipher, place: int, flag: int, length: int) -> bytes:
        offset = part.offset + _HEADER + place * (SEGMENT + _HEAD + _TAG)
        sealed = self._pread(_HEAD + length + _TAG, offset)
        if sealed[:_HEAD] != struct.pack(">I", flag << 24 | length):
            raise SealBrokenError(technical=f"segment {place} is not what the list of parts says")
        return cipher.open(place, flag, sealed[_HEAD:])

    def _cipher_of(self, part: _Part) -> _PartCipher:
        if part.number not in self._ciphers:
            header = self._pread(_HEADER, part.offset)
            if header[:8] != _header(part.number, b""):
                raise SealBrokenError(technical=f"part {part.number} is not where it should be")
            self._ciphers[part.number] = _PartCipher(self._key, self._context, _DATA, header)
        return self._ciphers[part.number]

    def _read_table(self) -> list[_Part]:
        size = os.fstat(self._descriptor).st_size
        if size < _HEADER + _HEAD + _TAG + _TAIL:
            raise SealBrokenError(technical="too short to be a finished sealed file")
        tail = self._pread(_TAIL, size - _TAIL)
        closing = int.from_bytes(tail[:8], "big")
        if tail[8:] != _TAIL_MAGIC or closing > size - _TAIL - _HEADER:
            raise SealBrokenError(technical="the file was not finished, or is cut")
        table = self._read_closing(self._pread(size - _TAIL - closing, closing))
        parts: list[_Part] = []
        offset = 0
        for number, (length, recovered) in enumerate(_ENTRY.iter_unpack(table)):
            part = _Part(number, offset, length, bool(recovered))
            parts.append(part)
            offset += part.sealed_bytes
        if offset != closing:
            raise SealBrokenError(technical="bytes are missing or were added between the parts")
        return parts

    def _read_closing(self, sealed: bytes) -> bytes:
        header = sealed[:_HEADER]
        cipher = _PartCipher(self._key, self._context, _CLOSING, header)
        table, offset, place = b"", _HEADER, 0
        while True:
            flag, length = sealed[offset], int.from_bytes(sealed[offset + 1 : offset + _HEAD], "big")
            body = sealed[offset + _HEAD : offset + _HEAD + length + _TAG]
            if len(body) != length + _TAG:
                raise SealBrokenError(technical="the list of parts is cut")
            table += cipher.open(place, flag, body)
            offset, place = offset + _HEAD + length + _TAG, place + 1
            if flag != _MORE:
                break
            if offset + _HEAD > len(sealed):
                raise SealBrokenError(technical="the list of parts is cut")
        count = int.from_bytes(header[4:8], "big")
        if offset != len(sealed) or len(table) != count * _ENTRY.size or header[:4] != _MAGIC:
            raise SealBrokenError(technical="the list of parts is not whole")
        return table

    def _pread(self, length: int, offset: int) -> bytes:
        data = os.pread(self._descriptor, length, offset)
        if len(data) != length:
            raise SealBrokenError(technical="the file is cut")
        return data


def seal_file(source: Path, target: Path, key: bytes, context: bytes) -> int:
    """Seal a whole file into `target` (which must not exist), durably; return the plaintext's size."""
    part = target.with_name(f".{target.name}.part")
    part.unlink(missing_ok=True)
    writer = SealedWriter(part, key, context)
    with source.open("rb") as file, writer:
        while data := file.read(16 * SEGMENT):
            writer.write(data)
        size = writer.finish()
    part.rename(target)
    _sync_folder(target.parent)
    return size


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def unseal_file(source: Path, target: Path, key: bytes, context: bytes) -> int:
    """Write the plaintext of a sealed file to `target` (mode 0600); return its size."""
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file, SealedReader(source, key, context) as reader:
        for piece in reader.iterate():
            file.write(piece)
        return reader.size
