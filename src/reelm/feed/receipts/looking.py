"""How receipts stand, for whoever runs the realm: what waits, whether batches' files are whole, what is declared."""

import asyncio
import datetime as dt
from pathlib import Path

import msgspec

from reelm.feed.adjustments.book import AdjustmentsBook, UndeclaredError
from reelm.feed.receipts.batchfiles import batch_path, read_batch
from reelm.feed.receipts.repository import BatchesReader
from reelm.feed.receipts.segments import OPEN
from reelm.kit.clock import Clock
from reelm.kit.database import Database
from reelm.ledger.service import LedgerService

LATE_SECONDS = 30


class ReceiptsState(msgspec.Struct, frozen=True):
    """What was found. `problems` are sentences; none means that all is well."""

    last_batch: int | None
    last_batch_at: dt.datetime | None
    waiting: int
    oldest_waiting_at: dt.datetime | None
    open_files: int
    batches_checked: int
    adjustments: int
    problems: list[str]


async def look(
    database: Database, ledger: LedgerService, folder: Path, clock: Clock, seconds: int, days: int = 1
) -> ReceiptsState:
    """Look at the receipts of a realm; `database` is of the role `reelm_indexer`."""
    now = clock.now()
    async with database.transaction() as uow:
        reader = BatchesReader(uow)
        last = await reader.newest()
        waiting, oldest = await reader.waiting()
        roots = await reader.roots_since(now - dt.timedelta(days=days))
        placed = await reader.placed([number for number, _ in roots])
    problems: list[str] = []
    if last is None or (now - last[1]).total_seconds() > seconds + LATE_SECONDS:
        problems.append("No batch was made in time: is the indexer running?")
    if oldest is not None and (now - oldest).total_seconds() > 2 * seconds:
        problems.append(f"{waiting} pages wait for the ledger, the oldest since {oldest.isoformat()}.")
    with_pages = [(number, root) for number, root in roots if placed.get(number)]
    problems += await asyncio.to_thread(_damaged, folder / "batches", with_pages)
    book = AdjustmentsBook(database, ledger)
    try:
        await book.load()
    except UndeclaredError as error:
        problems.append(f"What is declared of clips is not what the ledger has: {error}.")
    return ReceiptsState(
        last_batch=last[0] if last else None,
        last_batch_at=last[1] if last else None,
        waiting=waiting,
        oldest_waiting_at=oldest,
        open_files=await asyncio.to_thread(_open_files, folder),
        batches_checked=len(with_pages),
        adjustments=len(book.entries),
        problems=problems,
    )


def _open_files(folder: Path) -> int:
    return sum(1 for _ in folder.glob(f"segments/*/*{OPEN}"))


def _damaged(root: Path, batches: list[tuple[int, bytes]]) -> list[str]:
    found = []
    for number, expected in batches:
        try:
            whole = read_batch(root, number).levels()[-1][0] == expected
        except (OSError, ValueError):
            whole = False
        if not whole:
            found.append(f"{batch_path(root, number).name} is missing or damaged: its pages can't be proved.")
    return found
