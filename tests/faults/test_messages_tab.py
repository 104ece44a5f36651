"""A browser tab, and any part of the realm, killed while people write on their phones: all of it arrives once, in order.

The apps are the real ones: what is sealed is stored before it leaves, and sent again byte for byte by the next page.
"""

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from playwright.async_api import async_playwright
from tests.browser import talking
from tests.browser.phone import Phone, in_hand, launch
from tests.conftest import RunningRealm, client_of, free_port, maker_of_people, start_realm
from tests.faults.test_supervisor import pid_of

pytestmark = [pytest.mark.browser, pytest.mark.timeout(420)]

EACH = 6
PARTS = ("web-1", "worker", "sequencer", "keys", "postgres", "border")


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="reelm-talking-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def realm(place: Path) -> Iterator[RunningRealm]:
    """A realm of this module's own, which its tests may hurt."""
    running = start_realm(place / "data", free_port(), REELM_LIMIT_FACTOR="1000")
    yield running
    running.stop()


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


async def test_a_killed_tab_loses_nothing_and_sends_nothing_twice(pair: tuple[Phone, Phone, str]) -> None:
    writer, reader, conversation = pair
    said = ["Hello"]
    for number in range(EACH):
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


@pytest.mark.full
@pytest.mark.parametrize("part", PARTS)
async def test_a_killed_part_of_the_realm_is_not_noticed_by_who_writes(
    realm: RunningRealm, pair: tuple[Phone, Phone, str], part: str
) -> None:
    one, other, _ = pair

    async def say(phone: Phone, name: str) -> None:
        for number in range(EACH):
            await talking.write(phone, f"{name} {number}")

    saying = asyncio.gather(say(one, "Left"), say(other, "Right"))
    await talking.line(one, "Left 1").wait_for(timeout=talking.ARRIVING_MS)
    pid = pid_of(realm, part)
    assert pid is not None, f"there is no {part} to kill"
    os.kill(pid, signal.SIGKILL)
    await saying
    expected = sorted(f"{name} {number}" for name in ("Left", "Right") for number in range(EACH))
    for phone in (one, other):
        await talking.shows(phone, ["Hello", *expected], order=False)
        for name in ("Left", "Right"):
            found = [words for words in await talking.texts(phone) if words.startswith(name)]
            assert found == [f"{name} {number}" for number in range(EACH)]
    assert await talking.texts(one) == await talking.texts(other)
