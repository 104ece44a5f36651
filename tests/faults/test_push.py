"""Pushes while processes die: none is lost, none is told twice on a device, and without a border nothing leaves."""

import contextlib
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from tests.conftest import (
    Person,
    RunningRealm,
    client_of,
    eventually,
    free_port,
    maker_of_people,
    start_realm,
)
from tests.factories.push import Browser, PushSite, push_site, subscribed, told_of

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def site() -> Iterator[PushSite]:
    with push_site() as made:
        yield made


@pytest.fixture(scope="module")
def realm() -> Iterator[RunningRealm]:
    """A realm of this module's own, which its tests may hurt."""
    folder = Path(tempfile.mkdtemp(prefix="reelm-push-"))
    folder.chmod(0o755)
    running = start_realm(
        folder / "data",
        free_port(),
        REELM_LIMIT_FACTOR="1000",
        REELM_BORDER_ALLOW="127.0.0.0/8",
        REELM_BORDER_DELIVERY="127.0.0.1",
    )
    yield running
    running.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
async def arrive(realm: RunningRealm) -> AsyncIterator[Any]:
    async with client_of(realm) as client:
        yield maker_of_people(client)


@pytest.fixture
async def seen(realm: RunningRealm) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(**realm.settings.database.connection("reelm_admin"))
    yield connection
    await connection.close()


def process(realm: RunningRealm, name: str) -> int | None:
    """Return the pid of a child of this realm by the title it gave itself."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                title = (entry / "cmdline").read_bytes().split(b"\0")[0].decode()
                if int(fields[1]) == realm.process.pid and title == f"reelm: {name}" and fields[0] != "Z":
                    return int(entry.name)
    return None


async def pid_of(realm: RunningRealm, name: str) -> int:
    async def found() -> int | None:
        return process(realm, name)

    pid: int = await eventually(found)
    return pid


async def settled(seen: Any, person: Person) -> bool:
    return await seen.fetchval("SELECT count(*) FROM pushes WHERE person_id = $1", person.id) == 0


async def test_a_worker_killed_while_it_tells_loses_nothing_and_a_device_shows_it_once(
    realm: RunningRealm, arrive: Any, site: PushSite, seen: Any
) -> None:
    """The service has taken the push and not answered: the next worker can't know that, and sends it again.

    Both are the same to the service (one topic, so that the later replaces the first) and to the device (one tag).
    """
    browser = Browser(site, way="slow")
    ada, lin = await subscribed(arrive, browser), await arrive()
    await lin.put(f"/people/{ada.handle}/follow")
    await eventually(lambda: told_of(browser))
    os.kill(await pid_of(realm, "worker"), signal.SIGKILL)
    await eventually(lambda: settled(seen, ada), seconds=90)
    first, *again = site.asked(browser.path)
    assert len(again) == 1
    assert first.headers["topic"] == again[0].headers["topic"]
    assert first.body != again[0].body
    assert browser.told() == [{"v": 1, "kind": "follow"}] * 2
    assert held(site, browser) == 1


def held(site: PushSite, browser: Browser) -> int:
    """How many of them a push service holds for a device that is away (RFC 8030, 5.4)."""
    return len({each.headers["topic"] for each in site.asked(browser.path)})


async def test_a_worker_killed_before_it_tells_leaves_it_to_the_next(
    realm: RunningRealm, arrive: Any, site: PushSite, seen: Any
) -> None:
    browsers = [Browser(site) for _ in range(3)]
    people = [await subscribed(arrive, each) for each in browsers]
    lin = await arrive()
    worker = await pid_of(realm, "worker")
    os.kill(worker, signal.SIGSTOP)
    for person in people:
        assert (await lin.put(f"/people/{person.handle}/follow")).status_code == 200
    os.kill(worker, signal.SIGKILL)
    for person, browser in zip(people, browsers, strict=True):
        await eventually(lambda person=person: settled(seen, person), seconds=90)
        assert browser.told() == [{"v": 1, "kind": "follow"}]


async def test_while_the_border_is_down_nothing_leaves_and_nothing_is_lost(
    realm: RunningRealm, arrive: Any, site: PushSite, seen: Any
) -> None:
    browser = Browser(site)
    ada, lin = await subscribed(arrive, browser), await arrive()
    border = await pid_of(realm, "border")
    os.kill(border, signal.SIGSTOP)
    try:
        before = len(site.asked())
        await lin.put(f"/people/{ada.handle}/follow")

        async def tried() -> bool:
            return bool(
                await seen.fetchval("SELECT coalesce(max(tries), 0) FROM pushes WHERE person_id = $1", ada.id)
            )

        await eventually(tried, seconds=60)
        assert len(site.asked()) == before
    finally:
        os.kill(border, signal.SIGKILL)
    # What waited in the dead border's socket went with it; the worker asks the next one.
    await eventually(lambda: settled(seen, ada), seconds=90)
    assert browser.told() == [{"v": 1, "kind": "follow"}]
