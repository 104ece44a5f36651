"""HTTP of learning: which model puts clips in order."""

from litestar import Router, get

from reelm.feed.learning.view import ModelView, current_model
from reelm.kit.database import UnitOfWork
from reelm.kit.http import SIGNED_IN, problems
from reelm.settings import Settings


@get("/feeds/model", responses=problems(*SIGNED_IN), tags=["feeds"])
async def get_model(uow: UnitOfWork, settings: Settings) -> ModelView:
    """Return the model that puts clips in order now, its card, and where the public ledger says so."""
    return await current_model(uow, settings.feed / "models")


router = Router("/api/v1", route_handlers=[get_model])
