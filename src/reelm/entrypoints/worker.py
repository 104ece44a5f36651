"""The worker process: jobs, at least once each, and the realm's schedules.

The queue is PgQueuer's. A job that runs is kept alive by a heartbeat; should the worker be killed, its lock in
PostgreSQL falls with its connection, and the next worker takes its jobs up at once rather than when the
heartbeat has gone cold. SIGTERM stops encoders within a tenth of a second and gives their jobs back.
"""

import asyncio
import contextlib
import datetime as dt
import signal
from collections.abc import Awaitable, Callable
from typing import Any, Self

import asyncpg
import structlog

from reelm.accounts.service import AccountsService
from reelm.border.service import ArrivalDesk, BorderClient, BorderOutbox, NetworkService
from reelm.clips.service import ClipBringer
from reelm.clips.tasks import ClipTasks
from reelm.custody.service import GrantKeeper, KeysClient
from reelm.entrypoints.upkeep import Upkeep
from reelm.federation.placing import Placer
from reelm.federation.service import Addresses, Sender
from reelm.federation.taking import TakingIn
from reelm.federation.tasks import FederationTasks
from reelm.feed.receipts.forgetting import ReceiptForgetter
from reelm.kit.blobs import LocalBlobStore
from reelm.kit.clock import Clock, SystemClock
from reelm.kit.database import Database
from reelm.kit.errors import OverloadedError
from reelm.kit.events import EventBus
from reelm.kit.ids import Ids, SystemIds
from reelm.kit.jobs import RunAgainError
from reelm.ledger.service import LedgerService
from reelm.media.service import MediaStore, MediaWorkshop
from reelm.messages.forgetting import MessageForgetter
from reelm.notices.push_key import read_or_make
from reelm.notices.push_tasks import PushTasks
from reelm.notices.telling import NoticeTeller
from reelm.realm.service import RealmService
from reelm.rights.tasks import RightsTasks
from reelm.settings import Settings
from reelm.social.service import TieKeeper

HEARTBEAT = dt.timedelta(seconds=10)
POLL = dt.timedelta(seconds=2)
ORPHANS_SECONDS = 2.0
_LOCKS = 0x7265_656C
_BATCH = 4
_PATIENCE_SECONDS = 15.0

_log = structlog.get_logger("reelm.worker")


def run(settings: Settings) -> int:
    """Work until SIGTERM or SIGINT; return the exit code."""
    return asyncio.run(_work(settings))


async def _work(settings: Settings) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    database = await _database(settings, stop)
    if database is None:
        return 0
    clock = SystemClock()
    ids = SystemIds(clock)
    events = EventBus()
    keys = KeysClient(
        settings.keys_address,
        clock,
        caller="worker",
        secret=settings.caller_secrets.get("worker", ""),
        patience_seconds=_PATIENCE_SECONDS,
    )
    store = MediaStore(LocalBlobStore(settings.blobs), settings.scratch)
    realm = RealmService.load(settings)
    accounts = AccountsService(keys, realm, database, events, clock, ids, NetworkService(realm))
    ledger = LedgerService(database, store.blobs, clock, ids)
    grants = GrantKeeper(database, ledger, realm, events, clock)
    workshop = MediaWorkshop(store, settings)
    tasks = ClipTasks(
        settings,
        database,
        keys,
        workshop,
        accounts,
        events,
        clock,
        ids,
        stop.is_set,
    )
    NoticeTeller(ids).subscribe(events)
    federation = _federation(settings, database, accounts, realm, workshop, events, clock, ids)
    rights = RightsTasks(
        settings,
        database,
        keys,
        workshop,
        accounts,
        ledger,
        realm,
        ClipBringer(accounts, store, clock),
        TieKeeper(),
        clock,
        ids,
        stop.is_set,
        events,
    )
    receipts = ReceiptForgetter(database, settings.feed / "receipts", clock)
    border = BorderClient.of(settings, "worker")
    pushes = PushTasks(
        database, keys, border, accounts, read_or_make(settings), settings.web.origin, clock, ids
    )
    schedules = (
        *pushes.schedules(),
        *grants.schedules(),
        *rights.schedules(),
        *receipts.schedules(),
        *MessageForgetter(database, clock).schedules(),
        *federation.schedules(),
    )
    upkeep = Upkeep(settings, database, store, accounts, tasks.publish_due, clock, schedules)
    try:
        handlers = {**tasks.handlers, **rights.handlers, **federation.handlers, **pushes.handlers}
        async with Queue(settings, handlers) as queue:
            _log.info("worker.ready")
            await _until_asked(stop, queue, upkeep)
    finally:
        await keys.close()
        await database.close()
    return 0


