"""The catalog computed again from its log and bases, by the words of spec/receipt/snapshots.md and nothing of ours.

Slow and plain on purpose: what the tests hold the real one against.
"""

import hashlib
import struct
import zlib
from dataclasses import dataclass, field
from pathlib import Path

COLUMNS = (
    "language",
    "published",
    "duration_ms",
    "views",
    "likes",
    "comments",
    "reposts",
    "shares",
    "finishes",
    "skips",
)
AGES = ((1, 400), (6, 340), (24, 280), (72, 210), (168, 150), (720, 80), (2160, 40))


@dataclass
class State:
    """What retrieval reads."""

    generation: bytes
    seq: int = 0
    chain: bytes = bytes(32)
    leaves: list[bytes] = field(default_factory=list)
    alive: list[bool] = field(default_factory=list)
    columns: dict[str, list[int]] = field(default_factory=lambda: {name: [] for name in COLUMNS})
    lists: dict[tuple[int, int], list[int]] = field(default_factory=dict)


@dataclass
class Identity:
    leaf: bytes
    id: bytes
    author_id: bytes
    sound: int
    tags: tuple[int, ...]
    gone: bool


def identities(folder: Path) -> list[Identity]:
    data = (folder / "identities").read_bytes()
    found = []
    for at in range(0, len(data), 152):
        leaf, rest = data[at : at + 32], data[at + 32 : at + 152]
        gone = rest == bytes(120)
        if not gone:
            assert leaf == hashlib.sha256(b"reelm/feed/row/v1\0" + rest).digest()
        _, clip, author, sound, *tags = struct.unpack("<16s16s16sq8q", rest)
        found.append(Identity(leaf, clip, author, sound, tuple(tag for tag in tags if tag), gone))
    return found


def read_base(path: Path) -> tuple[State, bytes, bytes]:
    """The state, what it commits to of the identities, and the base's digest."""
    data = zlib.decompress(path.read_bytes())
    magic, generation, seq, _, size, chain, committed = struct.unpack_from("<8s16sQII32s32s", data)
    assert magic == b"RLBASE01"
    state, at = State(generation, seq, chain), 104
    bits = data[at : at + (size + 7) // 8]
    state.alive = [bool(bits[row // 8] >> row % 8 & 1) for row in range(size)]
    at += len(bits)
    for name in COLUMNS:
        letter, each = ("i", 4) if name == "duration_ms" else ("q", 8)
        state.columns[name] = list(struct.unpack_from(f"<{size}{letter}", data, at))
        at += each * size
    _, _, count = struct.unpack_from("<QIB", data, at)
    at += 13
    for _ in range(count):
        kind, key, length = struct.unpack_from("<BqI", data, at)
        state.lists[kind, key] = list(struct.unpack_from(f"<{length}I", data, at + 13))
        at += 13 + 4 * length
    assert at == len(data)
    return state, committed, hashlib.sha256(data).digest()


def replay(folder: Path, upto: int, start: State | None = None) -> State:
    """The state after frame `upto`, from nothing or from a base."""
    known = identities(folder)
    state = start or State(bytes.fromhex(folder.name))
    state.leaves = [each.leaf for each in known[: len(state.alive)]]
    for path in sorted(folder.glob("*.deltas")):
        data = path.read_bytes()
        magic, generation, before, chain = struct.unpack_from("<8s16sQ32s", data)
        assert magic == b"RLDELTA1"
        assert generation == state.generation
        if before == state.seq:
            assert chain == state.chain
        at = 64
        while at < len(data) and state.seq < upto:
            length, seq, when = struct.unpack_from("<IQI", data, at)
            body, said = data[at + 16 : at + 16 + length], data[at + 16 + length : at + 48 + length]
            if seq > state.seq:
                assert seq == state.seq + 1
                head = b"reelm/feed/frame/v1\0" + state.chain + data[at : at + 16] + body
                assert hashlib.sha256(head).digest() == said
                _apply(state, body, when)
                state.seq, state.chain = seq, said
            at += 48 + length
    assert state.seq == upto
    return state


def _apply(state: State, body: bytes, when: int) -> None:
    at = 0
    while at < len(body):
        if body[at] == 1:
            count, first = struct.unpack_from("<II", body, at + 1)
            at += 9
            assert first == len(state.alive)
            for _ in range(count):
                leaf, *values = struct.unpack_from("<32sqqi7q", body, at)
                state.leaves.append(leaf)
                state.alive.append(True)
                for name, value in zip(COLUMNS, values, strict=True):
                    state.columns[name].append(value)
                at += 108
        elif body[at] == 2:
            (count,) = struct.unpack_from("<I", body, at + 1)
            for row in struct.unpack_from(f"<{count}I", body, at + 5):
                state.alive[row] = False
                for name in COLUMNS:
                    state.columns[name][row] = 0
            at += 5 + 4 * count
        elif body[at] == 3:
            column, count = struct.unpack_from("<BI", body, at + 1)
            rows = struct.unpack_from(f"<{count}I", body, at + 6)
            values = struct.unpack_from(f"<{count}q", body, at + 6 + 4 * count)
            for row, value in zip(rows, values, strict=True):
                state.columns[COLUMNS[column]][row] = value
            at += 6 + 12 * count
        else:
            assert body[at] == 4
            lists = renewed(state, when)
            told = b"reelm/feed/lists/v1\0"
            for (kind, key), rows in lists.items():
                told += struct.pack("<BqI", kind, key, len(rows)) + struct.pack(f"<{len(rows)}I", *rows)
            assert hashlib.sha256(told).digest() == body[at + 1 : at + 33]
            state.lists = lists
            at += 33


def renewed(state: State, now: int) -> dict[tuple[int, int], list[int]]:
    living = [row for row, alive in enumerate(state.alive) if alive]
    column = state.columns

    def score(row: int) -> int:
        hours = max(0, now - column["published"][row]) // 3600
        acts = column["likes"][row] + 2 * column["comments"][row]
        acts += 3 * column["reposts"][row] + 3 * column["shares"][row]
        points = next((points for limit, points in AGES if hours < limit), 0)
        shown = column["views"][row] + 16
        done = 512 * (column["finishes"][row] + 4) // shown
        return points + 3 * qlog(max(0, acts)) + done - 256 * column["skips"][row] // shown

    def by(rows, worth, count):
        return sorted(rows, key=lambda row: (worth(row), row), reverse=True)[:count]

    def published(row):
        return column["published"][row]

    lists = {
        (1, 0): by(living, published, 2000),
        (2, 0): by(living, score, 2000),
        (3, 0): by([row for row in living if column["views"][row] < 200], published, 2000),
    }
    speakers: dict[int, list[int]] = {}
    for row in living:
        speakers.setdefault(column["language"][row], []).append(row)
    for key in sorted(speakers, key=lambda key: (-len(speakers[key]), key))[:60]:
        lists[4, key] = by(speakers[key], score, 1000)
    return lists


def qlog(x: int) -> int:
    y = x + 1
    e = y.bit_length() - 1
    return 16 * e + (((y << 4) >> e) & 15)
