"""Sequencers that die: reads one order a line, forks, and lets the fork keep the ledger until it is killed or done.

An order: {"settings": {host, port, name, password}, "folder", "step", "nth"}; with an empty step it works until nothing
is left and everything is published. Answers with the exit code, negative for a signal.
"""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

from tests.factories.ledger import LocalLogKey, OwnLedger

from reelm.kit.blobs import LocalBlobStore
from reelm.kit.database import Database
from reelm.settings import DatabaseSettings


async def _keep(order: dict) -> None:
    about = order["settings"]
    settings = DatabaseSettings(
        host=about["host"],
        port=about["port"],
        name=about["name"],
        passwords={"reelm_ledger": about["password"]},
    )
    database = await Database.open(settings, "reelm_ledger", size=3)
    folder = Path(order["folder"])
    seen = 0

    async def step(name: str) -> None:
        nonlocal seen
        if name == order["step"]:
            seen += 1
            if seen == order["nth"]:
                os.kill(os.getpid(), signal.SIGKILL)

    blobs = LocalBlobStore(folder / "blobs")
    own = OwnLedger(None, folder, database, database, LocalLogKey(folder / "log.key"), blobs)  # type: ignore[arg-type]
    sequencer = own.sequencer(step=step)
    await sequencer.start()
    keeping = asyncio.ensure_future(sequencer.run())
    while not keeping.done():
        head = await own.head()
        async with database.transaction() as uow:
            left = await uow.fetch_value("SELECT count(*) FROM ledger_entries WHERE leaf_index IS NULL")
        if not left and head.public_size == head.size == len(await own.bodies()):
            return
        await asyncio.sleep(0.02)
    keeping.result()


def main() -> None:
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            asyncio.run(_keep(json.loads(line)))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
