"""Decisions about the realm: its document, read once at start, and what follows from it."""

import asyncio
import datetime as dt
import hashlib
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path

import msgspec

from reelm.kit.errors import OverloadedError
from reelm.ledger.service import LedgerService
from reelm.realm import charter, deployment
from reelm.realm.network import (
    Directory,
    KnownCharter,
    LivesElsewhereError,
    check_residence,
    contradictions,
    directory_of,
)
from reelm.realm.policy import Context, PolicyError, PolicySet, Verdict, decide
from reelm.realm.schemas import Check, DataMap, Limits, RealmDocument, RealmInfo
from reelm.settings import Settings

__all__ = [
    "Context",
    "Directory",
    "KnownCharter",
    "LivesElsewhereError",
    "PolicyError",
    "PolicySet",
    "RealmService",
    "Verdict",
    "age",
    "age_band",
    "check_residence",
    "contradictions",
    "decide",
    "directory_of",
]

CAPTION_CHARS = 2200
PASSWORD_CHARS = 8
COMMENT_CHARS = 500


class RealmDocumentError(ValueError):
    """`realm.json` can't be read; the message says where."""


class DataMapMissingError(OverloadedError):
    """The data map is written by the migration at every start, and it is not there."""

    code = "realm.data_map_missing"
    title = "The data map isn't ready yet. Please try again in a moment."


class RealmService:
    """What this realm is, and the rules that follow from it."""

    def __init__(self, document: RealmDocument, settings: Settings) -> None:
        self.document = document
        self._settings = settings
        self.charter_document = charter.document_of(document)
        self.charter_digest = charter.digest_of(document)

    @classmethod
    def load(cls, settings: Settings) -> "RealmService":
        """Read `realm.json`, writing the defaults first where there is none.

        Raises `RealmDocumentError`.
        """
        path = settings.data / "realm.json"
        if not path.exists():
            write_default(path)
        try:
            document = msgspec.json.decode(path.read_bytes(), type=RealmDocument)
        except msgspec.MsgspecError as error:
            raise RealmDocumentError(f"{path}: {error}") from error
        return cls(document, settings)

    @staticmethod
    def default() -> RealmDocument:
        """Return the document that a realm begins with."""
        text = files("reelm.realm").joinpath("default.json").read_bytes()
        return msgspec.json.decode(text, type=RealmDocument)

    def charter_signatures(self, keyholders: Iterable[str] | None = None) -> list[charter.CharterSignature]:
        """Return these keyholders' (by default its own) signatures over the charter, as far as they are here."""
        return charter.signatures_of(self._settings.data, self.document, keyholders)

    def info(self, check: Check) -> RealmInfo:
        """Return the public page about the realm; `check` is what the ledger knows of its witnesses."""
        document, media = self.document, self._settings.media
        return RealmInfo(
            name=document.name,
            realm=document.realm,
            network=document.network,
            edition=document.edition,
            operator=document.operator,
            owners=document.owners,
            storage=document.storage,
            jurisdictions=document.countries,
            minimum_age=document.minimum_age,
            limits=Limits(
                media.upload_bytes, media.clip_seconds, CAPTION_CHARS, COMMENT_CHARS, PASSWORD_CHARS
            ),
            check=check,
            release=self._settings.release,
        )

    async def data_map(self, ledger: LedgerService) -> DataMap:
        """Return what this release keeps about people, with the ledger entry that commits to it.

        Raises `DataMapMissingError` where this process was started without a migration before.
        """
        run = self._settings.data / "run"
        try:
            document = await asyncio.to_thread(deployment.read_data_map, run)
        except FileNotFoundError:
            raise DataMapMissingError(retry_after_seconds=30) from None
        digest = hashlib.sha256(document).hexdigest()
        newest = (await ledger.page("release.deployed", 1, None)).items
        told = next((line.index for line in newest if line.entry.get("data_map") == digest), None)
        where = f"/ledger/document/{digest}.json"
        known = {"digest": digest, "document_url": where, "entry_index": told}
        return msgspec.convert({**msgspec.json.decode(document), **known}, DataMap)

    def admits_age(self, birth_date: dt.date, today: dt.date) -> bool:
        """Say whether a person of that birth date may join."""
        return age(birth_date, today) >= self.document.minimum_age

    def private_at_first(self, birth_date: dt.date, today: dt.date) -> bool:
        """Say whether an account of that birth date begins private."""
        return age(birth_date, today) < self.document.private_below_age

    def language(self, wanted: str) -> str:
        """Return the edition's language that fits `wanted` best; the edition's first otherwise."""
        languages = self.document.edition.languages
        for tag in (wanted, wanted.split("-", maxsplit=1)[0]):
            if tag in languages:
                return tag
        return languages[0]


def write_default(path: Path) -> None:
    """Write the default realm document, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".new")
    temporary.write_bytes(files("reelm.realm").joinpath("default.json").read_bytes())
    temporary.replace(path)


def age(birth_date: dt.date, today: dt.date) -> int:
    """Return completed years. Somebody born on 29 February has their birthday on 1 March in other years."""
    before_birthday = (today.month, today.day) < (birth_date.month, birth_date.day)
    return today.year - birth_date.year - before_birthday


def age_band(birth_date: dt.date, today: dt.date) -> str:
    """Return `under16`, `16to17` or `adult`."""
    years = age(birth_date, today)
    return "under16" if years < 16 else "16to17" if years < 18 else "adult"
