"""Learns, or changes the model in force, and kills itself with SIGKILL at the N-th step: each N in a fork of its own.

    python -m tests.faults.learning_child DATA PORT ACT FEED:N…      (FEED: where learning keeps its things)

A step is any moment before or after a transaction ends, a file is made durable, or gets its name. N = 0 never kills.
Says for each N how many steps there were, as JSON, or null where it was killed.
"""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from reelm.entrypoints.handout import settings_of_running
from reelm.feed.catalog import Catalog
from reelm.feed.learning.releases import SEED_DIGEST, Releases, keep
from reelm.feed.learning.training import passes
from reelm.feed.learning.training.passes import Folders
from reelm.feed.pipeline.model import SEED_BYTES
from reelm.kit.blobs import LocalBlobStore
from reelm.kit.clock import SystemClock
from reelm.kit.database import Database, UnitOfWork
from reelm.kit.ids import SystemIds
from reelm.ledger.service import LedgerService
from reelm.settings import Settings

ANOTHER = SEED_BYTES.replace(b'"name":"seed', b'"name":"another')
CARD = b'{"format":"reelm-model-card/1"}'
KILLED = 9


class Steps:
    """Counts, and ends everything at the one that was asked for."""

    def __init__(self, fatal: int) -> None:
        self.fatal = fatal
        self.count = 0

    def step(self) -> None:
        self.count += 1
        if self.count == self.fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, owner: Any, name: str) -> None:
        original = getattr(owner, name)

        def stepped(*args: Any, **kwargs: Any) -> Any:
            self.step()
            found = original(*args, **kwargs)
            self.step()
            return found

        setattr(owner, name, stepped)

    def around_waiting(self, owner: Any, name: str) -> None:
        original = getattr(owner, name)

        async def stepped(*args: Any, **kwargs: Any) -> Any:
            self.step()
            found = await original(*args, **kwargs)
            self.step()
            return found

        setattr(owner, name, stepped)


async def learn(settings: Settings, feed: Path, act: str) -> None:
    database = await Database.open(settings.database, "reelm_indexer", size=2)
    try:
        if act in {"minutes", "whole"}:
            catalog = Catalog(settings.feed / "catalog")
            catalog.begin()
            await passes.run(database, catalog, Folders.of(feed), whole=act == "whole")
            return
        clock = SystemClock()
        ledger = LedgerService(database, LocalBlobStore(settings.blobs), clock, SystemIds(clock))
        releases = Releases(database, ledger, settings.feed / "models", "0" * 64, clock)
        another = keep(settings.feed / "models", ANOTHER, CARD)
        await releases.settle()
        await releases.ask(another if act == "release" else SEED_DIGEST, act)
        await releases.settle()
    finally:
        await database.close()


def once(settings: Settings, feed: Path, act: str, fatal: int) -> int | None:
    """Do it in a fork; return how many steps there were, or None if it was killed."""
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        steps = Steps(fatal)
        steps.around_waiting(UnitOfWork, "finish")
        steps.around(os, "fsync")
        steps.around(Path, "rename")
        code = 1
        try:
            asyncio.run(learn(settings, feed, act))
            os.write(write_end, str(steps.count).encode())
            code = 0
        finally:
            os._exit(code)
    os.close(write_end)
    said = os.read(read_end, 100)
    os.close(read_end)
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if code == -KILLED:
        return None
    if code != 0:
        raise SystemExit(f"step {fatal}: ended with {code}")
    return int(said)


if __name__ == "__main__":
    data, port, act, *tries = sys.argv[1:]
    found = settings_of_running(Path(data), int(port))
    answers = [
        once(found, Path(feed), act, int(number))
        for feed, _, number in (each.rpartition(":") for each in tries)
    ]
    sys.stdout.write(f"{json.dumps(answers)}\n")
