"""A realm of its own, backed up, changed, and put back: everything is there, but for whoever was erased."""

import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from tests.conftest import PASSWORD, Person, RunningRealm, eventually, free_port, sign_up_body, start_realm
from tests.factories.clips import put_clip

from reelm.models.everything import metadata
from reelm.models.holdings import OWNER, PUBLIC

MARKS = ("ferngully", "zanzibar", "quokka")  # words that nothing else in a realm holds


def reelm(*arguments: str | Path, expect: int = 0) -> Any:
    command = [sys.executable, "-m", "reelm", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == expect, done.stdout + done.stderr
    return json.loads(done.stdout) if expect == 0 and done.stdout.startswith("{") else done.stderr


# Beside the ledger and weights: the first link, a batch every ten seconds, the keys that processes make at their start.
_BY_ITSELF = {"invitations", "receipt_batches", "receipt_leaves", "promise_keys"}


async def dump(realm: RunningRealm) -> dict[str, list[str]]:
    """Every row of every table, as text, but for what a realm changes by itself."""
    connection = await asyncpg.connect(**realm.settings.database.connection("reelm_admin"))
    try:
        return {
            name: sorted(
                row["line"]
                for row in await connection.fetch(
                    f"SELECT (to_jsonb(t) - 'weight')::text AS line FROM {name} t"
                )
            )
            for name in OWNER
            if not name.startswith("ledger_") and name not in _BY_ITSELF
        }
    finally:
        await connection.close()


@dataclass
class Story:
    """What the fixture lived through."""

    folder: Path
    before: dict[str, list[str]]
    after: dict[str, list[str]]
    erased: str
    public_wrongly: dict[str, int]

    @property
    def backups(self) -> Path:
        return self.folder / "backups"


async def _person(client: httpx.AsyncClient, handle: str, **fields: Any) -> Person:
    body = sign_up_body(handle, **fields)
    made = await client.post("/api/v1/accounts", json=body)
    assert made.status_code == 201, made.text
    session = await client.post("/api/v1/sessions", json={"handle": handle, "password": PASSWORD})
    client.cookies.clear()
    return Person(client, made.json()["id"], handle, session.json()["token"])


async def _live(realm: RunningRealm, client: httpx.AsyncClient) -> Person:
    """Let three people do a bit of everything; return the one who will go."""
    ana = await _person(client, "ana", email="ana@example.org")
    ben = await _person(client, "ben", phone="+33612345678")
    cleo = await _person(client, "cleo", email=f"{MARKS[0]}@example.org", display_name=MARKS[1])
    admin = await asyncpg.connect(**realm.settings.database.connection("reelm_admin"))
    seen = await put_clip(admin, ana.id, "morning at the lake #lake")
    await put_clip(admin, ana.id, "not for all", audience="only_me")
    hers = await put_clip(admin, cleo.id, f"{MARKS[2]} #quokkas")
    await admin.close()
    for person in (ben, cleo):
        await person.put(f"/people/{ana.handle}/follow")
        await person.put(f"/clips/{seen}/like")
    assert (await cleo.post(f"/clips/{seen}/comments", {"text": "how deep is it?"})).status_code == 201
    assert (await ana.post(f"/clips/{hers}/comments", {"text": "what a smile"})).status_code == 201
    assert (await ben.put(f"/people/{cleo.handle}/block")).status_code == 204
    return cleo


async def _visible_to_nobody(realm: RunningRealm) -> dict[str, int]:
    """How many rows `PUBLIC` calls public that the database shows to nobody in particular: none, one hopes."""
    hidden = {}
    admin = await asyncpg.connect(**realm.settings.database.connection("reelm_admin"))
    try:
        for name, condition in PUBLIC.items():
            granted = metadata.tables[name].info["grants"]
            role = next(r for r in ("reelm_catalog", "reelm_web") if "SELECT" in granted.get(r, ""))
            key = ", ".join(f"t.{column.name}" for column in metadata.tables[name].primary_key)
            async with admin.transaction():
                await admin.execute(
                    f"CREATE TEMP TABLE said ON COMMIT DROP AS SELECT {key} FROM {name} t WHERE {condition}"
                )
                await admin.execute(f"GRANT SELECT ON said TO {role}")
                await admin.execute(f"SET LOCAL ROLE {role}")
                hidden[name] = await admin.fetchval(
                    f"SELECT count(*) FROM (SELECT * FROM said EXCEPT SELECT {key} FROM {name} t) AS missing"
                )
    finally:
        await admin.close()
    return hidden


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="reelm-backup-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="module")
async def story(folder: Path) -> Story:
    """Yesterday's backup with its keys; since then somebody was erased, and the epoch has turned."""
    realm = await asyncio.to_thread(start_realm, folder / "data", free_port())
    try:
        async with httpx.AsyncClient(base_url=realm.url, timeout=30) as client:
            cleo = await _live(realm, client)
            hidden = await _visible_to_nobody(realm)
            before = await dump(realm)
            made = await asyncio.to_thread(
                reelm, "backup", folder / "backups", "--data", realm.data, "--json"
            )
            assert made["people"] == 3
            await asyncio.to_thread(reelm, "escrow", folder / "escrow", "--data", realm.data)
            shutil.copytree(folder / "escrow", folder / "kept-escrow")
            gone = await cleo.post("/me/erasure", {"password": PASSWORD, "handle": cleo.handle})
            assert gone.status_code == 202, gone.text

            async def is_gone() -> bool:
                return (await client.get(f"/api/v1/people/{cleo.handle}")).status_code == 404

            await eventually(is_gone)
            await asyncio.to_thread(reelm, "escrow", folder / "escrow", "--data", realm.data, "--turn")
            after = await dump(realm)
        shutil.copytree(realm.data / "blobs" / "ledger", folder / "ledger")
    finally:
        realm.stop()
    return Story(folder, before, after, cleo.id, hidden)


async def _restored(story: Story, name: str, *arguments: str | Path) -> tuple[Any, RunningRealm]:
    data = story.folder / name
    report = await asyncio.to_thread(reelm, "restore", story.backups, "--data", data, "--json", *arguments)
    return report, await asyncio.to_thread(start_realm, data, free_port())


def test_what_is_called_public_is_shown_to_everybody(story: Story) -> None:
    assert story.public_wrongly == dict.fromkeys(PUBLIC, 0)


def test_the_sealed_part_says_nothing_without_keys(story: Story) -> None:
    """Addresses are nowhere; ties and blocks are nobody's business either."""
    seen = b""
    for path in story.backups.rglob("*"):
        if path.is_file():
            seen += path.read_bytes()
    for word in ("ana@example.org", "33612345678", f"{MARKS[0]}@example.org", "not for all"):
        assert word.encode() not in seen


async def test_everybody_comes_back_with_yesterdays_keys(story: Story) -> None:
    """Within the epoch, and with the ledger of yesterday: nothing tells of the erasure, so nothing is missing."""
    report, realm = await _restored(story, "yesterday", "--escrow", story.folder / "kept-escrow")
    try:
        assert await dump(realm) == story.before
        assert report["problems"] == []
        assert report["restored"]["without_keys"] == report["erased_again"] == 0
        async with httpx.AsyncClient(base_url=realm.url) as client:
            session = await client.post("/api/v1/sessions", json={"handle": "ana", "password": PASSWORD})
            me = await client.get(
                "/api/v1/me", headers={"authorization": f"Bearer {session.json()['token']}"}
            )
            assert me.json()["email"] == "ana@example.org"
    finally:
        realm.stop()


async def test_the_erased_is_not_there_once_the_epoch_has_turned(story: Story) -> None:
    _, realm = await _restored(story, "today", "--escrow", story.folder / "escrow")
    try:
        rows = await dump(realm)
        assert story.erased not in json.dumps(rows)
        assert not any(mark in json.dumps(rows) for mark in MARKS)
        assert [json.loads(each)["handle"] for each in rows["people"]] == ["ana", "ben"]
        assert json.loads(rows["people"][0])["followers"] == 1
    finally:
        realm.stop()


async def test_an_erasure_since_the_backup_is_repeated(story: Story) -> None:
    """Yesterday's database and keys beside today's ledger, which tells of the erasure."""
    ledger = ("--ledger", story.folder / "ledger")
    report, realm = await _restored(story, "again", "--escrow", story.folder / "kept-escrow", *ledger)
    try:
        assert report["erased_again"] == 1
        assert report["adopted_entries"] > report["ledger_entries"]
        assert any("rights.erased" in act for act in report["lost_acts"])
        assert story.erased not in json.dumps(await dump(realm))
        async with httpx.AsyncClient(base_url=realm.url) as client:

            async def goes_on() -> bool:
                state = (await client.get("/api/v1/ledger")).json()
                return (
                    state["kinds"].get("ledger.restored") == 1 and state["size"] > report["adopted_entries"]
                )

            await eventually(goes_on)
        whole = await asyncio.to_thread(reelm, "ledger", "fsck", "--data", realm.data, "--json")
        assert whole["problems"] == []
    finally:
        realm.stop()


def _copy(story: Story, tmp_path: Path) -> Path:
    copy = tmp_path / "backups"
    shutil.copytree(story.backups, copy)
    return copy


@pytest.mark.parametrize("part", ["public.jsonl.gz", "own.sealed", "keys.snapshot", "realm.json", "people"])
def test_a_changed_byte_is_noticed_before_anything_is_made(story: Story, tmp_path: Path, part: str) -> None:
    copy = _copy(story, tmp_path)
    (path,) = [p for p in copy.glob(f"*/{part}") if p.is_file()] or sorted(copy.glob(f"*/{part}/*"))[:1]
    bent = bytearray(path.read_bytes())
    bent[len(bent) // 2] ^= 1
    path.write_bytes(bent)
    escrow = story.folder / "kept-escrow"
    said = reelm("restore", copy, "--data", tmp_path / "new", "--escrow", escrow, expect=2)
    assert path.name in said
    assert not (tmp_path / "new").exists()


def test_a_backup_that_is_missing_a_file_is_refused(story: Story, tmp_path: Path) -> None:
    copy = _copy(story, tmp_path)
    next(p for p in sorted((copy / "blobs").rglob("*")) if p.is_file()).unlink()
    said = reelm(
        *("restore", copy, "--data", tmp_path / "new"),
        *("--escrow", story.folder / "kept-escrow"),
        expect=2,
    )
    assert "missing from the backup" in said


def test_a_folder_in_use_is_left_alone(story: Story, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    said = reelm(
        *("restore", story.backups, "--data", tmp_path, "--escrow", story.folder / "kept-escrow"), expect=2
    )
    assert "not empty" in said
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


def test_without_the_keys_nothing_is_restored(story: Story, tmp_path: Path) -> None:
    (tmp_path / "escrow").mkdir()
    said = reelm(
        *("restore", story.backups, "--data", tmp_path / "new", "--escrow", tmp_path / "escrow"), expect=2
    )
    assert "No key store opens" in said
    assert not any((tmp_path / "new").glob("*"))
