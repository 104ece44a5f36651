"""One catalog, several processes: what comes, changes and goes is known in all of them within a second."""

import asyncio
import secrets
import shutil
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import psutil
import pytest
from tests.conftest import Person, RunningRealm, eventually, free_port, sign_up_body, start_realm
from tests.factories.clips import put_clip
from tests.slices.feed.test_feeds import event
from tests.slices.feed.test_for_you import receipt_of

from reelm.feed.catalog import CATALOG, Catalog
from reelm.feed.keys import key_of_id, key_of_text
from reelm_audit.feed import layout

SOON = 1.0


@pytest.fixture(scope="module")
def own() -> Iterator[RunningRealm]:
    """A realm with two web processes."""
    folder = Path(tempfile.mkdtemp(prefix="reelm-test-"))
    folder.chmod(0o755)
    running = start_realm(folder / "data", free_port(), REELM_LIMIT_FACTOR="1000", REELM_WEB_PROCESSES="2")
    yield running
    running.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
async def owner(own: RunningRealm) -> Any:
    connection = await asyncpg.connect(**own.settings.database.connection("reelm_admin"))
    yield connection
    await connection.close()


@pytest.fixture(scope="module")
async def people(own: RunningRealm) -> Any:
    """Three people of it: who publishes, who watches, and who will be blocked."""
    async with httpx.AsyncClient(base_url=own.url, timeout=30) as asking:
        made = []
        for _ in range(3):
            body = sign_up_body()
            account = await asking.post("/api/v1/accounts", json=body)
            signed_in = await asking.post(
                "/api/v1/sessions", json={"handle": body["handle"], "password": body["password"]}
            )
            asking.cookies.clear()
            made.append(Person(asking, account.json()["id"], body["handle"], signed_in.json()["token"]))
        yield made


@asynccontextmanager
async def both(own: RunningRealm, person: Person) -> Any:
    """A connection to each of the web processes: which is which, its promises say."""
    found: dict[str, httpx.AsyncClient] = {}
    spare: list[httpx.AsyncClient] = []
    try:
        for _ in range(60):
            made = httpx.AsyncClient(base_url=own.url, timeout=30, headers=person.headers)
            page = (await made.get("/api/v1/feeds/for-you?limit=50")).json()
            name = page["receipt"]["process"] if page["receipt"] else ""
            (spare.append(made) if not name or name in found else found.update({name: made}))
            if len(found) == 2:
                break
        assert len(found) == 2, "the machine gave all connections to one process"
        yield list(found.values())
    finally:
        for each in (*found.values(), *spare):
            await each.aclose()


async def shown(client: httpx.AsyncClient, name: str = "for-you") -> list[str]:
    page = (await client.get(f"/api/v1/feeds/{name}?limit=50")).json()
    return [item["id"] for item in page["items"]]


async def test_what_is_published_is_everywhere_within_a_second(own, owner, people):
    author, viewer, _ = people
    catalog = Catalog(own.data / "feed" / CATALOG)
    await put_clip(owner, author.id, "the first")

    async def begun():
        return catalog.size

    await eventually(begun)
    async with both(own, viewer) as processes:
        began = time.monotonic()
        clip = uuid.UUID(await put_clip(owner, author.id, "the second #sea", language="fr"))

        async def known():
            return catalog.row(clip) >= 0

        await eventually(known, seconds=SOON, every=0.01)
        assert time.monotonic() - began < SOON
        row = catalog.row(clip)
        assert catalog.author_id(row) == uuid.UUID(author.id)
        assert catalog.column("author")[row] == key_of_id(uuid.UUID(author.id))
        assert catalog.column("language")[row] == key_of_text("fr")
        assert catalog.newest_of("tag", key_of_text("sea"), 3).tolist() == [row]
        for process in processes:

            async def is_shown(process=process):
                return str(clip) in await shown(process) and str(clip) in await shown(process, "local")

            await eventually(is_shown, seconds=5)


@pytest.mark.parametrize("how", ["delete", "narrow", "deleted with its author"])
async def test_what_is_withdrawn_is_nowhere_within_a_second_and_never_after(own, owner, people, how, sign_up):
    author, viewer, _ = people
    catalog = Catalog(own.data / "feed" / CATALOG)
    if how == "deleted with its author":
        body = sign_up_body()
        made = await author.client.post("/api/v1/accounts", json=body)
        author = Person(author.client, made.json()["id"], body["handle"], "")
    clip = uuid.UUID(await put_clip(owner, author.id, how))
    async with both(own, viewer) as processes:

        async def everywhere():
            return all([str(clip) in await shown(each) for each in processes])

        await eventually(everywhere)
        row = catalog.row(clip)
        if how == "delete":
            await owner.execute("DELETE FROM clips WHERE id = $1", clip)
        elif how == "narrow":
            await owner.execute("UPDATE clips SET audience = 'followers' WHERE id = $1", clip)
        else:
            await owner.execute("DELETE FROM people WHERE id = $1", uuid.UUID(author.id))
        began = time.monotonic()
        for _ in range(3):
            # Also before the catalog has heard of it: the database has the last word on every page.
            for each in processes:
                assert str(clip) not in await shown(each)

        async def gone():
            return not catalog.column("alive")[row]

        await eventually(gone, seconds=max(0.05, SOON - (time.monotonic() - began)), every=0.01)
        assert catalog.row(clip) == -1
        assert not catalog.ids[row].any()
        for _ in range(5):
            for each in processes:
                assert str(clip) not in await shown(each)
                assert str(clip) not in await shown(each, "local")
                answer = await each.post("/api/v1/feeds/cards", json={"clip_ids": [str(clip)]})
                assert answer.json() == {"items": []}


