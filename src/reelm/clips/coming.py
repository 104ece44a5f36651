"""How a playable clip comes before its audience: row, tags, words, sound and events in one transaction."""

import datetime as dt
from typing import Any

from reelm.accounts.service import AccountsService
from reelm.clips.events import ClipMentioned, ClipOpened, ClipPublished
from reelm.clips.repository import ClipRow, ClipsWriter
from reelm.clips.states import Standing, is_open, standing
from reelm.clips.words import put_clip_words
from reelm.kit.clock import Clock
from reelm.kit.database import UnitOfWork
from reelm.kit.errors import NotFoundError
from reelm.kit.events import EventBus
from reelm.sounds.service import SoundKeeper


class Coming:
    """Brings rows to where a clip should stand. The bytes are there already."""

    def __init__(
        self, accounts: AccountsService, sounds: SoundKeeper, events: EventBus, clock: Clock
    ) -> None:
        self._accounts = accounts
        self._sounds = sounds
        self._events = events
        self._clock = clock

    def now(self) -> dt.datetime:
        return self._clock.now()

    async def standing(self, uow: UnitOfWork, row: ClipRow) -> Standing:
        """Return where the clip should stand now."""
        author = await self._accounts.get_by_id(uow, row.author_id)
        return standing(row, private=author.private, now=self.now())

    async def apply(self, uow: UnitOfWork, row: ClipRow, to: Standing, **values: Any) -> ClipRow:
        """Make the (locked) row stand there, with `values` set too; tell who must know. Returns the row."""
        now = self.now()
        writer = ClipsWriter(uow)
        values |= {
            "status": "draft" if row.draft else "ready",
            "audience": to.audience,
            "sealed": not to.public,
            "failure_code": None,
            "failure_detail": None,
        }
        first_time = to.live and row.published_at is None
        if first_time:
            values |= {"published_at": now, "publish_at": None}
        await writer.change(row.id, now, **values)
        after = await writer.find(row.id)
        if after is None:
            raise NotFoundError
        if first_time:
            await writer.set_tags(row.id, row.tags, now)
        if to.public:
            await put_clip_words(writer, after)
        await self._sounds.place(
            uow,
            row.id,
            after.media.poster if after.media else None,
            sealed=not to.public,
            language=row.language,
        )
        if first_time:
            await self._tell(uow, after)
        if is_open(after) and after.ladder_complete and not (is_open(row) and row.ladder_complete):
            await self._events.publish(uow, ClipOpened(after.id, after.author_id))
        return after

    async def _tell(self, uow: UnitOfWork, row: ClipRow) -> None:
        await self._events.publish(uow, ClipPublished(row.id, row.author_id))
        people = await self._accounts.people_by_handles(uow, row.mentions)
        told = tuple(person.id for person in people if person.id != row.author_id)
        if told:
            await self._events.publish(uow, ClipMentioned(row.id, row.author_id, told))
