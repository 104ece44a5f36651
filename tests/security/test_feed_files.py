"""What the feeds keep in files: public clips only, for the realm's own processes only, and nothing of what is gone."""

import uuid
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from tests.conftest import RunningRealm, eventually
from tests.factories.clips import put_clip

from reelm.feed.catalog import CATALOG, Catalog


def everything(realm: RunningRealm) -> dict[Path, bytes]:
    """All bytes of catalog, log, bases and lists, as they are kept."""
    feed = realm.data / "feed"
    files = [path for name in ("catalog", "snapshots", "lists") for path in (feed / name).rglob("*")]
    return {path: path.read_bytes() for path in files if path.is_file()}


def named_in(files: dict[Path, bytes], clip: str) -> list[str]:
    one = uuid.UUID(clip)
    return [path.name for path, data in files.items() if one.bytes in data or clip.encode() in data]


async def test_only_public_clips_are_in_them_and_only_as_long_as_they_are_public(
    realm: RunningRealm, admin: Any, sign_up: Any
) -> None:
    author = await sign_up()
    hidden = [
        await put_clip(admin, author.id, audience=audience)
        for audience in ("followers", "friends", "only_me")
    ]
    hidden.append(await put_clip(admin, author.id, published=False))
    leaving = [await put_clip(admin, author.id, "leaves"), await put_clip(admin, author.id, "is narrowed")]
    staying = await put_clip(admin, author.id, "stays")
    catalog = Catalog(realm.data / "feed" / CATALOG)

    async def known() -> bool:
        return bool((catalog.rows([uuid.UUID(each) for each in (*leaving, staying)]) >= 0).all())

    await eventually(known)
    files = everything(realm)
    assert len(named_in(files, staying)) == 2, "in the catalog, and among the identities"
    assert not [named for clip in hidden for named in named_in(files, clip)]
    await admin.execute("DELETE FROM clips WHERE id = $1", uuid.UUID(leaving[0]))
    await admin.execute("UPDATE clips SET audience = 'friends' WHERE id = $1", uuid.UUID(leaving[1]))

    async def gone() -> bool:
        files = everything(realm)
        left = {name for clip in leaving for name in named_in(files, clip)}
        # A list that was made while they were public has their ids, and nothing else of them.
        return not {name for name in left if not name.endswith((".json", ".receipts"))}

    await eventually(gone, seconds=3)
    await admin.execute("DELETE FROM people WHERE id = $1", uuid.UUID(author.id))

    async def forgotten() -> bool:
        return not [path for path, data in everything(realm).items() if uuid.UUID(author.id).bytes in data]

    await eventually(forgotten, seconds=3)


async def test_nobody_else_at_the_machine_and_nobody_on_the_network_reads_them(
    realm: RunningRealm, client: httpx.AsyncClient
) -> None:
    feed = realm.data / "feed"
    assert feed.stat().st_mode & 0o077 == 0
    paths = [path.relative_to(realm.data).as_posix() for path in everything(realm)]
    for path in {*paths[:20], "feed/catalog/current", "feed/lists/current"}:
        for prefix in (
            "/",
            "/media/",
            "/media/public/",
            "/ledger/",
            "/ledger/document/",
            "/ledger/tile/",
            "/static/",
        ):
            for way in (path, f"../{path}", f"..%2f{path}", f"%2e%2e/{path}"):
                answer = await client.get(prefix + way)
                assert answer.status_code in {400, 404} or "text/html" in answer.headers["content-type"], (
                    prefix + way
                )


async def test_the_indexer_sees_what_is_public_and_nothing_else(
    realm: RunningRealm, admin: Any, sign_up: Any
) -> None:
    author = await sign_up()
    hidden = await put_clip(admin, author.id, audience="followers")
    shown = await put_clip(admin, author.id)
    shell = await asyncpg.connect(**realm.settings.database.connection("reelm_indexer"))
    try:
        ids = [uuid.UUID(hidden), uuid.UUID(shown)]
        for column, table in (("id", "clips"), ("clip_id", "clip_counters")):
            seen = await shell.fetch(f"SELECT {column} AS id FROM {table} WHERE {column} = ANY ($1)", ids)
            assert [row["id"] for row in seen] == ids[1:]
        for statement in (
            "UPDATE clips SET audience = 'everyone'",
            "DELETE FROM clips",
            "UPDATE clip_counters SET views = 10",
            "SELECT edit FROM clips",
            "SELECT * FROM people",
            "SELECT * FROM watch_events",
            "SELECT * FROM likes",
            "SELECT * FROM follows",
            "SELECT * FROM search_words",
            "INSERT INTO ledger_entries (ref, kind, body) VALUES (gen_random_uuid(), 'grant.used', '\\x7b7d')",
            "UPDATE ledger_entries SET refused = 'x'",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await shell.execute(statement)
    finally:
        await shell.close()
