"""SQL of the network: other realms' charters, as they were checked, and the realms' comings and goings."""

import datetime as dt
from typing import Any, NamedTuple

from reelm.kit.database import Record, UnitOfWork


class PeerCharter(NamedTuple):
    """What is known of another realm: its charter's document and digest, and the keys it is recognised by."""

    realm: str
    name: str
    network: str
    web: str
    border: str
    vkey: str
    ledger_vkey: str
    charter: str
    document: dict[str, Any]
    state: str
    known_at: dt.datetime


_COLUMNS = ", ".join(PeerCharter._fields)


def _peer(row: Record) -> PeerCharter:
    return PeerCharter(**{name: row[name] for name in PeerCharter._fields})


class NetworkReader:
    """Reads other realms' charters."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def list_charters(self) -> list[PeerCharter]:
        return [_peer(row) for row in await self._uow.fetch(f"SELECT {_COLUMNS} FROM peers ORDER BY realm")]


class NetworkWriter(NetworkReader):
    """Makes realms known and forgets them; the operator's own commands at the machine do this."""

    async def put(self, values: dict[str, Any]) -> None:
        """Make a realm known, or what is known of it new; whether it is exchanged with stays as it was."""
        await self._uow.execute(
            "INSERT INTO peers (realm, name, network, ids, web, border, vkey, ledger_vkey, charter, document) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (realm) DO UPDATE SET "
            "name = excluded.name, network = excluded.network, ids = excluded.ids, web = excluded.web, "
            "border = excluded.border, vkey = excluded.vkey, ledger_vkey = excluded.ledger_vkey, "
            "charter = excluded.charter, document = excluded.document",
            *(values[name] for name in _PUT),
        )

    async def forget(self, realm: str) -> bool:
        """Forget a realm; say whether it was known."""
        return bool(await self._uow.fetch("DELETE FROM peers WHERE realm = $1 RETURNING realm", realm))


_PUT = ("realm", "name", "network", "ids", "web", "border", "vkey", "ledger_vkey", "charter", "document")
