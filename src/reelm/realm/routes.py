"""HTTP of the realm's own page."""

from litestar import Router, get
from litestar.datastructures import CacheControlHeader

from reelm.kit.http import problems
from reelm.ledger.service import LedgerService, LedgerState
from reelm.realm.schemas import Check, DataMap, RealmInfo
from reelm.realm.service import DataMapMissingError, RealmService


@get("/realm", cache_control=CacheControlHeader(max_age=30), responses=problems(), tags=["realm"])
async def get_realm(realm: RealmService, ledger: LedgerService) -> RealmInfo:
    """Say who runs this realm, who owns it, where its data is, and who has checked that."""
    return realm.info(check_of(await ledger.state()))


@get(
    "/data-map",
    cache_control=CacheControlHeader(max_age=30),
    responses=problems(DataMapMissingError),
    tags=["realm"],
)
async def get_data_map(realm: RealmService, ledger: LedgerService) -> DataMap:
    """Say what is kept about people, why, until when and where, and what the client takes from the device."""
    return await realm.data_map(ledger)


def check_of(state: LedgerState) -> Check:
    """Say in the realm's words who has checked its ledger; one that has stopped is checked no more."""
    said = {"starting": "not_yet_checked", "stopped": "late"}.get(state.state, state.state)
    return Check(said, state.public_satisfied_at if state.cosigned_by else None, state.cosigned_by)


router = Router("/api/v1", route_handlers=[get_realm, get_data_map])
