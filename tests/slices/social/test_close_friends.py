"""Close friends: whose list it is, who sees what is made for them, and that nobody learns of it."""

import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.conftest import Person
from tests.factories.clips import put_clip
from tests.factories.media import plain
from tests.factories.publishing import published


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plain(tmp_path_factory.mktemp("video") / "clip.mp4")


async def befriend(one: Person, other: Person) -> None:
    for follower, followee in ((one, other), (other, one)):
        assert (await follower.put(f"/people/{followee.handle}/follow")).status_code == 200


@pytest.fixture
async def people(sign_up: Any) -> dict[str, Person]:
    made = {name: await sign_up() for name in ("author", "close", "friend", "follower", "stranger")}
    for name in ("close", "friend"):
        await befriend(made["author"], made[name])
    assert (await made["follower"].put(f"/people/{made['author'].handle}/follow")).status_code == 200
    assert (await made["author"].put(f"/me/close-friends/{made['close'].handle}")).status_code == 204
    return made


async def _close(person: Person) -> list[str]:
    answer = await person.get("/me/close-friends")
    assert answer.status_code == 200, answer.text
    return [each["handle"] for each in answer.json()["items"]]


async def _sees(person: Person, clip: str) -> bool:
    status = (await person.get(f"/clips/{clip}")).status_code
    assert status in {200, 404}
    return status == 200


async def test_a_clip_for_close_friends_is_seen_by_them_alone(
    people: dict[str, Person], client: httpx.AsyncClient, video: Path
) -> None:
    author = people["author"]
    clip = await published(author, video, caption="for few", visibility="close_friends")
    assert clip["visibility"] == "close_friends"
    seen = {name for name, person in people.items() if await _sees(person, clip["id"])}
    assert seen == {"author", "close"}
    assert (await client.get(f"/api/v1/clips/{clip['id']}")).status_code == 404
    # Who sees it is told whom it is for, and gets the bytes and the key; others don't.
    shown = (await people["close"].get(f"/clips/{clip['id']}")).json()
    assert shown["visibility"] == "close_friends"
    poster = shown["media"]["poster_url"]
    assert "/media/sealed/" in poster
    assert (await client.get(poster, headers=people["close"].headers)).status_code == 200
    assert (await client.get(poster, headers=people["friend"].headers)).status_code in {403, 404}
    for name, person in people.items():
        for feed in ("friends", "following"):
            listed = (await person.get(f"/feeds/{feed}")).json()["items"]
            assert (clip["id"] in [each["id"] for each in listed]) == (name == "close"), (name, feed)
        found = (await person.get(f"/people/{author.handle}/clips")).json()["items"]
        assert (clip["id"] in [each["id"] for each in found]) == (name in seen), name


async def test_what_hangs_on_such_a_clip_is_theirs_too(people: dict[str, Person], admin: Any) -> None:
    author, close, friend = people["author"], people["close"], people["friend"]
    clip = await put_clip(admin, author.id, "for few", audience="close_friends")
    assert (await close.put(f"/clips/{clip}/like")).json()["counts"]["likes"] == 1
    assert (await close.post(f"/clips/{clip}/comments", {"text": "lovely"})).status_code == 201
    assert (await close.put(f"/clips/{clip}/repost")).status_code == 403
    assert (await friend.put(f"/clips/{clip}/like")).status_code == 404
    assert (await friend.get(f"/clips/{clip}/comments")).status_code == 404
    assert (await author.delete(f"/me/close-friends/{close.handle}")).status_code == 204
    assert not await _sees(close, clip)
    assert (await close.get(f"/clips/{clip}/comments")).status_code == 404


async def test_an_author_narrows_and_widens(people: dict[str, Person], admin: Any) -> None:
    author = people["author"]
    clip = await put_clip(admin, author.id, "for friends", audience="friends")
    assert await _sees(people["friend"], clip)
    changed = await author.patch(f"/clips/{clip}", {"visibility": "close_friends"})
    assert changed.json()["visibility"] == "close_friends"
    assert not await _sees(people["friend"], clip)
    assert await _sees(people["close"], clip)
    assert (await author.patch(f"/clips/{clip}", {"visibility": "friends"})).status_code == 200
    assert await _sees(people["friend"], clip)


