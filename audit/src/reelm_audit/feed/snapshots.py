"""The catalog as it was at one step, from a base and the log after it (`spec/receipt/snapshots.md`).

Everything is checked on the way: the log's chain, each base against its own head, identities against their leaves,
renewed lists against their digest. Raises `SnapshotError` for what does not fit together, `MissingError` for what is
not there.
"""

import hashlib
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from reelm_audit.feed.layout import qlog, uuid_key

COLUMNS = (
    "language", "published", "duration_ms", "views", "likes", "comments", "reposts", "shares", "finishes", "skips",
)  # fmt: skip
NEWEST, TOP, FRESH, TOP_OF_LANGUAGE = 1, 2, 3, 4
CHAINS = {1: "author", 2: "sound", 3: "tag"}
_AGES = ((1, 400), (6, 340), (24, 280), (72, 210), (168, 150), (720, 80), (2160, 40))
_GUARANTEED, _MOST, _MOST_OF_LANGUAGE, _LANGUAGES = 200, 2000, 1000, 60
_BASE = struct.Struct("<8s16sQII32s32s")
_SEGMENT = struct.Struct("<8s16sQ32s")
_FRAME = struct.Struct("<IQI")
_PUT = struct.Struct("<32sqqi7q")
_IDENTITY = struct.Struct("<32s16s16s16sq8q")
_LEAF = b"reelm/feed/row/v1\x00"
_CHAIN = b"reelm/feed/frame/v1\x00"
_LISTS = b"reelm/feed/lists/v1\x00"

Lists = dict[tuple[int, int], list[int]]


class SnapshotError(ValueError):
    """What auditors get does not fit together."""


class MissingError(Exception):
    """A part that is needed is not in the folder."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose a row is; all zero, and `gone`, once the clip is no longer public."""

    clip: bytes
    author: int
    sound: int
    tags: tuple[int, ...]
    gone: bool


@dataclass
class State:
    """What retrieval reads, after frame `seq`."""

    generation: bytes
    seq: int = 0
    chain: bytes = bytes(32)
    alive: list[bool] = field(default_factory=list)
    columns: dict[str, list[int]] = field(default_factory=lambda: {name: [] for name in COLUMNS})
    lists: Lists = field(default_factory=dict)
    identities: list[Identity] = field(default_factory=list)

    @property
    def size(self) -> int:
        """How many rows there are."""
        return len(self.alive)

    def newest_of(self, kind: int, key: int, limit: int) -> list[int]:
        """Return the newest living rows of an author (1), a sound (2) or a tag (3)."""
        return self._chains.get((kind, key), [])[:limit]

    @cached_property
    def _chains(self) -> dict[tuple[int, int], list[int]]:
        """All chains, newest first. Made when the first is asked for, after which the state must stay as it is."""
        found: dict[tuple[int, int], list[int]] = {}
        for row in range(self.size - 1, -1, -1):
            identity = self.identities[row]
            if not self.alive[row] or identity.gone:
                continue
            keys = {(1, identity.author), (2, identity.sound), *((3, tag) for tag in identity.tags)}
            for kind, key in keys:
                if key:
                    found.setdefault((kind, key), []).append(row)
        return found


def bases(folder: Path) -> list[tuple[int, Path]]:
    """Return the bases of a generation's folder by their seq."""
    return sorted((int(path.stem), path) for path in folder.glob("*.base") if path.stem.isdecimal())


def base_digest(path: Path) -> str:
    """Return the digest by which the ledger names a base."""
    return hashlib.sha256(_inflate(path)).hexdigest()


def state_at(folder: Path, seq: int) -> tuple[State, int | None]:
    """Return the catalog after frame `seq`, and the seq of the base that it began with, if any."""
    if not folder.is_dir():
        raise MissingError("there is no snapshot of this generation of the catalog")
    identities = _identities(folder)
    before = [(number, path) for number, path in bases(folder) if number <= seq]
    try:
        state = _base(before[-1][1], folder, identities) if before else State(bytes.fromhex(folder.name))
        _apply_log(state, folder, seq, identities)
    except (struct.error, IndexError, OverflowError) as error:
        raise SnapshotError(f"the snapshot is malformed: {error}") from error
    if state.seq != seq:
        raise MissingError(f"the log ends at frame {state.seq}")
    state.identities = [identity for _, identity in identities[: state.size]]
    if len(state.identities) < state.size:
        raise SnapshotError("there are fewer identities than rows")
    return state, before[-1][0] if before else None


