"""kill -9 in the middle of a conversation: what was sent is there once and in order, on either side.

First over the API, with many messages at once; then as people do it, on phones: what they write is sealed and stored
before it leaves, and sent again byte for byte by the next page. Every test kills while messages are on their way, as
the number that have arrived says, never after a guessed time.
"""

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import async_playwright
from tests.browser import talking
from tests.browser.phone import Phone, in_hand, launch
from tests.conftest import (
    Person,
    RunningRealm,
    client_of,
    eventually,
    free_port,
    maker_of_people,
    start_realm,
)
from tests.factories.talkers import Talker, friends
from tests.faults.test_supervisor import pid_of

pytestmark = pytest.mark.timeout(420)

EACH = 40
TYPED = 6
_KILLED_AT = (12, 45)
SAMPLE = ("web-1", "postgres")
PARTS = ("web-1", "worker", "sequencer", "keys", "postgres", "border")


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="reelm-messages-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def realm(place: Path) -> Iterator[RunningRealm]:
    """A realm of this module's own, which its tests may hurt."""
    running = start_realm(place / "data", free_port(), REELM_LIMIT_FACTOR="1000", REELM_WEB_PROCESSES="2")
    yield running
    running.stop()


@pytest.fixture
async def talkers(realm: RunningRealm) -> AsyncIterator[list[Talker]]:
    async with httpx.AsyncClient(base_url=realm.url, timeout=30) as client:
        sign_up = maker_of_people(client)
        people: list[Person] = [await sign_up() for _ in range(3)]
        yield await friends(*people)


async def _say(
    talker: Talker, conversation: str, arrived: list[int], sent: dict[str, list[dict[str, Any]]]
) -> None:
    """Send one message after the other; the next leaves when the realm has the one before."""
    mine = sent.setdefault(talker.person.id, [])
    for _ in range(EACH):
        message = talker.message(1)
        mine.append(message)
        arrived.append(await talker.send(conversation, message))


async def _so_many(arrived: list[int], count: int) -> bool:
    return len(arrived) >= count


@pytest.mark.parametrize(
    "part", [pytest.param(part, marks=[] if part in SAMPLE else [pytest.mark.full]) for part in PARTS]
)
async def test_a_killed_part_costs_no_message(realm: RunningRealm, talkers: list[Talker], part: str) -> None:
    conversation = await talkers[0].begin(*talkers[1:])
    arrived: list[int] = []
    sent: dict[str, list[dict[str, Any]]] = {}
    saying = [asyncio.create_task(_say(each, conversation, arrived, sent)) for each in talkers]
    killed = 0
    try:
        for moment in _KILLED_AT:
            await eventually(lambda so_far=moment: _so_many(arrived, so_far), every=0.002, seconds=90)
            if (pid := pid_of(realm, part)) is not None:
                os.kill(pid, signal.SIGKILL)
                killed += 1
        await asyncio.gather(*saying)
    finally:
        for each in saying:
            each.cancel()
    assert killed, f"there is no {part} to kill"
    assert sorted(arrived) == sorted(set(arrived)), "two messages were given one number"
    logs = [await each.log(conversation) for each in talkers]
    for talker, log in zip(talkers, logs, strict=True):
        seqs = [each["seq"] for each in log]
        assert seqs == list(range(seqs[0], seqs[0] + len(seqs))), "a number is missing or out of order"
        messages = [each for each in log if each["kind"] == "message"]
        assert len(messages) == EACH * len(talkers)
        for who, theirs in sent.items():
            found = [(each["id"], each["body"]) for each in messages if each["sender_id"] == who]
            assert found == [(each["id"], each["body"]) for each in theirs], (
                f"{talker.person.handle} reads other messages, or in another order, than were sent"
            )
    assert logs[1][-len(logs[2]) :] == logs[2] or logs[1] == logs[2]


async def test_sent_twice_is_there_once(realm: RunningRealm, talkers: list[Talker]) -> None:
    """An answer that was lost on the way: the app sends the same again, and is told the same number."""
    conversation = await talkers[0].begin(talkers[1])
    message = talkers[0].message(1)
    seqs = await asyncio.gather(*(talkers[0].send(conversation, message) for _ in range(8)))
    assert len(set(seqs)) == 1
    assert [each["id"] for each in await talkers[1].log(conversation) if each["kind"] == "message"] == [
        message["id"]
    ]


@pytest.fixture
async def pair(realm: RunningRealm) -> AsyncIterator[tuple[Phone, Phone, str]]:
    """Two friends with a conversation open on their phones."""
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(client_of(realm))
        sign_up = maker_of_people(client)
        people = [await sign_up(display_name=name) for name in ("Ines Calder", "Bo Lindqvist")]
        await talking.make_friends(*people)
        browser = await launch(await stack.enter_async_context(async_playwright()))
        stack.push_async_callback(browser.close)
        phones = []
        for person in people:
            phone = await stack.enter_async_context(in_hand(browser, realm.url))
            await phone.use_token(person.token, person.handle)
            phones.append(phone)
        await talking.open_messages(phones[1])
        conversation = await talking.begin(phones[0], people[1].handle)
        await talking.write(phones[0], "Hello")
        await talking.enter(phones[1], conversation)
        await talking.shows(phones[1], ["Hello"])
        yield phones[0], phones[1], conversation


@pytest.mark.browser
async def test_a_killed_tab_loses_nothing_and_sends_nothing_twice(pair: tuple[Phone, Phone, str]) -> None:
    writer, reader, conversation = pair
    said = ["Hello"]
    for number in range(TYPED):
        words = f"Number {number}"
        await talking.write(writer, words)
        said.append(words)
        if number % 2:
            # It is on the writer's screen, and perhaps nowhere else yet.
            await talking.crash(writer)
            await talking.enter(writer, conversation)
    # The one who reads is killed as well, with something written and hardly sent.
    await talking.write(reader, "And from the other side")
    await talking.crash(reader)
    await talking.enter(reader, conversation)
    await talking.shows(reader, [*said, "And from the other side"], order=False)
    await talking.shows(writer, [*said, "And from the other side"], order=False)
    found = [words for words in await talking.texts(reader) if words in said]
    assert found == said
    assert [line["seq"] for line in await talking.lines(writer)] == [
        line["seq"] for line in await talking.lines(reader)
    ]


@pytest.mark.browser
@pytest.mark.full
@pytest.mark.parametrize("part", PARTS)
async def test_a_killed_part_of_the_realm_is_not_noticed_by_who_writes(
    realm: RunningRealm, pair: tuple[Phone, Phone, str], part: str
) -> None:
    one, other, _ = pair

    async def say(phone: Phone, name: str) -> None:
        for number in range(TYPED):
            await talking.write(phone, f"{name} {number}")

    saying = asyncio.gather(say(one, "Left"), say(other, "Right"))
    await talking.line(one, "Left 1").wait_for(timeout=talking.ARRIVING_MS)
    pid = pid_of(realm, part)
    assert pid is not None, f"there is no {part} to kill"
    os.kill(pid, signal.SIGKILL)
    await saying
    expected = sorted(f"{name} {number}" for name in ("Left", "Right") for number in range(TYPED))
    for phone in (one, other):
        await talking.shows(phone, ["Hello", *expected], order=False)
        for name in ("Left", "Right"):
            found = [words for words in await talking.texts(phone) if words.startswith(name)]
            assert found == [f"{name} {number}" for number in range(TYPED)]
    assert await talking.texts(one) == await talking.texts(other)