async def test_the_list_is_its_owners(people: dict[str, Person], client: httpx.AsyncClient) -> None:
    author, close = people["author"], people["close"]
    assert await _close(author) == [close.handle]
    assert await _close(close) == []
    assert (await client.get("/api/v1/me/close-friends")).status_code == 401
    assert (await author.get(f"/people/{close.handle}")).json()["viewer"]["close_friend"] is True
    assert (await close.get(f"/people/{author.handle}")).json()["viewer"]["close_friend"] is False
    # Nobody is told.
    told = (await close.get("/notices")).json()["items"]
    assert not [each for each in told if "close" in each["kind"]]


async def test_only_friends_of_this_realm_can_be_put_on_it(
    people: dict[str, Person], client: httpx.AsyncClient, admin: Any
) -> None:
    author = people["author"]
    path = "/me/close-friends/"
    assert (await client.put(f"/api/v1{path}{people['friend'].handle}")).status_code == 401
    for name in ("follower", "stranger"):
        refused = await author.put(path + people[name].handle)
        assert (refused.status_code, refused.json()["code"]) == (409, "social.not_a_friend")
    assert (await author.put(path + author.handle)).status_code == 422
    assert (await author.put(path + "nobody_of_that_name")).status_code == 404
    await admin.execute("UPDATE people SET realm = 'lakes' WHERE id = $1", uuid.UUID(people["friend"].id))
    try:
        refused = await author.put(path + people["friend"].handle)
        assert refused.json()["code"] == "social.not_a_friend"
    finally:
        await admin.execute("UPDATE people SET realm = NULL WHERE id = $1", uuid.UUID(people["friend"].id))
    # Twice is once, and who isn't on it stays off.
    for _ in range(2):
        assert (await author.put(path + people["friend"].handle)).status_code == 204
    assert await _close(author) == [people["friend"].handle, people["close"].handle]
    for _ in range(2):
        assert (await author.delete(path + people["friend"].handle)).status_code == 204
    assert (await author.delete(path + "nobody_of_that_name")).status_code == 404
    assert (await client.delete(f"/api/v1{path}{people['close'].handle}")).status_code == 401
    assert await _close(author) == [people["close"].handle]


@pytest.mark.parametrize("ends", ["unfollow", "is unfollowed", "removes", "blocks", "is blocked"])
async def test_who_is_no_friend_is_no_close_friend(people: dict[str, Person], admin: Any, ends: str) -> None:
    author, close = people["author"], people["close"]
    clip = await put_clip(admin, author.id, "for few", audience="close_friends")
    assert await _sees(close, clip)
    done = {
        "unfollow": lambda: author.delete(f"/people/{close.handle}/follow"),
        "is unfollowed": lambda: close.delete(f"/people/{author.handle}/follow"),
        "removes": lambda: author.delete(f"/me/followers/{close.handle}"),
        "blocks": lambda: author.put(f"/people/{close.handle}/block"),
        "is blocked": lambda: close.put(f"/people/{author.handle}/block"),
    }
    assert (await done[ends]()).status_code < 300
    assert not await _sees(close, clip)
    assert await _close(author) == []


async def test_friends_are_those_who_follow_one_another(
    people: dict[str, Person], client: httpx.AsyncClient
) -> None:
    author = people["author"]
    assert (await author.put(f"/people/{people['stranger'].handle}/follow")).status_code == 200
    assert (await client.get("/api/v1/me/friends")).status_code == 401
    first = (await author.get("/me/friends?limit=1")).json()
    second = (await author.get(f"/me/friends?limit=1&cursor={first['next_cursor']}")).json()
    assert [each["handle"] for each in first["items"] + second["items"]] == [
        people["friend"].handle,
        people["close"].handle,
    ]
    assert second["next_cursor"] is None
    assert (await people["follower"].get("/me/friends")).json()["items"] == []
    assert (await author.get("/me/friends?cursor=nonsense")).status_code == 422


async def test_the_list_is_paged(sign_up: Any) -> None:
    author = await sign_up()
    others = [await sign_up() for _ in range(3)]
    for other in others:
        await befriend(author, other)
        assert (await author.put(f"/me/close-friends/{other.handle}")).status_code == 204
    first = (await author.get("/me/close-friends?limit=2")).json()
    second = (await author.get(f"/me/close-friends?limit=2&cursor={first['next_cursor']}")).json()
    assert [each["handle"] for each in first["items"] + second["items"]] == [
        other.handle for other in reversed(others)
    ]
    assert second["next_cursor"] is None
