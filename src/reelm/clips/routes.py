"""HTTP of clips: making, changing, showing, reacting, and the lists under people, sounds and tags."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated
from uuid import UUID

from litestar import Router, delete, get, patch, post, put
from litestar.params import HeaderParameter, Parameter
from litestar.response import Stream

from reelm.accounts.service import Visitor
from reelm.clips.errors import (
    CaptionTooLongError,
    ClipNotFailedError,
    ClipNotPlayableError,
    ClipNotProcessingError,
    ClipPublishedError,
    CoverUnsuitableError,
    DownloadNotAllowedError,
    PublishTimeUnsuitableError,
    RepostNotAllowedError,
)
from reelm.clips.schemas import Clip, ClipChange, ClipNew, Liked, Reposted, Status
from reelm.clips.service import ClipsService
from reelm.kit.database import UnitOfWork
from reelm.kit.errors import ConflictError, NotFoundError
from reelm.kit.http import ITEM, SIGNED_IN, problems
from reelm.kit.limits import Limit, RateLimiter
from reelm.kit.pages import PAGE_LIMIT, Page
from reelm.sounds.service import SoundNotReusableError, SoundsService

Amount = Annotated[int, Parameter(ge=1, le=PAGE_LIMIT)]
_CREATIONS = Limit(burst=30, seconds_each=20)
_REACTIONS = Limit(burst=120, seconds_each=0.5)
_DOWNLOADS = Limit(burst=10, seconds_each=10)
_SHARES = Limit(burst=30, seconds_each=5)
_CHUNK_BYTES = 256 * 1024


@post(
    "/clips",
    responses=problems(
        *SIGNED_IN,
        NotFoundError,
        ConflictError,
        CaptionTooLongError,
        PublishTimeUnsuitableError,
        SoundNotReusableError,
    ),
    tags=["clips"],
)
async def create_clip(
    data: ClipNew,
    uow: UnitOfWork,
    visitor: Visitor,
    clips: ClipsService,
    limiter: RateLimiter,
    idempotency_key: Annotated[str | None, HeaderParameter(name="Idempotency-Key", max_length=200)] = None,
) -> Clip:
    """Make a clip of a complete upload. Its `status` is `processing` until it plays."""
    limiter.spend("clips", str(visitor.person_id), _CREATIONS)
    return await clips.create(uow, visitor, data, idempotency_key)


@get("/clips/{clip_id:uuid}", responses=problems(*SIGNED_IN, NotFoundError), tags=["clips"])
async def get_clip(clip_id: UUID, uow: UnitOfWork, guest: Visitor | None, clips: ClipsService) -> Clip:
    """Return a clip as the viewer sees it."""
    return await clips.get(uow, guest, clip_id)


@patch(
    "/clips/{clip_id:uuid}",
    responses=problems(
        *ITEM, ClipPublishedError, CaptionTooLongError, PublishTimeUnsuitableError, CoverUnsuitableError
    ),
    tags=["clips"],
)
async def change_clip(
    clip_id: UUID, data: ClipChange, uow: UnitOfWork, visitor: Visitor, clips: ClipsService
) -> Clip:
    """Change one's own clip."""
    return await clips.change(uow, visitor, clip_id, data)


@delete("/clips/{clip_id:uuid}", status_code=204, responses=problems(*ITEM), tags=["clips"])
async def delete_clip(clip_id: UUID, uow: UnitOfWork, visitor: Visitor, clips: ClipsService) -> None:
    """Delete one's own clip with everything on it, its bytes too."""
    await clips.delete(uow, visitor, clip_id)


@post(
    "/clips/{clip_id:uuid}/retry",
    status_code=200,
    responses=problems(*ITEM, ClipNotFailedError),
    tags=["clips"],
)
async def retry_clip(clip_id: UUID, uow: UnitOfWork, visitor: Visitor, clips: ClipsService) -> Clip:
    """Try again to make a clip that failed or was cancelled."""
    return await clips.retry(uow, visitor, clip_id)


@post(
    "/clips/{clip_id:uuid}/cancel",
    status_code=200,
    responses=problems(*ITEM, ClipNotProcessingError),
    tags=["clips"],
)
async def cancel_clip(clip_id: UUID, uow: UnitOfWork, visitor: Visitor, clips: ClipsService) -> Clip:
    """Stop making a clip."""
    return await clips.cancel(uow, visitor, clip_id)


@get(
    "/clips/{clip_id:uuid}/download",
    responses=problems(*SIGNED_IN, NotFoundError, DownloadNotAllowedError, ClipNotPlayableError),
    tags=["clips"],
    media_type="video/mp4",
)
async def download_clip(
    clip_id: UUID,
    uow: UnitOfWork,
    guest: Visitor | None,
    clips: ClipsService,
    limiter: RateLimiter,
) -> Stream:
    """Return a clip as one progressive MP4, if its author allows it."""
    limiter.spend("downloads", str(guest.session_id if guest else clip_id), _DOWNLOADS)
    path = await clips.reactions.download(uow, guest, clip_id)
    headers = {
        "content-length": str(path.stat().st_size),
        "content-disposition": f'attachment; filename="reelm-{clip_id}.mp4"',
        "cache-control": "private, no-store",
    }
    return Stream(_sent_once(path), media_type="video/mp4", headers=headers)


