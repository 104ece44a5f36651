"""Clips: made, read, changed, tried again, stopped, deleted."""

import datetime as dt
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.conftest import Person, RunningRealm, eventually
from tests.factories.media import HOSTILE
from tests.factories.publishing import finished, make_clip, published, settled, upload


@pytest.fixture(scope="module")
async def author(sign_up: Any) -> Person:
    made: Person = await sign_up()
    return made


async def test_from_upload_to_ladder(
    author: Person, other: Person, client: httpx.AsyncClient, video: Path
) -> None:
    caption = f"Été à la plage #Été #été #海 @{other.handle} @nobody_at_all"
    made = await make_clip(author, video, caption=caption, language="fr")
    assert made["status"] == "processing"
    assert made["media"] is None
    assert made["tags"] == ["été", "海"]
    assert made["mentions"] == [other.handle]
    assert made["viewer"] == {"liked": False, "reposted": False, "follow": "none", "own": True}
    assert (await client.get(f"/api/v1/clips/{made['id']}")).status_code == 404
    ready = await settled(author, made["id"])
    assert (ready["status"], ready["failure"]) == ("ready", None)
    assert ready["published_at"]
    media = ready["media"]
    assert (media["width"], media["height"], media["has_audio"]) == (180, 320, True)
    assert 900 <= media["duration_ms"] <= 1100
    whole = await finished(author, made["id"])
    assert whole["media"]["gain_db"] == 0
    assert whole["sound"]["title"] == f"♪ {author.handle}"
    seen = (await client.get(f"/api/v1/clips/{made['id']}")).json()
    assert seen["viewer"] is None
    assert seen["author"]["handle"] == author.handle
    assert seen["counts"] == {"views": 0, "likes": 0, "comments": 0, "reposts": 0, "shares": 0}


async def test_needs_a_person(client: httpx.AsyncClient, author: Person, video: Path) -> None:
    made = await upload(author, video)
    assert (await client.post("/api/v1/clips", json={"upload_id": made.id})).status_code == 401


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"visibility": "world"}, "reelm.invalid_request"),
        ({"unknown": 1}, "reelm.invalid_request"),
        ({"caption": "x" * 2201}, "clips.caption_too_long"),
        ({"edit": {"original_volume": 1.1}}, "reelm.invalid_request"),
        ({"edit": {"crop": {"x": 0, "y": 0, "width": 0, "height": 1}}}, "reelm.invalid_request"),
        ({"edit": {"texts": [{"text": "a", "color": "red"}]}}, "reelm.invalid_request"),
        ({"edit": {"texts": [{"text": "a"}] * 21}}, "reelm.invalid_request"),
        ({"publish_at": "2001-01-01T00:00:00Z"}, "clips.publish_time_unsuitable"),
        ({"publish_at": "2199-01-01T00:00:00Z"}, "clips.publish_time_unsuitable"),
        ({"language": "not a language"}, "reelm.invalid_request"),
    ],
)
async def test_refuses_what_makes_no_sense(
    author: Person, video: Path, fields: dict[str, Any], code: str
) -> None:
    made = await upload(author, video)
    answer = await author.post("/clips", {"upload_id": made.id, **fields})
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert (await made.send("DELETE")).status_code == 204


async def test_a_body_that_is_no_text(author: Person) -> None:
    for body in (b'{"caption": "\xff"}', b"\xff\xfe", b"{", b"[]", b""):
        answer = await author.request(
            "POST", "/clips", content=body, headers={"content-type": "application/json"}
        )
        assert answer.status_code == 422, body


async def test_an_upload_makes_one_clip(author: Person, video: Path) -> None:
    made = await upload(author, video)
    first = await author.post("/clips", {"upload_id": made.id, "draft": True})
    assert first.status_code == 201
    second = await author.post("/clips", {"upload_id": made.id})
    assert (second.status_code, second.json()["code"]) == (409, "uploads.used")
    assert (await made.send("DELETE")).status_code == 404


