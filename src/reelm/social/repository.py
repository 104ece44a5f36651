"""SQL of the social room. A tie is visible to the two people in it, and to nobody else.

Each has it in a place of their own: the follower in `follows`, the one who is followed in `reelm.followers`.
"""

import datetime as dt
from collections.abc import Collection
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from reelm.kit.database import RowSecurityViolation, UnitOfWork
from reelm.kit.errors import NotFoundError
from reelm.social.schemas import FollowState, Tie

State = Literal["requested", "accepted"]
_SHOWN: dict[str, FollowState] = {"requested": "requested", "accepted": "following"}


class TieCursor(msgspec.Struct, frozen=True, array_like=True):
    """Where a list of ties goes on: when the tie began, and with whom."""

    at: Annotated[dt.datetime, msgspec.Meta(tz=True)]
    other: UUID


class SocialReader:
    """Reads the subject's ties."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def find_state(self, follower_id: UUID, followee_id: UUID) -> FollowState:
        state = await self._uow.fetch_value(
            "SELECT state FROM follows WHERE follower_id = $1 AND followee_id = $2 UNION ALL "
            "SELECT state FROM reelm.followers WHERE follower_id = $1 AND followee_id = $2",
            follower_id,
            followee_id,
        )
        return _SHOWN.get(state, "none")

    async def list_ties(self, person_id: UUID, others: Collection[UUID]) -> dict[UUID, Tie]:
        """Return how `person_id` stands to each of `others`, those without a tie left out."""
        rows = await self._uow.fetch(
            "SELECT followee_id AS other, state, false AS theirs FROM follows "
            "WHERE follower_id = $1 AND followee_id = ANY ($2) UNION ALL "
            "SELECT follower_id, state, true FROM reelm.followers "
            "WHERE followee_id = $1 AND follower_id = ANY ($2) AND state = 'accepted'",
            person_id,
            list(others),
        )
        mine = {row["other"]: _SHOWN[row["state"]] for row in rows if not row["theirs"]}
        theirs = {row["other"] for row in rows if row["theirs"]}
        return {other: Tie(mine.get(other, "none"), other in theirs) for other in mine.keys() | theirs}

    async def list_followers(
        self, person_id: UUID, state: State, before: TieCursor | None, limit: int
    ) -> list[TieCursor]:
        """Return those who follow (or asked to follow) `person_id`, newest first."""
        rows = await self._uow.fetch(
            "SELECT created_at, follower_id AS other FROM reelm.followers WHERE followee_id = $1 AND state = $2 "
            "AND ($3::timestamptz IS NULL OR (created_at, follower_id) < ($3, $4::uuid)) "
            "ORDER BY created_at DESC, follower_id DESC LIMIT $5",
            person_id,
            state,
            before.at if before else None,
            before.other if before else None,
            limit,
        )
        return [TieCursor(row["created_at"], row["other"]) for row in rows]

    async def list_following(self, person_id: UUID, before: TieCursor | None, limit: int) -> list[TieCursor]:
        """Return those whom `person_id` follows, newest first."""
        rows = await self._uow.fetch(
            "SELECT created_at, followee_id AS other FROM follows WHERE follower_id = $1 AND state = 'accepted' "
            "AND ($2::timestamptz IS NULL OR (created_at, followee_id) < ($2, $3::uuid)) "
            "ORDER BY created_at DESC, followee_id DESC LIMIT $4",
            person_id,
            before.at if before else None,
            before.other if before else None,
            limit,
        )
        return [TieCursor(row["created_at"], row["other"]) for row in rows]

    async def list_followed_ids(self, person_id: UUID) -> list[UUID]:
        rows = await self._uow.fetch(
            "SELECT followee_id FROM follows WHERE follower_id = $1 AND state = 'accepted'", person_id
        )
        return [row["followee_id"] for row in rows]

    async def list_friend_ids(self, person_id: UUID) -> list[UUID]:
        rows = await self._uow.fetch(
            "SELECT a.followee_id FROM follows a JOIN reelm.followers b ON b.follower_id = a.followee_id "
            "AND b.followee_id = a.follower_id AND b.state = 'accepted' "
            "WHERE a.follower_id = $1 AND a.state = 'accepted'",
            person_id,
        )
        return [row["followee_id"] for row in rows]


class SocialWriter(SocialReader):
    """Changes the subject's ties."""

    async def add(self, follower_id: UUID, followee_id: UUID, state: State) -> bool:
        """Add a tie; False when there was one already. Raises `NotFoundError` where policy forbids it."""
        try:
            added = await self._uow.execute(
                "INSERT INTO follows (follower_id, followee_id, state) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                follower_id,
                followee_id,
                state,
            )
        except RowSecurityViolation as error:
            raise NotFoundError from error
        return added == 1

    async def remove(self, follower_id: UUID, followee_id: UUID) -> FollowState:
        """End a tie; return what it was."""
        state = await self._uow.fetch_value(
            "WITH mine AS (DELETE FROM follows WHERE follower_id = $1 AND followee_id = $2 RETURNING state), "
            "theirs AS (DELETE FROM reelm.followers WHERE follower_id = $1 AND followee_id = $2 RETURNING state) "
            "SELECT state FROM mine UNION ALL SELECT state FROM theirs",
            follower_id,
            followee_id,
        )
        return _SHOWN.get(state, "none")

    async def remove_request(self, follower_id: UUID, followee_id: UUID) -> bool:
        removed = await self._uow.execute(
            "DELETE FROM reelm.followers WHERE follower_id = $1 AND followee_id = $2 AND state = 'requested'",
            follower_id,
            followee_id,
        )
        return removed == 1

    async def accept(self, follower_id: UUID, followee_id: UUID) -> bool:
        accepted = await self._uow.execute(
            "UPDATE reelm.followers SET state = 'accepted' WHERE follower_id = $1 AND followee_id = $2 "
            "AND state = 'requested'",
            follower_id,
            followee_id,
        )
        return accepted == 1

    async def accept_all(self, followee_id: UUID) -> list[UUID]:
        """Accept every request; return who had asked."""
        rows = await self._uow.fetch(
            "UPDATE reelm.followers SET state = 'accepted' WHERE followee_id = $1 AND state = 'requested' "
            "RETURNING follower_id",
            followee_id,
        )
        return [row["follower_id"] for row in rows]
