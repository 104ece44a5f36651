"""SQL of close friends and invites. A list and its invites are visible to their owner alone."""

import datetime as dt
from collections.abc import Collection
from uuid import UUID

import msgspec

from reelm.kit.database import Record, RowSecurityViolation, UnitOfWork
from reelm.kit.errors import NotFoundError
from reelm.social.repository import TieCursor


class InviteRow(msgspec.Struct, frozen=True):
    """An invite as its owner keeps it."""

    id: UUID
    code_sealed: bytes
    uses: int
    created_at: dt.datetime
    expires_at: dt.datetime


class FriendsReader:
    """Reads the subject's list of close friends and their invites."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def is_close(self, person_id: UUID, friend_id: UUID) -> bool:
        found = await self._uow.fetch_value(
            "SELECT true FROM close_friends WHERE person_id = $1 AND friend_id = $2", person_id, friend_id
        )
        return bool(found)

    async def list_friends(self, person_id: UUID, before: TieCursor | None, limit: int) -> list[TieCursor]:
        """Return whom `person_id` follows and is followed by, those followed last first."""
        rows = await self._uow.fetch(
            "SELECT a.created_at, a.followee_id AS other FROM follows a JOIN reelm.followers b "
            "ON b.follower_id = a.followee_id AND b.followee_id = a.follower_id AND b.state = 'accepted' "
            "WHERE a.follower_id = $1 AND a.state = 'accepted' "
            "AND ($2::timestamptz IS NULL OR (a.created_at, a.followee_id) < ($2, $3::uuid)) "
            "ORDER BY a.created_at DESC, a.followee_id DESC LIMIT $4",
            person_id,
            before.at if before else None,
            before.other if before else None,
            limit,
        )
        return [TieCursor(row["created_at"], row["other"]) for row in rows]

    async def list_close(self, person_id: UUID, before: TieCursor | None, limit: int) -> list[TieCursor]:
        """Return the close friends of `person_id`, newest first."""
        rows = await self._uow.fetch(
            "SELECT created_at, friend_id AS other FROM close_friends WHERE person_id = $1 "
            "AND ($2::timestamptz IS NULL OR (created_at, friend_id) < ($2, $3::uuid)) "
            "ORDER BY created_at DESC, friend_id DESC LIMIT $4",
            person_id,
            before.at if before else None,
            before.other if before else None,
            limit,
        )
        return [TieCursor(row["created_at"], row["other"]) for row in rows]

    async def list_invites(self, person_id: UUID, now: dt.datetime) -> list[InviteRow]:
        """Return what invites of `person_id` still hold, newest first."""
        rows = await self._uow.fetch(
            "SELECT id, code_sealed, uses, created_at, expires_at FROM friend_invites "
            "WHERE person_id = $1 AND expires_at > $2 ORDER BY created_at DESC, id DESC",
            person_id,
            now,
        )
        return [_invite(row) for row in rows]

    async def find_host(self, code_digest: bytes, now: dt.datetime) -> UUID | None:
        """Return who invites by this code, None where it is none (any more)."""
        found: UUID | None = await self._uow.fetch_value("SELECT reelm.invite_of($1, $2)", code_digest, now)
        return found


class FriendsWriter(FriendsReader):
    """Changes the subject's list of close friends and their invites."""

    async def add_close(self, person_id: UUID, friend_id: UUID) -> bool:
        """Put somebody on the list; False when they were. Raises `NotFoundError` where policy forbids it."""
        try:
            added = await self._uow.execute(
                "INSERT INTO close_friends (person_id, friend_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                person_id,
                friend_id,
            )
        except RowSecurityViolation as error:
            raise NotFoundError from error
        return added == 1

    async def remove_close(self, person_id: UUID, friends: Collection[UUID]) -> int:
        return await self._uow.execute(
            "DELETE FROM close_friends WHERE person_id = $1 AND friend_id = ANY ($2)",
            person_id,
            list(friends),
        )

    async def add_invite(self, person_id: UUID, code_digest: bytes, row: InviteRow) -> None:
        await self._uow.execute(
            "INSERT INTO friend_invites (person_id, id, code_digest, code_sealed, created_at, expires_at) "
            "VALUES ($1, $2, $3, $4, $5, $6)",
            person_id,
            row.id,
            code_digest,
            row.code_sealed,
            row.created_at,
            row.expires_at,
        )

    async def remove_invite(self, person_id: UUID, invite_id: UUID) -> bool:
        removed = await self._uow.execute(
            "DELETE FROM friend_invites WHERE person_id = $1 AND id = $2", person_id, invite_id
        )
        return removed == 1

    async def accept(self, code_digest: bytes, now: dt.datetime) -> UUID | None:
        """Make the subject and who invites follow each other; None where the code is none, or their own."""
        found: UUID | None = await self._uow.fetch_value(
            "SELECT reelm.accept_invite($1, $2)", code_digest, now
        )
        return found


def _invite(row: Record) -> InviteRow:
    return InviteRow(row["id"], row["code_sealed"], row["uses"], row["created_at"], row["expires_at"])
