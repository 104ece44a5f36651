"""A realm that sends to a push service of the test's own."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from tests.conftest import RunningRealm, client_of, free_port, maker_of_people, start_realm
from tests.factories.push import PushSite, push_site


@pytest.fixture(scope="session")
def site() -> Iterator[PushSite]:
    with push_site() as made:
        yield made


@pytest.fixture(scope="session")
def pushing(site: PushSite) -> Iterator[RunningRealm]:
    folder = Path(tempfile.mkdtemp(prefix="reelm-test-"))
    folder.chmod(0o755)
    running = start_realm(
        folder / "data",
        free_port(),
        REELM_LIMIT_FACTOR="1000",
        REELM_BORDER_ALLOW="127.0.0.0/8",
        REELM_BORDER_DELIVERY="127.0.0.1,.push.example,localhost",
    )
    yield running
    running.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
async def pushed(pushing: RunningRealm) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(pushing) as made:
        yield made


@pytest.fixture(scope="session")
def arrive(pushed: httpx.AsyncClient) -> Any:
    """Make a person of that realm."""
    return maker_of_people(pushed)


@pytest.fixture(scope="session")
async def seen(pushing: RunningRealm) -> AsyncIterator[Any]:
    """A connection to that realm's database that sees everything."""
    connection = await asyncpg.connect(**pushing_database(pushing))
    await connection.set_type_codec("jsonb", encoder=str, decoder=str, schema="pg_catalog", format="text")
    yield connection
    await connection.close()


def pushing_database(realm: RunningRealm) -> dict[str, Any]:
    # `settings` reads this process's environment; where the database is stands in the folder.
    return realm.settings.database.connection("reelm_admin")
