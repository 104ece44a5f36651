"""Quiet hours: what the clock on the wall says, also in the nights in which it is changed."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelm.notices.quiet import Quiet, minute_of, next_loud, next_time, shown_minute, young_nights, zone

PARIS, YORK, DELHI, UTC = "Europe/Paris", "America/New_York", "Asia/Kolkata", "UTC"


def at(text: str) -> dt.datetime:
    """A moment, in UTC."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


# Quiet from, to, where; now; until when it is quiet (None: not now). All moments in UTC.
TABLE = [
    ("22:00", "07:00", UTC, "2026-11-22T21:59", None),
    ("22:00", "07:00", UTC, "2026-11-22T22:00", "2026-11-23T07:00"),
    ("22:00", "07:00", UTC, "2026-11-23T06:59", "2026-11-23T07:00"),
    ("22:00", "07:00", UTC, "2026-11-23T07:00", None),
    ("13:00", "14:00", UTC, "2026-11-22T13:30", "2026-11-22T14:00"),
    ("13:00", "14:00", UTC, "2026-11-22T14:00", None),
    ("22:00", "07:00", PARIS, "2026-11-22T20:59", None),
    ("22:00", "07:00", PARIS, "2026-11-22T21:00", "2026-11-23T06:00"),
    ("22:00", "07:00", PARIS, "2026-07-22T20:00", "2026-07-23T05:00"),
    ("22:00", "07:00", DELHI, "2026-11-22T16:30", "2026-11-23T01:30"),
    # The clock is put forward on 29 March at 01:00 UTC, and back on 25 October at 01:00 UTC.
    ("22:00", "07:00", PARIS, "2026-03-28T21:30", "2026-03-29T05:00"),
    ("22:00", "07:00", PARIS, "2026-10-24T20:30", "2026-10-25T06:00"),
    # 02:30 isn't there in that night: it is over when the clock jumps over it.
    ("22:00", "02:30", PARIS, "2026-03-28T23:00", "2026-03-29T01:30"),
    # 02:30 is there twice: after the first, what is before 02:30 is quiet again.
    ("22:00", "02:30", PARIS, "2026-10-24T23:00", "2026-10-25T00:30"),
    ("22:00", "02:30", PARIS, "2026-10-25T00:45", None),
    ("22:00", "02:30", PARIS, "2026-10-25T01:15", "2026-10-25T01:30"),
    ("22:00", "07:00", YORK, "2026-11-01T05:30", "2026-11-01T12:00"),
    ("22:00", "07:00", YORK, "2026-03-08T05:30", "2026-03-08T11:00"),
]


@pytest.mark.parametrize(("begins", "ends", "where", "now", "until"), TABLE)
def test_the_table(begins: str, ends: str, where: str, now: str, until: str | None) -> None:
    quiet = Quiet(minute_of(begins), minute_of(ends), where)
    assert quiet.holds(at(now)) is (until is not None)
    assert next_loud(at(now), [quiet]) == at(until or now)


def test_what_overlaps_is_quiet_until_all_of_it_is_over() -> None:
    windows = [
        Quiet(minute_of("22:00"), minute_of("07:00"), PARIS),
        Quiet(minute_of("06:30"), minute_of("09:00"), PARIS),
    ]
    assert next_loud(at("2026-11-22T22:00"), windows) == at("2026-11-23T08:00")


def test_hours_that_leave_no_hour_are_no_reason_to_wait_for_ever() -> None:
    windows = [Quiet(0, 12 * 60, UTC), Quiet(12 * 60, 0, UTC)]
    assert next_loud(at("2026-11-22T10:00"), windows) <= at("2026-11-25T00:00")


def test_somebody_young_has_quiet_nights_wherever_a_device_is() -> None:
    nights = young_nights([PARIS, PARIS, YORK])
    assert len(nights) == 2
    assert next_loud(at("2026-11-22T21:00"), nights) == at("2026-11-22T21:00") + dt.timedelta(hours=15)


MOMENTS = st.integers(0, 3 * 365 * 24 * 3600).map(
    lambda each: at("2025-01-01T00:00") + dt.timedelta(seconds=each)
)
MINUTES = st.integers(0, 24 * 60 - 1)
ZONES = st.sampled_from([PARIS, YORK, DELHI, UTC, "Australia/Lord_Howe", "Pacific/Apia", "America/St_Johns"])


@given(MOMENTS, MINUTES, MINUTES, ZONES)
def test_what_is_told_is_told_in_no_quiet_minute_and_within_a_day_or_so(
    now: dt.datetime, begins: int, ends: int, where: str
) -> None:
    quiet = Quiet(begins, ends, where)
    moment = next_loud(now, [quiet])
    assert now <= moment <= now + dt.timedelta(hours=26)
    assert not quiet.holds(moment)
    assert moment == now or quiet.holds(now)


@given(MOMENTS, MINUTES, ZONES)
def test_the_next_time_is_shown_by_the_clock_or_was_left_out(
    now: dt.datetime, minute: int, where: str
) -> None:
    moment = next_time(now, minute, where)
    assert now < moment <= now + dt.timedelta(hours=26)
    local = moment.astimezone(zone(where))
    shown = local.hour * 60 + local.minute
    before = (moment - dt.timedelta(hours=2)).astimezone(zone(where)).utcoffset()
    assert shown == minute or before != local.utcoffset()


@given(MINUTES)
def test_a_time_of_the_day_is_written_and_read(minute: int) -> None:
    assert minute_of(shown_minute(minute)) == minute


@pytest.mark.parametrize(
    "bad",
    ["", "24:00", "7:00", "07:60", "0700", "07:0", "-1:00", "\u0660\u0667:\u0660\u0660", "07:00:00", "a7:00"],
)
def test_other_times_are_none(bad: str) -> None:
    with pytest.raises(ValueError, match=r"time|written"):
        minute_of(bad)


@pytest.mark.parametrize("bad", ["", "Europe", "Europe/Nowhere", "../../etc/passwd", "/etc/localtime"])
def test_other_zones_are_none(bad: str) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        zone(bad)
