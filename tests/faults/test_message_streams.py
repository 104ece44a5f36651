"""kill -9 of the web process under open streams: whoever listens comes back by themselves, and misses nothing.

The listeners here never look on their own: they fetch when a stream begins to hear, and when it hints. A hint that was
lost, and not made up for, would leave a message unfetched for good.
"""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.conftest import RunningRealm, eventually, free_port, maker_of_people, start_realm
from tests.factories.talkers import Talker, friends
from tests.faults.test_supervisor import pid_of

pytestmark = pytest.mark.timeout(240)

EACH = 30
_KILLED_AT = (9, 35)


@dataclass
class Listener:
    """A device with a stream: what it has fetched, in the order in which it came, and what made it fetch."""

    talker: Talker
    conversation: str
    cursor: int = 0
    fetched: list[int] = field(default_factory=list)
    begun: int = 0
    hinted: int = 0

    async def listen(self, url: str) -> None:
        """Hear until cancelled; come back whenever the connection ends."""
        while True:
            with contextlib.suppress(httpx.TransportError):
                async with (
                    httpx.AsyncClient(base_url=url, timeout=60) as own,
                    own.stream("GET", "/api/v1/stream", headers=self.talker.person.headers) as response,
                ):
                    if response.status_code == 200:
                        await self._read(response)
            await asyncio.sleep(0.05)

    async def _read(self, response: httpx.Response) -> None:
        kind, heard = "", False
        async for line in response.aiter_lines():
            name, _, value = line.partition(": ")
            if name == "event":
                kind = value
            elif name == "data":
                if (kind == "unread" and not heard) or kind == "missed":
                    # From now on everything is heard; what was before has to be looked for.
                    heard = True
                    self.begun += 1
                    await self._fetch()
                elif kind == "message" and json.loads(value)["last_seq"] > self.cursor:
                    self.hinted += 1
                    await self._fetch()

    async def _fetch(self) -> None:
        while True:
            path = f"/conversations/{self.conversation}/messages?after={self.cursor}&limit=200"
            items: list[dict[str, Any]] = (await self.talker.ask("GET", path)).json()["items"]
            if not items:
                return
            self.fetched += [one["seq"] for one in items]
            self.cursor = self.fetched[-1]


@pytest.fixture(scope="module")
def realm() -> Iterator[RunningRealm]:
    """A realm of this module's own, with one web process: killing it ends every stream there is."""
    folder = Path(tempfile.mkdtemp(prefix="reelm-streams-"))
    folder.chmod(0o755)
    running = start_realm(folder / "data", free_port(), REELM_LIMIT_FACTOR="1000")
    yield running
    running.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
async def talkers(realm: RunningRealm) -> AsyncIterator[list[Talker]]:
    async with httpx.AsyncClient(base_url=realm.url, timeout=30) as client:
        sign_up = maker_of_people(client)
        yield await friends(*[await sign_up() for _ in range(3)])


async def _say(talker: Talker, conversation: str, arrived: list[int]) -> None:
    for _ in range(EACH):
        seq = await talker.send(conversation, talker.message(1))
        arrived.append(seq)


async def test_listeners_come_back_and_miss_nothing(realm: RunningRealm, talkers: list[Talker]) -> None:
    conversation = await talkers[0].begin(*talkers[1:])
    listeners = [Listener(each, conversation) for each in talkers]
    tasks = [asyncio.create_task(each.listen(realm.url)) for each in listeners]
    arrived: list[int] = []

    async def all_hear() -> bool:
        return all(each.begun for each in listeners)

    async def so_many(count: int) -> bool:
        return len(arrived) >= count

    try:
        await eventually(all_hear, seconds=60)
        saying = [asyncio.create_task(_say(each, conversation, arrived)) for each in talkers]
        killed = 0
        for moment in _KILLED_AT:
            await eventually(lambda so_far=moment: so_many(so_far), every=0.002, seconds=90)
            if (pid := pid_of(realm, "web-1")) is not None:
                os.kill(pid, signal.SIGKILL)
                killed += 1
        await asyncio.gather(*saying)
        assert killed, "there is no web process to kill"
        last = max(arrived)

        async def all_there() -> bool:
            return all(each.cursor >= last for each in listeners)

        await eventually(all_there, seconds=60)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for each in listeners:
        assert each.fetched == list(range(each.fetched[0], last + 1)), (
            "a number is missing, doubled or out of order"
        )
        assert set(arrived) <= set(each.fetched)
        assert each.begun > 1, "the stream was cut, and came back"
    assert sum(each.hinted for each in listeners) > 0
