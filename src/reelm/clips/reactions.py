"""What others do with a clip: like it, pass it on, share it, take it with them; and the lists this makes."""

from pathlib import Path
from uuid import UUID

from reelm.accounts.service import AccountsService, Visitor
from reelm.clips.errors import ClipNotPlayableError, DownloadNotAllowedError, RepostNotAllowedError
from reelm.clips.events import ClipLiked, ClipReposted, ClipUnliked, ClipUnreposted
from reelm.clips.repository import ClipRow, ClipsReader, ClipsWriter, Cursor
from reelm.clips.schemas import Clip, Liked, Reposted
from reelm.clips.shown import ClipShower
from reelm.custody.service import KeysClient
from reelm.kit.database import UnitOfWork
from reelm.kit.errors import NotFoundError
from reelm.kit.events import EventBus
from reelm.kit.pages import Page, decode_cursor, encode_cursor
from reelm.kit.words import tag_key
from reelm.media.service import MediaService


class Reactions:
    """Likes, reposts, shares and downloads. A clip that the visitor can't see does not exist here either."""

    def __init__(self, media: MediaService, keys: KeysClient, events: EventBus) -> None:
        self._media = media
        self._keys = keys
        self._events = events

    async def _seen(self, uow: UnitOfWork, clip_id: UUID) -> ClipRow:
        row = await ClipsReader(uow).find(clip_id)
        if row is None:
            raise NotFoundError
        return row

    async def like(self, uow: UnitOfWork, visitor: Visitor, clip_id: UUID) -> Liked:
        """Like a clip; liking again changes nothing."""
        row = await self._seen(uow, clip_id)
        if row.published_at is None:
            raise NotFoundError
        writer = ClipsWriter(uow)
        if await writer.like(visitor.person_id, clip_id):
            await self._events.publish(uow, ClipLiked(visitor.person_id, clip_id, row.author_id))
        return Liked(True, await writer.get_counts(clip_id))

    async def unlike(self, uow: UnitOfWork, visitor: Visitor, clip_id: UUID) -> Liked:
        """Take a like back; not having liked is fine."""
        row = await self._seen(uow, clip_id)
        writer = ClipsWriter(uow)
        if await writer.unlike(visitor.person_id, clip_id):
            await self._events.publish(uow, ClipUnliked(visitor.person_id, clip_id, row.author_id))
        return Liked(False, await writer.get_counts(clip_id))

    async def repost(self, uow: UnitOfWork, visitor: Visitor, clip_id: UUID) -> Reposted:
        """Pass a public clip on to those who follow the visitor. Raises `RepostNotAllowedError`."""
        row = await self._seen(uow, clip_id)
        if row.published_at is None:
            raise NotFoundError
        if row.audience != "everyone":
            raise RepostNotAllowedError
        writer = ClipsWriter(uow)
        if await writer.repost(visitor.person_id, clip_id):
            await self._events.publish(uow, ClipReposted(visitor.person_id, clip_id, row.author_id))
        return Reposted(True, await writer.get_counts(clip_id))

    async def unrepost(self, uow: UnitOfWork, visitor: Visitor, clip_id: UUID) -> Reposted:
        """No longer pass a clip on; not having done so is fine."""
        row = await self._seen(uow, clip_id)
        writer = ClipsWriter(uow)
        if await writer.unrepost(visitor.person_id, clip_id):
            await self._events.publish(uow, ClipUnreposted(visitor.person_id, clip_id, row.author_id))
        return Reposted(False, await writer.get_counts(clip_id))

    async def share(self, uow: UnitOfWork, clip_id: UUID) -> None:
        """Count that somebody sent a clip to somebody."""
        await self._seen(uow, clip_id)
        await ClipsWriter(uow).count_share(clip_id)

    async def download(self, uow: UnitOfWork, guest: Visitor | None, clip_id: UUID) -> Path:
        """Return a temporary progressive MP4, for the caller to remove with its folder.

        Raises `DownloadNotAllowedError` unless the author allows it, or is the one who asks.
        """
        row = await self._seen(uow, clip_id)
        own = guest is not None and guest.person_id == row.author_id
        if not own and not row.allow_download:
            raise DownloadNotAllowedError
        if row.media is None or row.status not in {"ready", "draft"}:
            raise ClipNotPlayableError
        key = None
        if row.sealed:
            if guest is None:
                raise NotFoundError
            key = await self._keys.clip_key(guest.token, clip_id)
        return await self._media.progressive(row.media, clip_id, key)


class ClipLists:
    """Pages of clips that are found under something: a person, a sound, a tag."""

    def __init__(self, accounts: AccountsService, shower: ClipShower) -> None:
        self._accounts = accounts
        self._shower = shower

    async def _page(
        self, uow: UnitOfWork, guest: Visitor | None, found: list[tuple[UUID, Cursor]], limit: int
    ) -> Page[Clip]:
        clips = await self._shower.hydrate(uow, guest, [clip_id for clip_id, _ in found[:limit]])
        return Page(clips, encode_cursor(found[limit - 1][1]) if len(found) > limit else None)

    async def of_person(
        self, uow: UnitOfWork, guest: Visitor | None, handle: str, limit: int, cursor: str | None
    ) -> Page[Clip]:
        """Page through what a person has published, as far as the viewer may see it."""
        person = await self._accounts.get_by_handle(uow, handle)
        before = decode_cursor(cursor, Cursor)
        found = await ClipsReader(uow).list_of_author(person.id, before, limit + 1)
        return await self._page(uow, guest, found, limit)

    async def reposts_of(
        self, uow: UnitOfWork, guest: Visitor | None, handle: str, limit: int, cursor: str | None
    ) -> Page[Clip]:
        """Page through what a person passed on; a private account's list is for its followers."""
        person = await self._accounts.get_by_handle(uow, handle)
        before = decode_cursor(cursor, Cursor)
        found = await ClipsReader(uow).list_reposts(person.id, before, limit + 1)
        return await self._page(uow, guest, found, limit)

    async def of_sound(
        self, uow: UnitOfWork, guest: Visitor | None, sound_id: UUID, limit: int, cursor: str | None
    ) -> Page[Clip]:
        """Page through the clips made with a sound."""
        before = decode_cursor(cursor, Cursor)
        found = await ClipsReader(uow).list_of_sound(sound_id, before, limit + 1)
        return await self._page(uow, guest, found, limit)

    async def of_tag(
        self, uow: UnitOfWork, guest: Visitor | None, tag: str, limit: int, cursor: str | None
    ) -> Page[Clip]:
        """Page through the clips that carry a tag."""
        before = decode_cursor(cursor, Cursor)
        found = await ClipsReader(uow).list_of_tag(tag_key(tag), before, limit + 1)
        return await self._page(uow, guest, found, limit)
