"""Who is told of what: the answers of this room to what happens in the rooms below.

A handler runs in the transaction of the act, with the rights of the person who acted; so it can tell others, and
take back what that person told them, but read nothing of theirs.
"""

from collections.abc import Iterable
from uuid import UUID

from reelm.accounts.service import Blocked
from reelm.clips.service import (
    ClipFailed,
    ClipLiked,
    ClipMentioned,
    ClipReady,
    ClipReposted,
    ClipUnliked,
    ClipUnreposted,
)
from reelm.comments.service import Commented, CommentHearted, CommentPinned, CommentUnhearted
from reelm.custody.service import DataOpened, EmergencyBegun
from reelm.kit.database import UnitOfWork
from reelm.kit.events import EventBus
from reelm.kit.ids import Ids
from reelm.notices.repository import NoticesWriter
from reelm.notices.schemas import NoticeKind
from reelm.social.service import FollowAccepted, Followed, FollowEnded


class NoticeTeller:
    """Tells people what others did. For the web process and the worker alike."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids

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
        bus.on(DataOpened, self._on_opened)
        bus.on(EmergencyBegun, self._on_emergency)

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
        await self._tell(uow, event.person_ids, "mention", event.author_id, event.clip_id)

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

    async def _on_opened(self, uow: UnitOfWork, event: DataOpened) -> None:
        await self._tell_of_grant(uow, event.grant_id, "opened", event.person_ids)

    async def _on_emergency(self, uow: UnitOfWork, event: EmergencyBegun) -> None:
        await self._tell_of_grant(uow, event.grant_id, "opened", event.person_ids)
        await self._tell_of_grant(uow, event.grant_id, "emergency", event.staff_ids)

    async def _tell_of_grant(
        self, uow: UnitOfWork, grant_id: UUID, kind: NoticeKind, people: Iterable[UUID]
    ) -> None:
        told = [(person_id, self._ids.new()) for person_id in people]
        await NoticesWriter(uow).tell_of_grant(grant_id, kind, told)

    async def _on_blocked(self, uow: UnitOfWork, event: Blocked) -> None:
        writer = NoticesWriter(uow)
        await writer.clear(event.person_id, [event.other_id])
        await writer.withdraw(event.other_id, None)
