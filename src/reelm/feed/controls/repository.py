"""SQL of the controls: a person's own rows, under row-level security."""

import datetime as dt
from uuid import UUID

import msgspec

from reelm.kit.database import Record, UnitOfWork


class WishRow(msgspec.Struct, frozen=True):
    """A wish as it lies in the database."""

    key: int
    kind: str
    tag: str | None
    sound_id: UUID | None
    creator_id: UUID | None
    wish: int
    forgotten_at: dt.datetime | None


class ControlsReader:
    """Reads what a person told their feed."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def find_changed(self, person_id: UUID, known: int) -> Record | None:
        """Return the settings, unless they are still of the version `known` (0: there are none)."""
        return await self._uow.fetch_row(
            "SELECT version, profiling, learning, paused_at, resumed_at, reset_at, words_sealed "
            "FROM feed_settings WHERE person_id = $1 AND version <> $2",
            person_id,
            known,
        )

    async def list_wishes(self, person_id: UUID) -> list[WishRow]:
        """Return all wishes, latest first; at most as many as are kept."""
        rows = await self._uow.fetch(
            "SELECT key, kind, tag, sound_id, creator_id, wish, forgotten_at FROM feed_wishes "
            "WHERE person_id = $1 ORDER BY changed_at DESC, key",
            person_id,
        )
        return [WishRow(*row) for row in rows]


class ControlsWriter(ControlsReader):
    """Writes what a person tells their feed. Every write moves the version."""

    async def touch(self, person_id: UUID) -> None:
        """Make the settings if there are none, and move their version; the row stays locked to the end."""
        await self._uow.execute(
            "INSERT INTO feed_settings (person_id, version) VALUES ($1, 1) "
            "ON CONFLICT (person_id) DO UPDATE SET version = feed_settings.version + 1",
            person_id,
        )

    async def set_profiling(self, person_id: UUID, on: bool) -> None:
        await self._uow.execute("UPDATE feed_settings SET profiling = $2 WHERE person_id = $1", person_id, on)

    async def pause(self, person_id: UUID, now: dt.datetime) -> None:
        """Stop learning from now on; a pause that has begun goes on."""
        await self._uow.execute(
            "UPDATE feed_settings SET learning = false, paused_at = $2, resumed_at = NULL "
            "WHERE person_id = $1 AND learning",
            person_id,
            now,
        )

    async def resume(self, person_id: UUID, now: dt.datetime) -> None:
        await self._uow.execute(
            "UPDATE feed_settings SET learning = true, resumed_at = $2 WHERE person_id = $1 AND NOT learning",
            person_id,
            now,
        )

    async def set_reset(self, person_id: UUID, now: dt.datetime) -> None:
        await self._uow.execute("UPDATE feed_settings SET reset_at = $2 WHERE person_id = $1", person_id, now)

    async def set_words(self, person_id: UUID, sealed: bytes | None) -> None:
        await self._uow.execute(
            "UPDATE feed_settings SET words_sealed = $2 WHERE person_id = $1", person_id, sealed
        )

    async def count_wishes(self, person_id: UUID) -> int:
        count: int = await self._uow.fetch_value(
            "SELECT count(*) FROM feed_wishes WHERE person_id = $1", person_id
        )
        return count

    async def put_wish(self, person_id: UUID, row: WishRow, now: dt.datetime) -> None:
        """Set a wish, keeping since when the thing is forgotten."""
        await self._uow.execute(
            "INSERT INTO feed_wishes (person_id, key, kind, tag, sound_id, creator_id, wish, changed_at) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) "
            "ON CONFLICT (person_id, key) DO UPDATE SET wish = excluded.wish, changed_at = excluded.changed_at",
            person_id,
            row.key,
            row.kind,
            row.tag,
            row.sound_id,
            row.creator_id,
            row.wish,
            now,
        )

    async def take_back(self, person_id: UUID, key: int) -> None:
        """Remove a wish; if the thing was forgotten, that stays."""
        await self._uow.execute(
            "DELETE FROM feed_wishes WHERE person_id = $1 AND key = $2 AND forgotten_at IS NULL",
            person_id,
            key,
        )
        await self._uow.execute(
            "UPDATE feed_wishes SET wish = 0 WHERE person_id = $1 AND key = $2", person_id, key
        )

    async def forget(self, person_id: UUID, row: WishRow) -> None:
        """Forget a thing as of `row.forgotten_at`."""
        await self._uow.execute(
            "INSERT INTO feed_wishes "
            "(person_id, key, kind, tag, sound_id, creator_id, wish, forgotten_at, changed_at) "
            "VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $7) "
            "ON CONFLICT (person_id, key) DO UPDATE SET forgotten_at = excluded.forgotten_at",
            person_id,
            row.key,
            row.kind,
            row.tag,
            row.sound_id,
            row.creator_id,
            row.forgotten_at,
        )

    async def drop_forgotten(self, person_id: UUID, before: dt.datetime) -> None:
        """Remove what only says that something was forgotten, where everything before is forgotten anyway."""
        await self._uow.execute(
            "DELETE FROM feed_wishes WHERE person_id = $1 AND wish = 0 AND forgotten_at <= $2",
            person_id,
            before,
        )
