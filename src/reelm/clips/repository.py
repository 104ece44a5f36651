"""SQL of clips, their tags, keys and counters, likes and reposts. Row-level security decides what exists."""

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from reelm.clips.schemas import ClipCounts, Status, Visibility
from reelm.kit.database import Record, RowSecurityViolation, UnitOfWork
from reelm.kit.errors import NotFoundError
from reelm.media.service import MediaRecord


class ClipRow(NamedTuple):
    """A clip's row."""

    id: UUID
    author_id: UUID
    status: Status
    caption: str
    tags: list[str]
    mentions: list[str]
    sound_id: UUID | None
    visibility: Visibility
    audience: Visibility
    allow_comments: bool
    allow_download: bool
    allow_sound_reuse: bool
    label_ai: bool
    label_paid: bool
    language: str
    draft: bool
    publish_at: dt.datetime | None
    created_at: dt.datetime
    published_at: dt.datetime | None
    media: MediaRecord | None
    sealed: bool
    ladder_complete: bool
    stage: str
    percent: int
    attempt: int
    upload_id: UUID | None
    edit: dict[str, Any]
    keep_original: bool
    imported: bool
    sound_title: str | None
    failure_code: str | None
    failure_detail: str | None


class SeenRow(NamedTuple):
    """A clip with its counters, and how the viewer stands to it."""

    clip: ClipRow
    counts: ClipCounts
    liked: bool
    reposted: bool


_COLUMNS = ", ".join(f"c.{name}" for name in ClipRow._fields)
_COUNTERS = "k.views, k.likes, k.comments, k.reposts, k.shares"
_CHANGEABLE = set(ClipRow._fields) - {"id", "author_id", "created_at"}


class Cursor(NamedTuple):
    """Where a page of clips ended."""

    at: dt.datetime
    id: UUID


def _clip(row: Record) -> ClipRow:
    values = {name: row[name] for name in ClipRow._fields}
    if values["media"] is not None:
        values["media"] = msgspec.convert(values["media"], MediaRecord)
    return ClipRow(**values)


