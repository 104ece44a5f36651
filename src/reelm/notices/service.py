"""Decisions about notices: what a person was told, and what they have read.

The only file of this room that others import.
"""

from collections.abc import Collection
from uuid import UUID

from reelm.accounts.service import AccountsService, Visitor
from reelm.clips.service import ClipsService
from reelm.comments.service import CommentsService
from reelm.kit.database import UnitOfWork
from reelm.kit.pages import Page, decode_cursor, encode_cursor
from reelm.notices.repository import NoticesReader, NoticesWriter
from reelm.notices.schemas import Notice, NoticeRecord, Unread
from reelm.notices.telling import NoticeTeller

__all__ = ["Notice", "NoticeTeller", "NoticesService", "Unread"]


class NoticesService:
    """What the visitor was told."""

    def __init__(self, accounts: AccountsService, clips: ClipsService, comments: CommentsService) -> None:
        self._accounts = accounts
        self._clips = clips
        self._comments = comments

    # --- reading ----------------------------------------------------------------------------------------

    async def list_notices(
        self, uow: UnitOfWork, visitor: Visitor, limit: int, cursor: str | None
    ) -> Page[Notice]:
        """Return a page of the visitor's notices, newest first."""
        before = decode_cursor(cursor, UUID)
        rows = await NoticesReader(uow).list_newest(visitor.person_id, before, limit + 1)
        shown = rows[:limit]
        following = encode_cursor(shown[-1].id) if len(rows) > limit else None
        return Page(await self._hydrate(uow, visitor, shown), following)

    async def some(self, uow: UnitOfWork, visitor: Visitor, ids: Collection[UUID]) -> list[Notice]:
        """Return those of `ids` that are the visitor's, oldest first."""
        return await self._hydrate(uow, visitor, await NoticesReader(uow).list_by_ids(visitor.person_id, ids))

    async def since(self, uow: UnitOfWork, visitor: Visitor, after: UUID, limit: int) -> list[Notice]:
        """Return what came after a notice, oldest first; the newest `limit` of it."""
        rows = await NoticesReader(uow).list_after(visitor.person_id, after, limit)
        return await self._hydrate(uow, visitor, rows)

    async def unread(self, uow: UnitOfWork, visitor: Visitor) -> Unread:
        return Unread(await NoticesReader(uow).count_unread(visitor.person_id))

    async def mark_read(self, uow: UnitOfWork, visitor: Visitor, up_to: UUID) -> None:
        """Put away every notice up to this one."""
        await NoticesWriter(uow).mark_read(visitor.person_id, up_to)

    async def _hydrate(self, uow: UnitOfWork, visitor: Visitor, rows: list[NoticeRecord]) -> list[Notice]:
        cards = await self._accounts.cards(uow, {row.actor_id for row in rows if row.actor_id})
        clips = await self._clips.hydrate(uow, visitor, list({row.clip_id for row in rows if row.clip_id}))
        posters = {clip.id: clip.media.poster_url for clip in clips if clip.media}
        texts = await self._comments.texts(uow, {row.comment_id for row in rows if row.comment_id})
        return [
            Notice(
                id=row.id,
                kind=row.kind,
                actor=cards.get(row.actor_id) if row.actor_id else None,
                clip_id=row.clip_id,
                clip_poster_url=posters.get(row.clip_id) if row.clip_id else None,
                comment_id=row.comment_id,
                text=texts.get(row.comment_id) if row.comment_id else None,
                created_at=row.created_at,
                read=row.read,
                counts=row.counts,
            )
            for row in rows
        ]
