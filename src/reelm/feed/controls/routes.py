"""HTTP of the controls: what a person tells their feed."""

from litestar import Router, get, patch, post, put

from reelm.accounts.service import Visitor
from reelm.feed.controls.errors import TooManyWishesError, WishUnsuitableError
from reelm.feed.controls.schemas import (
    FeedControls,
    FeedSettings,
    FeedSettingsIn,
    ThingIn,
    WishIn,
    WordsIn,
    WordsKept,
)
from reelm.feed.controls.service import ControlsService
from reelm.feed.service import FeedService
from reelm.kit.database import UnitOfWork
from reelm.kit.errors import NotFoundError
from reelm.kit.http import SIGNED_IN, problems
from reelm.kit.limits import Limit, RateLimiter

_CHANGES = Limit(burst=60, seconds_each=2)
_THING = (*SIGNED_IN, NotFoundError, TooManyWishesError, WishUnsuitableError)


@get("/me/feed", responses=problems(*SIGNED_IN), tags=["feeds"])
async def get_my_feed(
    visitor: Visitor, uow: UnitOfWork, feed: FeedService, controls: ControlsService
) -> FeedControls:
    """Return what the visitor told their feed, and what it thinks they like."""
    return await controls.everything(uow, visitor, *await feed.taste(uow, visitor))


@patch("/me/feed", responses=problems(*SIGNED_IN), tags=["feeds"])
async def change_my_feed(
    data: FeedSettingsIn, visitor: Visitor, uow: UnitOfWork, controls: ControlsService, limiter: RateLimiter
) -> FeedSettings:
    """Turn profiling or learning off or on. In the next page, whichever process makes it."""
    limiter.spend("feed_controls", str(visitor.person_id), _CHANGES)
    return await controls.change(uow, visitor, data)


@put("/me/feed/wishes", status_code=204, responses=problems(*_THING), tags=["feeds"])
async def wish(
    data: WishIn, visitor: Visitor, uow: UnitOfWork, controls: ControlsService, limiter: RateLimiter
) -> None:
    """Want more (1, 2), less (-1) or nothing at all (-2) of a tag, sound or creator; 0 takes the wish back."""
    limiter.spend("feed_controls", str(visitor.person_id), _CHANGES)
    await controls.wish(uow, visitor, data.kind, data.value, data.wish)


@post("/me/feed/forget", status_code=204, responses=problems(*_THING), tags=["feeds"])
async def forget(
    data: ThingIn, visitor: Visitor, uow: UnitOfWork, controls: ControlsService, limiter: RateLimiter
) -> None:
    """Let the taste for one tag, sound or creator begin again from nothing."""
    limiter.spend("feed_controls", str(visitor.person_id), _CHANGES)
    await controls.forget(uow, visitor, data.kind, data.value)


@put("/me/feed/words", responses=problems(*SIGNED_IN), tags=["feeds"])
async def set_words(
    data: WordsIn, visitor: Visitor, uow: UnitOfWork, controls: ControlsService, limiter: RateLimiter
) -> WordsKept:
    """Filter clips that say one of these words, in place of the words there were. Kept sealed."""
    limiter.spend("feed_controls", str(visitor.person_id), _CHANGES)
    return WordsKept(await controls.set_words(uow, visitor, data.words))


@post("/me/feed/reset", status_code=204, responses=problems(*SIGNED_IN), tags=["feeds"])
async def reset(visitor: Visitor, uow: UnitOfWork, controls: ControlsService, limiter: RateLimiter) -> None:
    """Forget what was learned of the visitor's taste. What they saw, wished and filtered stays."""
    limiter.spend("feed_controls", str(visitor.person_id), _CHANGES)
    await controls.reset(uow, visitor)


router = Router("/api/v1", route_handlers=[get_my_feed, change_my_feed, wish, forget, set_words, reset])
