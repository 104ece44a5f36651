"""Decisions about ties: following, asking, accepting, friends.

The only file of this room that others import.
"""

from collections.abc import Collection
from uuid import UUID

from reelm.accounts.service import (
    AccountsService,
    Blocked,
    PersonCard,
    PersonRecord,
    PrivacyChanged,
    Visitor,
)
from reelm.kit.database import UnitOfWork
from reelm.kit.errors import NotFoundError
from reelm.kit.events import DomainEvent, EventBus
from reelm.kit.pages import Page, decode_cursor, encode_cursor
from reelm.social.errors import BlockedByYouError, OneselfError
from reelm.social.repository import SocialReader, SocialWriter, TieCursor
from reelm.social.repository_friends import FriendsReader
from reelm.social.schemas import FollowState, Person, PersonViewer, Tie

__all__ = ["FollowAccepted", "FollowEnded", "Followed", "Person", "SocialService", "Tie", "TieKeeper"]


class Followed(DomainEvent, frozen=True):
    """`follower_id` follows `followee_id`, or (state `requested`) asked to."""

    follower_id: UUID
    followee_id: UUID
    state: FollowState


class FollowAccepted(DomainEvent, frozen=True):
    """`followee_id` lets those who had asked follow them."""

    follower_ids: tuple[UUID, ...]
    followee_id: UUID


class FollowEnded(DomainEvent, frozen=True):
    """A tie or a request is no more; `by_follower` says which of the two ended it."""

    follower_id: UUID
    followee_id: UUID
    by_follower: bool


