"""HTTP of media: uploads (tus), profile pictures, and the files themselves."""

from typing import Any
from uuid import UUID

from litestar import Request, Router, delete, get, put
from litestar.handlers import asgi
from litestar.openapi.datastructures import ResponseSpec
from litestar.response import Stream
from litestar.types import Receive, Scope, Send

from reelm.accounts.service import Visitor
from reelm.custody.service import GrantRefusedError, NotEnrolledError
from reelm.kit.database import UnitOfWork
from reelm.kit.http import ITEM, SIGNED_IN, problems
from reelm.kit.limits import Limit, RateLimiter
from reelm.ledger.service import LedgerLateError
from reelm.media.avatars import LARGEST_BYTES
from reelm.media.lent import LentClips
from reelm.media.schemas import AvatarOut
from reelm.media.serve import RangeUnsuitableError
from reelm.media.service import MediaService
from reelm.media.tus import Body, tus_router
from reelm.media.upload_errors import PictureUnsuitableError
from reelm.media.uploads import ClientGoneError

_AVATARS = Limit(burst=10, seconds_each=60)
_LENT = Limit(burst=300, seconds_each=0.2)


@put("/me/avatar", responses=problems(*SIGNED_IN, PictureUnsuitableError), tags=["media"])
async def put_avatar(
    request: Request[Any, Any, Any],
    visitor: Visitor,
    media: MediaService,
    uow: UnitOfWork,
    limiter: RateLimiter,
) -> AvatarOut:
    """Show the picture in the body (JPEG, PNG or WebP, at most 10 MB) as one's own."""
    limiter.spend("avatars", str(visitor.person_id), _AVATARS)
    picture = bytearray()
    try:
        async for chunk in Body(request):
            picture += chunk
            if len(picture) > LARGEST_BYTES:
                raise PictureUnsuitableError(fields={"picture": "too_large"})
    except ClientGoneError as error:
        raise PictureUnsuitableError(fields={"picture": "incomplete"}) from error
    return AvatarOut(await media.set_avatar(uow, visitor, bytes(picture)))


@delete("/me/avatar", status_code=204, responses=problems(*SIGNED_IN), tags=["media"])
async def delete_avatar(visitor: Visitor, media: MediaService, uow: UnitOfWork) -> None:
    """Take one's picture away."""
    await media.remove_avatar(uow, visitor)


@get(
    "/staff/grants/{grant_id:uuid}/clips/{clip_id:uuid}/video",
    media_type="video/mp4",
    responses={
        200: ResponseSpec(
            data_container=bytes,
            media_type="video/mp4",
            generate_examples=False,
            description="The smallest rendition; 206 with the part that `Range` asks for.",
        ),
        **problems(*ITEM, NotEnrolledError, RangeUnsuitableError, GrantRefusedError, LedgerLateError),
    },
    tags=["staff"],
)
async def lent_video(
    request: Request[Any, Any, Any],
    grant_id: UUID,
    clip_id: UUID,
    visitor: Visitor,
    lent_clips: LentClips,
    limiter: RateLimiter,
) -> Stream:
    """Play a clip that not everybody may see, under a grant. It breaks off when the grant ends."""
    limiter.spend("lent_clips", str(visitor.person_id), _LENT)
    status, headers, pieces = await lent_clips.answer(visitor, grant_id, clip_id, request.scope)
    return Stream(pieces, status_code=status, media_type="video/mp4", headers=headers)


@asgi("/media", is_mount=True, copy_scope=True)
async def media_files(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with a file."""
    files = scope["litestar_app"].state.rooms.media.files
    await files(scope, receive, send)


router = Router("/api/v1", route_handlers=[tus_router, put_avatar, delete_avatar, lent_video])
