"""Health and metrics, for operators and load balancers."""

import asyncio

import msgspec
from litestar import Response, get
from litestar.datastructures import State

from reelm.kit import metrics as kit_metrics
from reelm.kit.errors import ReelmError


class Health(msgspec.Struct, frozen=True):
    """`parts`: each part this process needs, and `ok` or what is wrong with it."""

    status: str
    release: str
    parts: dict[str, str]


async def _database(state: State) -> str:
    try:
        async with asyncio.timeout(2):
            async with state.rooms.database.transaction() as uow:
                await uow.fetch_value("SELECT 1")
    except (ReelmError, OSError, TimeoutError) as error:
        return type(error).__name__
    return "ok"


async def _keys(state: State) -> str:
    try:
        async with asyncio.timeout(2):
            await state.rooms.keys.ping()
    except (ReelmError, OSError, TimeoutError) as error:
        return type(error).__name__
    return "ok"


async def _ledger(state: State) -> str:
    """Late witnesses and a stopped ledger are said here; a ledger that only begins is no trouble."""
    try:
        async with asyncio.timeout(2):
            known = await state.rooms.ledger.state()
    except (ReelmError, OSError, TimeoutError) as error:
        return type(error).__name__
    return "ok" if known.state not in {"late", "stopped"} else f"{known.state}: {known.problem}"


@get("/health", tags=["operate"])
async def health(state: State) -> Response[Health]:
    """Say whether this process can do its work; 503 when it can't.

    A ledger in trouble keeps personal data closed and feeds open: that is `degraded`, and still 200.
    """
    needed = {"database": await _database(state), "keys": await _keys(state)}
    works = all(value == "ok" for value in needed.values())
    parts = {**needed, "ledger": await _ledger(state)}
    good = all(value == "ok" for value in parts.values())
    body = Health("ok" if good else "degraded", state.rooms.settings.release, parts)
    return Response(body, status_code=200 if works else 503, headers={"cache-control": "no-store"})


@get("/metrics", tags=["operate"], include_in_schema=False, sync_to_thread=True)
def metrics() -> Response[bytes]:
    """Return counters in Prometheus' text format."""
    body, media_type = kit_metrics.exposition()
    return Response(body, media_type=media_type)
