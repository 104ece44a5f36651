"""SQL of uploads. Row-level security shows a person their own and nobody else's."""

import datetime as dt
from typing import Literal, NamedTuple
from uuid import UUID

from reelm.kit.database import Record, UniqueViolation, UnitOfWork
from reelm.media.upload_errors import OffsetMismatchError

Purpose = Literal["clip", "import"]


class UploadRow(NamedTuple):
    """An upload: `received_bytes` of `size_bytes` are stored and acknowledged."""

    id: UUID
    person_id: UUID
    size_bytes: int
    received_bytes: int
    parts: int
    wrapped_key: bytes
    clip_id: UUID | None
    expires_at: dt.datetime


class PartRow(NamedTuple):
    """One stored piece, in order."""

    number: int
    name: str
    size_bytes: int


_UPLOAD = "id, person_id, size_bytes, received_bytes, parts, wrapped_key, clip_id, expires_at"


def _upload(row: Record) -> UploadRow:
    return UploadRow(*(row[name] for name in UploadRow._fields))


class UploadReader:
    """Reads uploads."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def find(self, person_id: UUID, upload_id: UUID) -> UploadRow | None:
        row = await self._uow.fetch_row(
            f"SELECT {_UPLOAD} FROM uploads WHERE person_id = $1 AND id = $2", person_id, upload_id
        )
        return _upload(row) if row else None

    async def find_of_clip(self, person_id: UUID, clip_id: UUID) -> UploadRow | None:
        row = await self._uow.fetch_row(
            f"SELECT {_UPLOAD} FROM uploads WHERE person_id = $1 AND clip_id = $2", person_id, clip_id
        )
        return _upload(row) if row else None

    async def list_parts(self, person_id: UUID, upload_id: UUID) -> list[PartRow]:
        rows = await self._uow.fetch(
            "SELECT number, name, size_bytes FROM upload_parts WHERE person_id = $1 AND upload_id = $2 "
            "ORDER BY number",
            person_id,
            upload_id,
        )
        return [PartRow(*row.values()) for row in rows]

    async def usage(self, person_id: UUID) -> tuple[int, int]:
        """Return the bytes of all the person's originals and uploads, and how many are unfinished."""
        row = await self._uow.fetch_row(
            "SELECT coalesce(sum(size_bytes), 0)::bigint, count(*) FILTER (WHERE clip_id IS NULL) "
            "FROM uploads WHERE person_id = $1",
            person_id,
        )
        assert row is not None
        return row[0], row[1]


class UploadWriter(UploadReader):
    """Writes uploads."""

    async def add(
        self, row: UploadRow, name_sealed: bytes | None, declared_type: str, purpose: Purpose = "clip"
    ) -> None:
        await self._uow.execute(
            "INSERT INTO uploads (person_id, id, size_bytes, name_sealed, declared_type, wrapped_key, expires_at, "
            "purpose) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            row.person_id,
            row.id,
            row.size_bytes,
            name_sealed,
            declared_type,
            row.wrapped_key,
            row.expires_at,
            purpose,
        )

    async def add_parts(self, row: UploadRow, parts: list[PartRow], expires_at: dt.datetime) -> None:
        """Acknowledge stored pieces. Raises `OffsetMismatchError` when somebody else went on from there first."""
        added = sum(part.size_bytes for part in parts)
        moved = await self._uow.execute(
            "UPDATE uploads SET received_bytes = received_bytes + $4, parts = parts + $5, expires_at = $6 "
            "WHERE person_id = $1 AND id = $2 AND received_bytes = $3 AND clip_id IS NULL",
            row.person_id,
            row.id,
            row.received_bytes,
            added,
            len(parts),
            expires_at,
        )
        if not moved:
            raise OffsetMismatchError
        try:
            await self._uow.execute_many(
                "INSERT INTO upload_parts (person_id, upload_id, number, name, size_bytes) "
                "VALUES ($1, $2, $3, $4, $5)",
                [(row.person_id, row.id, *part) for part in parts],
            )
        except UniqueViolation as error:
            raise OffsetMismatchError from error

    async def claim(
        self, person_id: UUID, upload_id: UUID, clip_id: UUID, *, purpose: Purpose = "clip"
    ) -> bool:
        """Give a complete upload to a clip (or an import); false if it is incomplete or belongs to one."""
        claimed = await self._uow.execute(
            "UPDATE uploads SET clip_id = $3 WHERE person_id = $1 AND id = $2 AND clip_id IS NULL "
            "AND received_bytes = size_bytes AND purpose = $4",
            person_id,
            upload_id,
            clip_id,
            purpose,
        )
        return claimed == 1

    async def delete(self, person_id: UUID, upload_id: UUID) -> bool:
        await self.delete_parts(person_id, upload_id)
        gone = await self._uow.execute(
            "DELETE FROM uploads WHERE person_id = $1 AND id = $2", person_id, upload_id
        )
        return gone == 1

    async def delete_parts(self, person_id: UUID, upload_id: UUID) -> None:
        await self._uow.execute(
            "DELETE FROM upload_parts WHERE person_id = $1 AND upload_id = $2", person_id, upload_id
        )
