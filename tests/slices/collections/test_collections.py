"""Collections: one's own, what is saved, their order, and what others see of them."""

import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.conftest import Person
from tests.factories.clips import put_clip
from tests.factories.media import plain
from tests.factories.publishing import published


@pytest.fixture
async def people(sign_up: Any) -> dict[str, Person]:
    made = {name: await sign_up() for name in ("owner", "friend", "follower", "blocked", "stranger")}
    owner = made["owner"]
    for name in ("friend", "follower"):
        assert (await made[name].put(f"/people/{owner.handle}/follow")).status_code == 200
    assert (await owner.put(f"/people/{made['friend'].handle}/follow")).status_code == 200
    assert (await owner.put(f"/people/{made['blocked'].handle}/block")).status_code < 300
    return made


async def _make(owner: Person, title: str = "Rain", visibility: str = "only_me") -> dict[str, Any]:
    answer = await owner.post("/me/collections", {"title": title, "visibility": visibility})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def _put(owner: Person, collection: dict[str, Any], *clips: str) -> None:
    for clip in clips:
        answer = await owner.put(f"/me/collections/{collection['id']}/clips/{clip}")
        assert answer.status_code == 204, answer.text


async def _clips(person: Person, collection: dict[str, Any]) -> list[str]:
    answer = await person.get(f"/collections/{collection['id']}/clips?limit=50")
    assert answer.status_code == 200, answer.text
    return [each["id"] for each in answer.json()["items"]]


async def test_a_collections_life(people: dict[str, Person], admin: Any) -> None:
    owner, stranger = people["owner"], people["stranger"]
    made = await _make(owner, "  Rain \n on  windows ")
    assert (made["title"], made["kind"], made["visibility"]) == ("Rain on windows", "set", "only_me")
    assert (made["own"], made["clips"], made["has"], made["covers"]) == (True, 0, None, [])
    clips = [await put_clip(admin, stranger.id, f"clip {n}") for n in range(3)]
    await _put(owner, made, *clips, clips[0])
    # What is added comes first; adding again moves nothing.
    assert await _clips(owner, made) == clips[::-1]
    order = {"order": [clips[1]]}
    assert (await owner.put(f"/me/collections/{made['id']}/order", order)).status_code == 204
    assert await _clips(owner, made) == [clips[1], clips[2], clips[0]]
    order = {"order": [clips[0], str(uuid.uuid4()), clips[1], clips[2]]}
    assert (await owner.put(f"/me/collections/{made['id']}/order", order)).status_code == 204
    assert await _clips(owner, made) == clips
    fourth = await put_clip(admin, stranger.id, "clip 3")
    await _put(owner, made, fourth)
    assert await _clips(owner, made) == [fourth, *clips]
    for _ in range(2):
        assert (await owner.delete(f"/me/collections/{made['id']}/clips/{fourth}")).status_code == 204
    renamed = await owner.patch(f"/me/collections/{made['id']}", {"title": "Sun"})
    assert (renamed.json()["title"], renamed.json()["clips"]) == ("Sun", 3)
    listed = (await owner.get("/me/collections", params={"clip_id": clips[0]})).json()["items"]
    assert [(each["id"], each["has"]) for each in listed] == [(made["id"], True)]
    listed = (await owner.get("/me/collections", params={"clip_id": fourth})).json()["items"]
    assert [each["has"] for each in listed] == [False]
    # A clip that is deleted leaves; a collection that is deleted takes no clip with it.
    assert (await stranger.delete(f"/clips/{clips[0]}")).status_code == 204
    assert await _clips(owner, made) == clips[1:]
    assert (await owner.delete(f"/me/collections/{made['id']}")).status_code == 204
    assert (await owner.get(f"/collections/{made['id']}")).status_code == 404
    assert (await owner.get(f"/clips/{clips[1]}")).status_code == 200


