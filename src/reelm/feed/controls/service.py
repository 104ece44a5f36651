"""Decisions about the controls: what a person tells their feed, and how the pipeline hears of it."""

import datetime as dt
from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec
import structlog

from reelm.accounts.service import AccountsService, Visitor
from reelm.clips.service import ClipsService
from reelm.custody.service import KeysClient, SealBrokenError, open_field, seal_field
from reelm.feed.catalog import Catalog
from reelm.feed.controls.errors import TooManyWishesError, WishUnsuitableError
from reelm.feed.controls.repository import ControlsReader, ControlsWriter, WishRow
from reelm.feed.controls.schemas import (
    EVER,
    MOST_WISHES,
    NEVER,
    Controls,
    FeedControls,
    FeedSettings,
    FeedSettingsIn,
    Wish,
    WishKind,
)
from reelm.feed.controls.tastes import Grounds, named, strongest
from reelm.feed.controls.words import Words, clean
from reelm.feed.keys import key_of_id, key_of_text
from reelm.feed.repository import EventsReader
from reelm.feed.stamps import ViewerStamps
from reelm.kit.clock import Clock
from reelm.kit.database import Record, UnitOfWork
from reelm.kit.words import TAG, tag_key
from reelm.sounds.service import SoundsService

_log = structlog.get_logger()
_WORDS = ("feed_settings", "words_sealed")
UNTOLD = Controls()
# As far back as the pipeline itself looks.
HISTORY_DAYS = 90
HISTORY = 5_000


