"""Publishing what the engine made: files first, to where the clip stands, then one transaction that says so.

Nothing is visible before the transaction, and nothing half: a reader sees the old record or the new one, and the
files of both are there. Should the clip be moved, cancelled or deleted in between, the files follow or go.
"""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from reelm.accounts.service import AccountsService
from reelm.clips import jobs
from reelm.clips.coming import Coming
from reelm.clips.events import ClipReady
from reelm.clips.hand import Hand
from reelm.clips.jobs import ClipJob
from reelm.clips.repository import ClipRow, ClipsWriter
from reelm.custody.service import JobKeys
from reelm.kit.database import UnitOfWork
from reelm.kit.errors import NotFoundError
from reelm.kit.events import EventBus
from reelm.kit.ids import Ids
from reelm.media.service import (
    CancelledError,
    FirstPlayable,
    Ladder,
    MediaRecord,
    MediaWorkshop,
    Shelf,
    shelve_first,
    shelve_ladder,
)
from reelm.sounds.service import NewSound, SoundKeeper

SOUND = "sound.m4a"
_TRIES = 5
_TIDY_SECONDS = 900.0


class Publisher:
    """Brings the engine's files before a clip's audience."""

    def __init__(
        self,
        workshop: MediaWorkshop,
        accounts: AccountsService,
        sounds: SoundKeeper,
        coming: Coming,
        events: EventBus,
        ids: Ids,
    ) -> None:
        self._workshop = workshop
        self._accounts = accounts
        self._sounds = sounds
        self._coming = coming
        self._events = events
        self._ids = ids

    async def first(self, hand: Hand, job: ClipJob, first: FirstPlayable) -> None:
        """Make the clip playable; the ladder's job comes with it."""
        texts = self._workshop.folder(job.clip_id)

        async def done(uow: UnitOfWork, row: ClipRow) -> None:
            if not row.imported:
                await self._events.publish(uow, ClipReady(row.id, row.author_id))
            follow = ClipJob(row.id, row.author_id, hand.ticket, job.attempt)
            await jobs.enqueue_clip(uow, jobs.LADDER, follow)

        async with self._workshop.store.held(job.clip_id):
            await self._publish(
                hand,
                job,
                lambda shelf: shelve_first(shelf, first, texts),
                done,
                allowed=("processing",),
                values={"stage": "ready", "percent": 100},
            )

    async def ladder(self, hand: Hand, job: ClipJob, before: ClipRow, ladder: Ladder) -> None:
        """Replace the first rendition; the old files go later, when nobody plays them any more."""
        texts = self._workshop.folder(job.clip_id)

        async def done(uow: UnitOfWork, row: ClipRow) -> None:
            await self._put_sound(uow, row, ladder)
            follow = ClipJob(row.id, row.author_id, hand.ticket, job.attempt)
            await jobs.enqueue_clip(uow, jobs.TIDY, follow, delay_seconds=_TIDY_SECONDS)
            if row.edit.get("cover_ms") != before.edit.get("cover_ms"):
                await jobs.enqueue_clip(uow, jobs.COVER, follow)

        async with self._workshop.store.held(job.clip_id):
            await self._publish(
                hand,
                job,
                lambda shelf: shelve_ladder(shelf, ladder, texts),
                done,
                allowed=("ready", "draft"),
                values={"ladder_complete": True},
            )

    async def _publish(
        self,
        hand: Hand,
        job: ClipJob,
        shelve: Callable[[Shelf], Awaitable[MediaRecord]],
        done: Callable[[UnitOfWork, ClipRow], Awaitable[None]],
        *,
        allowed: tuple[str, ...],
        values: dict[str, Any],
    ) -> None:
        """Store files where the clip stands, then say so; again if the clip was moved in between."""
        for _ in range(_TRIES):
            async with hand.transaction() as uow:
                row = await ClipsWriter(uow).find(job.clip_id)
                if row is None:
                    raise CancelledError
                to = await self._coming.standing(uow, row)
            keys = await hand.keys()
            record = await shelve(self._shelf(job.clip_id, keys, public=to.public))
            async with hand.transaction() as uow:
                row = await ClipsWriter(uow).find(job.clip_id, lock=True)
                if row is None:
                    await self._workshop.store.forget(job.clip_id)
                    raise CancelledError
                if row.attempt != job.attempt or row.status not in allowed:
                    if row.media is None:
                        await self._workshop.store.blobs.delete(f"public/{job.clip_id}")
                    raise CancelledError
                if await self._coming.standing(uow, row) == to:
                    await done(uow, await self._coming.apply(uow, row, to, media=record, **values))
                    return
            if to.public:
                await self._workshop.store.blobs.delete(f"public/{job.clip_id}")
        raise CancelledError

    def _shelf(self, clip_id: UUID, keys: JobKeys, *, public: bool) -> Shelf:
        if not public and keys.clip_key is None:
            raise NotFoundError
        return Shelf(self._workshop.store, clip_id, None if public else keys.clip_key)

    async def _put_sound(self, uow: UnitOfWork, row: ClipRow, ladder: Ladder) -> None:
        """Make the clip's own sound, unless it was made with another's."""
        borrowed = (self._workshop.folder(row.id) / SOUND).is_file()
        if borrowed or row.sound_id is not None or row.media is None or row.media.sound is None:
            return
        if row.imported and row.sound_title is None:
            return
        author = await self._accounts.get_by_id(uow, row.author_id)
        sound_id = await self._sounds.put(
            uow,
            NewSound(
                clip_id=row.id,
                author_id=row.author_id,
                title=row.sound_title or f"♪ {author.display_name}",
                duration_ms=row.media.duration_ms,
                file=row.media.sound,
                waveform=bytes(ladder.waveform),
                reusable=row.allow_sound_reuse,
                cover=row.media.poster,
                sealed=row.sealed,
            ),
            self._ids.new(),
        )
        await ClipsWriter(uow).change(row.id, self._coming.now(), sound_id=sound_id)
        await self._sounds.place(uow, row.id, None, sealed=row.sealed, language=row.language)
