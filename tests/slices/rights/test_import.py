"""Bringing what was taken: an equal account, nothing twice, nobody told; and archives that are not to be believed."""

import asyncio
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.conftest import Person, eventually
from tests.factories.archives import (
    STRANGER,
    archive_of,
    comparable,
    contents,
    imported,
    json_lines,
    own_clips,
    packed,
    signed_again,
    upload_archive,
)
from tests.factories.media import plain
from tests.factories.publishing import finished, published, settled

CLIPS: list[dict[str, Any]] = [
    {"caption": "one #sea", "visibility": "everyone", "sound_title": "waves"},
    {"caption": "two", "visibility": "followers", "permissions": {"comments": False, "download": True}},
    {"caption": "three", "visibility": "friends", "labels": {"ai": True, "paid": True}},
    {"caption": "four", "visibility": "only_me", "keep_original": False},
    {"caption": "five #draft", "draft": True},
    {"caption": "six", "publish_at": "2027-01-05T10:00:00Z"},
    {"caption": "seven", "visibility": "everyone", "edit": {"trim_start_ms": 200, "texts": [{"text": "hi"}]}},
    {"caption": "eight", "visibility": "everyone", "language": "fr", "permissions": {"sound_reuse": False}},
]


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plain(tmp_path_factory.mktemp("video") / "clip.mp4")


@pytest.fixture(scope="module")
async def friend(sign_up: Any) -> Person:
    return await sign_up(display_name="Known By Name")


@pytest.fixture(scope="module")
async def author(sign_up: Any, friend: Person, video: Path) -> Person:
    person = await sign_up(display_name="The Author", language="fr")
    assert (await person.patch("/me", {"bio": "I was here", "language": "fr"})).status_code == 200
    for fields in CLIPS:
        await finished(person, (await published(person, video, **fields))["id"])
    assert (await person.put(f"/people/{friend.handle}/follow")).status_code == 200
    return person


@pytest.fixture(scope="module")
async def archive(author: Person) -> bytes:
    return await archive_of(author, seconds=120)


async def test_an_equal_account(author: Person, friend: Person, archive: bytes, sign_up: Any) -> None:
    there = [comparable(clip) for clip in await own_clips(author)]
    here = await sign_up()
    made = await imported(here, archive)
    assert made["state"] == "ready", made
    assert made["counts"] == {"clips": len(CLIPS), "following": 1, "profile": 1}
    assert made["origin"]["handle"] == author.handle
    assert made["origin"]["known"], "the same realm knows its own key"
    for clip in await own_clips(here):
        await settled(here, clip["id"])

        async def complete(clip_id: str = clip["id"]) -> bool:
            media = (await here.get(f"/clips/{clip_id}")).json()["media"]
            return bool(media and media["preview_url"])

        await eventually(complete, seconds=90)
    assert [comparable(clip) for clip in await own_clips(here)] == there

    me, was = (await here.get("/me")).json(), (await author.get("/me")).json()
    for name in ("display_name", "bio", "language", "private"):
        assert me[name] == was[name], name
    assert me["handle"] == here.handle, "the handle is the new account's own"
    following = (await here.get("/me/following")).json()["items"]
    assert [person["handle"] for person in following] == [friend.handle]
    # Nobody was told: neither the person of their clips, nor whom they follow.
    assert (await here.get("/notices")).json()["items"] == []
    told = (await friend.get("/notices?limit=50")).json()["items"]
    assert here.handle not in [notice["actor"]["handle"] for notice in told if notice["actor"]]


