"""SQL of conversations. Reading is row-level security's; what changes a conversation is a function that holds it."""

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Annotated
from uuid import UUID

import msgspec

from reelm.kit.database import Record, UnitOfWork

_COLUMNS = "c.id, c.kind, c.epoch, c.last_seq, c.last_at, m.state, m.role, m.first_seq"


class ConversationCursor(msgspec.Struct, frozen=True, array_like=True):
    """Where a list of conversations goes on."""

    at: Annotated[dt.datetime, msgspec.Meta(tz=True)]
    id: UUID


class MessagesReader:
    """Reads the conversations that the subject is in."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def find(self, person_id: UUID, conversation_id: UUID) -> Record | None:
        return await self._uow.fetch_row(
            f"SELECT {_COLUMNS} FROM conversations c JOIN conversation_members m ON m.conversation_id = c.id "
            "AND m.person_id = $1 WHERE c.id = $2",
            person_id,
            conversation_id,
        )

    async def list_in_state(
        self, person_id: UUID, state: str, before: ConversationCursor | None, limit: int
    ) -> list[Record]:
        """Return the person's conversations in which they are `state`, the one last written in first."""
        return await self._uow.fetch(
            f"SELECT {_COLUMNS} FROM conversations c JOIN conversation_members m ON m.conversation_id = c.id "
            "AND m.person_id = $1 AND m.state = $2 "
            "WHERE $3::timestamptz IS NULL OR (c.last_at, c.id) < ($3, $4::uuid) "
            "ORDER BY c.last_at DESC, c.id DESC LIMIT $5",
            person_id,
            state,
            before.at if before else None,
            before.id if before else None,
            limit,
        )

    async def list_members(self, ids: Collection[UUID]) -> list[Record]:
        return await self._uow.fetch(
            "SELECT conversation_id, person_id, state, role, devices FROM conversation_members "
            "WHERE conversation_id = ANY ($1) ORDER BY conversation_id, joined_at, person_id",
            list(ids),
        )

    async def list_places(self, ids: Collection[UUID]) -> list[Record]:
        """Return how far who has read, as far as the subject is shown it."""
        return await self._uow.fetch(
            "SELECT conversation_id, person_id, read_seq, muted_until FROM reelm.read_places($1::uuid[])",
            list(ids),
        )

    async def count_unread(
        self, person_id: UUID, ids: Sequence[UUID], read: Sequence[int]
    ) -> dict[UUID, int]:
        """Return how many messages of others came after what the person has read, a hundred at most."""
        rows = await self._uow.fetch(
            "SELECT o.id, (SELECT count(*) FROM (SELECT 1 FROM messages e WHERE e.conversation_id = o.id "
            "AND e.seq > o.seq AND e.kind = 'message' AND e.sender_id IS DISTINCT FROM $1 LIMIT 100) AS later) "
            "AS unread FROM unnest($2::uuid[], $3::bigint[]) AS o (id, seq)",
            person_id,
            list(ids),
            list(read),
        )
        return {row["id"]: row["unread"] for row in rows}

    async def list_entries(self, conversation_id: UUID, after: int, limit: int) -> list[Record]:
        return await self._uow.fetch(
            "SELECT seq, kind, id, sender_id, device_id, epoch, body_sealed, commitment, at FROM messages "
            "WHERE conversation_id = $1 AND seq > $2 ORDER BY seq LIMIT $3",
            conversation_id,
            after,
            limit,
        )

    async def find_group_info(self, conversation_id: UUID) -> Record | None:
        return await self._uow.fetch_row(
            "SELECT epoch, group_info FROM conversations WHERE id = $1", conversation_id
        )

    async def find_welcome(self, conversation_id: UUID, device_id: UUID) -> Record | None:
        return await self._uow.fetch_row(
            "SELECT seq, welcome_sealed FROM welcomes WHERE conversation_id = $1 AND device_id = $2",
            conversation_id,
            device_id,
        )

    async def list_reached(self, conversation_id: UUID) -> list[Record]:
        """Return whom a message of the subject's wants to reach, with their state."""
        return await self._uow.fetch(
            "SELECT person_id, state FROM reelm.reached_by_message($1)", conversation_id
        )