class ClipsReader:
    """Reads clips."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def find(self, clip_id: UUID, *, lock: bool = False) -> ClipRow | None:
        """Return a clip; `lock` keeps other changes of the row waiting until the transaction ends."""
        end = " FOR NO KEY UPDATE" if lock else ""
        row = await self._uow.fetch_row(f"SELECT {_COLUMNS} FROM clips c WHERE c.id = $1{end}", clip_id)
        return _clip(row) if row else None

    async def list_seen(self, ids: Collection[UUID], viewer_id: UUID | None) -> dict[UUID, SeenRow]:
        """Return those of `ids` that exist for the subject, with counters and the viewer's own marks."""
        rows = await self._uow.fetch(
            f"SELECT {_COLUMNS}, {_COUNTERS}, "
            "$2::uuid IS NOT NULL AND EXISTS (SELECT 1 FROM likes l WHERE l.person_id = $2 AND l.clip_id = c.id) "
            "AS liked, $2::uuid IS NOT NULL AND EXISTS (SELECT 1 FROM reposts r WHERE r.person_id = $2 "
            "AND r.clip_id = c.id) AS reposted "
            "FROM clips c JOIN clip_counters k ON k.clip_id = c.id WHERE c.id = ANY ($1)",
            list(ids),
            viewer_id,
        )
        return {
            row["id"]: SeenRow(
                _clip(row),
                ClipCounts(row["views"], row["likes"], row["comments"], row["reposts"], row["shares"]),
                row["liked"],
                row["reposted"],
            )
            for row in rows
        }

    async def list_marks(self, ids: Collection[UUID], person_id: UUID) -> dict[UUID, tuple[bool, bool]]:
        """Return, for those of `ids` that exist for the subject, whether the person liked and reposted them."""
        rows = await self._uow.fetch(
            "SELECT c.id, EXISTS (SELECT 1 FROM likes l WHERE l.person_id = $2 AND l.clip_id = c.id) AS liked, "
            "EXISTS (SELECT 1 FROM reposts r WHERE r.person_id = $2 AND r.clip_id = c.id) AS reposted "
            "FROM clips c WHERE c.id = ANY ($1)",
            list(ids),
            person_id,
        )
        return {row["id"]: (row["liked"], row["reposted"]) for row in rows}

    async def get_counts(self, clip_id: UUID) -> ClipCounts:
        row = await self._uow.fetch_row(
            f"SELECT {_COUNTERS} FROM clip_counters k WHERE k.clip_id = $1", clip_id
        )
        if row is None:
            raise NotFoundError
        return ClipCounts(*row.values())

    async def list_own(
        self, author_id: UUID, status: Status | None, before: UUID | None, limit: int
    ) -> list[UUID]:
        rows = await self._uow.fetch(
            "SELECT id FROM clips WHERE author_id = $1 AND ($2::text IS NULL OR status = $2) "
            "AND ($3::uuid IS NULL OR id < $3) ORDER BY id DESC LIMIT $4",
            author_id,
            status,
            before,
            limit,
        )
        return [row["id"] for row in rows]

    async def _paged(
        self, query: str, key: Any, before: Cursor | None, limit: int
    ) -> list[tuple[UUID, Cursor]]:
        at, last = before or (None, None)
        rows = await self._uow.fetch(query, key, at, last, limit)
        return [(row["id"], Cursor(row["at"], row["id"])) for row in rows]

    async def list_of_author(
        self, author_id: UUID, before: Cursor | None, limit: int
    ) -> list[tuple[UUID, Cursor]]:
        """Page through what an author has published, newest first."""
        return await self._paged(
            "SELECT id, published_at AS at FROM clips WHERE author_id = $1 AND status = 'ready' "
            "AND published_at IS NOT NULL AND ($2::timestamptz IS NULL OR (published_at, id) < ($2, $3::uuid)) "
            "ORDER BY published_at DESC, id DESC LIMIT $4",
            author_id,
            before,
            limit,
        )

    async def list_of_authors(
        self, author_ids: Collection[UUID], before: Cursor | None, limit: int
    ) -> list[tuple[UUID, Cursor]]:
        """Page through what several authors have published, newest first: the newest few of each, merged."""
        return await self._paged(
            "SELECT c.id, c.published_at AS at FROM unnest($1::uuid[]) AS by (author_id) CROSS JOIN LATERAL ("
            "SELECT id, published_at FROM clips WHERE clips.author_id = by.author_id AND status = 'ready' "
            "AND published_at IS NOT NULL AND ($2::timestamptz IS NULL OR (published_at, id) < ($2, $3::uuid)) "
            "ORDER BY published_at DESC, id DESC LIMIT $4) AS c ORDER BY c.published_at DESC, c.id DESC LIMIT $4",
            list(author_ids),
            before,
            limit,
        )

    async def list_of_sound(
        self, sound_id: UUID, before: Cursor | None, limit: int
    ) -> list[tuple[UUID, Cursor]]:
        """Page through the clips made with a sound, newest first."""
        return await self._paged(
            "SELECT id, published_at AS at FROM clips WHERE sound_id = $1 AND status = 'ready' "
            "AND published_at IS NOT NULL AND ($2::timestamptz IS NULL OR (published_at, id) < ($2, $3::uuid)) "
            "ORDER BY published_at DESC, id DESC LIMIT $4",
            sound_id,
            before,
            limit,
        )

    async def list_of_tag(self, tag: str, before: Cursor | None, limit: int) -> list[tuple[UUID, Cursor]]:
        """Page through the clips that carry a tag, newest first."""
        return await self._paged(
            "SELECT clip_id AS id, published_at AS at FROM clip_tags WHERE tag = $1 "
            "AND published_at IS NOT NULL AND ($2::timestamptz IS NULL OR (published_at, clip_id) < ($2, $3::uuid))"
            " ORDER BY published_at DESC, clip_id DESC LIMIT $4",
            tag,
            before,
            limit,
        )

    async def list_reposts(
        self, person_id: UUID, before: Cursor | None, limit: int
    ) -> list[tuple[UUID, Cursor]]:
        """Page through what a person passed on, latest first."""
        return await self._paged(
            "SELECT clip_id AS id, created_at AS at FROM reposts WHERE person_id = $1 "
            "AND ($2::timestamptz IS NULL OR (created_at, clip_id) < ($2, $3::uuid)) "
            "ORDER BY created_at DESC, clip_id DESC LIMIT $4",
            person_id,
            before,
            limit,
        )

    async def count_tag(self, tag: str) -> int:
        """Count the clips under a tag that the viewer can see."""
        count: int = await self._uow.fetch_value(
            "SELECT count(*) FROM clip_tags WHERE tag = $1 AND published_at IS NOT NULL", tag
        )
        return count

    async def list_existing(self, ids: Collection[UUID]) -> set[UUID]:
        """Return those of `ids`, of clips or uploads, that anybody still has."""
        rows = await self._uow.fetch("SELECT reelm.existing_ids($1) AS id", list(ids))
        return {row["id"] for row in rows}

    async def list_public_wishes(self, author_id: UUID) -> list[UUID]:
        """Return the author's clips that are meant for everyone and playable."""
        rows = await self._uow.fetch(
            "SELECT id FROM clips WHERE author_id = $1 AND visibility = 'everyone' AND media IS NOT NULL",
            author_id,
        )
        return [row["id"] for row in rows]

    async def list_due(self, now: dt.datetime) -> list[tuple[UUID, UUID]]:
        """Return the clips, of anybody, whose hour has come, and their authors. The worker's schedule only."""
        rows = await self._uow.fetch("SELECT clip_id, author_id FROM reelm.due_clips($1)", now)
        return [(row["clip_id"], row["author_id"]) for row in rows]


