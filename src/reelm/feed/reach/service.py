"""Decisions about reach: whom it is told, and how exactly.

A source or a day with fewer than five impressions is told as "fewer than five": with exact ones the author could tell
whether one person, whose page they saw, was shown the clip.
"""

import datetime as dt
from uuid import UUID

from reelm.clips.service import Clip, ClipsService
from reelm.custody.service import Visitor
from reelm.feed.adjustments.repository import AdjustmentsReader
from reelm.feed.pipeline.policy import POLICY
from reelm.feed.reach.repository import ReachReader
from reelm.feed.reach.schemas import DayCount, Guarantee, Reach, ReachLimit, SourceCount
from reelm.kit.clock import Clock
from reelm.kit.database import UnitOfWork
from reelm.kit.errors import NotFoundError

FEW = 5
_DAYS = 30


def told(count: int) -> tuple[int, bool]:
    """Return a count as it is told, and whether it is fewer than that."""
    return (FEW, True) if 0 < count < FEW else (count, False)


class ReachService:
    """What an author is told."""

    def __init__(self, clips: ClipsService, clock: Clock) -> None:
        self._clips = clips
        self._clock = clock

    async def get(self, uow: UnitOfWork, visitor: Visitor, clip_id: UUID) -> Reach:
        """Raises NotFoundError for everybody but the author."""
        clip = await self._clips.get(uow, visitor, clip_id)
        if clip.viewer is None or not clip.viewer.own:
            raise NotFoundError
        reader = ReachReader(uow)
        today = self._clock.now().date()
        sources = await reader.by_source(clip_id)
        days = await reader.by_day(clip_id, today - dt.timedelta(days=_DAYS - 1))
        views = clip.counts.views
        promised = POLICY.guarantee.impressions
        return Reach(
            clip_id=clip_id,
            impressions=views,
            by_source=[
                SourceCount(source, *told(count))  # type: ignore[arg-type]
                for source, count in sorted(sources.items(), key=lambda item: (-item[1], item[0]))
            ],
            days=[DayCount(day, *told(count)) for day, count in days],
            limits=await self._limits(uow, clip),
            guaranteed=Guarantee(promised, min(promised, views)),
        )

    async def _limits(self, uow: UnitOfWork, clip: Clip) -> list[ReachLimit]:
        limits = []
        if clip.status != "ready":
            limits.append(ReachLimit("not_ready"))
        elif clip.published_at is None:
            limits.append(ReachLimit("not_published"))
        if clip.visibility != "everyone":
            limits.append(ReachLimit("visibility", clip.visibility))
        now = self._clock.now()
        found = await AdjustmentsReader(uow).of_clip(clip.id)
        if found is not None and found.points < 0 and found.from_at <= now < found.until_at:
            limits.append(ReachLimit("demotion", found.words, found.points, found.until_at))
        return limits
