"""Quiet hours: when nothing makes a sound, and when it may again.

Hours are of the clock on the wall, in a time zone. A night in which the clock is put forward is an hour shorter, one
in which it is put back an hour longer; an hour that is told twice is quiet both times.
"""

import datetime as dt
import zoneinfo
from collections.abc import Iterable
from dataclasses import dataclass

YOUNG_FROM, YOUNG_TO = 22 * 60, 7 * 60
DIGEST_AT = 18 * 60
_DAY_MINUTES = 24 * 60


@dataclass(frozen=True)
class Quiet:
    """From one minute of the day to before another, over midnight if it must be."""

    begins: int
    ends: int
    time_zone: str

    def holds(self, now: dt.datetime) -> bool:
        """Say whether it is quiet at a moment."""
        local = now.astimezone(zone(self.time_zone))
        minute = local.hour * 60 + local.minute
        if self.begins <= self.ends:
            return self.begins <= minute < self.ends
        return minute >= self.begins or minute < self.ends

    def ends_after(self, now: dt.datetime) -> dt.datetime:
        """Return the first moment after `now` at which the clock shows the end."""
        return next_time(now, self.ends, self.time_zone)


def young_nights(time_zones: Iterable[str]) -> list[Quiet]:
    """Return the nights of somebody under 16, wherever their devices say that they are."""
    return [Quiet(YOUNG_FROM, YOUNG_TO, each) for each in sorted(set(time_zones))]


def next_loud(now: dt.datetime, quiet: Iterable[Quiet]) -> dt.datetime:
    """Return the first moment from `now` on at which nothing of it holds; at most two days ahead."""
    windows = list(quiet)
    moment = now
    while moment < now + dt.timedelta(days=2):
        holding = next((each for each in windows if each.holds(moment)), None)
        if holding is None:
            return moment
        moment = holding.ends_after(moment)
    return moment


def next_time(now: dt.datetime, minute: int, time_zone: str) -> dt.datetime:
    """Return the first moment after `now` at which the clock shows that minute of the day.

    Where the minute is left out because the clock is put forward, it is the first moment after that.
    """
    there = zone(time_zone)
    today = now.astimezone(there).date()
    for days in range(3):
        for fold in (0, 1):
            shown = dt.datetime.combine(
                today + dt.timedelta(days=days), dt.time(minute // 60, minute % 60, fold=fold), there
            )
            moment = shown.astimezone(dt.UTC)
            if fold and not _is_told_twice(shown):
                continue
            if moment > now:
                return moment
    raise AssertionError("a day has every minute")  # pragma: no cover - three days are looked at


def _is_told_twice(shown: dt.datetime) -> bool:
    """Say whether the clock shows this minute twice that day: it does if both readings are a moment of their own."""
    first, second = (shown.replace(fold=fold).astimezone(dt.UTC) for fold in (0, 1))
    return first < second


def zone(name: str) -> zoneinfo.ZoneInfo:
    """Return a time zone by its name. Raises ValueError for one that isn't known."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, OSError, ValueError) as error:
        raise ValueError(f"{name!r} is no time zone") from error


def minute_of(shown: str) -> int:
    """Read `HH:MM`. Raises ValueError."""
    hours, colon, minutes = shown.partition(":")
    if not (colon and len(shown) == 5 and hours.isascii() and (hours + minutes).isdigit()):
        raise ValueError("a time of the day is written HH:MM")
    minute = int(hours) * 60 + int(minutes)
    if int(minutes) > 59 or minute >= _DAY_MINUTES:
        raise ValueError("there is no such time of the day")
    return minute


def shown_minute(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
