"""People who write to each other."""

from typing import Any

import pytest
from tests.factories.talking import Writer, befriend, writer


@pytest.fixture
def make_writer(sign_up: Any) -> Any:
    """Make a person with a device: `await make_writer()`."""

    async def make(devices: int = 1, **changes: Any) -> Writer:
        return await writer(await sign_up(**changes), devices)

    return make


@pytest.fixture
async def friends(make_writer: Any) -> tuple[Writer, Writer]:
    """Two people who follow each other, each with a device."""
    one, other = await make_writer(), await make_writer()
    await befriend(one, other)
    return one, other