async def test_what_is_refused(people: dict[str, Person], client: httpx.AsyncClient, admin: Any) -> None:
    owner, stranger = people["owner"], people["stranger"]
    made = await _make(owner, visibility="everyone")
    path = f"/me/collections/{made['id']}"
    clip = await put_clip(admin, stranger.id)
    hidden = await put_clip(admin, stranger.id, audience="only_me")
    for title in ("", "   ", "x" * 61):
        refused = await owner.post("/me/collections", {"title": title})
        assert (refused.status_code, refused.json()["code"]) == (422, "collections.title_unsuitable")
    assert (await owner.patch(path, {"title": " "})).status_code == 422
    assert (await owner.post("/me/collections", {"title": "x", "visibility": "followers"})).status_code == 422
    assert (await owner.put(path + "/order", {"order": ["x"]})).status_code == 422
    # A clip one can't see does not exist here either.
    for missing in (hidden, str(uuid.uuid4())):
        assert (await owner.put(f"{path}/clips/{missing}")).status_code == 404
        assert (await owner.put(f"/me/saved/{missing}")).status_code == 404
    for who, status in ((client, 401), (stranger, 404)):
        at = "/api/v1" if who is client else ""
        assert (await who.put(f"{at}{path}/clips/{clip}")).status_code == status
        assert (await who.delete(f"{at}{path}/clips/{clip}")).status_code == status
        assert (await who.put(f"{at}{path}/order", json={"order": []})).status_code == status
        assert (await who.patch(at + path, json={"title": "mine"})).status_code == status
        assert (await who.delete(at + path)).status_code == status
    assert (await client.get("/api/v1/me/collections")).status_code == 401
    assert (await client.get("/api/v1/me/saved")).status_code == 401
    assert (await client.put(f"/api/v1/me/saved/{clip}")).status_code == 401
    await admin.execute(
        "INSERT INTO collected_clips (collection_id, clip_id, person_id, position) "
        "SELECT $1, c.id, $2, 0 FROM clips c WHERE c.id = $3",
        *(uuid.UUID(made["id"]), uuid.UUID(owner.id), uuid.UUID(clip)),
    )
    await admin.execute(
        "INSERT INTO collections (id, person_id, kind, title, visibility) "
        "SELECT gen_random_uuid(), $1, 'set', 'many', 'only_me' FROM generate_series(1, 99)",
        uuid.UUID(owner.id),
    )
    refused = await owner.post("/me/collections", {"title": "one more"})
    assert (refused.status_code, refused.json()["code"]) == (409, "collections.too_many")


async def test_saving(people: dict[str, Person], admin: Any) -> None:
    owner, stranger = people["owner"], people["stranger"]
    first, second = [await put_clip(admin, stranger.id) for _ in range(2)]
    assert (await owner.get("/me/saved")).json() == {"ids": []}
    assert (await owner.delete(f"/me/saved/{first}")).status_code == 204
    for clip in (first, second, first):
        assert (await owner.put(f"/me/saved/{clip}")).status_code == 204
    assert (await owner.get("/me/saved")).json() == {"ids": [second, first]}
    await _make(owner)
    saved = (await owner.get("/me/collections")).json()["items"][0]
    assert (saved["kind"], saved["visibility"], saved["clips"]) == ("saved", "only_me", 2)
    for attempt in (
        owner.patch(f"/me/collections/{saved['id']}", {"visibility": "everyone"}),
        owner.delete(f"/me/collections/{saved['id']}"),
    ):
        refused = await attempt
        assert (refused.status_code, refused.json()["code"]) == (409, "collections.saved_stays")
    for name, person in people.items():
        status = (await person.get(f"/collections/{saved['id']}")).status_code
        assert status == (200 if name == "owner" else 404), name
    assert (await stranger.get("/notices")).json()["items"] == []
    assert (await owner.delete(f"/me/saved/{second}")).status_code == 204
    assert (await owner.get("/me/saved")).json() == {"ids": [first]}


SEEN_BY = {
    "everyone": {"owner", "friend", "follower", "stranger", "anonymous"},
    "friends": {"owner", "friend"},
    "only_me": {"owner"},
}


