"""Two editions on one machine: two brands to people, and nothing in common but the machine and the build."""

import asyncio
import base64
import contextlib
import json
import re
import shutil
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from playwright.async_api import async_playwright
from tests.browser.phone import launch
from tests.conftest import PASSWORD, Person, RunningRealm, maker_of_people
from tests.factories.media import plain
from tests.factories.networks import start_place
from tests.factories.publishing import finished, make_clip
from tests.factories.watching_packets import watching

from reelm.entrypoints import composition
from reelm.entrypoints.composition import RealmPlace

pytestmark = pytest.mark.full
_TESTER = "127.0.0.9"
_LEAST_SECRET_BYTES = 16


@dataclass
class Editions:
    """Two realms of two networks, each with somebody who published the same film."""

    places: dict[str, RealmPlace]
    realms: dict[str, RunningRealm]
    clients: dict[str, httpx.AsyncClient]
    people: dict[str, Person] = field(default_factory=dict)
    clips: dict[str, dict[str, Any]] = field(default_factory=dict)

    def processes(self, name: str) -> list[int]:
        return sorted(_tree(self.realms[name].process.pid))


def _tree(pid: int) -> Iterator[int]:
    yield pid
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from _tree(int(child))


def _start() -> tuple[dict[str, RealmPlace], dict[str, RunningRealm]]:
    folder = Path(tempfile.mkdtemp(prefix="reelm-editions-"))
    folder.chmod(0o755)
    laid = composition.lay_out(folder, composition.read_plan(), only=("us", "kinora"), witness=False)
    places = {place.id: place for place in laid.realms}
    return places, {name: start_place(place) for name, place in places.items()}


@pytest.fixture(scope="module")
async def editions() -> AsyncIterator[Editions]:
    places, realms = await asyncio.to_thread(_start)
    # The tests ask from an address of their own, so that a realm that asked another would be told apart from them.
    clients = {
        name: httpx.AsyncClient(
            base_url=realm.url,
            timeout=30,
            transport=httpx.AsyncHTTPTransport(local_address=_TESTER),
        )
        for name, realm in realms.items()
    }
    yield Editions(places, realms, clients)
    for client in clients.values():
        await client.aclose()
    for realm in realms.values():
        await asyncio.to_thread(realm.stop)
    folder = places["us"].data.parent
    await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


async def _live(editions: Editions, folder: Path) -> None:
    """A day in both: people of the same names, the same film, a comment, a look around."""
    film = await asyncio.to_thread(plain, folder / "film.mp4")
    for name, client in editions.clients.items():
        person = await maker_of_people(client)(handle="somebody", country="US", birth_date="1990-01-01")
        clip = await make_clip(person, film, caption="the same words", visibility="everyone")
        editions.people[name], editions.clips[name] = person, await finished(person, clip["id"])
        assert (await person.post(f"/clips/{clip['id']}/comments", {"text": "hello"})).status_code == 201
        assert (await person.get("/feeds/local")).status_code == 200


async def test_a_day_in_both_sends_no_packet_from_one_to_the_other(
    editions: Editions, tmp_path: Path
) -> None:
    ports = {port for place in editions.places.values() for port in (place.web_port, place.border_port)}
    with watching() as seen:
        await _live(editions, tmp_path)
    connections = seen.with_ports(ports)
    assert connections, "the tests' own are seen"
    assert {end[0] for pair in connections for end in pair if end[1] not in ports} == {_TESTER}
    with watching() as control:  # what would be seen if one asked the other
        async with httpx.AsyncClient() as asking:
            await asking.get(editions.realms["us"].url + "/health")
    assert "127.0.0.1" in {
        end[0] for pair in control.with_ports(ports) for end in pair if end[1] not in ports
    }
    for client in editions.clients.values():
        border = (await client.get("/api/v1/border")).json()
        assert border["peers"] == []
        assert not [day for day in border["days"] if day["kind"] == "crossing"]


