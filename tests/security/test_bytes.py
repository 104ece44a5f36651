"""A clip's bytes, words and sounds are for those who see it: real clips, published, narrowed, blocked, deleted."""

import asyncio
import json
import uuid
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from tests.conftest import PASSWORD, Person, RunningRealm, eventually
from tests.factories.clips import put_clip, put_sound
from tests.factories.media import plain
from tests.factories.publishing import finished, published

from reelm.clips.jobs import ERASE

SEES = {
    "everyone": {"anonymous", "other", "follower", "friend", "author"},
    "followers": {"follower", "friend", "author"},
    "friends": {"friend", "author"},
    "only_me": {"author"},
    "draft": {"author"},
}


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plain(tmp_path_factory.mktemp("video") / "clip.mp4")


@pytest.fixture(scope="module")
async def people(sign_up: Any) -> dict[str, Person]:
    made = {name: await sign_up() for name in ("author", "other", "blocked", "follower", "friend")}
    for name in ("follower", "friend", "blocked"):
        assert (await made[name].put(f"/people/{made['author'].handle}/follow")).status_code == 200
    assert (await made["author"].put(f"/people/{made['friend'].handle}/follow")).status_code == 200
    assert (await made["author"].put(f"/people/{made['blocked'].handle}/block")).status_code == 204
    return made


@pytest.fixture(scope="module")
async def clips(people: dict[str, Person], video: Path) -> dict[str, dict[str, Any]]:
    """One finished clip of each visibility."""

    async def make(visibility: str) -> dict[str, Any]:
        fields = {"draft": True} if visibility == "draft" else {"visibility": visibility}
        made = await published(people["author"], video, caption=f"clip for {visibility}", **fields)
        return await finished(people["author"], made["id"])

    return {visibility: await make(visibility) for visibility in SEES}


def headers_of(people: dict[str, Person], name: str) -> dict[str, str]:
    return {} if name == "anonymous" else people[name].headers


async def addresses(client: httpx.AsyncClient, clip: dict[str, Any], headers: dict[str, str]) -> list[str]:
    """Every address under which a clip's bytes may be had, as this viewer is told them."""
    media = clip["media"]
    found = [r["url"] for r in media["renditions"]] + [
        media["hls_url"],
        media["poster_url"],
        media["preview_url"],
    ]
    if clip["sound"]:
        sound = await client.get(f"/api/v1/sounds/{clip['sound']['id']}", headers=headers)
        found += [clip["sound"]["cover_url"], sound.json()["audio_url"]]
    playlist = await client.get(media["hls_url"], headers=headers)
    folder = media["hls_url"].rpartition("/")[0]
    found += [f"{folder}/{line}" for line in playlist.text.splitlines() if line and not line.startswith("#")]
    return [address for address in found if address]


@pytest.mark.parametrize("visibility", SEES)
async def test_who_gets_bytes(
    client: httpx.AsyncClient, people: dict[str, Person], clips: dict[str, dict[str, Any]], visibility: str
) -> None:
    """Everybody tries the author's own addresses, and those of a viewer who may; and what they can guess."""
    clip = clips[visibility]
    author = await addresses(client, clip, people["author"].headers)
    guessed = [
        f"/media/{kind}/{clip['id']}/{address.partition('?')[0].rpartition('/')[2]}"
        for address in author
        for kind in ("public", "leaving", "sealed", "uploads", "original")
    ]
    guessed.append(f"/media/sealed/{clip['id']}/original")
    if visibility == "everyone":
        guessed = [address for address in guessed if "/public/" not in address]
    for name in ("anonymous", *people):
        headers = headers_of(people, name)
        shown = await client.get(f"/api/v1/clips/{clip['id']}", headers=headers)
        sees = name in SEES[visibility]
        assert (shown.status_code == 200) == sees, name
        for address in author:
            answer = await client.get(address, headers=headers)
            # A signed address is bound to the session it was made for: even who sees the clip has to ask for theirs.
            expected = 200 if visibility == "everyone" or name == "author" else 404
            assert answer.status_code == expected, (name, address)
        for address in guessed:
            assert (await client.get(address, headers=headers)).status_code == 404, (name, address)
        if sees:
            for address in await addresses(client, shown.json(), headers):
                answer = await client.get(address, headers=headers)
                assert answer.status_code == 200, (name, address)
                kept = answer.headers["cache-control"]
                assert ("no-store" in kept) == (visibility != "everyone"), kept
            download = await client.get(f"/api/v1/clips/{clip['id']}/download", headers=headers)
            assert download.status_code == (200 if name == "author" else 403)
        else:
            download = await client.get(f"/api/v1/clips/{clip['id']}/download", headers=headers)
            assert download.status_code == 404


