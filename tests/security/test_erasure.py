"""After an erasure nothing of the person is left: not in a table, a file, a cache or the key store. Others' things are.

What PostgreSQL itself may still hold for a while (dead rows in its own files, its write-ahead log) is said in
docs/guide/rights.md; here every row that any query can reach is read.
"""

import asyncio
import hashlib
import io
import re
import sqlite3
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from PIL import Image
from tests.conftest import PASSWORD, Person, RunningRealm, eventually
from tests.factories.archives import exported
from tests.factories.media import plain
from tests.factories.publishing import begin, finished, published

from reelm_audit import receipts


@dataclass
class Erased:
    """Somebody who is gone, and what there was of them."""

    person: Person
    others: dict[str, Person]
    marks: dict[str, bytes]
    answer: dict[str, Any]
    addresses: list[str]
    clips: list[dict[str, Any]]
    theirs: dict[str, Any] = field(default_factory=dict)
    waiting: int = 0


def _forms(value: bytes) -> list[bytes]:
    """A mark as it may be written: as it is, in hexadecimal, as base64."""
    import base64

    return [value, value.hex().encode(), base64.b64encode(value).rstrip(b"=")]


@pytest.fixture(scope="module")
async def gone(
    realm: RunningRealm, admin: Any, client: httpx.AsyncClient, sign_up: Any, tmp_path_factory: Any
) -> Erased:
    tail = uuid.uuid4().hex[:8]
    folder = tmp_path_factory.mktemp("erasure")
    # A film like nobody else's: files are named by what is in them, and the tests share a realm.
    video = plain(folder / "a.mp4", seconds=1 + int(tail[:4], 16) / 30_000)
    other_video = plain(folder / "b.mp4", seconds=4)
    handle, name = f"vanish{tail}", f"Vanisher {tail}"
    person = await sign_up(
        handle,
        display_name=name,
        email=f"vanish{tail}@example.org",
        phone=f"+3360{int(tail, 16) % 10**8:08d}",
    )
    reader, friend = await sign_up(), await sign_up()
    await person.patch("/me", {"bio": f"biography{tail}"})
    picture = io.BytesIO()
    Image.effect_noise((64, 64), 80).save(picture, "PNG")
    avatar = (await person.request("PUT", "/me/avatar", content=picture.getvalue())).json()["avatar_url"]
    clips = []
    for fields in (
        {"caption": f"caption{tail}a #tag{tail} @{reader.handle}", "sound_title": f"song{tail}"},
        {"caption": f"caption{tail}b", "visibility": "only_me"},
        {"caption": f"caption{tail}c", "draft": True},
    ):
        clips.append(await finished(person, (await published(person, video, **fields))["id"]))  # noqa: PERF401
    first = clips[0]
    # What others made of it: a clip with the sound, a mention, a thread under a comment, likes, follows.
    made = await published(friend, other_video, caption=f"thanks @{handle}", sound_id=first["sound"]["id"])
    borrowed = await finished(friend, made["id"])
    theirs = await published(reader, other_video, caption="a clip of a reader")
    top = (await person.post(f"/clips/{theirs['id']}/comments", {"text": f"comment{tail}top"})).json()
    replies = [
        (await who.post(f"/clips/{theirs['id']}/comments", {"text": text, "parent_id": top["id"]})).json()
        for who, text in ((reader, "answer one"), (friend, "answer two"), (person, f"comment{tail}mine"))
    ]
    lone = (await person.post(f"/clips/{theirs['id']}/comments", {"text": f"comment{tail}lone"})).json()
    assert (await reader.post(f"/clips/{first['id']}/comments", {"text": "nice"})).status_code == 201
    for who, path in (
        (person, f"/clips/{theirs['id']}/like"),
        (person, f"/clips/{theirs['id']}/repost"),
        (person, f"/people/{reader.handle}/follow"),
        (reader, f"/people/{handle}/follow"),
        (reader, f"/clips/{first['id']}/like"),
        (person, f"/comments/{replies[0]['id']}/like"),
    ):
        assert (await who.put(path)).status_code == 200, path
    assert (await person.put(f"/people/{(await sign_up()).handle}/block")).status_code == 204
    await begin(person, 1000, filename=f"file{tail}.mov")
    assert (await exported(person))["state"] == "ready"
    event = {"id": str(uuid.UUID(int=uuid.uuid4().int)), "clip_id": theirs["id"], "kind": "finish"}
    event["at"] = "2026-11-22T00:00:00Z"
    assert (await person.post("/events", {"events": [event]})).status_code == 202

    async def shown() -> bool:
        return first["id"] in (await reader.get("/feeds/for-you?limit=50")).text

    assert await eventually(shown)
    # Warm every cache there is, as somebody signed out and as somebody else.
    addresses = [first["media"]["renditions"][0]["url"], first["media"]["poster_url"], avatar]
    warm = [
        f"/api/v1/clips/{first['id']}",
        f"/c/{first['id']}",
        f"/@{handle}",
        f"/api/v1/people/{handle}",
        f"/api/v1/people/{handle}/clips",
        f"/api/v1/tags/tag{tail}/clips",
        f"/api/v1/search?q=caption{tail}a",
        f"/api/v1/search?q={handle}",
        f"/api/v1/sounds?q=song{tail}",
        f"/api/v1/sounds/{first['sound']['id']}",
        f"/api/v1/clips/{borrowed['id']}",
        f"/api/v1/clips/{theirs['id']}/comments",
        f"/api/v1/comments/{top['id']}/replies",
        "/api/v1/feeds/for-you?limit=50",
        "/api/v1/feeds/local?limit=50",
        "/api/v1/trending",
        f"/api/v1/search/suggestions?q=vanish{tail}&kind=person",
    ]
    for path in warm + addresses:
        for headers in ({}, reader.headers):
            assert (await client.get(path, headers=headers)).status_code == 200, path

    files = [r["url"].rpartition("/")[2].partition(".")[0] for r in first["media"]["renditions"]]
    ref = await admin.fetchval("SELECT count(*) FROM ledger_entries WHERE kind = 'rights.erased'")
    marks = {
        "id": uuid.UUID(person.id).bytes,
        "id as text": person.id.encode(),
        "handle": handle.encode(),
        "name": name.encode(),
        "e-mail": f"vanish{tail}@example.org".encode(),
        "phone": f"+3360{int(tail, 16) % 10**8:08d}".encode(),
        "words": f"biography{tail}".encode(),
        "caption": f"caption{tail}".encode(),
        "comment": f"comment{tail}".encode(),
        "tag": f"tag{tail}".encode(),
        "song": f"song{tail}".encode(),
        "file name": f"file{tail}".encode(),
        "avatar": avatar.rpartition("/")[2].encode(),
        **{f"clip {n}": clip["id"].encode() for n, clip in enumerate(clips)},
        **{f"file {n}": file.encode() for n, file in enumerate(files)},
        "original": hashlib.sha256(await asyncio.to_thread(video.read_bytes)).hexdigest().encode(),
    }
    answer = await person.post("/me/erasure", {"handle": f"@{handle.upper()}", "password": PASSWORD})
    assert answer.status_code == 202, answer.text
    assert (await person.get("/me")).status_code == 401, "every session is over with the answer"

    async def over() -> bool:
        """The act is done and its job, which names the person, has left the queue (a moment later)."""
        return await admin.fetchval(
            "SELECT NOT EXISTS (SELECT FROM erasures WHERE person_id = $1::text::uuid) "
            "AND NOT EXISTS (SELECT FROM pgqueuer WHERE position($1 IN convert_from(payload, 'UTF8')) > 0)",
            person.id,
        )

    await eventually(over, seconds=60)
    return Erased(
        person,
        {"reader": reader, "friend": friend},
        marks,
        answer.json(),
        warm + addresses,
        clips,
        {"clip": theirs, "borrowed": borrowed, "replies": replies, "top": top, "lone": lone},
        ref,
    )


