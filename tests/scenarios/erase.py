# ruff: noqa: T201 — a scenario says what it does
"""Somebody leaves: looks at what is kept, takes it, brings it into another realm, and erases everything here.

`make scenario NAME=erase` starts two realms and plays it over the API. At the end the first realm's database and
files are searched for every byte of the person, and the receipt they kept is checked without asking anybody.
"""

import asyncio
import io
import json
import os
import shutil
import sys
import tempfile
import time
import uuid
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
from tests.conftest import PASSWORD, RunningRealm, free_port, start_realm
from tests.factories.media import plain
from tests.factories.publishing import described
from tests.scenarios.publish import Somebody, must, say

from reelm_audit import receipts

_PATIENCE_S = 120.0
_TUS = {"tus-resumable": "1.0.0"}


def until(check: Callable[[], Any], otherwise: str) -> Any:
    """Ask again until there is an answer."""
    end = time.monotonic() + _PATIENCE_S
    while time.monotonic() < end:
        found = check()
        if found:
            return found
        time.sleep(0.1)
    raise SystemExit(f"✗ {otherwise}")


def look(leaver: Somebody) -> None:
    kept = leaver.ask("GET", "/api/v1/me/data", 200).json()
    tables = [(each["class"], table) for each in kept["classes"] for table in each["tables"] if table["rows"]]
    say(f"The realm keeps {kept['total_rows']} rows about her, in {len(tables)} tables:")
    for data_class, table in tables:
        print(f"    {data_class:12} {table['rows']:4}  {table['name']}: {table['purpose']}")
    details = leaver.ask("GET", "/api/v1/me/data/person_details", 200).json()["items"][0]
    must(details["email"].endswith("@example.org"), "what is encrypted was not opened for her")


def take(leaver: Somebody) -> bytes:
    export = leaver.ask("POST", "/api/v1/me/exports", 202).json()

    def ready() -> Any:
        found = leaver.ask("GET", f"/api/v1/me/exports/{export['id']}", 200).json()
        must(found["state"] in {"waiting", "running", "ready"}, f"the export is {found['state']}")
        return found if found["state"] == "ready" else None

    made = until(ready, "the export was not ready in time")
    data = leaver.ask("GET", f"/api/v1/me/exports/{export['id']}/archive", 200).content
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        must(archive.testzip() is None, "the archive is damaged")
        manifest = json.loads(archive.read("manifest.json"))
    say(
        f"She took everything: {len(data) / 1e6:.1f} MB, {len(manifest['files'])} files, "
        f"{manifest['counts']['clips']} clips, digest {made['manifest_digest'][:12]}…"
    )
    return data


def bring(there: str, tail: str, data: bytes, clips: int) -> None:
    newcomer = Somebody(there, f"ada_{tail}")
    metadata = described(filename="reelm.zip", filetype="application/zip", purpose="import")
    headers = {**_TUS, "upload-length": str(len(data)), "upload-metadata": metadata}
    where = newcomer.ask("POST", "/api/v1/uploads", 201, headers=headers).headers["location"]
    piece = {**_TUS, "upload-offset": "0", "content-type": "application/offset+octet-stream"}
    newcomer.ask("PATCH", where, 204, headers=piece, content=data)
    body = {"upload_id": where.rsplit("/", 1)[-1]}
    begun = newcomer.ask("POST", "/api/v1/me/imports", 202, json=body).json()

    def ready() -> Any:
        found = newcomer.ask("GET", f"/api/v1/me/imports/{begun['id']}", 200).json()
        must(found["state"] in {"waiting", "running", "ready"}, f"the import is {found}")
        return found if found["state"] == "ready" else None

    made = until(ready, "the import was not ready in time")
    must(made["counts"]["clips"] == clips, f"{made['counts']} came, not {clips} clips")

    def playable() -> bool:
        items = newcomer.ask("GET", "/api/v1/me/clips?limit=50", 200).json()["items"]
        return len(items) == clips and all(clip["media"] for clip in items)

    until(playable, "the clips do not play there")
    must(newcomer.ask("GET", "/api/v1/notices", 200).json()["items"] == [], "somebody was told")
    missing = ", ".join(f"{line['count']} {line['what']}" for line in made["missing"]) or "nothing"
    say(f"In the other realm she has {clips} clips with their own dates; counted as not brought: {missing}.")


