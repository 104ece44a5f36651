"""Decisions about friends' activity: who shows what they do, and who wants to see it.

The only file of this room that others import. What is shown the database wrote down when it was done, and only while
its person chose so: nothing from before is found afterwards, and all of it goes with the choice.
"""

from uuid import UUID

from msgspec import UNSET

from reelm.accounts.service import AccountsService, PersonCard, Visitor
from reelm.activity.errors import NotChosenError
from reelm.activity.repository import ActCursor, ActivityReader, ActivityWriter, ActRow
from reelm.activity.schemas import Act, SocialSettings, SocialSettingsChange
from reelm.clips.service import Clip, ClipsService
from reelm.kit.database import UnitOfWork
from reelm.kit.pages import Page, decode_cursor, encode_cursor
from reelm.social.service import SocialService

__all__ = ["ActivityService"]


class ActivityService:
    """Friends' activity, as the web process needs it."""

    def __init__(self, accounts: AccountsService, social: SocialService, clips: ClipsService) -> None:
        self._accounts = accounts
        self._social = social
        self._clips = clips

    async def settings(self, uow: UnitOfWork, visitor: Visitor) -> SocialSettings:
        return await ActivityReader(uow).get_settings(visitor.person_id)

    async def choose(self, uow: UnitOfWork, visitor: Visitor, change: SocialSettingsChange) -> SocialSettings:
        """Choose whether friends see what one does, and whether one sees it of them."""
        writer = ActivityWriter(uow)
        now = await writer.get_settings(visitor.person_id)
        chosen = SocialSettings(
            now.share_activity if change.share_activity is UNSET else change.share_activity,
            now.show_activity if change.show_activity is UNSET else change.show_activity,
        )
        await writer.set_settings(visitor.person_id, chosen)
        return chosen

    async def page(self, uow: UnitOfWork, visitor: Visitor, limit: int, cursor: str | None) -> Page[Act]:
        """Page through what friends who chose to show it did, newest first. Raises `NotChosenError`."""
        reader = ActivityReader(uow)
        if not (await reader.get_settings(visitor.person_id)).show_activity:
            raise NotChosenError
        before = decode_cursor(cursor, ActCursor)
        friends = await self._social.friend_ids(uow, visitor)
        rows = await reader.list_acts(visitor.person_id, friends, before, limit + 1) if friends else []
        shown = rows[:limit]
        people = {each for row in shown for each in (row.person_id, row.other_id) if each}
        cards = await self._accounts.cards(uow, people)
        clip_ids = list(dict.fromkeys(row.clip_id for row in shown if row.clip_id))
        clips = {clip.id: clip for clip in await self._clips.hydrate(uow, visitor, clip_ids)}
        acts = [act for row in shown if (act := _act(row, cards, clips))]
        last = ActCursor(shown[-1].at, shown[-1].id) if len(rows) > limit else None
        return Page(acts, encode_cursor(last) if last else None)


def _act(row: ActRow, cards: dict[UUID, PersonCard], clips: dict[UUID, Clip]) -> Act | None:
    person = cards.get(row.person_id)
    clip = clips.get(row.clip_id) if row.clip_id else None
    other = cards.get(row.other_id) if row.other_id else None
    if person is None or (clip is None and other is None):
        return None
    return Act(row.kind, person, clip, other, row.at)
