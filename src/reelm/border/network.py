"""The network's directory, made from this realm's charter and those of the realms it knows."""

from collections.abc import Iterable
from typing import Any

from reelm.border.repository_network import NetworkReader, PeerCharter
from reelm.kit.database import UnitOfWork
from reelm.realm.service import (
    Directory,
    KnownCharter,
    LivesElsewhereError,
    RealmService,
    check_residence,
    directory_of,
)
from reelm_audit.tlog import canonical

__all__ = ["Directory", "LivesElsewhereError", "NetworkService"]


class NetworkService:
    """Which realms there are, and where a person lives."""

    def __init__(self, realm: RealmService) -> None:
        self._realm = realm
        self._own: dict[str, Any] = canonical.decode(realm.charter_document)

    async def directory(self, uow: UnitOfWork) -> Directory:
        """Return the realms of this network, this one first."""
        return self._directory(await NetworkReader(uow).list_charters())

    async def check_residence(self, uow: UnitOfWork, country: str) -> None:
        """Raise `LivesElsewhereError` unless people of `country` live in this realm.

        A realm without a network and without named countries takes everybody, and is asked nothing.
        """
        if not self._own.get("network") and not self._own.get("jurisdictions"):
            return
        check_residence(await self.directory(uow), country)

    def _directory(self, peers: Iterable[PeerCharter]) -> Directory:
        known = [
            KnownCharter(peer.realm, peer.network, peer.charter, peer.document)
            for peer in peers
            if peer.state != "refused"
        ]
        return directory_of(self._own, self._realm.charter_digest, known)
