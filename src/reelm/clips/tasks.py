"""The jobs of the clips room, run by the worker at least once each; every one may be run again."""

import datetime as dt
from collections.abc import Awaitable, Callable
from uuid import UUID

import msgspec
import structlog

from reelm.accounts.service import AccountsService
from reelm.clips import jobs
from reelm.clips.coming import Coming
from reelm.clips.covers import CoverMaker
from reelm.clips.hand import Hand
from reelm.clips.jobs import ClipJob, EraseJob, PersonJob
from reelm.clips.making import ClipMaker
from reelm.clips.publishing import Publisher
from reelm.clips.repository import ClipsReader
from reelm.clips.settling import Settler
from reelm.custody.service import KeysClient, TicketRefusedError
from reelm.kit.clock import Clock
from reelm.kit.database import Database
from reelm.kit.errors import NotFoundError, OverloadedError, ReelmError
from reelm.kit.events import EventBus
from reelm.kit.ids import Ids, trace_of
from reelm.kit.jobs import RunAgainError, enqueue
from reelm.media.service import CancelledError, MediaError, MediaWorkshop
from reelm.settings import Settings
from reelm.sounds.service import SoundKeeper

_log = structlog.get_logger("reelm.worker")
_ENGINE_TRIES = 3
_SURPRISE_TRIES = 5
_NO_ROOM = dt.timedelta(seconds=30)
_LONGEST = dt.timedelta(minutes=5)
NO_ROOM_CODES = {"media.disk_full", "blobs.full"}


