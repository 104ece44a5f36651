"""The catalog's writer killed at each of its steps: what readers see belongs together again, and nothing is lost."""

import errno
import os
import random
import signal
import struct
from pathlib import Path
from uuid import UUID

import pytest
from tests.factories.catalogs import new_row
from tests.factories.replayed import COLUMNS, identities, replay

from reelm.feed.catalog import CATALOG, Catalog
from reelm.feed.catalog.store import Store

STEPS = (
    *("identities", "half a frame", "frame", "applying", "applied", "forgotten"),
    *("segment", "larger file", "larger file in force"),
)
ROUNDS = 24


def work(folder: Path, step=lambda name: None, rounds: int = ROUNDS) -> None:
    """Fill a catalog, the same every time: clips come and go, counters move, lists are renewed, files grow."""
    with Store(folder, step) as store:
        while store.log.seq < rounds:
            chance = random.Random(store.log.seq)
            size = store.mapping.size
            living = [row for row in range(size) if store.mapping.cells["alive"][row]]
            round_of = store.log.seq % 4
            if round_of in {0, 1} or not living:
                store.change(store.log.seq, [new_row(chance) for _ in range(130)])
            elif round_of == 2:
                gone = chance.sample(living, 30)
                left = [row for row in living if row not in gone][:20]
                store.change(
                    store.log.seq,
                    [new_row(chance)],
                    gone,
                    {"views": (left, [chance.randrange(999) for _ in left])},
                )
            elif store.renew_lists(1_790_500_000 + store.log.seq) is None:
                raise AssertionError("lists that never change show nothing")
            if store.log.seq == 13:
                store.log.rotate()


def killed_at(folder: Path, wanted: str, nth: int) -> bool:
    """Let a process do the work until it is killed at a step; say whether it came so far."""
    child = os.fork()
    if child == 0:
        seen = 0

        def step(name: str) -> None:
            nonlocal seen
            seen += name == wanted
            if name == wanted and seen == nth:
                os.kill(os.getpid(), signal.SIGKILL)

        work(folder, step)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == -signal.SIGKILL


def check(folder: Path, seq: int) -> None:
    """Hold what a reader sees against the log, told from its first frame."""
    catalog = Catalog(folder / CATALOG)
    own = folder / "snapshots" / catalog.generation.hex()
    known, told = identities(own), replay(own, seq)
    assert catalog.seq == seq
    assert catalog.column("alive").astype(bool).tolist() == told.alive
    assert [each.leaf for each in known[: catalog.size]] == told.leaves
    living = [row for row in range(catalog.size) if told.alive[row]]
    for name in COLUMNS:
        assert catalog.column(name)[living].tolist() == [told.columns[name][row] for row in living]
    for row, each in enumerate(known[: catalog.size]):
        assert each.gone is not told.alive[row]
        assert catalog.id_of(row).bytes == each.id
        if told.alive[row]:
            assert catalog.row(UUID(bytes=each.id)) == row
            assert catalog.author_id(row).bytes == each.author_id
    for kind, keys in (("author", range(1, 12)), ("sound", range(1, 6)), ("tag", range(1, 20))):
        for key in keys:
            have = [row for row in reversed(living) if key in _keys(kind, known[row])]
            assert catalog.newest_of(kind, key, 10_000).tolist() == have
    for name, kind in (("newest", 1), ("top", 2), ("fresh", 3)):
        assert catalog.list(name).tolist() == told.lists.get((kind, 0), [])


def _keys(kind, each):
    if kind == "tag":
        return each.tags
    return (each.sound,) if kind == "sound" else (struct.unpack(">q", each.author_id[8:])[0],)


@pytest.mark.parametrize("nth", [1, 2, 3, 7])
@pytest.mark.parametrize("step", STEPS)
def test_killed_at(tmp_path, step, nth):
    if not killed_at(tmp_path, step, nth):
        assert nth > 1, f"{step} never came"
        pytest.skip(f"{step} comes less than {nth} times")
    before = Catalog(tmp_path / CATALOG)
    generation = before.generation
    with Store(tmp_path) as store:
        seq = store.log.seq
        assert store.mapping.seq == seq
    assert before.generation == Catalog(tmp_path / CATALOG).generation, "a reader of before goes over"
    if generation != bytes(16):
        assert before.generation == generation, "no crash of the process alone costs a generation"
    check(tmp_path, seq)
    work(tmp_path)
    check(tmp_path, ROUNDS)


def test_killed_over_and_over(tmp_path):
    """Whatever it is killed at, it gets on: in the end all is there, as if nothing had happened."""
    kills = sum(killed_at(tmp_path, STEPS[n % 7], 1 + n % 3) for n in range(60))
    assert kills > 10
    work(tmp_path)
    check(tmp_path, ROUNDS)


@pytest.mark.parametrize("wanted", ["half a frame", "identities"])
def test_a_full_disk_costs_nothing_but_the_step(tmp_path, wanted):
    """What could not be written is not half there, and the next step comes after the one before."""
    full = False

    def step(name: str) -> None:
        if full and name == wanted:
            raise OSError(errno.ENOSPC, "no room")

    chance = random.Random(1)
    with Store(tmp_path, step) as store:
        store.change(1, [new_row(chance) for _ in range(5)])
        for _ in range(3):
            full = True
            with pytest.raises(OSError, match="no room"):
                store.change(2, [new_row(chance)], [0])
            full = False
            assert Catalog(tmp_path / CATALOG).size == store.mapping.size
            store.change(3, [new_row(chance)])
        check(tmp_path, 4)
    with Store(tmp_path) as store:
        assert store.log.seq == 4
        check(tmp_path, 4)


def test_no_room_for_a_larger_file_leaves_the_old_one(tmp_path, monkeypatch):
    chance = random.Random(1)

    def no_room(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no room")

    with Store(tmp_path) as store:
        store.change(1, [new_row(chance) for _ in range(1000)])
        with monkeypatch.context() as patched:
            patched.setattr("os.posix_fallocate", no_room)
            for _ in range(2):
                with pytest.raises(OSError, match="no room"):
                    store.change(2, [new_row(chance) for _ in range(100)])
        assert store.mapping.size == 1000
        store.change(2, [new_row(chance) for _ in range(100)])
        assert Catalog(tmp_path / CATALOG).size == 1100


def test_a_store_that_cannot_open_gives_its_lock_back(tmp_path, monkeypatch):
    def broken(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no room")

    with monkeypatch.context() as patched:
        patched.setattr("os.posix_fallocate", broken)
        for _ in range(2):
            with pytest.raises(OSError, match="no room"), Store(tmp_path):
                pass

    def closed_on_a_full_disk() -> None:
        with monkeypatch.context() as patched, Store(tmp_path) as store:
            store.change(1, [new_row(random.Random(2))])
            patched.setattr("reelm.feed.catalog.store.Log.sync", broken)

    with pytest.raises(OSError, match="no room"):
        closed_on_a_full_disk()
    with Store(tmp_path) as store:
        assert store.mapping.size == 1
