"""The listening connection: one a process, back after a loss, and it says so."""

import asyncio

import pytest

from conftest import eventually
from reelm.kit.listen import Listener


@pytest.fixture
async def listener(realm):
    made = Listener(realm.settings.database, "reelm_catalog")
    yield made
    await made.stop()


async def backends(admin):
    rows = await admin.fetch("SELECT pid FROM pg_stat_activity WHERE application_name = 'reelm listener'")
    return {row["pid"] for row in rows}


async def test_what_is_notified_is_heard_on_its_channel_alone(listener, admin):
    heard = []
    listener.on("meet_a", heard.append)
    listener.on("meet_b", lambda payload: heard.append("b " + payload))
    await listener.start()
    await asyncio.wait_for(listener.connected.wait(), 10)
    for channel, payload in (("meet_a", "one"), ("meet_c", "none"), ("meet_b", "two")):
        await admin.execute("SELECT pg_notify($1, $2)", channel, payload)

    async def all_heard():
        return len(heard) == 2

    await eventually(all_heard)
    assert heard == ["one", "b two"]


async def test_a_lost_connection_comes_back_and_listeners_are_told(listener, admin):
    heard, returned = [], []
    before = await backends(admin)
    listener.on("meet_d", heard.append)
    listener.on_return(lambda: returned.append(True))
    await listener.start()
    await asyncio.wait_for(listener.connected.wait(), 10)
    assert returned == []
    [own] = await backends(admin) - before
    await admin.fetchval("SELECT pg_terminate_backend($1)", own)

    async def back():
        return returned

    await eventually(back)
    await admin.execute("SELECT pg_notify('meet_d', 'again')")

    async def heard_again():
        return heard == ["again"]

    await eventually(heard_again)


async def test_it_stops_at_once(listener, admin):
    await listener.start()
    await asyncio.wait_for(listener.connected.wait(), 10)
    await asyncio.wait_for(listener.stop(), 2)
    assert not listener.connected.is_set()
