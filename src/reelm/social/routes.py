"""HTTP of the social room: people's pages, following, and the visitor's own ties."""

from typing import Annotated

from litestar import Router, delete, get, put
from litestar.params import Parameter

from reelm.accounts.service import PersonCard, Visitor
from reelm.kit.database import UnitOfWork
from reelm.kit.errors import NotFoundError
from reelm.kit.http import SIGNED_IN, problems
from reelm.kit.limits import Limit, RateLimiter
from reelm.kit.pages import PAGE_DEFAULT, PAGE_LIMIT, Page
from reelm.social.errors import BlockedByYouError, OneselfError
from reelm.social.schemas import FollowOut, Person
from reelm.social.service import SocialService

FOLLOWS = Limit(burst=60, seconds_each=20)
PageLimit = Annotated[int, Parameter(ge=1, le=PAGE_LIMIT)]


@get("/people/{handle:str}", responses=problems(*SIGNED_IN, NotFoundError), tags=["people"])
async def get_person(handle: str, guest: Visitor | None, uow: UnitOfWork, social: SocialService) -> Person:
    """Return a person's page, and how the visitor stands to them."""
    return await social.person(uow, guest, handle)


@put(
    "/people/{handle:str}/follow",
    responses=problems(*SIGNED_IN, NotFoundError, OneselfError, BlockedByYouError),
    tags=["people"],
)
async def follow(
    handle: str, visitor: Visitor, uow: UnitOfWork, social: SocialService, limiter: RateLimiter
) -> FollowOut:
    """Follow a person; where the account is private this asks to."""
    limiter.spend("follow", str(visitor.person_id), FOLLOWS)
    return FollowOut(await social.follow(uow, visitor, handle))


@delete(
    "/people/{handle:str}/follow",
    status_code=200,
    responses=problems(*SIGNED_IN, NotFoundError, OneselfError),
    tags=["people"],
)
async def unfollow(handle: str, visitor: Visitor, uow: UnitOfWork, social: SocialService) -> FollowOut:
    """Stop following a person, or take the request back."""
    return FollowOut(await social.unfollow(uow, visitor, handle))


@get("/me/followers", responses=problems(*SIGNED_IN), tags=["me"])
async def list_followers(
    visitor: Visitor,
    uow: UnitOfWork,
    social: SocialService,
    limit: PageLimit = PAGE_DEFAULT,
    cursor: str | None = None,
) -> Page[PersonCard]:
    """List who follows the visitor, newest first."""
    return await social.list_followers(uow, visitor, limit, cursor)


@get("/me/following", responses=problems(*SIGNED_IN), tags=["me"])
async def list_following(
    visitor: Visitor,
    uow: UnitOfWork,
    social: SocialService,
    limit: PageLimit = PAGE_DEFAULT,
    cursor: str | None = None,
) -> Page[PersonCard]:
    """List whom the visitor follows, newest first."""
    return await social.list_following(uow, visitor, limit, cursor)


@get("/me/follow-requests", responses=problems(*SIGNED_IN), tags=["me"])
async def list_requests(
    visitor: Visitor,
    uow: UnitOfWork,
    social: SocialService,
    limit: PageLimit = PAGE_DEFAULT,
    cursor: str | None = None,
) -> Page[PersonCard]:
    """List who asks to follow the visitor, newest first."""
    return await social.list_requests(uow, visitor, limit, cursor)


@put(
    "/me/follow-requests/{handle:str}",
    status_code=204,
    responses=problems(*SIGNED_IN, NotFoundError),
    tags=["me"],
)
async def accept(handle: str, visitor: Visitor, uow: UnitOfWork, social: SocialService) -> None:
    """Let somebody follow who asked to."""
    await social.accept(uow, visitor, handle)


@delete("/me/follow-requests/{handle:str}", responses=problems(*SIGNED_IN, NotFoundError), tags=["me"])
async def decline(handle: str, visitor: Visitor, uow: UnitOfWork, social: SocialService) -> None:
    """Turn a request down; nobody is told."""
    await social.decline(uow, visitor, handle)


@delete("/me/followers/{handle:str}", responses=problems(*SIGNED_IN, NotFoundError), tags=["me"])
async def remove_follower(handle: str, visitor: Visitor, uow: UnitOfWork, social: SocialService) -> None:
    """Make somebody stop following the visitor; nobody is told."""
    await social.remove_follower(uow, visitor, handle)


router = Router(
    "/api/v1",
    route_handlers=[
        get_person,
        follow,
        unfollow,
        list_followers,
        list_following,
        list_requests,
        accept,
        decline,
        remove_follower,
    ],
)
