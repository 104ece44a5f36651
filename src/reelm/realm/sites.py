"""Where this machine's data lies, held against the sites that the charter names."""

from pathlib import Path
from urllib.parse import urlsplit

from reelm.realm.schemas import RealmDocument, Site, SitePurpose
from reelm.settings import Settings

DEFAULT_SITE = "this machine"
_LOOPBACK = frozenset({"", "localhost", "127.0.0.1", "::1"})


def check(charter: RealmDocument, settings: Settings) -> list[str]:
    """Return a sentence for each place of this machine's data that the charter doesn't name."""
    refusals = []
    name = site_here(charter, settings)
    here = _find(charter, name, "primary")
    if here is None:
        refusals.append(
            f"This machine is set to be at site {name!r}, which the charter doesn't name for the data itself."
        )
    elif not _lies_at(here, settings.data):
        refusals.append(
            f"The charter says where site {name!r} keeps its data, and {settings.data} isn't there."
        )
    if not _database_is_named(charter, settings):
        address = _bare(settings.database.host, settings.database.port)
        refusals.append(f"The database is at {address}, which no site of the charter names.")
    if settings.cdn_url and not _cdn_is_named(charter, settings.cdn_url):
        refusals.append(f"The CDN at {settings.cdn_url} is at no site that the charter names for that.")
    return [*refusals, *_check_backup_site(charter, settings)]


def check_backup(charter: RealmDocument, settings: Settings, target: Path) -> list[str]:
    """Return what keeps a backup from being written to `target`, one sentence each."""
    name = backup_site(charter, settings)
    site = _find(charter, name, "backup")
    if site is None:
        return [_no_backup(name)]
    if not _lies_at(site, target):
        return [f"The charter says where site {name!r} keeps its data, and {target} isn't there."]
    return []


def site_here(charter: RealmDocument, settings: Settings) -> str:
    """Return the site that this machine is at: the one that was set, else the charter's only one."""
    named = [site.site for site in charter.storage if serves(site, "primary")]
    return settings.site or (named[0] if len(named) == 1 else DEFAULT_SITE)


def backup_site(charter: RealmDocument, settings: Settings) -> str:
    """Return the site that backups are written to: the one that was set, else the only one for that, else here."""
    named = [site.site for site in charter.storage if "backup" in site.purposes]
    return settings.backup_site or (named[0] if len(named) == 1 else site_here(charter, settings))


def serves(site: Site, purpose: SitePurpose) -> bool:
    """Whether the charter names the site for this."""
    return purpose in site.purposes or (not site.purposes and purpose != "cdn")


def _check_backup_site(charter: RealmDocument, settings: Settings) -> list[str]:
    name = backup_site(charter, settings)
    if not settings.backup_site or _find(charter, name, "backup") is not None:
        return []
    return [_no_backup(name)]


def _no_backup(name: str) -> str:
    return f"Backups are set to go to site {name!r}, which the charter doesn't name for backups."


def _find(charter: RealmDocument, name: str, purpose: SitePurpose) -> Site | None:
    return next((site for site in charter.storage if site.site == name and serves(site, purpose)), None)


def _lies_at(site: Site, path: Path) -> bool:
    """Whether a folder is below one of the site's; where the charter names none, it is taken at its word."""
    folders = [Path(prefix) for prefix in site.where if prefix.startswith("/")]
    real = path.resolve()
    return not folders or any(folder == real or folder in real.parents for folder in folders)


def _database_is_named(charter: RealmDocument, settings: Settings) -> bool:
    """Whether the database is on this machine, or at an address of a site for the data itself."""
    database = settings.database
    if not database.external or database.host in _LOOPBACK or database.host.startswith("/"):
        return True
    address = f"postgresql://{_bare(database.host, database.port)}/{database.name}"
    named = [prefix for site in charter.storage if serves(site, "primary") for prefix in site.where]
    return any(_begins(address, prefix) for prefix in named)


def _cdn_is_named(charter: RealmDocument, url: str) -> bool:
    named = [prefix for site in charter.storage if serves(site, "cdn") for prefix in site.where]
    return any(_begins(url, prefix) for prefix in named)


def _begins(url: str, prefix: str) -> bool:
    """Whether a URL is below a prefix: the same scheme, host and port, and a path that continues its path."""
    try:
        one, other = urlsplit(url), urlsplit(prefix)
        same = (one.scheme, one.hostname, one.port or None) == (
            other.scheme,
            other.hostname,
            other.port or one.port,
        )
    except ValueError:
        return False
    below = other.path.rstrip("/")
    return (
        bool(other.hostname) and same and (one.path == below or one.path.startswith(f"{below}/") or not below)
    )


def _bare(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
