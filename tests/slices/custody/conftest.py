"""A PostgreSQL of its own, made by the real migrations, with a keeper on it."""

import asyncio
import os
import shutil
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from reelm.custody.keeper import Keeper, relying_party
from reelm.custody.passwords import Passwords
from reelm.custody.repository import PostgresRows
from reelm.custody.server import bind
from reelm.custody.service import KeysClient
from reelm.entrypoints import migrate
from reelm.entrypoints.folder import DataFolder
from reelm.entrypoints.handout import settings_of
from reelm.entrypoints.postgres import Cluster
from reelm.kit.clock import SystemClock
from reelm.kit.database import Database
from reelm.kit.ids import SystemIds
from reelm.settings import Settings

ORIGIN = "https://reelm.example"


@pytest.fixture(scope="session")
def migrated() -> Iterator[Settings]:
    """The settings, with every role's password, of a realm that has a database and nothing else."""
    top = Path(tempfile.mkdtemp(prefix="reelm-custody-pg-", dir="/tmp"))
    top.chmod(0o755)
    folder = DataFolder(top / "data")
    folder.prepare()
    cluster = Cluster(folder, folder.run)
    cluster.prepare()
    pid = cluster.start()
    try:
        deadline = time.monotonic() + 60
        while not cluster.is_ready(pid):
            assert time.monotonic() < deadline, cluster.last_words()
            time.sleep(0.05)
        settings = settings_of(folder, folder.run, 1)
        assert migrate.run(settings) == 0
        yield settings
    finally:
        os.kill(pid, signal.SIGINT)
        os.waitpid(pid, 0)
        shutil.rmtree(top, ignore_errors=True)


@dataclass
class Shell:
    """A plain connection in one role, as somebody who got its password would have."""

    connection: Any

    async def ask(self, query: str, *arguments: Any, ticket: str | None = None) -> Any:
        """One value, in a transaction of its own with the ticket set as the kit sets it."""
        async with self.connection.transaction():
            if ticket is not None:
                await self.connection.execute("SELECT set_config('reelm.ticket', $1, true)", ticket)
            return await self.connection.fetchval(query, *arguments)


@pytest_asyncio.fixture(params=["reelm_web"])
async def shell(migrated: Settings, request: pytest.FixtureRequest) -> AsyncIterator[Shell]:
    connection = await asyncpg.connect(**migrated.database.connection(request.param))
    yield Shell(connection)
    await connection.close()


@pytest_asyncio.fixture
async def admin(migrated: Settings) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(**migrated.database.connection("reelm_admin"))
    yield connection
    await connection.close()


@pytest_asyncio.fixture
async def keeper(migrated: Settings) -> AsyncIterator[Keeper]:
    folder = Path(tempfile.mkdtemp(prefix="reelm-custody-", dir="/tmp"))
    database = await Database.open(migrated.database, "reelm_keys", size=2)
    clock = SystemClock()
    made = Keeper(
        folder / "keys",
        PostgresRows(database),
        relying_party(ORIGIN),
        clock,
        SystemIds(clock),
        allowed_uids={os.getuid()},
        passwords=Passwords(memory_kib=64, time_cost=1),
    )
    await made.start(bind(str(folder / "keys.sock")))
    made.address = str(folder / "keys.sock")  # type: ignore[attr-defined]
    yield made
    await made.stop()
    await database.close()
    await asyncio.to_thread(shutil.rmtree, folder)


@pytest_asyncio.fixture
async def keys(keeper: Keeper) -> AsyncIterator[KeysClient]:
    client = KeysClient(keeper.address, SystemClock())  # type: ignore[attr-defined]
    yield client
    await client.close()
