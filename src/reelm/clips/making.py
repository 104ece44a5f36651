"""Making a clip: from its upload to something that plays, then to the whole ladder.

Steps, each of which can be interrupted anywhere and is then done again or found done:
1. the original is put together in the clip's scratch folder (0700), the only place where it lies in clear;
2. the engine probes it and makes the first rendition;
3. its files are stored where the clip's standing says, then one transaction makes the clip `ready`;
4. the ladder replaces it in the same way, with pictures and the clip's sound;
5. the original is sealed under the clip's key, then its pieces and the scratch folder go.
"""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any
from uuid import UUID

import structlog

from reelm.accounts.service import AccountsService
from reelm.clips import jobs
from reelm.clips.coming import Coming
from reelm.clips.errors import OriginalGoneError, SoundGoneError
from reelm.clips.events import ClipFailed, ClipReady
from reelm.clips.hand import Hand, Watch
from reelm.clips.jobs import ClipJob
from reelm.clips.repository import ClipRow, ClipsWriter
from reelm.custody.service import JobKeys
from reelm.kit.database import UnitOfWork
from reelm.kit.errors import NotFoundError, ReelmError
from reelm.kit.events import EventBus
from reelm.kit.ids import Ids
from reelm.media.service import (
    CancelledError,
    Edit,
    FirstPlayable,
    Ladder,
    MediaRecord,
    MediaWorkshop,
    Pipeline,
    Shelf,
    Task,
    TooHeavyError,
    clip_folder,
    original_name,
    shelve_first,
    shelve_ladder,
)
from reelm.sounds.service import NewSound, SoundKeeper

SOUND = "sound.m4a"
_TRIES = 5
_STARTS = 6
_TIDY_SECONDS = 900.0
Shelve = Callable[[Shelf], Any]
_log = structlog.get_logger("reelm.worker")


class Laps:
    """How long each step took, in whole milliseconds, for the log."""

    def __init__(self) -> None:
        self._last = asyncio.get_running_loop().time()
        self.milliseconds: dict[str, int] = {}

    def take(self, name: str) -> None:
        now = asyncio.get_running_loop().time()
        self.milliseconds[f"{name}_ms"] = round((now - self._last) * 1000)
        self._last = now