def erase(leaver: Somebody) -> Any:
    wrong = leaver.http.request(
        "POST", "/api/v1/me/erasure", json={"handle": leaver.handle, "password": "not hers"}
    )
    must(wrong.status_code == 401, "a wrong password erased somebody")
    body = {"handle": leaver.handle, "password": PASSWORD}
    answer = leaver.ask("POST", "/api/v1/me/erasure", 202, json=body).json()
    must(answer["receipt"], "there is no receipt")
    checked = receipts.check(receipts.parse(answer["receipt"]))
    must(checked.entry["kind"] == "rights.erased", "the receipt is of something else")
    must(checked.opened, "the receipt does not open her reference")
    say(f"She erased herself. Entry {answer['entry_index']} of the ledger says so, without a name; ")
    say("her receipt was checked offline, and is the only thing that shows that the entry is about her.")
    must(leaver.http.request("GET", "/api/v1/me").status_code == 401, "her session still lives")
    return answer


async def search(realm: RunningRealm, marks: dict[str, bytes]) -> list[str]:
    """Every row of every table, and every file but PostgreSQL's own."""
    found = []
    connection = await asyncpg.connect(**realm.settings.database.connection("reelm_admin"))
    tables = await connection.fetch(
        "SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema')"
    )
    for table in tables:
        for row in await connection.fetch(f"SELECT to_jsonb(t)::text AS line FROM {table['name']} t"):
            found += [
                f"{table['name']}: {what}" for what, mark in marks.items() if mark in row["line"].encode()
            ]
    await connection.close()
    for path in realm.data.rglob("*"):
        if path.is_file() and path.relative_to(realm.data).parts[0] != "postgres":
            held = path.read_bytes() + str(path).encode()
            found += [f"{path}: {what}" for what, mark in marks.items() if mark in held]
    return found


def play(here: RunningRealm, there: RunningRealm, folder: Path) -> None:
    tail = os.urandom(2).hex()
    leaver, stays = Somebody(here.url, f"ada_{tail}"), Somebody(here.url, f"kim_{tail}")
    leaver.ask("PATCH", "/api/v1/me", 200, json={"email": f"ada{tail}@example.org", "bio": f"bio{tail}"})
    say(f"{leaver.handle} and {stays.handle} live in one realm; another one runs beside it.")
    video = plain(folder / "clip.mp4", seconds=2)
    clips = [
        leaver.publish(video, f"caption{tail} {words}", visibility=who)
        for words, who in (("for all", "everyone"), ("for me", "only_me"))
    ]
    theirs = stays.publish(plain(folder / "other.mp4", seconds=1), "kim's own")
    said = leaver.ask(
        "POST", f"/api/v1/clips/{theirs['id']}/comments", 201, json={"text": f"comment{tail}"}
    ).json()
    stays.ask(
        "POST",
        f"/api/v1/clips/{theirs['id']}/comments",
        201,
        json={"text": "thank you", "parent_id": said["id"]},
    )
    leaver.ask("PUT", f"/api/v1/people/{stays.handle}/follow", 200)
    mine = leaver.ask("GET", "/api/v1/me", 200).json()
    look(leaver)
    data = take(leaver)
    bring(there.url, tail, data, len(clips))
    erase(leaver)
    marks = {
        "id": mine["id"].encode(),
        "id, bare": uuid.UUID(mine["id"]).hex.encode(),
        "handle": leaver.handle.encode(),
        "e-mail": f"ada{tail}@example.org".encode(),
        "bio": f"bio{tail}".encode(),
        "caption": f"caption{tail}".encode(),
        "comment": f"comment{tail}".encode(),
        **{f"clip {number}": clip["id"].encode() for number, clip in enumerate(clips)},
    }
    until(lambda: not asyncio.run(search(here, marks)), "something of her is left")
    say(f"Every row and every file was searched for {len(marks)} marks of her: nothing is left.")
    thread = stays.ask("GET", f"/api/v1/clips/{theirs['id']}/comments", 200).json()["items"]
    must([comment["text"] for comment in thread] == ["thank you"], "what was answered to her is gone")
    say(f"{stays.handle} keeps what is theirs: the clip plays, and the answer stands.")


def main() -> int:
    folder = Path(tempfile.mkdtemp(prefix="reelm-scenario-"))
    folder.chmod(0o755)
    realms: list[RunningRealm] = []
    try:
        realms += [
            start_realm(folder / name, free_port(), REELM_LIMIT_FACTOR="1000") for name in ("here", "there")
        ]
        play(*realms, folder)  # type: ignore[misc]
    finally:
        for realm in realms:
            realm.stop()
        shutil.rmtree(folder, ignore_errors=True)
    print("✓ Everything happened as it should.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
