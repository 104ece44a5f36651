"""Seeing everything: more than the app shows, nobody else's, and to nobody else."""

import datetime as dt
import uuid
from typing import Any

import asyncpg
import pytest
from tests.conftest import Person, RunningRealm
from tests.factories.archives import exported
from tests.factories.clips import put_clip

from reelm.custody.service import KeysClient
from reelm.kit.clock import SystemClock
from reelm.kit.database import Database
from reelm.models.own import NOBODYS, OWN
from reelm.rights.repository import RightsWriter


async def all_rows(person: Person, table: str) -> list[dict[str, Any]]:
    found, cursor = [], None
    while True:
        asked = {"limit": 3, **({"cursor": cursor} if cursor else {})}
        answer = await person.get(f"/me/data/{table}", params=asked)
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            return found


async def test_every_table_is_there_and_counted(sign_up: Any, admin: Any) -> None:
    person = await sign_up()
    seen = (await person.get("/me/data")).json()
    tables = {table["name"]: table for each in seen["classes"] for table in each["tables"]}
    assert set(tables) == set(OWN)
    assert seen["classes"][0]["class"] == "identity"
    for name, table in tables.items():
        assert table["purpose"].endswith(".")
        assert table["retention"].endswith(".")
        assert len(await all_rows(person, name)) == table["rows"], name
    for name in NOBODYS:
        assert (await person.get(f"/me/data/{name}")).status_code == 404


async def test_what_the_app_hides_from_its_author_is_still_theirs_to_see(sign_up: Any, admin: Any) -> None:
    author, guest = await sign_up(), await sign_up()
    clip = await put_clip(admin, author.id, "open for now")
    said = (await guest.post(f"/clips/{clip}/comments", {"text": "I said this"})).json()
    assert (await guest.put(f"/clips/{clip}/repost")).status_code == 200
    await admin.execute("UPDATE clips SET audience = 'only_me' WHERE id = $1::text::uuid", clip)
    assert (await guest.get(f"/clips/{clip}")).status_code == 404
    assert [row["text"] for row in await all_rows(guest, "comments")] == ["I said this"]
    assert [row["id"] for row in await all_rows(guest, "comments")] == [said["id"]]
    assert len(await all_rows(guest, "reposts")) == 1
    # Whose clip it is sees the notice; who blocks whom is the blocker's alone.
    assert (await author.put(f"/people/{guest.handle}/block")).status_code == 204
    assert len(await all_rows(author, "blocks")) == 1
    assert await all_rows(guest, "blocks") == []


async def test_both_sides_of_a_tie(sign_up: Any) -> None:
    one, two, three = await sign_up(), await sign_up(), await sign_up()
    for follower, followee in ((one, two), (two, one), (three, one)):
        assert (await follower.put(f"/people/{followee.handle}/follow")).status_code == 200
    assert len(await all_rows(one, "follows")) == 3
    assert len(await all_rows(three, "follows")) == 1


async def test_pages_meet_without_gap_or_overlap(sign_up: Any, admin: Any) -> None:
    """Events of the same moment, in a table whose key is a time and an id."""
    person = await sign_up()
    clip = await put_clip(admin, person.id, "watched")
    at = dt.datetime.now(dt.UTC)
    ids = [uuid.UUID(int=uuid.uuid4().int) for _ in range(11)]
    for each in ids:
        await admin.execute(
            "INSERT INTO watch_events (person_id, at, id, clip_id, kind) VALUES ($1, $2, $3, $4, 'impression')",
            *(uuid.UUID(person.id), at, each, uuid.UUID(clip)),
        )
    assert [row["id"] for row in await all_rows(person, "watch_events")] == sorted(map(str, ids))


@pytest.mark.parametrize("role", ["reelm_web", "reelm_worker"])
async def test_the_function_answers_the_subject_alone_and_only_for_this(
    realm: RunningRealm, sign_up: Any, role: str
) -> None:
    person = await sign_up()
    settings = realm.settings
    web = KeysClient(settings.keys_address, SystemClock(), secret=settings.caller_secrets["web"])
    worker = KeysClient(
        settings.keys_address, SystemClock(), caller="worker", secret=settings.caller_secrets["worker"]
    )
    session = (await web.resolve(person.token)).ticket
    other = await worker.schedule_ticket("notice_deliver", uuid.UUID(person.id))
    job = (await worker.job_keys(other, "notice_deliver")).ticket
    await web.close()
    await worker.close()
    shell = await asyncpg.connect(**settings.database.connection(role))
    try:
        for ticket, sees in ((session, 1), (job, 0), (None, 0)):
            async with shell.transaction():
                if ticket:
                    await shell.execute("SELECT set_config('reelm.ticket', $1, true)", ticket)
                rows = await shell.fetch("SELECT reelm.own_rows('person_details', NULL, 10)")
                tables = await shell.fetch("SELECT name FROM reelm.own_tables()")
                assert len(rows) == sees
                assert bool(tables) == bool(sees)
    finally:
        await shell.close()


async def test_an_archive_runs_out(realm: RunningRealm, sign_up: Any, admin: Any) -> None:
    person = await sign_up()
    made = await exported(person)
    begun, ends = (dt.datetime.fromisoformat(made[name]) for name in ("created_at", "expires_at"))
    assert dt.timedelta(days=6, hours=23) < ends - begun < dt.timedelta(days=7, hours=1)
    await admin.execute(
        "UPDATE exports SET expires_at = now() - interval '1 second' WHERE id = $1::text::uuid", made["id"]
    )
    refused = await person.get(f"/me/exports/{made['id']}/archive")
    assert (refused.status_code, refused.json()["code"]) == (409, "rights.archive_not_ready")
    worker = await Database.open(realm.settings.database, "reelm_worker", size=1)
    async with worker.transaction() as uow:
        assert uuid.UUID(made["id"]) in await RightsWriter(uow).expire_exports(SystemClock().now())
    async with worker.transaction() as uow:
        assert not await uow.fetch("SELECT reelm.existing_ids($1)", [uuid.UUID(made["id"])])
    await worker.close()
    assert (await person.get(f"/me/exports/{made['id']}")).json()["state"] == "expired"