async def test_whom_an_author_blocks_meets_no_clip_of_theirs_any_more(own, owner, people):
    author, _, viewer = people
    clip = await put_clip(owner, author.id, "for all but one")
    async with both(own, viewer) as processes:

        async def everywhere():
            return all([clip in await shown(each) for each in processes])

        await eventually(everywhere)
        assert (await author.put(f"/people/{viewer.handle}/block")).status_code == 204
        try:
            for each in processes * 3:
                assert clip not in await shown(each)
                cards = await each.post("/api/v1/feeds/cards", json={"clip_ids": [clip]})
                assert cards.json() == {"items": []}
        finally:
            assert (await author.delete(f"/people/{viewer.handle}/block")).status_code in {200, 204}


async def test_what_a_viewer_does_over_one_process_is_in_the_next_page_of_the_other(own, owner, people):
    author, viewer, _ = people
    word = "w" + secrets.token_hex(4)
    clips = [await put_clip(owner, author.id, f"a #{word}") for _ in range(4)]
    catalog = Catalog(own.data / "feed" / CATALOG)

    async def known():
        return (catalog.rows([uuid.UUID(clip) for clip in clips]) >= 0).all()

    await eventually(known)
    async with both(own, viewer) as processes:
        one, other = processes

        async def everywhere():
            return all([set(clips) <= set(await shown(each)) for each in processes])

        await eventually(everywhere)
        # Again and again, each way: quicker than pages ask in any case.
        for clip in clips:
            acts = await acts_of(viewer, other)
            body = {"events": [event(clip, "finish")]}
            assert (await one.post("/api/v1/events", json=body)).status_code == 202
            assert await acts_of(viewer, other) == acts + 1
            one, other = other, one
        assert not await followed_in(viewer, other)
        assert (await one.put(f"/api/v1/people/{author.handle}/follow")).status_code == 200
        assert await followed_in(viewer, other)
        never = {"kind": "tag", "value": word, "wish": -2}
        assert (await one.put("/api/v1/me/feed/wishes", json=never)).status_code in {200, 204}
        assert not set(clips) & set(await shown(other))


async def receipt_over(viewer, process):
    receipt, _ = await receipt_of(viewer, await process.get("/api/v1/feeds/for-you?limit=50"))
    return receipt


async def acts_of(viewer, process):
    return len((await receipt_over(viewer, process)).acts)


async def followed_in(viewer, process):
    place = layout.FEATURES.index("followed")
    return any(each.features[place] for each in (await receipt_over(viewer, process)).scored)


async def test_counters_and_tags_are_followed(own, owner, people):
    author, _, _ = people
    catalog = Catalog(own.data / "feed" / CATALOG)
    clip = uuid.UUID(await put_clip(owner, author.id, "counted #before"))

    async def known():
        return catalog.row(clip) >= 0

    await eventually(known)
    await owner.execute(
        "UPDATE clip_counters SET views = 41, finishes = 7, changed_at = now() WHERE clip_id = $1", clip
    )

    async def counted():
        return (
            catalog.column("views")[catalog.row(clip)],
            catalog.column("finishes")[catalog.row(clip)],
        ) == (41, 7)

    await eventually(counted, seconds=3)
    await owner.execute("UPDATE clips SET tags = '{after}' WHERE id = $1", clip)

    async def tagged():
        return catalog.newest_of("tag", key_of_text("after"), 1).tolist() == [catalog.row(clip)]

    await eventually(tagged, seconds=3)
    assert not len(catalog.newest_of("tag", key_of_text("before"), 1))
    assert catalog.column("views")[catalog.row(clip)] == 41


def indexer(own: RunningRealm) -> psutil.Process | None:
    for each in psutil.Process(own.process.pid).children(recursive=True):
        try:
            if "reelm: indexer" in " ".join(each.cmdline()):
                return each
        except psutil.NoSuchProcess:
            continue
    return None


async def test_without_the_indexer_pages_go_on_and_it_catches_up(own, owner, people):
    """Killed while clips come and go: nothing that is gone is served meanwhile, and all is in afterwards."""
    author, viewer, _ = people
    catalog = Catalog(own.data / "feed" / CATALOG)
    old = await put_clip(owner, author.id, "there before")

    async def known():
        return catalog.row(uuid.UUID(old)) >= 0

    await eventually(known)
    generation = catalog.generation
    async with both(own, viewer) as processes:
        for _ in range(3):
            process = indexer(own)
            assert process
            process.suspend()
            leaving = await put_clip(owner, author.id, "never seen")
            await owner.execute("DELETE FROM clips WHERE id = $1", uuid.UUID(old))
            coming = await put_clip(owner, author.id, "came meanwhile")
            for each in processes:
                assert old not in await shown(each)
            await owner.execute("DELETE FROM clips WHERE id = $1", uuid.UUID(leaving))
            process.kill()

            async def back(coming=coming, old=old, leaving=leaving):
                rows = catalog.rows([uuid.UUID(each) for each in (coming, old, leaving)]).tolist()
                return catalog.begin() and rows[0] >= 0 and rows[1:] == [-1, -1]

            await eventually(back, seconds=20)
            assert catalog.generation == generation
            for each in processes:
                assert old not in await shown(each)
            old = coming

            async def running():
                return await asyncio.to_thread(indexer, own)

            await eventually(running)
