"""HTTP of the notices room: the list, and the live stream."""

from typing import Annotated
from uuid import UUID

from litestar import Router, get, put
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import HeaderParameter, Parameter
from litestar.response import Stream

from reelm.accounts.service import Visitor
from reelm.kit.database import UnitOfWork
from reelm.kit.http import SIGNED_IN, problems
from reelm.kit.limits import Limit, RateLimiter
from reelm.kit.pages import PAGE_DEFAULT, PAGE_LIMIT, Page
from reelm.notices.errors import TooManyStreamsError
from reelm.notices.schemas import Notice, ReadUpTo, Unread
from reelm.notices.service import NoticesService
from reelm.notices.streams import Streams

STREAMS = Limit(burst=60, seconds_each=2)
EVENT_STREAM = "text/event-stream"


@get("/notices", responses=problems(*SIGNED_IN), tags=["notices"])
async def list_notices(
    visitor: Visitor,
    uow: UnitOfWork,
    notices: NoticesService,
    limit: Annotated[int, Parameter(ge=1, le=PAGE_LIMIT)] = PAGE_DEFAULT,
    cursor: str | None = None,
) -> Page[Notice]:
    """List what happened, newest first."""
    return await notices.list_notices(uow, visitor, limit, cursor)


@get("/notices/unread", responses=problems(*SIGNED_IN), tags=["notices"])
async def count_unread(visitor: Visitor, uow: UnitOfWork, notices: NoticesService) -> Unread:
    """Count what was not read yet, up to a hundred."""
    return await notices.unread(uow, visitor)


@put("/notices/read", status_code=204, responses=problems(*SIGNED_IN), tags=["notices"])
async def mark_read(data: ReadUpTo, visitor: Visitor, uow: UnitOfWork, notices: NoticesService) -> None:
    """Put away every notice up to one."""
    await notices.mark_read(uow, visitor, data.up_to)


@get(
    "/stream",
    media_type=EVENT_STREAM,
    responses={
        200: ResponseSpec(
            data_container=str,
            media_type=EVENT_STREAM,
            generate_examples=False,
            description="Events `notice` (a Notice; its id is the event's), `unread` ({count}), `clip` "
            "({clip_id, status, stage, percent, failure}), `message` ({conversation_id, last_seq}), `typing` "
            "({conversation_id, person_id}) and `missed` (hints about conversations may be lost: look for "
            "yourself); a comment every 15 seconds.",
        ),
        **problems(*SIGNED_IN, TooManyStreamsError),
    },
    tags=["notices"],
)
async def open_stream(
    visitor: Visitor,
    streams: Streams,
    limiter: RateLimiter,
    last_event_id: Annotated[str | None, HeaderParameter(name="Last-Event-ID", max_length=100)] = None,
) -> Stream:
    """Hear live what happens: notices, how one's clips get on, and where a conversation went on.

    `Last-Event-ID` brings what came after that notice first.
    """
    limiter.spend("stream", str(visitor.person_id), STREAMS)
    return Stream(
        streams.open(visitor, _known(last_event_id)),
        media_type=EVENT_STREAM,
        headers={"cache-control": "no-store", "x-accel-buffering": "no"},
    )


def _known(last_event_id: str | None) -> UUID | None:
    """Read the id of a notice; anything else is as good as none."""
    try:
        return UUID(last_event_id) if last_event_id else None
    except ValueError:
        return None


router = Router("/api/v1", route_handlers=[list_notices, count_unread, mark_read, open_stream])