class ControlsService:
    """What people tell their feeds."""

    def __init__(
        self,
        keys: KeysClient,
        accounts: AccountsService,
        sounds: SoundsService,
        clips: ClipsService,
        catalog: Catalog,
        stamps: ViewerStamps,
        clock: Clock,
    ) -> None:
        self._keys = keys
        self._accounts = accounts
        self._sounds = sounds
        self._clips = clips
        self._catalog = catalog
        self._stamps = stamps
        self._clock = clock

    # --- for the pipeline -------------------------------------------------------------------------------

    async def of(self, uow: UnitOfWork, visitor: Visitor, known: Controls = UNTOLD) -> Controls:
        """Return what the visitor told their feed; `known` itself, for one small query, if it still holds."""
        reader = ControlsReader(uow)
        row = await reader.find_changed(visitor.person_id, known.version)
        if row is None:
            return known
        wishes = await reader.list_wishes(visitor.person_id)
        return Controls(
            version=row["version"],
            profiling=row["profiling"],
            learning=row["learning"],
            reset_at=row["reset_at"] or EVER,
            wishes={wish.key: wish.wish for wish in wishes if wish.wish},
            muted=frozenset(wish.key for wish in wishes if wish.wish == NEVER),
            forgotten={wish.key: wish.forgotten_at for wish in wishes if wish.forgotten_at},
            words=Words(await self._words(visitor, row)),
        )

    async def _words(self, visitor: Visitor, row: Record) -> list[str]:
        """Open the words with the person's own key."""
        if row["words_sealed"] is None:
            return []
        data_key = await self._keys.person_key(visitor.token)
        try:
            text = open_field(data_key, *_WORDS, visitor.person_id, row["words_sealed"])
        except SealBrokenError:
            # What was put there by other means than ours can't be opened by anybody.
            _log.warning("filtered words don't open")
            return []
        return msgspec.json.decode(text, type=list[str])

    # --- for the person ---------------------------------------------------------------------------------

    async def everything(
        self, uow: UnitOfWork, visitor: Visitor, taste: Mapping[int, int], controls: Controls
    ) -> FeedControls:
        """Return what the visitor told their feed, and their `taste` in words, as far as it can be named."""
        wanted = strongest(taste)
        since = self._clock.now() - dt.timedelta(days=HISTORY_DAYS)
        events = await EventsReader(uow).list_since(visitor.person_id, since, HISTORY)
        grounds = Grounds(self._catalog, controls, wanted, events)
        shown = await self._clips.hydrate(uow, visitor, list(dict.fromkeys(grounds.clip_of.values())))
        settings = await self.settings(uow, visitor)
        return FeedControls(
            profiling=settings.profiling,
            learning=settings.learning,
            paused_at=settings.paused_at,
            reset_at=settings.reset_at,
            events=grounds.counted,
            tastes=named(wanted, grounds, {clip.id: clip for clip in shown}, controls.wishes),
            wishes=await self.wishes(uow, visitor),
            words=list(controls.words.words),
        )

    # --- switches ---------------------------------------------------------------------------------------

    async def settings(self, uow: UnitOfWork, visitor: Visitor) -> FeedSettings:
        return _settings(await ControlsReader(uow).find_changed(visitor.person_id, 0))

    async def _changing(self, uow: UnitOfWork, visitor: Visitor) -> ControlsWriter:
        """Begin to change what the visitor told their feed, so that their next page reads it anew."""
        writer = ControlsWriter(uow)
        await writer.touch(visitor.person_id)
        self._stamps.acts_change(uow, visitor.person_id)
        return writer

    async def change(self, uow: UnitOfWork, visitor: Visitor, change: FeedSettingsIn) -> FeedSettings:
        """Move the switches. Turning profiling off or on leaves what was learned as it is."""
        writer, now = await self._changing(uow, visitor), self._clock.now()
        if change.profiling is not msgspec.UNSET:
            await writer.set_profiling(visitor.person_id, change.profiling)
        if change.learning is True:
            await writer.resume(visitor.person_id, now)
        elif change.learning is False:
            await writer.pause(visitor.person_id, now)
        return await self.settings(uow, visitor)

    async def reset(self, uow: UnitOfWork, visitor: Visitor) -> None:
        """Forget what was learned so far: it counts as seen, never again as taste. Wishes and words stay."""
        writer, now = await self._changing(uow, visitor), self._clock.now()
        await writer.set_reset(visitor.person_id, now)
        await writer.drop_forgotten(visitor.person_id, now)

    # --- wishes -----------------------------------------------------------------------------------------

    async def wish(self, uow: UnitOfWork, visitor: Visitor, kind: WishKind, value: str, wish: int) -> None:
        """Want more (1, 2), less (-1) or nothing (-2) of a thing; 0 takes a wish back.

        Raises `NotFoundError`, `WishUnsuitableError`, `TooManyWishesError`.
        """
        row = await self._thing(uow, visitor, kind, value, wish)
        writer = await self._changing(uow, visitor)
        if wish == 0:
            await writer.take_back(visitor.person_id, row.key)
            return
        await writer.put_wish(visitor.person_id, row, self._clock.now())
        await self._check_room(writer, visitor)

    async def forget(self, uow: UnitOfWork, visitor: Visitor, kind: WishKind, value: str) -> None:
        """Let the taste for one thing begin again from nothing. Raises as `wish` does."""
        row = await self._thing(uow, visitor, kind, value, 0)
        writer = await self._changing(uow, visitor)
        await writer.forget(visitor.person_id, msgspec.structs.replace(row, forgotten_at=self._clock.now()))
        await self._check_room(writer, visitor)

    async def _check_room(self, writer: ControlsWriter, visitor: Visitor) -> None:
        if await writer.count_wishes(visitor.person_id) > MOST_WISHES:
            raise TooManyWishesError

    async def _thing(
        self, uow: UnitOfWork, visitor: Visitor, kind: WishKind, value: str, wish: int
    ) -> WishRow:
        """Return the row about a thing that the visitor may know of; for taking back, of any."""
        if kind == "tag":
            tag = tag_key(value.strip().removeprefix("#"))
            if not TAG.fullmatch(f"#{tag}"):
                raise WishUnsuitableError(fields={"value": "unsuitable"})
            return WishRow(key_of_text(tag), kind, tag, None, None, wish, None)
        if kind == "sound":
            sound_id = _uuid(value)
            if wish:
                await self._sounds.get(uow, visitor, sound_id)
            return WishRow(key_of_id(sound_id), kind, None, sound_id, None, wish, None)
        person = await self._accounts.get_by_handle(uow, value.strip())
        if person.id == visitor.person_id:
            raise WishUnsuitableError(fields={"value": "oneself"})
        return WishRow(key_of_id(person.id), kind, None, None, person.id, wish, None)

    async def wishes(self, uow: UnitOfWork, visitor: Visitor) -> list[Wish]:
        """Return the visitor's wishes, latest first, as far as what they are about is still there for them."""
        rows = [row for row in await ControlsReader(uow).list_wishes(visitor.person_id) if row.wish]
        people = await self._accounts.cards(uow, {row.creator_id for row in rows if row.creator_id})
        ids = [row.sound_id for row in rows if row.sound_id]
        sounds = {sound.id: sound for sound in await self._sounds.list_by_ids(uow, visitor, ids)}
        found: list[Wish] = []
        for row in rows:
            if row.tag is not None:
                found.append(Wish("tag", row.tag, f"#{row.tag}", None, row.wish))
            elif row.sound_id in sounds:
                sound = sounds[row.sound_id]
                found.append(Wish("sound", str(sound.id), sound.title, sound.cover_url, row.wish))
            elif row.creator_id in people:
                card = people[row.creator_id]
                found.append(Wish("creator", card.handle, card.display_name, card.avatar_url, row.wish))
        return found

    # --- words ------------------------------------------------------------------------------------------

    async def words(self, uow: UnitOfWork, visitor: Visitor) -> list[str]:
        row = await ControlsReader(uow).find_changed(visitor.person_id, 0)
        return [] if row is None else await self._words(visitor, row)

    async def set_words(self, uow: UnitOfWork, visitor: Visitor, words: Sequence[str]) -> list[str]:
        """Keep these words, sealed with the visitor's own key, in place of those there were."""
        kept = clean(words)
        sealed = None
        if kept:
            data_key = await self._keys.person_key(visitor.token)
            sealed = seal_field(data_key, *_WORDS, visitor.person_id, msgspec.json.encode(kept).decode())
        writer = await self._changing(uow, visitor)
        await writer.set_words(visitor.person_id, sealed)
        return kept


def _settings(row: Record | None) -> FeedSettings:
    if row is None:
        return FeedSettings(profiling=True, learning=True, paused_at=None, reset_at=None)
    return FeedSettings(
        profiling=row["profiling"],
        learning=row["learning"],
        paused_at=None if row["learning"] else row["paused_at"],
        reset_at=row["reset_at"],
    )


def _uuid(value: str) -> UUID:
    try:
        return UUID(value)
    except ValueError:
        raise WishUnsuitableError(fields={"value": "unsuitable"}) from None
