"""HTTP of adjustments: everybody reads what is declared; staff declare and take back."""

from typing import Annotated
from uuid import UUID

from litestar import Router, delete, get, post
from litestar.params import Parameter

from reelm.accounts.service import Visitor
from reelm.custody.service import NotEnrolledError
from reelm.feed.adjustments.errors import AdjustedAlreadyError, NotPublicError
from reelm.feed.adjustments.schemas import AdjustmentAsk, AdjustmentView
from reelm.feed.adjustments.service import AdjustmentsService
from reelm.kit.database import UnitOfWork
from reelm.kit.errors import NotFoundError, SignInRequiredError
from reelm.kit.http import SIGNED_IN, problems
from reelm.kit.limits import Limit, RateLimiter
from reelm.kit.pages import PAGE_DEFAULT, PAGE_LIMIT, Page
from reelm.ledger.service import LedgerLateError

_STAFF = (SignInRequiredError, NotFoundError, NotEnrolledError, LedgerLateError)
_CHANGES = Limit(burst=30, seconds_each=10)


@get("/feeds/adjustments", responses=problems(*SIGNED_IN), tags=["feeds"])
async def list_adjustments(
    uow: UnitOfWork,
    adjustments: AdjustmentsService,
    limit: Annotated[int, Parameter(ge=1, le=PAGE_LIMIT)] = PAGE_DEFAULT,
    cursor: str | None = None,
) -> Page[AdjustmentView]:
    """List every boost and demotion that is declared now; for everybody."""
    return await adjustments.page(uow, limit, cursor)


@post(
    "/staff/adjustments",
    responses=problems(*_STAFF, NotPublicError, AdjustedAlreadyError),
    tags=["staff"],
)
async def declare_adjustment(
    data: AdjustmentAsk, visitor: Visitor, adjustments: AdjustmentsService, limiter: RateLimiter
) -> AdjustmentView:
    """Declare a boost or demotion, with the reason for everybody to read. It counts once the ledger has it."""
    limiter.spend("adjustments", str(visitor.person_id), _CHANGES)
    return await adjustments.declare(visitor, data)


@delete("/staff/adjustments/{adjustment_id:uuid}", responses=problems(*_STAFF), tags=["staff"])
async def take_adjustment_back(
    adjustment_id: UUID, visitor: Visitor, adjustments: AdjustmentsService, limiter: RateLimiter
) -> None:
    """Take a boost or demotion back."""
    limiter.spend("adjustments", str(visitor.person_id), _CHANGES)
    await adjustments.take_back(visitor, adjustment_id)


router = Router("/api/v1", route_handlers=[list_adjustments, declare_adjustment, take_adjustment_back])