async def test_no_database_is_shared(editions: Editions) -> None:
    found = {}
    for name, realm in editions.realms.items():
        connection = await asyncpg.connect(**realm.settings.database.connection("reelm_admin"))
        found[name] = (
            await connection.fetchval("SELECT system_identifier FROM pg_control_system()"),
            await connection.fetchval("SHOW data_directory"),
            await connection.fetchval("SELECT pg_postmaster_start_time()"),
        )
        people = await connection.fetch("SELECT id FROM people")
        assert [str(row["id"]) for row in people] == [editions.people[name].id]
        await connection.close()
    assert len({each[0] for each in found.values()}) == len(found)
    assert len({each[1] for each in found.values()}) == len(found)
    # One's password opens nothing of the other.
    us, kinora = (editions.realms[name].settings.database for name in ("us", "kinora"))
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(**{**kinora.connection("reelm_web"), "password": us.passwords["reelm_web"]})


async def test_no_key_is_shared(editions: Editions) -> None:
    secrets = {name: _secrets(place.data) for name, place in editions.places.items()}
    assert all(len(each) > 10 for each in secrets.values()), "the keys are found"
    assert not secrets["us"] & secrets["kinora"]
    vkeys = {}
    for name, client in editions.clients.items():
        charter = json.loads((editions.places[name].data / "realm.json").read_bytes())
        vkeys[name] = {
            _key((await client.get("/api/v1/ledger")).json()["vkey"]),
            _key((await client.get("/api/v1/border")).json()["vkey"]),
            *(_key(member["vkey"]) for member in charter["keyholders"]["members"]),
        }
        assert len(vkeys[name]) == 3
    assert not vkeys["us"] & vkeys["kinora"]
    for asked, other in (("us", "kinora"), ("kinora", "us")):
        me = await editions.clients[asked].get("/api/v1/me", headers=editions.people[other].headers)
        assert me.status_code == 401


def _secrets(data: Path) -> set[bytes]:
    """The contents of every file that holds a key or a password, and every value of the key store."""
    found = _stored(data / "keys" / "store.sqlite")
    assert found
    for folder in ("secrets", "keys", "keyholder", "border"):
        for path in (data / folder).rglob("*"):
            if not path.is_file() or path.name.startswith("store.sqlite"):
                continue
            if len(body := path.read_bytes().strip()) >= _LEAST_SECRET_BYTES:
                found.add(body)
    return found


def _stored(store: Path) -> set[bytes]:
    with contextlib.closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        values = [
            value for table in tables for row in connection.execute(f"SELECT * FROM {table}") for value in row
        ]
    return {value for value in values if isinstance(value, bytes) and len(value) >= _LEAST_SECRET_BYTES}


def _key(vkey: str) -> bytes:
    return base64.b64decode(vkey.split("+", 2)[2])[1:]


async def test_no_blob_is_shared(editions: Editions) -> None:
    """The same film, made by the same build: files of their own, and where they are sealed, bytes of their own."""
    files = {
        name: [p for p in place.data.rglob("*") if p.is_file()] for name, place in editions.places.items()
    }
    inodes = {name: {(p.stat().st_dev, p.stat().st_ino) for p in paths} for name, paths in files.items()}
    assert not inodes["us"] & inodes["kinora"]
    assert not [p for paths in files.values() for p in paths if p.is_symlink()]
    sealed = {
        name: {p.read_bytes() for p in (place.data / "blobs" / "sealed").rglob("*") if p.is_file()}
        for name, place in editions.places.items()
    }
    assert all(sealed.values()), "the originals are sealed"
    assert not sealed["us"] & sealed["kinora"]
    for asked, other in (("us", "kinora"), ("kinora", "us")):
        url = editions.clips[other]["media"]["renditions"][0]["url"]
        assert (await editions.clients[asked].get(url)).status_code == 404


async def test_no_process_holds_a_file_of_the_other(editions: Editions) -> None:
    for name, other in (("us", "kinora"), ("kinora", "us")):
        held = set()
        for pid in editions.processes(name):
            for link in _links(pid):
                assert str(editions.places[other].data) not in link, f"{pid} holds {link}"
                held.add(link)
        assert any(str(editions.places[name].data) in link for link in held), "their own are seen"
    assert not set(editions.processes("us")) & set(editions.processes("kinora"))


