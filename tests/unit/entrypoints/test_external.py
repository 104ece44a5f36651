"""What a foreign PostgreSQL is refused for, in words that say what to do."""

from typing import Any

import pytest

from reelm.entrypoints.external import _judge
from reelm.entrypoints.folder import StartError

GOOD = (150018, "15.18", "UTF8", True, 1)


class Answering:
    """A connection that gives one row."""

    def __init__(self, row: tuple[Any, ...]) -> None:
        self._row = row

    async def fetchrow(self, query: str) -> tuple[Any, ...]:
        return self._row


@pytest.mark.parametrize(
    ("row", "words", "advice"),
    [
        ((140011, "14.11", "UTF8", True, 1), "needs 15 or newer", "REELM_DATABASE_URL"),
        ((150018, "15.18", "SQL_ASCII", True, 1), "needs UTF8", "ENCODING"),
        ((150018, "15.18", "UTF8", True, 0), "no collation C.UTF-8", "locale"),
        ((150018, "15.18", "UTF8", False, 1), "may not make roles", "CREATEROLE"),
    ],
)
async def test_what_is_missing_is_named(row: tuple[Any, ...], words: str, advice: str) -> None:
    with pytest.raises(StartError) as refused:
        await _judge(Answering(row), "db:5432")  # type: ignore[arg-type]
    assert words in refused.value.message
    assert "db:5432" in refused.value.message
    assert advice in refused.value.hint


async def test_the_oldest_supported_one_is_taken() -> None:
    assert await _judge(Answering(GOOD), "db:5432") == "15.18"  # type: ignore[arg-type]
