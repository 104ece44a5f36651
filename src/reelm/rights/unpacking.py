"""Reading an archive that a stranger may have made. Nothing of it is believed before it has been checked whole.

Checks, in this order, each with a bound that holds before anything large is read:
1. the end of the ZIP: the directory's size and the number of files;
2. every file's line in the directory: name, kind, method, size, place; no two share a name or bytes;
3. the manifest: its format, and that it lists exactly the files there are;
4. the manifest's signature, with the key that it names;
5. every file: length and SHA-256, read once from beginning to end.
Only then are lines decoded, each into its struct, and anything unforeseen refuses the archive.
"""

import hashlib
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import IO, Any, BinaryIO, TypeVar

import msgspec

from reelm.rights.archive import CLIPS, FORMAT, MANIFEST, NOTE, Manifest
from reelm.rights.errors import ArchiveError, ArchiveForeignError, ArchiveTooLargeError, SignatureWrongError
from reelm_audit.tlog.note import NoteError, Verifier, open_note

MAX_FILES = 200_000
MAX_DIRECTORY_BYTES = 64 * 1024 * 1024
MAX_MANIFEST_BYTES = 64 * 1024 * 1024
MAX_NOTE_BYTES = 16 * 1024
MAX_LINE_BYTES = 1024 * 1024
MAX_TEXT_BYTES = 4 * 1024**3
MAX_CLIPS = 20_000
# Text as we write it shrinks about tenfold; what claims to shrink a thousandfold was made to burst.
MAX_RATIO = 200
_CHUNK = 256 * 1024
_END, _END64, _LOCATOR = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_LOCAL = b"PK\x03\x04"
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_NAME = re.compile(
    r"README\.txt|open-messages\.py|manifest\.(?:json|note)"
    r"|account/[a-z]{1,20}\.(?:jsonl?|webp)|data/[a-z_]{1,40}\.jsonl"
    rf"|clips/{_UUID}/[a-z]{{1,20}}\.[a-z0-9]{{1,5}}|sounds/{_UUID}\.m4a|activitypub/(?:actor|outbox)\.json"
    r"|receipts/[a-z0-9-]{1,80}\.tlog-proof"
)
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    UnicodeError,
    ValueError,
)

T = TypeVar("T")


class ArchiveReader:
    """An archive taken apart. Make it with a seekable file of `size` bytes; `check` before anything else."""

    def __init__(self, file: BinaryIO | IO[bytes], size: int) -> None:
        """Steps 1 to 3. Raises `ArchiveError` or one of its kinds."""
        self._file = file
        count = _demand_small_directory(file, size)
        try:
            self._zip = zipfile.ZipFile(file)
        except _BROKEN as error:
            raise ArchiveError from error
        self._lines = _demand_good_lines(self._zip, size, count)
        self.manifest_bytes = self._small(MANIFEST, MAX_MANIFEST_BYTES)
        self.manifest = _manifest(self.manifest_bytes)
        self._demand_what_is_listed()

    def verify_signature(self) -> Verifier:
        """Step 4: return the key whose signature is good. Raises `SignatureWrongError`."""
        text = f"reelm-export/v1\n{hashlib.sha256(self.manifest_bytes).hexdigest()}\n"
        try:
            key = Verifier.from_vkey(self.manifest.realm.vkey)
            if open_note(self._small(NOTE, MAX_NOTE_BYTES), [key]).text != text:
                raise SignatureWrongError
        except NoteError as error:
            raise SignatureWrongError from error
        return key

    def check(self, told: Callable[[int], None] = lambda _: None) -> None:
        """Step 5. `told` hears how many bytes were read; what it raises ends the check."""
        for line in self.manifest.files:
            digest = hashlib.sha256()
            for piece in self.pieces(line.name):
                digest.update(piece)
                told(len(piece))
            if digest.hexdigest() != line.sha256:
                raise ArchiveError(f"{line.name} is not what the manifest says.")

    @property
    def total_bytes(self) -> int:
        return sum(line.bytes for line in self.manifest.files)

    def has(self, name: str) -> bool:
        return name in self._lines

    def size_of(self, name: str) -> int:
        """Raises `ArchiveError` for a file that is not there."""
        if name not in self._lines:
            raise ArchiveError
        return self._lines[name].file_size

    def pieces(self, name: str) -> Iterator[bytes]:
        """Yield a file's content, never more of it than its line promised. Raises `ArchiveError`."""
        left = self.size_of(name)
        try:
            with self._zip.open(self._lines[name]) as entry:
                while piece := entry.read(_CHUNK):
                    left -= len(piece)
                    if left < 0:
                        raise ArchiveError
                    yield piece
        except _BROKEN as error:
            raise ArchiveError from error
        if left:
            raise ArchiveError

    def lines(self, name: str, kind: type[T]) -> Iterator[T]:
        """Yield the objects of a JSON Lines file. Raises `ArchiveError` for anything that is not `kind`."""
        if name not in self._lines:
            return
        for number, line in enumerate(_split(self.pieces(name))):
            if name == CLIPS and number >= MAX_CLIPS:
                raise ArchiveTooLargeError
            yield decoded(line, kind)

    def whole(self, name: str, kind: type[T], largest: int = MAX_LINE_BYTES) -> T:
        """Return a small JSON file's object. Raises `ArchiveError`."""
        return decoded(self._small(name, largest), kind)

    def small(self, name: str, largest: int) -> bytes:
        """Return a small file's bytes. Raises `ArchiveError`."""
        return self._small(name, largest)

    def _small(self, name: str, largest: int) -> bytes:
        if name not in self._lines:
            raise ArchiveForeignError
        if self.size_of(name) > largest:
            raise ArchiveTooLargeError
        return b"".join(self.pieces(name))

    def _demand_what_is_listed(self) -> None:
        listed = {line.name: line for line in self.manifest.files}
        if len(listed) != len(self.manifest.files) or {*listed, MANIFEST, NOTE} != self._lines.keys():
            raise ArchiveError("The manifest does not list the files there are.")
        for name, line in listed.items():
            if self._lines[name].file_size != line.bytes:
                raise ArchiveError(f"{name} is not as long as the manifest says.")


