"""A ledger of a test's own, and a network of two realms that the session's tests share."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.factories.ledger_fixtures import ledger, ledger_template
from tests.factories.networks import Network, running_network

__all__ = ["ledger", "ledger_template", "network"]


@pytest.fixture(scope="session")
async def network() -> AsyncIterator[Network]:
    """Realms `us` and `world` of one network, joined. Tests make their own people."""
    running = running_network()
    made = await asyncio.to_thread(running.__enter__)
    yield made
    await made.close()
    await asyncio.to_thread(running.__exit__, None, None, None)
