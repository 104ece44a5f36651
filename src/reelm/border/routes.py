"""HTTP of the border: everybody sees what crosses; operators look after deliveries and other realms."""

from typing import Annotated, Any, Literal
from uuid import UUID

from litestar import Response, Router, get, post, put
from litestar.params import Parameter, QueryParameter

from reelm.border.console import BorderConsole
from reelm.border.schemas import BorderView, DeliveryView, PeerChange
from reelm.kit.database import UnitOfWork
from reelm.kit.errors import NotFoundError, SignInRequiredError
from reelm.kit.http import SIGNED_IN, problems
from reelm.kit.pages import Page

_BRIEF = "public, max-age=10"
_STAFF = (SignInRequiredError, NotFoundError)


@get("/border", responses=problems(*SIGNED_IN), tags=["border"])
async def get_border(border_console: BorderConsole, uow: UnitOfWork) -> Response[BorderView]:
    """Say what crossed to and from which realm, by class and day, and by which policy."""
    return Response(await border_console.view(uow), headers={"cache-control": _BRIEF})


@get("/border/batches", responses=problems(*_STAFF), tags=["border"])
async def list_deliveries(
    visitor: Any,
    border_console: BorderConsole,
    uow: UnitOfWork,
    wanted: Annotated[
        Literal["dead", "recorded", "released", "delivered"], QueryParameter(name="state")
    ] = "dead",
    limit: Annotated[int, Parameter(ge=1, le=50)] = 10,
    cursor: str | None = None,
) -> Page[DeliveryView]:
    """List deliveries to other realms in a state, newest first. For operators."""
    return await border_console.deliveries(uow, wanted, limit, cursor)


@post("/border/batches/{batch_id:uuid}/retry", status_code=204, responses=problems(*_STAFF), tags=["border"])
async def retry_delivery(
    batch_id: UUID, visitor: Any, border_console: BorderConsole, uow: UnitOfWork
) -> None:
    """Try a delivery again that was given up. For operators."""
    await border_console.retry(uow, batch_id)


@put("/border/peers/{realm_id:str}", status_code=204, responses=problems(*_STAFF), tags=["border"])
async def put_peer(
    realm_id: str, data: PeerChange, visitor: Any, border_console: BorderConsole, uow: UnitOfWork
) -> None:
    """Say how this realm stands to another: open, paused or refused. For operators."""
    await border_console.set_state(uow, realm_id, data.state)


router = Router("/api/v1", route_handlers=[get_border, list_deliveries, retry_delivery, put_peer])
