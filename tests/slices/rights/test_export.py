"""Taking everything: what is in the archive, who may fetch it, and for how long."""

import asyncio
import hashlib
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.conftest import Person, eventually
from tests.factories.archives import archive_of, contents, exported, json_lines
from tests.factories.media import plain
from tests.factories.publishing import finished, published

from reelm_audit.tlog.note import Verifier, open_note


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plain(tmp_path_factory.mktemp("video") / "clip.mp4")


@pytest.fixture(scope="module")
async def author(sign_up: Any, video: Path) -> Person:
    """Somebody with clips, a comment, a like and a follow."""
    person, other = await sign_up(email="keeps@example.org"), await sign_up()
    wishes: list[dict[str, Any]] = [
        {"caption": "first #sea", "visibility": "everyone"},
        {"caption": "for me", "visibility": "only_me", "keep_original": False},
        {"caption": "later", "draft": True},
    ]
    clips = [await finished(person, (await published(person, video, **fields))["id"]) for fields in wishes]
    assert (await person.put(f"/people/{other.handle}/follow")).status_code == 200
    assert (await person.put(f"/clips/{clips[0]['id']}/like")).status_code == 200
    assert (await person.post(f"/clips/{clips[0]['id']}/comments", {"text": "mine"})).status_code == 201
    person.extra = {"clips": clips, "other": other}
    return person


async def test_the_archive_holds_what_is_there(author: Person, video: Path) -> None:
    files = contents(await archive_of(author))
    manifest = json.loads(files["manifest.json"])
    assert [line["name"] for line in manifest["files"]] == [n for n in files if not n.startswith("manifest.")]
    for line in manifest["files"]:
        assert hashlib.sha256(files[line["name"]]).hexdigest() == line["sha256"], line
        assert len(files[line["name"]]) == line["bytes"]
    for each in manifest["classes"]:
        own = [line for line in manifest["files"] if line["class"] == each["class"]]
        lines = "".join(f"{line['sha256']}  {line['name']}\n" for line in own).encode()
        assert hashlib.sha256(lines).hexdigest() == each["sha256"]
        assert each["rows"] == sum(line["rows"] or 0 for line in own)
    key = Verifier.from_vkey(manifest["realm"]["vkey"])
    digest = hashlib.sha256(files["manifest.json"]).hexdigest()
    assert open_note(files["manifest.note"], [key]).text == f"reelm-export/v1\n{digest}\n"

    clips = {line["id"]: line for line in json_lines(files["account/clips.jsonl"])}
    assert set(clips) == {clip["id"] for clip in author.extra["clips"]}
    public, mine, draft = (clips[clip["id"]] for clip in author.extra["clips"])
    assert files[public["video"]] == await asyncio.to_thread(video.read_bytes), "the original, byte for byte"
    assert public["own_sound"]
    assert public["sound_title"]
    assert mine["video"].endswith("/video.mp4"), "no original was kept"
    assert files[mine["video"]][4:8] == b"ftyp"
    assert draft["draft"]
    assert all(files[clip["poster"]] for clip in clips.values())

    details = json_lines(files["data/person_details.jsonl"])
    assert [row["email"] for row in details] == ["keeps@example.org"]
    assert [row["birth_date"] for row in details] == ["1999-04-12"]
    assert json_lines(files["account/following.jsonl"])[0]["handle"] == author.extra["other"].handle
    outbox = json.loads(files["activitypub/outbox.json"])
    kinds = [activity["object"]["type"] for activity in outbox["orderedItems"]]
    assert kinds == ["Video", "Video", "Video", "Note"]
    assert outbox["totalItems"] == len(kinds)
    assert author.handle in files["README.txt"].decode()


async def test_counts_equal_an_independent_recount(author: Person, admin: Any) -> None:
    files = contents(await archive_of(author))
    for table, column in (
        ("clips", "author_id"),
        ("comments", "author_id"),
        ("likes", "person_id"),
        ("notices", "person_id"),
        ("sounds", "author_id"),
        ("uploads", "person_id"),
    ):
        counted = await admin.fetchval(
            f"SELECT count(*) FROM {table} WHERE {column} = $1::text::uuid", author.id
        )
        assert len(json_lines(files[f"data/{table}.jsonl"])) == counted, table
    seen = (await author.get("/me/data")).json()
    rows = {table["name"]: table["rows"] for each in seen["classes"] for table in each["tables"]}
    assert seen["total_rows"] == sum(rows.values())
    for table in ("clips", "comments", "likes", "follows", "person_details"):
        assert len(json_lines(files[f"data/{table}.jsonl"])) == rows[table], table


