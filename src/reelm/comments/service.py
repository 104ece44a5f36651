"""Decisions about comments: who may say, answer, pin, heart and delete what.

The only file of this room that others import.
"""

import unicodedata
from collections.abc import Collection
from uuid import UUID

from reelm.accounts.service import AccountsService, Visitor
from reelm.clips.service import ClipsService
from reelm.comments.errors import CommentsClosedError, CommentUnsuitableError, ReplyNotPinnableError
from reelm.comments.repository import CommentsReader, CommentsWriter
from reelm.comments.schemas import (
    Comment,
    CommentCounts,
    CommentNew,
    CommentRecord,
    CommentViewer,
    LikeOut,
    Sort,
    ThreadCursor,
)
from reelm.kit.database import UnitOfWork
from reelm.kit.errors import NotAllowedError, NotFoundError
from reelm.kit.events import DomainEvent, EventBus
from reelm.kit.ids import Ids
from reelm.kit.pages import Page, decode_cursor, encode_cursor
from reelm.kit.words import mentions_in
from reelm.realm.service import COMMENT_CHARS

__all__ = [
    "Comment",
    "CommentHearted",
    "CommentLiked",
    "CommentPinned",
    "CommentRemoved",
    "CommentUnhearted",
    "CommentUnliked",
    "Commented",
    "CommentsService",
    "normal_text",
]


class Commented(DomainEvent, frozen=True):
    """Somebody said something under a clip; `parent_author_id` said what it answers."""

    comment_id: UUID
    clip_id: UUID
    clip_author_id: UUID
    author_id: UUID
    parent_author_id: UUID | None
    mentioned_ids: tuple[UUID, ...]
    text: str
    parent_id: UUID | None


class CommentRemoved(DomainEvent, frozen=True):
    """A comment goes with this transaction, with what was answered to it; `by_id` says who takes it away."""

    comment_id: UUID
    clip_id: UUID
    author_id: UUID
    by_id: UUID


class CommentLiked(DomainEvent, frozen=True):
    """`person_id` likes a comment."""

    person_id: UUID
    comment_id: UUID
    clip_id: UUID
    author_id: UUID


class CommentUnliked(CommentLiked, frozen=True):
    """`person_id` took a like back."""


class CommentHearted(DomainEvent, frozen=True):
    """The clip's author gave a comment a heart."""

    comment_id: UUID
    clip_id: UUID
    clip_author_id: UUID
    author_id: UUID


class CommentUnhearted(CommentHearted, frozen=True):
    """The clip's author took the heart back."""


class CommentPinned(CommentHearted, frozen=True):
    """The clip's author pinned a comment above the others."""


