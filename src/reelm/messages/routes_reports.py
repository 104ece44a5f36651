"""HTTP of reported messages: for whoever reports, and for the staff."""

from typing import Annotated
from uuid import UUID

from litestar import Response, Router, get, post
from litestar.params import Parameter

from reelm.accounts.service import Visitor
from reelm.custody.service import AboutYourselfError, NotEnrolledError, StaffUnknownError
from reelm.kit.database import UnitOfWork
from reelm.kit.errors import NotFoundError, SignInRequiredError
from reelm.kit.http import ITEM, SIGNED_IN, problems
from reelm.kit.limits import Limit, RateLimiter
from reelm.kit.pages import PAGE_DEFAULT, PAGE_LIMIT, Page
from reelm.messages.reports import ReportsService
from reelm.messages.reports_errors import NotTheMessageError, OnlyOwnError
from reelm.messages.reports_schemas import OpenedReport, OwnReport, ReportIn, ReportMade, WaitingReport

_REPORTS = Limit(burst=20, seconds_each=60)
_OPENINGS = Limit(burst=60, seconds_each=5)
_STAFF = (SignInRequiredError, NotFoundError, NotEnrolledError)


@post(
    "/conversations/{conversation_id:uuid}/reports",
    responses=problems(*ITEM, NotTheMessageError, OnlyOwnError),
    tags=["messages"],
)
async def report_messages(
    conversation_id: UUID,
    data: ReportIn,
    visitor: Visitor,
    uow: UnitOfWork,
    message_reports: ReportsService,
    limiter: RateLimiter,
) -> ReportMade:
    """Disclose messages to the realm's staff: these, and no other, with proof that they were sent."""
    limiter.spend("message_reports", str(visitor.person_id), _REPORTS)
    return await message_reports.report(uow, visitor, conversation_id, data)


@get("/me/reports", responses=problems(*SIGNED_IN), tags=["messages"])
async def my_reports(
    visitor: Visitor,
    uow: UnitOfWork,
    message_reports: ReportsService,
    limit: Annotated[int, Parameter(ge=1, le=PAGE_LIMIT)] = PAGE_DEFAULT,
    cursor: str | None = None,
) -> Page[OwnReport]:
    """List what the visitor reported, and when staff opened it; newest first."""
    return await message_reports.list_own(uow, visitor, limit, cursor)


@get("/staff/reports", responses=problems(*_STAFF), tags=["staff"])
async def list_reports(
    visitor: Visitor,
    uow: UnitOfWork,
    message_reports: ReportsService,
    limit: Annotated[int, Parameter(ge=1, le=PAGE_LIMIT)] = PAGE_DEFAULT,
    cursor: str | None = None,
) -> Page[WaitingReport]:
    """List what people reported, newest first; nothing of it is opened by that."""
    return await message_reports.list_waiting(uow, visitor, limit, cursor)


@post(
    "/staff/reports/{report_id:uuid}/open",
    status_code=200,
    responses=problems(*_STAFF, StaffUnknownError, AboutYourselfError),
    tags=["staff"],
)
async def open_report(
    report_id: UUID, visitor: Visitor, message_reports: ReportsService, limiter: RateLimiter
) -> Response[OpenedReport]:
    """Read exactly what was disclosed. Whoever reported it sees when, and with which staff key."""
    limiter.spend("report_openings", str(visitor.person_id), _OPENINGS)
    opened = await message_reports.open(visitor, report_id)
    return Response(opened, headers={"cache-control": "no-store"})


router = Router("/api/v1", route_handlers=[report_messages, my_reports, list_reports, open_report])
