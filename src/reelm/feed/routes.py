"""HTTP of the feeds and of watch events."""

from typing import Annotated, Any

from litestar import Response, Router, get, post
from litestar.params import Parameter

from reelm.accounts.service import Visitor
from reelm.feed.controls.errors import WithoutProfilingError
from reelm.feed.schemas import EventsStored, FeedName, FeedPage, WatchEvents
from reelm.feed.service import FeedService
from reelm.kit.database import UnitOfWork
from reelm.kit.errors import NotFoundError
from reelm.kit.http import SIGNED_IN, problems
from reelm.kit.limits import Limit, RateLimiter
from reelm.kit.pages import PAGE_DEFAULT, PAGE_LIMIT

_EVENTS = Limit(burst=60, seconds_each=1)


@get(
    "/feeds/{name:str}", responses=problems(*SIGNED_IN, NotFoundError, WithoutProfilingError), tags=["feeds"]
)
async def get_feed(
    name: FeedName,
    guest: Visitor | None,
    uow: UnitOfWork,
    feed: FeedService,
    limit: Annotated[int, Parameter(ge=1, le=PAGE_LIMIT)] = PAGE_DEFAULT,
    cursor: str | None = None,
) -> Response[FeedPage]:
    """Return the next clips of a feed: `for-you`, `following`, `friends` or `local`.

    Whoever chose a feed without profiling has the public lists in place of `for-you`.
    """
    page: Any = await feed.page(uow, guest, name, limit, cursor)
    return Response(page, media_type="application/json", headers={"cache-control": "no-store"})


@post("/events", status_code=202, responses=problems(*SIGNED_IN), tags=["feeds"])
async def record_events(
    data: WatchEvents, visitor: Visitor, uow: UnitOfWork, feed: FeedService, limiter: RateLimiter
) -> EventsStored:
    """Take in what the visitor watched. Acknowledged once stored; sending a batch again stores nothing twice."""
    limiter.spend("events", str(visitor.person_id), _EVENTS)
    return await feed.record(uow, visitor, data.events)


router = Router("/api/v1", route_handlers=[get_feed, record_events])
