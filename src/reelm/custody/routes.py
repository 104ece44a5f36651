"""HTTP of custody: staff and their keys, grants, who opened my data, and what everybody sees of it.

What begins with `/staff` is for operators; for everybody else it isn't there.
"""

from typing import Annotated
from uuid import UUID

from litestar import Response, Router, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import Parameter, QueryParameter

from reelm.custody.grants.counts import GrantCounts
from reelm.custody.grants.deciding import GrantsService
from reelm.custody.grants.errors import (
    DraftTooOldError,
    ElsewhereError,
    EmergencyRefusedError,
    EnrolledAlreadyError,
    GrantStateError,
    NotEnrolledError,
    NotGrantedError,
    OwnRequestError,
    SignatureRefusedError,
    StaffKeyTakenError,
)
from reelm.custody.grants.openings import OpeningsService
from reelm.custody.grants.schemas import (
    DecisionAsk,
    DecisionDraft,
    EnrolmentAsk,
    EnrolmentAsked,
    Grant,
    GrantAsk,
    GrantsTransparency,
    Opened,
    Opening,
    OpeningAsk,
    Signed,
    StaffMe,
    StaffMembers,
)
from reelm.custody.grants.staff import StaffService
from reelm.custody.grants.states import GrantState
from reelm.custody.grants.uses import GrantUses
from reelm.custody.opening_errors import GrantRefusedError
from reelm.custody.schemas import Visitor
from reelm.kit.database import UnitOfWork
from reelm.kit.errors import NotFoundError, SignInRequiredError
from reelm.kit.http import SIGNED_IN, problems
from reelm.kit.limits import Limit, RateLimiter
from reelm.kit.pages import PAGE_DEFAULT, PAGE_LIMIT, Page
from reelm.ledger.service import LedgerLateError

_STAFF = (SignInRequiredError, NotFoundError, NotEnrolledError)
_DRAFTS = Limit(burst=20, seconds_each=30)
_SIGNATURES = Limit(burst=30, seconds_each=10)
_OPENINGS = Limit(burst=60, seconds_each=5)
_RECEIPTS = Limit(burst=60, seconds_each=2)


# --- staff --------------------------------------------------------------------------------------------------


@get("/staff/me", responses=problems(SignInRequiredError, NotFoundError), tags=["staff"])
async def staff_me(visitor: Visitor, uow: UnitOfWork, staff: StaffService) -> StaffMe:
    """Say where an operator stands: whether their key is enrolled, and what the charter's rules are."""
    return await staff.me(uow, visitor)


@post(
    "/staff/enrolment",
    status_code=200,
    responses=problems(
        SignInRequiredError, NotFoundError, SignatureRefusedError, EnrolledAlreadyError, StaffKeyTakenError
    ),
    tags=["staff"],
)
async def ask_enrolment(
    data: EnrolmentAsk, visitor: Visitor, uow: UnitOfWork, staff: StaffService, limiter: RateLimiter
) -> EnrolmentAsked:
    """Bring a public key for a keyholder to enrol."""
    limiter.spend("staff_enrolment", str(visitor.person_id), _DRAFTS)
    return await staff.ask(uow, visitor, data)


@get("/staff/members", responses=problems(SignInRequiredError, NotFoundError), tags=["staff"])
async def staff_members(visitor: Visitor, uow: UnitOfWork, staff: StaffService) -> StaffMembers:
    """List everybody who brought a key, and where the ledger says that it counts."""
    return await staff.members(uow)


# --- grants -------------------------------------------------------------------------------------------------


@post("/staff/grants", responses=problems(*_STAFF, EmergencyRefusedError), tags=["staff"])
async def draft_grant(data: GrantAsk, visitor: Visitor, grants: GrantsService, limiter: RateLimiter) -> Grant:
    """Make a request to be signed within 15 minutes: `to_sign` is the text. Nobody else sees it until then."""
    limiter.spend("grant_drafts", str(visitor.person_id), _DRAFTS)
    return await grants.draft(visitor, data)


@post(
    "/staff/grants/{grant_id:uuid}/signature",
    status_code=200,
    responses=problems(*_STAFF, SignatureRefusedError, DraftTooOldError, GrantStateError, LedgerLateError),
    tags=["staff"],
)
async def sign_grant(
    grant_id: UUID, data: Signed, visitor: Visitor, grants: GrantsService, limiter: RateLimiter
) -> Grant:
    """Sign a request: it goes into the ledger, and somebody else has 12 hours to answer."""
    limiter.spend("grant_signatures", str(visitor.person_id), _SIGNATURES)
    return await grants.sign(visitor, grant_id, data.signature)


@get("/staff/grants", responses=problems(SignInRequiredError, NotFoundError), tags=["staff"])
async def list_grants(
    visitor: Visitor,
    uow: UnitOfWork,
    grants: GrantsService,
    in_state: Annotated[GrantState | None, QueryParameter(name="state")] = None,
    limit: Annotated[int, Parameter(ge=1, le=PAGE_LIMIT)] = PAGE_DEFAULT,
    cursor: str | None = None,
) -> Page[Grant]:
    """List grants, newest first."""
    return await grants.list_grants(uow, visitor, in_state, limit, cursor)


