"""Fetched files that nobody took go after a day, and no others."""

import datetime as dt
import os
from pathlib import Path

from reelm.border.tidying import Tidying
from reelm.kit.clock import FixedClock

NOW = dt.datetime(2026, 11, 22, 8, 0, tzinfo=dt.UTC)


def test_what_nobody_took_goes_after_a_day(tmp_path: Path) -> None:
    tidying = Tidying(tmp_path, FixedClock(NOW))
    assert tidying.tidy() == 0
    (tmp_path / "fetched").mkdir()
    for name, hours in (("new", 23), ("old", 25)):
        path = tmp_path / "fetched" / name
        path.write_bytes(b"x")
        when = (NOW - dt.timedelta(hours=hours)).timestamp()
        os.utime(path, (when, when))
    assert tidying.tidy() == 1
    assert [path.name for path in (tmp_path / "fetched").iterdir()] == ["new"]
