"""The set that everybody fetches: made once a minute, whoever asks."""

import asyncio
import datetime as dt
from contextlib import asynccontextmanager
from typing import Any

from reelm.contacts.published import PublishedSet
from reelm.kit.clock import FixedClock


class LocalDatabase:
    """Answers the one question of the set from a list."""

    def __init__(self, entries: list[bytes]) -> None:
        self.entries = entries
        self.began = 0

    @asynccontextmanager
    async def transaction(self) -> Any:
        self.began += 1
        yield self

    async def fetch_value(self, query: str, last: bytes | None, at_most: int) -> bytes:
        assert "reelm.contact_set" in query
        await asyncio.sleep(0)
        after = sorted(each for each in self.entries if last is None or each > last)
        return b"".join(after[: min(at_most, 3)])


def _entries(count: int) -> list[bytes]:
    return [bytes([number]) * 92 for number in reversed(range(count))]


async def test_it_is_made_once_a_minute() -> None:
    clock = FixedClock(dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC))
    database = LocalDatabase(_entries(8))
    published = PublishedSet(database, clock)  # type: ignore[arg-type]
    first, *others = await asyncio.gather(*(published.current() for _ in range(20)))
    assert database.began == 1
    assert all(each is first for each in others)
    assert first.body == b"".join(sorted(database.entries))
    database.entries = _entries(3)
    clock.advance(dt.timedelta(seconds=59))
    assert await published.current() is first
    clock.advance(dt.timedelta(seconds=1))
    second = await published.current()
    assert second.body == b"".join(sorted(database.entries))
    assert second.etag != first.etag


async def test_the_same_entries_have_the_same_name_in_every_process() -> None:
    clock = FixedClock(dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC))
    one, other = (PublishedSet(LocalDatabase(_entries(4)), clock) for _ in range(2))  # type: ignore[arg-type]
    assert (await one.current()).etag == (await other.current()).etag
    empty = await PublishedSet(LocalDatabase([]), clock).current()  # type: ignore[arg-type]
    assert (empty.body, len(empty.etag)) == (b"", 34)
