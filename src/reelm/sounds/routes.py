"""HTTP of sounds. A sound's clips are answered by the room above."""

from typing import Annotated
from uuid import UUID

from litestar import Router, get
from litestar.params import Parameter

from reelm.accounts.service import Visitor
from reelm.kit.database import UnitOfWork
from reelm.kit.errors import NotFoundError
from reelm.kit.http import SIGNED_IN, problems
from reelm.kit.pages import PAGE_LIMIT, Page
from reelm.sounds.schemas import Sound
from reelm.sounds.service import SoundsService


@get("/sounds", responses=problems(*SIGNED_IN), tags=["sounds"])
async def pick_sounds(
    uow: UnitOfWork,
    guest: Visitor | None,
    sounds: SoundsService,
    q: Annotated[str, Parameter(max_length=100)] = "",
    limit: Annotated[int, Parameter(ge=1, le=PAGE_LIMIT)] = 10,
    cursor: str | None = None,
) -> Page[Sound]:
    """Find sounds to film to: those in fashion, or those with these words."""
    return await sounds.pick(uow, guest, q, limit, cursor)


@get("/sounds/{sound_id:uuid}", responses=problems(*SIGNED_IN, NotFoundError), tags=["sounds"])
async def get_sound(sound_id: UUID, uow: UnitOfWork, guest: Visitor | None, sounds: SoundsService) -> Sound:
    """Return a sound's page."""
    return await sounds.get(uow, guest, sound_id)


router = Router("/api/v1", route_handlers=[pick_sounds, get_sound])