async def test_an_earlier_export_is_in_the_ledger_and_its_receipt_in_the_next(author: Person) -> None:
    from reelm_audit import receipts

    made = await exported(author)
    assert made["manifest_digest"]

    async def logged() -> bool:
        return (await author.get(f"/me/exports/{made['id']}")).json()["entry_index"] is not None

    await eventually(logged)
    files = contents(await archive_of(author))
    found = {name: text for name, text in files.items() if name.startswith("receipts/")}
    assert found
    digests = set()
    for text in found.values():
        checked = receipts.check(receipts.parse(text))
        assert checked.entry["kind"] == "rights.exported"
        assert checked.opened, "the receipt opens the person's reference"
        digests.add(checked.entry["manifest"])
    assert made["manifest_digest"] in digests


async def test_ranges_and_who_may_fetch(client: httpx.AsyncClient, author: Person, sign_up: Any) -> None:
    made = await exported(author)
    path = f"/me/exports/{made['id']}/archive"
    whole = (await author.get(path)).content
    part = await author.get(path, headers={"range": "bytes=100-70099"})
    assert part.status_code == 206
    assert part.content == whole[100:70_100]
    assert part.headers["content-range"] == f"bytes 100-70099/{len(whole)}"
    assert (await author.get(path, headers={"range": f"bytes={len(whole)}-"})).status_code == 416
    other = await sign_up()
    for each in (path, f"/me/exports/{made['id']}"):
        assert (await other.get(each)).status_code == 404
        assert (await client.get("/api/v1" + each)).status_code == 401
    assert (await other.delete(f"/me/exports/{made['id']}")).status_code == 404
    assert (await author.delete(f"/me/exports/{made['id']}")).status_code == 204
    assert (await author.get(path)).status_code == 404


async def test_the_archive_lies_sealed(author: Person, realm: Any) -> None:
    made = await exported(author)
    [stored] = list((realm.data / "blobs" / "exports" / made["id"]).iterdir())
    held = stored.read_bytes()
    assert b"PK\x03\x04" not in held
    assert author.handle.encode() not in held


async def test_one_at_a_time_and_cancelled(author: Person, admin: Any) -> None:
    first = (await author.post("/me/exports")).json()
    again = await author.post("/me/exports")
    assert again.status_code in {202, 409}
    if again.status_code == 409:
        assert again.json()["code"] == "rights.under_way"
    for each in (await author.get("/me/exports?limit=50")).json()["items"]:
        await author.delete(f"/me/exports/{each['id']}")
    states = {each["state"] for each in (await author.get("/me/exports?limit=50")).json()["items"]}
    assert states <= {"cancelled"}
    assert (await author.get(f"/me/exports/{first['id']}")).status_code in {200, 404}
    assert (await exported(author))["state"] == "ready"


async def test_nobody_and_nonsense(client: httpx.AsyncClient, author: Person) -> None:
    for method, path in (
        ("GET", "/me/data"),
        ("GET", "/me/data/clips"),
        ("POST", "/me/exports"),
        ("GET", "/me/exports"),
        ("GET", "/me/imports"),
        ("POST", "/me/imports"),
        ("POST", "/me/erasure"),
    ):
        answer = await client.request(method, "/api/v1" + path, json={} if method == "POST" else None)
        assert answer.status_code == 401, path
    assert (await author.get("/me/data/pg_class")).status_code == 404
    assert (await author.get("/me/data/ledger_entries")).status_code == 404
    assert (await author.get("/me/data/clips?cursor=nonsense")).status_code == 422
    assert (await author.get("/me/exports?limit=0")).status_code == 422


async def test_rows_are_paged_and_opened(author: Person, sign_up: Any) -> None:
    seen, cursor = [], None
    while True:
        page = (
            await author.get("/me/data/clips", params={"limit": 2, **({"cursor": cursor} if cursor else {})})
        ).json()
        seen += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert sorted(row["id"] for row in seen) == sorted(clip["id"] for clip in author.extra["clips"])
    [details] = (await author.get("/me/data/person_details")).json()["items"]
    assert details["email"] == "keeps@example.org"
    other = await sign_up()
    assert (await other.get("/me/data/clips")).json()["items"] == []