async def test_an_address_is_good_for_one_clip_and_one_session(
    client: httpx.AsyncClient, people: dict[str, Person], clips: dict[str, dict[str, Any]]
) -> None:
    mine, other = clips["only_me"], clips["friends"]
    signature = mine["media"]["poster_url"].partition("?")[2]
    path = other["media"]["poster_url"].partition("?")[0]
    author = people["author"]
    assert (await client.get(f"{path}?{signature}", headers=author.headers)).status_code == 404
    again = await client.post("/api/v1/sessions", json={"handle": author.handle, "password": PASSWORD})
    client.cookies.clear()
    elsewhere = {"authorization": f"Bearer {again.json()['token']}"}
    assert (await client.get(mine["media"]["poster_url"], headers=elsewhere)).status_code == 404
    assert (await client.delete("/api/v1/sessions/current", headers=elsewhere)).status_code == 204


async def test_a_block_ends_what_was_being_watched(
    client: httpx.AsyncClient, people: dict[str, Person], clips: dict[str, dict[str, Any]], sign_up: Any
) -> None:
    """Addresses that just worked are dead with the tie: nobody keeps a key, not for a minute."""
    author, fan = people["author"], await sign_up()
    for end, undo in (
        (("PUT", f"/people/{fan.handle}/block"), ("DELETE", f"/people/{fan.handle}/block")),
        (("DELETE", f"/me/followers/{fan.handle}"), None),
    ):
        assert (await fan.put(f"/people/{author.handle}/follow")).status_code == 200
        clip = (await fan.get(f"/clips/{clips['followers']['id']}")).json()
        mine = await addresses(client, clip, fan.headers)
        for address in mine:
            assert (await client.get(address, headers=fan.headers)).status_code == 200
        assert (await author.request(*end)).status_code == 204
        for address in mine:
            assert (await client.get(address, headers=fan.headers)).status_code == 404, (end, address)
        if undo:
            assert (await author.request(*undo)).status_code == 204


async def test_from_everyone_to_oneself_and_to_nobody(
    client: httpx.AsyncClient, people: dict[str, Person], realm: RunningRealm, video: Path
) -> None:
    author, follower = people["author"], people["follower"]
    word = f"archaeopteryx{uuid.uuid4().hex[:8]}"
    made = await published(author, video, caption=f"{word} #{word}", sound_title=f"song {word}")
    clip = await finished(author, made["id"])
    public = await addresses(client, clip, {})
    tellers = [
        f"/api/v1/clips/{clip['id']}",
        f"/api/v1/clips/{clip['id']}/comments",
        f"/api/v1/sounds/{clip['sound']['id']}",
        f"/api/v1/sounds/{clip['sound']['id']}/clips",
        f"/api/v1/people/{author.handle}/clips",
        f"/api/v1/tags/{word}/clips",
        f"/api/v1/search?q={word}&limit=50",
        f"/api/v1/sounds?q={word}",
        "/api/v1/feeds/local?limit=50",
        "/api/v1/feeds/for-you?limit=50",
        f"/c/{clip['id']}",
    ]
    for address in (*public, *tellers):
        assert (await client.get(address)).status_code == 200, address
    assert (await author.patch(f"/clips/{clip['id']}", {"visibility": "only_me"})).status_code == 200
    for address in public:
        for headers in ({}, follower.headers, author.headers):
            assert (await client.get(address, headers=headers)).status_code == 404, address
    # What was remembered of it in clear is forgotten as soon as the news has come round, within the second.
    await eventually(lambda: _silent(client, tellers, follower, clip, word), seconds=3)
    mine = (await author.get(f"/clips/{clip['id']}")).json()
    own = await addresses(client, mine, author.headers)
    assert (await author.delete(f"/clips/{clip['id']}")).status_code == 204
    for address in (*own, *public):
        assert (await client.get(address, headers=author.headers)).status_code == 404, address

    async def gone() -> bool:
        return not await asyncio.to_thread(lambda: [*(realm.data / "blobs").rglob(f"{clip['id']}*")])

    await eventually(gone)


