"""The sequencer killed at each of its steps, raced by another, on a full disk, and after a restore of yesterday."""

import asyncio
import contextlib
import json
import random
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import eventually
from tests.factories.ledger import ORIGIN, OwnLedger, entry

from reelm.entrypoints.asking import directly
from reelm.kit.blobs import BlobStoreFullError, LocalBlobStore
from reelm.kit.database import Database
from reelm.kit.ids import SystemIds
from reelm.ledger.adoption import Adopter, Adoption
from reelm.ledger.errors import LedgerFatalError, LedgerTakenOverError
from reelm.ledger.fsck import Fsck
from reelm.ledger.tiles import PUBLIC
from reelm_audit.tlog.checkpoint import open_checkpoint

REPOSITORY = Path(__file__).parents[2]
STEPS = ("selected", "placed", "bundles", "tiles", "head", "signed", "cosigned", "file", "published")


class Mortals:
    """Sequencers in processes that can be killed."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.ledger_child"],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    async def keep(self, own: OwnLedger, step: str = "", nth: int = 1) -> int:
        """Keep the ledger until it dies at a step or nothing is left; return the exit code."""
        about = own.settings.database
        order = {
            "settings": {
                "host": about.host,
                "port": about.port,
                "name": about.name,
                "password": about.passwords["reelm_ledger"],
            },
            "folder": str(own.folder),
            "step": step,
            "nth": nth,
        }
        return await asyncio.to_thread(self._order, json.dumps(order))

    def _order(self, line: str) -> int:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(10)


@pytest.fixture(scope="module")
def mortals() -> Iterator[Mortals]:
    made = Mortals()
    yield made
    made.close()


async def _whole(own: OwnLedger, numbers: list[int]) -> None:
    """Every entry is there once, and everything follows from the entries; no size was signed with two roots."""
    found = await Fsck(own.database, own.blobs).run()
    assert found.clean, found.problems
    assert Counter(await own.bodies()) == Counter(entry(number).to_bytes() for number in numbers)
    by_size: dict[int, set[str]] = {}
    for size, root in own.key.signed():
        by_size.setdefault(size, set()).add(root)
    assert all(len(roots) == 1 for roots in by_size.values())
    sizes = [size for size, _ in own.key.signed()]
    assert sizes == sorted(sizes)


async def _killed_rounds(own: OwnLedger, mortals: Mortals, rounds: int, seed: int) -> None:
    chance = random.Random(seed)
    numbers: list[int] = []
    deaths = 0
    for number in range(rounds):
        step = STEPS[number % len(STEPS)]
        added = range(len(numbers), len(numbers) + chance.choice((1, 3, 200, 256, 300, 700)))
        await own.append(added)
        numbers += added
        deaths += await mortals.keep(own, step, nth=chance.choice((1, 1, 2))) == -9
        if chance.random() < 0.3:
            continue  # the next one dies, too
        assert await mortals.keep(own) == 0
        await _whole(own, numbers)
    assert await mortals.keep(own) == 0
    await _whole(own, numbers)
    assert deaths >= rounds // 3


async def test_killed_at_each_step_nothing_is_lost_or_doubled(ledger: OwnLedger, mortals: Mortals) -> None:
    await _killed_rounds(ledger, mortals, 2 * len(STEPS), seed=1)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(8))
async def test_killed_over_and_over(ledger: OwnLedger, mortals: Mortals, seed: int) -> None:
    await _killed_rounds(ledger, mortals, 5 * len(STEPS), seed=100 + seed)


@pytest.mark.parametrize("step", STEPS)
async def test_killed_there_and_only_there(ledger: OwnLedger, mortals: Mortals, step: str) -> None:
    """The kill is where it is said to be: an empty ledger's first turn dies at the step."""
    await ledger.append(range(10))
    assert await mortals.keep(ledger, step) == -9
    head = await ledger.head()
    placed = len(await ledger.bodies())
    before_head = STEPS.index(step) < STEPS.index("head")
    assert placed == (0 if step == "selected" else 10)
    assert head.size == (0 if before_head else 10)
    assert (ledger.published / PUBLIC).exists() == (step in {"file", "published"})
    assert await mortals.keep(ledger) == 0
    await _whole(ledger, list(range(10)))


# --- two at once, and what fails now and then -------------------------------------------------------------------


async def test_of_two_sequencers_the_later_one_writes(ledger: OwnLedger) -> None:
    """Even without the lock: an earlier one that doesn't know it was replaced changes neither rows nor files."""
    await ledger.append(range(300))
    first, second = ledger.sequencer(), ledger.sequencer()
    await first.start()
    assert await first.turn() == 300
    await second.start()
    await ledger.append(range(300, 310))
    with pytest.raises(LedgerTakenOverError):
        await first.turn()
    assert await second.turn() == 10
    assert second.publisher
    assert first.publisher
    await second.publisher._publish_release()
    published = (ledger.published / PUBLIC).read_bytes()
    with pytest.raises(LedgerFatalError) as refused:
        await first.publisher._publish_release()
    with pytest.raises(LedgerTakenOverError):
        await first.stop_for(refused.value)
    assert (await ledger.head()).problem is None
    assert (ledger.published / PUBLIC).read_bytes() == published
    await _whole(ledger, list(range(310)))