class CommentsService:
    """Comments and what people do with them."""

    def __init__(self, accounts: AccountsService, clips: ClipsService, events: EventBus, ids: Ids) -> None:
        self._accounts = accounts
        self._clips = clips
        self._events = events
        self._ids = ids

    # --- reading ----------------------------------------------------------------------------------------

    async def list_threads(
        self,
        uow: UnitOfWork,
        guest: Visitor | None,
        clip_id: UUID,
        sort: Sort,
        limit: int,
        cursor: str | None,
    ) -> Page[Comment]:
        """Return a page of what begins a thread; the pinned one comes first. Raises `NotFoundError`."""
        clip = await self._clips.get_facts(uow, clip_id)
        after = decode_cursor(cursor, ThreadCursor)
        reader = CommentsReader(uow)
        read = reader.list_top if sort == "top" else reader.list_newest
        rows = await read(clip_id, after, limit + 1)
        shown = rows[:limit]
        following = _cursor(shown[-1]) if len(rows) > limit else None
        if after is None and (pinned := await reader.find_pinned(clip_id)):
            shown = [pinned, *shown]
        return Page(await self._hydrate(uow, guest, shown, clip.author_id), following)

    async def list_replies(
        self, uow: UnitOfWork, guest: Visitor | None, comment_id: UUID, limit: int, cursor: str | None
    ) -> Page[Comment]:
        """Return a page of a thread's replies, oldest first. Raises `NotFoundError`."""
        parent = await self._get(uow, comment_id)
        clip = await self._clips.get_facts(uow, parent.clip_id)
        rows = await CommentsReader(uow).list_replies(
            comment_id, decode_cursor(cursor, ThreadCursor), limit + 1
        )
        shown = rows[:limit]
        following = _cursor(shown[-1]) if len(rows) > limit else None
        return Page(await self._hydrate(uow, guest, shown, clip.author_id), following)

    async def texts(self, uow: UnitOfWork, ids: Collection[UUID]) -> dict[UUID, str]:
        """Return the texts of those of `ids` that the subject may read."""
        if not ids:
            return {}
        return {comment.id: comment.text for comment in await CommentsReader(uow).list_by_ids(set(ids))}

    async def clip_of(self, uow: UnitOfWork, comment_id: UUID) -> UUID:
        """Return the clip that a comment stands under. Raises `NotFoundError`."""
        return (await self._get(uow, comment_id)).clip_id

    async def _get(self, uow: UnitOfWork, comment_id: UUID) -> CommentRecord:
        comment = await CommentsReader(uow).find(comment_id)
        if comment is None:
            raise NotFoundError
        return comment

    async def _hydrate(
        self, uow: UnitOfWork, guest: Visitor | None, records: list[CommentRecord], clip_author_id: UUID
    ) -> list[Comment]:
        cards = await self._accounts.cards(uow, {record.author_id for record in records})
        liked: set[UUID] = set()
        if guest is not None and records:
            liked = await CommentsReader(uow).list_liked(guest.person_id, [record.id for record in records])
        shown = []
        for record in records:
            viewer = None
            if guest is not None:
                own = record.author_id == guest.person_id
                hosts = clip_author_id == guest.person_id
                viewer = CommentViewer(record.id in liked, own, may_delete=own or hosts, may_pin=hosts)
            if record.author_id in cards:
                shown.append(
                    Comment(
                        id=record.id,
                        clip_id=record.clip_id,
                        parent_id=record.parent_id,
                        author=cards[record.author_id],
                        text=record.text,
                        created_at=record.created_at,
                        counts=CommentCounts(record.likes, record.replies),
                        pinned=record.pinned,
                        hearted=record.hearted,
                        viewer=viewer,
                    )
                )
        return shown

    # --- saying -----------------------------------------------------------------------------------------

    async def add(
        self, uow: UnitOfWork, visitor: Visitor, clip_id: UUID, data: CommentNew, retry_key: str | None = None
    ) -> Comment:
        """Say something under a clip, or answer what somebody said.

        An answer to an answer joins the thread it is in. With the key of an earlier request this returns what
        that request made. Raises `NotFoundError`, `CommentsClosedError` or `CommentUnsuitableError`.
        """
        request = ("comment", clip_id, data)
        earlier = await self._accounts.answered(uow, visitor, retry_key, request)
        if earlier is not None:
            return await self._one(uow, visitor, earlier)
        text = normal_text(data.text)
        clip = await self._clips.get_facts(uow, clip_id)
        if not clip.allow_comments and clip.author_id != visitor.person_id:
            raise CommentsClosedError
        answered = await self._get(uow, data.parent_id) if data.parent_id else None
        if answered is not None and answered.clip_id != clip_id:
            raise NotFoundError
        root_id = (answered.parent_id or answered.id) if answered else None
        mentioned = await self._accounts.people_by_handles(uow, mentions_in(text))
        comment_id = self._ids.new()
        await CommentsWriter(uow).add(comment_id, clip_id, visitor.person_id, root_id, text)
        await self._accounts.remember(uow, visitor, retry_key, request, comment_id)
        await self._events.publish(
            uow,
            Commented(
                comment_id=comment_id,
                clip_id=clip_id,
                clip_author_id=clip.author_id,
                author_id=visitor.person_id,
                parent_author_id=answered.author_id if answered else None,
                mentioned_ids=tuple(person.id for person in mentioned),
                text=text,
                parent_id=answered.id if answered else None,
            ),
        )
        return await self._one(uow, visitor, comment_id)

    async def _one(self, uow: UnitOfWork, visitor: Visitor, comment_id: UUID) -> Comment:
        record = await self._get(uow, comment_id)
        clip = await self._clips.get_facts(uow, record.clip_id)
        found = await self._hydrate(uow, visitor, [record], clip.author_id)
        if not found:
            raise NotFoundError
        return found[0]

    async def remove(self, uow: UnitOfWork, visitor: Visitor, comment_id: UUID) -> None:
        """Delete one's own comment, or one under one's own clip, with what was answered to it."""
        comment = await self._get(uow, comment_id)
        if comment.author_id != visitor.person_id:
            await self._require_host(uow, visitor, comment)
        await self._events.publish(
            uow, CommentRemoved(comment.id, comment.clip_id, comment.author_id, visitor.person_id)
        )
        await CommentsWriter(uow).remove(comment_id)

    # --- likes, pins, hearts ----------------------------------------------------------------------------

    async def like(self, uow: UnitOfWork, visitor: Visitor, comment_id: UUID) -> LikeOut:
        new = await CommentsWriter(uow).like(visitor.person_id, comment_id)
        comment = await self._get(uow, comment_id)
        if new:
            liked = CommentLiked(visitor.person_id, comment.id, comment.clip_id, comment.author_id)
            await self._events.publish(uow, liked)
        return LikeOut(liked=True, counts=CommentCounts(comment.likes, comment.replies))

    async def unlike(self, uow: UnitOfWork, visitor: Visitor, comment_id: UUID) -> LikeOut:
        gone = await CommentsWriter(uow).unlike(visitor.person_id, comment_id)
        comment = await self._get(uow, comment_id)
        if gone:
            unliked = CommentUnliked(visitor.person_id, comment.id, comment.clip_id, comment.author_id)
            await self._events.publish(uow, unliked)
        return LikeOut(liked=False, counts=CommentCounts(comment.likes, comment.replies))

    async def pin(self, uow: UnitOfWork, visitor: Visitor, comment_id: UUID) -> None:
        """Show a comment above all others, in place of the one that was. For the clip's author only."""
        comment = await self._get(uow, comment_id)
        event = await self._require_host(uow, visitor, comment)
        if comment.parent_id is not None:
            raise ReplyNotPinnableError
        if not comment.pinned:
            await CommentsWriter(uow).pin(comment)
            await self._events.publish(uow, CommentPinned(**event))

    async def unpin(self, uow: UnitOfWork, visitor: Visitor, comment_id: UUID) -> None:
        comment = await self._get(uow, comment_id)
        await self._require_host(uow, visitor, comment)
        await CommentsWriter(uow).unpin(comment_id)

    async def heart(self, uow: UnitOfWork, visitor: Visitor, comment_id: UUID) -> None:
        """Give a comment the clip author's heart. For the clip's author only."""
        comment = await self._get(uow, comment_id)
        event = await self._require_host(uow, visitor, comment)
        if not comment.hearted:
            await CommentsWriter(uow).set_heart(comment_id, hearted=True)
            await self._events.publish(uow, CommentHearted(**event))

    async def unheart(self, uow: UnitOfWork, visitor: Visitor, comment_id: UUID) -> None:
        comment = await self._get(uow, comment_id)
        event = await self._require_host(uow, visitor, comment)
        if comment.hearted:
            await CommentsWriter(uow).set_heart(comment_id, hearted=False)
            await self._events.publish(uow, CommentUnhearted(**event))

    async def _require_host(
        self, uow: UnitOfWork, visitor: Visitor, comment: CommentRecord
    ) -> dict[str, UUID]:
        """Raise `NotAllowedError` unless the clip is the visitor's; return what an event says of the comment."""
        clip = await self._clips.get_facts(uow, comment.clip_id)
        if clip.author_id != visitor.person_id:
            raise NotAllowedError
        return {
            "comment_id": comment.id,
            "clip_id": comment.clip_id,
            "clip_author_id": clip.author_id,
            "author_id": comment.author_id,
        }


