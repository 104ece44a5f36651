"""Bases and the log: from either, the same state; nothing of a clip that is gone; old ones are thinned, not missed."""

import hashlib
import json
import os
import random
from pathlib import Path

import pytest
from tests.factories.catalogs import new_row
from tests.factories.replayed import State, identities, read_base, replay

from reelm.feed.catalog import snapshots
from reelm.feed.catalog.handing import NothingKeptError, hand_out
from reelm.feed.catalog.log import SUFFIX, frames, segments
from reelm.feed.catalog.records import DamagedError
from reelm.feed.catalog.store import Store

DAY = 24 * 3600


def fill(store: Store, chance: random.Random, at: int, steps: int = 6) -> None:
    """Some steps of everything, at a time."""
    for number in range(steps):
        store.change(at + number, [new_row(chance) for _ in range(20)])
        living = store.mapping.columns["alive"][: store.mapping.size].nonzero()[0].tolist()
        gone = chance.sample(living, 5)
        left = [row for row in living if row not in gone][:7]
        store.change(at + number, (), gone, {"views": (left, left), "language": (left[:1], [3])})
        store.renew_lists(at + number)


def same(one: State, other: State) -> None:
    assert one.alive == other.alive
    assert one.lists == other.lists
    assert one.columns == other.columns
    assert (one.seq, one.chain) == (other.seq, other.chain)


def test_a_base_is_what_the_log_gives(tmp_path):
    chance = random.Random(1)
    with Store(tmp_path) as store:
        fill(store, chance, 1000)
        first = snapshots.write(snapshots.take(store, 2000))
        fill(store, chance, 3000)
        second = snapshots.write(snapshots.take(store, 4000))
        fill(store, chance, 5000)
        end, folder = store.log.seq, store.folder
    assert len(segments(folder)) == 3
    for base in (first, second):
        told, committed, digest = read_base(base.path)
        assert digest.hex() == base.digest == snapshots.read(base.path).digest
        leaves = b"".join(each.leaf for each in identities(folder)[: len(told.alive)])
        assert hashlib.sha256(leaves).digest() == committed
        same(told, replay(folder, base.seq))
        same(replay(folder, end, told), replay(folder, end))
    assert snapshots.newest(folder) == second


def test_a_base_and_the_log_can_be_told_to_any_frame_between(tmp_path):
    chance = random.Random(3)
    with Store(tmp_path) as store:
        fill(store, chance, 1000, 3)
        base = snapshots.write(snapshots.take(store, 2000))
        fill(store, chance, 3000, 3)
        for seq in range(base.seq, store.log.seq + 1):
            same(replay(store.folder, seq, read_base(base.path)[0]), replay(store.folder, seq))


def test_what_is_gone_leaves_its_leaf_and_nothing_else(tmp_path):
    row = new_row(random.Random(2))
    with Store(tmp_path) as store:
        store.change(1, [row])
        base = snapshots.write(snapshots.take(store, 5))
        store.change(2, buried=[0])
        [told] = identities(store.folder)
        assert told.gone
        assert told.leaf == row.identity.leaf()
        everything = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
        for secret in (row.identity.id, row.identity.author_id, row.identity.salt):
            assert secret not in everything
        assert replay(store.folder, 1).alive == [True], (
            "that there was something, and its numbers, can still be told"
        )
        assert read_base(base.path)[0].alive == [True]


def test_a_generation_that_is_over_forgets_too(tmp_path):
    chance = random.Random(4)
    rows = [new_row(chance) for _ in range(3)]
    with Store(tmp_path) as store:
        store.change(1, rows)
        old, deltas = store.folder, segments(store.folder)[0]
    deltas.write_bytes(deltas.read_bytes()[:-1] + b"x")
    with Store(tmp_path) as store:
        assert store.folder != old
        store.change(1, [rows[2], rows[0]])
        snapshots.forget_elsewhere(store, 10**6)
        assert [each.gone for each in identities(old)] == [False, True, False]
        store.change(2, buried=[1])
        snapshots.forget_elsewhere(store, 10**6)
        assert [each.gone for each in identities(old)] == [True, True, False]
        for path in old.iterdir():
            os.utime(path, (10**6, 10**6))
        snapshots.forget_elsewhere(store, 10**6 + 29 * DAY)
        assert old.exists()
        snapshots.forget_elsewhere(store, 10**6 + 31 * DAY)
        assert not old.exists()


