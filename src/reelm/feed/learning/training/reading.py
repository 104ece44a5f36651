"""Reads what a pass needs from the database and the catalog, page by page, into arrays."""

import datetime as dt
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
import numpy.typing as npt

from reelm.feed.catalog import Catalog
from reelm.feed.keys import key_of_text
from reelm.feed.learning.repository import EventsReader
from reelm.feed.learning.rule import LIKED
from reelm.feed.learning.training.content import KINDS, Tokens
from reelm.feed.learning.training.watched import People, RowNumbers, Times, Watched
from reelm.kit.database import Database

PAGE = 20_000
SLICE = dt.timedelta(hours=6)
_WORDS_AT_ONCE = 2_000
_MOST_WORDS = 24
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)


@dataclass(frozen=True)
class Page:
    """Some events, in the order in which they were stored."""

    person: People
    row: RowNumbers
    kind: list[str]
    watched_ms: npt.NDArray[np.int64]
    at: Times

    def liked(self) -> Watched:
        """What was liked among them, as it stands here: not yet once each."""
        kept = np.array([kind in LIKED for kind in self.kind], np.bool_)
        return Watched(self.person[kept], self.row[kept], self.at[kept])


def micros(moment: dt.datetime) -> int:
    """Microseconds of Unix time."""
    return (moment - EPOCH) // _MICROSECOND


def moment_of(time: int) -> dt.datetime:
    return EPOCH + dt.timedelta(microseconds=time)


def people_of(names: bytes) -> People:
    """Numbers of people, from pseudonyms of 16 bytes each: the first half of each."""
    if not names:
        return np.zeros(0, np.uint64)
    return np.frombuffer(names, ">u8").reshape(-1, 2)[:, 0].astype(np.uint64)


async def events(
    database: Database, catalog: Catalog, after: dt.datetime, until: dt.datetime
) -> AsyncIterator[Page]:
    """Yield everything stored after one time and up to another, of clips that are in the catalog, in pages."""
    while after < until:
        end = min(until, after + SLICE)
        async with database.transaction() as uow:
            found = await EventsReader(uow).list_events(after, end, PAGE)
        if found:
            yield _page(catalog, found)
        after = found[-1]["stored_at"] if len(found) >= PAGE else end


def _page(catalog: Catalog, found: Sequence[object]) -> Page:
    rows = catalog.rows(event["clip_id"] for event in found)  # type: ignore[index]
    known = rows >= 0
    kept = [event for event, here in zip(found, known.tolist(), strict=True) if here]
    return Page(
        people_of(b"".join(event["person"] for event in kept)),  # type: ignore[index]
        rows[known],
        [event["kind"] for event in kept],  # type: ignore[index]
        np.array([event["watched_ms"] for event in kept], np.int64),  # type: ignore[index]
        np.array([micros(event["at"]) for event in kept], np.int64),  # type: ignore[index]
    )


async def tokens_of(database: Database, catalog: Catalog, rows: RowNumbers) -> Tokens:
    """What the living clips among `rows` say: tags, sound, creator, words, language."""
    rows = rows[catalog.column("alive")[rows] != 0]
    if not len(rows):
        return Tokens.none()
    tags = catalog.tags[rows]
    columns = [(rows, KINDS.index("tag"), tags[:, place]) for place in range(tags.shape[1])]
    columns += [
        (rows, KINDS.index(name), catalog.column(name)[rows]) for name in ("sound", "author", "language")
    ]
    word_rows, words = await _words(database, catalog, rows)
    columns.append((word_rows, KINDS.index("word"), words))
    return Tokens.of(
        np.concatenate([row for row, _, _ in columns]),
        np.concatenate([np.full(len(row), kind, np.int64) for row, kind, _ in columns]),
        np.concatenate([key for _, _, key in columns]),
    )


async def _words(
    database: Database, catalog: Catalog, rows: RowNumbers
) -> tuple[RowNumbers, npt.NDArray[np.int64]]:
    keys: dict[str, int] = {}
    found_rows: list[int] = []
    found_words: list[int] = []
    for start in range(0, len(rows), _WORDS_AT_ONCE):
        here = rows[start : start + _WORDS_AT_ONCE].tolist()
        row_of: dict[UUID, int] = {catalog.id_of(row): row for row in here}
        async with database.transaction() as uow:
            lines = await EventsReader(uow).list_words(list(row_of))
        for line in lines:
            for word in line["terms"][:_MOST_WORDS]:
                key = keys.get(word)
                if key is None:
                    key = keys[word] = key_of_text(word)
                found_rows.append(row_of[line["clip_id"]])
                found_words.append(key)
    return np.array(found_rows, np.int64), np.array(found_words, np.int64)
