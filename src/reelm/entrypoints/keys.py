"""`reelm keys`: the process that alone reads the key-encryption key and the key store.

It gives up what would let another process look into it: core dumps, tracing, swap, and, where it can, the user
it was started as.
"""

import asyncio
import contextlib
import ctypes
import os
import resource
import signal
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

import structlog

from reelm.custody.errors import KeyFileError, KeyStoreError
from reelm.custody.keeper import Keeper, relying_party
from reelm.custody.repository import PostgresRows
from reelm.custody.server import bind
from reelm.entrypoints import process
from reelm.kit.clock import SystemClock
from reelm.kit.database import Database
from reelm.kit.errors import OverloadedError
from reelm.kit.ids import SystemIds
from reelm.realm.service import RealmDocumentError, RealmService
from reelm.settings import Settings

_PR_SET_DUMPABLE = 4
_CAP_IPC_LOCK = 14
_MCL_CURRENT, _MCL_FUTURE, _MCL_ONFAULT = 1, 2, 4
_MINUTE_SECONDS = 60.0
_MINUTES_AN_HOUR = 60
CANNOT_START = 1

_log = structlog.get_logger("reelm.keys")


def run(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT; return the exit code. One process per data folder."""
    os.umask(0o077)
    try:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_MEMLOCK, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        bound = bind(settings.keys_address)
        realm = _charter(settings)
        uids = {os.geteuid(), _step_down(settings)}
        _shut_out_observers()
        return asyncio.run(_serve(settings, bound, uids, realm))
    except (KeyFileError, KeyStoreError, OSError) as error:
        _log.error("keys.cannot_start", reason=str(error))
        return CANNOT_START


def _zone(realm: RealmService | None) -> str:
    """The host of the network's zone, where the charter says that the realm's people have their addresses there."""
    if realm is None or not realm.document.network:
        return ""
    zone = f"id.{realm.document.network}"
    return zone if urlsplit(realm.document.ids).hostname == zone else ""


async def _serve(
    settings: Settings, bound: socket.socket, allowed_uids: set[int], realm: RealmService | None
) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    database = await _database(settings, stop)
    if database is None:
        return 0
    clock = SystemClock()
    party = relying_party(settings.web.origin, _zone(realm))
    keeper = Keeper(
        settings.data / "keys",
        PostgresRows(database),
        party,
        clock,
        SystemIds(clock),
        allowed_uids=allowed_uids,
        secrets=settings.caller_secrets,
        realm=realm,
    )
    try:
        await keeper.start(bound)
        _log.info("keys.ready", people=keeper.store.count_people(), slots=keeper.store.ring.slots)
        await _keep(keeper, stop)
    finally:
        await keeper.stop()
        await database.close()
    return 0


def _charter(settings: Settings) -> RealmService | None:
    """Read the charter, once and for all; None, and so no grant opens anything, where there is none to read."""
    if not (settings.data / "realm.json").exists():
        return None
    try:
        return RealmService.load(settings)
    except RealmDocumentError:
        _log.error("keys.charter_not_read")
        return None


async def _database(settings: Settings, stop: asyncio.Event) -> Database | None:
    """Connect, waiting for PostgreSQL as long as it takes; None when asked to stop meanwhile."""
    wait = 0.1
    while not stop.is_set():
        try:
            return await Database.open(settings.database, "reelm_keys", size=4)
        except OverloadedError:
            _log.warning("keys.waiting_for_database")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), wait)
        wait = min(wait * 2, 5.0)
    return None


async def _keep(keeper: Keeper, stop: asyncio.Event) -> None:
    minutes = 0
    await _try(keeper.every_hour)
    while not stop.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _MINUTE_SECONDS)
            return
        minutes += 1
        await _try(keeper.every_minute)
        if minutes % _MINUTES_AN_HOUR == 0:
            await _try(keeper.every_hour)
        await _try(keeper.tell_the_ledger)


async def _try(upkeep: Callable[[], Awaitable[None]]) -> None:
    """Each by itself: a database that does not answer must not keep the epoch from turning."""
    try:
        await upkeep()
    except Exception as error:  # noqa: BLE001 - the next minute tries again; no message into the log
        _log.error("keys.upkeep_failed", failure=type(error).__name__)


def _step_down(settings: Settings) -> int:
    """Become `keys_uid` where that is set and possible; return the uid that the process now has."""
    uid = settings.keys_uid
    if uid is None or os.geteuid() != 0:
        return os.geteuid()
    folder = settings.data / "keys"
    if not (_reachable(folder.parent, uid) and _reachable(Path(settings.database.host), uid)):
        _log.warning("keys.same_user", reason="the data folder can't be reached by the keys user")
        return os.geteuid()
    folder.mkdir(mode=0o700, exist_ok=True)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, uid, uid)
    parent = os.getppid()
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    os.environ["HOME"] = str(folder)  # another user's home can't be looked into, and asyncpg looks there
    process.die_with_parent(parent, signal.SIGKILL)
    return uid


def _reachable(path: Path, uid: int) -> bool:
    """Whether `uid`, without any group, may pass every folder down to and including `path`."""
    for folder in (path, *path.parents):
        if not folder.is_absolute() or not folder.is_dir():
            continue
        about = folder.stat()
        if not about.st_mode & (0o100 if about.st_uid == uid else 0o001):
            return False
    return True


def _shut_out_observers() -> None:
    """No core dumps, no tracing by our own user, no key on a swap device; each as far as the system allows."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    # With a limit on locked memory, and no right to pass it, a later allocation would fail: then rather not.
    if resource.getrlimit(resource.RLIMIT_MEMLOCK)[0] == resource.RLIM_INFINITY or _may_lock_memory():
        # On fault: pages shared with the parent stay shared until they are written.
        libc.mlockall(_MCL_CURRENT | _MCL_FUTURE | _MCL_ONFAULT)


def _may_lock_memory() -> bool:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            return bool(int(line.split()[1], 16) >> _CAP_IPC_LOCK & 1)
    return False