def _bases_at(store: Store, times: list[int]) -> None:
    chance = random.Random(6)
    for at in times:
        fill(store, chance, at - 100, 1)
        base = snapshots.write(snapshots.take(store, at))
        os.utime(base.path, (at, at))


def test_old_bases_are_thinned_and_everything_left_can_be_told(tmp_path):
    now = 100 * DAY
    times = [
        *(now - 45 * DAY, now - 40 * DAY, now - 31 * DAY),
        *(now - 10 * DAY + minute * 600 for minute in range(9)),
        *(now - 3600 + minute * 600 for minute in range(5)),
    ]
    with Store(tmp_path) as store:
        _bases_at(store, times)
        digests = {path.name: snapshots.read(path).digest for path in snapshots.bases(store.folder)}
        snapshots.thin(store.folder, now)
        left = [snapshots.read(path) for path in snapshots.bases(store.folder)]
        assert [base.at for base in left] == [times[2], times[3], times[9], *times[12:]]
        assert {base.path.name: base.digest for base in left}.items() <= digests.items()
        start = read_base(left[0].path)[0]
        for base in left[1:]:
            same(replay(store.folder, base.seq, start), read_base(base.path)[0])
        snapshots.thin(store.folder, now)
        assert len(snapshots.bases(store.folder)) == len(left)
        assert len(segments(store.folder)) < len(times)


def test_a_log_that_was_changed_is_found(tmp_path):
    with Store(tmp_path) as store:
        fill(store, random.Random(1), 1000, 2)
        [path] = segments(store.folder)
    whole = path.read_bytes()
    for at in range(64, len(whole), 97):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(DamagedError):
            list(frames(path))


def test_what_is_handed_out_is_what_the_time_needs(tmp_path):
    with Store(tmp_path) as store:
        _bases_at(store, [10_000, 20_000, 30_000, 40_000])
        [(folder, files)] = snapshots.between(tmp_path / "snapshots", 25_000, 35_000)
        names = _named(files)
        assert folder == store.folder
        assert [path.name for path in snapshots.bases(folder)[1:3]] == names[".base"]
        assert names[SUFFIX] == [path.name for path in segments(folder)[2:3]]
        [(_, early)] = snapshots.between(tmp_path / "snapshots", 0, 9_999)
        assert _named(early) == {"": ["identities"], SUFFIX: [segments(folder)[0].name]}


def _named(files: list[Path]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path in files:
        found.setdefault(path.suffix, []).append(path.name)
    return found


def test_a_folder_for_an_auditor_holds_whole_frames_and_says_what_it_has(tmp_path):
    feed, target = tmp_path / "feed", tmp_path / "out"
    with Store(feed) as store:
        _bases_at(store, [10_000, 20_000])
        fill(store, random.Random(9), 25_000, 2)
        with segments(store.folder)[-1].open("ab") as half:
            half.write(b"\x40\x00\x00\x00half a frame")
        handed = hand_out(feed, 15_000, 30_000, target)
        assert (handed.generations, handed.bases) == (1, 2)
        own = target / store.folder.name
        told = json.loads((target / "manifest.json").read_text())["generations"][store.folder.name]
        assert {one["file"] for one in told} == {path.name for path in own.iterdir()}
        assert [one["digest"] for one in told if "digest" in one] == [
            snapshots.read(path).digest for path in snapshots.bases(store.folder)
        ]
        first, last = snapshots.bases(own)
        same(replay(own, snapshots.seq_of(last), read_base(first)[0]), read_base(last)[0])
        assert replay(own, store.log.seq, read_base(last)[0]).seq == store.log.seq
        with pytest.raises(FileExistsError):
            hand_out(feed, 15_000, 30_000, target)
        with pytest.raises(NothingKeptError):
            hand_out(tmp_path / "nothing", 15_000, 30_000, tmp_path / "other")
