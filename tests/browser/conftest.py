"""One browser for the session, phones for each test, and a realm with something to watch.

The realm is the browser tests' own: others write clips without a film into theirs, which For You may well choose.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from playwright.async_api import Browser, async_playwright
from tests.browser.phone import ROOT, Phone, in_hand, launch
from tests.conftest import Person, RunningRealm, client_of, maker_of_people, own_realm
from tests.factories.media import plain
from tests.factories.publishing import make_clip, settled

Phones = Callable[..., Awaitable[Phone]]
_FAILED = pytest.StashKey[str]()
_PICTURES = ROOT / ".shots" / "failures"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """Remember that a test failed, so that what its phones showed is kept in .shots/failures."""
    report = yield
    if report.failed:
        item.stash[_FAILED] = re.sub(r"\W+", "-", item.name)
    return report


@pytest.fixture(scope="session")
def realm() -> Iterator[RunningRealm]:
    with own_realm() as running:
        yield running


@pytest.fixture(scope="session")
async def client(realm: RunningRealm) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(realm) as made:
        yield made


@pytest.fixture(scope="session")
def sign_up(client: httpx.AsyncClient) -> Any:
    return maker_of_people(client)


@pytest.fixture(scope="session")
async def admin(realm: RunningRealm) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(**realm.settings.database.connection("reelm_admin"))
    yield connection
    await connection.close()


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        started = await launch(playwright)
        yield started
        await started.close()


@pytest.fixture
async def phones(
    request: pytest.FixtureRequest, browser: Browser, realm: RunningRealm
) -> AsyncIterator[Phones]:
    """Hands out phones; afterwards, none may have asked a stranger for anything or met an error."""
    async with AsyncExitStack() as stack:
        given: list[Phone] = []

        async def give(**options: Any) -> Phone:
            phone = await stack.enter_async_context(in_hand(browser, realm.url, **options))
            given.append(phone)
            return phone

        yield give
        if failed := request.node.stash.get(_FAILED, None):
            _PICTURES.mkdir(parents=True, exist_ok=True)
            for number, phone in enumerate(given, 1):
                await phone.page.screenshot(path=_PICTURES / f"{failed}-{number}.png")
        for phone in given:
            assert phone.strangers() == []
            assert phone.complaints() == []


@dataclass
class Lively:
    """A realm with a few clips: whose they are, and which."""

    author: Person
    clips: list[dict[str, Any]]


@pytest.fixture(scope="session")
async def lively(sign_up: Any, tmp_path_factory: pytest.TempPathFactory) -> Lively:
    """Six short clips by one person, each with a sound."""
    folder: Path = tmp_path_factory.mktemp("lively")
    author = await sign_up(display_name="Odile Marchetti")
    file = plain(folder / "clip.mp4", size="360x640", seconds=3)
    made = [
        await make_clip(author, file, caption=f"A test picture, number {number} #colours #testing")
        for number in range(6)
    ]
    return Lively(author, [await settled(author, clip["id"]) for clip in made])
