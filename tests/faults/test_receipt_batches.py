"""Receipts and their batches, killed at each step: no leaf is lost, none is in two batches."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest
from tests.factories.ledger import OwnLedger
from tests.factories.receipts import CLOCK, LocalKeys, keep_one, local_batcher, local_keeper

from reelm.feed.receipts.batches import ReceiptBatcher
from reelm.feed.receipts.batchfiles import BatchProver
from reelm.feed.receipts.indexing import ReceiptIndexer
from reelm.feed.receipts.keeper import open_record
from reelm.feed.receipts.segments import CLOSED, OPEN, IndexRow
from reelm.kit.database import Database
from reelm_audit.feed import promises

REPOSITORY = Path(__file__).parents[2]
BOUNDARY = 1_790_000_000


class Own:
    """A database and a folder with receipts of a test's own."""

    def __init__(self, ledger: OwnLedger, indexer: Database, admin: Any, person: uuid.UUID) -> None:
        self.ledger = ledger
        self.indexer = indexer
        self.admin = admin
        self.person = person
        self.root = ledger.folder / "receipts"
        self.kept = 100

    def batcher(self, **changes: Any) -> ReceiptBatcher:
        return local_batcher(self.indexer, self.ledger.folder, **changes)

    async def die(self, act: str, step: str, boundary: int = BOUNDARY) -> list[str]:
        """Let a process die at a step; return the leaves that it had promised."""
        about = self.ledger.settings.database
        order = {
            "settings": {
                "host": about.host,
                "port": about.port,
                "name": about.name,
                "passwords": {role: about.passwords[role] for role in ("reelm_web", "reelm_indexer")},
            },
            "folder": str(self.ledger.folder),
            "act": act,
            "step": step,
            "person": str(self.person),
            "boundary": boundary,
        }
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "tests.faults.receipts_child"],
            cwd=REPOSITORY,
            input=json.dumps(order) + "\n",
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == -signal.SIGKILL, done.stderr
        return done.stdout.split()

    async def keep(self, count: int) -> list[str]:
        """Pages served by a process that lives: their leaves wait in the database."""
        keeper = local_keeper(self.root)
        # Never the same page twice: of one second, it would have the same leaf.
        seeds = range(self.kept, self.kept + count)
        self.kept += count
        leaves = [(await keep_one(keeper, self.person, seed))["leaf"] for seed in seeds]
        await ReceiptIndexer(keeper, self.ledger.as_web, CLOCK).bring()
        keeper.close()
        return leaves

    async def prove(self, leaves: list[str]) -> None:
        """Each leaf is in exactly one batch, whose root and chain are in the outbox once, and its file proves it."""
        rows = await self.admin.fetch("SELECT leaf, batch, position FROM receipt_leaves")
        assert sorted(row["leaf"].hex() for row in rows) == sorted(leaves)
        bodies = await self.admin.fetch(
            "SELECT body FROM ledger_entries WHERE kind = 'feed.receipts' ORDER BY number"
        )
        said = [msgspec.json.decode(row["body"]) for row in bodies]
        chain = promises.FIRST_PREVIOUS
        for entry in said:
            assert entry["previous"] == chain.hex()
            chain = promises.batch_hash(entry["batch"], chain, bytes.fromhex(entry["root"]))
        roots = {entry["batch"]: bytes.fromhex(entry["root"]) for entry in said}
        assert len(roots) == len(said)
        prover = BatchProver(self.root / "batches")
        for row in rows:
            size, hashes = prover.prove(row["batch"], row["position"])
            inclusion = promises.Inclusion(row["batch"], row["position"], size, tuple(hashes), 0)
            inclusion.verify(row["leaf"], roots[row["batch"]])


@pytest.fixture
async def own(ledger: OwnLedger) -> AsyncIterator[Own]:
    about = ledger.settings.database
    admin = await asyncpg.connect(**about.connection("reelm_admin"))
    indexer = await Database.open(about, "reelm_indexer", size=3)
    person = uuid.uuid4()
    name = f"p{person.hex[:10]}"
    await admin.execute(
        "INSERT INTO people (id, handle, handle_key, display_name) VALUES ($1, $2, $2, '')", person, name
    )
    yield Own(ledger, indexer, admin, person)
    await indexer.close()
    await admin.close()


@pytest.mark.parametrize("step", ["kept", "torn", "synced", "indexed", "settling"])
async def test_what_a_killed_process_promised_is_brought_by_the_next(own: Own, step: str) -> None:
    leaves = await own.die("keep", step)
    assert len(leaves) == 3
    next_one = ReceiptIndexer(local_keeper(own.root), own.ledger.as_web, CLOCK)
    await next_one.recover()
    assert await next_one.recover() == 0
    assert await own.admin.fetchval("SELECT count(*) FROM receipts WHERE person_id = $1", own.person) == 3
    assert not list(own.root.glob(f"segments/*/*{OPEN}"))
    (segment,) = own.root.glob(f"segments/*/*{CLOSED}")
    assert own.person.bytes not in segment.read_bytes(), "who it was is in the database only"
    await own.batcher().make(BOUNDARY)
    await own.prove(leaves)


