"""Who sees a clip, and that its bytes follow."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.conftest import Person, RunningRealm, eventually
from tests.factories.publishing import finished, published
from tests.slices.clips.conftest import follow


@pytest.fixture(scope="module")
async def people(sign_up: Any) -> dict[str, Person]:
    made = {name: await sign_up() for name in ("author", "follower", "friend", "blocked", "stranger")}
    author = made["author"]
    await follow(made["follower"], author)
    await follow(made["friend"], author)
    await follow(author, made["friend"])
    await follow(made["blocked"], author)
    assert (await author.put(f"/people/{made['blocked'].handle}/block")).status_code < 300
    return made


SEEN_BY = {
    "everyone": {"author", "follower", "friend", "stranger", "anonymous"},
    "followers": {"author", "follower", "friend"},
    "friends": {"author", "friend"},
    "close_friends": {"author"},
    "only_me": {"author"},
}


@pytest.mark.parametrize("visibility", list(SEEN_BY))
async def test_who_sees_row_and_bytes(
    people: dict[str, Person], client: httpx.AsyncClient, video: Path, visibility: str
) -> None:
    author = people["author"]
    clip = await published(author, video, visibility=visibility)
    seen = set()
    for name, person in people.items():
        answer = await person.get(f"/clips/{clip['id']}")
        if answer.status_code == 200:
            seen.add(name)
            poster = answer.json()["media"]["poster_url"]
            assert (await client.get(poster, headers=person.headers)).status_code == 200, name
        else:
            assert answer.status_code == 404
        listed = await person.get(f"/people/{author.handle}/clips")
        if name == "blocked":
            assert listed.status_code == 404
        else:
            assert (clip["id"] in [each["id"] for each in listed.json()["items"]]) == (
                name in SEEN_BY[visibility]
            )
    if (await client.get(f"/api/v1/clips/{clip['id']}")).status_code == 200:
        seen.add("anonymous")
    assert seen == SEEN_BY[visibility]


async def test_narrowing_takes_the_bytes_away_at_once(
    people: dict[str, Person], client: httpx.AsyncClient, realm: RunningRealm, video: Path
) -> None:
    author, follower = people["author"], people["follower"]
    clip = await finished(author, (await published(author, video))["id"])
    addresses = [rendition["url"] for rendition in clip["media"]["renditions"]] + [
        clip["media"]["poster_url"]
    ]
    changed = await author.patch(f"/clips/{clip['id']}", {"visibility": "followers"})
    assert changed.json()["visibility"] == "followers"
    for address in addresses:
        assert (await client.get(address)).status_code == 404

    async def hidden() -> bool:
        return (await client.get(f"/api/v1/clips/{clip['id']}")).status_code == 404

    assert await eventually(hidden, seconds=5)
    # Who may still see it can do so without a gap, whether its bytes are sealed yet or not.
    poster = (await follower.get(f"/clips/{clip['id']}")).json()["media"]["poster_url"]
    assert (await client.get(poster, headers=follower.headers)).status_code == 200
    blobs = realm.data / "blobs"

    async def sealed() -> bool:
        return not (blobs / "leaving" / clip["id"]).exists() and (blobs / "sealed" / clip["id"]).exists()

    await eventually(sealed)
    assert not (blobs / "public" / clip["id"]).exists()
    shown = (await follower.get(f"/clips/{clip['id']}")).json()
    for rendition in shown["media"]["renditions"]:
        whole = await client.get(rendition["url"], headers=follower.headers)
        assert (whole.status_code, len(whole.content)) == (200, rendition["bytes"])
    sound = shown["sound"]["id"]
    assert (await follower.get(f"/sounds/{sound}")).json()["audio_url"].startswith("/media/sealed/")
    assert (await client.get(f"/api/v1/sounds/{sound}")).status_code == 404


async def test_widening_brings_the_bytes_first(
    people: dict[str, Person], client: httpx.AsyncClient, realm: RunningRealm, video: Path
) -> None:
    author = people["author"]
    clip = await finished(author, (await published(author, video, visibility="only_me"))["id"])
    changed = await author.patch(f"/clips/{clip['id']}", {"visibility": "everyone"})
    assert changed.json()["visibility"] == "everyone"

    async def shown() -> Any:
        found = await client.get(f"/api/v1/clips/{clip['id']}")
        return found.json() if found.status_code == 200 else None

    seen = await eventually(shown)
    for rendition in seen["media"]["renditions"]:
        whole = await client.get(rendition["url"])
        assert (whole.status_code, len(whole.content)) == (200, rendition["bytes"])

    async def only_the_original() -> bool:
        return [path.name for path in (realm.data / "blobs" / "sealed" / clip["id"]).iterdir()] == [
            "original"
        ]

    await eventually(only_the_original)


async def test_a_private_account_hides_all_its_clips(
    sign_up: Any, client: httpx.AsyncClient, realm: RunningRealm, video: Path
) -> None:
    author, follower = await sign_up(), await sign_up()
    await follow(follower, author)
    clip = await published(author, video)
    quiet = await published(author, video, visibility="friends")
    assert (await author.patch("/me", {"private": True})).status_code == 200

    async def hidden() -> bool:
        # For the signed-out a clip's words leave memory when the database's notice arrives.
        return (await client.get(f"/api/v1/clips/{clip['id']}")).status_code == 404

    assert await eventually(hidden, seconds=5)
    assert (await client.get(clip["media"]["poster_url"])).status_code == 404

    async def followers_see() -> bool:
        # The whole ladder may put another poster in its place between two questions.
        poster = (await follower.get(f"/clips/{clip['id']}")).json()["media"]["poster_url"]
        return (await client.get(poster, headers=follower.headers)).status_code == 200

    assert await eventually(followers_see)
    own = (await author.get(f"/clips/{clip['id']}")).json()
    assert own["visibility"] == "everyone"
    while_private = await published(author, video)
    assert (await client.get(f"/api/v1/clips/{while_private['id']}")).status_code == 404
    assert not (realm.data / "blobs" / "public" / while_private["id"]).exists()

    async def away() -> bool:
        return not (realm.data / "blobs" / "leaving" / clip["id"]).exists()

    await eventually(away)
    assert (await author.patch("/me", {"private": False})).status_code == 200

    async def back() -> bool:
        answers = [await client.get(f"/api/v1/clips/{each['id']}") for each in (clip, while_private)]
        return all(answer.status_code == 200 for answer in answers)

    await eventually(back)

    async def everyone_sees() -> bool:
        seen = (await client.get(f"/api/v1/clips/{clip['id']}")).json()
        return (await client.get(seen["media"]["poster_url"])).status_code == 200

    assert await eventually(everyone_sees)
    assert (await client.get(f"/api/v1/clips/{quiet['id']}")).status_code == 404
