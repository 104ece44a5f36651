"""Sounds: their page, the picker, reuse and who may not."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.conftest import Person
from tests.factories.media import plain
from tests.factories.publishing import finished, make_clip, published, settled, upload

from reelm.kit.pages import encode_cursor


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plain(tmp_path_factory.mktemp("video") / "clip.mp4")


@pytest.fixture(scope="module")
async def author(sign_up: Any) -> Person:
    made: Person = await sign_up()
    return made


@pytest.fixture(scope="module")
async def other(sign_up: Any) -> Person:
    made: Person = await sign_up()
    return made


@pytest.fixture(scope="module")
async def origin(author: Person, video: Path) -> dict[str, Any]:
    made = await published(author, video, sound_title="Élégie pour kazoo")
    return await finished(author, made["id"])


async def test_its_page(client: httpx.AsyncClient, author: Person, origin: dict[str, Any]) -> None:
    sound = (await client.get(f"/api/v1/sounds/{origin['sound']['id']}")).json()
    assert (sound["title"], sound["origin_clip_id"]) == ("Élégie pour kazoo", origin["id"])
    assert sound["author"]["handle"] == author.handle
    assert 0 < len(sound["waveform"]) <= 200
    assert max(sound["waveform"]) == 255
    audio = await client.get(sound["audio_url"])
    assert audio.headers["content-type"] == "audio/mp4"
    assert audio.content[4:8] == b"ftyp"
    assert (await client.get(sound["cover_url"])).status_code == 200
    assert (await client.get("/api/v1/sounds/00000000-0000-7000-8000-000000000000")).status_code == 404
    assert (await client.get("/api/v1/sounds/nonsense")).status_code == 404


async def test_the_picker(client: httpx.AsyncClient, origin: dict[str, Any]) -> None:
    for q in ("elegie", "Kazoo", "élégie pour k"):
        found = (await client.get("/api/v1/sounds", params={"q": q})).json()["items"]
        assert origin["sound"]["id"] in [sound["id"] for sound in found], q
    assert (await client.get("/api/v1/sounds", params={"q": "zzznothing"})).json()["items"] == []
    first = (await client.get("/api/v1/sounds?limit=1")).json()
    assert len(first["items"]) == 1
    assert (await client.get("/api/v1/sounds?cursor=?")).status_code == 422
    assert (await client.get("/api/v1/sounds?limit=0")).status_code == 422
    for skip in (-1, 10**6, 2**64 - 1):
        cursor = encode_cursor([skip])
        assert (await client.get("/api/v1/sounds", params={"q": "a", "cursor": cursor})).status_code == 422


async def test_a_clip_made_with_it(
    client: httpx.AsyncClient, other: Person, origin: dict[str, Any], video: Path
) -> None:
    sound_id = origin["sound"]["id"]
    before = (await client.get(f"/api/v1/sounds/{sound_id}")).json()["uses"]
    made = await published(
        other, video, sound_id=sound_id, edit={"original_volume": 0, "sound_offset_ms": 100}
    )
    whole = await finished(other, made["id"])
    assert whole["sound"]["id"] == sound_id
    assert whole["media"]["has_audio"] is True
    assert (await client.get(f"/api/v1/sounds/{sound_id}")).json()["uses"] == before + 1
    listed = (await client.get(f"/api/v1/sounds/{sound_id}/clips")).json()["items"]
    assert [clip["id"] for clip in listed] == [made["id"], origin["id"]]
    assert (await client.get("/api/v1/sounds/00000000-0000-7000-8000-000000000000/clips")).status_code == 404


async def test_kept_sounds_are_not_reused(
    author: Person, other: Person, client: httpx.AsyncClient, video: Path
) -> None:
    kept = await finished(author, (await published(author, video, permissions={"sound_reuse": False}))["id"])
    sound_id = kept["sound"]["id"]
    made = await upload(other, video)
    refused = await other.post("/clips", {"upload_id": made.id, "sound_id": sound_id})
    assert (refused.status_code, refused.json()["code"]) == (403, "sounds.not_reusable")
    picked = (await client.get("/api/v1/sounds?limit=50")).json()["items"]
    assert sound_id not in [sound["id"] for sound in picked]
    assert (
        await author.patch(f"/clips/{kept['id']}", {"permissions": {"sound_reuse": True}})
    ).status_code == 200
    allowed = await other.post("/clips", {"upload_id": made.id, "sound_id": sound_id, "draft": True})
    assert allowed.status_code == 201


async def test_hidden_sounds_do_not_exist_for_others(author: Person, other: Person, video: Path) -> None:
    hidden = await finished(author, (await published(author, video, visibility="only_me"))["id"])
    sound_id = hidden["sound"]["id"]
    assert (await other.get(f"/sounds/{sound_id}")).status_code == 404
    made = await upload(other, video)
    assert (await other.post("/clips", {"upload_id": made.id, "sound_id": sound_id})).status_code == 404
    own = await settled(author, (await make_clip(author, video, sound_id=sound_id, draft=True))["id"])
    assert (own["status"], own["failure"]) == ("draft", None)
