"""SQL of the comments room. A comment is visible where its clip is, unless one of the two blocks the other."""

from collections.abc import Collection
from uuid import UUID

from reelm.comments.schemas import CommentRecord, ThreadCursor
from reelm.kit.database import Record, RowSecurityViolation, UnitOfWork
from reelm.kit.errors import NotFoundError

_COMMENT = "id, clip_id, author_id, parent_id, text, created_at, pinned_at, hearted_at, likes, replies"


def _record(row: Record) -> CommentRecord:
    return CommentRecord(
        id=row["id"],
        clip_id=row["clip_id"],
        author_id=row["author_id"],
        parent_id=row["parent_id"],
        text=row["text"],
        created_at=row["created_at"],
        pinned=row["pinned_at"] is not None,
        hearted=row["hearted_at"] is not None,
        likes=row["likes"],
        replies=row["replies"],
    )


class CommentsReader:
    """Reads comments."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def find(self, comment_id: UUID) -> CommentRecord | None:
        row = await self._uow.fetch_row(f"SELECT {_COMMENT} FROM comments WHERE id = $1", comment_id)
        return _record(row) if row else None

    async def list_by_ids(self, ids: Collection[UUID]) -> list[CommentRecord]:
        rows = await self._uow.fetch(f"SELECT {_COMMENT} FROM comments WHERE id = ANY ($1)", list(ids))
        return [_record(row) for row in rows]

    async def find_pinned(self, clip_id: UUID) -> CommentRecord | None:
        row = await self._uow.fetch_row(
            f"SELECT {_COMMENT} FROM comments WHERE clip_id = $1 AND pinned_at IS NOT NULL", clip_id
        )
        return _record(row) if row else None

    async def list_newest(self, clip_id: UUID, after: ThreadCursor | None, limit: int) -> list[CommentRecord]:
        """Return a clip's threads, newest first, without the pinned one."""
        rows = await self._uow.fetch(
            f"SELECT {_COMMENT} FROM comments WHERE clip_id = $1 AND parent_id IS NULL AND pinned_at IS NULL "
            "AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3",
            clip_id,
            after.id if after else None,
            limit,
        )
        return [_record(row) for row in rows]

    async def list_top(self, clip_id: UUID, after: ThreadCursor | None, limit: int) -> list[CommentRecord]:
        """Return a clip's threads, most liked first, without the pinned one."""
        rows = await self._uow.fetch(
            f"SELECT {_COMMENT} FROM comments WHERE clip_id = $1 AND parent_id IS NULL AND pinned_at IS NULL "
            "AND ($2::bigint IS NULL OR (likes, id) < ($2, $3::uuid)) ORDER BY likes DESC, id DESC LIMIT $4",
            clip_id,
            after.likes if after else None,
            after.id if after else None,
            limit,
        )
        return [_record(row) for row in rows]

    async def list_replies(
        self, parent_id: UUID, after: ThreadCursor | None, limit: int
    ) -> list[CommentRecord]:
        """Return a thread's replies, oldest first, as they were said."""
        rows = await self._uow.fetch(
            f"SELECT {_COMMENT} FROM comments WHERE parent_id = $1 AND ($2::uuid IS NULL OR id > $2) "
            "ORDER BY id LIMIT $3",
            parent_id,
            after.id if after else None,
            limit,
        )
        return [_record(row) for row in rows]

    async def list_liked(self, person_id: UUID, ids: Collection[UUID]) -> set[UUID]:
        rows = await self._uow.fetch(
            "SELECT comment_id FROM comment_likes WHERE person_id = $1 AND comment_id = ANY ($2)",
            person_id,
            list(ids),
        )
        return {row["comment_id"] for row in rows}


class CommentsWriter(CommentsReader):
    """Writes comments."""

    async def add(
        self, comment_id: UUID, clip_id: UUID, author_id: UUID, parent_id: UUID | None, text: str
    ) -> None:
        """Insert a comment. Raises `NotFoundError` where the clip takes none from the subject."""
        try:
            await self._uow.execute(
                "INSERT INTO comments (id, clip_id, author_id, parent_id, text) VALUES ($1, $2, $3, $4, $5)",
                comment_id,
                clip_id,
                author_id,
                parent_id,
                text,
            )
        except RowSecurityViolation as error:
            raise NotFoundError from error

    async def remove(self, comment_id: UUID) -> None:
        """Delete a comment and what was answered to it. Raises `NotFoundError` if it isn't the subject's to do."""
        if not await self._uow.execute("DELETE FROM comments WHERE id = $1", comment_id):
            raise NotFoundError

    async def pin(self, comment: CommentRecord) -> None:
        """Pin a comment in place of the one that was; pins under one clip happen one after the other."""
        await self._uow.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"pin {comment.clip_id}"
        )
        await self._uow.execute(
            "UPDATE comments SET pinned_at = NULL WHERE clip_id = $1 AND pinned_at IS NOT NULL AND id <> $2",
            comment.clip_id,
            comment.id,
        )
        await self._uow.execute("UPDATE comments SET pinned_at = now() WHERE id = $1", comment.id)

    async def unpin(self, comment_id: UUID) -> None:
        await self._uow.execute("UPDATE comments SET pinned_at = NULL WHERE id = $1", comment_id)

    async def set_heart(self, comment_id: UUID, *, hearted: bool) -> None:
        await self._uow.execute(
            "UPDATE comments SET hearted_at = CASE WHEN $2 THEN now() END WHERE id = $1", comment_id, hearted
        )

    async def like(self, person_id: UUID, comment_id: UUID) -> bool:
        """Return whether that was new. Raises `NotFoundError` for a comment the subject can't see."""
        try:
            added = await self._uow.execute(
                "INSERT INTO comment_likes (person_id, comment_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                person_id,
                comment_id,
            )
        except RowSecurityViolation as error:
            raise NotFoundError from error
        return added == 1

    async def unlike(self, person_id: UUID, comment_id: UUID) -> bool:
        """Return whether there was a like."""
        removed = await self._uow.execute(
            "DELETE FROM comment_likes WHERE person_id = $1 AND comment_id = $2", person_id, comment_id
        )
        return removed == 1
