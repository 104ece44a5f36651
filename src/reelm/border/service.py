"""What rooms ask of the border: that something may cross, and what has crossed.

The only file of this room that others import.
"""

from uuid import UUID

from reelm.border.activity import Document, activity_of, actor_of
from reelm.border.client import BorderClient, Fetched, Found
from reelm.border.console import BorderConsole
from reelm.border.errors import (
    BorderForbiddenError,
    BorderUnavailableError,
    BorderUnreachableError,
    UnknownAddressError,
)
from reelm.border.held import ArrivalDesk
from reelm.border.messages import Said
from reelm.border.network import Directory, LivesElsewhereError, NetworkService
from reelm.border.pushing import PLAIN_BYTES, is_listed
from reelm.border.repository import CrossingRow, NewCrossing, OutboxReader, OutboxWriter, PeerRow
from reelm.border.repository_arrivals import Arrival
from reelm.kit.database import UnitOfWork
from reelm.kit.ids import Ids

__all__ = [
    "PLAIN_BYTES",
    "Arrival",
    "ArrivalDesk",
    "BorderClient",
    "BorderConsole",
    "BorderForbiddenError",
    "BorderOutbox",
    "BorderUnavailableError",
    "BorderUnreachableError",
    "CrossingRow",
    "Directory",
    "Document",
    "Fetched",
    "Found",
    "LivesElsewhereError",
    "NetworkService",
    "PeerRow",
    "Said",
    "UnknownAddressError",
    "activity_of",
    "actor_of",
    "is_listed",
]


class BorderOutbox:
    """Where a room asks for a crossing, in the transaction of the act it tells of."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids

    async def ask(
        self,
        uow: UnitOfWork,
        peer: str,
        act: str,
        object_type: str,
        purpose: str,
        person_id: UUID | None,
        thing_id: UUID | None,
        document: Document,
    ) -> UUID:
        """Ask that `document` goes to `peer`; return the crossing's id.

        The border alone decides whether it goes, and which of its fields: see `activity` for what a document is.
        """
        crossing_id = self._ids.new()
        await OutboxWriter(uow).add(
            NewCrossing(crossing_id, peer, act, object_type, purpose, person_id, thing_id, document)
        )
        return crossing_id

    async def peers(self, uow: UnitOfWork) -> dict[str, PeerRow]:
        """Return the realms this one knows, by name."""
        return {peer.realm: peer for peer in await OutboxReader(uow).list_peers()}

    async def list_own(
        self, uow: UnitOfWork, person_id: UUID, before: int | None, limit: int
    ) -> list[CrossingRow]:
        """Return what of the subject's crossed or shall cross, newest first."""
        return await OutboxReader(uow).list_own(person_id, before, limit)

    async def find_own(self, uow: UnitOfWork, person_id: UUID, crossing_id: UUID) -> CrossingRow | None:
        return await OutboxReader(uow).find_own(person_id, crossing_id)