def decoded(data: bytes, kind: type[T]) -> T:
    """Return what JSON says. Raises `ArchiveError`."""
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise ArchiveError from error


def _manifest(data: bytes) -> Manifest:
    try:
        found = msgspec.json.decode(data, type=Manifest)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise ArchiveForeignError from error
    if found.format != FORMAT:
        raise ArchiveForeignError
    return found


def _split(pieces: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        yield from (line for line in whole if line)
        if len(rest) > MAX_LINE_BYTES:
            raise ArchiveTooLargeError
    if rest:
        yield rest


def _demand_small_directory(file: Any, size: int) -> int:
    """Read the end of the ZIP ourselves, since `zipfile` would read a directory of any size; return its count."""
    if size < 22:
        raise ArchiveForeignError
    file.seek(max(0, size - 65_557))
    tail = file.read(65_557)
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < 22:
        raise ArchiveForeignError
    disk, first, here, count, directory, offset, comment = struct.unpack("<4H2LH", tail[at + 4 : at + 22])
    if disk or first or here != count or comment != len(tail) - at - 22:
        raise ArchiveError
    if 0xFFFF in {here, count} or 0xFFFFFFFF in {directory, offset}:
        count, directory = _end64(file, tail, at)
    if count > MAX_FILES or directory > MAX_DIRECTORY_BYTES:
        raise ArchiveTooLargeError
    if directory > size:
        raise ArchiveError
    return int(count)


def _end64(file: Any, tail: bytes, at: int) -> tuple[int, int]:
    locator = tail[at - 20 : at] if at >= 20 else b""
    if locator[:4] != _LOCATOR:
        raise ArchiveError
    file.seek(struct.unpack("<Q", locator[8:16])[0])
    end = file.read(56)
    if len(end) < 56 or end[:4] != _END64:
        raise ArchiveError
    _, count, directory = struct.unpack("<3Q", end[24:48])
    return count, directory


def _demand_good_lines(archive: zipfile.ZipFile, size: int, count: int) -> dict[str, zipfile.ZipInfo]:
    lines: dict[str, zipfile.ZipInfo] = {}
    spans = []
    text = 0
    found = archive.infolist()
    if len(found) != count:
        raise ArchiveError
    for line in found:
        name = line.filename
        if line.orig_filename != name or not _NAME.fullmatch(name):
            raise ArchiveForeignError if not lines else ArchiveError(f"{name[:80]!r} does not belong here.")
        if name in lines:
            raise ArchiveError(f"{name} is there twice.")
        kind = stat.S_IFMT(line.external_attr >> 16)
        if kind not in {0, stat.S_IFREG} or line.flag_bits & 0x1:
            raise ArchiveError(f"{name} is no plain file.")
        if line.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise ArchiveError(f"{name} is packed in a way that is not used here.")
        if line.compress_type == zipfile.ZIP_STORED and line.compress_size != line.file_size:
            raise ArchiveError
        if line.compress_type == zipfile.ZIP_DEFLATED:
            text += line.file_size
            if line.file_size > 64 * 1024 and line.file_size > line.compress_size * MAX_RATIO:
                raise ArchiveTooLargeError
        spans.append((line.header_offset, line.header_offset + 30 + len(name) + line.compress_size))
        lines[name] = line
    if text > MAX_TEXT_BYTES or sum(line.file_size for line in found) > size + MAX_TEXT_BYTES:
        raise ArchiveTooLargeError
    _demand_apart(spans, size)
    return lines


def _demand_apart(spans: list[tuple[int, int]], size: int) -> None:
    """Files that share bytes make a small archive a large one."""
    end = 0
    for start, stop in sorted(spans):
        if start < end or stop > size:
            raise ArchiveError
        end = stop