async def test_the_session_is_over_everywhere(client: httpx.AsyncClient, gone: Erased) -> None:
    assert (await gone.person.get("/me")).status_code == 401
    body = {"handle": gone.person.handle, "password": PASSWORD}
    assert (await client.post("/api/v1/sessions", json=body)).status_code == 401


async def test_no_table_holds_a_byte_of_them(gone: Erased, admin: Any) -> None:
    """Every table of every schema, the job queue too, as text: a dump, but for the server's own catalogues."""
    tables = await admin.fetch(
        "SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE c.relkind IN ('r', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema') "
        "AND n.nspname NOT LIKE 'pg_%'"
    )
    assert len(tables) > 30
    allowed = _said_by_others(gone)
    left = []
    for table in tables:
        for row in await admin.fetch(f"SELECT to_jsonb(t)::text AS line FROM {table['name']} t"):
            line = row["line"].encode()
            if any(other in line for other in allowed):
                continue
            left += [
                (table["name"], what, row["line"][:300])
                for what, mark in gone.marks.items()
                if any(form in line for form in _forms(mark))
            ]
    assert not left


def _said_by_others(gone: Erased) -> list[bytes]:
    """Words that somebody else wrote stay theirs, also where they say the handle."""
    handle = gone.person.handle
    return [
        gone.theirs["borrowed"]["id"].encode(),
        f'{{"kind": "clip", "term": "{handle}", "uses": 1}}'.encode(),
    ]


