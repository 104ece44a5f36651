"""HTTP of the comments room."""

from typing import Annotated
from uuid import UUID

from litestar import Router, delete, get, post, put
from litestar.params import HeaderParameter, Parameter

from reelm.accounts.service import KeyReusedError, Visitor
from reelm.comments.errors import CommentsClosedError, CommentUnsuitableError, ReplyNotPinnableError
from reelm.comments.schemas import Comment, CommentNew, LikeOut, Sort
from reelm.comments.service import CommentsService
from reelm.kit.database import UnitOfWork
from reelm.kit.errors import ConflictError, NotAllowedError, NotFoundError
from reelm.kit.http import ITEM, SIGNED_IN, problems
from reelm.kit.limits import Limit, RateLimiter
from reelm.kit.pages import PAGE_DEFAULT, PAGE_LIMIT, Page

COMMENTS = Limit(burst=20, seconds_each=6)
LIKES = Limit(burst=120, seconds_each=1)
PageLimit = Annotated[int, Parameter(ge=1, le=PAGE_LIMIT)]


@get("/clips/{clip_id:uuid}/comments", responses=problems(*SIGNED_IN, NotFoundError), tags=["comments"])
async def list_comments(
    clip_id: UUID,
    guest: Visitor | None,
    uow: UnitOfWork,
    comments: CommentsService,
    sort: Sort = "top",
    limit: PageLimit = PAGE_DEFAULT,
    cursor: str | None = None,
) -> Page[Comment]:
    """List what begins a thread under a clip. The pinned comment comes first, above the page's limit."""
    return await comments.list_threads(uow, guest, clip_id, sort, limit, cursor)


@post(
    "/clips/{clip_id:uuid}/comments",
    responses=problems(*ITEM, CommentsClosedError, CommentUnsuitableError, KeyReusedError),
    tags=["comments"],
)
async def add_comment(
    clip_id: UUID,
    data: CommentNew,
    visitor: Visitor,
    uow: UnitOfWork,
    comments: CommentsService,
    limiter: RateLimiter,
    retry_key: Annotated[str | None, HeaderParameter(name="Idempotency-Key", max_length=200)] = None,
) -> Comment:
    """Say something under a clip, or answer a comment."""
    limiter.spend("comment", str(visitor.person_id), COMMENTS)
    return await comments.add(uow, visitor, clip_id, data, retry_key)


@get("/comments/{comment_id:uuid}/replies", responses=problems(*SIGNED_IN, NotFoundError), tags=["comments"])
async def list_replies(
    comment_id: UUID,
    guest: Visitor | None,
    uow: UnitOfWork,
    comments: CommentsService,
    limit: PageLimit = PAGE_DEFAULT,
    cursor: str | None = None,
) -> Page[Comment]:
    """List the replies of a thread, oldest first."""
    return await comments.list_replies(uow, guest, comment_id, limit, cursor)


@delete("/comments/{comment_id:uuid}", responses=problems(*ITEM, NotAllowedError), tags=["comments"])
async def remove_comment(
    comment_id: UUID, visitor: Visitor, uow: UnitOfWork, comments: CommentsService
) -> None:
    """Delete a comment of one's own, or under one's own clip, with its replies."""
    await comments.remove(uow, visitor, comment_id)


@put("/comments/{comment_id:uuid}/like", responses=problems(*ITEM, ConflictError), tags=["comments"])
async def like_comment(
    comment_id: UUID, visitor: Visitor, uow: UnitOfWork, comments: CommentsService, limiter: RateLimiter
) -> LikeOut:
    """Like a comment; again is fine."""
    limiter.spend("like", str(visitor.person_id), LIKES)
    return await comments.like(uow, visitor, comment_id)


@delete("/comments/{comment_id:uuid}/like", status_code=200, responses=problems(*ITEM), tags=["comments"])
async def unlike_comment(
    comment_id: UUID, visitor: Visitor, uow: UnitOfWork, comments: CommentsService
) -> LikeOut:
    """Take a like back."""
    return await comments.unlike(uow, visitor, comment_id)


@put(
    "/comments/{comment_id:uuid}/pin",
    status_code=204,
    responses=problems(*ITEM, NotAllowedError, ReplyNotPinnableError),
    tags=["comments"],
)
async def pin_comment(comment_id: UUID, visitor: Visitor, uow: UnitOfWork, comments: CommentsService) -> None:
    """Pin a comment under one's own clip, in place of the one that was."""
    await comments.pin(uow, visitor, comment_id)


@delete("/comments/{comment_id:uuid}/pin", responses=problems(*ITEM, NotAllowedError), tags=["comments"])
async def unpin_comment(
    comment_id: UUID, visitor: Visitor, uow: UnitOfWork, comments: CommentsService
) -> None:
    """Unpin a comment."""
    await comments.unpin(uow, visitor, comment_id)


@put(
    "/comments/{comment_id:uuid}/heart",
    status_code=204,
    responses=problems(*ITEM, NotAllowedError),
    tags=["comments"],
)
async def heart_comment(
    comment_id: UUID, visitor: Visitor, uow: UnitOfWork, comments: CommentsService
) -> None:
    """Give a comment under one's own clip a heart."""
    await comments.heart(uow, visitor, comment_id)


@delete("/comments/{comment_id:uuid}/heart", responses=problems(*ITEM, NotAllowedError), tags=["comments"])
async def unheart_comment(
    comment_id: UUID, visitor: Visitor, uow: UnitOfWork, comments: CommentsService
) -> None:
    """Take the heart back."""
    await comments.unheart(uow, visitor, comment_id)


router = Router(
    "/api/v1",
    route_handlers=[
        list_comments,
        add_comment,
        list_replies,
        remove_comment,
        like_comment,
        unlike_comment,
        pin_comment,
        unpin_comment,
        heart_comment,
        unheart_comment,
    ],
)
