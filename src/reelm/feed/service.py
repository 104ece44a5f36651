"""Decisions of the feed: what comes next, and taking in what was watched.

The only file of this room that others import.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated
from uuid import UUID

import msgspec

from reelm.accounts.service import Visitor
from reelm.clips.service import Clip, ClipsService, ClipViewer
from reelm.feed.cards import CardCache
from reelm.feed.catalog import Catalog
from reelm.feed.controls.schemas import Controls
from reelm.feed.pages import Pages
from reelm.feed.schemas import EventsStored, FeedName, WatchEvent
from reelm.feed.viewers import Viewers
from reelm.kit.clock import Clock
from reelm.kit.database import Database, UnitOfWork
from reelm.kit.errors import SignInRequiredError
from reelm.kit.events import EventBus
from reelm.kit.pages import Page, decode_cursor, encode_cursor
from reelm.social.service import SocialService

_SERVED = 100
_SPARE = 5
_SHORT = 6


class LocalCursor(msgspec.Struct, frozen=True, array_like=True):
    """Where Local goes on: the second of the last clip, and the last clips served (six bytes each)."""

    place: int
    served: Annotated[bytes, msgspec.Meta(max_length=_SERVED * _SHORT)]


class FeedService:
    """Feeds. One a process."""

    def __init__(
        self,
        catalog: Catalog,
        cards: CardCache,
        pages: Pages,
        viewers: Viewers,
        social: SocialService,
        clips: ClipsService,
        database: Database,
        clock: Clock,
    ) -> None:
        self.catalog = catalog
        self.cards = cards
        self.viewers = viewers
        self._pages = pages
        self._social = social
        self._clips = clips
        self._database = database
        self._clock = clock

    async def start(self) -> None:
        """Begin what runs in the background."""
        await self._pages.backdrop.start()

    async def stop(self) -> None:
        await self._pages.backdrop.stop()

    def subscribe(self, events: EventBus) -> None:
        """Hear whom people follow and block. Called once, by entrypoints."""
        self.viewers.subscribe(events)

    async def page(
        self, uow: UnitOfWork, guest: Visitor | None, name: FeedName, limit: int, cursor: str | None
    ) -> Page[Clip] | bytes:
        """Return the next page of a feed, as a page or as its JSON. For You and Local need no account.

        Raises `SignInRequiredError` for the others.
        """
        if name == "for-you":
            return await self.for_you(uow, guest, limit, cursor)
        if name == "local":
            return await self._local(uow, guest, limit, cursor)
        if guest is None:
            raise SignInRequiredError
        if name == "following":
            authors = await self._social.followed_ids(uow, guest)
        else:
            authors = await self._social.friend_ids(uow, guest)
        return await self._clips.list_of_authors(uow, guest, authors, limit, cursor)

    async def for_you(self, uow: UnitOfWork, guest: Visitor | None, limit: int, cursor: str | None) -> bytes:
        """Return the next page of For You as JSON, with its receipt's promise."""
        return await self._pages.page(uow, guest, limit, cursor)

    async def taste(self, uow: UnitOfWork, visitor: Visitor) -> tuple[Mapping[int, int], Controls]:
        """Return what the next page will take the visitor's taste to be (key → points), and what they told it."""
        state = await self.viewers.of(uow, visitor, self.catalog.generation)
        tastes = state.tastes(self.catalog)
        return {key: points for table in tastes for key, points in table.as_dict().items()}, state.controls

    async def record(self, uow: UnitOfWork, visitor: Visitor, events: Sequence[WatchEvent]) -> EventsStored:
        """Store a batch. Counters of the clips move with it; the visitor's next page reflects it."""
        return await self.viewers.record(uow, visitor, events)

    async def clip_json(self, clip_id: UUID) -> bytes | None:
        """Return a public clip as the signed-out see it; None if there is no such."""
        if not self.cards.is_warm(clip_id):
            async with self._database.transaction() as uow:
                await self.cards.warm(uow, [clip_id])
        return self.cards.card(clip_id, None)

    async def cards_of(self, uow: UnitOfWork, guest: Visitor | None, ids: Sequence[UUID]) -> bytes:
        """Return as JSON what the viewer may see of public clips, in this order."""
        public = [clip_id for clip_id in ids if self.catalog.row(clip_id) >= 0]
        shown = await self._cards(uow, guest, public)
        return b'{"items":[%b]}' % b",".join(card for _, card in shown)

    # --- Local ------------------------------------------------------------------------------------------

    async def _local(self, uow: UnitOfWork, guest: Visitor | None, limit: int, cursor: str | None) -> bytes:
        """Everything public in this realm, newest first."""
        visit = decode_cursor(cursor, LocalCursor)
        before = visit.place if visit else int(self._clock.now().timestamp()) + 60
        published = self.catalog.column("published")
        served = set(_split(visit.served)) if visit else set()
        rows = [
            row
            for row in self.catalog.list("newest").tolist()
            if published[row] <= before and _short(self.catalog.id_of(row)) not in served
        ]
        chosen = rows[: limit + _SPARE]
        shown = (await self._cards(uow, guest, [self.catalog.id_of(row) for row in chosen]))[:limit]
        cards = [card for _, card in shown]
        if not shown or len(rows) <= len(shown):
            return _as_json(cards, None)
        ids = [clip_id for clip_id, _ in shown]
        place = int(published[self.catalog.row(ids[-1])])
        # Clips of the same second as the last one are told apart by the cursor's memory.
        latest = (visit.served if visit else b"") + b"".join(_short(clip_id) for clip_id in ids)
        return _as_json(cards, encode_cursor(LocalCursor(place, latest[-_SERVED * _SHORT :])))

    async def _cards(
        self, uow: UnitOfWork, guest: Visitor | None, ids: Sequence[UUID]
    ) -> list[tuple[UUID, bytes]]:
        """Return the clips' JSON; what row-level security hides from the viewer is left out."""
        await self.cards.warm(uow, ids)
        if guest is None:
            return [(clip_id, card) for clip_id in ids if (card := self.cards.card(clip_id, None))]
        marks = await self._clips.marks(uow, guest, ids)
        authors = {clip_id: self.catalog.author_id(self.catalog.row(clip_id)) for clip_id in marks}
        ties = await self._social.ties(uow, guest, set(authors.values()) - {guest.person_id})
        found: list[tuple[UUID, bytes]] = []
        for clip_id in ids:
            if clip_id not in marks:
                continue
            author = authors[clip_id]
            follow = ties[author].follow if author in ties else "none"
            viewer = ClipViewer(*marks[clip_id], follow=follow, own=author == guest.person_id)
            card = self.cards.card(clip_id, viewer)
            if card is not None:
                found.append((clip_id, card))
        return found


def _short(clip_id: UUID) -> bytes:
    """Return six bytes that stand for a clip in a cursor (the random end of its id)."""
    return clip_id.bytes[-_SHORT:]


def _split(served: bytes) -> list[bytes]:
    return [served[start : start + _SHORT] for start in range(0, len(served), _SHORT)]


def _as_json(cards: Sequence[bytes], cursor: str | None) -> bytes:
    following = b"null" if cursor is None else b'"%b"' % cursor.encode()
    return b'{"items":[%b],"next_cursor":%b}' % (b",".join(cards), following)
