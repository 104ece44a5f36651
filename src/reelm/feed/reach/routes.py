"""HTTP of reach: an author's view of their own clip."""

from uuid import UUID

from litestar import Response, Router, get

from reelm.accounts.service import Visitor
from reelm.feed.reach.schemas import Reach
from reelm.feed.reach.service import ReachService
from reelm.kit.database import UnitOfWork
from reelm.kit.errors import NotFoundError
from reelm.kit.http import SIGNED_IN, problems


@get("/clips/{clip_id:uuid}/reach", responses=problems(*SIGNED_IN, NotFoundError), tags=["clips"])
async def clip_reach(
    clip_id: UUID, visitor: Visitor, uow: UnitOfWork, reach: ReachService
) -> Response[Reach]:
    """Return where the visitor's own clip was shown, by what, and what keeps it from more."""
    return Response(await reach.get(uow, visitor, clip_id), headers={"cache-control": "no-store"})


router = Router("/api/v1", route_handlers=[clip_reach])
