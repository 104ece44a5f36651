"""What the border answers about this realm's people, clips and comments: public things, in ActivityStreams, to anybody."""

import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.conftest import Person, RunningRealm, maker_of_people
from tests.factories.foreign import Foreign
from tests.factories.media import plain
from tests.factories.publishing import published

from reelm.border.classify import ORDER, fields_in_force


@pytest.fixture
async def lea(bordered: RunningRealm) -> AsyncIterator[Person]:
    async with httpx.AsyncClient(base_url=bordered.url, timeout=30) as client:
        made: Person = await maker_of_people(client)()
        yield made


def checked(document: dict[str, Any]) -> None:
    """Every field is one that may cross, and nothing is missing."""
    bare = {name: each for name, each in document.items() if name != "@context"}
    found = fields_in_force().classify(bare, "", bare["type"])
    assert (found.unknown, found.never, set(found.classes)) == (set(), {}, {"public"})
    assert fields_in_force().reduced(bare, set(ORDER)).document == bare


async def test_a_person(abroad: Foreign, lea: Person) -> None:
    assert (await lea.patch("/me", {"display_name": "Léa 雨", "bio": "hello"})).status_code == 200
    said = await abroad.get(f"/people/{lea.id}", signed=False)
    assert (said.status, said.headers["content-type"]) == (200, "application/activity+json")
    document = said.json()
    checked(document)
    assert (document["preferredUsername"], document["name"], document["summary"]) == (
        lea.handle,
        "Léa 雨",
        "hello",
    )
    assert document["id"].endswith(f"/people/{lea.id}")
    assert document["manuallyApprovesFollowers"] is False
    # Under the realm's own addresses, too.
    path = "/" + document["id"].split("/", 3)[3]
    assert (await abroad.get(path, signed=False)).json() == document
    followers = (await abroad.get(f"/people/{lea.id}/followers", signed=False)).json()
    assert followers["totalItems"] == 0
    assert "orderedItems" not in followers


async def test_webfinger(abroad: Foreign, lea: Person, bordered: RunningRealm) -> None:
    person = (await abroad.get(f"/people/{lea.id}", signed=False)).json()["id"]
    hosts = ["home", abroad.target.split("/")[2], bordered.url.split("/")[2]]
    for host in hosts:
        resource = f"acct:{lea.handle}@{host}"
        said = await abroad.get(f"/.well-known/webfinger?resource={resource}", signed=False)
        assert (said.status, said.headers["content-type"]) == (200, "application/jrd+json")
        assert said.json()["subject"] == resource
        assert {link["href"] for link in said.json()["links"] if link["rel"] == "self"} == {person}
    for resource in (
        f"acct:{lea.handle}@elsewhere.example",
        "acct:nobody.here@home",
        f"acct:{lea.handle}",
        person,
        "",
        "acct:" + "x" * 3000 + "@home",
        "acct:%00@home",
    ):
        said = await abroad.get(f"/.well-known/webfinger?resource={resource}", signed=False)
        assert said.status == 404, resource


async def test_a_clip_its_file_and_a_comment(
    abroad: Foreign, lea: Person, bordered: RunningRealm, tmp_path: Path
) -> None:
    clip = await published(
        lea, plain(tmp_path / "rain.mp4", seconds=1), visibility="everyone", caption="Rain #rain"
    )
    said = await abroad.get(f"/clips/{clip['id']}", signed=False)
    document = said.json()
    checked(document)
    assert document["content"] == "Rain #rain"
    assert [tag["name"] for tag in document["tag"]] == ["#rain"]
    file = document["attachment"][0]
    path = "/" + file["url"].split("/", 3)[3]
    # The file is for realms that are known here, by their signature.
    got = await abroad.get(path)
    assert (got.status, got.headers["content-type"], len(got.body)) == (200, "video/mp4", file["size"])
    assert hashlib.sha256(got.body).hexdigest() == file["digest"].removeprefix("sha-256:")
    assert (await abroad.get(path, signed=False)).status == 401
    assert (await abroad.get(path, signed=True, headers={"signature": "a=:AAAA:"})).status == 401
    for other in (
        path.replace(file["digest"][8:], "0" * 64),
        path.replace(clip["id"], str(lea.id)),
        "/media/x",
    ):
        assert (await abroad.get(other)).status == 404
    page = (await abroad.get(f"/people/{lea.id}/outbox?page=first", signed=False)).json()
    assert [each["object"] for each in page["orderedItems"]] == [
        {name: each for name, each in document.items() if name != "@context"}
    ]
    assert (await abroad.get(f"/people/{lea.id}/outbox", signed=False)).json()["totalItems"] == 1
    comment = (await lea.post(f"/clips/{clip['id']}/comments", {"text": "It stopped"})).json()
    note = (await abroad.get(f"/comments/{comment['id']}", signed=False)).json()
    checked(note)
    assert (note["content"], note["inReplyTo"], note["attributedTo"]) == (
        "It stopped",
        document["id"],
        document["attributedTo"],
    )
    # Whoever is a browser is led to the page.
    led = await abroad.get(f"/clips/{clip['id']}", signed=False, headers={"accept": "text/html"})
    assert (led.status, led.headers["location"]) == (307, document["url"])
    # What everybody may not see any more isn't told, nor its file.
    assert (await lea.patch(f"/clips/{clip['id']}", {"visibility": "only_me"})).status_code == 200
    for gone in (f"/clips/{clip['id']}", f"/comments/{comment['id']}"):
        assert (await abroad.get(gone, signed=False)).status == 404
    assert (await abroad.get(path)).status == 404
    assert (await abroad.get(f"/people/{lea.id}/outbox?page=first", signed=False)).json()[
        "orderedItems"
    ] == []


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/people",
        "/people/01A2005A-0000-7000-8000-000000000000",
        "/people/01a2005a-0000-7000-8000-000000000000",
        "/people/01a2005a-0000-7000-8000-000000000000/outbox?page=first",
        "/clips/01a2005a-0000-7000-8000-000000000000/outbox",
        "/comments/01a2005a-0000-7000-8000-000000000000",
        "/acts/01a2005a-0000-7000-8000-000000000000",
        "/health",
        "/api/v1/realm",
    ],
)
async def test_anything_else_is_not_there(abroad: Foreign, path: str) -> None:
    said = await abroad.get(path, signed=False)
    assert (said.status, said.code) == (404, "not_found")


async def test_pages_that_are_none(abroad: Foreign, lea: Person) -> None:
    for page in ("x", "1", "'", "%00", "first%20"):
        assert (await abroad.get(f"/people/{lea.id}/outbox?page={page}", signed=False)).status == 404


async def test_what_is_served_is_counted(abroad: Foreign, seeing: Any, lea: Person) -> None:
    """Nobody is named by it: what was asked stands in no table."""
    await abroad.get(f"/people/{lea.id}", signed=False)
    for table in ("border_counts", "border_refusals", "crossing_batches"):
        rows = await seeing.fetch(f"SELECT t::text AS line FROM {table} t")
        assert lea.id not in json.dumps([row["line"] for row in rows])
