"""Times as entries carry them, counted in minutes since 1970 so that they can be compared."""

import datetime as dt
import re
from functools import lru_cache

HOUR = 60
DAY = 24 * HOUR

_FORM = re.compile(r"\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\dZ", re.ASCII)
_EPOCH = dt.date(1970, 1, 1).toordinal()


@lru_cache(maxsize=4096)  # most entries share their minute with others
def parse(text: str) -> int:
    """Return the minutes since 1970 of `2026-11-22T01:05Z`; raises `ValueError`."""
    if not _FORM.fullmatch(text):
        raise ValueError(f"{text} is no moment")
    day = (dt.date.fromisoformat(text[:10]).toordinal() - _EPOCH) * DAY
    return day + int(text[11:13]) * HOUR + int(text[14:16])


def text_of(minutes: int) -> str:
    """Return a moment as entries write it."""
    day = dt.date.fromordinal(_EPOCH + minutes // DAY).isoformat()
    return f"{day}T{minutes % DAY // HOUR:02}:{minutes % HOUR:02}Z"


def of_seconds(seconds: int) -> int:
    """Return the minute of a Unix time."""
    return seconds // 60
