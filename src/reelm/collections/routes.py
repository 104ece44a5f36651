"""HTTP of collections: one's own, what is saved, and those of others as far as they show them."""

from typing import Annotated
from uuid import UUID

from litestar import Router, delete, get, patch, post, put
from litestar.params import Parameter

from reelm.accounts.service import Visitor
from reelm.clips.service import Clip
from reelm.collections.errors import (
    CollectionFullError,
    SavedStaysError,
    TitleUnsuitableError,
    TooManyCollectionsError,
)
from reelm.collections.schemas import (
    Collection,
    CollectionChange,
    CollectionNew,
    CollectionOrder,
    Collections,
    Saved,
)
from reelm.collections.service import CollectionsService
from reelm.kit.database import UnitOfWork
from reelm.kit.errors import NotFoundError
from reelm.kit.http import ITEM, SIGNED_IN, problems
from reelm.kit.limits import Limit, RateLimiter
from reelm.kit.pages import PAGE_DEFAULT, PAGE_LIMIT, Page

Amount = Annotated[int, Parameter(ge=1, le=PAGE_LIMIT)]
_CHANGES = Limit(burst=120, seconds_each=1)
_CREATIONS = Limit(burst=20, seconds_each=30)


@get("/me/collections", responses=problems(*SIGNED_IN), tags=["collections"])
async def list_own_collections(
    uow: UnitOfWork, visitor: Visitor, collections: CollectionsService, clip_id: UUID | None = None
) -> Collections:
    """List one's own collections; with `clip_id`, which of them have that clip."""
    return Collections(await collections.list_own(uow, visitor, clip_id))


@post(
    "/me/collections",
    responses=problems(*SIGNED_IN, TitleUnsuitableError, TooManyCollectionsError),
    tags=["collections"],
)
async def create_collection(
    data: CollectionNew,
    uow: UnitOfWork,
    visitor: Visitor,
    collections: CollectionsService,
    limiter: RateLimiter,
) -> Collection:
    """Make a collection."""
    limiter.spend("collections", str(visitor.person_id), _CREATIONS)
    return await collections.create(uow, visitor, data)


@patch(
    "/me/collections/{collection_id:uuid}",
    responses=problems(*ITEM, TitleUnsuitableError, SavedStaysError),
    tags=["collections"],
)
async def change_collection(
    collection_id: UUID,
    data: CollectionChange,
    uow: UnitOfWork,
    visitor: Visitor,
    collections: CollectionsService,
) -> Collection:
    """Rename one's own collection, or change who may see it."""
    return await collections.change(uow, visitor, collection_id, data)


@delete(
    "/me/collections/{collection_id:uuid}", responses=problems(*ITEM, SavedStaysError), tags=["collections"]
)
async def delete_collection(
    collection_id: UUID, uow: UnitOfWork, visitor: Visitor, collections: CollectionsService
) -> None:
    """Delete one's own collection; the clips in it stay what they are."""
    await collections.delete(uow, visitor, collection_id)


@put(
    "/me/collections/{collection_id:uuid}/clips/{clip_id:uuid}",
    status_code=204,
    responses=problems(*ITEM, CollectionFullError),
    tags=["collections"],
)
async def add_to_collection(
    collection_id: UUID,
    clip_id: UUID,
    uow: UnitOfWork,
    visitor: Visitor,
    collections: CollectionsService,
    limiter: RateLimiter,
) -> None:
    """Put a clip into one's own collection, first of all."""
    limiter.spend("collecting", str(visitor.person_id), _CHANGES)
    await collections.add_clip(uow, visitor, collection_id, clip_id)


@delete(
    "/me/collections/{collection_id:uuid}/clips/{clip_id:uuid}",
    responses=problems(*ITEM),
    tags=["collections"],
)
async def remove_from_collection(
    collection_id: UUID, clip_id: UUID, uow: UnitOfWork, visitor: Visitor, collections: CollectionsService
) -> None:
    """Take a clip out of one's own collection."""
    await collections.remove_clip(uow, visitor, collection_id, clip_id)


@put(
    "/me/collections/{collection_id:uuid}/order",
    status_code=204,
    responses=problems(*ITEM),
    tags=["collections"],
)
async def order_collection(
    collection_id: UUID,
    data: CollectionOrder,
    uow: UnitOfWork,
    visitor: Visitor,
    collections: CollectionsService,
    limiter: RateLimiter,
) -> None:
    """Put the clips of one's own collection in order."""
    limiter.spend("collecting", str(visitor.person_id), _CHANGES)
    await collections.order(uow, visitor, collection_id, data.order)


@get("/me/saved", responses=problems(*SIGNED_IN), tags=["collections"])
async def list_saved(uow: UnitOfWork, visitor: Visitor, collections: CollectionsService) -> Saved:
    """List the ids of what one saved, latest first."""
    return Saved(await collections.list_saved(uow, visitor))


@put(
    "/me/saved/{clip_id:uuid}",
    status_code=204,
    responses=problems(*ITEM, CollectionFullError),
    tags=["collections"],
)
async def save_clip(
    clip_id: UUID, uow: UnitOfWork, visitor: Visitor, collections: CollectionsService, limiter: RateLimiter
) -> None:
    """Save a clip for oneself; nobody is told."""
    limiter.spend("collecting", str(visitor.person_id), _CHANGES)
    await collections.save(uow, visitor, clip_id)


@delete("/me/saved/{clip_id:uuid}", responses=problems(*ITEM), tags=["collections"])
async def unsave_clip(
    clip_id: UUID, uow: UnitOfWork, visitor: Visitor, collections: CollectionsService
) -> None:
    """No longer save a clip."""
    await collections.unsave(uow, visitor, clip_id)


@get("/collections/{collection_id:uuid}", responses=problems(*SIGNED_IN, NotFoundError), tags=["collections"])
async def get_collection(
    collection_id: UUID, uow: UnitOfWork, guest: Visitor | None, collections: CollectionsService
) -> Collection:
    """Return a collection as the viewer sees it."""
    return await collections.get(uow, guest, collection_id)


@get(
    "/collections/{collection_id:uuid}/clips",
    responses=problems(*SIGNED_IN, NotFoundError),
    tags=["collections"],
)
async def list_clips_of_collection(
    collection_id: UUID,
    uow: UnitOfWork,
    guest: Visitor | None,
    collections: CollectionsService,
    limit: Amount = PAGE_DEFAULT,
    cursor: str | None = None,
) -> Page[Clip]:
    """Page through a collection in its order; what the viewer may not see is not in it."""
    return await collections.list_clips(uow, guest, collection_id, limit, cursor)


@get("/people/{handle:str}/collections", responses=problems(*SIGNED_IN, NotFoundError), tags=["collections"])
async def list_collections_of_person(
    handle: str, uow: UnitOfWork, guest: Visitor | None, collections: CollectionsService
) -> Collections:
    """List what of a person's collections the viewer may see."""
    return Collections(await collections.list_of_person(uow, guest, handle))


router = Router(
    "/api/v1",
    route_handlers=[
        list_own_collections,
        create_collection,
        change_collection,
        delete_collection,
        add_to_collection,
        remove_from_collection,
        order_collection,
        list_saved,
        save_clip,
        unsave_clip,
        get_collection,
        list_clips_of_collection,
        list_collections_of_person,
    ],
)
