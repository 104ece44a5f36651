"""SQL of collections. Which of them exist for the subject, and which clips in them, row-level security decides."""

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

import msgspec

from reelm.collections.schemas import Kind, Shown
from reelm.kit.database import Record, RowSecurityViolation, UnitOfWork
from reelm.kit.errors import NotFoundError

_COLUMNS = (
    "c.id, c.person_id, c.kind, c.title, c.visibility, c.created_at, c.changed_at, "
    "(SELECT count(*) FROM collected_clips k WHERE k.collection_id = c.id) AS clips, "
    "ARRAY(SELECT k.clip_id FROM collected_clips k WHERE k.collection_id = c.id ORDER BY k.position, k.clip_id "
    "LIMIT 4) AS first, "
    "EXISTS (SELECT 1 FROM collected_clips k WHERE k.collection_id = c.id AND k.clip_id = $2) AS has"
)


class CollectionRow(msgspec.Struct, frozen=True):
    """A collection, how many clips of it the subject sees, the first of them, and whether one is among them."""

    id: UUID
    person_id: UUID
    kind: Kind
    title: str
    visibility: Shown
    created_at: dt.datetime
    changed_at: dt.datetime
    clips: int
    first: list[UUID]
    has: bool


class Place(msgspec.Struct, frozen=True, array_like=True):
    """Where a collection's clips go on: behind this one."""

    position: int
    clip_id: UUID


class CollectionsReader:
    """Reads collections."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def find(self, collection_id: UUID) -> CollectionRow | None:
        row = await self._uow.fetch_row(
            f"SELECT {_COLUMNS} FROM collections c WHERE c.id = $1", collection_id, None
        )
        return _row(row) if row else None

    async def list_of(self, person_id: UUID, clip_id: UUID | None, limit: int) -> list[CollectionRow]:
        """Return somebody's collections: what is saved first, then the latest changed."""
        rows = await self._uow.fetch(
            f"SELECT {_COLUMNS} FROM collections c WHERE c.person_id = $1 "
            "ORDER BY c.kind = 'saved' DESC, c.changed_at DESC, c.id DESC LIMIT $3",
            person_id,
            clip_id,
            limit,
        )
        return [_row(row) for row in rows]

    async def count(self, person_id: UUID) -> int:
        found: int = await self._uow.fetch_value(
            "SELECT count(*) FROM collections WHERE person_id = $1", person_id
        )
        return found

    async def find_saved(self, person_id: UUID) -> UUID | None:
        found: UUID | None = await self._uow.fetch_value(
            "SELECT id FROM collections WHERE person_id = $1 AND kind = 'saved'", person_id
        )
        return found

    async def list_clips(self, collection_id: UUID, after: Place | None, limit: int) -> list[Place]:
        rows = await self._uow.fetch(
            "SELECT position, clip_id FROM collected_clips WHERE collection_id = $1 "
            "AND ($2::bigint IS NULL OR (position, clip_id) > ($2, $3::uuid)) ORDER BY position, clip_id LIMIT $4",
            collection_id,
            after.position if after else None,
            after.clip_id if after else None,
            limit,
        )
        return [Place(row["position"], row["clip_id"]) for row in rows]

    async def count_clips(self, collection_id: UUID) -> int:
        found: int = await self._uow.fetch_value(
            "SELECT count(*) FROM collected_clips WHERE collection_id = $1", collection_id
        )
        return found


class CollectionsWriter(CollectionsReader):
    """Changes the subject's collections."""

    async def add(
        self,
        collection_id: UUID,
        person_id: UUID,
        kind: Kind,
        title: str,
        visibility: Shown,
        now: dt.datetime,
    ) -> bool:
        """Add a collection; False if it is what is saved, and there is one."""
        added = await self._uow.execute(
            "INSERT INTO collections (id, person_id, kind, title, visibility, created_at, changed_at) "
            "VALUES ($1, $2, $3, $4, $5, $6, $6) ON CONFLICT (person_id) WHERE kind = 'saved' DO NOTHING",
            collection_id,
            person_id,
            kind,
            title,
            visibility,
            now,
        )
        return added == 1

    async def hold(self, collection_id: UUID, person_id: UUID) -> Kind | None:
        """Lock one's own collection for a change; None if it is none."""
        kind: Kind | None = await self._uow.fetch_value(
            "SELECT kind FROM collections WHERE id = $1 AND person_id = $2 FOR UPDATE",
            collection_id,
            person_id,
        )
        return kind

    async def change(
        self, collection_id: UUID, title: str | None, visibility: Shown | None, now: dt.datetime
    ) -> None:
        """Change what is given; in any case its time."""
        await self._uow.execute(
            "UPDATE collections SET title = coalesce($2, title), visibility = coalesce($3, visibility), "
            "changed_at = $4 WHERE id = $1",
            collection_id,
            title,
            visibility,
            now,
        )

    async def remove(self, collection_id: UUID) -> None:
        await self._uow.execute("DELETE FROM collections WHERE id = $1", collection_id)

    async def add_clip(self, collection_id: UUID, person_id: UUID, clip_id: UUID) -> bool:
        """Put a clip first; False when it is in it. Raises `NotFoundError` for a clip the subject can't see."""
        try:
            added = await self._uow.execute(
                "INSERT INTO collected_clips (collection_id, clip_id, person_id, position) "
                "SELECT $1, $3, $2, coalesce(min(position), 0) - 1 FROM collected_clips WHERE collection_id = $1 "
                "ON CONFLICT DO NOTHING",
                collection_id,
                person_id,
                clip_id,
            )
        except RowSecurityViolation as error:
            raise NotFoundError from error
        return added == 1

    async def remove_clip(self, collection_id: UUID, clip_id: UUID) -> bool:
        removed = await self._uow.execute(
            "DELETE FROM collected_clips WHERE collection_id = $1 AND clip_id = $2", collection_id, clip_id
        )
        return removed == 1

    async def order(self, collection_id: UUID, clips: Sequence[UUID]) -> None:
        """Put these clips first, in this order; the others follow as they did."""
        await self._uow.execute(
            "UPDATE collected_clips k SET position = o.place FROM (SELECT c.clip_id, row_number() OVER "
            "(ORDER BY array_position($2::uuid[], c.clip_id) NULLS LAST, c.position, c.clip_id) AS place "
            "FROM collected_clips c WHERE c.collection_id = $1) o "
            "WHERE k.collection_id = $1 AND k.clip_id = o.clip_id",
            collection_id,
            list(clips),
        )


def _row(row: Record) -> CollectionRow:
    return CollectionRow(
        row["id"],
        row["person_id"],
        row["kind"],
        row["title"],
        row["visibility"],
        row["created_at"],
        row["changed_at"],
        row["clips"],
        row["first"],
        row["has"],
    )
