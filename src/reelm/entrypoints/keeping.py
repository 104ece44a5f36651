"""What the indexer and the border have in common: parts that are kept going, and a ledger that has begun."""

import asyncio
import contextlib
from typing import Protocol
from uuid import UUID

import structlog

from reelm.kit.clock import Clock
from reelm.kit.database import Database, UnitOfWork
from reelm.kit.errors import OverloadedError
from reelm.ledger.entries import CharterAdopted, Entry, ReleaseDeployed
from reelm.ledger.service import LedgerLateError, LedgerService
from reelm.settings import Role, Settings

_FIRST_WAIT_SECONDS = 0.5
_LONGEST_WAIT_SECONDS = 60.0
_STEADY_SECONDS = 60.0

_log = structlog.get_logger()


class AfterTheCharter(LedgerService):
    """A ledger into which nothing goes before the sequencer has put the charter and the release it is said under."""

    _begun = ""

    async def append(self, uow: UnitOfWork, entry: Entry) -> UUID:
        """Raises `LedgerLateError` before they are there, `LedgerBusyError` when the ledger is far behind."""
        if self._begun != entry.charter:
            adopted = await self.last(uow, CharterAdopted)
            released = await self.last(uow, ReleaseDeployed)
            if released is None or adopted is None or adopted.charter != entry.charter:
                raise LedgerLateError(retry_after_seconds=1)
            self._begun = entry.charter
        return await super().append(uow, entry)


class Part(Protocol):
    """Something to keep doing. `run` goes on until it is cancelled; what it raises is what went wrong."""

    async def run(self) -> None: ...


async def keep(part: Part, clock: Clock) -> None:
    """Run a part for good: whatever it fails of, it is started again, later each time it fails soon."""
    wait = _FIRST_WAIT_SECONDS
    while True:
        began = clock.monotonic()
        try:
            await part.run()
        except OverloadedError as error:
            _log.warning("part_waits", part=type(part).__name__, reason=type(error).__name__)
        except Exception:  # noqa: BLE001 - whatever it is, the other parts go on, and this one is tried again
            _log.exception("part_failed", part=type(part).__name__)
        else:
            return
        if clock.monotonic() - began > _STEADY_SECONDS:
            wait = _FIRST_WAIT_SECONDS
        await asyncio.sleep(wait)
        wait = min(wait * 2, _LONGEST_WAIT_SECONDS)


async def patient_database(
    settings: Settings, role: Role, stop: asyncio.Event, *, size: int = 3
) -> Database | None:
    """Connect, waiting for PostgreSQL as long as it takes; None when asked to stop meanwhile."""
    wait = _FIRST_WAIT_SECONDS
    while not stop.is_set():
        try:
            return await Database.open(settings.database, role, size=size)
        except OverloadedError:
            _log.warning("waiting_for_database")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), wait)
        wait = min(wait * 2, 5.0)
    return None