async def _silent(
    client: httpx.AsyncClient, tellers: list[str], follower: Person, clip: dict[str, Any], word: str
) -> bool:
    for address in tellers:
        for headers in ({}, follower.headers):
            text = (await client.get(address, headers=headers)).text
            if clip["id"] in text or (word in text and f"/tags/{word}" not in address):
                return False
    return True


async def test_what_one_viewer_warms_up_is_not_served_to_another(
    client: httpx.AsyncClient, admin: Any, people: dict[str, Person]
) -> None:
    """A public clip with the sound of a clip that only followers see: a follower asks first, then everyone."""
    author, follower, maker = people["author"], people["follower"], people["other"]
    title = f"secret song {uuid.uuid4().hex}"
    origin = await put_clip(admin, author.id, "mine", audience="followers")
    sound = await put_sound(admin, author.id, origin, title)
    await admin.execute("UPDATE sounds SET sealed = true WHERE id = $1", uuid.UUID(sound))
    clip = await put_clip(admin, maker.id, "hers", sound_id=sound)

    async def listed() -> bool:
        return clip in (await follower.get("/feeds/local?limit=50")).text

    await eventually(listed)
    assert title in (await follower.get(f"/clips/{clip}")).text
    for headers in ({}, maker.headers, people["blocked"].headers):
        for path in (
            f"/api/v1/clips/{clip}",
            "/api/v1/feeds/local?limit=50",
            "/api/v1/feeds/for-you?limit=50",
        ):
            assert title not in (await client.get(path, headers=headers)).text, path


async def test_a_shell_can_not_have_a_clip_s_bytes_erased(
    client: httpx.AsyncClient, realm: RunningRealm, clips: dict[str, dict[str, Any]], admin: Any
) -> None:
    """The web role may add jobs; a job that says something was deleted is not believed while it is there."""
    shell = await asyncpg.connect(**realm.settings.database.connection("reelm_web"))
    for visibility in ("everyone", "only_me"):
        job = json.dumps({"clip_id": clips[visibility]["id"], "upload_id": None}).encode()
        await shell.execute("SELECT reelm.enqueue($1, $2, '0 seconds', 100, NULL)", ERASE, job)
    await shell.close()

    async def done() -> bool:
        return not await admin.fetchval("SELECT count(*) FROM pgqueuer WHERE entrypoint = $1", ERASE)

    await eventually(done)
    address = clips["everyone"]["media"]["renditions"][0]["url"]
    assert (await client.get(address)).status_code == 200
    assert (realm.data / "blobs" / "sealed" / clips["only_me"]["id"] / "original").exists()


async def test_a_picture_taken_away_is_away(client: httpx.AsyncClient, sign_up: Any) -> None:
    import io

    from PIL import Image

    person = await sign_up()
    picture = io.BytesIO()
    Image.effect_noise((64, 64), 80).save(picture, "PNG")
    shown = await person.request("PUT", "/me/avatar", content=picture.getvalue())
    address = shown.json()["avatar_url"]
    assert (await client.get(address)).status_code == 200
    assert (await person.delete("/me/avatar")).status_code == 204

    async def away() -> bool:
        return (await client.get(address)).status_code == 404

    await eventually(away, seconds=5)


async def test_a_stream_tells_its_person_alone(client: httpx.AsyncClient, admin: Any, sign_up: Any) -> None:
    alice, mallory = await sign_up(), await sign_up()
    clip = await put_clip(admin, alice.id, "look")
    heard = b""
    async with client.stream("GET", "/api/v1/stream", headers=mallory.headers) as stream:
        pieces = stream.aiter_bytes()
        heard += await anext(pieces)
        other = await sign_up()
        assert (await other.put(f"/clips/{clip}/like")).status_code == 200
        assert (await other.put(f"/people/{alice.handle}/follow")).status_code == 200
        # Mallory's own notice comes after Alice's two, through the same connection of the same process.
        assert (await other.put(f"/people/{mallory.handle}/follow")).status_code == 200
        async with asyncio.timeout(20):
            while b"event: notice" not in heard:
                heard += await anext(pieces)
    events = [json.loads(line[6:]) for line in heard.decode().splitlines() if line.startswith("data: ")]
    notices = [event for event in events if "kind" in event]
    assert [notice["kind"] for notice in notices] == ["follow"]
    assert clip not in heard.decode()
    assert alice.id not in heard.decode()
