"""The child's side of a job: one act, then the end."""

import fcntl
import os
from pathlib import Path

from reelm.feed.catalog import Catalog
from reelm.feed.learning.job import Done, Job
from reelm.feed.learning.learner import write_report
from reelm.feed.learning.training import passes
from reelm.feed.learning.training.passes import Folders
from reelm.kit.clock import SystemClock
from reelm.kit.database import Database
from reelm.settings import Role

ROLE: Role = "reelm_indexer"


async def do(job: Job) -> Done:
    """Do what is asked. One at a time for a realm: another child's work is waited for."""
    feed = Path(job.feed)
    folders = Folders.of(feed)
    folders.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = os.open(folders.state / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        database = await Database.open(job.database, ROLE, size=1)
        try:
            catalog = Catalog(feed / "catalog")
            done = await _act(job, database, catalog, folders)
            write_report(feed, done, catalog.generation, int(SystemClock().now().timestamp()))
            return done
        finally:
            await database.close()
    finally:
        os.close(lock)


async def _act(job: Job, database: Database, catalog: Catalog, folders: Folders) -> Done:
    catalog.begin()
    if job.act == "train":
        from reelm.feed.learning.training import ranker

        return await ranker.run(database, catalog, Path(job.feed))
    passed = await passes.run(database, catalog, folders, whole=job.act == "whole")
    return Done(
        act=job.act,
        changed=passed.changed,
        whole=passed.whole,
        digest=passed.digest,
        until=passed.until,
        clips=passed.clips,
        people=passed.people,
        likes=passed.likes,
        pairs=passed.pairs,
        waiting=passed.waiting,
    )
