"""SQL of the feed room: watch events, and the public rows that the catalog follows.

The catalog reads clips and their counters through the role `reelm_indexer`, which row-level security and
column grants confine to what anyone may see; that is why these statements name another room's tables.
"""

import datetime as dt
from collections.abc import Collection, Sequence
from typing import NamedTuple
from uuid import UUID

import msgspec

from reelm.feed.schemas import WatchEvent
from reelm.kit.database import Database, Record, UnitOfWork


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

    async def list_seen_longest_ago(self, person_id: UUID, limit: int) -> list[UUID]:
        """Return clips that the person met, the one whose last meeting lies furthest back first."""
        rows = await self._uow.fetch(
            "SELECT clip_id FROM watch_events WHERE person_id = $1 "
            "GROUP BY clip_id HAVING bool_and(kind <> 'not_interested') ORDER BY max(at), clip_id LIMIT $2",
            person_id,
            limit,
        )
        return [row["clip_id"] for row in rows]


class ViewerNews(NamedTuple):
    """What `reelm.viewer_news` says; see there. Without ties, their fields are empty."""

    version: int
    news: bytes
    followed: bytes
    friends: bytes
    hidden: bytes
    language: str
    age_band: str
    jurisdiction: str


async def read_news(
    database: Database, ticket: str, since: dt.datetime, most: int, *, with_ties: bool
) -> ViewerNews:
    """Return what the ticket's person did since a time, in a transaction of its own."""
    rows = await database.ask(
        "SELECT version, news, followed, friends, hidden, language, age_band, jurisdiction "
        "FROM reelm.viewer_news($1, $2, $3, $4)",
        ticket,
        since,
        most,
        with_ties,
    )
    version, news, followed, friends, hidden, language, age_band, jurisdiction = rows[0]
    return ViewerNews(
        version or 0,
        news or b"",
        followed or b"",
        friends or b"",
        hidden or b"",
        language or "",
        age_band or "",
        jurisdiction or "",
    )


class PageMark(NamedTuple):
    """How a viewer stands to a clip that exists for them, and to who made it."""

    liked: bool
    reposted: bool
    follow: str


async def read_marks(database: Database, ticket: str, ids: Sequence[UUID]) -> dict[int, PageMark]:
    """Return, by place in `ids`, those clips that exist for the ticket's person; a transaction of its own."""
    rows = await database.ask(
        # As one text: the driver would encode each id by itself.
        "SELECT place, liked, reposted, follow FROM reelm.page_marks($1, $2::text::uuid[])",
        ticket,
        "{" + ",".join([each.hex for each in ids]) + "}",
    )
    return {place - 1: PageMark(liked, reposted, follow) for place, liked, reposted, follow in rows}


class EventsWriter(EventsReader):
    """Writes a person's own watch events."""

    async def tell_viewer_changed(self, person_id: UUID) -> None:
        """Tell every process, once this is committed, to read anew what it remembers of a viewer."""
        await self._uow.execute("SELECT pg_notify('viewers', $1)", str(person_id))

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