async def _sent_once(path: Path) -> AsyncIterator[bytes]:
    """Yield a temporary file and remove its folder, however the sending ends."""
    try:
        with path.open("rb") as file:
            while chunk := await asyncio.to_thread(file.read, _CHUNK_BYTES):
                yield chunk
    finally:
        shutil.rmtree(path.parent, ignore_errors=True)


@put("/clips/{clip_id:uuid}/like", responses=problems(*ITEM, ConflictError), tags=["clips"])
async def like_clip(
    clip_id: UUID, uow: UnitOfWork, visitor: Visitor, clips: ClipsService, limiter: RateLimiter
) -> Liked:
    """Like a clip."""
    limiter.spend("reactions", str(visitor.person_id), _REACTIONS)
    return await clips.reactions.like(uow, visitor, clip_id)


@delete("/clips/{clip_id:uuid}/like", status_code=200, responses=problems(*ITEM), tags=["clips"])
async def unlike_clip(
    clip_id: UUID, uow: UnitOfWork, visitor: Visitor, clips: ClipsService, limiter: RateLimiter
) -> Liked:
    """Take a like back."""
    limiter.spend("reactions", str(visitor.person_id), _REACTIONS)
    return await clips.reactions.unlike(uow, visitor, clip_id)


@put(
    "/clips/{clip_id:uuid}/repost",
    responses=problems(*ITEM, RepostNotAllowedError, ConflictError),
    tags=["clips"],
)
async def repost_clip(
    clip_id: UUID, uow: UnitOfWork, visitor: Visitor, clips: ClipsService, limiter: RateLimiter
) -> Reposted:
    """Pass a clip on to one's followers."""
    limiter.spend("reactions", str(visitor.person_id), _REACTIONS)
    return await clips.reactions.repost(uow, visitor, clip_id)


@delete("/clips/{clip_id:uuid}/repost", status_code=200, responses=problems(*ITEM), tags=["clips"])
async def unrepost_clip(
    clip_id: UUID, uow: UnitOfWork, visitor: Visitor, clips: ClipsService, limiter: RateLimiter
) -> Reposted:
    """No longer pass a clip on."""
    limiter.spend("reactions", str(visitor.person_id), _REACTIONS)
    return await clips.reactions.unrepost(uow, visitor, clip_id)


@post("/clips/{clip_id:uuid}/share", status_code=204, responses=problems(*ITEM), tags=["clips"])
async def share_clip(
    clip_id: UUID, uow: UnitOfWork, visitor: Visitor, clips: ClipsService, limiter: RateLimiter
) -> None:
    """Count that one sent a clip to somebody."""
    limiter.spend("shares", str(visitor.person_id), _SHARES)
    await clips.reactions.share(uow, clip_id)


@get("/me/clips", responses=problems(*SIGNED_IN), tags=["clips"])
async def list_own_clips(
    uow: UnitOfWork,
    visitor: Visitor,
    clips: ClipsService,
    status: Status | None = None,
    limit: Amount = 10,
    cursor: str | None = None,
) -> Page[Clip]:
    """Page through one's own clips, drafts and failures too."""
    return await clips.list_own(uow, visitor, status, limit, cursor)


@get("/people/{handle:str}/clips", responses=problems(*SIGNED_IN, NotFoundError), tags=["clips"])
async def list_clips_of_person(
    handle: str,
    uow: UnitOfWork,
    guest: Visitor | None,
    clips: ClipsService,
    limit: Amount = 10,
    cursor: str | None = None,
) -> Page[Clip]:
    """Page through what a person has published."""
    return await clips.lists.of_person(uow, guest, handle, limit, cursor)


@get("/people/{handle:str}/reposts", responses=problems(*SIGNED_IN, NotFoundError), tags=["clips"])
async def list_reposts_of_person(
    handle: str,
    uow: UnitOfWork,
    guest: Visitor | None,
    clips: ClipsService,
    limit: Amount = 10,
    cursor: str | None = None,
) -> Page[Clip]:
    """Page through what a person passed on."""
    return await clips.lists.reposts_of(uow, guest, handle, limit, cursor)


@get("/sounds/{sound_id:uuid}/clips", responses=problems(*SIGNED_IN, NotFoundError), tags=["sounds"])
async def list_clips_of_sound(
    sound_id: UUID,
    uow: UnitOfWork,
    guest: Visitor | None,
    clips: ClipsService,
    sounds: SoundsService,
    limit: Amount = 10,
    cursor: str | None = None,
) -> Page[Clip]:
    """Page through the clips made with a sound."""
    await sounds.get(uow, guest, sound_id)
    return await clips.lists.of_sound(uow, guest, sound_id, limit, cursor)


@get("/tags/{tag:str}/clips", responses=problems(*SIGNED_IN), tags=["clips"])
async def list_clips_of_tag(
    tag: str,
    uow: UnitOfWork,
    guest: Visitor | None,
    clips: ClipsService,
    limit: Amount = 10,
    cursor: str | None = None,
) -> Page[Clip]:
    """Page through the clips that carry a tag."""
    return await clips.lists.of_tag(uow, guest, tag, limit, cursor)


router = Router(
    "/api/v1",
    route_handlers=[
        create_clip,
        get_clip,
        change_clip,
        delete_clip,
        retry_clip,
        cancel_clip,
        download_clip,
        like_clip,
        unlike_clip,
        repost_clip,
        unrepost_clip,
        share_clip,
        list_own_clips,
        list_clips_of_person,
        list_reposts_of_person,
        list_clips_of_sound,
        list_clips_of_tag,
    ],
)
