"""HTTP of the network's directory."""

from litestar import Response, Router, get

from reelm.border.network import Directory, NetworkService
from reelm.kit.database import UnitOfWork
from reelm.kit.http import SIGNED_IN, problems

_BRIEF = "public, max-age=30"


@get("/network", responses=problems(*SIGNED_IN), tags=["realm"])
async def get_network(network: NetworkService, uow: UnitOfWork) -> Response[Directory]:
    """List the realms of this network: who lives where, who runs them, and where their data is kept."""
    return Response(await network.directory(uow), headers={"cache-control": _BRIEF})


router = Router("/api/v1", route_handlers=[get_network])
