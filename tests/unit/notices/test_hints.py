"""Hints about conversations ask neither the database nor the keys process, however many there are."""

import asyncio
import datetime as dt
from contextlib import asynccontextmanager
from uuid import UUID

from reelm.accounts.service import Visitor
from reelm.custody.service import Session
from reelm.notices.schemas import Unread
from reelm.notices.streams import Streams

ADA, BEN = UUID(int=1), UUID(int=2)
TALK, OTHER = UUID(int=10), UUID(int=11)
WHEN = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)


class World:
    """What stands around the streams, and counts what it is asked."""

    def __init__(self):
        self.channels = {}
        self.back = []
        self.asked = 0

    def on(self, channel, callback):
        self.channels[channel] = callback

    def on_return(self, callback):
        self.back.append(callback)

    async def resolve(self, token):
        self.asked += 1
        return Session(ADA, UUID(int=5), "ticket", WHEN, WHEN)

    @asynccontextmanager
    async def transaction(self, ticket):
        self.asked += 1
        yield None

    async def unread(self, uow, visitor):
        return Unread(0)


async def opened():
    world = World()
    streams = Streams(world, world, world, world, world, ping_seconds=30)
    stream = streams.open(Visitor(ADA, UUID(int=5), "ticket", "token"), None)
    assert (await anext(stream)).startswith(b"retry:")
    assert b"event: unread" in await anext(stream)
    return world, streams, stream


async def test_a_hint_asks_nobody():
    world, streams, stream = await opened()
    before = world.asked
    for seq in range(1, 101):
        world.channels["message"](f"{ADA} {TALK} {seq}")
        assert await anext(stream) == (
            f'event: message\ndata: {{"conversation_id":"{TALK}","last_seq":{seq}}}\n\n'.encode()
        )
    world.channels["typing"](f"{ADA} {TALK} {BEN}")
    assert f'"person_id":"{BEN}"'.encode() in await anext(stream)
    assert world.asked == before
    streams.close()


async def test_what_piles_up_is_one_event_a_conversation():
    world, streams, stream = await opened()
    for seq in (3, 9, 4):
        world.channels["message"](f"{ADA} {TALK} {seq}")
        world.channels["typing"](f"{ADA} {TALK} {BEN}")
    world.channels["message"](f"{ADA} {OTHER} 2")
    world.channels["message"](f"{BEN} {TALK} 99")
    news = await anext(stream)
    assert news.count(b"event: message") == 2
    assert news.count(b"event: typing") == 1
    assert b'"last_seq":9' in news
    assert b"99" not in news
    streams.close()


async def test_what_may_be_lost_is_told_as_lost():
    world, streams, stream = await opened()
    world.back[0]()
    assert b"event: missed\ndata: {}\n\n" in await anext(stream)
    waiting = asyncio.ensure_future(anext(stream))
    world.channels["message"](f"{ADA} {TALK} 5")
    assert b"missed" not in await waiting
    streams.close()
