"""HTTP of close friends and invites."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Router, delete, get, post, put
from litestar.params import Parameter

from reelm.accounts.service import PersonCard, Visitor
from reelm.kit.database import UnitOfWork
from reelm.kit.errors import NotFoundError
from reelm.kit.http import SIGNED_IN, address_of, problems
from reelm.kit.limits import Limit, RateLimiter
from reelm.kit.pages import PAGE_DEFAULT, PAGE_LIMIT, Page
from reelm.settings import Settings
from reelm.social.errors import NotAFriendError, OneselfError, OwnInviteError, TooManyInvitesError
from reelm.social.friends import FriendsService
from reelm.social.schemas import Invite, InviteNew, Invites, InviteShown

PageLimit = Annotated[int, Parameter(ge=1, le=PAGE_LIMIT)]
Code = Annotated[str, Parameter(max_length=40)]
_CHANGES = Limit(burst=60, seconds_each=5)
_INVITES = Limit(burst=10, seconds_each=300)
# By network address, whoever is signed in: fifty bits are not guessed at this pace.
_LOOKS = Limit(burst=20, seconds_each=10)


@get("/me/friends", responses=problems(*SIGNED_IN), tags=["me"])
async def list_friends(
    visitor: Visitor,
    uow: UnitOfWork,
    friends: FriendsService,
    limit: PageLimit = PAGE_DEFAULT,
    cursor: str | None = None,
) -> Page[PersonCard]:
    """List the visitor's friends: they follow one another."""
    return await friends.list_friends(uow, visitor, limit, cursor)


@get("/me/close-friends", responses=problems(*SIGNED_IN), tags=["me"])
async def list_close_friends(
    visitor: Visitor,
    uow: UnitOfWork,
    friends: FriendsService,
    limit: PageLimit = PAGE_DEFAULT,
    cursor: str | None = None,
) -> Page[PersonCard]:
    """List the visitor's close friends, newest first. Nobody else sees the list."""
    return await friends.list_close(uow, visitor, limit, cursor)


@put(
    "/me/close-friends/{handle:str}",
    status_code=204,
    responses=problems(*SIGNED_IN, NotFoundError, OneselfError, NotAFriendError),
    tags=["me"],
)
async def add_close_friend(
    handle: str, visitor: Visitor, uow: UnitOfWork, friends: FriendsService, limiter: RateLimiter
) -> None:
    """Count a friend among one's close friends; they are not told."""
    limiter.spend("close_friends", str(visitor.person_id), _CHANGES)
    await friends.add_close(uow, visitor, handle)


@delete("/me/close-friends/{handle:str}", responses=problems(*SIGNED_IN, NotFoundError), tags=["me"])
async def remove_close_friend(
    handle: str, visitor: Visitor, uow: UnitOfWork, friends: FriendsService
) -> None:
    """Take somebody off one's list of close friends; they are not told."""
    await friends.remove_close(uow, visitor, handle)


@get("/me/invites", responses=problems(*SIGNED_IN), tags=["me"])
async def list_invites(visitor: Visitor, uow: UnitOfWork, friends: FriendsService) -> Invites:
    """List the visitor's invites that still hold, newest first."""
    return Invites(await friends.list_invites(uow, visitor))


@post("/me/invites", responses=problems(*SIGNED_IN, TooManyInvitesError), tags=["me"])
async def make_invite(
    data: InviteNew, visitor: Visitor, uow: UnitOfWork, friends: FriendsService, limiter: RateLimiter
) -> Invite:
    """Make a link and a code with which others become the visitor's friends."""
    limiter.spend("invites", str(visitor.person_id), _INVITES)
    return await friends.invite(uow, visitor, data.days)


@delete("/me/invites/{invite_id:uuid}", responses=problems(*SIGNED_IN, NotFoundError), tags=["me"])
async def revoke_invite(invite_id: UUID, visitor: Visitor, uow: UnitOfWork, friends: FriendsService) -> None:
    """Take an invite back: its link and code are nothing from now on."""
    await friends.revoke(uow, visitor, invite_id)


@get("/invites/{code:str}", responses=problems(*SIGNED_IN, NotFoundError), tags=["people"])
async def get_invite(
    code: Code,
    guest: Visitor | None,
    uow: UnitOfWork,
    friends: FriendsService,
    limiter: RateLimiter,
    request: Request[Any, Any, Any],
    settings: Settings,
) -> InviteShown:
    """Return who invites by this code."""
    limiter.spend("invite", address_of(request, settings), _LOOKS)
    return await friends.look(uow, guest, code)


@post(
    "/invites/{code:str}/accept",
    status_code=200,
    responses=problems(*SIGNED_IN, NotFoundError, OwnInviteError),
    tags=["people"],
)
async def accept_invite(
    code: Code,
    visitor: Visitor,
    uow: UnitOfWork,
    friends: FriendsService,
    limiter: RateLimiter,
    request: Request[Any, Any, Any],
    settings: Settings,
) -> PersonCard:
    """Become friends with who invites: the two follow each other. Accepting again changes nothing."""
    limiter.spend("invite", address_of(request, settings), _LOOKS)
    return await friends.accept(uow, visitor, code)


router = Router(
    "/api/v1",
    route_handlers=[
        list_friends,
        list_close_friends,
        add_close_friend,
        remove_close_friend,
        list_invites,
        make_invite,
        revoke_invite,
        get_invite,
        accept_invite,
    ],
)