async def test_two_race_for_the_same_entries(ledger: OwnLedger) -> None:
    numbers: list[int] = []
    for number in range(6):
        added = range(number * 100, number * 100 + 100)
        await ledger.append(added)
        numbers += added
        rivals = [ledger.sequencer() for _ in range(2)]
        for rival in rivals:
            await rival.start()
        results = await asyncio.gather(*(rival.turn() for rival in rivals), return_exceptions=True)
        assert all(isinstance(r, int | LedgerTakenOverError) for r in results), results
    last = ledger.sequencer()
    await last.start()
    while await last.turn():
        pass
    assert last.publisher
    await last.publisher._publish_release()
    await _whole(ledger, numbers)


class MoodyBlobs(LocalBlobStore):
    """A store whose disk is full for some of the calls."""

    def __init__(self, root: Path, chance: random.Random, share: float) -> None:
        super().__init__(root)
        self._chance = chance
        self.share = share
        self.refused = 0

    async def put(self, name: str, data: bytes) -> None:
        if self._chance.random() < self.share:
            self.refused += 1
            raise BlobStoreFullError(retry_after_seconds=1)
        await super().put(name, data)


async def test_a_full_disk_now_and_then(ledger: OwnLedger) -> None:
    blobs = MoodyBlobs(ledger.folder / "blobs", random.Random(3), 0.4)
    sequencer = ledger.sequencer(blobs=blobs)
    await sequencer.start()
    numbers: list[int] = []
    for number in range(12):
        added = range(number * 90, number * 90 + 90)
        await ledger.append(added)
        numbers += added
        while True:
            try:
                if not await sequencer.turn():
                    break
            except BlobStoreFullError:
                continue
    assert blobs.refused > 5
    assert sequencer.publisher
    while (await ledger.head()).public_size < len(numbers):
        with contextlib.suppress(BlobStoreFullError):
            await sequencer.publisher._publish_release()
    await _whole(ledger, numbers)


async def test_a_database_that_goes_away_is_waited_for(ledger: OwnLedger, admin: Any) -> None:
    sequencer = ledger.sequencer()
    await sequencer.start()
    keeping = asyncio.ensure_future(sequencer.run())
    try:
        for number in range(5):
            await ledger.append(range(number * 50, number * 50 + 50))
            await admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND usename = 'reelm_ledger'",
                ledger.settings.database.name,
            )
            assert not keeping.done()

        async def published() -> bool:
            return (await _patient_head(ledger)) == 250

        await eventually(published)
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
    await _whole(ledger, list(range(250)))


async def _patient_head(own: OwnLedger) -> int:
    async with own.as_web.transaction() as uow:
        return int(await uow.fetch_value("SELECT public_size FROM ledger_head"))


# --- what stops the ledger ----------------------------------------------------------------------------------------


async def _kept(own: OwnLedger, numbers: range) -> None:
    await own.append(numbers)
    sequencer = own.sequencer()
    await sequencer.start()
    while await sequencer.turn():
        pass
    assert sequencer.publisher
    await sequencer.publisher._publish_release()


@pytest.mark.parametrize("name", ["tile/0/001.p/44", "tile/entries/001.p/44", "tile/1/000.p/1"])
@pytest.mark.parametrize("damage", ["gone", "flipped", "short"])
async def test_a_damaged_tile_stops_the_ledger_and_is_mended(
    ledger: OwnLedger, name: str, damage: str
) -> None:
    await _kept(ledger, range(300))
    path = ledger.published / name
    data = path.read_bytes()
    match damage:
        case "gone":
            path.unlink()
        case "flipped":
            path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        case "short":
            path.write_bytes(data[:-32])
    with pytest.raises(LedgerFatalError):
        await ledger.sequencer().start()
    found = await Fsck(ledger.database, ledger.blobs).run()
    assert [problem for problem in found.problems if name in problem]
    mended = await Fsck(ledger.database, ledger.blobs, repair=True).run()
    assert mended.repaired == 1
    await ledger.sequencer().start()
    await _whole(ledger, list(range(300)))


async def test_a_full_tile_that_was_damaged_is_found_by_fsck_and_by_a_proof(ledger: OwnLedger) -> None:
    await _kept(ledger, range(600))
    path = ledger.published / "tile/0/000"
    path.write_bytes(path.read_bytes()[::-1])
    found = await Fsck(ledger.database, ledger.blobs).run()
    assert found.problems == ["tile/0/000 is not what follows from the entries"]
    with pytest.raises(LedgerFatalError):
        await ledger.service().proof(5)


async def test_an_entry_that_was_changed_is_found(ledger: OwnLedger, realm: Any) -> None:
    await _kept(ledger, range(300))
    async with ledger.database.transaction() as uow:
        assert await uow.execute("UPDATE ledger_entries SET leaf_index = NULL WHERE leaf_index = 7") == 0
    owner = await Database.open(ledger.settings.database, "reelm_admin", size=1)
    async with owner.transaction() as uow:
        await uow.execute(
            "UPDATE ledger_entries SET body = $1 WHERE leaf_index = 7", entry(999_999).to_bytes()
        )
    await owner.close()
    found = await Fsck(ledger.database, ledger.blobs).run()
    assert "tile/entries/000 is not what follows from the entries" in found.problems
    assert "the head has another root than its entries" in found.problems


