"""Behaviour matrices as the realm keeps them: for each clip its neighbours with whole weights, in plain files.

A set is a folder with `manifest.json` and, for each kind, three NumPy files (format 1.0, one dimension, of
little-endian numbers): `indptr` i64, `neighbour` u32, `weight` i16. Row r has the entries indptr[r] … indptr[r + 1].
"""

import ast
import hashlib
import json
import mmap
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from reelm_audit.feed.layout import ZERO
from reelm_audit.feed.snapshots import MissingError, SnapshotError
from reelm_audit.tlog import canonical

KINDS = ("item", "next", "content")
_Letter = Literal["q", "I", "h"]
_PARTS: dict[str, tuple[str, _Letter, int]] = {
    "indptr": ("<i8", "q", 8),
    "neighbour": ("<u4", "I", 4),
    "weight": ("<i2", "h", 2),
}
_NPY = b"\x93NUMPY\x01\x00"


class Matrices:
    """One set, found by its digest, its files held against the manifest that has this digest."""

    def __init__(self, folder: Path, manifest: dict[str, Any]) -> None:
        self._kinds: dict[str, dict[str, memoryview[int]]] = {}
        try:
            for kind, said in manifest["kinds"].items():
                self._kinds[kind] = {
                    part: _values(folder / f"{kind}.{part}.npy", said["files"][part], part) for part in _PARTS
                }
        except (KeyError, TypeError, AttributeError) as error:
            raise SnapshotError("the matrices' manifest has another form") from error

    @classmethod
    def nothing(cls) -> "Matrices":
        """What a realm has that has learned nothing yet."""
        return cls(Path(), {"kinds": {}})

    def sums(self, kind: str, rows: Sequence[int], factors: Sequence[int]) -> dict[int, int]:
        """Return for every clip that some rows reach the sum of factor times weight."""
        parts = self._kinds.get(kind)
        found: dict[int, int] = {}
        if parts is None:
            return found
        indptr, neighbour, weight = parts["indptr"], parts["neighbour"], parts["weight"]
        for row, factor in zip(rows, factors, strict=True):
            if not 0 <= row < len(indptr) - 1:
                continue
            start, end = indptr[row], indptr[row + 1]
            if not 0 <= start <= end <= min(len(neighbour), len(weight)):
                raise SnapshotError(f"the {kind} matrix points outside of itself")
            for reached, by in zip(neighbour[start:end], weight[start:end], strict=True):
                found[reached] = found.get(reached, 0) + factor * by
        return found


def find(folder: Path, digest: bytes) -> Matrices:
    """Return the set with this digest from anywhere below a folder."""
    if digest == ZERO:
        return Matrices.nothing()
    for path in sorted(folder.glob("**/manifest.json")):
        try:
            manifest = json.loads(path.read_bytes())
        except (OSError, ValueError):
            continue
        if isinstance(manifest, dict) and manifest.get("digest") == digest.hex():
            said = {name: value for name, value in manifest.items() if name != "digest"}
            try:
                made = hashlib.sha256(canonical.encode(said)).digest()
            except canonical.CanonicalError as error:
                raise SnapshotError("the matrices' manifest has another form") from error
            if made != digest:
                raise SnapshotError("the matrices' manifest has another digest than it says")
            return Matrices(path.parent, manifest)
    raise MissingError("the matrices that the receipt names are not here")


def _values(path: Path, digest: str, part: str) -> "memoryview[int]":
    """Return a file's numbers, its digest and its head checked."""
    kind, letter, width = _PARTS[part]
    try:
        with path.open("rb") as file:
            made = hashlib.file_digest(file, "sha256").hexdigest()
            data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except (OSError, ValueError) as error:
        raise MissingError(f"{path.name} can't be read") from error
    if made != digest:
        raise SnapshotError(f"{path.name} is not the file that the manifest names")
    if bytes(data[:8]) != _NPY:
        raise SnapshotError(f"{path.name} is not in the expected format")
    (length,) = struct.unpack_from("<H", data, 8)
    try:
        head = ast.literal_eval(bytes(data[10 : 10 + length]).decode("latin-1").strip())
        plain = head["descr"] == kind and not head["fortran_order"] and len(head["shape"]) == 1
        count = int(head["shape"][0])
    except (ValueError, SyntaxError, KeyError, TypeError, IndexError) as error:
        raise SnapshotError(f"{path.name} has a head that can't be read") from error
    body = data[10 + length :]
    if not plain or len(body) != count * width:
        raise SnapshotError(f"{path.name} holds something else than it should")
    return body.cast(letter)
