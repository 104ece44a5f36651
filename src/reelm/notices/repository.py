"""SQL of the notices room. A notice is visible to the person it is for, while what it is about is."""

from collections.abc import Collection
from uuid import UUID

from reelm.kit.database import Record, UnitOfWork
from reelm.notices.schemas import UNREAD_SHOWN, NoticeKind, NoticeRecord

_NOTICE = "id, kind, actor_id, clip_id, comment_id, created_at, read_at, counts"


def _record(row: Record) -> NoticeRecord:
    return NoticeRecord(
        id=row["id"],
        kind=row["kind"],
        actor_id=row["actor_id"],
        clip_id=row["clip_id"],
        comment_id=row["comment_id"],
        created_at=row["created_at"],
        read=row["read_at"] is not None,
        counts=row["counts"],
    )


class NoticesReader:
    """Reads the subject's notices."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def list_newest(self, person_id: UUID, before: UUID | None, limit: int) -> list[NoticeRecord]:
        rows = await self._uow.fetch(
            f"SELECT {_NOTICE} FROM notices WHERE person_id = $1 AND ($2::uuid IS NULL OR id < $2) "
            "ORDER BY id DESC LIMIT $3",
            person_id,
            before,
            limit,
        )
        return [_record(row) for row in rows]

    async def list_after(self, person_id: UUID, after: UUID, limit: int) -> list[NoticeRecord]:
        """Return what came after a notice, oldest first; the newest `limit` of it."""
        rows = await self._uow.fetch(
            f"SELECT {_NOTICE} FROM notices WHERE person_id = $1 AND id > $2 ORDER BY id DESC LIMIT $3",
            person_id,
            after,
            limit,
        )
        return [_record(row) for row in reversed(rows)]

    async def list_by_ids(self, person_id: UUID, ids: Collection[UUID]) -> list[NoticeRecord]:
        """Return those of `ids` that are the person's, oldest first."""
        rows = await self._uow.fetch(
            f"SELECT {_NOTICE} FROM notices WHERE person_id = $1 AND id = ANY ($2) ORDER BY id",
            person_id,
            list(ids),
        )
        return [_record(row) for row in rows]

    async def count_unread(self, person_id: UUID) -> int:
        """Count to a hundred, no further."""
        count: int = await self._uow.fetch_value(
            "SELECT count(*) FROM (SELECT 1 FROM notices WHERE person_id = $1 AND read_at IS NULL LIMIT $2) few",
            person_id,
            UNREAD_SHOWN,
        )
        return count


class NoticesWriter(NoticesReader):
    """Tells people, and lets them put away what they were told."""

    async def tell(
        self,
        notices: list[tuple[UUID, UUID]],
        kind: NoticeKind,
        actor_id: UUID | None,
        clip_id: UUID | None,
        comment_id: UUID | None,
    ) -> None:
        """Add a notice for each (person, new notice's id), but for those whom a block stands between."""
        await self._uow.execute(
            "INSERT INTO notices (person_id, id, kind, actor_id, clip_id, comment_id) "
            "SELECT told.person_id, told.id, $3, $4::uuid, $5::uuid, $6::uuid "
            "FROM unnest($1::uuid[], $2::uuid[]) AS told (person_id, id) "
            "WHERE $4::uuid IS NULL OR told.person_id <> ALL ((SELECT reelm.blocks_either_way())::uuid[])",
            [person_id for person_id, _ in notices],
            [notice_id for _, notice_id in notices],
            kind,
            actor_id,
            clip_id,
            comment_id,
        )

    async def tell_of_grant(self, grant_id: UUID, kind: NoticeKind, notices: list[tuple[UUID, UUID]]) -> None:
        """Tell people of a grant about them, or staff of an emergency: by nobody, whoever acts."""
        await self._uow.execute(
            "SELECT reelm.tell_of_grant($1, $2, $3::uuid[], $4::uuid[])",
            *(grant_id, kind, [person_id for person_id, _ in notices]),
            [notice_id for _, notice_id in notices],
        )

    async def withdraw(
        self,
        person_id: UUID,
        kind: NoticeKind | None,
        clip_id: UUID | None = None,
        comment_id: UUID | None = None,
    ) -> None:
        """Take back what the subject told `person_id`; without a kind, everything."""
        await self._uow.execute(
            "SELECT reelm.withdraw_notices($1, $2, $3, $4)", person_id, kind, clip_id, comment_id
        )

    async def clear(
        self, person_id: UUID, actor_ids: Collection[UUID], kind: NoticeKind | None = None
    ) -> None:
        """Delete the subject's own notices about what `actor_ids` did."""
        await self._uow.execute(
            "DELETE FROM notices WHERE person_id = $1 AND actor_id = ANY ($2) AND ($3::text IS NULL OR kind = $3)",
            person_id,
            list(actor_ids),
            kind,
        )
        await self.hint(person_id)

    async def mark_read(self, person_id: UUID, up_to: UUID) -> None:
        read = await self._uow.execute(
            "UPDATE notices SET read_at = now() WHERE person_id = $1 AND id <= $2 AND read_at IS NULL",
            person_id,
            up_to,
        )
        if read:
            await self.hint(person_id)

    async def hint(self, person_id: UUID) -> None:
        """Let the person's streams, in every process, count anew once this is committed."""
        await self._uow.execute("SELECT pg_notify('notice', $1)", f"{person_id} -")
