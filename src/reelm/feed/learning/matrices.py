"""Matrices of neighbours: which clips go with which, as whole numbers in memory-mapped files.

One folder is one set of matrices, for one generation of the catalog, and never changes once it is in force. A
kind is a sparse matrix in three files: row `r` has the neighbours `neighbour[indptr[r]:indptr[r + 1]]`, heaviest
first and then by row. Weights are int16, so that a sum of rows is exact in any order.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
import numpy as np
import numpy.typing as npt

Kind = Literal["item", "next", "content"]
KINDS: Final[tuple[Kind, ...]] = ("item", "next", "content")
FORMAT: Final = "reelm-matrices/1"
CURRENT: Final = "current"
MANIFEST: Final = "manifest.json"
PARTS: Final = {"indptr": np.int64, "neighbour": np.uint32, "weight": np.int16}
NO_DIGEST: Final = bytes(32)
MOST_FACTOR: Final = 2**14

Neighbours = npt.NDArray[np.uint32]
Weights = npt.NDArray[np.int16]
Sums = npt.NDArray[np.int64]


class MatricesError(Exception):
    """These files are not matrices that may be used: incomplete, of another catalog, or not there."""


@dataclass(frozen=True)
class Rows:
    """One kind as arrays: a sparse matrix whose rows are sorted, heaviest neighbour first."""

    indptr: npt.NDArray[np.int64]
    neighbour: Neighbours
    weight: Weights

    @property
    def size(self) -> int:
        return len(self.indptr) - 1

    @classmethod
    def empty(cls, rows: int = 0) -> "Rows":
        return cls(np.zeros(rows + 1, np.int64), np.zeros(0, np.uint32), np.zeros(0, np.int16))


class KindFiles(msgspec.Struct, frozen=True):
    """What the manifest says of one kind: its size, and the SHA-256 of each of its files."""

    rows: int
    entries: int
    files: dict[str, str]


class Manifest(msgspec.Struct, frozen=True):
    """What a folder of matrices holds. `digest` is the SHA-256 of the canonical JSON of all the rest."""

    format: str
    generation: str
    made_at: int
    contributors_min: int
    rule: str
    kinds: dict[str, KindFiles]
    digest: str


class Matrices:
    """A set of matrices in force."""

    def __init__(self, manifest: Manifest | None, kinds: Mapping[str, Rows]) -> None:
        self._kinds = kinds
        self.manifest = manifest
        self.digest = bytes.fromhex(manifest.digest) if manifest else NO_DIGEST
        self.generation = bytes.fromhex(manifest.generation) if manifest else b""
        self.made_at = manifest.made_at if manifest else 0

    @classmethod
    def none(cls) -> "Matrices":
        """Matrices without any row: a realm that has learned nothing yet. Their digest is zeros."""
        return cls(None, {})

    @classmethod
    def of(cls, kinds: Mapping[str, Rows]) -> "Matrices":
        """Matrices that are in memory only, of no digest."""
        return cls(None, kinds)

    @classmethod
    def open(cls, path: Path, generation: bytes | None = None) -> "Matrices":
        """Open the matrices in force below `path` (or the set whose folder `path` is).

        Raises `MatricesError` where there are none, they are incomplete, or they are numbered by another generation
        of the catalog than `generation`.
        """
        folder = path if (path / MANIFEST).exists() else path / CURRENT
        try:
            folder = folder.resolve(strict=True)
            manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
            if manifest.format != FORMAT:
                raise MatricesError(f"{folder.name}: unknown format {manifest.format!r}")
            if generation is not None and manifest.generation != generation.hex():
                raise MatricesError(f"{folder.name}: made for another catalog")
            kinds = {kind: _opened(folder, kind, said) for kind, said in manifest.kinds.items()}
        except (OSError, ValueError, msgspec.DecodeError) as error:
            raise MatricesError(f"{folder}: {error}") from error
        return cls(manifest, kinds)

    def rows(self, kind: Kind) -> int:
        """How many rows a kind has; clips of higher rows came after it was made."""
        known = self._kinds.get(kind)
        return known.size if known else 0

    def whole(self, kind: Kind) -> Rows:
        """Return all rows of a kind; none for an unknown one."""
        known = self._kinds.get(kind)
        return known or Rows.empty()

    def neighbours(self, kind: Kind, row: int) -> tuple[Neighbours, Weights]:
        """Return the neighbours of a clip and their weights, heaviest first; none for an unknown row."""
        known = self._kinds.get(kind)
        if known is None or not 0 <= row < known.size:
            return _NO_NEIGHBOURS, _NO_WEIGHTS
        start, end = known.indptr[row : row + 2].tolist()
        return known.neighbour[start:end], known.weight[start:end]

    def sums(self, kind: Kind, rows: Sequence[int], factors: Sequence[int]) -> tuple[Neighbours, Sums]:
        """Add up the rows of some clips, each times its factor; return every clip reached and its sum.

        Exact, whatever the order of `rows`; the clips come in ascending order. Sums can be zero or negative.
        A factor is at most `MOST_FACTOR` either way.
        """
        known = self._kinds.get(kind)
        if known is None:
            return _NO_NEIGHBOURS, _NO_SUMS
        asked = np.asarray(rows, dtype=np.int64)
        inside = (asked >= 0) & (asked < known.size)
        asked, by = asked[inside], np.asarray(factors, dtype=np.int64)[inside]
        starts, ends = known.indptr[asked], known.indptr[asked + 1]
        lengths = ends - starts
        count = int(lengths.sum())
        if not count:
            return _NO_NEIGHBOURS, _NO_SUMS
        pairs = list(zip(starts.tolist(), ends.tolist(), strict=True))
        reached = np.concatenate([known.neighbour[start:end] for start, end in pairs])
        weighed = np.concatenate([known.weight[start:end] for start, end in pairs]) * np.repeat(by, lengths)
        return _added(reached, weighed)


class Follower:
    """The matrices in force, opened anew when others are put in force. Looking costs one `lstat`."""

    def __init__(self, path: Path) -> None:
        self._link = path / CURRENT
        self._path = path
        self._seen: object = None
        self._open = Matrices.none()

    def current(self, generation: bytes) -> Matrices:
        """Return the matrices in force for a generation of the catalog; empty ones where there are none."""
        try:
            state = os.lstat(self._link)
            seen: object = (state.st_ino, state.st_mtime_ns, generation)
        except OSError:
            seen = generation
        if seen != self._seen:
            self._seen = seen
            try:
                self._open = Matrices.open(self._path, generation)
            except MatricesError:
                self._open = Matrices.none()
        return self._open


def _opened(folder: Path, kind: str, said: KindFiles) -> Rows:
    """One kind, mapped into memory."""
    indptr, neighbour, weight = (_mapped(folder / f"{kind}.{part}.npy", part) for part in PARTS)
    if len(indptr) != said.rows + 1 or len(neighbour) != said.entries or len(weight) != said.entries:
        raise MatricesError(f"{folder.name}: {kind} is not as large as its manifest says")
    if int(indptr[0]) != 0 or int(indptr[-1]) != said.entries:
        raise MatricesError(f"{folder.name}: {kind} does not end where its rows end")
    return Rows(indptr, neighbour, weight)


def _mapped(path: Path, part: str) -> npt.NDArray[Any]:
    found = np.load(path, mmap_mode="r" if path.stat().st_size > _SMALL_BYTES else None, allow_pickle=False)
    if found.dtype != PARTS[part] or found.ndim != 1:
        raise MatricesError(f"{path.name} holds something else than {PARTS[part].__name__} in a row")
    plain: npt.NDArray[Any] = found.view(np.ndarray)
    return plain  # plain views slice faster than mapped ones


def _added(reached: Neighbours, weighed: Sums) -> tuple[Neighbours, Sums]:
    """Group by clip: one sort of whole numbers that hold clip and term, which is kinder to caches than a table."""
    packed = (reached.astype(np.int64) << _TERM_BITS) + (weighed + _TERM_MIDDLE)
    packed.sort()
    clips = (packed >> _TERM_BITS).astype(np.uint32)
    starts = np.flatnonzero(np.concatenate([_TRUE, clips[1:] != clips[:-1]]))
    terms = (packed & (2**_TERM_BITS - 1)) - _TERM_MIDDLE
    return clips[starts], np.add.reduceat(terms, starts)


# A term is a weight of 16 bits times a factor of 15.
_TERM_BITS: Final = 31
_TERM_MIDDLE: Final = 2**30
_TRUE: Final = np.ones(1, dtype=np.bool_)
# An array without entries can't be mapped.
_SMALL_BYTES = 128
_NO_NEIGHBOURS: Neighbours = np.zeros(0, dtype=np.uint32)
_NO_WEIGHTS: Weights = np.zeros(0, dtype=np.int16)
_NO_SUMS: Sums = np.zeros(0, dtype=np.int64)
