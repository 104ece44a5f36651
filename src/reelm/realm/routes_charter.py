"""HTTP of the charter: everybody reads it, operators propose versions, keyholders let them take effect."""

from typing import Any

from litestar import Router, delete, get, post
from litestar.datastructures import CacheControlHeader

from reelm.kit.database import UnitOfWork
from reelm.kit.errors import NotFoundError, SignInRequiredError
from reelm.kit.http import problems
from reelm.kit.limits import Limit, RateLimiter
from reelm.ledger.service import LedgerService
from reelm.realm.desk import CharterDesk
from reelm.realm.errors import (
    CharterNotAdoptableError,
    CharterSignatureError,
    CharterUnusableError,
    TooManyProposalsError,
)
from reelm.realm.routes import check_of
from reelm.realm.schemas_charter import (
    Adoption,
    CharterView,
    Proposals,
    ProposalView,
    Proposing,
    Signing,
    SitesView,
)

_STAFF = (SignInRequiredError, NotFoundError)
_BRIEF = CacheControlHeader(max_age=30)
_CHANGES = Limit(burst=30, seconds_each=10)


@get("/charter", cache_control=_BRIEF, responses=problems(), tags=["charter"])
async def get_charter(charters: CharterDesk) -> CharterView:
    """Return the charter in force, who has signed it, and the versions before it."""
    return await charters.current()


@get("/sites", cache_control=_BRIEF, responses=problems(), tags=["charter"])
async def get_sites(charters: CharterDesk, ledger: LedgerService) -> SitesView:
    """Say where the realm's data lies, who answers for each site, and what they stated last."""
    return await charters.sites(check_of(await ledger.state()))


@get("/charter/proposals", responses=problems(*_STAFF), tags=["charter"])
async def list_proposals(visitor: Any, uow: UnitOfWork, charters: CharterDesk) -> Proposals:
    """List the versions that could follow the one in force, newest first. For operators."""
    return Proposals(await charters.list_proposals(uow))


@post(
    "/charter/proposals",
    responses=problems(*_STAFF, CharterUnusableError, TooManyProposalsError),
    tags=["charter"],
)
async def propose_charter(
    data: Proposing, visitor: Any, uow: UnitOfWork, charters: CharterDesk, limiter: RateLimiter
) -> ProposalView:
    """Propose a whole charter as the next version. For operators."""
    limiter.spend("charter", str(visitor.person_id), _CHANGES)
    return await charters.propose(uow, data.document)


@get("/charter/proposals/{digest:str}", responses=problems(*_STAFF), tags=["charter"])
async def get_proposal(digest: str, visitor: Any, uow: UnitOfWork, charters: CharterDesk) -> ProposalView:
    """Return a proposed version: what it changes, who has signed it, and what speaks against it. For operators."""
    return await charters.proposal(uow, digest)


@delete("/charter/proposals/{digest:str}", responses=problems(*_STAFF), tags=["charter"])
async def forget_proposal(digest: str, visitor: Any, uow: UnitOfWork, charters: CharterDesk) -> None:
    """Take a proposal back, with its signatures. For operators."""
    await charters.forget(uow, digest)


@post(
    "/charter/proposals/{digest:str}/signatures",
    responses=problems(*_STAFF, CharterSignatureError),
    tags=["charter"],
)
async def sign_proposal(
    digest: str, data: Signing, visitor: Any, uow: UnitOfWork, charters: CharterDesk, limiter: RateLimiter
) -> ProposalView:
    """Add a keyholder's signature over `to_sign`; an operator brings it, whoever's it is."""
    limiter.spend("charter", str(visitor.person_id), _CHANGES)
    return await charters.sign(uow, digest, data.keyholder, data.signature)


@post(
    "/charter/proposals/{digest:str}/adopt",
    status_code=202,
    responses=problems(*_STAFF, CharterNotAdoptableError),
    tags=["charter"],
)
async def adopt_proposal(digest: str, visitor: Any, uow: UnitOfWork, charters: CharterDesk) -> Adoption:
    """Let a version take effect that is signed enough: all parts start anew under it. For operators."""
    return await charters.adopt(uow, digest)


router = Router(
    "/api/v1",
    route_handlers=[
        *(get_charter, get_sites, list_proposals, propose_charter, get_proposal, forget_proposal),
        *(sign_proposal, adopt_proposal),
    ],
)
