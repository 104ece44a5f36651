"""HTTP of public lists: bytes that are the same for everyone, and the clips of them that a viewer may see."""

from typing import Annotated

import msgspec
from litestar import Response, Router, get, post
from litestar.params import Parameter

from reelm.accounts.service import Visitor
from reelm.clips.service import Clip
from reelm.feed.lists.desk import CardsWanted, ListsDesk
from reelm.feed.lists.making import ListName, PublicList
from reelm.kit.database import UnitOfWork
from reelm.kit.errors import InvalidRequestError, NotFoundError
from reelm.kit.http import SIGNED_IN, problems

_FOR_GOOD = {"cache-control": "public, max-age=604800, immutable"}
_NEVER_KEPT = {"cache-control": "no-store"}
_MOST_CARDS = 20
Word = Annotated[str, Parameter(max_length=35)]
Epoch = Annotated[int, Parameter(ge=0, le=2**40)]


class Cards(msgspec.Struct, frozen=True):
    """Clips as the viewer may see them."""

    items: list[Clip]


@get("/feeds/lists/current", responses=problems(*SIGNED_IN), tags=["feeds"])
async def current_list(
    guest: Visitor | None,
    uow: UnitOfWork,
    lists: ListsDesk,
    language: Annotated[str, Parameter(max_length=35)] = "",
) -> Response[ListName]:
    """Say which public list is the visitor's at present; its epoch is 0 as long as there is none.

    `language` is for those who are not signed in.
    """
    return Response(await lists.current(uow, guest, language), headers=_NEVER_KEPT)


@get(
    "/feeds/lists/{language:str}/{jurisdiction:str}/{age_band:str}/{epoch:int}",
    responses=problems(NotFoundError),
    tags=["feeds"],
)
async def get_list(
    language: Word, jurisdiction: Word, age_band: Word, epoch: Epoch, lists: ListsDesk
) -> Response[PublicList]:
    """Return a public list: up to 500 clips, made with nothing known of any viewer; the same bytes for everyone."""
    body = await lists.read(ListName(language, jurisdiction, age_band, epoch))
    told: Response[PublicList] = Response(body, media_type="application/json", headers=_FOR_GOOD)  # type: ignore[arg-type]
    return told


@get(
    "/feeds/lists/{language:str}/{jurisdiction:str}/{age_band:str}/{epoch:int}/receipts",
    responses=problems(NotFoundError),
    tags=["feeds"],
)
async def get_list_receipts(
    language: Word, jurisdiction: Word, age_band: Word, epoch: Epoch, lists: ListsDesk
) -> Response[bytes]:
    """Return the receipts of a public list's pages, in order, each after its length (u32, little-endian)."""
    body = await lists.read(ListName(language, jurisdiction, age_band, epoch), receipts=True)
    return Response(body, media_type="application/octet-stream", headers=_FOR_GOOD)


@post("/feeds/cards", status_code=200, responses=problems(*SIGNED_IN, InvalidRequestError), tags=["feeds"])
async def get_cards(
    data: CardsWanted, guest: Visitor | None, uow: UnitOfWork, lists: ListsDesk
) -> Response[Cards]:
    """Return what the visitor may see of up to twenty public clips, in the order asked for."""
    if len(data.clip_ids) > _MOST_CARDS:
        raise InvalidRequestError(f"At most {_MOST_CARDS} clips at a time.")
    body = await lists.cards(uow, guest, list(dict.fromkeys(data.clip_ids)))
    told: Response[Cards] = Response(body, media_type="application/json", headers=_NEVER_KEPT)  # type: ignore[arg-type]
    return told


router = Router("/api/v1", route_handlers=[current_list, get_list, get_list_receipts, get_cards])
