"""What lies at a site, by data class, measured; and the statement of it that the site's signer signs each day.

Software can't prove where a disk is. The signer says so, with a key of their own, in the public ledger.
"""

import asyncio
import base64
import datetime as dt
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import msgspec
import structlog

from reelm.kit.clock import Clock
from reelm.kit.database import Database
from reelm.ledger.service import LedgerService
from reelm.ledger.service import entries as kinds
from reelm.realm import charter, deployment, sites, succession
from reelm.realm.charter import KeyholderKeyError
from reelm.realm.repository import RealmReader
from reelm.realm.schemas import Site
from reelm.realm.service import RealmService
from reelm.settings import Settings
from reelm_audit.entries import to_sign
from reelm_audit.tlog.note import Ed25519Signer, Verifier

# What a folder below the data holds; what isn't named here is the realm's own working.
_CLASS_OF_FOLDER = {
    "blobs/public": "public",
    "blobs/avatars": "public",
    "blobs/ledger": "public",
    "blobs/leaving": "public",
    "blobs": "private",
    "scratch": "private",
    "feed": "derived",
}
_ELSEWHERE = ("postgres",)  # counted by column
_BACKUP_CLASSES = {
    "blobs/public": "public",
    "blobs/avatars": "public",
    "blobs/ledger": "public",
    "": "private",
}
BACKED_UP = "backed-up.json"
_ASKED, _SHOWN = 3600.0, 50
_log = structlog.get_logger("reelm.sites")


class BackedUp(msgspec.Struct, frozen=True):
    """What the last backup left at its site."""

    site: str
    held: dict[str, int]


class SiteTeller:
    """States once a day what lies at each site whose signer's key is beside the data."""

    def __init__(
        self, settings: Settings, realm: RealmService, database: Database, ledger: LedgerService, clock: Clock
    ) -> None:
        self._settings = settings
        self._realm = realm
        self._database = database
        self._ledger = ledger
        self._clock = clock

    async def run(self) -> None:
        """State what is due, now and each hour; what goes wrong is said and tried again."""
        while True:
            try:
                await self.state_what_is_due()
            except Exception as error:  # noqa: BLE001 - a statement that fails must not stop the ledger
                _log.warning("sites.not_stated", reason=str(error) or type(error).__name__)
            await asyncio.sleep(_ASKED)

    async def state_what_is_due(self) -> list[str]:
        """State for each site of which nothing was stated today; return their names."""
        today = self._clock.now().date()
        stated = await self._stated_on(today)
        told = []
        for site, held in await self._held():
            key = self._key_of(site)
            if key is None or site.site in stated:
                continue
            async with self._database.transaction() as uow:
                await self._ledger.append(uow, self._entry(site, held, key))
            told.append(site.site)
        return told

    async def _stated_on(self, day: dt.date) -> set[str]:
        lines = (await self._ledger.page("site.stated", _SHOWN, None)).items
        async with self._database.transaction() as uow:
            last = await self._ledger.last(uow, kinds.SiteStated)  # it may still wait for its place
        found = [(line.entry["site"], line.entry["at"]) for line in lines]
        found += [(last.site, last.at)] if last else []
        return {site for site, at in found if at[:10] == day.isoformat()}

    async def _held(self) -> list[tuple[Site, Mapping[str, int]]]:
        document, settings = self._realm.document, self._settings
        named = {site.site: site for site in document.storage}
        here = await self._held_here()
        found: dict[str, Counter[str]] = {sites.site_here(document, settings): here}
        backed = backed_up(settings)
        if backed is not None:
            found.setdefault(backed.site, Counter()).update(backed.held)
        return [(named[name], held) for name, held in found.items() if name in named]

    async def _held_here(self) -> Counter[str]:
        run = self._settings.data / "run"
        data_map = msgspec.json.decode(await asyncio.to_thread(deployment.read_data_map, run))
        classes = {
            (table["name"], column["name"]): column["class"]
            for table in data_map["tables"]
            for column in table["columns"]
        }
        async with self._database.transaction() as uow:
            columns = await RealmReader(uow).list_held_bytes()
        held: Counter[str] = Counter()
        for table, column, size in columns:
            held[classes.get((table, column), "operational")] += size
        return held + await asyncio.to_thread(held_in_files, self._settings.data)

    def _key_of(self, site: Site) -> Ed25519Signer | None:
        """The site's signer's key, where it lies beside the data and is the one that the charter names."""
        path = succession.site_key_path(self._settings.data, site.site)
        try:
            named = Verifier.from_vkey(site.signer)
            key = charter.read_key(path, named.name)
        except (ValueError, KeyholderKeyError):
            return None
        return key if key.public_key == named.public_key else None

    def _entry(self, site: Site, held: Mapping[str, int], key: Ed25519Signer) -> kinds.SiteStated:
        said: dict[str, Any] = {
            "at": kinds.minute(self._clock.now()),
            "charter": self._realm.charter_digest,
            "site": site.site,
            "country": site.country,
            "purposes": site.purposes or ["primary", "backup", "kms"],
            "held": [
                kinds.SiteBytes(cast("kinds.DataClassName", name), size)
                for name, size in sorted(held.items())
                if size
            ],
            "signer": key.vkey,
        }
        unsigned = kinds.SiteStated(**said, signature="")
        signature = key.sign(to_sign(msgspec.to_builtins(unsigned)))
        return kinds.SiteStated(**said, signature=base64.b64encode(signature).decode())


def held_in_files(data: Path) -> Counter[str]:
    """Count the bytes of the realm's files by data class, without the database's own."""
    held: Counter[str] = Counter()
    for folder, size in _sizes(data, _ELSEWHERE):
        held[_class_of(folder, _CLASS_OF_FOLDER, "operational")] += size
    return held


def note_backup(settings: Settings, site: str, target: Path) -> BackedUp:
    """Measure what lies in a backup's folder, for the next statement of its site."""
    held: Counter[str] = Counter()
    for folder, size in _sizes(target, ()):
        held[_class_of(folder, _BACKUP_CLASSES, "private")] += size
    noted = BackedUp(site, dict(held))
    charter.write_whole(settings.data / "charter" / BACKED_UP, msgspec.json.encode(noted))
    return noted


def backed_up(settings: Settings) -> BackedUp | None:
    """Return what the last backup left at its site."""
    path = settings.data / "charter" / BACKED_UP
    return msgspec.json.decode(path.read_bytes(), type=BackedUp) if path.exists() else None


def _class_of(folder: str, classes: Mapping[str, str], otherwise: str) -> str:
    """Return the class of the longest name that the folder lies under."""
    under = [name for name in classes if folder == name or folder.startswith(f"{name}/") or not name]
    return classes[max(under, key=len)] if under else otherwise


def _sizes(root: Path, left_out: tuple[str, ...]) -> Iterator[tuple[str, int]]:
    """Yield each folder below `root` with the bytes of its own files; what goes meanwhile is not counted."""
    for folder, folders, names in os.walk(root):
        relative = Path(folder).relative_to(root).as_posix()
        if relative == ".":
            folders[:] = [name for name in folders if name not in left_out]
        size = 0
        for name in names:
            try:
                size += Path(folder, name).lstat().st_size
            except FileNotFoundError:
                continue
        yield ("" if relative == "." else relative), size
