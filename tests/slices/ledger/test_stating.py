"""What lies at a site is measured and stated once a day, by whoever answers for it and by nobody else."""

import base64
import dataclasses
import datetime as dt
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.factories.ledger import OwnLedger, large_entry

from reelm.kit.clock import FixedClock
from reelm.models.everything import metadata
from reelm.models.rooms import TABLES_OF
from reelm.realm import charter, datamap, deployment, stating, succession
from reelm.realm.service import RealmService
from reelm.realm.stating import SiteTeller
from reelm.settings import Settings
from reelm_audit.entries import verify_signature
from reelm_audit.tlog.note import Verifier

DAY = dt.datetime(2026, 11, 22, 23, 50, tzinfo=dt.UTC)


@pytest.fixture
def place(ledger: OwnLedger, tmp_path: Path) -> Settings:
    """A folder of a realm that has its charter, its keys and its data map."""
    settings = dataclasses.replace(ledger.settings, data=tmp_path)
    realm = RealmService.load(settings).document
    succession.prepare(tmp_path)
    (tmp_path / "run").mkdir()
    deployment.write(tmp_path / "run", "0", datamap.document(metadata.sorted_tables, TABLES_OF, realm))
    return settings


def teller(ledger: OwnLedger, settings: Settings, at: dt.datetime) -> SiteTeller:
    service = ledger.service(database=ledger.database)
    return SiteTeller(settings, RealmService.load(settings), ledger.database, service, FixedClock(at))


async def stated(ledger: OwnLedger) -> list[dict[str, Any]]:
    async with ledger.database.transaction() as uow:
        rows = await uow.fetch("SELECT body FROM ledger_entries WHERE kind = 'site.stated' ORDER BY number")
    return [msgspec.json.decode(row["body"]) for row in rows]


async def test_a_site_is_stated_once_a_day_by_its_signer(ledger: OwnLedger, place: Settings) -> None:
    assert await teller(ledger, place, DAY).state_what_is_due() == ["this machine"]
    assert await teller(ledger, place, DAY + dt.timedelta(minutes=5)).state_what_is_due() == []
    assert await teller(ledger, place, DAY + dt.timedelta(minutes=15)).state_what_is_due() == ["this machine"]
    first, second = await stated(ledger)
    assert (first["at"], second["at"]) == ("2026-11-22T23:50Z", "2026-11-23T00:05Z")
    signer = RealmService.load(place).document.storage[0].signer
    for entry in (first, second):
        assert entry["signer"] == signer
        verify_signature(entry, Verifier.from_vkey(signer).public_key)


async def test_a_key_that_was_moved_away_states_nothing(ledger: OwnLedger, place: Settings) -> None:
    succession.site_key_path(place.data, "this machine").unlink()
    assert await teller(ledger, place, DAY).state_what_is_due() == []


async def test_another_key_in_its_place_states_nothing(ledger: OwnLedger, place: Settings) -> None:
    succession.site_key_path(place.data, "this machine").write_bytes(base64.b64encode(bytes(32)))
    assert await teller(ledger, place, DAY).state_what_is_due() == []


async def test_every_table_is_counted_and_its_columns_share_it_by_their_widths(ledger: OwnLedger) -> None:
    async with ledger.as_web.transaction() as uow:
        await ledger.service().append_many(uow, [large_entry(number) for number in range(300)])
    async with ledger.database.transaction() as uow:
        whole = await uow.fetch_value(
            "SELECT sum(pg_total_relation_size(c.oid))::bigint FROM pg_class c WHERE c.relkind = 'r' AND "
            "c.relnamespace = 'public'::regnamespace"
        )
        rows = await uow.fetch("SELECT * FROM reelm.held_bytes()")
    assert sum(row["bytes"] for row in rows) == pytest.approx(whole, rel=0.001)
    assert {row["held_table"] for row in rows} >= {table.name for table in metadata.sorted_tables}
    held = {row["held_column"]: row["bytes"] for row in rows if row["held_table"] == "ledger_entries"}
    assert set(held) == {column.name for column in metadata.tables["ledger_entries"].columns}
    assert held["body"] > 0.8 * sum(held.values())


def test_files_are_counted_by_what_their_folder_holds(tmp_path: Path) -> None:
    sizes = {
        "blobs/public/c/a.mp4": 1000,
        "blobs/sealed/c/original": 200,
        "blobs/uploads/u": 30,
        "feed/catalog": 4,
        "postgres/base/1": 10_000,
        "keys/store.sqlite": 5,
        "realm.json": 6,
    }
    for name, size in sizes.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(bytes(size))
    assert stating.held_in_files(tmp_path) == {
        "public": 1000,
        "private": 230,
        "derived": 4,
        "operational": 11,
    }


async def test_a_backups_site_is_stated_with_what_the_last_backup_left(
    ledger: OwnLedger, place: Settings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    realm = RealmService.load(place).document
    vault = msgspec.structs.replace(realm.storage[0], site="vault", purposes=["backup"], signer="")
    vault = msgspec.structs.replace(
        vault,
        signer=charter.read_or_make_key(succession.site_key_path(place.data, "vault"), "site-vault").vkey,
    )
    charter.write_document(place.data, msgspec.structs.replace(realm, storage=[*realm.storage, vault]))
    succession.prepare(place.data)
    target = tmp_path_factory.mktemp("vault")
    (target / "blobs" / "public").mkdir(parents=True)
    (target / "blobs" / "public" / "a").write_bytes(bytes(70))
    (target / "20261122" / "people").mkdir(parents=True)
    (target / "20261122" / "people" / "a").write_bytes(bytes(8))
    stating.note_backup(place, "vault", target)
    assert await teller(ledger, place, DAY).state_what_is_due() == ["this machine", "vault"]
    entry = (await stated(ledger))[-1]
    assert (entry["site"], entry["purposes"]) == ("vault", ["backup"])
    assert entry["held"] == [{"data_class": "private", "bytes": 8}, {"data_class": "public", "bytes": 70}]
