"""The whole composition by its one command: every realm answers, those of a network know each other, and all end."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.conftest import eventually

from reelm.entrypoints import composition

pytestmark = pytest.mark.full
_START_SECONDS = 400


@pytest.fixture
def running() -> Iterator[tuple[subprocess.Popen[bytes], composition.Laid]]:
    folder = Path(tempfile.mkdtemp(prefix="reelm-composition-"))
    laid = composition.lay_out(folder / "network", composition.read_plan())
    command = [
        sys.executable,
        "-m",
        "reelm",
        "network",
        "demo",
        "--data",
        str(laid.data),
        "--empty",
        "--quiet",
    ]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, env={**os.environ, "REELM_LIMIT_FACTOR": "1000"}
    )
    yield process, laid
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        process.wait(120)
    shutil.rmtree(folder, ignore_errors=True)


async def test_one_command_starts_all_of_it_and_ends_it(
    running: tuple[subprocess.Popen[bytes], composition.Laid],
) -> None:
    process, laid = running
    expected = {"us": {"us", "world", "newco"}, "world": {"us", "world", "newco"}}
    expected |= {"newco": {"us", "world", "newco"}, "kinora": {"kinora"}}
    async with httpx.AsyncClient(timeout=10) as client:
        for place in laid.realms:

            async def met(place: composition.RealmPlace = place) -> bool:
                assert process.poll() is None, "the command has ended"
                try:
                    answer = await client.get(place.address + "/api/v1/network")
                except httpx.HTTPError:
                    return False
                names = {each["realm"] for each in answer.json()["realms"]} if answer.is_success else set()
                return names == expected[place.id]

            assert await eventually(met, seconds=_START_SECONDS, every=0.5)

            async def witnessed(place: composition.RealmPlace = place) -> bool:
                state = (await client.get(place.address + "/api/v1/ledger")).json()
                return bool(state["state"] == "witnessed" and state["cosigned_by"] == [composition.WITNESS])

            assert await eventually(witnessed, seconds=120, every=0.5)
        process.send_signal(signal.SIGINT)
        assert await asyncio.to_thread(process.wait, 120) == 0
        for place in laid.realms:
            with pytest.raises(httpx.ConnectError):
                await client.get(place.address + "/health")
