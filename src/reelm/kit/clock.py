"""Time as an argument: the only place in the product that asks the machine what time it is."""

import datetime as dt
import time
from typing import Protocol


class Clock(Protocol):
    """Where a service gets the time from."""

    def now(self) -> dt.datetime:
        """Return the current time, always with UTC as its zone."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never step back, for measuring how long something took."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> dt.datetime:
        return dt.datetime.fromtimestamp(time.time(), dt.UTC)  # noqa: TID251

    def monotonic(self) -> float:
        return time.monotonic()


class FixedClock:
    """A clock that stands still until it is told to move; for tests and stories."""

    def __init__(self, start: dt.datetime) -> None:
        self._now = start

    def now(self) -> dt.datetime:
        return self._now

    def monotonic(self) -> float:
        return self._now.timestamp()

    def advance(self, step: dt.timedelta) -> None:
        self._now += step
