"""Receipt v1: the bytes that say how one page of For You was made (`spec/receipt/README.md`, "The receipt").

Numbers are little-endian. Reading is strict about shape: version, counts, length, indices. Whether what a receipt
says is *true* is `replay`'s to find. A receipt that can't be read raises `LayoutError`.
"""

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum, IntFlag
from typing import Any

MAGIC = b"RLR1"
MAX_BYTES = 8192
FEATURES = (
    "item", "next", "content", "taste_author", "taste_sound", "taste_tags", "followed", "friend", "language", "age",
    "views", "acts", "finish_rate", "skip_rate", "act_rate", "duration", "author_views", "viewer_events",
    "viewer_finish_rate", "author_seen", "sound_seen", "trend", "wish", "source_count",
)  # fmt: skip
MAX_SCORED, MAX_REST, MAX_CHOSEN, MAX_ACTS, MAX_TASTES = 80, 180, 50, 50, 16
COMMITMENTS = (0, 8, 16, 32, 64)
NO_GROUP = 0xFF
ZERO = bytes(32)

_HEAD = struct.Struct("<4sBHI16sQ32s32s32s32s32s16s32s7B")
_SCORED = struct.Struct("<IHBBBi24h")
_REST = struct.Struct("<IHi")
_CHOSEN = struct.Struct("<B16s")
_ACT = struct.Struct("<Ib")
_TASTE = struct.Struct("<Bqh")
_ADJUSTED = struct.Struct("<BBiB")
_ROW = struct.Struct("<I")
COMMITMENT_BYTES = 16


class LayoutError(ValueError):
    """Bytes are not a receipt of a version that is known here."""


class Mode(IntEnum):
    """Which kind of page a receipt is of."""

    FOR_YOU = 0
    SIGNED_OUT = 1
    LIST = 2


class Source(IntFlag):
    """Where a candidate came from; a candidate may have several."""

    ITEM = 1
    NEXT = 2
    CONTENT = 4
    TASTE = 8
    FOLLOWING = 16
    FRIENDS = 32
    TRENDING = 64
    FRESH = 128
    BOOST = 256
    AGAIN = 512


ALL_SOURCES = 1023
BOOST, DEMOTION = 1, 2


@dataclass(frozen=True, slots=True)
class Scored:
    """A candidate that was fully scored. Groups are numbers of this receipt, in order of first appearance."""

    row: int
    sources: int
    author: int
    sound: int
    tag: int
    pre: int
    features: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Rest:
    """A candidate that its pre-score did not bring far enough."""

    row: int
    sources: int
    pre: int


@dataclass(frozen=True, slots=True)
class Chosen:
    """A clip of the page: its place among the scored, and its id."""

    index: int
    clip: bytes


@dataclass(frozen=True, slots=True)
class Act:
    """One of the viewer's acts that retrieval used: the clip's row and the act's factor."""

    row: int
    factor: int


@dataclass(frozen=True, slots=True)
class Taste:
    """One of the viewer's tastes that retrieval used. Kinds: 1 creator, 2 sound, 3 tag."""

    kind: int
    key: int
    value: int


@dataclass(frozen=True, slots=True)
class Adjusted:
    """A declared boost or demotion that touched a scored candidate."""

    index: int
    kind: int
    points: int
    reason: int


@dataclass(frozen=True)
class Receipt:
    """One receipt, taken apart."""

    mode: int
    position: int
    time: int
    generation: bytes
    seq: int
    matrices: bytes
    model: bytes
    policy: bytes
    adjustments: bytes
    visit: bytes
    served: bytes
    scored: tuple[Scored, ...]
    rest: tuple[Rest, ...]
    chosen: tuple[Chosen, ...]
    acts: tuple[Act, ...] = ()
    tastes: tuple[Taste, ...] = ()
    adjusted: tuple[Adjusted, ...] = ()
    commitments: tuple[bytes, ...] = ()
    viewer: bytes = field(default=b"")

    def __post_init__(self) -> None:
        if not self.viewer:
            object.__setattr__(self, "viewer", viewer_digest(self.acts, self.tastes))

    @property
    def seed(self) -> bytes:
        """What chance was drawn from."""
        return seed_of(self.visit, self.position, self.served)

    @property
    def clips(self) -> tuple[bytes, ...]:
        """The ids of the page's clips, in order."""
        return tuple(each.clip for each in self.chosen)


