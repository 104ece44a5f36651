"""HTTP of the federation room: consents, what crossed, and looking somebody up by address."""

from typing import Annotated

from litestar import Router, delete, get, post, put
from litestar.params import Parameter

from reelm.accounts.service import Visitor
from reelm.federation.errors import LookupLateError, UnknownRealmError
from reelm.federation.schemas import Consents, Crossed, Undone
from reelm.federation.service import FederationService
from reelm.kit.database import UnitOfWork
from reelm.kit.errors import NotFoundError
from reelm.kit.http import SIGNED_IN, parse_id, problems
from reelm.kit.limits import Limit, RateLimiter
from reelm.kit.pages import PAGE_DEFAULT, PAGE_LIMIT, Page
from reelm.social.service import Person

LOOKUPS = Limit(burst=20, seconds_each=3)
PageLimit = Annotated[int, Parameter(ge=1, le=PAGE_LIMIT)]
Address = Annotated[str, Parameter(max_length=200)]


@get("/me/consents", responses=problems(*SIGNED_IN), tags=["me"])
async def list_consents(visitor: Visitor, uow: UnitOfWork, federation: FederationService) -> Consents:
    """List the realms in which the visitor agreed to be known."""
    return await federation.consents(uow, visitor)


@put(
    "/me/consents/{realm_id:str}",
    status_code=204,
    responses=problems(*SIGNED_IN, UnknownRealmError),
    tags=["me"],
)
async def agree(realm_id: str, visitor: Visitor, uow: UnitOfWork, federation: FederationService) -> None:
    """Agree to be known in another realm, by following, liking or commenting there."""
    await federation.agree(uow, visitor, realm_id)


@delete(
    "/me/consents/{realm_id:str}",
    status_code=202,
    responses=problems(*SIGNED_IN, NotFoundError),
    tags=["me"],
)
async def withdraw_consent(
    realm_id: str, visitor: Visitor, uow: UnitOfWork, federation: FederationService
) -> Undone:
    """Take back everything that was done towards another realm: follows, likes, reposts and comments."""
    return await federation.withdraw_consent(uow, visitor, realm_id)


@get("/me/crossings", responses=problems(*SIGNED_IN), tags=["me"])
async def list_crossings(
    visitor: Visitor,
    uow: UnitOfWork,
    federation: FederationService,
    limit: PageLimit = PAGE_DEFAULT,
    cursor: str | None = None,
) -> Page[Crossed]:
    """List what of the visitor's crossed to other realms, and why, newest first."""
    return await federation.crossings(uow, visitor, limit, cursor)


@post(
    "/me/crossings/{crossing_id:str}/withdraw",
    status_code=202,
    responses=problems(*SIGNED_IN, NotFoundError),
    tags=["me"],
)
async def withdraw(
    crossing_id: str, visitor: Visitor, uow: UnitOfWork, federation: FederationService
) -> Undone:
    """Take one act back from the realm it went to."""
    return await federation.withdraw(uow, visitor, parse_id(crossing_id))


@get("/people/lookup", responses=problems(*SIGNED_IN, NotFoundError, LookupLateError), tags=["people"])
async def look_up(
    visitor: Visitor,
    uow: UnitOfWork,
    federation: FederationService,
    limiter: RateLimiter,
    address: Address = "",
) -> Person:
    """Return the person at an address such as `@lea@us`, asking their realm where they are not known here yet."""
    limiter.spend("lookup", str(visitor.person_id), LOOKUPS)
    return await federation.look_up(uow, visitor, address)


router = Router(
    "/api/v1",
    route_handlers=[list_consents, agree, withdraw_consent, list_crossings, withdraw, look_up],
)
