"""SQL of the feed room: watch events, and the public rows that the catalog follows.

The catalog reads clips and their counters through the role `reelm_indexer`, which row-level security and
column grants confine to what anyone may see; that is why these statements name another room's tables.
"""

import datetime as dt
from collections.abc import Collection, Sequence
from uuid import UUID

import msgspec

from reelm.feed.schemas import WatchEvent
from reelm.kit.database import Record, UnitOfWork


class CatalogRow(msgspec.Struct, frozen=True):
    """A public clip, as the catalog knows it."""

    id: UUID
    author_id: UUID
    sound_id: UUID | None
    language: str
    tags: list[str]
    published_at: dt.datetime
    duration_ms: int
    moved_at: dt.datetime
    views: int
    likes: int
    comments: int
    reposts: int
    shares: int
    finishes: int
    skips: int


_ROW = (
    "c.id, c.author_id, c.sound_id, c.language, c.tags, c.published_at, "
    "coalesce((c.media->>'duration_ms')::int, 0) AS duration_ms, k.changed_at, "
    "k.views, k.likes, k.comments, k.reposts, k.shares, k.finishes, k.skips"
)
_FROM = "FROM clips c JOIN clip_counters k ON k.clip_id = c.id"


class CatalogReader:
    """Reads public clips for nobody in particular."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def now(self) -> dt.datetime:
        """Return the database's clock, by which `changed_at` is written."""
        moment: dt.datetime = await self._uow.fetch_value("SELECT now()")
        return moment

    async def list_public(self, after: UUID | None, limit: int) -> list[CatalogRow]:
        """Page through every public clip by id."""
        rows = await self._uow.fetch(
            f"SELECT {_ROW} {_FROM} WHERE ($1::uuid IS NULL OR c.id > $1) ORDER BY c.id LIMIT $2",
            after,
            limit,
        )
        return [_row(row) for row in rows]

    async def list_by_ids(self, ids: Collection[UUID]) -> list[CatalogRow]:
        rows = await self._uow.fetch(f"SELECT {_ROW} {_FROM} WHERE c.id = ANY ($1)", list(ids))
        return [_row(row) for row in rows]

    async def list_moved(self, since: dt.datetime, after: UUID, limit: int) -> list[CatalogRow]:
        """Return the public clips whose counters moved after a time of the database's clock and a clip's id."""
        rows = await self._uow.fetch(
            f"SELECT {_ROW} {_FROM} WHERE k.changed_at >= $1 AND (k.changed_at, k.clip_id) > ($1, $2) "
            "ORDER BY k.changed_at, k.clip_id LIMIT $3",
            since,
            after,
            limit,
        )
        return [_row(row) for row in rows]


def _row(row: Record) -> CatalogRow:
    return CatalogRow(*row)


class EventsReader:
    """Reads a person's own watch events."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def list_since(self, person_id: UUID, since: dt.datetime, limit: int) -> list[Record]:
        """Return (id, at, clip_id, kind, watched_ms, learns) newest first; `learns`: it may count as taste."""
        return await self._uow.fetch(
            "SELECT id, at, clip_id, kind, watched_ms, learns FROM watch_events "
            "WHERE person_id = $1 AND at >= $2 ORDER BY at DESC LIMIT $3",
            person_id,
            since,
            limit,
        )


class EventsWriter(EventsReader):
    """Writes a person's own watch events."""

    async def add(
        self, person_id: UUID, events: Sequence[WatchEvent], times: Sequence[dt.datetime]
    ) -> dict[UUID, bool]:
        """Store what is new; return id → whether it may be learned from.

        What was watched while the person had learning paused may not. Of somebody whose feed is made without
        profiling nothing is stored.
        """
        rows = await self._uow.fetch(
            "INSERT INTO watch_events "
            "(person_id, at, id, clip_id, kind, watched_ms, position_ms, source, learns) "
            "SELECT $1, e.*, "
            "NOT coalesce(s.paused_at <= e.at AND (s.resumed_at IS NULL OR e.at < s.resumed_at), false) "
            "FROM unnest($2::timestamptz[], $3::uuid[], $4::uuid[], $5::text[], $6::int[], $7::int[], $8::text[]) "
            "AS e (at, id, clip_id, kind, watched_ms, position_ms, source) "
            "LEFT JOIN feed_settings s ON s.person_id = $1 "
            "WHERE coalesce(s.profiling, true) ON CONFLICT DO NOTHING RETURNING id, learns",
            person_id,
            list(times),
            [event.id for event in events],
            [event.clip_id for event in events],
            [event.kind for event in events],
            [event.watched_ms for event in events],
            [event.position_ms for event in events],
            [event.source for event in events],
        )
        return {row["id"]: row["learns"] for row in rows}