async def test_what_another_wrote_mentions_nobody(gone: Erased) -> None:
    clip = (await gone.others["friend"].get(f"/clips/{gone.theirs['borrowed']['id']}")).json()
    assert clip["caption"] == f"thanks @{gone.person.handle}", "others' words are theirs"
    assert clip["mentions"] == [], "but they lead to nobody, nor to whoever takes the handle next"


def _all_files(data: Path) -> list[Path]:
    """Every file of the data folder but PostgreSQL's own."""
    return [
        path
        for path in data.rglob("*")
        if path.is_file() and "postgres" not in path.relative_to(data).parts[:1]
    ]


async def test_no_file_holds_a_byte_of_them(gone: Erased, realm: RunningRealm) -> None:
    def look() -> list[tuple[str, str]]:
        found = []
        for path in _all_files(realm.data):
            name = str(path.relative_to(realm.data)).encode()
            try:
                held = path.read_bytes()
            except FileNotFoundError:  # the ledger grows meanwhile, and drops its partial tiles
                continue
            found += [
                (name.decode(), what)
                for what, mark in gone.marks.items()
                if any(form in held or form in name for form in _forms(mark))
            ]
        return found

    assert await asyncio.to_thread(look) == []


async def test_the_key_store_holds_nobody(gone: Erased, realm: RunningRealm) -> None:
    store = sqlite3.connect(f"file:{realm.data}/keys/store.sqlite?mode=ro", uri=True)
    try:
        for table in ("people", "sessions", "passkeys"):
            assert store.execute(
                f"SELECT count(*) FROM {table} WHERE person_id = ?", (uuid.UUID(gone.person.id).bytes,)
            ).fetchone() == (0,)
    finally:
        store.close()


async def test_no_cache_shows_them(client: httpx.AsyncClient, gone: Erased) -> None:
    """Pages, the fast path, search, feeds, previews and bytes, in every viewer's eyes."""
    told = [mark for what, mark in gone.marks.items() if what not in {"id", "handle"}]

    async def silent() -> bool:
        for path in gone.addresses:
            for headers in ({}, gone.others["reader"].headers):
                answer = await client.get(path, headers=headers)
                query = path.rpartition("=")[2].encode()
                body = answer.content.replace(query, b"") if "?q=" in path else answer.content
                if any(mark in body for mark in told):
                    return False
        return True

    await eventually(silent, seconds=10)
    for address in gone.addresses[-3:]:
        assert (await client.get(address)).status_code == 404, address
    for path in (f"/api/v1/clips/{gone.clips[0]['id']}", f"/api/v1/people/{gone.person.handle}"):
        assert (await client.get(path)).status_code == 404


async def test_others_keep_what_is_theirs(gone: Erased, client: httpx.AsyncClient) -> None:
    reader, friend = gone.others["reader"], gone.others["friend"]
    borrowed = (await friend.get(f"/clips/{gone.theirs['borrowed']['id']}")).json()
    assert borrowed["status"] == "ready"
    assert borrowed["sound"] is None, "the sound is gone with its first clip; what was mixed with it plays on"
    assert (await client.get(borrowed["media"]["renditions"][0]["url"])).status_code == 200
    clip = (await reader.get(f"/clips/{gone.theirs['clip']['id']}")).json()
    assert clip["counts"]["likes"] == 0
    assert clip["counts"]["reposts"] == 0
    me = (await reader.get("/me")).json()
    assert (me["counts"]["followers"], me["counts"]["following"]) == (0, 0)
    # The thread under the erased comment goes on under its first answer.
    page = (await reader.get(f"/clips/{gone.theirs['clip']['id']}/comments?sort=new")).json()["items"]
    one, two, _ = gone.theirs["replies"]
    assert [(comment["id"], comment["text"]) for comment in page] == [(one["id"], "answer one")]
    assert page[0]["counts"]["replies"] == 1
    below = (await reader.get(f"/comments/{one['id']}/replies")).json()["items"]
    assert [(reply["id"], reply["parent_id"]) for reply in below] == [(two["id"], one["id"])]
    assert clip["counts"]["comments"] == 2


async def test_notices_that_name_them_are_gone(gone: Erased) -> None:
    for other in gone.others.values():
        for notice in (await other.get("/notices?limit=50")).json()["items"]:
            assert notice["actor"] is None or notice["actor"]["handle"] != gone.person.handle


async def test_the_receipt_is_the_proof(gone: Erased, client: httpx.AsyncClient) -> None:
    checked = receipts.check(receipts.parse(gone.answer["receipt"]))
    assert checked.entry["kind"] == "rights.erased"
    assert [name for name, _ in checked.opened] == ["person"]
    shown = await client.get(f"/api/v1/ledger/entries/{gone.answer['entry_index']}")
    assert shown.json()["entry"] == dict(checked.entry)


