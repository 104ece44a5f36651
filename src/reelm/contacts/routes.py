"""HTTP of the contacts room."""

from typing import Any

from litestar import Request, Response, Router, delete, get, post, put

from reelm.accounts.service import Visitor
from reelm.contacts.errors import EntryUnsuitableError, TooYoungToBeFoundError
from reelm.contacts.schemas import ContactsKey, Evaluations, EvaluationsWanted, Findable, FindableWanted
from reelm.contacts.service import ContactsService
from reelm.custody.service import ElementUnsuitableError, EnoughEvaluatedError
from reelm.kit.database import UnitOfWork
from reelm.kit.errors import OverloadedError, TooManyRequestsError
from reelm.kit.http import SIGNED_IN, problems
from reelm.kit.limits import Limit, RateLimiter

_EVALUATIONS = Limit(burst=40, seconds_each=1)
_SETS = Limit(burst=10, seconds_each=30)
_CHANGES = Limit(burst=10, seconds_each=60)
# The browser keeps it, and asks each time whether it is still this one.
_KEPT = {"cache-control": "private, no-cache"}


@get("/contacts/key", responses=problems(*SIGNED_IN, OverloadedError), tags=["contacts"])
async def get_contacts_key(visitor: Visitor, contacts: ContactsService) -> ContactsKey:
    """Return the public key that evaluations are checked with."""
    return await contacts.key()


@post(
    "/contacts/evaluations",
    status_code=200,
    responses=problems(*SIGNED_IN, ElementUnsuitableError, EnoughEvaluatedError, OverloadedError),
    tags=["contacts"],
)
async def evaluate_contacts(
    data: EvaluationsWanted, visitor: Visitor, contacts: ContactsService, limiter: RateLimiter
) -> Response[Evaluations]:
    """Evaluate blinded elements (RFC 9497, VOPRF, ristretto255-SHA512). Nothing of them is kept but their number."""
    limiter.spend("contacts_evaluations", str(visitor.person_id), _EVALUATIONS)
    return Response(await contacts.evaluate(visitor, data), headers={"cache-control": "no-store"})


@get(
    "/contacts/set",
    responses=problems(*SIGNED_IN, TooManyRequestsError, OverloadedError),
    tags=["contacts"],
    media_type="application/octet-stream",
)
async def get_contacts_set(
    request: Request[Any, Any, Any], visitor: Visitor, contacts: ContactsService, limiter: RateLimiter
) -> Response[bytes]:
    """Return the entries of all who chose to be found, sorted, 92 bytes each; the same bytes for everyone."""
    limiter.spend("contacts_set", str(visitor.person_id), _SETS)
    made = await contacts.published.current()
    headers = {"etag": made.etag, **_KEPT}
    if made.etag in {each.strip() for each in request.headers.get("if-none-match", "").split(",")}:
        return Response(b"", status_code=304, headers=headers, media_type="application/octet-stream")
    return Response(made.body, headers=headers, media_type="application/octet-stream")


@get("/me/findable", responses=problems(*SIGNED_IN), tags=["contacts"])
async def get_findable(visitor: Visitor, uow: UnitOfWork, contacts: ContactsService) -> Findable:
    """Say by which kinds of contact the visitor can be found."""
    return await contacts.findable(uow, visitor)


@put(
    "/me/findable",
    responses=problems(*SIGNED_IN, EntryUnsuitableError, TooYoungToBeFoundError, TooManyRequestsError),
    tags=["contacts"],
)
async def put_findable(
    data: FindableWanted, visitor: Visitor, uow: UnitOfWork, contacts: ContactsService, limiter: RateLimiter
) -> Findable:
    """Become findable by entries that the device made. The realm sees neither a number nor an address."""
    limiter.spend("findable", str(visitor.person_id), _CHANGES)
    return await contacts.set_findable(uow, visitor, data)


@delete("/me/findable", responses=problems(*SIGNED_IN), tags=["contacts"])
async def delete_findable(visitor: Visitor, uow: UnitOfWork, contacts: ContactsService) -> None:
    """Be found by nobody any more. The set that others fetch follows within a minute."""
    await contacts.end_findable(uow, visitor)


router = Router(
    "/api/v1",
    route_handlers=[
        get_contacts_key,
        evaluate_contacts,
        get_contacts_set,
        get_findable,
        put_findable,
        delete_findable,
    ],
)
