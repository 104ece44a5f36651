"""Giving public lists out: which one is whose, its bytes, and the clips of it that a viewer may see."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import msgspec

from reelm.accounts.service import Visitor
from reelm.feed.lists.keeper import LISTS
from reelm.feed.lists.making import AGE_BANDS, EVERYWHERE, ListName
from reelm.feed.lists.shelf import Shelf
from reelm.feed.service import FeedService
from reelm.kit.database import UnitOfWork
from reelm.kit.errors import NotFoundError
from reelm.realm.service import RealmService


class CardsWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Clips to be shown, in their order."""

    clip_ids: list[UUID]


class ListsDesk:
    """Public lists for those who read them; one a process."""

    def __init__(self, folder: Path, feed: FeedService, realm: RealmService) -> None:
        self._shelf = Shelf(folder / LISTS)
        self._feed = feed
        self._realm = realm

    async def current(self, uow: UnitOfWork, guest: Visitor | None, language: str) -> ListName:
        """Return which list is the viewer's at present; its epoch is 0 as long as there is none.

        Of a stranger nothing is known but what they say they speak.
        """
        known = await asyncio.to_thread(self._shelf.in_force)
        jurisdiction, age_band = EVERYWHERE, AGE_BANDS[0]
        if guest is not None:
            ties = (await self._feed.viewers.of(uow, guest, self._feed.catalog.generation)).ties
            language, jurisdiction, age_band = ties.language_name, ties.jurisdiction, ties.age_band
        document = self._realm.document
        languages = document.edition.languages
        return ListName(
            language if language in languages else languages[0],
            jurisdiction if jurisdiction in document.countries else EVERYWHERE,
            age_band if age_band in AGE_BANDS else AGE_BANDS[0],
            known.epoch if known else 0,
        )

    async def read(self, name: ListName, *, receipts: bool = False) -> bytes:
        """Return a list's bytes, the same for everyone, or its receipts'. Raises `NotFoundError`."""
        found = await asyncio.to_thread(self._shelf.find, name, receipts=receipts)
        if found is None:
            raise NotFoundError
        return found

    async def cards(self, uow: UnitOfWork, guest: Visitor | None, ids: Sequence[UUID]) -> bytes:
        """Return as JSON what the viewer may see of these clips, in this order."""
        return await self._feed.cards_of(uow, guest, ids)
