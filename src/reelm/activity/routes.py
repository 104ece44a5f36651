"""HTTP of friends' activity."""

from typing import Annotated

from litestar import Router, get, put
from litestar.params import Parameter

from reelm.accounts.service import Visitor
from reelm.activity.errors import NotChosenError
from reelm.activity.schemas import Act, SocialSettings, SocialSettingsChange
from reelm.activity.service import ActivityService
from reelm.kit.database import UnitOfWork
from reelm.kit.http import SIGNED_IN, problems
from reelm.kit.limits import Limit, RateLimiter
from reelm.kit.pages import PAGE_LIMIT, Page

Amount = Annotated[int, Parameter(ge=1, le=PAGE_LIMIT)]
_CHANGES = Limit(burst=30, seconds_each=5)


@get("/me/social-settings", responses=problems(*SIGNED_IN), tags=["me"])
async def get_social_settings(uow: UnitOfWork, visitor: Visitor, activity: ActivityService) -> SocialSettings:
    """Say whether friends see what the visitor does, and whether the visitor sees it of them."""
    return await activity.settings(uow, visitor)


@put("/me/social-settings", responses=problems(*SIGNED_IN), tags=["me"])
async def set_social_settings(
    data: SocialSettingsChange,
    uow: UnitOfWork,
    visitor: Visitor,
    activity: ActivityService,
    limiter: RateLimiter,
) -> SocialSettings:
    """Choose it. What was done before is never shown; who no longer shows it leaves nothing of it behind."""
    limiter.spend("social_settings", str(visitor.person_id), _CHANGES)
    return await activity.choose(uow, visitor, data)


@get("/me/friends/activity", responses=problems(*SIGNED_IN, NotChosenError), tags=["me"])
async def list_activity(
    uow: UnitOfWork,
    visitor: Visitor,
    activity: ActivityService,
    limit: Amount = 20,
    cursor: str | None = None,
) -> Page[Act]:
    """Page through what friends who chose to show it liked, passed on, and whom they followed."""
    return await activity.page(uow, visitor, limit, cursor)


router = Router("/api/v1", route_handlers=[get_social_settings, set_social_settings, list_activity])
