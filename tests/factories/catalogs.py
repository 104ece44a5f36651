"""Catalogs of a test's own: clips out of nothing, put into the shared files as the indexer does."""

import asyncio
import datetime as dt
import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from reelm.feed.catalog import CATALOG, COUNTERS, Catalog
from reelm.feed.catalog.keeper import CatalogKeeper
from reelm.feed.catalog.records import Identity
from reelm.feed.catalog.store import NewRow, Store
from reelm.feed.repository import CatalogRow

NOW = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)


def new_row(chance: random.Random, **changes: Any) -> NewRow:
    """A clip of one of few authors, sounds, tags and languages, so that chains get long."""
    identity = Identity(
        salt=changes.get("salt", chance.randbytes(16)),
        id=changes.get("id", chance.randbytes(16)),
        author_id=changes.get("author_id", chance.randrange(1, 12).to_bytes(16, "big")),
        sound=changes.get("sound", chance.randrange(6)),
        tags=changes.get("tags", tuple(chance.sample(range(1, 20), chance.randrange(4)))),
    )
    counters = changes.get("counters", tuple(chance.randrange(300) for _ in COUNTERS))
    published = changes.get("published", 1_790_000_000 + chance.randrange(10**6))
    return NewRow(identity, chance.randrange(1, 4), published, chance.randrange(60_000), counters)


def clip_id(number: int) -> UUID:
    return UUID(int=(2 << 96) + number)


def author_id(number: int) -> UUID:
    return UUID(int=(1 << 96) + number)


def database_row(number: int, **changes: Any) -> CatalogRow:
    """A public clip as the database has it."""
    values: dict[str, Any] = {
        "id": clip_id(number),
        "author_id": author_id(number % 10),
        "sound_id": UUID(int=(3 << 96) + number % 7),
        "language": "en",
        "tags": [f"tag{number % 5}"],
        "published_at": NOW - dt.timedelta(hours=number),
        "duration_ms": 9_000,
        "moved_at": NOW,
        **dict.fromkeys(COUNTERS, 0),
    }
    return CatalogRow(**{**values, **changes})


def made(folder: Path, rows: Iterable[CatalogRow], now: dt.datetime = NOW) -> Catalog:
    """A catalog of these clips, its lists renewed at a time; rows in the order given."""
    with Store(folder) as store:
        asyncio.run(_take(store, list(rows)))
        store.renew_lists(int(now.timestamp()))
    return Catalog(folder / CATALOG)


async def _take(store: Store, rows: list[CatalogRow]) -> None:
    keeper = CatalogKeeper.__new__(CatalogKeeper)
    keeper._time = lambda: 0  # type: ignore[method-assign]
    keeper._came_or_went = False
    await keeper._take(store, rows)


@contextmanager
def opened(folder: Path, **options: Any) -> Iterator[tuple[Store, Catalog]]:
    """The writer and a reader of one catalog."""
    with Store(folder, **options) as store:
        yield store, Catalog(folder / CATALOG)
