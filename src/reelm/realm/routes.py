"""HTTP of the realm's own page."""

from litestar import Router, get
from litestar.datastructures import CacheControlHeader

from reelm.kit.http import problems
from reelm.realm.schemas import Check, RealmInfo
from reelm.realm.service import RealmService


@get("/realm", cache_control=CacheControlHeader(max_age=30), responses=problems(), tags=["realm"])
async def get_realm(realm: RealmService) -> RealmInfo:
    """Say who runs this realm, who owns it, where its data is, and who has checked that."""
    return realm.info(Check())


router = Router("/api/v1", route_handlers=[get_realm])
