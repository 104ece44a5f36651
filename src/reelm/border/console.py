"""What everybody sees of the border, and what operators do there."""

import datetime as dt
import hashlib
from uuid import UUID

from reelm.border.repository_console import ConsoleReader, ConsoleWriter, PeerLine
from reelm.border.schemas import BorderView, DayView, DeliveryView, Flow, PeerView
from reelm.kit.clock import Clock
from reelm.kit.database import UnitOfWork
from reelm.kit.errors import NotFoundError
from reelm.kit.pages import Page, decode_cursor, encode_cursor
from reelm.ledger.service import LedgerService, entries
from reelm.realm.service import RealmService

SHOWN_DAYS = 30


class BorderConsole:
    """The border's page."""

    def __init__(self, realm: RealmService, ledger: LedgerService, clock: Clock) -> None:
        self._realm = realm
        self._ledger = ledger
        self._clock = clock

    async def view(self, uow: UnitOfWork) -> BorderView:
        """Return what anybody may know."""
        reader = ConsoleReader(uow)
        document = self._realm.document
        since = self._clock.now().date() - dt.timedelta(days=SHOWN_DAYS - 1)
        peers, days = await reader.list_peers(), await reader.list_days(since)
        told = await self._ledger.last(uow, entries.BorderCounted)
        witnessed = (await self._ledger.state()).state == "witnessed"
        return BorderView(
            [_peer(each) for each in peers],
            [DayView(*each) for each in days],
            document.borders,
            hashlib.sha256(document.borders.encode()).hexdigest() if document.borders else "",
            document.border_vkey or (told.border if told else ""),
            "witnessed" if witnessed else "self_declared",
        )

    async def deliveries(
        self, uow: UnitOfWork, state: str, limit: int, cursor: str | None
    ) -> Page[DeliveryView]:
        """List deliveries in a state, newest first. Raises `NotFoundError` for who is no operator."""
        reader = ConsoleReader(uow)
        if not await reader.is_operator():
            raise NotFoundError
        before = decode_cursor(cursor, UUID) if cursor else None
        found = await reader.list_deliveries(state, before, limit + 1)
        more = encode_cursor(found[limit - 1].id) if len(found) > limit else None
        return Page([DeliveryView(*each) for each in found[:limit]], more)

    async def retry(self, uow: UnitOfWork, delivery: UUID) -> None:
        """Let a delivery that was given up be tried again. Raises `NotFoundError`."""
        if not await ConsoleWriter(uow).retry(delivery):
            raise NotFoundError

    async def set_state(self, uow: UnitOfWork, realm: str, state: str) -> None:
        """Say how this realm stands to another. Raises `NotFoundError` for who is no operator, too."""
        if not await ConsoleWriter(uow).set_state(realm, state):
            raise NotFoundError


def _peer(line: PeerLine) -> PeerView:
    return PeerView(
        realm=line.realm,
        name=line.name,
        network=line.network,
        state=line.state,
        web=line.web,
        last_heard_at=line.last_heard_at,
        outwards=Flow(line.out_objects, line.out_bytes),
        inwards=Flow(line.in_objects, line.in_bytes),
        refused=line.refused,
        waiting=line.waiting,
        dead=line.dead,
    )