@get("/staff/grants/{grant_id:uuid}", responses=problems(SignInRequiredError, NotFoundError), tags=["staff"])
async def get_grant(grant_id: UUID, visitor: Visitor, uow: UnitOfWork, grants: GrantsService) -> Grant:
    """Show a grant with its uses."""
    return await grants.get(uow, visitor, grant_id)


@post(
    "/staff/grants/{grant_id:uuid}/decision",
    status_code=200,
    responses=problems(*_STAFF, OwnRequestError, ElsewhereError, EmergencyRefusedError, GrantStateError),
    tags=["staff"],
)
async def draft_decision(
    grant_id: UUID, data: DecisionAsk, visitor: Visitor, grants: GrantsService, limiter: RateLimiter
) -> DecisionDraft:
    """Make a decision to be signed within 15 minutes."""
    limiter.spend("grant_drafts", str(visitor.person_id), _DRAFTS)
    return await grants.draft_decision(visitor, grant_id, data)


@post(
    "/staff/grants/{grant_id:uuid}/decision/signature",
    status_code=200,
    responses=problems(*_STAFF, SignatureRefusedError, DraftTooOldError, GrantStateError, LedgerLateError),
    tags=["staff"],
)
async def sign_decision(
    grant_id: UUID, data: Signed, visitor: Visitor, grants: GrantsService, limiter: RateLimiter
) -> Grant:
    """Sign a decision: it goes into the ledger. Of two who decide at once, one does."""
    limiter.spend("grant_signatures", str(visitor.person_id), _SIGNATURES)
    return await grants.sign_decision(visitor, grant_id, data.signature)


@post(
    "/staff/grants/{grant_id:uuid}/opening",
    status_code=200,
    responses=problems(*_STAFF, NotGrantedError, GrantRefusedError, GrantStateError, LedgerLateError),
    tags=["staff"],
)
async def open_data(
    grant_id: UUID, data: OpeningAsk, visitor: Visitor, grant_uses: GrantUses, limiter: RateLimiter
) -> Response[Opened]:
    """Open one kind of one person's data. The use is in the published ledger before the answer is made."""
    limiter.spend("grant_openings", str(visitor.person_id), _OPENINGS)
    opened = await grant_uses.open(visitor, grant_id, data.handle, data.what, data.page)
    return Response(opened, headers={"cache-control": "no-store"})


@post(
    "/staff/grants/{grant_id:uuid}/close",
    status_code=200,
    responses=problems(*_STAFF, GrantStateError),
    tags=["staff"],
)
async def close_grant(grant_id: UUID, visitor: Visitor, grants: GrantsService) -> Grant:
    """End a grant before its time. What runs under it ends, too."""
    return await grants.close(visitor, grant_id)


# --- the person concerned -----------------------------------------------------------------------------------


@get("/me/openings", responses=problems(*SIGNED_IN), tags=["me"])
async def my_openings(
    visitor: Visitor,
    uow: UnitOfWork,
    openings: OpeningsService,
    limit: Annotated[int, Parameter(ge=1, le=PAGE_LIMIT)] = PAGE_DEFAULT,
    cursor: str | None = None,
) -> Page[Opening]:
    """List who asked to open the visitor's data, why, and how often they did; newest first."""
    return await openings.list_openings(uow, visitor, limit, cursor)


@get(
    "/me/openings/{opening_id:uuid}/receipt",
    media_type="text/plain",
    responses={
        200: ResponseSpec(
            data_container=str,
            media_type="text/plain",
            generate_examples=False,
            description="A tlog-proof with what opens the visitor's reference in the entry: `reelm-audit receipt`.",
        ),
        **problems(*SIGNED_IN, NotFoundError, LedgerLateError),
    },
    tags=["me"],
)
async def my_receipt(
    opening_id: UUID,
    visitor: Visitor,
    uow: UnitOfWork,
    openings: OpeningsService,
    limiter: RateLimiter,
    entry: Annotated[int | None, Parameter(ge=0, le=2**53 - 1)] = None,
) -> Response[str]:
    """Give the file that proves it: of the request, or of one use by its `entry`."""
    limiter.spend("opening_receipts", str(visitor.person_id), _RECEIPTS)
    index, text = await openings.receipt(uow, visitor, opening_id, entry)
    name = f'attachment; filename="opening-{index}.receipt"'
    return Response(
        text,
        media_type="text/plain; charset=utf-8",
        headers={"content-disposition": name, "cache-control": "private, no-store"},
    )


# --- everyone -----------------------------------------------------------------------------------------------


@get("/transparency/grants", responses=problems(), tags=["transparency"])
async def grants_transparency(grant_counts: GrantCounts) -> GrantsTransparency:
    """Count grants by month from the ledger's own entries, and list each emergency. No person is in it."""
    return await grant_counts.transparency()


router = Router(
    "/api/v1",
    route_handlers=[
        staff_me,
        ask_enrolment,
        staff_members,
        draft_grant,
        sign_grant,
        list_grants,
        get_grant,
        draft_decision,
        sign_decision,
        open_data,
        close_grant,
        my_openings,
        my_receipt,
        grants_transparency,
    ],
)
