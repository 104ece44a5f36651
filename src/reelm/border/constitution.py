"""What the border goes by: of the charter in force, read anew whenever its file changes."""

from functools import cached_property
from pathlib import Path

from reelm.realm.service import PolicyError, PolicySet, RealmDocumentError, RealmService
from reelm.settings import Settings
from reelm_audit.tlog import policy as witness_policies


class Terms:
    """One charter, as the border reads it."""

    def __init__(self, realm: RealmService, settings: Settings) -> None:
        self.digest = realm.charter_digest
        self.realm = realm.document.realm
        self.network = realm.document.network
        self.ids = realm.document.ids.rstrip("/") or f"{settings.web.origin}/ap"
        self.document = realm.document

    @cached_property
    def policy(self) -> PolicySet | None:
        """The border's policies; None where there are none, or none that can be used: then nothing passes."""
        if not self.document.borders:
            return None
        try:
            return PolicySet(self.document.borders)
        except PolicyError:
            return None

    @cached_property
    def witnesses(self) -> frozenset[str]:
        """The addresses of the witnesses that the charter names."""
        told = self.document.witness_policies
        found = (each for text in (told.release, told.public) for each in _named(text))
        return frozenset(url.rstrip("/") for url in found)


def _named(text: str) -> list[str]:
    try:
        return [witness.url for witness in witness_policies.parse(text).witnesses if witness.url]
    except witness_policies.PolicyError:
        return []


class Constitution:
    """The charter's terms, now."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._path: Path = settings.data / "realm.json"
        self._read: tuple[tuple[int, int], Terms] | None = None

    def now(self) -> Terms:
        """Raises `RealmDocumentError` where there is no charter that can be read."""
        try:
            about = self._path.stat()
        except OSError as error:
            raise RealmDocumentError(f"{self._path}: {error.strerror}") from error
        mark = (about.st_mtime_ns, about.st_ino)
        if self._read is None or self._read[0] != mark:
            self._read = mark, Terms(RealmService.load(self._settings), self._settings)
        return self._read[1]