def _links(pid: int) -> Iterator[str]:
    with contextlib.suppress(OSError):
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                yield str(entry.readlink())
        yield from (line.split(maxsplit=5)[-1] for line in Path(f"/proc/{pid}/maps").read_text().splitlines())


async def test_no_ledger_entry_is_shared(editions: Editions) -> None:
    bodies = {}
    for name, client in editions.clients.items():
        size = (await client.get("/api/v1/ledger")).json()["size"]
        assert size > 3
        bodies[name] = {
            (await client.get(f"/api/v1/ledger/entries/{index}")).json()["body"] for index in range(size)
        }
    assert not bodies["us"] & bodies["kinora"]


async def test_two_brands_and_no_cookie_in_common(editions: Editions) -> None:
    """In one browser: each shows its own name, colours and mark, and is sent its own cookies only."""
    shown: dict[str, dict[str, Any]] = {}
    async with async_playwright() as playwright:
        browser = await launch(playwright)
        context = await browser.new_context()
        try:
            for name, place in editions.places.items():
                other = next(each for each in editions.places.values() if each is not place)
                page = await context.new_page()
                sent: list[str] = []
                page.on("request", lambda request, sent=sent: sent.append(request.url))  # type: ignore[misc]
                await page.goto(place.web + "/sign-in")
                body = {"handle": "somebody", "password": PASSWORD}
                signed_in = await page.evaluate(
                    "(body) => fetch('/api/v1/sessions', {method: 'POST', body: JSON.stringify(body),"
                    " headers: {'content-type': 'application/json'}}).then((answer) => answer.status)",
                    body,
                )
                assert signed_in == 201
                cookies = await context.cookies(place.web)
                assert {cookie["domain"] for cookie in cookies} == {f"{name}.localhost"}
                assert sent
                assert not [url for url in sent if not url.startswith(place.web)]
                assert not [url for url in sent if url.startswith(other.web)]
                shown[name] = await _look(page)
        finally:
            await browser.close()
    us, kinora = shown["us"], shown["kinora"]
    assert (us["name"], kinora["name"]) == ("Reelm", "Kinora")
    for what in ("title", "accent", "theme", "manifest", "mark", "icon"):
        assert us[what] != kinora[what], what
    assert "Reelm" not in re.sub(r"reelm[_.-]", "", kinora["title"] + json.dumps(kinora["manifest"]))


async def _look(page: Any) -> dict[str, Any]:
    found: dict[str, Any] = await page.evaluate(
        """async () => {
          const about = (name) => document.querySelector(`meta[name="${name}"]`)?.content;
          const manifest = await (await fetch('/manifest.webmanifest')).json();
          return {
            name: about('application-name'), title: (await (await fetch('/')).text()).match(/<title>(.*?)<.title>/)[1],
            accent: getComputedStyle(document.documentElement).getPropertyValue('--accent').trim(),
            theme: about('theme-color'), manifest, mark: JSON.parse(about('edition')).mark,
            icon: await (await fetch('/icons/mark.svg')).text(),
          };
        }"""
    )
    return found


async def test_rules_of_an_edition_are_obeyed(editions: Editions) -> None:
    """Minimum age, and for whom a clip is when its author says nothing."""
    young = {"handle": "young", "password": PASSWORD, "country": "US", "language": "en"}
    born = "2012-01-01"
    us = await editions.clients["us"].post("/api/v1/accounts", json={**young, "birth_date": born})
    kinora = await editions.clients["kinora"].post("/api/v1/accounts", json={**young, "birth_date": born})
    assert (us.status_code, kinora.status_code) == (201, 403)
    for name, audience in (("us", "everyone"), ("kinora", "followers")):
        edition = (await editions.clients[name].get("/api/v1/realm")).json()["edition"]
        assert edition["default_visibility"] == audience
        assert edition["rules"]
