"""Makes the public lists of each epoch: a part of the indexer.

Nothing is made where the catalog has not changed since the last lists: those stay in force, and a realm where nothing
happens writes nothing. The ledger has an entry before anyone can be given a list that it commits to.
"""

import asyncio
from itertools import product
from pathlib import Path

import structlog
from msgspec import structs

from reelm.feed.adjustments.book import AdjustmentsBook, UndeclaredError
from reelm.feed.catalog import CATALOG, Catalog
from reelm.feed.lists.making import AGE_BANDS, EPOCH_SECONDS, EVERYWHERE, ListMaker, ListName, Made
from reelm.feed.lists.shelf import InForce, Shelf
from reelm.feed.pipeline.backdrop import Backdrop
from reelm.feed.pipeline.model import RankerInForce
from reelm.kit.clock import Clock
from reelm.kit.database import Database
from reelm.kit.errors import ReelmError
from reelm.ledger.service import LedgerService, entries
from reelm.realm.service import RealmService

_log = structlog.get_logger("reelm.lists")
LISTS = "lists"
_LOOK_SECONDS = 5.0


def scopes(realm: RealmService) -> list[tuple[str, str, str]]:
    """Return the language, jurisdiction and age band of every list that this realm has."""
    document = realm.document
    jurisdictions = [*document.countries, EVERYWHERE]
    return list(product(document.edition.languages, dict.fromkeys(jurisdictions), AGE_BANDS))


class PublicLists:
    """Keeps the shelf up to date."""

    def __init__(
        self,
        folder: Path,
        database: Database,
        ledger: LedgerService,
        book: AdjustmentsBook,
        realm: RealmService,
        clock: Clock,
    ) -> None:
        self._book = book
        self._catalog = Catalog(folder / CATALOG)
        self._shelf = Shelf(folder / LISTS)
        self._ranker = RankerInForce(folder / "models")
        self._backdrop = Backdrop(self._catalog)
        self._database = database
        self._ledger = ledger
        self._realm = realm
        self._clock = clock

    async def run(self) -> None:
        """Make the lists of every epoch until cancelled."""
        while True:
            try:
                await self.turn()
            except (ReelmError, OSError) as error:
                _log.warning("lists.wait", error=type(error).__name__)
            await asyncio.sleep(_LOOK_SECONDS)

    async def turn(self) -> bool:
        """Make the lists of the present epoch, if there are none and something changed; say whether it did."""
        now = int(self._clock.now().timestamp())
        epoch, known = now // EPOCH_SECONDS, self._shelf.in_force()
        if (known is not None and known.epoch >= epoch) or not len(self._catalog.list("newest")):
            return False
        await self._look_at_adjustments()
        mark = self._catalog.begin()
        made_on = InForce(epoch, mark.generation.hex(), mark.seq, self._book.root.hex())
        if known is not None and structs.replace(made_on, epoch=known.epoch) == known:
            return False
        document = self._shelf.document(epoch)
        if document is None:
            document = self._shelf.put(epoch, await self._make(epoch))
        await self._say(epoch, document)
        self._shelf.enforce(made_on)
        await asyncio.to_thread(self._shelf.thin, now)
        return True

    async def _look_at_adjustments(self) -> None:
        """Take up what is declared now; where that can't be proved, what was proved before stays."""
        try:
            await self._book.load()
        except UndeclaredError as error:
            _log.error("lists.adjustments_refused", reason=str(error))

    async def _make(self, epoch: int) -> list[Made]:
        await asyncio.to_thread(self._backdrop.renew)
        maker = ListMaker(
            self._catalog, self._backdrop, self._ranker.look(), self._book.root, self._book.entries
        )
        made = []
        for language, jurisdiction, age_band in scopes(self._realm):
            # One at a time, so that whatever else this process does gets its turn.
            made.append(
                await asyncio.to_thread(maker.make, ListName(language, jurisdiction, age_band, epoch))
            )
        _log.info("lists.made", epoch=epoch, lists=len(made))
        return made

    async def _say(self, epoch: int, document: bytes) -> None:
        digest = await self._ledger.publish_document(document)
        async with self._database.transaction() as uow:
            last = await self._ledger.last(uow, entries.FeedLists)
            if last is not None and last.epoch == epoch and last.document == digest:
                return
            said = entries.FeedLists(
                at=entries.minute(self._clock.now()),
                charter=self._realm.charter_digest,
                epoch=epoch,
                document=digest,
            )
            await self._ledger.append(uow, said)