async def test_the_ledger_can_not_be_linked_to_them(gone: Erased, realm: RunningRealm, admin: Any) -> None:
    """The key that makes openings is gone and no nonce is left: nobody can find their entries, whoever they are."""
    bodies = await admin.fetch("SELECT body, ref FROM ledger_entries WHERE kind LIKE 'rights.%'")
    assert bodies
    for table, column in (("exports", "nonce"), ("grant_people", "nonce"), ("grant_uses", "nonce")):
        left = await admin.fetchval(
            f"SELECT count(*) FROM {table} WHERE person_id = $1::text::uuid AND {column} IS NOT NULL",
            gone.person.id,
        )
        assert left == 0, table
    refs = {row["ref"] for row in bodies}
    named = await admin.fetch("SELECT entry_ref FROM exports UNION SELECT entry_ref FROM erasures")
    exported_by_nobody = refs - {row["entry_ref"] for row in named}
    assert exported_by_nobody, "their entries stay in the log, and no row leads to them"
    text = b"".join(bytes(row["body"]) for row in bodies)
    assert not [what for what, mark in gone.marks.items() if any(form in text for form in _forms(mark))]
    # `reelm keys` itself can make no reference for them any more.
    from reelm.custody.service import KeysClient
    from reelm.kit.clock import SystemClock
    from reelm.kit.errors import NotFoundError

    keys = KeysClient(realm.settings.keys_address, SystemClock(), secret=realm.settings.caller_secrets["web"])
    try:
        with pytest.raises(NotFoundError):
            await keys.references("rights.erased", [(uuid.UUID(gone.person.id), b"{}")])
    finally:
        await keys.close()


async def test_the_handle_is_free_and_leads_to_nothing_old(gone: Erased, sign_up: Any) -> None:
    heir = await sign_up(gone.person.handle)
    assert heir.id != gone.person.id
    for path in ("/me/clips", "/me/followers", "/me/following", "/notices", "/me/exports"):
        assert (await heir.get(path)).json()["items"] == [], path
    counts = (await heir.get("/me")).json()["counts"]
    assert set(counts.values()) == {0}


# --- who may --------------------------------------------------------------------------------------------------


async def test_a_wish_has_to_be_meant(client: httpx.AsyncClient, sign_up: Any, admin: Any) -> None:
    person, other = await sign_up(), await sign_up()
    refused = [
        (await person.post("/me/erasure", {"handle": other.handle, "password": PASSWORD}), 422),
        (await person.post("/me/erasure", {"handle": person.handle, "password": "wrong"}), 401),
        (await person.post("/me/erasure", {"handle": person.handle}), None),
        (await person.post("/me/erasure", {"password": PASSWORD}), None),
    ]
    assert refused[0][0].json()["code"] == "rights.handle_mismatch"
    for answer, status in refused:
        assert 400 <= answer.status_code < 500, answer.text
        assert status is None or answer.status_code == status, answer.text
    assert (await person.get("/me")).status_code == 200, "nothing was erased"
    entries = await admin.fetchval(
        "SELECT count(*) FROM erasures WHERE person_id = $1::text::uuid", person.id
    )
    assert entries == 0, "and nothing was written into the ledger"


@pytest.mark.parametrize("role", ["reelm_web", "reelm_worker"])
async def test_a_shell_erases_nobody(realm: RunningRealm, admin: Any, sign_up: Any, role: str) -> None:
    """The function demands the ticket of an erasure's job: a session's ticket will not do, and none even less."""
    from reelm.custody.service import KeysClient
    from reelm.kit.clock import SystemClock

    person = await sign_up()
    keys = KeysClient(realm.settings.keys_address, SystemClock(), secret=realm.settings.caller_secrets["web"])
    ticket = (await keys.resolve(person.token)).ticket
    await keys.close()
    shell = await asyncpg.connect(**realm.settings.database.connection(role))
    try:
        for told in (None, ticket):
            async with shell.transaction():
                if told:
                    await shell.execute("SELECT set_config('reelm.ticket', $1, true)", told)
                try:
                    async with shell.transaction():
                        assert await shell.fetchval("SELECT reelm.erase_subject()") is False
                except asyncpg.InsufficientPrivilegeError:
                    assert role == "reelm_web"
    finally:
        await shell.close()
    assert (await person.get("/me")).status_code == 200


def test_marks_are_found_in_every_form() -> None:
    """The search above finds what it looks for."""
    mark = uuid.UUID("0192d4c0-1234-7000-8000-000000000001").bytes
    for written in (mark, b'{"x": "\\\\x' + mark.hex().encode() + b'"}', b"AZLUwBI0cACAAAAAAAAAAQ=="):
        assert any(form in written for form in _forms(mark)), written
    assert re.search(rb"0192d4c0123470008000000000000001", mark.hex().encode())
