"""`reelm keys` as the supervisor runs it: its own user, nobody looking in, orderly end, and after kill -9."""

import asyncio
import dataclasses
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from reelm.custody.errors import KeysUnavailableError
from reelm.custody.service import KeysClient
from reelm.entrypoints import keys, process
from reelm.kit.clock import SystemClock
from reelm.kit.ids import SystemIds
from reelm.settings import Settings

OTHER_USER = 65533


@pytest.fixture
def place(migrated: Settings) -> Iterator[Settings]:
    folder = Path(tempfile.mkdtemp(prefix="reelm-custody-", dir="/tmp"))
    folder.chmod(0o755)
    only = {"reelm_keys": migrated.database.passwords["reelm_keys"]}
    database = dataclasses.replace(migrated.database, passwords=only)
    yield dataclasses.replace(
        migrated,
        data=folder,
        keys_socket=str(folder / "keys.sock"),
        database=database,
        caller_secrets={"web": "the web's own", "worker": "the worker's own"},
    )
    shutil.rmtree(folder)


def _start(settings: Settings) -> int:
    pid = process.fork_function(lambda: keys.run(settings), title="reelm: keys")
    deadline = time.monotonic() + 30
    while True:
        try:
            asyncio.run(_ask(settings))
        except Exception:  # noqa: BLE001 - whatever it is, it is not ready
            assert time.monotonic() < deadline
            time.sleep(0.05)
        else:
            return pid


async def _ask(settings: Settings) -> None:
    client = KeysClient(
        settings.keys_address, SystemClock(), secret=settings.caller_secrets["web"], patience_seconds=0
    )
    try:
        await client.ping()
    finally:
        await client.close()


def _status(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def test_it_ends_in_order_and_survives_a_kill(place: Settings) -> None:
    pid = _start(place)
    os.kill(pid, signal.SIGTERM)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    pid = _start(place)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    pid = _start(place)
    os.kill(pid, signal.SIGTERM)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_the_database_believes_its_tickets_only(place: Settings, migrated: Settings) -> None:
    async def look() -> object:
        client = KeysClient(place.keys_address, SystemClock(), secret=place.caller_secrets["web"])
        web = await asyncpg.connect(**migrated.database.connection("reelm_web"))
        try:
            person_id = SystemIds(SystemClock()).new()
            await client.enrol(person_id, password="correct horse")
            session = (await client.sign_in(person_id, "correct horse", "x")).session
            async with web.transaction():
                await web.execute("SELECT set_config('reelm.ticket', $1, true)", session.ticket)
                return await web.fetchval("SELECT reelm.subject()") == person_id
        finally:
            await client.close()
            await web.close()

    pid = _start(place)
    try:
        assert asyncio.run(look())
    finally:
        os.kill(pid, signal.SIGTERM)
        os.waitpid(pid, 0)


def test_a_process_cannot_pass_for_another(place: Settings) -> None:
    pid = _start(place)

    async def ask(caller: str, secret: str) -> None:
        client = KeysClient(
            place.keys_address,
            SystemClock(),
            caller=caller,
            secret=secret,
            patience_seconds=0,  # type: ignore[arg-type]
        )
        try:
            await client.ping()
        finally:
            await client.close()

    try:
        asyncio.run(ask("web", "the web's own"))
        asyncio.run(ask("worker", "the worker's own"))
        for caller, secret in (("worker", "the web's own"), ("worker", ""), ("web", "x"), ("cli", "")):
            with pytest.raises(KeysUnavailableError):
                asyncio.run(ask(caller, secret))
    finally:
        os.kill(pid, signal.SIGTERM)
        os.waitpid(pid, 0)


def test_nobody_looks_into_the_process(place: Settings) -> None:
    pid = _start(place)
    try:
        limits = Path(f"/proc/{pid}/limits").read_text()
        assert [line.split()[4:6] for line in limits.splitlines() if line.startswith("Max core")] == [
            ["0", "0"]
        ]
        # A process that may not be dumped gives its /proc files to root (proc(5)).
        assert Path(f"/proc/{pid}/mem").stat().st_uid == 0
        if os.getuid() == 0:
            assert int(_status(pid)["VmLck"].split()[0]) > 0
        found = {path: path.stat().st_mode & 0o777 for path in (place.data / "keys").rglob("*")}
        assert found[place.data / "keys" / "kek"] == 0o600
        assert all(mode == (0o700 if path.is_dir() else 0o600) for path, mode in found.items())
    finally:
        os.kill(pid, signal.SIGTERM)
        os.waitpid(pid, 0)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give the process a user of its own")
def test_it_takes_a_user_of_its_own(place: Settings) -> None:
    own = dataclasses.replace(place, keys_uid=OTHER_USER)
    for _ in range(2):
        pid = _start(own)
        try:
            assert _status(pid)["Uid"].split() == [str(OTHER_USER)] * 4
            assert int(_status(pid)["CapEff"], 16) == 0
            assert (own.data / "keys" / "kek").stat().st_uid == OTHER_USER
        finally:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def test_a_missing_key_file_is_said_and_never_replaced(place: Settings) -> None:
    pid = _start(place)
    os.kill(pid, signal.SIGTERM)
    os.waitpid(pid, 0)
    (place.data / "keys" / "kek").unlink()
    pid = process.fork_function(lambda: keys.run(place), title="reelm: keys")
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == keys.CANNOT_START
    assert not (place.data / "keys" / "kek").exists()