def qlog(value: int) -> int:
    """Return the published logarithm of a number from 0 on, in sixteenths of a doubling, rounded down."""
    if value < 0:
        raise ValueError("qlog is of numbers from 0 on")
    up = value + 1
    exponent = up.bit_length() - 1
    return 16 * exponent + (((up << 4) >> exponent) & 15)


def signed_qlog(value: int) -> int:
    """Return `qlog` of a sum that may be negative, with its sign."""
    return qlog(value) if value >= 0 else -qlog(-value)


def uuid_key(identity: bytes) -> int:
    """Return the key of a thing that has a UUID, given its 16 bytes."""
    return int.from_bytes(identity[8:], "big", signed=True)


def text_key(text: str) -> int:
    """Return the key of a folded tag, a language or a jurisdiction."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big", signed=True)


def seed_of(visit: bytes, position: int, served: bytes) -> bytes:
    """Return the seed of the page at `position` of a visit, where `served` says what came before it."""
    if len(visit) != 16 or len(served) != 32:
        raise ValueError("a visit has 16 bytes, what it was served 32")
    return hashlib.sha256(b"reelm/seed/v1" + visit + position.to_bytes(2, "little") + served).digest()


def served_after(served: bytes, clips: Sequence[bytes]) -> bytes:
    """Return what the next page's receipt says was served before it; the first page of a visit says `ZERO`."""
    return hashlib.sha256(b"reelm/served/v1\x00" + served + b"".join(clips)).digest()


def chance(seed: bytes, row: int, purpose: bytes = b"") -> bytes:
    """Return what puts a row in its place where order is left to chance; smaller comes first."""
    return hashlib.sha256(seed + purpose + _ROW.pack(row)).digest()


def viewer_part(acts: Sequence[Act], tastes: Sequence[Taste]) -> bytes:
    """Return the bytes of what retrieval used of the viewer."""
    return b"".join(
        [*(_ACT.pack(a.row, a.factor) for a in acts), *(_TASTE.pack(t.kind, t.key, t.value) for t in tastes)]
    )


def viewer_digest(acts: Sequence[Act], tastes: Sequence[Taste]) -> bytes:
    """Return the digest over the viewer part."""
    return hashlib.sha256(viewer_part(acts, tastes)).digest()


def digest_of(data: bytes) -> bytes:
    """Return the digest that names a receipt."""
    return hashlib.sha256(data).digest()


def encode(receipt: Receipt) -> bytes:
    """Return a receipt's bytes; `LayoutError` if it can't be one."""
    r = receipt
    parts = (r.scored, r.rest, r.chosen, r.acts, r.tastes, r.adjusted, r.commitments)
    try:
        data = b"".join(
            [
                _HEAD.pack(
                    MAGIC, r.mode, r.position, r.time, r.generation, r.seq, r.matrices, r.model, r.policy,
                    r.adjustments, r.viewer, r.visit, r.served, *(len(part) for part in parts),
                ),
                *(
                    _SCORED.pack(s.row, s.sources, s.author, s.sound, s.tag, s.pre, *s.features)
                    for s in r.scored
                ),
                *(_REST.pack(each.row, each.sources, each.pre) for each in r.rest),
                *(_CHOSEN.pack(each.index, each.clip) for each in r.chosen),
                viewer_part(r.acts, r.tastes),
                *(_ADJUSTED.pack(a.index, a.kind, a.points, a.reason) for a in r.adjusted),
                *r.commitments,
            ]
        )  # fmt: skip
    except struct.error as error:
        raise LayoutError(f"a value does not fit the receipt: {error}") from error
    _check_counts(r.mode, [len(part) for part in parts])
    _check_values(r)
    if len(data) > MAX_BYTES or not _fits(r):
        raise LayoutError("a value does not fit the receipt")
    return data


def _fits(r: Receipt) -> bool:
    """Say whether all texts of bytes have the length that they have in a receipt: packing would pad or cut them."""
    digests = (r.matrices, r.model, r.policy, r.adjustments, r.viewer, r.served)
    short = (r.generation, r.visit, *r.commitments, *(each.clip for each in r.chosen))
    return all(len(each) == 32 for each in digests) and all(len(each) == 16 for each in short)


