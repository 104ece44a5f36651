"""A border that is killed at a step of the way out: one order in.

An order: {"settings": {host, port, name, passwords}, "folder", "step"}.
"""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

from tests.factories.border import made_releasing

from reelm.kit.database import Database
from reelm.settings import DatabaseSettings, Settings


async def _main() -> None:
    order = json.loads(sys.stdin.readline())
    about = DatabaseSettings(**order["settings"])

    async def step(name: str) -> None:
        if name == order["step"]:
            os.kill(os.getpid(), signal.SIGKILL)

    database = await Database.open(about, "reelm_border", size=4)
    settings = Settings(data=Path(order["folder"]), database=about)
    await made_releasing(settings, database, step=step).run()


if __name__ == "__main__":
    asyncio.run(_main())