def _federation(
    settings: Settings,
    database: Database,
    accounts: AccountsService,
    realm: RealmService,
    workshop: MediaWorkshop,
    events: EventBus,
    clock: Clock,
    ids: Ids,
) -> FederationTasks:
    """Put together what takes in other realms' deliveries, and tells them what people here do."""
    outbox, addresses = BorderOutbox(ids), Addresses.of(realm, settings)
    sender = Sender(outbox, accounts, addresses, clock)
    sender.subscribe(events)
    border = BorderClient.of(settings, "worker")
    taking = TakingIn(accounts, sender, addresses, clock, ids)
    placer = Placer(database, border, workshop)
    return FederationTasks(database, ArrivalDesk(), outbox, border, taking, placer, addresses)


async def _until_asked(stop: asyncio.Event, queue: "Queue", upkeep: Upkeep) -> None:
    """Work until asked to stop, then let the jobs that run give themselves back. What fails ends the process."""
    jobs = asyncio.ensure_future(queue.run())
    beside = [asyncio.ensure_future(work) for work in (queue.take_orphans(), upkeep.run(lambda: queue.leads))]
    asked = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait([asked, jobs, *beside], return_when=asyncio.FIRST_COMPLETED)
    finally:
        stop.set()
        queue.stop()
        for work in (asked, *beside):
            work.cancel()
        results = await asyncio.gather(jobs, *beside, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result


async def _database(settings: Settings, stop: asyncio.Event) -> Database | None:
    """Connect, waiting for PostgreSQL as long as it takes; None when asked to stop meanwhile."""
    wait = 0.1
    while not stop.is_set():
        try:
            return await Database.open(settings.database, "reelm_worker")
        except OverloadedError:
            _log.warning("worker.waiting_for_database")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), wait)
        wait = min(wait * 2, 5.0)
    return None


class Queue:
    """PgQueuer's manager with this worker's handlers, on connections of its own."""

    def __init__(
        self, settings: Settings, handlers: dict[str, tuple[Callable[[bytes, int], Awaitable[None]], int]]
    ) -> None:
        self._settings = settings
        self._handlers = handlers
        self._pool: Any = None
        self._lock: Any = None
        self._manager: Any = None
        self.leads = False

    async def __aenter__(self) -> Self:
        from pgqueuer.adapters.drivers.asyncpg import AsyncpgPoolDriver
        from pgqueuer.core.qm import QueueManager
        from pgqueuer.queries import Queries

        arguments: dict[str, Any] = self._settings.database.connection("reelm_worker")
        arguments["server_settings"] = {"application_name": "reelm worker queue"}
        self._pool = await asyncpg.create_pool(**arguments, min_size=1, max_size=4)
        self._lock = await asyncpg.connect(**arguments)
        self._manager = QueueManager(Queries(AsyncpgPoolDriver(self._pool)))
        for entrypoint, (handler, at_once) in self._handlers.items():
            self._manager.entrypoint(entrypoint, concurrency_limit=at_once, accepts_context=False)(
                _runner(handler)
            )
        own = str(self._manager.queue_manager_id)
        await self._lock.execute("SELECT pg_advisory_lock($1, hashtext($2))", _LOCKS, own)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._lock.close()
        await self._pool.close()

    async def run(self) -> None:
        """Take jobs until `stop`; then wait for those that run to give themselves back."""
        await self._manager.run(
            dequeue_timeout=POLL,
            batch_size=_BATCH,
            heartbeat_timeout=HEARTBEAT,
            shutdown_on_listener_failure=True,
        )

    def stop(self) -> None:
        self._manager.shutdown.set()

    async def take_orphans(self) -> None:
        """Free the jobs of workers whose lock has fallen; keep the realm's schedules, if nobody else does."""
        while True:
            self.leads = self.leads or await self._lock.fetchval("SELECT pg_try_advisory_lock($1, 0)", _LOCKS)
            await self._lock.execute(
                "UPDATE pgqueuer SET heartbeat = now() - interval '1 day' WHERE status = 'picked' "
                "AND heartbeat > now() - interval '1 hour' AND queue_manager_id IN ("
                "SELECT gone.id FROM (SELECT DISTINCT queue_manager_id AS id FROM pgqueuer "
                "WHERE status = 'picked' AND queue_manager_id <> $2) AS gone "
                "WHERE NOT EXISTS (SELECT 1 FROM pg_locks l WHERE l.locktype = 'advisory' AND l.classid::bigint = $1 "
                "AND l.objid::bigint = (hashtext(gone.id::text)::bigint & 4294967295) AND l.granted))",
                _LOCKS,
                self._manager.queue_manager_id,
            )
            await asyncio.sleep(ORPHANS_SECONDS)


def _runner(handler: Callable[[bytes, int], Awaitable[None]]) -> Callable[[Any], Awaitable[None]]:
    """Adapt a handler to the queue: the payload and how often it was tried before."""
    from pgqueuer.errors import RetryRequested

    async def run_job(job: Any) -> None:
        try:
            await handler(job.payload or b"", job.attempts)
        except RunAgainError as again:
            raise RetryRequested(again.delay, str(again)) from None

    return run_job
