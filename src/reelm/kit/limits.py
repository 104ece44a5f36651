"""Rate limits: token buckets in the process's memory.

Each web process counts for itself, so the limit of a realm is this limit times its web processes.
"""

from collections import OrderedDict

import msgspec

from reelm.kit.clock import Clock
from reelm.kit.errors import TooManyRequestsError


class Limit(msgspec.Struct, frozen=True):
    """`burst` acts at once, then one every `seconds_each`."""

    burst: int
    seconds_each: float


class RateLimiter:
    """Counts acts per (name, key) and raises when there are too many.

    `factor` widens every limit, for a realm behind one address or a load test.
    """

    def __init__(self, clock: Clock, *, factor: int = 1, remembered: int = 100_000) -> None:
        self._clock = clock
        self._factor = factor
        self._remembered = remembered
        self._buckets: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()

    def spend(self, name: str, key: str, limit: Limit) -> None:
        """Take one token. Raises `TooManyRequestsError` with the seconds to wait."""
        now = self._clock.monotonic()
        burst, seconds_each = float(limit.burst * self._factor), limit.seconds_each / self._factor
        tokens, seen = self._buckets.pop((name, key), (burst, now))
        tokens = min(burst, tokens + (now - seen) / seconds_each)
        if tokens < 1:
            self._buckets[name, key] = (tokens, now)
            wait = max(1, round((1 - tokens) * seconds_each))
            raise TooManyRequestsError(retry_after_seconds=wait)
        self._buckets[name, key] = (tokens - 1, now)
        while len(self._buckets) > self._remembered:
            self._buckets.popitem(last=False)