class Disk:
    """What of each file would survive a power cut: what it held when it was last synced."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.safe: dict[str, bytes] = {}
        self.named: set[str] = set()
        self.full = False
        self._data, self._folder = os.fdatasync, os.fsync
        monkeypatch.setattr("os.fdatasync", self._sync)
        monkeypatch.setattr("os.fsync", self._sync_folder)

    def _sync(self, handle: int) -> None:
        if self.full:
            raise OSError(5, "input/output error")
        held = os.pread(handle, os.fstat(handle).st_size, 0)
        self._data(handle)
        self.safe[Path(f"/proc/self/fd/{handle}").readlink().stem] = held

    def _sync_folder(self, handle: int) -> None:
        self._folder(handle)
        self.named |= {str(path) for path in Path(f"/proc/self/fd/{handle}").readlink().iterdir()}


class CarefulIndexer(ReceiptIndexer):
    """Looks, when the database is about to be told of a page, whether a power cut could still take its record."""

    disk: Disk

    async def _add(self, rows: list[IndexRow]) -> None:
        for row in rows:
            record = self.disk.safe[Path(row.segment).name][row.place : row.place + row.length]
            receipt_key = LocalKeys().known_receipt_key(row.person_id)
            assert receipt_key is not None
            open_record(receipt_key, row.id, row.leaf, record)
            assert str(self._keeper.root / f"{row.segment}{OPEN}") in self.disk.named
        await super()._add(rows)


async def test_a_record_is_on_the_disk_before_the_database_hears_of_it(
    own: Own, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch)
    keeper = local_keeper(own.root)
    indexer = CarefulIndexer(keeper, own.ledger.as_web, CLOCK)
    indexer.disk = disk
    leaves = [(await keep_one(keeper, own.person, seed))["leaf"] for seed in range(3)]
    assert not disk.safe, "no page waits for a disk"
    disk.full = True
    with pytest.raises(OSError, match="input/output"):
        await indexer.bring()
    assert await own.admin.fetchval("SELECT count(*) FROM receipts") == 0
    disk.full = False
    assert await indexer.bring() == 3
    leaves.append((await keep_one(keeper, own.person, 3))["leaf"])
    assert await indexer.bring() == 1
    await indexer.end()
    (closed,) = own.root.glob(f"segments/*/*{CLOSED}")
    assert str(closed) in disk.named
    assert disk.safe[closed.stem] == closed.read_bytes()
    assert own.person.bytes not in disk.safe[closed.stem], "nor does a power cut bring back who it was"
    monkeypatch.undo()
    await own.batcher().make(BOUNDARY)
    await own.prove(leaves)


@pytest.mark.parametrize("step", ["mixed", "written", "placed", "committed"])
async def test_a_batcher_killed_at_any_step_loses_no_leaf_and_doubles_none(own: Own, step: str) -> None:
    leaves = await own.keep(5)
    await own.die("batch", step)
    made = await own.admin.fetchval("SELECT count(*) FROM receipt_batches")
    assert made == (1 if step == "committed" else 0)
    again = await own.batcher().make(BOUNDARY)
    assert (again is None) == (step == "committed"), "the same boundary gets one batch"
    leaves += await own.keep(2)
    last = await own.batcher().make(BOUNDARY + 10)
    assert last is not None
    assert len(last.leaves) == 2
    await own.prove(leaves)


async def test_two_batchers_make_one_batch(own: Own) -> None:
    leaves = await own.keep(4)
    made = await asyncio.gather(*(own.batcher().make(BOUNDARY) for _ in range(3)))
    assert sorted(each is not None for each in made) == [False, False, True]
    await own.prove(leaves)


async def test_an_empty_batch_is_one_all_the_same_and_looks_like_any_other(own: Own) -> None:
    empty = await own.batcher().make(BOUNDARY)
    assert empty is not None
    leaves = await own.keep(1)
    full = await own.batcher().make(BOUNDARY + 10)
    assert full is not None
    assert empty.size == full.size == promises.SMALLEST_BATCH
    bodies = await own.admin.fetch("SELECT body FROM ledger_entries WHERE kind = 'feed.receipts'")
    assert len({len(row["body"]) for row in bodies}) == 1
    await own.prove(leaves)


async def test_the_leaf_of_somebody_who_is_gone_goes_its_way_and_nothing_else_does(own: Own) -> None:
    keeper = local_keeper(own.root)
    leaf = (await keep_one(keeper, own.person, 7))["leaf"]
    await own.admin.execute("DELETE FROM people WHERE id = $1", own.person)
    await ReceiptIndexer(keeper, own.ledger.as_web, CLOCK).bring()
    keeper.close()
    assert await own.admin.fetchval("SELECT count(*) FROM receipts") == 0
    await own.batcher().make(BOUNDARY)
    await own.prove([leaf])