class ClipMaker:
    """Makes one clip at a time; `stopping` says that the process was asked to end."""

    def __init__(
        self,
        workshop: MediaWorkshop,
        accounts: AccountsService,
        sounds: SoundKeeper,
        coming: Coming,
        events: EventBus,
        ids: Ids,
        stopping: Callable[[], bool],
    ) -> None:
        self._workshop = workshop
        self._accounts = accounts
        self._sounds = sounds
        self._coming = coming
        self._events = events
        self._ids = ids
        self._stopping = stopping

    async def prepare(self, hand: Hand, job: ClipJob) -> None:
        """Make the first rendition. Raises MediaError, or another ReelmError that says what is missing."""
        row = await self._wanted(hand, job)
        if row is None or row.status != "processing":
            return
        laps = Laps()
        self._count_start(row, "prepare")
        async with Watch(hand, job.attempt, self._stopping, tell=True) as watch:
            pipeline = await self._pipeline(hand, row, watch)
            laps.take("fetched")
            first = await asyncio.to_thread(pipeline.prepare)
            laps.take("made")
        await self._publish_first(hand, job, first)
        laps.take("published")
        _log.info("playable", clip=str(row.id), plain=first.plain, **laps.milliseconds)

    async def finish(self, hand: Hand, job: ClipJob) -> None:
        """Make the ladder, then put the original away. Raises as `prepare` does."""
        row = await self._wanted(hand, job)
        if row is None:
            return
        if not row.ladder_complete:
            laps = Laps()
            self._count_start(row, "finish")
            async with Watch(hand, job.attempt, self._stopping, tell=False) as watch:
                pipeline = await self._pipeline(hand, row, watch)
                laps.take("fetched")
                ladder = await asyncio.to_thread(pipeline.finish)
                laps.take("made")
            await self._publish_ladder(hand, job, row, ladder)
            laps.take("published")
            _log.info("complete", clip=str(row.id), **laps.milliseconds)
        await self._put_original_away(hand)

    def _count_start(self, row: ClipRow, step: str) -> None:
        """Raise `TooHeavyError` for a clip that took its worker down again and again."""
        starts = self._workshop.folder(row.id) / f"{step}-{row.attempt}.starts"
        with starts.open("ab") as file:
            file.write(b".")
        if starts.stat().st_size > _STARTS:
            raise TooHeavyError

    def give_back(self, job: ClipJob) -> None:
        """An orderly stop does not count as a start."""
        for starts in self._workshop.folder(job.clip_id).glob("*.starts"):
            starts.unlink()

    async def wait(self, hand: Hand, job: ClipJob, error: ReelmError) -> None:
        """Tell the author what the clip waits for; nothing of it is lost."""
        async with hand.transaction() as uow:
            writer = ClipsWriter(uow)
            row = await writer.find(job.clip_id, lock=True)
            if row is not None and row.attempt == job.attempt and row.status == "processing":
                now = self._coming.now()
                await writer.change(
                    row.id, now, stage="received", failure_code=error.code, failure_detail=error.detail
                )

    async def leave_as_it_is(self, hand: Hand, job: ClipJob, error: ReelmError) -> None:
        """The ladder can't be made: the clip keeps playing from its first rendition."""
        _log.warning("no ladder", clip=str(job.clip_id), code=error.code)
        with contextlib.suppress(NotFoundError):
            await self._put_original_away(hand)
        await asyncio.to_thread(self._workshop.clear_scratch, job.clip_id)

    async def fail(self, hand: Hand, job: ClipJob, error: ReelmError) -> None:
        """Write down why the clip can't be made, for its author to read."""
        async with hand.transaction() as uow:
            writer = ClipsWriter(uow)
            row = await writer.find(job.clip_id, lock=True)
            if row is None or row.attempt != job.attempt or row.status != "processing":
                return
            await writer.change(
                row.id,
                self._coming.now(),
                status="failed",
                stage="failed",
                failure_code=error.code,
                failure_detail=error.detail,
            )
            await self._events.publish(uow, ClipFailed(row.id, row.author_id, error.code))
        await asyncio.to_thread(self._workshop.clear_scratch, job.clip_id)

    # --- what the engine needs --------------------------------------------------------------------------

    async def _wanted(self, hand: Hand, job: ClipJob) -> ClipRow | None:
        async with hand.transaction() as uow:
            row = await ClipsWriter(uow).find(job.clip_id)
        if row is None or row.attempt != job.attempt or row.status == "failed":
            await asyncio.to_thread(self._workshop.clear_scratch, job.clip_id)
            return None
        return row

    async def _pipeline(self, hand: Hand, row: ClipRow, watch: Watch) -> Pipeline:
        folder = self._workshop.folder(row.id)
        async with hand.transaction() as uow:
            upload = await self._workshop.upload_of(uow, row.author_id, row.id)
            parts = await self._workshop.parts_of(uow, upload) if upload else []
        if upload is None:
            raise OriginalGoneError
        keys = await hand.keys((upload.id, upload.wrapped_key))
        try:
            source = await self._workshop.fetch_original(
                row.id,
                parts,
                upload_key=keys.upload_key,
                clip_key=keys.clip_key,
                size=upload.size_bytes,
            )
        except NotFoundError as error:
            raise OriginalGoneError from error
        sound = folder / SOUND
        if row.sound_id and not row.ladder_complete and not sound.is_file():
            await self._fetch_sound(hand, row)
        task = Task(
            source,
            folder / "work",
            Edit.from_json(row.edit),
            sound if sound.is_file() else None,
            self._workshop.limits,
        )
        return Pipeline(self._workshop.tools, task, on_progress=watch.on_progress, cancelled=watch.cancelled)

    async def _fetch_sound(self, hand: Hand, row: ClipRow) -> None:
        """Put the chosen sound beside the original. Raises `SoundGoneError`."""
        assert row.sound_id is not None
        async with hand.transaction() as uow:
            source = await self._sounds.source(uow, row.author_id, row.sound_id)
        if source is None:
            raise SoundGoneError
        if source.origin_clip_id == row.id:
            return
        key = await hand.key_of(source.origin_clip_id) if source.sealed else None
        name = f"{clip_folder(source.origin_clip_id, sealed=source.sealed)}/{source.file}"
        try:
            await self._workshop.store.take_out(name, self._workshop.folder(row.id) / SOUND, key)
        except NotFoundError as error:
            raise SoundGoneError from error

    # --- publishing -------------------------------------------------------------------------------------

    async def _publish_first(self, hand: Hand, job: ClipJob, first: FirstPlayable) -> None:
        texts = self._workshop.folder(job.clip_id)

        async def done(uow: UnitOfWork, row: ClipRow) -> None:
            await self._events.publish(uow, ClipReady(row.id, row.author_id))
            follow = ClipJob(row.id, row.author_id, hand.ticket, job.attempt)
            await jobs.enqueue_clip(uow, jobs.LADDER, follow)

        await self._publish(
            hand,
            job,
            lambda shelf: shelve_first(shelf, first, texts),
            done,
            allowed=("processing",),
            values={"stage": "ready", "percent": 100},
        )

    async def _publish_ladder(self, hand: Hand, job: ClipJob, before: ClipRow, ladder: Ladder) -> None:
        texts = self._workshop.folder(job.clip_id)

        async def done(uow: UnitOfWork, row: ClipRow) -> None:
            await self._put_sound(uow, row, ladder)
            follow = ClipJob(row.id, row.author_id, hand.ticket, job.attempt)
            await jobs.enqueue_clip(uow, jobs.TIDY, follow, delay_seconds=_TIDY_SECONDS)
            if row.edit.get("cover_ms") != before.edit.get("cover_ms"):
                await jobs.enqueue_clip(uow, jobs.COVER, follow)

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
        shelve: Shelve,
        done: Callable[[UnitOfWork, ClipRow], Any],
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
            record: MediaRecord = await shelve(self._shelf(job.clip_id, keys, public=to.public))
            async with hand.transaction() as uow:
                row = await ClipsWriter(uow).find(job.clip_id, lock=True)
                if row is None or row.attempt != job.attempt or row.status not in allowed:
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

    # --- the original -----------------------------------------------------------------------------------

    async def _put_original_away(self, hand: Hand) -> None:
        """Seal the original under the clip's key, then forget its pieces and the scratch folder."""
        async with hand.transaction() as uow:
            row = await ClipsWriter(uow).find(hand.clip_id)
            upload = await self._workshop.upload_of(uow, hand.person_id, hand.clip_id)
            parts = await self._workshop.parts_of(uow, upload) if upload else []
            if row is not None and upload is not None and not row.keep_original:
                await self._workshop.drop_upload(uow, upload)
                parts = []
        if upload is not None and parts:
            keys = await hand.keys((upload.id, upload.wrapped_key))
            source = await self._workshop.fetch_original(
                hand.clip_id,
                parts,
                upload_key=keys.upload_key,
                clip_key=keys.clip_key,
                size=upload.size_bytes,
            )
            await self._workshop.store.put_file(original_name(hand.clip_id), source, keys.clip_key)
            async with hand.transaction() as uow:
                await self._workshop.drop_parts(uow, upload)
        await asyncio.to_thread(self._workshop.clear_scratch, hand.clip_id)
