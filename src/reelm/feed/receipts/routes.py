"""HTTP of receipts. A person's receipts are their own: what is not theirs is not there."""

from typing import Annotated
from uuid import UUID

from litestar import Response, Router, get, post
from litestar.params import Parameter, QueryParameter

from reelm.accounts.service import Visitor
from reelm.feed.receipts.errors import ReceiptGoneError
from reelm.feed.receipts.schemas import (
    LeftOut,
    PageGiven,
    PromiseKeys,
    ReceiptKeyView,
    ReceiptLine,
    ReceiptView,
)
from reelm.feed.receipts.service import ReceiptsService
from reelm.kit.database import UnitOfWork
from reelm.kit.errors import BodyTooLargeError, InvalidRequestError, NotFoundError
from reelm.kit.http import SIGNED_IN, problems
from reelm.kit.limits import Limit, RateLimiter
from reelm.kit.pages import PAGE_DEFAULT, PAGE_LIMIT, Page

_PRIVATE = {"cache-control": "no-store"}
_PROOFS = Limit(burst=120, seconds_each=0.5)


@get("/feeds/receipts", responses=problems(*SIGNED_IN), tags=["feeds"])
async def list_receipts(
    visitor: Visitor,
    uow: UnitOfWork,
    receipts: ReceiptsService,
    limit: Annotated[int, Parameter(ge=1, le=PAGE_LIMIT)] = PAGE_DEFAULT,
    cursor: str | None = None,
) -> Page[ReceiptLine]:
    """List the pages For You that were served to the visitor in the last 30 days, newest first."""
    return await receipts.page(uow, visitor, limit, cursor)


@get("/feeds/receipt-key", responses=problems(*SIGNED_IN), tags=["feeds"])
async def receipt_key(visitor: Visitor, receipts: ReceiptsService) -> Response[ReceiptKeyView]:
    """Return the key with which the visitor's own devices check what they were served."""
    return Response(await receipts.key(visitor), headers=_PRIVATE)


@get("/feeds/promise-keys", responses=problems(*SIGNED_IN), tags=["feeds"])
async def promise_keys(uow: UnitOfWork, receipts: ReceiptsService) -> PromiseKeys:
    """List the keys with which processes of this realm sign promises, each with the note that vouches for it."""
    return await receipts.promise_keys(uow)


@get(
    "/feeds/receipts/{receipt_id:uuid}",
    responses=problems(*SIGNED_IN, NotFoundError, ReceiptGoneError),
    tags=["feeds"],
)
async def get_receipt(
    receipt_id: UUID,
    visitor: Visitor,
    receipts: ReceiptsService,
    limiter: RateLimiter,
    declared: Annotated[bool, QueryParameter(name="adjustments")] = False,
) -> Response[ReceiptView]:
    """Return how one of the visitor's pages was made, with the proof that it is in the ledger, once it is.

    With `adjustments` also what the declared boosts and demotions say of the page's candidates, with proofs.
    """
    limiter.spend("receipts", str(visitor.person_id), _PROOFS)
    return Response(await receipts.one(visitor, receipt_id, adjustments=declared), headers=_PRIVATE)


@get(
    "/feeds/receipts/{receipt_id:uuid}/file",
    responses=problems(*SIGNED_IN, NotFoundError, ReceiptGoneError),
    media_type="text/plain",
    tags=["feeds"],
)
async def receipt_file(
    receipt_id: UUID, visitor: Visitor, receipts: ReceiptsService, limiter: RateLimiter
) -> Response[str]:
    """Return all of it as one text that the visitor keeps, and `reelm-audit receipt` checks.

    Its `key` is the visitor's: whoever they show it to can tell which other leaves are of pages they saw.
    """
    limiter.spend("receipts", str(visitor.person_id), _PROOFS)
    text = await receipts.file(visitor, receipt_id)
    name = f'attachment; filename="reelm-page-{receipt_id.hex[:12]}.txt"'
    return Response(text, media_type="text/plain", headers={**_PRIVATE, "content-disposition": name})


@post(
    "/clips/{clip_id:uuid}/left-out",
    responses=problems(*SIGNED_IN, NotFoundError, InvalidRequestError, BodyTooLargeError),
    status_code=200,
    tags=["clips"],
)
async def left_out(
    clip_id: UUID,
    data: PageGiven,
    visitor: Visitor,
    uow: UnitOfWork,
    receipts: ReceiptsService,
    limiter: RateLimiter,
) -> Response[LeftOut]:
    """Tell a clip's author why the clip could not be on a page whose file somebody gave them."""
    limiter.spend("receipts", str(visitor.person_id), _PROOFS)
    return Response(await receipts.left_out(uow, visitor, clip_id, data.file), headers=_PRIVATE)


router = Router(
    "/api/v1",
    route_handlers=[list_receipts, receipt_key, promise_keys, get_receipt, receipt_file, left_out],
)
