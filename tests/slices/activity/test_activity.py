"""Friends' activity: shown by choice and seen by choice, nothing from before, nothing that isn't for the viewer."""

import datetime as dt
import uuid
from typing import Any

import httpx
import pytest
from tests.conftest import Person
from tests.factories.clips import put_clip


async def befriend(one: Person, other: Person) -> None:
    for follower, followee in ((one, other), (other, one)):
        assert (await follower.put(f"/people/{followee.handle}/follow")).status_code == 200


@pytest.fixture
async def people(sign_up: Any) -> dict[str, Person]:
    made = {name: await sign_up() for name in ("me", "friend", "follower", "maker")}
    await befriend(made["me"], made["friend"])
    assert (await made["follower"].put(f"/people/{made['friend'].handle}/follow")).status_code == 200
    return made


async def _share(person: Person, on: bool = True) -> None:
    assert (await person.put("/me/social-settings", {"share_activity": on})).status_code == 200


async def _acts(person: Person) -> list[tuple[str, str, str]]:
    if not (await person.get("/me/social-settings")).json()["show_activity"]:
        assert (await person.put("/me/social-settings", {"show_activity": True})).status_code == 200
    answer = await person.get("/me/friends/activity")
    assert answer.status_code == 200, answer.text
    return [
        (
            each["kind"],
            each["person"]["handle"],
            each["clip"]["id"] if each["clip"] else each["person2"]["handle"],
        )
        for each in answer.json()["items"]
    ]


async def test_both_are_off_until_chosen(people: dict[str, Person], client: httpx.AsyncClient) -> None:
    me = people["me"]
    off = {"share_activity": False, "show_activity": False}
    assert (await me.get("/me/social-settings")).json() == off
    assert (await client.get("/api/v1/me/social-settings")).status_code == 401
    assert (await client.put("/api/v1/me/social-settings", json=off)).status_code == 401
    assert (await client.get("/api/v1/me/friends/activity")).status_code == 401
    refused = await me.get("/me/friends/activity")
    assert (refused.status_code, refused.json()["code"]) == (409, "activity.not_chosen")
    assert (await me.put("/me/social-settings", {"share_activity": "yes"})).status_code == 422
    assert (await me.put("/me/social-settings", {"everything": True})).status_code == 422
    chosen = await me.put("/me/social-settings", {"show_activity": True})
    assert chosen.json() == {"share_activity": False, "show_activity": True}
    assert (await people["friend"].get("/me/social-settings")).json() == off
    assert (await me.get("/me/friends/activity")).json() == {"items": [], "next_cursor": None}
    assert (await me.get("/me/friends/activity?cursor=nonsense")).status_code == 422


async def test_friends_who_chose_to_show_it_are_seen_from_then_on(
    people: dict[str, Person], admin: Any
) -> None:
    me, friend, maker = people["me"], people["friend"], people["maker"]
    before, after, passed = [await put_clip(admin, maker.id, f"clip {n}") for n in range(3)]
    assert (await friend.put(f"/clips/{before}/like")).status_code == 200
    assert await _acts(me) == []
    await _share(friend)
    assert await _acts(me) == []
    assert (await friend.put(f"/clips/{after}/like")).status_code == 200
    assert (await friend.put(f"/clips/{passed}/repost")).status_code == 200
    assert (await friend.put(f"/people/{maker.handle}/follow")).status_code == 200
    assert await _acts(me) == [
        ("followed", friend.handle, maker.handle),
        ("reposted", friend.handle, passed),
        ("liked", friend.handle, after),
    ]
    # Who only follows is no friend, and is shown nothing; nor is one's own activity shown to oneself.
    assert await _acts(people["follower"]) == []
    assert await _acts(friend) == []
    # What is taken back is taken back here, too.
    assert (await friend.delete(f"/clips/{after}/like")).status_code == 200
    assert (await friend.delete(f"/people/{maker.handle}/follow")).status_code == 200
    assert await _acts(me) == [("reposted", friend.handle, passed)]


