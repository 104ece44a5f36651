"""Decisions about collections: making, filling, ordering, showing.

The only file of this room that others import.
"""

from collections.abc import Sequence
from uuid import UUID

from msgspec import UNSET

from reelm.accounts.service import AccountsService, PersonCard, Visitor
from reelm.clips.service import Clip, ClipsService
from reelm.collections.errors import (
    CollectionFullError,
    SavedStaysError,
    TitleUnsuitableError,
    TooManyCollectionsError,
)
from reelm.collections.repository import CollectionRow, CollectionsReader, CollectionsWriter, Place
from reelm.collections.schemas import CLIPS_MOST, Collection, CollectionChange, CollectionNew, Kind
from reelm.kit.clock import Clock
from reelm.kit.database import UnitOfWork
from reelm.kit.errors import NotFoundError
from reelm.kit.ids import Ids
from reelm.kit.pages import Page, decode_cursor, encode_cursor

__all__ = ["Collection", "CollectionsService"]

COLLECTIONS_MOST = 100
TITLE_CHARS = 60
_COVERS = 4


class CollectionsService:
    """Collections, as the web process needs them."""

    def __init__(self, accounts: AccountsService, clips: ClipsService, clock: Clock, ids: Ids) -> None:
        self._accounts = accounts
        self._clips = clips
        self._clock = clock
        self._ids = ids

    # --- showing ----------------------------------------------------------------------------------------

    async def get(self, uow: UnitOfWork, guest: Visitor | None, collection_id: UUID) -> Collection:
        """Return a collection. Raises `NotFoundError`."""
        row = await CollectionsReader(uow).find(collection_id)
        shown = await self._show(uow, guest, [row] if row else [], asked=False)
        if not shown:
            raise NotFoundError
        return shown[0]

    async def list_own(self, uow: UnitOfWork, visitor: Visitor, clip_id: UUID | None) -> list[Collection]:
        """Return the visitor's collections, and which of them have the clip that is asked about."""
        rows = await CollectionsReader(uow).list_of(visitor.person_id, clip_id, COLLECTIONS_MOST + 1)
        return await self._show(uow, visitor, rows, asked=clip_id is not None)

    async def list_of_person(self, uow: UnitOfWork, guest: Visitor | None, handle: str) -> list[Collection]:
        """Return what of a person's collections the viewer may see. Raises `NotFoundError`."""
        person = await self._accounts.get_by_handle(uow, handle)
        rows = await CollectionsReader(uow).list_of(person.id, None, COLLECTIONS_MOST + 1)
        return await self._show(uow, guest, rows, asked=False)

    async def list_clips(
        self, uow: UnitOfWork, guest: Visitor | None, collection_id: UUID, limit: int, cursor: str | None
    ) -> Page[Clip]:
        """Page through what the viewer may see of a collection, in its order. Raises `NotFoundError`."""
        reader = CollectionsReader(uow)
        if await reader.find(collection_id) is None:
            raise NotFoundError
        places = await reader.list_clips(collection_id, decode_cursor(cursor, Place), limit + 1)
        clips = await self._clips.hydrate(uow, guest, [place.clip_id for place in places[:limit]])
        return Page(clips, encode_cursor(places[limit - 1]) if len(places) > limit else None)

    async def list_saved(self, uow: UnitOfWork, visitor: Visitor) -> list[UUID]:
        """Return the ids of what the visitor saved, latest first."""
        reader = CollectionsReader(uow)
        saved = await reader.find_saved(visitor.person_id)
        if saved is None:
            return []
        return [place.clip_id for place in await reader.list_clips(saved, None, CLIPS_MOST)]

    async def _show(
        self, uow: UnitOfWork, guest: Visitor | None, rows: Sequence[CollectionRow], *, asked: bool
    ) -> list[Collection]:
        cards = await self._accounts.cards(uow, {row.person_id for row in rows})
        first = {clip_id for row in rows for clip_id in row.first[:_COVERS]}
        clips = await self._clips.hydrate(uow, guest, list(first))
        posters = {clip.id: clip.media.poster_url for clip in clips if clip.media}
        me = guest.person_id if guest else None
        return [
            _collection(row, cards[row.person_id], posters, own=row.person_id == me, asked=asked)
            for row in rows
            if row.person_id in cards
        ]

    # --- changing ---------------------------------------------------------------------------------------

    async def create(self, uow: UnitOfWork, visitor: Visitor, data: CollectionNew) -> Collection:
        """Make a collection. Raises `TitleUnsuitableError`, `TooManyCollectionsError`."""
        title = _clean(data.title)
        writer = CollectionsWriter(uow)
        if await writer.count(visitor.person_id) >= COLLECTIONS_MOST:
            raise TooManyCollectionsError
        made = self._ids.new()
        await writer.add(made, visitor.person_id, "set", title, data.visibility, self._clock.now())
        return await self.get(uow, visitor, made)

    async def change(
        self, uow: UnitOfWork, visitor: Visitor, collection_id: UUID, change: CollectionChange
    ) -> Collection:
        """Rename a collection, or show it to others. Raises `NotFoundError`, `SavedStaysError`."""
        title = None if change.title is UNSET else _clean(change.title)
        writer = CollectionsWriter(uow)
        await self._own_set(writer, visitor, collection_id)
        visibility = None if change.visibility is UNSET else change.visibility
        await writer.change(collection_id, title, visibility, self._clock.now())
        return await self.get(uow, visitor, collection_id)

    async def delete(self, uow: UnitOfWork, visitor: Visitor, collection_id: UUID) -> None:
        """Delete a collection; its clips stay where they are. Raises `NotFoundError`, `SavedStaysError`."""
        writer = CollectionsWriter(uow)
        await self._own_set(writer, visitor, collection_id)
        await writer.remove(collection_id)

    async def add_clip(self, uow: UnitOfWork, visitor: Visitor, collection_id: UUID, clip_id: UUID) -> None:
        """Put a clip first; one that is in it stays where it is. Raises `NotFoundError`, `CollectionFullError`."""
        writer = CollectionsWriter(uow)
        await self._own(writer, visitor, collection_id)
        if await writer.count_clips(collection_id) >= CLIPS_MOST:
            raise CollectionFullError
        if await writer.add_clip(collection_id, visitor.person_id, clip_id):
            await writer.change(collection_id, None, None, self._clock.now())

    async def remove_clip(
        self, uow: UnitOfWork, visitor: Visitor, collection_id: UUID, clip_id: UUID
    ) -> None:
        """Take a clip out; one that isn't in it stays out. Raises `NotFoundError`."""
        writer = CollectionsWriter(uow)
        await self._own(writer, visitor, collection_id)
        if await writer.remove_clip(collection_id, clip_id):
            await writer.change(collection_id, None, None, self._clock.now())

    async def order(
        self, uow: UnitOfWork, visitor: Visitor, collection_id: UUID, clips: Sequence[UUID]
    ) -> None:
        """Put clips in order. Raises `NotFoundError`."""
        writer = CollectionsWriter(uow)
        await self._own(writer, visitor, collection_id)
        await writer.order(collection_id, clips)
        await writer.change(collection_id, None, None, self._clock.now())

    async def save(self, uow: UnitOfWork, visitor: Visitor, clip_id: UUID) -> None:
        """Save a clip for oneself. Raises `NotFoundError`, `CollectionFullError`."""
        writer = CollectionsWriter(uow)
        saved = await writer.find_saved(visitor.person_id)
        if saved is None:
            await writer.add(self._ids.new(), visitor.person_id, "saved", "", "only_me", self._clock.now())
            saved = await writer.find_saved(visitor.person_id)
        if saved is None:
            raise NotFoundError
        await self.add_clip(uow, visitor, saved, clip_id)

    async def unsave(self, uow: UnitOfWork, visitor: Visitor, clip_id: UUID) -> None:
        """No longer save a clip; not having saved it is fine."""
        saved = await CollectionsReader(uow).find_saved(visitor.person_id)
        if saved is not None:
            await self.remove_clip(uow, visitor, saved, clip_id)

    async def _own(self, writer: CollectionsWriter, visitor: Visitor, collection_id: UUID) -> Kind:
        kind = await writer.hold(collection_id, visitor.person_id)
        if kind is None:
            raise NotFoundError
        return kind

    async def _own_set(self, writer: CollectionsWriter, visitor: Visitor, collection_id: UUID) -> None:
        if await self._own(writer, visitor, collection_id) == "saved":
            raise SavedStaysError


def _clean(title: str) -> str:
    cleaned = " ".join(title.split())
    if not 1 <= len(cleaned) <= TITLE_CHARS:
        raise TitleUnsuitableError(fields={"title": "unsuitable"})
    return cleaned


def _collection(
    row: CollectionRow, person: PersonCard, posters: dict[UUID, str], *, own: bool, asked: bool
) -> Collection:
    return Collection(
        id=row.id,
        kind=row.kind,
        title=row.title,
        visibility=row.visibility,
        person=person,
        own=own,
        clips=row.clips,
        covers=[posters[clip_id] for clip_id in row.first if clip_id in posters],
        has=row.has if asked else None,
        created_at=row.created_at,
        changed_at=row.changed_at,
    )