async def test_idempotency(author: Person, video: Path) -> None:
    made = await upload(author, video)
    key = {"idempotency-key": f"try-{made.id}"}
    first = await author.post("/clips", {"upload_id": made.id, "draft": True}, headers=key)
    again = await author.post("/clips", {"upload_id": made.id, "draft": True}, headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["id"] == again.json()["id"]
    different = await author.post("/clips", {"upload_id": made.id, "caption": "other"}, headers=key)
    assert (different.status_code, different.json()["code"]) == (409, "accounts.key_reused")


async def test_edits_are_checked_against_the_video(author: Person, video: Path) -> None:
    made = await make_clip(author, video, edit={"trim_start_ms": 50_000})
    failed = await settled(author, made["id"])
    assert failed["status"] == "failed"
    assert failed["failure"]["code"] == "media.invalid_edit"
    assert failed["failure"]["detail"].startswith("The trim starts after")


async def test_edits_are_applied(author: Person, video: Path) -> None:
    clip = await published(
        author,
        video,
        edit={
            "trim_start_ms": 200,
            "trim_end_ms": 800,
            "crop": {"x": 0, "y": 0.25, "width": 1, "height": 0.5},
            "original_volume": 0,
            "texts": [{"text": "Hello 世界", "x": 0.5, "y": 0.5, "background": True}],
        },
    )
    media = clip["media"]
    assert (media["width"], media["height"], media["has_audio"]) == (180, 160, False)
    assert 550 <= media["duration_ms"] <= 650


@pytest.mark.parametrize(
    "name", ["text", "playlist", "truncated", "one_frame", "no_sound", "placed", "strange_name"]
)
async def test_hostile_files(author: Person, tmp_path: Path, name: str, client: httpx.AsyncClient) -> None:
    """Over HTTP, end to end; the whole table is the engine's own test."""
    hostile = next(each for each in HOSTILE if each.name == name)
    data = hostile.file(tmp_path).read_bytes()
    made = await upload(author, data, name=hostile.filename)
    clip = await settled(author, (await author.post("/clips", {"upload_id": made.id})).json()["id"])
    code = clip["failure"]["code"] if clip["failure"] else None
    assert code in hostile.codes
    if code is not None:
        assert clip["status"] == "failed"
        assert len(clip["failure"]["detail"]) > 20
        assert (await client.get(f"/api/v1/clips/{clip['id']}")).status_code == 404
    else:
        assert (clip["media"]["width"], clip["media"]["height"]) == hostile.frame
    assert (await author.delete(f"/clips/{clip['id']}")).status_code == 204


async def test_lists_of_ones_own(
    author: Person, other: Person, client: httpx.AsyncClient, video: Path
) -> None:
    draft = await published(author, video, draft=True)
    assert draft["status"] == "draft"
    listed = (await author.get("/me/clips?status=draft")).json()["items"]
    assert draft["id"] in [clip["id"] for clip in listed]
    assert {clip["status"] for clip in listed} == {"draft"}
    assert draft["id"] not in [clip["id"] for clip in (await other.get("/me/clips")).json()["items"]]
    assert (await client.get("/api/v1/me/clips")).status_code == 401
    first = (await author.get("/me/clips?limit=1")).json()
    second = (await author.get(f"/me/clips?limit=1&cursor={first['next_cursor']}")).json()
    assert first["items"][0]["id"] > second["items"][0]["id"]
    assert (await author.get("/me/clips?cursor=nonsense")).status_code == 422


async def test_a_draft_is_published_later(
    author: Person, client: httpx.AsyncClient, video: Path, realm: RunningRealm
) -> None:
    draft = await published(author, video, draft=True, caption="#later")
    path = f"/api/v1/clips/{draft['id']}"
    assert draft["media"]["poster_url"].startswith("/media/sealed/")
    assert (await client.get(path)).status_code == 404
    assert not (realm.data / "blobs" / "public" / draft["id"]).exists()
    answer = await author.patch(f"/clips/{draft['id']}", {"draft": False, "caption": "now #now"})
    assert answer.status_code == 200, answer.text

    async def shown() -> Any:
        found = await client.get(path)
        return found.json() if found.status_code == 200 else None

    clip = await eventually(shown)
    assert (clip["status"], clip["draft"], clip["tags"]) == ("ready", False, ["now"])
    assert (await client.get(clip["media"]["poster_url"])).status_code == 200
    assert (await client.get("/api/v1/tags/now/clips")).json()["items"][0]["id"] == clip["id"]
    again = await author.patch(f"/clips/{draft['id']}", {"draft": True})
    assert (again.status_code, again.json()["code"]) == (409, "clips.published")


async def test_a_clip_waits_for_its_hour(author: Person, client: httpx.AsyncClient, video: Path) -> None:
    hour = (dt.datetime.now(dt.UTC) + dt.timedelta(hours=3)).isoformat()
    clip = await published(author, video, publish_at=hour)
    assert clip["published_at"] is None
    assert dt.datetime.fromisoformat(clip["publish_at"]) == dt.datetime.fromisoformat(hour)
    path = f"/api/v1/clips/{clip['id']}"
    assert (await client.get(path)).status_code == 404
    soon = (dt.datetime.now(dt.UTC) + dt.timedelta(seconds=1)).isoformat()
    assert (await author.patch(f"/clips/{clip['id']}", {"publish_at": soon})).status_code == 200

    async def shown() -> bool:
        return (await client.get(path)).status_code == 200

    await eventually(shown)
    now = (await author.get(f"/clips/{clip['id']}")).json()
    assert now["publish_at"] is None
    assert (await client.get(now["media"]["poster_url"])).status_code == 200


async def test_cancel_and_retry(author: Person, other: Person, video: Path, admin: Any) -> None:
    made = await make_clip(author, video)
    path = f"/clips/{made['id']}"
    assert (await other.post(path + "/cancel")).status_code == 404
    stopped = await author.post(path + "/cancel")
    if stopped.status_code == 409:  # it was faster than we are
        assert stopped.json()["code"] == "clips.not_processing"
        await admin.execute(
            "UPDATE clips SET status = 'failed', failure_code = 'media.cancelled', published_at = NULL "
            "WHERE id = $1",
            made["id"],
        )
    failed = (await author.get(path)).json()
    assert (failed["status"], failed["failure"]["code"]) == ("failed", "media.cancelled")
    assert (await other.post(path + "/retry")).status_code == 404
    again = await author.post(path + "/retry")
    assert (again.status_code, again.json()["status"]) == (200, "processing")
    assert (await settled(author, made["id"]))["status"] == "ready"
    assert (await author.post(path + "/retry")).status_code == 409
    assert (await author.post(path + "/cancel")).status_code == 409


async def test_changes(author: Person, other: Person, client: httpx.AsyncClient, video: Path) -> None:
    clip = await published(author, video, caption="first #one")
    path = f"/clips/{clip['id']}"
    changed = await author.patch(
        path,
        {
            "caption": f"second #two @{other.handle}",
            "permissions": {"comments": False, "download": True},
            "labels": {"ai": True},
        },
    )
    assert changed.status_code == 200, changed.text
    seen = (await client.get("/api/v1" + path)).json()
    assert (seen["caption"], seen["tags"]) == (f"second #two @{other.handle}", ["two"])
    assert seen["permissions"] == {"comments": False, "download": True, "sound_reuse": True}
    assert seen["labels"] == {"ai": True, "paid": False}
    assert (await other.patch(path, {"caption": "mine"})).status_code == 404
    assert (await client.patch("/api/v1" + path, json={"caption": "mine"})).status_code == 401
    assert (await author.patch(path, {"caption": 5})).status_code == 422


async def test_another_cover(author: Person, client: httpx.AsyncClient, video: Path) -> None:
    clip = await finished(author, (await published(author, video))["id"])
    assert (await author.patch(f"/clips/{clip['id']}", {"cover_ms": 900})).status_code == 200

    async def another() -> Any:
        found = (await author.get(f"/clips/{clip['id']}")).json()
        return found if found["media"]["poster_url"] != clip["media"]["poster_url"] else None

    now = await eventually(another)
    assert (await client.get(now["media"]["poster_url"])).status_code == 200
    outside = await author.patch(f"/clips/{clip['id']}", {"cover_ms": 5000})
    assert (outside.status_code, outside.json()["code"]) == (422, "clips.cover_unsuitable")
    assert now["media"]["renditions"] == clip["media"]["renditions"]


async def test_delete_takes_everything(
    author: Person, other: Person, client: httpx.AsyncClient, realm: RunningRealm, video: Path, admin: Any
) -> None:
    clip = await finished(author, (await published(author, video, caption="#goodbye"))["id"])
    path = f"/clips/{clip['id']}"
    poster = clip["media"]["poster_url"]
    assert (await other.put(path + "/like")).status_code == 200
    assert (await other.delete(path)).status_code == 404
    assert (await client.delete("/api/v1" + path)).status_code == 401
    assert (await author.delete(path)).status_code == 204
    assert (await author.get(path)).status_code == 404
    assert (await client.get(poster)).status_code == 404
    assert (await client.get(f"/api/v1/sounds/{clip['sound']['id']}")).status_code == 404
    assert (await client.get("/api/v1/tags/goodbye/clips")).json()["items"] == []
    for folder in ("public", "sealed", "leaving"):
        assert not (realm.data / "blobs" / folder / clip["id"]).exists()
    for table in ("clip_keys", "clip_counters", "clip_tags", "likes"):
        assert await admin.fetchval(f"SELECT count(*) FROM {table} WHERE clip_id = $1", clip["id"]) == 0
    assert await admin.fetchval("SELECT count(*) FROM uploads WHERE clip_id = $1", clip["id"]) == 0
    words = await admin.fetchval("SELECT count(*) FROM search_words WHERE reference = $1", clip["id"])
    assert words == 0


async def test_delete_while_it_is_made(author: Person, realm: RunningRealm, video: Path) -> None:
    made = await make_clip(author, video)
    assert (await author.delete(f"/clips/{made['id']}")).status_code == 204

    async def gone() -> bool:
        places = [realm.data / "blobs" / folder / made["id"] for folder in ("public", "sealed", "leaving")]
        return not any(place.exists() for place in [*places, realm.data / "scratch" / made["id"]])

    await eventually(gone)
