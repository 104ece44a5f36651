"""Processes that keep, index or batch receipts and are killed at a step: one order in, what they promised out.

An order: {"settings": {host, port, name, passwords}, "folder", "act": "keep" | "batch", "step", "person", "boundary"}.
Prints the leaves it promised, one a line, before it dies.
"""

import asyncio
import json
import os
import signal
import sys
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.factories.receipts import CLOCK, keep_one, local_batcher, local_keeper

from reelm.feed.receipts.indexing import ReceiptIndexer
from reelm.feed.receipts.segments import IndexRow
from reelm.kit.database import Database
from reelm.settings import DatabaseSettings


def die() -> None:
    sys.stdout.flush()
    os.kill(os.getpid(), signal.SIGKILL)


class MortalIndexer(ReceiptIndexer):
    """Dies before its rows are in the database, or when they are, and nothing says so yet."""

    step = ""

    async def _add(self, rows: list[IndexRow]) -> None:
        if self.step == "synced":
            die()
        await super()._add(rows)
        die()


async def _keep(order: dict[str, Any], database: Database) -> None:
    keeper = local_keeper(Path(order["folder"]) / "receipts")
    for seed in range(3):
        promise = await keep_one(keeper, uuid.UUID(order["person"]), seed)
        sys.stdout.write(promise["leaf"] + "\n")
    segment = next(iter(keeper.segments.values()))
    if order["step"] == "kept":
        die()
    if order["step"] == "torn":
        os.pwrite(segment._file, b"Rs\x01\x0a" + b"\xff" * 40, segment.size)
        die()
    if order["step"] in {"synced", "indexed"}:
        indexer = MortalIndexer(keeper, database, CLOCK)
        indexer.step = order["step"]
        await indexer.bring()
    if order["step"] == "settling":
        settle = keeper.settle

        def settle_one(rows: Sequence[IndexRow], now: int) -> None:
            settle(rows[:1], now)
            die()

        keeper.settle = settle_one  # type: ignore[method-assign]
        await ReceiptIndexer(keeper, database, CLOCK).bring()


async def _batch(order: dict[str, Any], database: Database) -> None:
    async def step(name: str) -> None:
        if name == order["step"]:
            die()

    await local_batcher(database, Path(order["folder"]), step=step).make(order["boundary"])


async def _main() -> None:
    order = json.loads(sys.stdin.readline())
    settings = DatabaseSettings(**order["settings"])
    act, role = (_keep, "reelm_web") if order["act"] == "keep" else (_batch, "reelm_indexer")
    database = await Database.open(settings, role, size=1)  # type: ignore[arg-type]
    await act(order, database)


if __name__ == "__main__":
    asyncio.run(_main())
