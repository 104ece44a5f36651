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

import structlog

from reelm.clips.coming import Coming
from reelm.clips.errors import OriginalGoneError, SoundGoneError
from reelm.clips.events import ClipFailed, ClipOpened
from reelm.clips.hand import Hand, Watch
from reelm.clips.jobs import ClipJob
from reelm.clips.publishing import SOUND, Publisher
from reelm.clips.repository import ClipRow, ClipsWriter
from reelm.clips.states import is_open
from reelm.kit.errors import NotFoundError, ReelmError
from reelm.kit.events import EventBus
from reelm.kit.ids import trace_of
from reelm.media.service import (
    Edit,
    MediaWorkshop,
    Pipeline,
    Task,
    TooHeavyError,
    clip_folder,
    original_name,
)
from reelm.sounds.service import SoundKeeper

_STARTS = 6
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
        publisher: Publisher,
        sounds: SoundKeeper,
        coming: Coming,
        events: EventBus,
        stopping: Callable[[], bool],
    ) -> None:
        self._workshop = workshop
        self._publisher = publisher
        self._sounds = sounds
        self._coming = coming
        self._events = events
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
        await self._publisher.first(hand, job, first)
        laps.take("published")
        _log.info("playable", clip=trace_of(row.id), plain=first.plain, **laps.milliseconds)

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
            await self._publisher.ladder(hand, job, row, ladder)
            laps.take("published")
            _log.info("complete", clip=trace_of(row.id), **laps.milliseconds)
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
        _log.warning("no ladder", clip=trace_of(job.clip_id), code=error.code)
        async with hand.transaction() as uow:
            row = await ClipsWriter(uow).find(job.clip_id)
            if row is not None and is_open(row):
                await self._events.publish(uow, ClipOpened(row.id, row.author_id))
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
            if not row.imported:
                await self._events.publish(uow, ClipFailed(row.id, row.author_id, error.code))
        await asyncio.to_thread(self._workshop.clear_scratch, job.clip_id)

    # --- what the engine needs --------------------------------------------------------------------------

    async def _wanted(self, hand: Hand, job: ClipJob) -> ClipRow | None:
        async with hand.transaction() as uow:
            row = await ClipsWriter(uow).find(job.clip_id)
        if row is None or row.status == "failed":
            await asyncio.to_thread(self._workshop.clear_scratch, job.clip_id)
            return None
        return row if row.attempt == job.attempt else None

    async def abandon(self, hand: Hand, job: ClipJob) -> None:
        """Clear up after a clip that is no longer wanted; what a later attempt works on stays."""
        await self._wanted(hand, job)

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

    # --- the original -----------------------------------------------------------------------------------

    async def _put_original_away(self, hand: Hand) -> None:
        """Seal the original under the clip's key, then forget its pieces and the scratch folder."""
        async with hand.transaction() as uow:
            row = await ClipsWriter(uow).find(hand.clip_id)
            upload = await self._workshop.upload_of(uow, hand.person_id, hand.clip_id)
            parts = await self._workshop.parts_of(uow, upload) if upload else []
        if row is not None and upload is not None and not row.keep_original:
            # Bytes first: a row without them is found again, bytes without a row are nobody's.
            await self._workshop.drop_pieces(upload)
            async with hand.transaction() as uow:
                await self._workshop.drop_upload(uow, upload)
            upload = None
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
        if upload is not None:
            # Also when an earlier try ended between its commit and this.
            await self._workshop.drop_pieces(upload)
        await asyncio.to_thread(self._workshop.clear_scratch, hand.clip_id)
