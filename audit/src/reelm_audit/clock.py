"""The one place where the tool asks what time it is; everything else is given it."""

import time


def now() -> int:
    """Return seconds since 1970."""
    return int(time.time())  # noqa: TID251 - this is the clock
