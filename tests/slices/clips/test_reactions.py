"""Likes, reposts, shares, downloads, and the lists under people and tags."""

import io
from pathlib import Path
from typing import Any

import av
import httpx
import pytest
from tests.conftest import Person
from tests.factories.publishing import published


@pytest.fixture(scope="module")
async def author(sign_up: Any) -> Person:
    made: Person = await sign_up()
    return made


@pytest.fixture(scope="module")
async def clip(author: Person, video: Path) -> dict[str, Any]:
    return await published(author, video, caption="#marché nocturne")


@pytest.fixture(scope="module")
async def hidden(author: Person, video: Path) -> dict[str, Any]:
    return await published(author, video, visibility="only_me")


async def test_like(client: httpx.AsyncClient, other: Person, clip: dict[str, Any]) -> None:
    path = f"/clips/{clip['id']}"
    for _ in range(2):
        liked = await other.put(path + "/like")
        assert liked.json()["liked"] is True
        assert liked.json()["counts"]["likes"] == 1
    assert (await other.get(path)).json()["viewer"]["liked"] is True
    for _ in range(2):
        unliked = await other.delete(path + "/like")
        assert (unliked.json()["liked"], unliked.json()["counts"]["likes"]) == (False, 0)
    assert (await client.put("/api/v1" + path + "/like")).status_code == 401


async def test_repost(author: Person, other: Person, client: httpx.AsyncClient, clip: dict[str, Any]) -> None:
    path = f"/clips/{clip['id']}/repost"
    assert (await other.put(path)).json() == {
        "reposted": True,
        "counts": {"views": 0, "likes": 0, "comments": 0, "reposts": 1, "shares": 0},
    }
    listed = (await client.get(f"/api/v1/people/{other.handle}/reposts")).json()["items"]
    assert [each["id"] for each in listed] == [clip["id"]]
    assert (await other.get(f"/clips/{clip['id']}")).json()["viewer"]["reposted"] is True
    assert (await other.delete(path)).json()["reposted"] is False
    assert (await client.get(f"/api/v1/people/{other.handle}/reposts")).json()["items"] == []
    assert (await client.put("/api/v1" + path)).status_code == 401
    assert (await client.get("/api/v1/people/nobody_at_all/reposts")).status_code == 404


async def test_what_is_not_seen_gets_no_reaction(
    author: Person, other: Person, hidden: dict[str, Any]
) -> None:
    path = f"/clips/{hidden['id']}"
    for method, end in (
        ("PUT", "/like"),
        ("DELETE", "/like"),
        ("PUT", "/repost"),
        ("DELETE", "/repost"),
        ("POST", "/share"),
        ("GET", "/download"),
    ):
        assert (await other.request(method, path + end)).status_code == 404, end
    own = await author.put(path + "/repost")
    assert (own.status_code, own.json()["code"]) == (403, "clips.repost_not_allowed")
    assert (await author.put(path + "/like")).status_code == 200


async def test_share(client: httpx.AsyncClient, other: Person, clip: dict[str, Any]) -> None:
    path = f"/clips/{clip['id']}"
    before = (await other.get(path)).json()["counts"]["shares"]
    assert (await other.post(path + "/share")).status_code == 204
    assert (await other.get(path)).json()["counts"]["shares"] == before + 1
    assert (await client.post("/api/v1" + path + "/share")).status_code == 401


async def test_download(
    author: Person, other: Person, client: httpx.AsyncClient, clip: dict[str, Any], hidden: dict[str, Any]
) -> None:
    path = f"/clips/{clip['id']}"
    refused = await other.get(path + "/download")
    assert (refused.status_code, refused.json()["code"]) == (403, "clips.download_not_allowed")
    for person, wanted in ((author, path), (author, f"/clips/{hidden['id']}")):
        answer = await person.get(wanted + "/download")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "video/mp4"
        assert "attachment" in answer.headers["content-disposition"]
        with av.open(io.BytesIO(answer.content)) as container:
            assert container.streams.video[0].codec_context.width == 180
        assert answer.content.find(b"moov") < answer.content.find(b"mdat")
        assert b"moof" not in answer.content
    assert (await author.patch(path, {"permissions": {"download": True}})).status_code == 200
    assert (await client.get("/api/v1" + path + "/download")).status_code == 200


async def test_lists(author: Person, client: httpx.AsyncClient, clip: dict[str, Any], video: Path) -> None:
    newer = await published(author, video, caption="#Marché again")
    listed = (await client.get(f"/api/v1/people/{author.handle}/clips?limit=1")).json()
    assert [each["id"] for each in listed["items"]] == [newer["id"]]
    rest = (await client.get(f"/api/v1/people/{author.handle}/clips?cursor={listed['next_cursor']}")).json()
    assert [each["id"] for each in rest["items"]] == [clip["id"]]
    assert rest["next_cursor"] is None
    under = (await client.get("/api/v1/tags/marché/clips")).json()["items"]
    assert [each["id"] for each in under] == [newer["id"], clip["id"]]
    assert (await client.get("/api/v1/tags/nobody_uses_this/clips")).json()["items"] == []
    assert (await client.get(f"/api/v1/people/{author.handle}/clips?limit=51")).status_code == 422
    assert (await client.get(f"/api/v1/people/{author.handle}/clips?cursor=?")).status_code == 422
