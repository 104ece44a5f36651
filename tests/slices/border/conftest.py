"""A border of a test's own for the way out; and for the way in a realm that listens, and another that sends to it."""

import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from tests.conftest import RunningRealm, free_port, start_realm
from tests.factories.border import OwnBorder, own_border
from tests.factories.foreign import Foreign, foreign_realm
from tests.factories.ledger import OwnLedger
from tests.factories.ledger_fixtures import ledger, ledger_template

__all__ = ["ledger", "ledger_template"]


@pytest.fixture
async def border(ledger: OwnLedger) -> AsyncIterator[OwnBorder]:
    async with own_border(ledger) as made:
        yield made


@pytest.fixture(scope="session")
def bordered() -> Iterator[RunningRealm]:
    """A realm whose border listens."""
    folder = Path(tempfile.mkdtemp(prefix="reelm-test-"))
    folder.chmod(0o755)
    port = free_port()
    running = start_realm(
        folder / "data", free_port(), REELM_BORDER_PORT=str(port), REELM_BORDER_ALLOW="127.0.0.0/8"
    )
    running.border_port = port  # type: ignore[attr-defined]
    yield running
    running.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
async def seeing(bordered: RunningRealm) -> AsyncIterator[Any]:
    """A connection to that realm's database that sees everything."""
    connection = await asyncpg.connect(**bordered.settings.database.connection("reelm_admin"))
    yield connection
    await connection.close()


@pytest.fixture
async def abroad(bordered: RunningRealm, seeing: Any) -> AsyncIterator[Foreign]:
    """Another realm, known to it."""
    target = f"http://127.0.0.1:{bordered.border_port}"  # type: ignore[attr-defined]
    with foreign_realm(f"abroad{secrets.token_hex(4)}", target) as made:
        await made.introduce(seeing)
        yield made
