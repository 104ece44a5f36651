"""The learner: a part of the indexer that looks every now and then whether there is something to learn.

It does nothing heavy itself. Children do (`job.py`): a pass over what changed every few minutes; over everything
every night, then the training of a ranker, which comes into force only if it is not worse and the ledger says so.
"""

import asyncio
import contextlib
import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import msgspec
import structlog

from reelm.feed.catalog import Catalog
from reelm.feed.learning.job import Act, ChildError, Done, ask
from reelm.feed.learning.releases import Releases
from reelm.feed.learning.repository import EventsReader
from reelm.kit.clock import Clock
from reelm.kit.database import Database
from reelm.kit.errors import OverloadedError
from reelm.ledger.service import LedgerLateError, LedgerService
from reelm.settings import Settings

_log = structlog.get_logger("reelm.learning")
REPORT = "report.json"
_LOOK_SECONDS = 10.0
_NIGHTLY = dt.timedelta(hours=24)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class Report(msgspec.Struct, frozen=True):
    """What was learned last, for operators and for the next start. Times in Unix seconds; 0 is never."""

    until: int = 0
    clips: int = 0
    generation: str = ""
    waiting: int = 0
    minutes_at: int = 0
    whole_at: int = 0
    trained_at: int = 0
    last: dict[str, Done] = {}


class Learner:
    """Decides when to learn what. `command` starts a child."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        ledger: LedgerService,
        charter: str,
        clock: Clock,
        command: Sequence[str],
    ) -> None:
        self._settings = settings
        self._database = database
        self._clock = clock
        self._command = command
        self._catalog = Catalog(settings.feed / "catalog")
        self._folder = settings.feed / "learning"
        self.releases = Releases(database, ledger, settings.feed / "models", charter, clock)
        self.report = read_report(settings.feed)

    async def run(self) -> None:
        """Look, learn, and look again, for good."""
        await self.releases.agree()
        while True:
            await self._settle()
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                await self._look()
            except ChildError as error:
                _log.warning("learning.failed", reason=str(error))
                await asyncio.sleep(self._settings.learn_seconds)

    async def _settle(self) -> None:
        try:
            await self.releases.settle()
        except LedgerLateError:
            _log.warning("ranker.waits_for_ledger")
        except OverloadedError as error:
            _log.warning("ranker.waits", reason=type(error).__name__)

    async def _look(self) -> None:
        now = int(self._clock.now().timestamp())
        self._catalog.begin()
        if now - self.report.minutes_at < self._settings.learn_seconds or not self._catalog.size:
            return
        if now - self.report.whole_at >= _NIGHTLY.total_seconds():
            await self.learn("whole")
            await self.learn("train")
        elif await self._is_new():
            await self.learn("minutes")

    async def _is_new(self) -> bool:
        report = self.report
        if report.generation != self._catalog.generation.hex() or report.clips != self._catalog.size:
            return True
        if report.waiting:
            return True
        async with self._database.transaction() as uow:
            reader = EventsReader(uow)
            return await reader.is_waiting(
                _EPOCH + dt.timedelta(microseconds=report.until), await reader.now()
            )

    async def learn(self, act: Act) -> Done:
        """Have a child do one thing now. Raises `ChildError`."""
        done = await ask(self._command, act, self._settings.feed, self._settings.database)
        self.report = read_report(self._settings.feed)
        if act == "train" and done.digest:
            await self.releases.note(done.digest, done.verdict)
            if done.verdict == "fit" and done.digest != await self.releases.in_force():
                await self.releases.ask(done.digest, "release")
                await self._settle()
        _log.info("learning.done", **msgspec.to_builtins(done))
        return done


def read_report(feed: Path) -> Report:
    """What was learned last; nothing where there is no report."""
    with contextlib.suppress(OSError, msgspec.DecodeError):
        return msgspec.json.decode((feed / "learning" / REPORT).read_bytes(), type=Report)
    return Report()


def write_report(feed: Path, done: Done, generation: bytes, now: int) -> None:
    """Keep what a child did. Called by the child, under its lock."""
    before = read_report(feed)
    last = {**before.last, done.act: done}
    if done.act == "train":
        report = msgspec.structs.replace(before, trained_at=now, last=last)
    else:
        report = msgspec.structs.replace(
            before,
            until=done.until,
            clips=done.clips,
            generation=generation.hex(),
            waiting=done.waiting,
            minutes_at=now,
            whole_at=now if done.whole else before.whole_at,
            last=last,
        )
    draft = feed / "learning" / f".new-{REPORT}"
    draft.write_bytes(msgspec.json.encode(report))
    draft.replace(feed / "learning" / REPORT)