class ClipTasks:
    """What each job does, and what becomes of its failure."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        keys: KeysClient,
        workshop: MediaWorkshop,
        accounts: AccountsService,
        events: EventBus,
        clock: Clock,
        ids: Ids,
        stopping: Callable[[], bool],
    ) -> None:
        sounds = SoundKeeper()
        coming = Coming(accounts, sounds, events, clock)
        self._database = database
        self._keys = keys
        self._workshop = workshop
        self._clock = clock
        self._stopping = stopping
        self._maker = ClipMaker(
            workshop,
            Publisher(workshop, accounts, sounds, coming, events, ids),
            sounds,
            coming,
            events,
            stopping,
        )
        self._settler = Settler(workshop.store, coming)
        self._covers = CoverMaker(workshop, coming)
        # Name → what it does, and how many may run at once (0: as many as come).
        encodes = settings.media.encodes
        self.handlers: dict[str, tuple[Callable[[bytes, int], Awaitable[None]], int]] = {
            jobs.PREPARE: (self._prepare, encodes + 1),
            jobs.LADDER: (self._ladder, encodes),
            jobs.COVER: (self._cover, 1),
            jobs.SETTLE: (self._settle, 2),
            jobs.TIDY: (self._tidy, 2),
            jobs.ERASE: (self._erase, 2),
            jobs.PRIVACY: (self._privacy, 1),
        }

    def _hand(self, job: ClipJob, purpose: str) -> Hand:
        return Hand(self._keys, self._database, self._clock, job, purpose)

    async def _prepare(self, payload: bytes, tries: int) -> None:
        job = msgspec.json.decode(payload, type=ClipJob)
        hand = self._hand(job, jobs.MEDIA_PROCESS)
        await self._attempted(self._maker.prepare, self._maker.fail, hand, job, tries)

    async def _ladder(self, payload: bytes, tries: int) -> None:
        job = msgspec.json.decode(payload, type=ClipJob)
        hand = self._hand(job, jobs.MEDIA_PROCESS)
        await self._attempted(self._maker.finish, self._maker.leave_as_it_is, hand, job, tries)

    async def _cover(self, payload: bytes, tries: int) -> None:
        job = msgspec.json.decode(payload, type=ClipJob)
        await self._kept(self._covers.make(self._hand(job, jobs.MEDIA_PROCESS)), tries)

    async def _settle(self, payload: bytes, tries: int) -> None:
        job = msgspec.json.decode(payload, type=ClipJob)
        await self._kept(self._settler.settle(self._hand(job, jobs.CLIP_PUBLISH)), tries)

    async def _tidy(self, payload: bytes, tries: int) -> None:
        job = msgspec.json.decode(payload, type=ClipJob)
        await self._kept(self._settler.tidy(self._hand(job, jobs.MEDIA_PROCESS)), tries)

    async def _erase(self, payload: bytes, tries: int) -> None:
        """Remove the bytes of what was deleted; what still has a row is left alone, whoever asked for this."""
        job = msgspec.json.decode(payload, type=EraseJob)
        async with self._database.transaction() as uow:
            kept = await ClipsReader(uow).list_existing(
                [job.clip_id, *([job.upload_id] if job.upload_id else [])]
            )
        if job.clip_id in kept:
            return
        await self._workshop.store.forget(job.clip_id)
        if job.upload_id is not None and job.upload_id not in kept:
            await self._workshop.store.blobs.delete(f"uploads/{job.upload_id}")
        self._workshop.clear_scratch(job.clip_id)

    async def _privacy(self, payload: bytes, tries: int) -> None:
        """Settle every clip of the person that is meant for everyone."""
        job = msgspec.json.decode(payload, type=PersonJob)
        for clip_id in await self._public_wishes(job.person_id):
            await self._kept(
                self._settler.settle(
                    self._hand(await self._scheduled(job.person_id, clip_id), jobs.CLIP_PUBLISH)
                ),
                tries,
            )

    async def _public_wishes(self, person_id: UUID) -> list[UUID]:
        ticket = await self._keys.schedule_ticket(jobs.CLIP_PUBLISH, person_id)
        released = await self._keys.job_keys(ticket, jobs.CLIP_PUBLISH)
        async with self._database.transaction(released.ticket) as uow:
            return await ClipsReader(uow).list_public_wishes(person_id)

    async def _scheduled(self, person_id: UUID, clip_id: UUID) -> ClipJob:
        ticket = await self._keys.schedule_ticket(jobs.CLIP_PUBLISH, person_id, clip_id)
        return ClipJob(clip_id, person_id, ticket)

    async def publish_due(self) -> int:
        """Give every clip whose hour has come a job of its own; return how many."""
        async with self._database.transaction() as uow:
            due = await ClipsReader(uow).list_due(self._clock.now())
        for clip_id, author_id in due:
            job = await self._scheduled(author_id, clip_id)
            async with self._database.transaction() as uow:
                await enqueue(uow, jobs.SETTLE, job, once_key=f"due {job.clip_id}")
        return len(due)

    # --- failures ---------------------------------------------------------------------------------------

    async def _attempted(
        self,
        act: Callable[[Hand, ClipJob], Awaitable[None]],
        given_up: Callable[[Hand, ClipJob, ReelmError], Awaitable[None]],
        hand: Hand,
        job: ClipJob,
        tries: int,
    ) -> None:
        """Do it; what is the upload's own fault is told its author, what may pass is tried again."""
        try:
            await act(hand, job)
        except CancelledError:
            if self._stopping():
                self._maker.give_back(job)
                raise RunAgainError(dt.timedelta(0), "stopping") from None
            _log.info("no longer wanted", clip=trace_of(job.clip_id))
            await self._maker.abandon(hand, job)
        except TicketRefusedError:
            _log.info("person is gone", clip=trace_of(job.clip_id))
            self._workshop.clear_scratch(job.clip_id)
        except OverloadedError as error:
            if error.code in NO_ROOM_CODES:
                await self._wait_for_room(hand, job, error)
            raise RunAgainError(dt.timedelta(seconds=error.retry_after_seconds or 2), error.code) from error
        except MediaError as error:
            _log.warning("media", clip=trace_of(job.clip_id), code=error.code, technical=error.technical)
            if error.code in NO_ROOM_CODES:
                await self._wait_for_room(hand, job, error)
            if error.retryable and tries + 1 < _ENGINE_TRIES:
                raise RunAgainError(_back_off(tries), error.code) from error
            await given_up(hand, job, error)
        except ReelmError as error:
            _log.warning("given up", clip=trace_of(job.clip_id), code=error.code)
            await given_up(hand, job, error)
        except Exception as error:
            if tries + 1 < _SURPRISE_TRIES:
                _log.exception("unforeseen", clip=trace_of(job.clip_id))
                raise RunAgainError(_back_off(tries), type(error).__name__) from error
            await given_up(hand, job, MediaError())
            raise

    async def _wait_for_room(self, hand: Hand, job: ClipJob, error: ReelmError) -> None:
        await self._maker.wait(hand, job, error)
        raise RunAgainError(_NO_ROOM, error.code) from error

    async def _kept(self, act: Awaitable[None], tries: int) -> None:
        """Do it, again and again until it is done: bytes must not stay where they should not be."""
        try:
            await act
        except (TicketRefusedError, NotFoundError):
            _log.info("nothing left to do")
        except Exception as error:
            _log.exception("will try again")
            raise RunAgainError(_back_off(tries), type(error).__name__) from error


def _back_off(tries: int) -> dt.timedelta:
    return min(_LONGEST, dt.timedelta(seconds=2 * 2 ** min(tries, 10)))
