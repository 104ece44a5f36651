"""Decisions about notices: who hears of what.

The only file of this room that others import.
"""

from collections.abc import Collection, Iterable
from uuid import UUID

from reelm.accounts.service import AccountsService, Blocked, Visitor
from reelm.clips.service import (
    ClipFailed,
    ClipLiked,
    ClipMentioned,
    ClipReady,
    ClipReposted,
    ClipsService,
    ClipUnliked,
    ClipUnreposted,
)
from reelm.comments.service import (
    Commented,
    CommentHearted,
    CommentPinned,
    CommentsService,
    CommentUnhearted,
)
from reelm.kit.database import UnitOfWork
from reelm.kit.events import EventBus
from reelm.kit.ids import Ids
from reelm.kit.pages import Page, decode_cursor, encode_cursor
from reelm.notices.repository import NoticesReader, NoticesWriter
from reelm.notices.schemas import Notice, NoticeKind, NoticeRecord, Unread
from reelm.social.service import FollowAccepted, Followed, FollowEnded

__all__ = ["Notice", "NoticesService", "Unread"]


class NoticesService:
    """What people are told. Hears the rooms below once subscribed."""

    def __init__(
        self, accounts: AccountsService, clips: ClipsService, comments: CommentsService, ids: Ids
    ) -> None:
        self._accounts = accounts
        self._clips = clips
        self._comments = comments
        self._ids = ids

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
        posters = await self._clips.posters(uow, visitor, {row.clip_id for row in rows if row.clip_id})
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
            )
            for row in rows
        ]

    # --- telling ----------------------------------------------------------------------------------------

    def subscribe(self, bus: EventBus) -> None:
        """Hear what the rooms below have to say. Called once, by entrypoints."""
        bus.on(Followed, self._on_followed)
        bus.on(FollowAccepted, self._on_accepted)
        bus.on(FollowEnded, self._on_follow_ended)
        bus.on(ClipLiked, self._on_liked)
        bus.on(ClipUnliked, self._on_unliked)
        bus.on(ClipReposted, self._on_reposted)
        bus.on(ClipUnreposted, self._on_unreposted)
        bus.on(ClipMentioned, self._on_mentioned)
        bus.on(ClipReady, self._on_ready)
        bus.on(ClipFailed, self._on_failed)
        bus.on(Commented, self._on_commented)
        bus.on(CommentHearted, self._on_hearted)
        bus.on(CommentUnhearted, self._on_unhearted)
        bus.on(CommentPinned, self._on_pinned)
        bus.on(Blocked, self._on_blocked)

    async def _tell(
        self,
        uow: UnitOfWork,
        people: Iterable[UUID],
        kind: NoticeKind,
        actor_id: UUID,
        clip_id: UUID | None = None,
        comment_id: UUID | None = None,
    ) -> None:
        """Tell others of what `actor_id`, the transaction's subject, did; never themselves."""
        told = [(person_id, self._ids.new()) for person_id in dict.fromkeys(people) if person_id != actor_id]
        if told:
            await NoticesWriter(uow).tell(told, kind, actor_id, clip_id, comment_id)

    async def _on_followed(self, uow: UnitOfWork, event: Followed) -> None:
        kind: NoticeKind = "follow_request" if event.state == "requested" else "follow"
        await self._tell(uow, [event.followee_id], kind, event.follower_id)

    async def _on_accepted(self, uow: UnitOfWork, event: FollowAccepted) -> None:
        await NoticesWriter(uow).clear(event.followee_id, event.follower_ids, "follow_request")
        await self._tell(uow, event.follower_ids, "follow_accepted", event.followee_id)

    async def _on_follow_ended(self, uow: UnitOfWork, event: FollowEnded) -> None:
        writer = NoticesWriter(uow)
        if event.by_follower:
            await writer.withdraw(event.followee_id, "follow")
            await writer.withdraw(event.followee_id, "follow_request")
        else:
            await writer.clear(event.followee_id, [event.follower_id], "follow")
            await writer.clear(event.followee_id, [event.follower_id], "follow_request")

    async def _on_liked(self, uow: UnitOfWork, event: ClipLiked) -> None:
        await self._tell(uow, [event.author_id], "like", event.person_id, event.clip_id)

    async def _on_unliked(self, uow: UnitOfWork, event: ClipUnliked) -> None:
        await NoticesWriter(uow).withdraw(event.author_id, "like", event.clip_id)

    async def _on_reposted(self, uow: UnitOfWork, event: ClipReposted) -> None:
        await self._tell(uow, [event.author_id], "repost", event.person_id, event.clip_id)

    async def _on_unreposted(self, uow: UnitOfWork, event: ClipUnreposted) -> None:
        await NoticesWriter(uow).withdraw(event.author_id, "repost", event.clip_id)

    async def _on_mentioned(self, uow: UnitOfWork, event: ClipMentioned) -> None:
        await self._tell(uow, event.mentioned_ids, "mention", event.author_id, event.clip_id)

    async def _on_ready(self, uow: UnitOfWork, event: ClipReady) -> None:
        await self._tell_author(uow, "clip_ready", event.author_id, event.clip_id)

    async def _on_failed(self, uow: UnitOfWork, event: ClipFailed) -> None:
        await self._tell_author(uow, "clip_failed", event.author_id, event.clip_id)

    async def _tell_author(self, uow: UnitOfWork, kind: NoticeKind, author_id: UUID, clip_id: UUID) -> None:
        """Tell somebody how their own clip fares: nobody in particular did that."""
        await NoticesWriter(uow).tell([(author_id, self._ids.new())], kind, None, clip_id, None)

    async def _on_commented(self, uow: UnitOfWork, event: Commented) -> None:
        """Tell each person once: that they were answered, else mentioned, else that their clip was commented."""
        told: set[UUID] = set()
        audiences: list[tuple[NoticeKind, tuple[UUID, ...]]] = [
            ("reply", (event.parent_author_id,) if event.parent_author_id else ()),
            ("mention", event.mentioned_ids),
            ("comment", (event.clip_author_id,)),
        ]
        for kind, people in audiences:
            fresh = [person_id for person_id in people if person_id not in told]
            await self._tell(uow, fresh, kind, event.author_id, event.clip_id, event.comment_id)
            told.update(fresh)

    async def _on_hearted(self, uow: UnitOfWork, event: CommentHearted) -> None:
        await self._tell(
            uow, [event.author_id], "heart", event.clip_author_id, event.clip_id, event.comment_id
        )

    async def _on_unhearted(self, uow: UnitOfWork, event: CommentUnhearted) -> None:
        await NoticesWriter(uow).withdraw(event.author_id, "heart", event.clip_id, event.comment_id)

    async def _on_pinned(self, uow: UnitOfWork, event: CommentPinned) -> None:
        writer = NoticesWriter(uow)
        await writer.withdraw(event.author_id, "pin", event.clip_id, event.comment_id)
        await self._tell(uow, [event.author_id], "pin", event.clip_author_id, event.clip_id, event.comment_id)

    async def _on_blocked(self, uow: UnitOfWork, event: Blocked) -> None:
        writer = NoticesWriter(uow)
        await writer.clear(event.person_id, [event.other_id])
        await writer.withdraw(event.other_id, None)