class SocialService:
    """Ties between people. Listens to `Blocked` and `PrivacyChanged` once subscribed."""

    def __init__(self, accounts: AccountsService, events: EventBus) -> None:
        self._accounts = accounts
        self._events = events

    def subscribe(self) -> None:
        """Hear what accounts has to say. Called once, by entrypoints."""
        self._events.on(Blocked, self._on_blocked)
        self._events.on(PrivacyChanged, self._on_privacy_changed)

    # --- following --------------------------------------------------------------------------------------

    async def follow(self, uow: UnitOfWork, visitor: Visitor, handle: str) -> FollowState:
        """Follow a person, or ask to where the account is private. Following again changes nothing."""
        other = await self._other(uow, visitor, handle)
        if await self._accounts.is_blocking(uow, visitor, other.id):
            raise BlockedByYouError
        writer = SocialWriter(uow)
        known = await writer.find_state(visitor.person_id, other.id)
        if known != "none":
            return known
        state: FollowState = "requested" if other.private else "following"
        stored = "requested" if other.private else "accepted"
        if await writer.add(visitor.person_id, other.id, stored):  # type: ignore[arg-type]
            await self._events.publish(uow, Followed(visitor.person_id, other.id, state))
        return await writer.find_state(visitor.person_id, other.id)

    async def unfollow(self, uow: UnitOfWork, visitor: Visitor, handle: str) -> FollowState:
        """Stop following, or take a request back. Not following is fine."""
        other = await self._other(uow, visitor, handle)
        await self._end(uow, visitor.person_id, other.id, by_follower=True)
        return "none"

    async def remove_follower(self, uow: UnitOfWork, visitor: Visitor, handle: str) -> None:
        """Make somebody stop following the visitor. Raises `NotFoundError` when they don't."""
        other = await self._accounts.get_by_handle(uow, handle)
        if not await self._end(uow, other.id, visitor.person_id, by_follower=False):
            raise NotFoundError

    async def accept(self, uow: UnitOfWork, visitor: Visitor, handle: str) -> None:
        """Let somebody follow who asked to; saying so twice is fine. Raises `NotFoundError`."""
        other = await self._accounts.get_by_handle(uow, handle)
        writer = SocialWriter(uow)
        if await writer.accept(other.id, visitor.person_id):
            await self._events.publish(uow, FollowAccepted((other.id,), visitor.person_id))
        elif await writer.find_state(other.id, visitor.person_id) == "none":
            raise NotFoundError

    async def decline(self, uow: UnitOfWork, visitor: Visitor, handle: str) -> None:
        """Turn a request down; nobody is told. Raises `NotFoundError`."""
        other = await self._accounts.get_by_handle(uow, handle)
        if not await SocialWriter(uow).remove_request(other.id, visitor.person_id):
            raise NotFoundError
        await self._events.publish(uow, FollowEnded(other.id, visitor.person_id, by_follower=False))

    async def _other(self, uow: UnitOfWork, visitor: Visitor, handle: str) -> PersonRecord:
        other = await self._accounts.get_by_handle(uow, handle)
        if other.id == visitor.person_id:
            raise OneselfError(fields={"handle": "oneself"})
        return other

    async def _end(self, uow: UnitOfWork, follower_id: UUID, followee_id: UUID, *, by_follower: bool) -> bool:
        if await SocialWriter(uow).remove(follower_id, followee_id) == "none":
            return False
        await self._events.publish(uow, FollowEnded(follower_id, followee_id, by_follower=by_follower))
        return True

    # --- reading ----------------------------------------------------------------------------------------

    async def ties(self, uow: UnitOfWork, visitor: Visitor, ids: Collection[UUID]) -> dict[UUID, Tie]:
        """Return how the visitor stands to each of `ids`; every id has its entry."""
        found = await SocialReader(uow).list_ties(visitor.person_id, set(ids)) if ids else {}
        return {other: found.get(other) or Tie() for other in ids}

    async def followed_ids(self, uow: UnitOfWork, visitor: Visitor) -> list[UUID]:
        """Return everybody whom the visitor follows."""
        return await SocialReader(uow).list_followed_ids(visitor.person_id)

    async def friend_ids(self, uow: UnitOfWork, visitor: Visitor) -> list[UUID]:
        """Return the visitor's friends: they follow one another."""
        return await SocialReader(uow).list_friend_ids(visitor.person_id)

    async def person(self, uow: UnitOfWork, guest: Visitor | None, handle: str) -> Person:
        """Return a person's page. Raises `NotFoundError`, also for whom the visitor is blocked by."""
        record = await self._accounts.get_by_handle(uow, handle)
        viewer = None
        if guest is not None:
            tie = (await self.ties(uow, guest, [record.id]))[record.id]
            viewer = PersonViewer(
                follow=tie.follow,
                follows_me=tie.follows_me,
                friend=tie.friend,
                blocked=await self._accounts.is_blocking(uow, guest, record.id),
                own=record.id == guest.person_id,
                close_friend=tie.friend and await FriendsReader(uow).is_close(guest.person_id, record.id),
            )
        return Person(
            id=record.id,
            handle=record.handle,
            display_name=record.display_name,
            bio=record.bio,
            avatar_url=record.avatar_url,
            private=record.private,
            counts=record.counts,
            viewer=viewer,
            realm=record.realm,
        )

    async def list_followers(
        self, uow: UnitOfWork, visitor: Visitor, limit: int, cursor: str | None
    ) -> Page[PersonCard]:
        before = decode_cursor(cursor, TieCursor)
        rows = await SocialReader(uow).list_followers(visitor.person_id, "accepted", before, limit + 1)
        return await self._page(uow, rows, limit)

    async def list_requests(
        self, uow: UnitOfWork, visitor: Visitor, limit: int, cursor: str | None
    ) -> Page[PersonCard]:
        """Return a page of those who ask to follow the visitor."""
        before = decode_cursor(cursor, TieCursor)
        rows = await SocialReader(uow).list_followers(visitor.person_id, "requested", before, limit + 1)
        return await self._page(uow, rows, limit)

    async def list_following(
        self, uow: UnitOfWork, visitor: Visitor, limit: int, cursor: str | None
    ) -> Page[PersonCard]:
        before = decode_cursor(cursor, TieCursor)
        rows = await SocialReader(uow).list_following(visitor.person_id, before, limit + 1)
        return await self._page(uow, rows, limit)

    async def _page(self, uow: UnitOfWork, rows: list[TieCursor], limit: int) -> Page[PersonCard]:
        shown = rows[:limit]
        cards = await self._accounts.cards(uow, [tie.other for tie in shown])
        following = encode_cursor(shown[-1]) if len(rows) > limit else None
        return Page([cards[tie.other] for tie in shown if tie.other in cards], following)

    # --- what others did --------------------------------------------------------------------------------

    async def _on_blocked(self, uow: UnitOfWork, event: Blocked) -> None:
        await self._end(uow, event.person_id, event.other_id, by_follower=True)
        await self._end(uow, event.other_id, event.person_id, by_follower=False)

    async def _on_privacy_changed(self, uow: UnitOfWork, event: PrivacyChanged) -> None:
        if event.private:
            return
        accepted = await SocialWriter(uow).accept_all(event.visitor.person_id)
        if accepted:
            await self._events.publish(uow, FollowAccepted(tuple(accepted), event.visitor.person_id))


class TieKeeper:
    """Ties, as an import needs them: what a person had elsewhere is set up again, and nobody is told."""

    async def restore(self, uow: UnitOfWork, follower_id: UUID, followee_id: UUID) -> bool:
        """Follow somebody whose account is open; false if the tie was there. Raises `NotFoundError`."""
        return await SocialWriter(uow).add(follower_id, followee_id, "accepted")