async def test_who_stops_showing_it_leaves_nothing(people: dict[str, Person], admin: Any) -> None:
    me, friend = people["me"], people["friend"]
    clip, other = [await put_clip(admin, people["maker"].id) for _ in range(2)]
    await _share(friend)
    assert (await friend.put(f"/clips/{clip}/like")).status_code == 200
    assert len(await _acts(me)) == 1
    await _share(friend, on=False)
    assert await _acts(me) == []
    rows = await admin.fetchval("SELECT count(*) FROM friend_acts WHERE person_id = $1", uuid.UUID(friend.id))
    assert rows == 0
    assert (await friend.put(f"/clips/{other}/like")).status_code == 200
    await _share(friend)
    assert await _acts(me) == []


@pytest.mark.parametrize("audience", ["followers", "friends", "close_friends", "only_me"])
async def test_a_clip_that_isnt_for_the_viewer_isnt_named(
    people: dict[str, Person], admin: Any, audience: str
) -> None:
    me, friend, maker = people["me"], people["friend"], people["maker"]
    await befriend(friend, maker)
    assert (await maker.put(f"/me/close-friends/{friend.handle}")).status_code == 204
    await _share(friend)
    clip = await put_clip(admin, maker.id, audience="friends" if audience == "only_me" else audience)
    assert (await friend.put(f"/clips/{clip}/like")).status_code == 200
    if audience == "only_me":
        assert (await maker.patch(f"/clips/{clip}", {"visibility": "only_me"})).status_code == 200
    assert await _acts(me) == []
    await befriend(me, maker)
    assert (await maker.put(f"/me/close-friends/{me.handle}")).status_code == 204
    # Who is on a list of close friends is not told by what they like, even among themselves.
    seen = audience in {"followers", "friends"}
    assert await _acts(me) == ([("liked", friend.handle, clip)] if seen else [])


async def test_private_people_and_blocks(people: dict[str, Person], sign_up: Any, admin: Any) -> None:
    me, friend, maker = people["me"], people["friend"], people["maker"]
    hermit = await sign_up()
    await _share(friend)
    for person in (maker, hermit):
        assert (await friend.put(f"/people/{person.handle}/follow")).status_code == 200
    assert (await hermit.patch("/me", {"private": True})).status_code == 200
    assert await _acts(me) == [("followed", friend.handle, maker.handle)]
    # Following the one who asks isn't told here, and whom a block hides isn't named.
    assert (await maker.put(f"/people/{me.handle}/block")).status_code < 300
    assert await _acts(me) == []
    clip = await put_clip(admin, people["follower"].id)
    assert (await friend.put(f"/clips/{clip}/like")).status_code == 200
    assert len(await _acts(me)) == 1
    assert (await me.put(f"/people/{friend.handle}/block")).status_code < 300
    assert await _acts(me) == []


async def test_pages_and_time(people: dict[str, Person], admin: Any, realm: Any) -> None:
    me, friend = people["me"], people["friend"]
    await _share(friend)
    clips = [await put_clip(admin, people["maker"].id) for _ in range(5)]
    for clip in clips:
        assert (await friend.put(f"/clips/{clip}/like")).status_code == 200
    assert [each[2] for each in await _acts(me)] == clips[::-1]
    found, cursor = [], ""
    while cursor is not None:
        page = (await me.get(f"/me/friends/activity?limit=2{cursor and '&cursor=' + cursor}")).json()
        found += [each["clip"]["id"] for each in page["items"]]
        cursor = page["next_cursor"]
    assert found == clips[::-1]
    # After thirty days it is forgotten.
    await admin.execute(
        "UPDATE friend_acts SET at = at - interval '31 days' WHERE clip_id = $1", uuid.UUID(clips[0])
    )
    now = dt.datetime.now(dt.UTC)
    await admin.execute("SELECT reelm.forget_friendly($1, $2)", now - dt.timedelta(days=30), now)
    assert [each[2] for each in await _acts(me)] == clips[:0:-1]