def _identities(folder: Path) -> list[tuple[bytes, Identity]]:
    try:
        data = (folder / "identities").read_bytes()
    except OSError as error:
        raise MissingError("there are no identities") from error
    found: list[tuple[bytes, Identity]] = []
    for leaf, salt, clip, author, sound, *tags in _IDENTITY.iter_unpack(data[: len(data) // 152 * 152]):
        gone = salt == clip == author == bytes(16) and sound == 0 and not any(tags)
        if not gone:
            told = _LEAF + salt + clip + author + struct.pack("<9q", sound, *tags)
            if hashlib.sha256(told).digest() != leaf:
                raise SnapshotError(f"row {len(found)} is said to be of somebody else than the log says")
        found.append((leaf, Identity(clip, uuid_key(author), sound, tuple(tag for tag in tags if tag), gone)))
    return found


def _inflate(path: Path) -> bytes:
    try:
        return zlib.decompress(path.read_bytes())
    except (OSError, zlib.error) as error:
        raise SnapshotError(f"{path.name} can't be read") from error


def _base(path: Path, folder: Path, identities: list[tuple[bytes, Identity]]) -> State:
    data = _inflate(path)
    magic, generation, seq, _, size, chain, committed = _BASE.unpack_from(data)
    if magic != b"RLBASE01" or generation.hex() != folder.name or seq != int(path.stem):
        raise SnapshotError(f"{path.name} is not the base that its name says")
    leaves = b"".join(leaf for leaf, _ in identities[:size])
    if len(leaves) != 32 * size or hashlib.sha256(leaves).digest() != committed:
        raise SnapshotError(f"{path.name} commits to other identities")
    state, at = State(generation, seq, chain), _BASE.size
    bits = data[at : at + (size + 7) // 8]
    state.alive = [bool(bits[row >> 3] >> (row & 7) & 1) for row in range(size)]
    at += len(bits)
    for name in COLUMNS:
        letter, width = ("i", 4) if name == "duration_ms" else ("q", 8)
        state.columns[name] = list(struct.unpack_from(f"<{size}{letter}", data, at))
        at += width * size
    count = struct.unpack_from("<QIB", data, at)[2]
    at += 13
    for _ in range(count):
        kind, key, length = struct.unpack_from("<BqI", data, at)
        state.lists[kind, key] = list(struct.unpack_from(f"<{length}I", data, at + 13))
        at += 13 + 4 * length
    if at != len(data):
        raise SnapshotError(f"{path.name} has another length than it says")
    return state


def _apply_log(state: State, folder: Path, upto: int, identities: list[tuple[bytes, Identity]]) -> None:
    for seq, when, body, chain in _frames(state, folder, upto):
        _apply(state, body, when, identities)
        state.seq, state.chain = seq, chain


def _frames(state: State, folder: Path, upto: int) -> Iterator[tuple[int, int, bytes, bytes]]:
    """Yield the frames after the state's, each after the one before was applied."""
    for path in sorted(folder.glob("*.deltas")):
        data = path.read_bytes()
        magic, generation, before, head = _SEGMENT.unpack_from(data)
        if magic != b"RLDELTA1" or generation != state.generation:
            raise SnapshotError(f"{path.name} is no segment of this log")
        if before == state.seq and head != state.chain:
            raise SnapshotError(f"{path.name} goes on from another log")
        at = _SEGMENT.size
        while at < len(data) and state.seq < upto:
            length, seq, when = _FRAME.unpack_from(data, at)
            end = at + _FRAME.size + length
            if end + 32 > len(data):
                break
            if seq > state.seq:
                if seq != state.seq + 1:
                    raise MissingError(f"the log has no frame {state.seq + 1}")
                chain = hashlib.sha256(_CHAIN + state.chain + data[at:end]).digest()
                if chain != data[end : end + 32]:
                    raise SnapshotError(f"frame {seq} does not follow from the one before")
                yield seq, when, data[at + _FRAME.size : end], chain
            at = end + 32


def _apply(state: State, body: bytes, when: int, identities: list[tuple[bytes, Identity]]) -> None:
    at = 0
    while at < len(body):
        kind = body[at]
        if kind == 1:
            at = _put(state, body, at, identities)
        elif kind == 2:
            (count,) = struct.unpack_from("<I", body, at + 1)
            for row in struct.unpack_from(f"<{count}I", body, at + 5):
                state.alive[row] = False
                for name in COLUMNS:
                    state.columns[name][row] = 0
            at += 5 + 4 * count
        elif kind == 3:
            column, count = struct.unpack_from("<BI", body, at + 1)
            values = state.columns[COLUMNS[column]]
            rows = struct.unpack_from(f"<{count}I", body, at + 6)
            for row, value in zip(
                rows, struct.unpack_from(f"<{count}q", body, at + 6 + 4 * count), strict=True
            ):
                values[row] = value
            at += 6 + 12 * count
        elif kind == 4:
            state.lists = renewed(state, when)
            if lists_digest(state.lists) != body[at + 1 : at + 33]:
                raise SnapshotError(f"the lists of frame {state.seq + 1} are not those of its columns")
            at += 33
        else:
            raise SnapshotError(f"frame {state.seq + 1} has a record of kind {kind}")


def _put(state: State, body: bytes, at: int, identities: list[tuple[bytes, Identity]]) -> int:
    count, first = struct.unpack_from("<II", body, at + 1)
    if first != state.size:
        raise SnapshotError(f"frame {state.seq + 1} gives rows out of order")
    at += 9
    for _ in range(count):
        leaf, *values = _PUT.unpack_from(body, at)
        if state.size >= len(identities) or identities[state.size][0] != leaf:
            raise SnapshotError(f"row {state.size} has another identity than the log says")
        state.alive.append(True)
        for name, value in zip(COLUMNS, values, strict=True):
            state.columns[name].append(value)
        at += _PUT.size
    return at


def renewed(state: State, now: int) -> Lists:
    """Return the lists as of a moment, from the columns as they are."""
    column = state.columns
    living = [row for row, alive in enumerate(state.alive) if alive]
    published, views = column["published"], column["views"]
    scores = {row: _score(state, row, now) for row in living}
    by_time = sorted(living, key=lambda row: (-published[row], -row))
    by_score = sorted(living, key=lambda row: (-scores[row], -row))
    lists: Lists = {
        (NEWEST, 0): by_time[:_MOST],
        (TOP, 0): by_score[:_MOST],
        (FRESH, 0): [row for row in by_time if views[row] < _GUARANTEED][:_MOST],
    }
    speakers: dict[int, list[int]] = {}
    for row in by_score:
        speakers.setdefault(column["language"][row], []).append(row)
    for key in sorted(speakers, key=lambda key: (-len(speakers[key]), key))[:_LANGUAGES]:
        lists[TOP_OF_LANGUAGE, key] = speakers[key][:_MOST_OF_LANGUAGE]
    return lists


def _score(state: State, row: int, now: int) -> int:
    column = state.columns
    hours = max(0, now - column["published"][row]) // 3600
    points = next((points for limit, points in _AGES if hours < limit), 0)
    shown = column["views"][row] + 16
    done = 512 * (column["finishes"][row] + 4) // shown
    return points + 3 * qlog(max(0, acts_of(state, row))) + done - 256 * column["skips"][row] // shown


def acts_of(state: State, row: int) -> int:
    """Return how much was done about a clip: likes, comments twice, reposts and shares three times."""
    column = state.columns
    return (
        column["likes"][row]
        + 2 * column["comments"][row]
        + 3 * (column["reposts"][row] + column["shares"][row])
    )


def lists_digest(lists: Lists) -> bytes:
    """Return the digest by which the log names lists."""
    told = hashlib.sha256(_LISTS)
    for (kind, key), rows in lists.items():
        told.update(struct.pack("<BqI", kind, key, len(rows)) + struct.pack(f"<{len(rows)}I", *rows))
    return told.digest()
