"""The sequencer as a process of a realm: killed over and over, stopped by damage, let go on, and told of by /health."""

import asyncio
import contextlib
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from tests.conftest import RunningRealm, eventually, free_port, start_realm
from tests.factories.ledger import entry

from reelm.entrypoints import ledger as commands
from reelm.entrypoints.folder import StartError
from reelm.kit.blobs import LocalBlobStore
from reelm.kit.clock import SystemClock
from reelm.kit.database import Database
from reelm.kit.ids import SystemIds
from reelm.ledger.service import LedgerService


@pytest.fixture
def own() -> Iterator[RunningRealm]:
    """A realm that a test may break."""
    folder = Path(tempfile.mkdtemp(prefix="reelm-test-"))
    folder.chmod(0o755)
    running = start_realm(folder / "data", free_port())
    yield running
    running.stop()
    shutil.rmtree(folder, ignore_errors=True)


def _sequencer(running: RunningRealm) -> psutil.Process | None:
    for process in psutil.Process(running.process.pid).children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if "sequencer" in " ".join(process.cmdline()):
                return process
    return None


async def _health(running: RunningRealm) -> Any:
    async with httpx.AsyncClient(timeout=10) as client:
        answer = await client.get(running.url + "/health")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_killed_over_and_over_beside_people_who_wait(own: RunningRealm) -> None:
    """What was committed is included, whoever dies meanwhile; nobody sees more than a pause."""
    database = await Database.open(own.settings.database, "reelm_web", size=4)
    clock = SystemClock()
    ledger = LedgerService(database, LocalBlobStore(own.settings.blobs), clock, SystemIds(clock))
    indices: list[int] = []
    over = asyncio.Event()
    killed = 0

    async def kill() -> None:
        nonlocal killed
        while not over.is_set():
            found = await asyncio.to_thread(_sequencer, own)
            if found is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(found.pid, signal.SIGKILL)
                    killed += 1
            await asyncio.sleep(0.7)

    killing = asyncio.ensure_future(kill())
    for number in range(12):
        async with database.transaction() as uow:
            refs = await ledger.append_many(uow, [entry(number * 20 + each) for each in range(20)])
        indices.append((await ledger.included(refs[-1], timeout_seconds=60)).index)
        if killed >= 4:
            over.set()
    over.set()
    await killing
    await database.close()
    assert killed >= 2
    assert indices == sorted(set(indices))
    found = await asyncio.to_thread(commands.fsck, own.settings)
    assert found.clean, found.problems
    kinds = (await asyncio.to_thread(commands.state, own.settings)).kinds
    assert kinds["rights.erased"] == 12 * 20
    assert found.size > 12 * 20


async def test_damage_stops_it_and_everybody_reads_why_until_it_is_mended(own: RunningRealm) -> None:
    async def fine() -> bool:
        return bool(
            (await _health(own))["parts"]["ledger"] == "ok"
            and (own.data / "blobs/ledger/checkpoint").exists()
        )

    await eventually(fine)
    with pytest.raises(StartError, match="being kept"):
        await asyncio.to_thread(commands.fsck, own.settings, repair=True)
    tile = next((own.data / "blobs/ledger/tile/0/000.p").iterdir())
    good = tile.read_bytes()
    tile.write_bytes(good[::-1])
    sequencer = _sequencer(own)
    assert sequencer
    sequencer.kill()

    async def stopped() -> Any:
        health = await _health(own)
        return health if health["parts"]["ledger"].startswith("stopped: ") else None

    health = await eventually(stopped)
    assert health["status"] == "degraded"
    assert "tile" in health["parts"]["ledger"]
    async with httpx.AsyncClient(base_url=own.url) as client:
        assert (await client.get("/api/v1/realm")).json()["check"]["state"] == "late"
        assert (await client.get("/api/v1/feeds/for-you")).status_code == 200
        assert "reelm_ledger_stopped 1.0" in (await client.get("/metrics")).text
    refused = await asyncio.to_thread(commands.resume, own.settings)
    assert not refused.clean
    assert (await _health(own))["parts"]["ledger"].startswith("stopped: ")
    mended = await asyncio.to_thread(commands.fsck, own.settings, repair=True)
    assert mended.repaired == 1
    assert tile.read_bytes() == good
    assert (await asyncio.to_thread(commands.resume, own.settings)).clean
    await eventually(fine)
    state = await asyncio.to_thread(commands.state, own.settings)
    assert state.state == "unwitnessed"