def decode(data: bytes) -> Receipt:
    """Read a receipt's bytes; anything but the exact shape of version 1 raises `LayoutError`."""
    if data[:3] != MAGIC[:3]:
        raise LayoutError("this is not a receipt")
    if data[3:4] != MAGIC[3:]:
        raise LayoutError("the receipt is of a version that is not known here")
    if len(data) > MAX_BYTES:
        raise LayoutError(f"a receipt has at most {MAX_BYTES} bytes")
    if len(data) < _HEAD.size:
        raise LayoutError("the receipt is cut short")
    _, mode, position, time, generation, seq, *digests_and_counts = _HEAD.unpack_from(data)
    digests, counts = digests_and_counts[:7], digests_and_counts[7:]
    _check_counts(mode, counts)
    sizes = (_SCORED.size, _REST.size, _CHOSEN.size, _ACT.size, _TASTE.size, _ADJUSTED.size, COMMITMENT_BYTES)
    length = _HEAD.size + sum(count * size for count, size in zip(counts, sizes, strict=True))
    if len(data) != length:
        raise LayoutError("the receipt is cut short" if len(data) < length else "bytes follow the receipt")
    reader = _Reader(data, _HEAD.size)
    scored = [_scored(*v) for v in reader.many(_SCORED, counts[0])]
    matrices, model, policy, adjustments, viewer, visit, served = digests
    receipt = Receipt(
        mode=mode,
        position=position,
        time=time,
        generation=generation,
        seq=seq,
        matrices=matrices,
        model=model,
        policy=policy,
        adjustments=adjustments,
        visit=visit,
        served=served,
        scored=tuple(scored),
        rest=tuple(Rest(*v) for v in reader.many(_REST, counts[1])),
        chosen=tuple(Chosen(*v) for v in reader.many(_CHOSEN, counts[2])),
        acts=tuple(Act(*v) for v in reader.many(_ACT, counts[3])),
        tastes=tuple(Taste(*v) for v in reader.many(_TASTE, counts[4])),
        adjusted=tuple(Adjusted(*v) for v in reader.many(_ADJUSTED, counts[5])),
        commitments=tuple(reader.commitments(counts[6])),
        viewer=viewer,
    )
    _check_values(receipt)
    return receipt


def _scored(row: int, sources: int, author: int, sound: int, tag: int, pre: int, *features: int) -> Scored:
    return Scored(row, sources, author, sound, tag, pre, features)


class _Reader:
    def __init__(self, data: bytes, start: int) -> None:
        self._data = data
        self._at = start

    def many(self, form: struct.Struct, count: int) -> list[tuple[Any, ...]]:
        end = self._at + form.size * count
        part = self._data[self._at : end]
        self._at = end
        return list(form.iter_unpack(part))

    def commitments(self, count: int) -> list[bytes]:
        return [
            self._data[start : start + COMMITMENT_BYTES]
            for start in range(self._at, self._at + COMMITMENT_BYTES * count, COMMITMENT_BYTES)
        ]


def _check_counts(mode: int, counts: Sequence[int]) -> None:
    scored, rest, chosen, acts, tastes, adjusted, commitments = counts
    if mode not in tuple(Mode):
        raise LayoutError("the receipt is of a kind of page that is not known here")
    limits = zip(
        (scored, rest, chosen, acts, tastes, adjusted),
        (MAX_SCORED, MAX_REST, min(scored, MAX_CHOSEN), MAX_ACTS, MAX_TASTES, scored),
        strict=True,
    )
    if any(count > most for count, most in limits) or commitments not in COMMITMENTS:
        raise LayoutError("the receipt counts more than one can hold")


def _check_values(receipt: Receipt) -> None:
    number = len(receipt.scored)
    indices = [each.index for each in receipt.chosen] + [each.index for each in receipt.adjusted]
    if any(index >= number for index in indices):
        raise LayoutError("the receipt points at a candidate it does not have")
    sources = [each.sources for each in receipt.scored] + [each.sources for each in receipt.rest]
    if any(not 0 < bits <= ALL_SOURCES for bits in sources):
        raise LayoutError("a candidate has no source, or one that is not known here")
    if any(each.kind not in {1, 2, 3} for each in receipt.tastes):
        raise LayoutError("a taste is of a kind that is not known here")
    if any(
        each.kind not in {BOOST, DEMOTION} or (each.points > 0) != (each.kind == BOOST) or each.points == 0
        for each in receipt.adjusted
    ):
        raise LayoutError("an adjustment is neither a boost nor a demotion")


def changed(receipt: Receipt, **fields: object) -> Receipt:
    """Return a copy with other fields, its viewer digest made anew unless it is given."""
    return replace(receipt, **{"viewer": b"", **fields})  # type: ignore[arg-type]
