"""The keys process killed with -9 while people enrol, sign in, sign out and are erased."""

import asyncio
import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from reelm.custody.errors import KeysUnavailableError, SignInRefusedError
from reelm.custody.keystore import Keystore
from reelm.custody.service import KeysClient
from reelm.kit.clock import SystemClock
from reelm.kit.errors import SignInRequiredError
from reelm.kit.ids import SystemIds

REPOSITORY = Path(__file__).parents[2]
PASSWORD = "correct horse"
CLOCK = SystemClock()
IDS = SystemIds(CLOCK)


class Child:
    """The process under test, and the hand that kills it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return str(self.folder / "keys.sock")

    async def start(self) -> None:
        await asyncio.to_thread(self._start)

    def _start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.keys_child", str(self.folder)],
            cwd=REPOSITORY,
            env={**os.environ, "PYTHONPATH": f"{REPOSITORY / 'src'}:{REPOSITORY}"},
            stdout=subprocess.PIPE,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"ready\n"

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            assert self.process.stdout is not None
            self.process.stdout.close()
            self.process = None


@pytest.fixture
def child() -> Iterator[Child]:
    folder = Path(tempfile.mkdtemp(prefix="reelm-faults-", dir="/tmp"))
    made = Child(folder)
    yield made
    made.kill()
    shutil.rmtree(folder)


def _whole(folder: Path) -> set[UUID]:
    """Everyone in the store; fails if anyone is there by half."""
    with contextlib.closing(sqlite3.connect(folder / "keys" / "store.sqlite")) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        ids = [UUID(bytes=row[0]) for row in db.execute("SELECT person_id FROM people")]
    store = Keystore(folder / "keys")
    try:
        for person_id in ids:
            person = store.find_person(person_id)
            assert person is not None
            assert person.password is not None
            assert len(person.data_key) == 32
    finally:
        store.close()
    return set(ids)


async def test_a_kill_during_enrolments_leaves_no_half_person_and_loses_no_whole_one(child: Child) -> None:
    acknowledged: dict[UUID, bytes] = {}
    asked: set[UUID] = set()

    async def enrol_on(client: KeysClient) -> None:
        with contextlib.suppress(KeysUnavailableError):
            while True:
                person_id = IDS.new()
                asked.add(person_id)
                acknowledged[person_id] = (await client.enrol(person_id, password=PASSWORD)).data_key

    for round_number in range(6):
        await child.start()
        client = KeysClient(child.address, CLOCK, patience_seconds=0)
        work = [asyncio.create_task(enrol_on(client)) for _ in range(6)]
        while len(acknowledged) < 8 * (round_number + 1):  # noqa: ASYNC110 - it looks at many tasks
            await asyncio.sleep(0.001 * (round_number + 1))
        child.kill()
        await asyncio.gather(*work)
        await client.close()
        whole = await asyncio.to_thread(_whole, child.folder)
        assert set(acknowledged) <= whole <= asked
    await child.start()
    client = KeysClient(child.address, CLOCK)
    for person_id, data_key in list(acknowledged.items())[::5]:
        token = (await client.sign_in(person_id, PASSWORD, "x")).token
        assert await client.person_key(token) == data_key
    await client.close()


async def test_a_client_sits_out_kills_and_loses_nothing(child: Child) -> None:
    """Calls that may be asked again are; each enrolment asked for succeeds once, across four kills."""
    await child.start()
    client = KeysClient(child.address, CLOCK, patience_seconds=30)
    done: dict[UUID, bytes] = {}

    async def enrol_some() -> None:
        for _ in range(40):
            person_id = IDS.new()
            done[person_id] = (await client.enrol(person_id, password=PASSWORD)).data_key

    work = [asyncio.create_task(enrol_some()) for _ in range(4)]
    for goal in (20, 50, 80, 110):
        while len(done) < goal:  # noqa: ASYNC110 - it looks at many tasks
            await asyncio.sleep(0.001)
        child.kill()
        await child.start()
    await asyncio.gather(*work)
    assert len(done) == 160
    for person_id, data_key in list(done.items())[::20]:
        token = (await client.sign_in(person_id, PASSWORD, "x")).token
        assert await client.person_key(token) == data_key
    await client.close()
    child.kill()
    assert await asyncio.to_thread(_whole, child.folder) == set(done)


async def test_an_acknowledged_sign_out_and_erasure_survive_a_kill(child: Child) -> None:
    await child.start()
    client = KeysClient(child.address, CLOCK)
    kept, erased = IDS.new(), IDS.new()
    for person_id in (kept, erased):
        await client.enrol(person_id, password=PASSWORD)
    first = (await client.sign_in(kept, PASSWORD, "x")).token
    second = (await client.sign_in(kept, PASSWORD, "x")).token
    gone = (await client.sign_in(erased, PASSWORD, "x")).token
    await client.revoke(first)
    await client.erase(gone, password=PASSWORD)
    child.kill()
    waiting = KeysClient(child.address, CLOCK, patience_seconds=0.05)
    with pytest.raises(KeysUnavailableError) as unavailable:
        await waiting.resolve(second)
    assert unavailable.value.retry_after_seconds
    assert unavailable.value.status == 503
    await waiting.close()
    await child.start()
    for token in (first, gone):
        with pytest.raises(SignInRequiredError):
            await client.resolve(token)
    assert (await client.resolve(second)).person_id == kept
    with pytest.raises(SignInRefusedError):
        await client.sign_in(erased, PASSWORD, "x")
    await client.close()


async def test_a_second_process_on_the_same_socket_is_refused(child: Child) -> None:
    await child.start()
    second = Child(child.folder)
    with pytest.raises(AssertionError):
        await second.start()
    second.kill()
    client = KeysClient(child.address, CLOCK)
    await client.ping()
    await client.close()
