"""The catalog's keeper on a real database, in a folder of its own: all that is public, bases, and what the ledger is told."""

import asyncio
import json
import subprocess
import sys
import uuid
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
from tests.conftest import eventually
from tests.factories.clips import put_clip
from tests.factories.replayed import read_base, replay

from reelm.feed.catalog import CATALOG, COUNTERS, Catalog
from reelm.feed.catalog.keeper import CatalogKeeper
from reelm.feed.catalog.snapshots import bases
from reelm.feed.catalog.store import AnotherWriterError
from reelm.kit.blobs import LocalBlobStore
from reelm.kit.clock import SystemClock
from reelm.kit.database import Database
from reelm.kit.ids import SystemIds
from reelm.kit.listen import Listener
from reelm.ledger.service import LedgerService


@asynccontextmanager
async def keeping(realm, folder: Path, base_seconds: float = 600.0):
    """A keeper at work beside the realm's own, which has another folder."""
    settings, clock = realm.settings, SystemClock()
    database = await Database.open(settings.database, "reelm_indexer", size=2)
    listener = Listener(settings.database, "reelm_indexer")
    ledger = LedgerService(database, LocalBlobStore(settings.blobs), clock, SystemIds(clock))
    keeper = CatalogKeeper(folder, database, listener, ledger, "0" * 64, clock, base_seconds=base_seconds)
    await listener.start()
    task = asyncio.ensure_future(keeper.run())
    try:
        yield keeper, Catalog(folder / CATALOG), task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await listener.stop()
        await database.close()


async def public(admin):
    return {
        row["id"]: row
        for row in await admin.fetch(
            "SELECT c.id, c.author_id, k.* FROM clips c JOIN clip_counters k ON k.clip_id = c.id "
            "WHERE c.audience = 'everyone' AND c.status = 'ready' AND c.published_at IS NOT NULL"
        )
    }


async def test_everything_public_is_in_it_and_stays_level_over_restarts(realm, admin, sign_up, tmp_path):
    author = await sign_up()
    clips = [uuid.UUID(await put_clip(admin, author.id, f"kept {n}")) for n in range(5)]

    async def is_level():
        told = await public(admin)
        if int(catalog.column("alive").sum()) != len(told):
            return False
        rows = catalog.rows(told)
        values = {name: catalog.column(name)[rows].tolist() for name in COUNTERS}
        return all(
            row >= 0
            and catalog.author_id(row) == one["author_id"]
            and all(values[name][n] == one[name] for name in COUNTERS)
            for n, (row, one) in enumerate(zip(rows.tolist(), told.values(), strict=True))
        )

    async with keeping(realm, tmp_path) as (_, catalog, _task):
        await eventually(is_level)
        generation = catalog.generation
    await admin.execute("DELETE FROM clips WHERE id = $1", clips[0])
    await admin.execute("UPDATE clips SET audience = 'friends' WHERE id = $1", clips[1])
    await admin.execute("UPDATE clip_counters SET views = 77 WHERE clip_id = $1", clips[2])
    await put_clip(admin, author.id, "meanwhile")
    assert catalog.row(clips[0]) >= 0, "nobody follows"
    async with keeping(realm, tmp_path):
        await eventually(is_level)
        assert catalog.generation == generation
        assert catalog.rows(clips[:2]).tolist() == [-1, -1]
        assert catalog.column("views")[catalog.row(clips[2])] == 77


async def test_notifications_that_were_missed_cost_nothing(realm, admin, sign_up, tmp_path):
    author = await sign_up()
    clip = uuid.UUID(await put_clip(admin, author.id, "missed"))
    async with keeping(realm, tmp_path) as (keeper, catalog, _):

        async def known():
            return catalog.row(clip) >= 0

        await eventually(known)
        dropped = keeper.clip_changed
        keeper._listener._callbacks["catalog"].clear()
        await admin.execute("DELETE FROM clips WHERE id = $1", clip)
        for pid in await admin.fetch(
            "SELECT pid FROM pg_stat_activity WHERE usename = 'reelm_indexer' AND application_name = 'reelm listener'"
        ):
            await admin.execute("SELECT pg_terminate_backend($1)", pid["pid"])

        async def gone():
            return catalog.row(clip) == -1

        await eventually(gone)
        keeper._listener.on("catalog", dropped)
        keeper.clip_changed("no id at all")


async def test_a_second_keeper_waits_its_turn(realm, tmp_path):
    async with keeping(realm, tmp_path) as (_, catalog, _first):

        async def begun():
            return catalog.begin().seq

        await eventually(begun)
        async with keeping(realm, tmp_path) as (_, _, second):
            with pytest.raises(AnotherWriterError):
                await second


async def said(admin):
    rows = await admin.fetch(
        "SELECT body FROM ledger_entries WHERE kind = 'feed.snapshot' AND refused IS NULL ORDER BY number"
    )
    return [json.loads(row["body"]) for row in rows]


async def test_bases_are_said_in_the_ledger_and_handed_out(realm, admin, sign_up, tmp_path):
    author = await sign_up()
    before = len(await said(admin))
    feed = tmp_path / "data" / "feed"
    async with keeping(realm, feed, base_seconds=0.5) as (_, catalog, _task):
        await put_clip(admin, author.id, "in a base")

        async def told():
            return (await said(admin))[before:]

        first = (await eventually(told))[0]
        assert first["generation"] == catalog.generation.hex()
        for number in range(2):
            had = len(await said(admin))
            await put_clip(admin, author.id, f"in base {number}")

            async def more(had=had):
                return len(await said(admin)) > had

            await eventually(more)
    own = feed / "snapshots" / catalog.generation.hex()
    entries = {one["seq"]: one["digest"] for one in (await said(admin))[before:]}
    kept = {}
    for path in bases(own):
        state, _, digest = read_base(path)
        kept[state.seq] = digest.hex()
        again = replay(own, state.seq)
        assert (again.alive, again.columns, again.lists) == (state.alive, state.columns, state.lists)
    assert entries.items() <= kept.items()
    command = [sys.executable, "-m", "reelm", "feed", "snapshots", str(tmp_path / "out"), "--data"]
    span = ["--from", "2020-01-01", "--to", "2099-01-01T12:00"]
    handed = await asyncio.to_thread(
        subprocess.run,
        [*command, str(tmp_path / "data"), *span, "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(handed.stdout)["bases"] == len(kept)
    assert read_base(bases(tmp_path / "out" / own.name)[-1])[2].hex() == kept[max(kept)]
    again = await asyncio.to_thread(
        subprocess.run, [*command, str(tmp_path / "data"), *span], capture_output=True, text=True, check=False
    )
    assert again.returncode == 1
    assert "holds something already" in again.stderr


async def test_a_base_that_was_written_and_not_said_is_said_at_the_next_time(
    realm, admin, tmp_path, monkeypatch
):
    async def dies(*_):
        raise asyncpg.PostgresConnectionError

    before = len(await said(admin))
    async with keeping(realm, tmp_path, base_seconds=0.4) as (keeper, catalog, _):
        monkeypatch.setattr(keeper, "_say", dies)

        async def written():
            own = tmp_path / "snapshots" / catalog.generation.hex()
            return own.is_dir() and bases(own)

        [base] = await eventually(written)
        assert len(await said(admin)) == before
    async with keeping(realm, tmp_path, base_seconds=0.4):

        async def told():
            return (await said(admin))[before:]

        assert (await eventually(told))[0]["digest"] == read_base(base)[2].hex()
