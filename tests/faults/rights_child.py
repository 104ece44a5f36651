"""A worker of its own for one job of people's rights, which kills itself with SIGKILL at the N-th step.

    python -m tests.faults.rights_child DATA PORT NAME N     (the payload comes on standard input)

A step is any moment before or after a transaction ends, `reelm keys` answers, or a file is stored or removed.
N = 0 never kills. Says how many steps there were.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

from reelm.accounts.service import AccountsService
from reelm.border.service import NetworkService
from reelm.clips.service import ClipBringer
from reelm.custody.service import KeysClient
from reelm.entrypoints.handout import settings_of_running
from reelm.kit.blobs import LocalBlobStore
from reelm.kit.clock import SystemClock
from reelm.kit.database import Database, UnitOfWork
from reelm.kit.events import EventBus
from reelm.kit.ids import SystemIds
from reelm.ledger.service import LedgerService
from reelm.media.service import MediaStore, MediaWorkshop
from reelm.realm.service import RealmService
from reelm.rights.tasks import RightsTasks
from reelm.social.service import TieKeeper

_TOLD = {"tell_export", "tell_import"}


class Steps:
    """Counts, and ends everything at the one that was asked for."""

    def __init__(self, fatal: int) -> None:
        self.fatal = fatal
        self.count = 0

    def step(self) -> None:
        self.count += 1
        if self.count == self.fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, kind: type[Any], name: str) -> None:
        original = getattr(kind, name)

        async def stepped(*args: Any, **kwargs: Any) -> Any:
            self.step()
            found = await original(*args, **kwargs)
            self.step()
            return found

        setattr(kind, name, stepped)


async def run(data: Path, port: int, name: str, fatal: int, payload: bytes) -> int:
    settings = settings_of_running(data, port)
    clock = SystemClock()
    ids = SystemIds(clock)
    database = await Database.open(settings.database, "reelm_worker")
    secret = settings.caller_secrets["worker"]
    keys = KeysClient(settings.keys_address, clock, caller="worker", secret=secret)
    realm = RealmService.load(settings)
    accounts = AccountsService(keys, realm, database, EventBus(), clock, ids, NetworkService(realm))
    blobs = LocalBlobStore(settings.blobs)
    store = MediaStore(blobs, settings.scratch)
    tasks = RightsTasks(
        settings,
        database,
        keys,
        MediaWorkshop(store, settings),
        accounts,
        LedgerService(database, blobs, clock, ids),
        realm,
        ClipBringer(accounts, store, clock),
        TieKeeper(),
        clock,
        ids,
        lambda: False,
        EventBus(),
    )
    # Progress is told by the clock, so it must not count: the same step is to be the same moment each time.
    from reelm.rights.repository import RightsWriter

    steps = Steps(fatal)
    for told in _TOLD:
        setattr(RightsWriter, told, _always)
    steps.around(UnitOfWork, "finish")
    steps.around(KeysClient, "_ask")
    for act in ("put_file", "put", "delete"):
        steps.around(LocalBlobStore, act)
    try:
        await tasks.handlers[name][0](payload, 0)
    finally:
        await keys.close()
        await database.close()
    return steps.count


async def _always(*_: Any) -> bool:
    return True


if __name__ == "__main__":
    folder, number, job, at = sys.argv[1:5]
    steps = asyncio.run(run(Path(folder), int(number), job, int(at), sys.stdin.buffer.read()))
    sys.stdout.write(f"{steps}\n")