async def test_again_brings_nothing_twice(archive: bytes, sign_up: Any) -> None:
    here = await sign_up()
    upload_id = await upload_archive(here, archive)
    first = await here.post("/me/imports", {"upload_id": upload_id})
    assert first.status_code == 202
    assert (await here.post("/me/imports", {"upload_id": upload_id})).status_code == 409
    other = await sign_up()
    assert (await other.post("/me/imports", {"upload_id": upload_id})).status_code == 409
    assert (await other.get(f"/me/imports/{first.json()['id']}")).status_code == 404

    async def ready() -> bool:
        return (await here.get(f"/me/imports/{first.json()['id']}")).json()["state"] == "ready"

    await eventually(ready, seconds=60)
    assert len(await own_clips(here)) == len(CLIPS)
    assert (await here.delete(f"/me/imports/{first.json()['id']}")).status_code == 204
    assert len(await own_clips(here)) == len(CLIPS), "what was brought stays"


async def test_an_archive_is_no_clip_and_a_clip_no_archive(
    archive: bytes, video: Path, sign_up: Any, realm: Any
) -> None:
    from tests.factories.publishing import upload

    here = await sign_up()
    as_clip = await here.post("/clips", {"upload_id": await upload_archive(here, archive)})
    assert as_clip.status_code == 409
    sent = await upload(here, video)
    refused = await here.post("/me/imports", {"upload_id": sent.id})
    assert refused.status_code == 409
    assert refused.json()["code"] == "rights.not_an_import"
    assert (await here.post("/me/imports", {"upload_id": "no"})).status_code in {400, 422}


async def test_another_realm_s_people_are_only_suggested(
    archive: bytes, friend: Person, sign_up: Any
) -> None:
    files = contents(archive)
    stranger = await sign_up(display_name="Somebody Else")
    hermit = await sign_up(display_name="Hermit")
    await hermit.patch("/me", {"private": True})
    files["account/following.jsonl"] = b"".join(
        json.dumps({"handle": handle, "display_name": name}).encode() + b"\n"
        for handle, name in (
            (friend.handle, "Known By Name"),
            (stranger.handle, "Who I Meant"),
            (hermit.handle, "Hermit"),
            ("nobody.of.that.name", "Nobody"),
        )
    )
    files["account/clips.jsonl"] = b""
    here = await sign_up()
    made = await imported(here, packed(signed_again(files)))
    assert made["state"] == "ready", made
    assert made["origin"]["known"] is False
    assert sorted(made["suggestions"]) == sorted([stranger.handle, hermit.handle])
    why = {(line["what"], line["why"]): line["count"] for line in made["missing"]}
    assert why["following", "not_here"] == 1
    assert why["following", "perhaps_somebody_else"] == 2
    following = (await here.get("/me/following")).json()["items"]
    assert [person["handle"] for person in following] == [friend.handle]
    assert (await hermit.get("/me/follow-requests")).json()["items"] == []


Bend = Callable[[dict[str, bytes]], bytes]


def _changed(name: str, change: Callable[[bytes], bytes]) -> Bend:
    return lambda files: packed({**files, name: change(files[name])})


def _line(**fields: Any) -> Bend:
    """Change the first clip's line, properly signed by a stranger."""

    def bend(files: dict[str, bytes]) -> bytes:
        lines = json_lines(files["account/clips.jsonl"])
        lines[0].update(fields)
        body = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
        return packed(signed_again({**files, "account/clips.jsonl": body}))

    return bend


def _twice(files: dict[str, bytes]) -> bytes:
    lines = files["account/clips.jsonl"].splitlines(keepends=True)
    return packed(signed_again({**files, "account/clips.jsonl": lines[0] * 2}))


def _bomb(files: dict[str, bytes]) -> bytes:
    return packed(signed_again({**files, "account/clips.jsonl": b"\n" * 80_000_000}))


def _symlink(files: dict[str, bytes]) -> bytes:
    def change(line: zipfile.ZipInfo) -> None:
        if line.filename == "account/avatar.webp":
            line.external_attr = 0o120777 << 16

    return packed(signed_again({**files, "account/avatar.webp": b"/etc/passwd"}), change)


