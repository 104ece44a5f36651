"""What changes the catalog, as bytes: frames of the delta log, and the identities that their rows commit to.

spec/receipt/snapshots.md is the format in words. A frame is one step of the catalog; everything in it takes effect at
once. It names new rows by a *leaf*, SHA-256 over a salt and the identity, which is kept apart (`rows.py`), so that a
clip that is gone can be forgotten without breaking the chain. Integers are little-endian.
"""

import hashlib
import struct
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
import numpy as np
import numpy.typing as npt

from reelm.feed.catalog.layout import COUNTERS, SETTABLE, TAGS
from reelm.feed.keys import key_of_id

PUT, BURY, SET, RENEW = 1, 2, 3, 4
HEAD: Final = struct.Struct("<IQI")
CHAIN_BYTES: Final = 32
IDENTITY: Final = struct.Struct(f"<16s16s16sq{TAGS}q")
LEAF_DOMAIN: Final = b"reelm/feed/row/v1\0"
FRAME_DOMAIN: Final = b"reelm/feed/frame/v1\0"
MOST_BYTES: Final = 64 << 20
_PUT = struct.Struct(f"<32sqqi{len(COUNTERS)}q")


class DamagedError(Exception):
    """These bytes are no frame, or not the one that follows."""


class Identity(msgspec.Struct, frozen=True):
    """What a row is of, for good. Keys as in `feed/keys.py`; tags without 0."""

    salt: bytes
    id: bytes
    author_id: bytes
    sound: int
    tags: tuple[int, ...]

    @property
    def author(self) -> int:
        return key_of_id(UUID(bytes=self.author_id))

    def to_bytes(self) -> bytes:
        padded = (*self.tags, *(0 for _ in range(TAGS - len(self.tags))))
        return IDENTITY.pack(self.salt, self.id, self.author_id, self.sound, *padded)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Identity":
        salt, clip_id, author_id, sound, *tags = IDENTITY.unpack(data)
        return cls(salt, clip_id, author_id, sound, tuple(tag for tag in tags if tag))

    def leaf(self) -> bytes:
        return hashlib.sha256(LEAF_DOMAIN + self.to_bytes()).digest()


class Put(msgspec.Struct, frozen=True):
    """A new row, and what of it may change; `published` in Unix seconds."""

    row: int
    leaf: bytes
    language: int
    published: int
    duration_ms: int
    counters: tuple[int, ...]


class Set(msgspec.Struct, frozen=True):
    """New values of one column (`SETTABLE`)."""

    column: str
    rows: npt.NDArray[np.uint32]
    values: npt.NDArray[np.int64]


class Frame(msgspec.Struct, frozen=True):
    """One step: new rows, rows that are gone, changed values, in this order; then perhaps the lists, renewed."""

    seq: int
    at: int
    puts: tuple[Put, ...] = ()
    buried: tuple[int, ...] = ()
    sets: tuple[Set, ...] = ()
    lists: bytes | None = None

    def body(self) -> bytes:
        parts = []
        if self.puts:
            parts.append(struct.pack("<BII", PUT, len(self.puts), self.puts[0].row))
            parts += [
                _PUT.pack(p.leaf, p.language, p.published, p.duration_ms, *p.counters) for p in self.puts
            ]
        if self.buried:
            parts.append(struct.pack("<BI", BURY, len(self.buried)) + _uints(self.buried))
        for change in self.sets:
            parts.append(struct.pack("<BBI", SET, SETTABLE.index(change.column), len(change.rows)))
            parts.append(_uints(change.rows) + np.asarray(change.values, dtype="<i8").tobytes())
        if self.lists is not None:
            parts.append(struct.pack("<B32s", RENEW, self.lists))
        return b"".join(parts)

    def to_bytes(self, previous: bytes) -> bytes:
        """Return the frame as the log has it: length, number, time, body, and the chain's new head."""
        body = self.body()
        head = HEAD.pack(len(body), self.seq, self.at)
        return head + body + chained(previous, head, body)


def chained(previous: bytes, head: bytes, body: bytes) -> bytes:
    return hashlib.sha256(FRAME_DOMAIN + previous + head + body).digest()


def read_frame(data: memoryview, at: int, previous: bytes) -> tuple[Frame, bytes, int]:
    """Return the frame at a place, the chain's head after it, and where the next one begins.

    Raises `DamagedError` for bytes that end too soon or do not follow from `previous`.
    """
    if len(data) - at < HEAD.size:
        raise DamagedError("cut short")
    length, seq, when = HEAD.unpack_from(data, at)
    end = at + HEAD.size + length + CHAIN_BYTES
    if length > MOST_BYTES or end > len(data):
        raise DamagedError("cut short")
    body = bytes(data[at + HEAD.size : end - CHAIN_BYTES])
    head = chained(previous, bytes(data[at : at + HEAD.size]), body)
    if head != data[end - CHAIN_BYTES : end]:
        raise DamagedError("does not follow")
    return _frame(seq, when, body), head, end


def _frame(seq: int, when: int, body: bytes) -> Frame:
    puts: tuple[Put, ...] = ()
    buried: tuple[int, ...] = ()
    sets: list[Set] = []
    lists: bytes | None = None
    at = 0
    while at < len(body):
        kind = body[at]
        if kind == PUT:
            count, first = struct.unpack_from("<II", body, at + 1)
            at += 9
            puts = tuple(_put(first + i, body, at + i * _PUT.size) for i in range(count))
            at += count * _PUT.size
        elif kind == BURY:
            (count,) = struct.unpack_from("<I", body, at + 1)
            buried = struct.unpack_from(f"<{count}I", body, at + 5)
            at += 5 + 4 * count
        elif kind == SET:
            column, count = struct.unpack_from("<BI", body, at + 1)
            rows = np.frombuffer(body, "<u4", count, at + 6)
            sets.append(Set(SETTABLE[column], rows, np.frombuffer(body, "<i8", count, at + 6 + 4 * count)))
            at += 6 + 12 * count
        elif kind == RENEW:
            lists = body[at + 1 : at + 33]
            at += 33
        else:
            raise DamagedError(f"a record of kind {kind}")
    return Frame(seq, when, puts, buried, tuple(sets), lists)


def _put(row: int, body: bytes, at: int) -> Put:
    leaf, language, published, duration_ms, *counters = _PUT.unpack_from(body, at)
    return Put(row, leaf, language, published, duration_ms, tuple(counters))


def _uints(rows: Sequence[int] | npt.NDArray[Any]) -> bytes:
    return np.asarray(rows, dtype="<u4").tobytes()