@pytest.mark.parametrize("visibility", SEEN_BY)
async def test_who_sees_a_collection(
    people: dict[str, Person], client: httpx.AsyncClient, admin: Any, visibility: str
) -> None:
    owner = people["owner"]
    made = await _make(owner, visibility=visibility)
    await _put(owner, made, await put_clip(admin, people["stranger"].id))
    seen = set()
    asking = {**{name: (person, "") for name, person in people.items()}, "anonymous": (client, "/api/v1")}
    for name, (person, at) in asking.items():
        shown = await person.get(f"{at}/collections/{made['id']}")
        listed = await person.get(f"{at}/people/{owner.handle}/collections")
        clips = await person.get(f"{at}/collections/{made['id']}/clips")
        assert shown.status_code == clips.status_code
        if shown.status_code == 200:
            seen.add(name)
            assert shown.json()["own"] is (name == "owner")
            assert len(clips.json()["items"]) == shown.json()["clips"] == 1
        if name == "blocked":
            assert listed.status_code == 404
        else:
            assert [each["id"] for each in listed.json()["items"]] == ([made["id"]] if name in seen else [])
    assert seen == SEEN_BY[visibility]


async def test_a_private_accounts_collections_are_for_its_followers(
    people: dict[str, Person], client: httpx.AsyncClient
) -> None:
    owner = people["owner"]
    made = await _make(owner, visibility="everyone")
    assert (await owner.patch("/me", {"private": True})).status_code == 200
    seen = {
        name
        for name, person in people.items()
        if (await person.get(f"/collections/{made['id']}")).status_code == 200
    }
    assert seen == {"owner", "friend", "follower"}
    assert (await client.get(f"/api/v1/collections/{made['id']}")).status_code == 404


async def test_a_clip_one_may_not_see_is_not_in_it(
    people: dict[str, Person], client: httpx.AsyncClient, admin: Any
) -> None:
    owner, friend, stranger = people["owner"], people["friend"], people["stranger"]
    made = await _make(owner, visibility="everyone")
    shown = await put_clip(admin, stranger.id, "for all")
    of_friends = await put_clip(admin, owner.id, "for friends", audience="friends")
    own = await put_clip(admin, owner.id, "for me", audience="only_me")
    await _put(owner, made, shown, of_friends, own)
    assert await _clips(owner, made) == [own, of_friends, shown]
    assert await _clips(friend, made) == [of_friends, shown]
    assert await _clips(stranger, made) == [shown]
    for person, count in ((owner, 3), (friend, 2), (stranger, 1)):
        assert (await person.get(f"/collections/{made['id']}")).json()["clips"] == count
    outside = (await client.get(f"/api/v1/collections/{made['id']}/clips")).json()
    assert [each["id"] for each in outside["items"]] == [shown]
    # Who put it together no longer sees a clip that was withdrawn since, either.
    assert (await stranger.patch(f"/clips/{shown}", {"visibility": "only_me"})).status_code == 200
    assert await _clips(owner, made) == [own, of_friends]
    assert (await client.get(f"/api/v1/collections/{made['id']}/clips")).json()["items"] == []


async def test_pages_go_on_in_order(people: dict[str, Person], admin: Any) -> None:
    owner = people["owner"]
    made = await _make(owner)
    clips = [await put_clip(admin, owner.id) for _ in range(5)]
    await _put(owner, made, *clips)
    found, cursor = [], ""
    while cursor is not None:
        page = (
            await owner.get(f"/collections/{made['id']}/clips?limit=2{cursor and '&cursor=' + cursor}")
        ).json()
        found += [each["id"] for each in page["items"]]
        cursor = page["next_cursor"]
    assert found == clips[::-1]


async def test_a_link_has_a_card_for_what_anyone_may_see(
    people: dict[str, Person], client: httpx.AsyncClient, tmp_path: Path
) -> None:
    owner = people["owner"]
    clip = await published(owner, plain(tmp_path / "clip.mp4"))
    made = await _make(owner, "Rain & <sun>", visibility="everyone")
    await _put(owner, made, clip["id"])
    page = (await client.get(f"/collection/{made['id']}")).text
    assert '<meta property="og:title" content="Rain &amp; &lt;sun&gt;">' in page
    assert f"@{owner.handle}" in page
    assert 'property="og:image"' in page
    cover = (await client.get(f"/api/v1/collections/{made['id']}")).json()["covers"][0]
    assert (await client.get(cover)).status_code == 200
    assert (await owner.patch(f"/me/collections/{made['id']}", {"visibility": "friends"})).status_code == 200
    for hidden in (made["id"], str(uuid.uuid4()), "x"):
        answer = await client.get(f"/collection/{hidden}")
        assert answer.status_code == 200
        assert "og:title" not in answer.text
        assert "Rain" not in answer.text
