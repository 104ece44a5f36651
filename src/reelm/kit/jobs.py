"""Jobs: enqueued in the caller's transaction, run by the worker at least once.

The queue itself is PgQueuer's. The web role may only add to it, through one function; it can't read what
waits there, because a job carries the ticket that lets the worker act for a person.
"""

import datetime as dt

import msgspec

from reelm.kit.database import UnitOfWork


class Job(msgspec.Struct, frozen=True, tag_field="job"):
    """Base of every job's payload. The class's `name` is the queue's entrypoint."""


class RunAgainError(Exception):
    """Not now: run the job again after `delay`."""

    def __init__(self, delay: dt.timedelta, reason: str) -> None:
        super().__init__(reason)
        self.delay = delay


async def enqueue(
    uow: UnitOfWork,
    name: str,
    payload: Job,
    *,
    delay_seconds: float = 0,
    priority: int = 0,
    once_key: str | None = None,
) -> None:
    """Add a job; it exists if and only if the caller's transaction commits.

    `once_key`: while a job with this key waits or runs, another one is not added.
    """
    await uow.execute(
        "SELECT reelm.enqueue($1, $2, make_interval(secs => $3), $4, $5)",
        name,
        msgspec.json.encode(payload),
        float(delay_seconds),
        priority,
        once_key,
    )