# --- yesterday's database beside today's tiles --------------------------------------------------------------------


async def _copied(own: OwnLedger, admin: Any, name: str) -> None:
    """Copy the database as it is now."""
    await own.database.close()
    await own.as_web.close()
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE {own.settings.database.name}")


async def _reopened(own: OwnLedger) -> None:
    own.database = await Database.open(own.settings.database, "reelm_ledger", size=6)
    own.as_web = await Database.open(own.settings.database, "reelm_web", size=6)


async def _restored(own: OwnLedger, admin: Any, name: str) -> None:
    """Put the copy in the database's place; files and key stay as they are."""
    await own.database.close()
    await own.as_web.close()
    await admin.execute(f"DROP DATABASE {own.settings.database.name} WITH (FORCE)")
    await admin.execute(f"ALTER DATABASE {name} RENAME TO {own.settings.database.name}")
    await _reopened(own)


def _adopter(own: OwnLedger, vkey: str) -> Adopter:
    return Adopter(
        own.database,
        own.blobs,
        own.clock,
        SystemIds(own.clock),
        origin=ORIGIN,
        vkey=vkey,
        policies=("quorum none\n", "quorum none\n"),
        charter="c" * 64,
        ask=directly(own.clock),
    )


async def _adopted(own: OwnLedger) -> Adoption:
    return await _adopter(own, own.key.verifier.vkey).run()


async def test_yesterdays_database_is_brought_up_to_todays_tiles(ledger: OwnLedger, admin: Any) -> None:
    """Some acts of the gap are in the copy, still waiting; others are gone with the day. Nothing forks."""
    await _kept(ledger, range(400))
    await ledger.append(range(400, 420))  # waiting when the copy is made
    await _copied(ledger, admin, "yesterday_a")
    await _reopened(ledger)
    await _kept(ledger, range(420, 900))
    before = await ledger.bodies()
    published = (ledger.published / PUBLIC).read_bytes()
    await _restored(ledger, admin, "yesterday_a")

    with pytest.raises(LedgerFatalError, match="older database"):
        await ledger.sequencer().start()
    assert (ledger.published / PUBLIC).read_bytes() == published

    adoption = await _adopted(ledger)
    assert (adoption.db_size, adoption.adopted_size) == (400, 900)
    assert [each.index for each in adoption.gap] == list(range(400, 900))
    assert [each.known for each in adoption.gap] == [True] * 20 + [False] * 480
    sequencer = ledger.sequencer()
    head = await sequencer.start()
    assert (head.size, head.root) == (900, open_checkpoint(published, ledger.key.verifier).checkpoint.root)
    await ledger.append(range(900, 905))
    assert await sequencer.turn() == 6
    after = await ledger.bodies()
    assert after[:900] == before
    assert json.loads(after[900]) == {
        "kind": "ledger.restored",
        "at": json.loads(after[900])["at"],
        "charter": "c" * 64,
        "db_size": 400,
        "adopted_size": 900,
    }
    assert sequencer.publisher
    await sequencer.publisher._publish_release()
    found = await Fsck(ledger.database, ledger.blobs).run()
    assert found.clean, found.problems
    again = await _adopted(ledger)
    assert not again.gap


async def test_a_database_that_went_its_own_way_is_not_adopted(ledger: OwnLedger, admin: Any) -> None:
    """The copy was served from for a while: two histories of one ledger can't be made one."""
    await _kept(ledger, range(300))
    await _copied(ledger, admin, "yesterday_b")
    await _reopened(ledger)
    await _kept(ledger, range(300, 500))
    shutil.copytree(ledger.published, ledger.folder / "kept")
    await _restored(ledger, admin, "yesterday_b")
    async with ledger.database.transaction() as uow:
        await uow.execute(
            "INSERT INTO ledger_entries (ref, kind, body, leaf_index) VALUES (gen_random_uuid(), 'rights.erased', $1, 300)",
            entry(77_777).to_bytes(),
        )
    with pytest.raises(LedgerFatalError, match="not the beginning"):
        await _adopted(ledger)
    assert (await ledger.head()).size == 300


async def test_bundles_that_are_not_what_was_published_are_not_adopted(ledger: OwnLedger, admin: Any) -> None:
    await _kept(ledger, range(200))
    await _copied(ledger, admin, "yesterday_c")
    await _reopened(ledger)
    await _kept(ledger, range(200, 500))
    await _restored(ledger, admin, "yesterday_c")
    whole = (ledger.published / "tile/entries/001.p/244").read_bytes()
    (ledger.published / "tile/entries/001.p/244").write_bytes(whole[:-1] + b"!")
    with pytest.raises(LedgerFatalError):
        await _adopted(ledger)
    shutil.rmtree(ledger.published / "tile/entries/001.p")
    with pytest.raises(LedgerFatalError, match="must be found first"):
        await _adopted(ledger)
