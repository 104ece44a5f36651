"""A copy of a realm's ledger on disk, as a folder or its zip: what `watch` keeps and `verify` checks.

It is laid out as the realm publishes it, so that it can be served again as it is: `checkpoint`, `tile/entries/…`,
`document/<sha256>.json`; and `mirror.json`, which says of whom it is and how far it has come.
"""

import hashlib
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from reelm_audit.client import MAX_BUNDLE_BYTES
from reelm_audit.output import CouldNotCheckError
from reelm_audit.tlog import canonical
from reelm_audit.tlog.merkle import Frontier
from reelm_audit.tlog.tiles import WIDTH, TileError, decode_bundle, entries_path

FORMAT = "reelm-mirror/v1"
ABOUT, CHECKPOINT = "mirror.json", "checkpoint"

_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)

Read = Callable[[str], bytes | None]


@dataclass(frozen=True)
class About:
    """Whose ledger this is a copy of: `size` entries are here, whose complete subtrees are `nodes` (hexadecimal)."""

    url: str
    vkey: str
    size: int = 0
    nodes: tuple[str, ...] = ()

    def encode(self) -> bytes:
        """Return the bytes of `mirror.json`."""
        return canonical.encode({"format": FORMAT, **asdict(self)})

    def frontier(self) -> Frontier:
        """Return the tree over the entries that are here."""
        return Frontier(self.size, [bytes.fromhex(node) for node in self.nodes])


def decode_about(data: bytes) -> About:
    """Read `mirror.json`; raises `CouldNotCheckError`."""
    try:
        value: Any = canonical.decode(data)
        known = value.pop("format", None) == FORMAT
        about = About(**{**value, "nodes": tuple(value["nodes"])})
        about.frontier()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CouldNotCheckError(f"{ABOUT} is not one of this tool's") from error
    if not known:
        raise CouldNotCheckError(f"{ABOUT} is of another version of this tool")
    return about


class Bundle:
    """Reads a copy; nothing in it is believed before it is verified."""

    def __init__(self, read: Read) -> None:
        self._read = read
        data = read(ABOUT)
        if data is None:
            raise CouldNotCheckError(f"there is no {ABOUT} here: this is not a copy of a ledger")
        self.about = decode_about(data)

    def checkpoint(self) -> bytes:
        """Return the last checkpoint seen, as it was signed."""
        data = self._read(CHECKPOINT)
        if data is None:
            raise CouldNotCheckError("the copy has no checkpoint")
        return data

    def bundles(self, size: int, first: int = 0) -> Iterator[tuple[int, list[bytes]]]:
        """Yield the first index and the entries of each bundle up to `size` entries, from that of entry `first` on.

        Ends early where one is missing; raises `TileError` where one can't be read.
        """
        for start in range(first // WIDTH * WIDTH, size, WIDTH):
            count = min(WIDTH, size - start)
            data = self._read(entries_path(start // WIDTH, count))
            if data is None and count < WIDTH:
                data = self._read(entries_path(start // WIDTH))
            if data is None:
                return
            entries = decode_bundle(data)
            if len(entries) < count:
                raise TileError(f"{entries_path(start // WIDTH, count)} is cut short")
            yield start, entries[:count]

    def entries(self, size: int) -> Iterator[tuple[int, bytes]]:
        """Yield index and bytes of each entry up to `size`."""
        for start, entries in self.bundles(size):
            yield from enumerate(entries, start)

    def document(self, digest: str) -> bytes | None:
        """Return a published document if it is here and has this digest."""
        if not _DIGEST.fullmatch(digest):
            return None
        data = self._read(f"document/{digest}.json")
        return data if data is not None and hashlib.sha256(data).hexdigest() == digest else None


def open_bundle(path: Path) -> Bundle:
    """Open a copy, be it a folder or a zip; raises `CouldNotCheckError`."""
    if path.is_dir():
        return Bundle(lambda name: _read_file(path / name))
    try:
        return Bundle(_zip_reader(zipfile.ZipFile(path)))
    except (OSError, zipfile.BadZipFile) as error:
        raise CouldNotCheckError(f"{path} can't be read: {error}") from error


def _read_file(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BUNDLE_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise CouldNotCheckError(f"{path} can't be read: {error}") from error
    if len(data) > MAX_BUNDLE_BYTES:
        raise CouldNotCheckError(f"{path} is larger than it can be")
    return data


def _zip_reader(archive: zipfile.ZipFile) -> Read:
    """Read the zip of a folder, whether it was packed with the folder's own name in front or not."""
    names = {entry.filename: entry for entry in archive.infolist() if not entry.is_dir()}
    prefixes = [name.removesuffix(ABOUT) for name in names if name == ABOUT or name.endswith(f"/{ABOUT}")]
    prefix = min(prefixes, key=len, default="")

    def read(name: str) -> bytes | None:
        entry = names.get(prefix + name)
        if entry is None:
            return None
        if entry.file_size > MAX_BUNDLE_BYTES:
            raise CouldNotCheckError(f"{name} is larger than it can be")
        try:
            with archive.open(entry) as file:
                return file.read(MAX_BUNDLE_BYTES + 1)
        except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError) as error:
            raise CouldNotCheckError(f"{name} can't be read: {error}") from error

    return read