def normal_text(text: str) -> str:
    """Return the text as it is kept: composed (NFC), without control characters, trimmed.

    Line feeds stay; joiners stay too, since scripts and emoji need them. Marks that turn the direction of the
    text around them go, because they reach out of the comment. Raises `CommentUnsuitableError`.
    """
    composed = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    kept = "".join(c for c in composed if c == "\n" or _is_kept(c))
    lines = [line.strip() for line in kept.strip().split("\n")]
    normal = "\n".join(line for index, line in enumerate(lines) if line or lines[index - 1])
    if not any(unicodedata.category(c)[0] not in "ZCM" for c in normal):
        raise CommentUnsuitableError(fields={"text": "missing"})
    if len(normal) > COMMENT_CHARS:
        raise CommentUnsuitableError(fields={"text": "too_long"})
    return normal


def _is_kept(character: str) -> bool:
    if unicodedata.category(character) in {"Cc", "Cs", "Co", "Cn"}:
        return False
    return unicodedata.bidirectional(character) not in {
        "LRE",
        "RLE",
        "LRO",
        "RLO",
        "PDF",
        "LRI",
        "RLI",
        "FSI",
        "PDI",
    }


def _cursor(record: CommentRecord) -> str:
    return encode_cursor(ThreadCursor(record.likes, record.id))
