"""The jobs of the rights room, run by the worker at least once each; every one may be run again."""

import datetime as dt
from collections.abc import Awaitable, Callable

import msgspec
import structlog

from reelm.accounts.service import AccountsService
from reelm.clips.service import ClipBringer
from reelm.custody.service import KeysClient, TicketRefusedError
from reelm.kit.clock import Clock
from reelm.kit.database import Database
from reelm.kit.errors import OverloadedError
from reelm.kit.events import EventBus
from reelm.kit.ids import Ids
from reelm.kit.jobs import RunAgainError
from reelm.ledger.service import LedgerService
from reelm.media.service import MediaWorkshop
from reelm.realm.service import RealmService
from reelm.rights import jobs
from reelm.rights.erasing import Eraser
from reelm.rights.errors import ArchiveError, ExportFailedError, ImportFailedError
from reelm.rights.exporting import Exporter
from reelm.rights.hand import CancelledError, Hand
from reelm.rights.importing import Importer
from reelm.rights.jobs import RightsJob
from reelm.rights.repository import RightsWriter
from reelm.settings import Settings
from reelm.social.service import TieKeeper

_log = structlog.get_logger("reelm.worker")
_TRIES = 5
_LONGEST = dt.timedelta(minutes=5)
Handler = Callable[[bytes, int], Awaitable[None]]


class RightsTasks:
    """What each job does, and what becomes of its failure."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        keys: KeysClient,
        workshop: MediaWorkshop,
        accounts: AccountsService,
        ledger: LedgerService,
        realm: RealmService,
        clips: ClipBringer,
        ties: TieKeeper,
        clock: Clock,
        ids: Ids,
        stopping: Callable[[], bool],
        events: EventBus,
    ) -> None:
        self._database = database
        self._keys = keys
        self._store = workshop.store
        self._clock = clock
        self._stopping = stopping
        origin = settings.web.origin
        self._exporter = Exporter(workshop.store, accounts, ledger, realm, origin, clock, stopping)
        self._importer = Importer(settings, workshop, accounts, clips, ties, clock, ids, stopping)
        self._eraser = Eraser(workshop.store, ledger, events)
        # Name → what it does, and how many may run at once.
        self.handlers: dict[str, tuple[Handler, int]] = {
            jobs.EXPORT: (self._export, 1),
            jobs.IMPORT: (self._import, 1),
            jobs.ERASE: (self._erase, 2),
        }

    def schedules(self) -> list[tuple[float, Callable[[], Awaitable[object]]]]:
        """Return what is to be done from time to time: every how many seconds, and what."""
        return [(600, self.expire)]

    def _hand(self, job: RightsJob, purpose: str) -> Hand:
        return Hand(self._keys, self._database, self._clock, job, purpose)

    async def _export(self, payload: bytes, tries: int) -> None:
        job = msgspec.json.decode(payload, type=RightsJob)
        hand = self._hand(job, jobs.EXPORT_PURPOSE)
        assert job.id is not None
        export_id = job.id

        async def given_up() -> None:
            async with hand.transaction() as uow:
                await RightsWriter(uow).fail_export(hand.person_id, export_id, ExportFailedError.code)
            await self._store.blobs.delete(f"exports/{export_id}")

        await self._attempted(self._exporter.make(hand, export_id), given_up, tries)

    async def _import(self, payload: bytes, tries: int) -> None:
        job = msgspec.json.decode(payload, type=RightsJob)
        hand = self._hand(job, jobs.IMPORT_PURPOSE)
        assert job.id is not None
        import_id = job.id

        async def fail(code: str) -> None:
            async with hand.transaction() as uow:
                await RightsWriter(uow).fail_import(hand.person_id, import_id, code)
            await self._importer.clear(hand, import_id)

        async def given_up() -> None:
            await fail(ImportFailedError.code)

        try:
            await self._attempted(self._importer.bring(hand, import_id), given_up, tries)
        except ArchiveError as error:
            _log.info("archive refused", code=error.code)
            await fail(error.code)

    async def _erase(self, payload: bytes, tries: int) -> None:
        """Go on until it is done: there is no giving up an erasure."""
        job = msgspec.json.decode(payload, type=RightsJob)
        try:
            await self._eraser.erase(self._hand(job, jobs.ERASE_PURPOSE))
        except TicketRefusedError:
            _log.warning("erasure ticket refused")
        except OverloadedError as error:
            raise RunAgainError(dt.timedelta(seconds=error.retry_after_seconds or 2), error.code) from error
        except Exception as error:
            _log.exception("will try again")
            raise RunAgainError(_back_off(tries), type(error).__name__) from error

    async def _attempted(
        self, act: Awaitable[None], given_up: Callable[[], Awaitable[None]], tries: int
    ) -> None:
        try:
            await act
        except CancelledError:
            if self._stopping():
                raise RunAgainError(dt.timedelta(0), "stopping") from None
            _log.info("no longer wanted")
        except TicketRefusedError:
            _log.info("person is gone")
        except OverloadedError as error:
            raise RunAgainError(dt.timedelta(seconds=error.retry_after_seconds or 2), error.code) from error
        except ArchiveError:
            raise
        except Exception as error:
            if tries + 1 < _TRIES:
                _log.exception("unforeseen")
                raise RunAgainError(_back_off(tries), type(error).__name__) from error
            await given_up()
            raise

    async def expire(self) -> None:
        """Remove the archives whose time is over. For the schedule."""
        async with self._database.transaction() as uow:
            gone = await RightsWriter(uow).expire_exports(self._clock.now())
        for export_id in gone:
            await self._store.blobs.delete(f"exports/{export_id}")


def _back_off(tries: int) -> dt.timedelta:
    return min(_LONGEST, dt.timedelta(seconds=2 * 2 ** min(tries, 10)))