class MessagesWriter(MessagesReader):
    """Changes conversations that the subject is in."""

    async def begin(
        self,
        conversation_id: UUID,
        kind: str,
        others: Sequence[UUID],
        device_id: UUID,
        commit: bytes | None,
        group_info: bytes,
        welcome: bytes | None,
        welcomed: Sequence[UUID],
    ) -> Record:
        row = await self._uow.fetch_row(
            "SELECT refusal, about, again, asked FROM reelm.begin_conversation("
            "$1, $2, $3::uuid[], $4, $5, $6, $7, $8::uuid[])",
            conversation_id,
            kind,
            list(others),
            device_id,
            commit,
            group_info,
            welcome,
            list(welcomed),
        )
        assert row is not None  # a function with OUT parameters answers in one row
        return row

    async def send(
        self,
        conversation_id: UUID,
        message_id: UUID,
        device_id: UUID,
        epoch: int,
        body: bytes,
        commitment: bytes,
    ) -> Record:
        row = await self._uow.fetch_row(
            "SELECT refusal, seq, at, epoch, again FROM reelm.send_message($1, $2, $3, $4, $5, $6)",
            conversation_id,
            message_id,
            device_id,
            epoch,
            body,
            commitment,
        )
        assert row is not None
        return row

    async def change(
        self,
        conversation_id: UUID,
        commit_id: UUID,
        device_id: UUID,
        epoch: int,
        commit: bytes,
        group_info: bytes,
        welcome: bytes | None,
        welcomed: Sequence[UUID],
        add: Sequence[UUID],
        remove: Sequence[UUID],
        *,
        external: bool,
    ) -> Record:
        row = await self._uow.fetch_row(
            "SELECT refusal, about, seq, epoch, again, asked FROM reelm.commit_conversation("
            "$1, $2, $3, $4, $5, $6, $7, $8::uuid[], $9::uuid[], $10::uuid[], $11)",
            conversation_id,
            commit_id,
            device_id,
            epoch,
            commit,
            group_info,
            welcome,
            list(welcomed),
            list(add),
            list(remove),
            external,
        )
        assert row is not None
        return row

    async def unsend(self, conversation_id: UUID, seq: int) -> bool:
        done: bool = await self._uow.fetch_value("SELECT reelm.unsend_message($1, $2)", conversation_id, seq)
        return done

    async def accept(self, conversation_id: UUID) -> bool:
        done: bool = await self._uow.fetch_value("SELECT reelm.accept_conversation($1)", conversation_id)
        return done

    async def leave(self, conversation_id: UUID) -> bool:
        done: bool = await self._uow.fetch_value("SELECT reelm.leave_conversation($1)", conversation_id)
        return done

    async def mark_read(self, conversation_id: UUID, seq: int) -> bool:
        done: bool = await self._uow.fetch_value("SELECT reelm.mark_read($1, $2)", conversation_id, seq)
        return done

    async def tell_typing(self, conversation_id: UUID) -> bool:
        done: bool = await self._uow.fetch_value("SELECT reelm.tell_typing($1)", conversation_id)
        return done

    async def mute(self, person_id: UUID, conversation_id: UUID, until: dt.datetime | None) -> bool:
        changed = await self._uow.execute(
            "UPDATE conversation_members SET muted_until = $3 WHERE conversation_id = $2 AND person_id = $1",
            person_id,
            conversation_id,
            until,
        )
        return changed == 1

    async def drop_welcome(self, conversation_id: UUID, device_id: UUID) -> None:
        await self._uow.execute(
            "DELETE FROM welcomes WHERE conversation_id = $1 AND device_id = $2", conversation_id, device_id
        )


class MessagesKeeper:
    """What the worker does for everybody."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def forget(self, before: dt.datetime) -> int:
        gone: int = await self._uow.fetch_value("SELECT reelm.forget_messages($1)", before)
        return gone