BENT: dict[str, tuple[Bend, str]] = {
    "noise": (lambda _: b"\x00" * 4096, "rights.archive_foreign"),
    "empty zip": (lambda _: packed({}), "rights.archive_foreign"),
    "another zip": (lambda _: packed({"letter.txt": b"hello"}), "rights.archive_foreign"),
    "cut": (lambda files: packed(files)[:-2000], "rights.archive_foreign"),
    "a changed clip": (_changed("account/clips.jsonl", lambda d: d.replace(b"one", b"two")), "rights.archive_damaged"),
    "a changed manifest": (_changed("manifest.json", lambda d: d.replace(b'"made_at": "2', b'"made_at": "3')), "rights.signature_wrong"),
    "no signature": (_changed("manifest.note", lambda _: b"nothing\n"), "rights.signature_wrong"),
    "another's signature": (
        lambda files: packed({**files, "manifest.note": signed_again(files)["manifest.note"]}),
        "rights.signature_wrong",
    ),
    "one file more": (lambda files: packed({**files, "data/more.jsonl": b"{}\n"}), "rights.archive_damaged"),
    "one file less": (
        lambda files: packed({n: d for n, d in files.items() if n != "account/following.jsonl"}),
        "rights.archive_damaged",
    ),
    "out of the folder": (
        lambda files: packed(signed_again({**files, "../../etc/cron.d/x": b"x"})),
        "rights.archive_damaged",
    ),
    "absolute": (lambda files: packed(signed_again({**files, "/etc/passwd": b"x"})), "rights.archive_damaged"),
    "a symlink": (_symlink, "rights.archive_damaged"),
    "a bomb": (_bomb, "rights.archive_too_large"),
    "the same clip twice": (_twice, "rights.archive_damaged"),
    "a file of nowhere": (_line(video="clips/../../../etc/passwd"), "rights.archive_damaged"),
    "a wrong audience": (_line(visibility="the world"), "rights.archive_damaged"),
    "a wrong time": (_line(created_at="yesterday"), "rights.archive_damaged"),
    "a wrong id": (_line(id="../x"), "rights.archive_damaged"),
    "a number for words": (_line(caption=7), "rights.archive_damaged"),
}  # fmt: skip


@pytest.mark.parametrize("what", BENT)
async def test_what_is_not_to_be_believed(archive: bytes, sign_up: Any, admin: Any, what: str) -> None:
    bend, code = BENT[what]
    data = await asyncio.to_thread(bend, contents(archive))
    here = await sign_up()
    made = await imported(here, data)
    assert made["state"] == "failed", made
    assert made["failure"]["code"] == code, made
    assert made["counts"] == {}
    assert await own_clips(here) == []
    assert (await here.get("/me")).json()["bio"] == ""
    kept = await admin.fetchval("SELECT count(*) FROM uploads WHERE person_id = $1::text::uuid", here.id)
    assert kept == 0, "the archive does not stay"


async def test_a_video_that_is_none_fails_alone(archive: bytes, sign_up: Any) -> None:
    """The signature of a stranger proves nothing about the bytes: they go through the sandbox like any upload."""
    files = contents(archive)
    lines = json_lines(files["account/clips.jsonl"])[:2]
    files["account/clips.jsonl"] = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    files[lines[0]["video"]] = b"#EXTM3U\nfile:///etc/passwd\n"
    here = await sign_up()
    made = await imported(here, packed(signed_again(files, STRANGER)))
    assert made["state"] == "ready", made
    states = sorted([(await settled(here, clip["id"]))["status"] for clip in await own_clips(here)])
    assert "failed" in states
    assert len(states) == 2


async def test_a_larger_upload_than_a_clip_may_be(client: httpx.AsyncClient, sign_up: Any) -> None:
    from tests.factories.publishing import TUS, described

    here = await sign_up()
    size = {"upload-length": "2000000000"}
    for metadata, status in (
        (described(filename="a.zip", filetype="application/zip", purpose="import"), 201),
        (described(filename="a.mp4", filetype="video/mp4"), 413),
        (described(filename="a.zip", filetype="application/zip"), 415),
    ):
        answer = await here.post("/uploads", headers={**TUS, **size, "upload-metadata": metadata})
        assert answer.status_code == status, metadata