class ClipsWriter(ClipsReader):
    """Writes clips."""

    async def add(self, values: dict[str, Any], wrapped_key: bytes) -> None:
        """Insert a clip with its key and its tags."""
        names = ", ".join(values)
        marks = ", ".join(f"${number}" for number in range(1, len(values) + 1))
        await self._uow.execute(f"INSERT INTO clips ({names}) VALUES ({marks})", *values.values())
        await self._uow.execute(
            "INSERT INTO clip_keys (clip_id, author_id, wrapped_key) VALUES ($1, $2, $3)",
            values["id"],
            values["author_id"],
            wrapped_key,
        )
        await self.set_tags(values["id"], values["tags"], None)

    async def change(self, clip_id: UUID, now: dt.datetime, **values: Any) -> None:
        """Set columns. Raises `NotFoundError` when the clip is gone, or not the subject's."""
        unknown = values.keys() - _CHANGEABLE
        if unknown:
            raise ValueError(f"not changeable: {unknown}")
        if isinstance(values.get("media"), MediaRecord):
            values["media"] = msgspec.to_builtins(values["media"])
        sets = ", ".join(f"{name} = ${number}" for number, name in enumerate(values, 3))
        changed = await self._uow.execute(
            f"UPDATE clips SET changed_at = $2{', ' if sets else ''}{sets} WHERE id = $1",
            clip_id,
            now,
            *values.values(),
        )
        if not changed:
            raise NotFoundError

    async def tell_progress(self, clip_id: UUID, attempt: int, stage: str, percent: int) -> bool:
        """Say how far a clip is; false when this attempt was cancelled or the clip deleted."""
        moved = await self._uow.execute(
            "UPDATE clips SET stage = $3, percent = $4 WHERE id = $1 AND attempt = $2 AND status <> 'failed'",
            clip_id,
            attempt,
            stage,
            percent,
        )
        return moved == 1

    async def is_wanted(self, clip_id: UUID, attempt: int) -> bool:
        """Say whether this attempt at a clip still matters."""
        found: bool = await self._uow.fetch_value(
            "SELECT EXISTS (SELECT 1 FROM clips WHERE id = $1 AND attempt = $2 AND status <> 'failed')",
            clip_id,
            attempt,
        )
        return found

    async def set_tags(self, clip_id: UUID, tags: Sequence[str], published_at: dt.datetime | None) -> None:
        await self._uow.execute("DELETE FROM clip_tags WHERE clip_id = $1 AND tag <> ALL ($2)", clip_id, tags)
        if tags:
            await self._uow.execute(
                "INSERT INTO clip_tags (tag, clip_id, published_at) SELECT unnest($2::text[]), $1, $3 "
                "ON CONFLICT (tag, clip_id) DO UPDATE SET published_at = excluded.published_at",
                clip_id,
                tags,
                published_at,
            )

    async def narrow_all(self, author_id: UUID, now: dt.datetime) -> list[UUID]:
        """Hide the author's public clips from everyone; return those whose bytes are public."""
        rows = await self._uow.fetch(
            "WITH open AS (SELECT id, sealed FROM clips WHERE author_id = $1 AND audience = 'everyone' "
            "FOR NO KEY UPDATE) UPDATE clips c SET audience = 'followers', sealed = true, changed_at = $2 "
            "FROM open WHERE c.id = open.id RETURNING c.id, open.sealed",
            author_id,
            now,
        )
        return [row["id"] for row in rows if not row["sealed"]]

    async def delete(self, clip_id: UUID, author_id: UUID) -> None:
        """Delete a clip and all that hangs on it. Raises `NotFoundError`."""
        if not await self._uow.execute(
            "DELETE FROM clips WHERE id = $1 AND author_id = $2", clip_id, author_id
        ):
            raise NotFoundError

    async def put_words(self, kind: str, reference: str, key: str, bigrams: list[str], language: str) -> None:
        await self._uow.execute(
            "SELECT reelm.put_words($1, $2, $3, $4, $5)", kind, reference, key, bigrams, language
        )

    # --- likes and reposts ------------------------------------------------------------------------------

    async def _mark(self, table: str, person_id: UUID, clip_id: UUID) -> bool:
        try:
            async with self._uow.savepoint():
                added = await self._uow.execute(
                    f"INSERT INTO {table} (person_id, clip_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                    person_id,
                    clip_id,
                )
        except RowSecurityViolation as error:
            raise NotFoundError from error
        return added == 1

    async def _unmark(self, table: str, person_id: UUID, clip_id: UUID) -> bool:
        gone = await self._uow.execute(
            f"DELETE FROM {table} WHERE person_id = $1 AND clip_id = $2", person_id, clip_id
        )
        return gone == 1

    async def like(self, person_id: UUID, clip_id: UUID) -> bool:
        """Add a like; false if there was one. Raises `NotFoundError` for a clip that is not seen."""
        return await self._mark("likes", person_id, clip_id)

    async def unlike(self, person_id: UUID, clip_id: UUID) -> bool:
        return await self._unmark("likes", person_id, clip_id)

    async def repost(self, person_id: UUID, clip_id: UUID) -> bool:
        """Pass a clip on; false if it was already. Raises `NotFoundError` for a clip that is not seen."""
        return await self._mark("reposts", person_id, clip_id)

    async def unrepost(self, person_id: UUID, clip_id: UUID) -> bool:
        return await self._unmark("reposts", person_id, clip_id)

    async def count_share(self, clip_id: UUID) -> None:
        await self._uow.execute("SELECT reelm.count_share($1)", clip_id)
