"""This machine held against the sites of the charter: what isn't named is refused, with a sentence."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.factories.charters import DEFAULT, realm_document

from reelm.entrypoints import charter
from reelm.entrypoints.folder import StartError
from reelm.realm import sites
from reelm.realm.schemas import RealmDocument, Site
from reelm.settings import DatabaseSettings, Settings, from_environment

HERE = Path("/srv/reelm")


def settings(data: Path = HERE, database: str = "", **said: str) -> Settings:
    environment = {f"REELM_{name.upper()}": value for name, value in said.items()}
    at = DatabaseSettings.from_url(database, {}) if database else None
    return from_environment(data, database=at, environment=environment)


def named(*storage: Site) -> RealmDocument:
    return realm_document(storage=list(storage))


def test_a_realm_that_was_told_nothing_is_at_its_only_site() -> None:
    assert sites.check(realm_document(), settings()) == []
    assert sites.check(named(Site("us-1", "US")), settings()) == []
    assert sites.site_here(named(Site("us-1", "US")), settings()) == "us-1"


def test_of_several_sites_one_has_to_be_set() -> None:
    both = named(Site("us-1", "US"), Site("us-2", "US"))
    assert sites.check(both, settings()) == [
        "This machine is set to be at site 'this machine', which the charter doesn't name for the data itself."
    ]
    assert sites.check(both, settings(site="us-2")) == []


@pytest.mark.parametrize("purposes", [["backup"], ["cdn"], ["kms"]])
def test_a_site_for_something_else_is_none_for_the_data(purposes: Any) -> None:
    two = named(Site("us-1", "US"), Site("us-2", "US", purposes))
    assert len(sites.check(two, settings(site="us-2"))) == 1


def test_a_folder_elsewhere_is_refused() -> None:
    at = named(Site("us-1", "US", where=["/srv"]))
    assert sites.check(at, settings()) == []
    assert sites.check(at, settings(Path("/srvother/reelm"))) == [
        "The charter says where site 'us-1' keeps its data, and /srvother/reelm isn't there."
    ]


def test_a_link_out_of_the_site_is_followed(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "away").mkdir()
    (tmp_path / "here" / "data").symlink_to(tmp_path / "away")
    at = named(Site("us-1", "US", where=[str(tmp_path / "here")]))
    assert len(sites.check(at, settings(tmp_path / "here" / "data"))) == 1


@pytest.mark.parametrize(
    ("database", "refused"),
    [
        ("postgresql://a:b@127.0.0.1:5432/reelm", False),
        ("postgresql://a:b@db.us.test:5432/reelm", False),
        ("postgresql://a:b@db.us.test:5433/reelm", True),
        ("postgresql://a:b@db.us.test.elsewhere.test:5432/reelm", True),
        ("postgresql://a:b@db.elsewhere.test/reelm", True),
    ],
)
def test_a_database_elsewhere_is_refused(database: str, refused: bool) -> None:
    at = named(Site("us-1", "US", where=["postgresql://db.us.test:5432"]))
    found = sites.check(at, settings(database=database))
    assert bool(found) == refused
    assert all("The database is at db." in sentence for sentence in found)


@pytest.mark.parametrize(
    ("url", "refused"),
    [
        ("https://cdn.test/us", False),
        ("https://cdn.test/us/media", False),
        ("https://cdn.test/usa", True),
        ("http://cdn.test/us", True),
        ("https://cdn.test.elsewhere.test/us", True),
        ("https://cdn.test@elsewhere.test/us", True),
    ],
)
def test_a_cdn_that_is_not_named_is_refused(url: str, refused: bool) -> None:
    at = named(Site("us-1", "US"), Site("cdn", "US", ["cdn"], where=["https://cdn.test/us"]))
    assert bool(sites.check(at, settings(cdn_url=url, site="us-1"))) == refused
    assert sites.check(named(Site("us-1", where=[url])), settings(HERE, cdn_url=url)), (
        "a site for all but that"
    )


def test_a_backup_goes_only_where_the_charter_says() -> None:
    at = named(Site("us-1", "US", ["primary"]), Site("vault", "US", ["backup"], where=["/mnt/vault"]))
    assert sites.check_backup(at, settings(), Path("/mnt/vault/reelm")) == []
    assert sites.check_backup(at, settings(), Path("/mnt/other")) == [
        "The charter says where site 'vault' keeps its data, and /mnt/other isn't there."
    ]
    assert sites.check_backup(at, settings(backup_site="us-1"), Path("/mnt/vault")) == [
        "Backups are set to go to site 'us-1', which the charter doesn't name for backups."
    ]
    assert sites.check(at, settings(backup_site="moon")) != []
    alone = named(Site("us-1", "US", ["primary"]))
    assert sites.check(alone, settings()) == []
    assert sites.check_backup(alone, settings(), HERE / "backups") != []


def test_no_realm_starts_at_a_site_that_is_not_named(tmp_path: Path) -> None:
    charter.prepare(settings(tmp_path))
    with pytest.raises(StartError, match="set to be at site 'moon'") as refused:
        charter.prepare(settings(tmp_path, site="moon"))
    assert "reelm charter propose" in refused.value.hint


def test_the_default_realm_is_at_this_machine(tmp_path: Path) -> None:
    document = msgspec.json.decode(DEFAULT.read_bytes(), type=RealmDocument)
    assert sites.site_here(document, settings()) == sites.DEFAULT_SITE
