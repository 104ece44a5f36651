"""Files that were fetched and that nobody took: the process that wanted them was killed. They go after a day."""

import asyncio
import contextlib
from pathlib import Path

from reelm.kit.clock import Clock

KEPT_SECONDS = 24 * 3600.0
_LOOK_SECONDS = 3600.0


class Tidying:
    """Looks through the folder of fetched files, now and every hour."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder / "fetched"
        self._clock = clock

    async def run(self) -> None:
        while True:
            await asyncio.to_thread(self.tidy)
            await asyncio.sleep(_LOOK_SECONDS)

    def tidy(self) -> int:
        """Remove what is older than a day; return how many."""
        gone = 0
        before = self._clock.now().timestamp() - KEPT_SECONDS
        for path in self._folder.iterdir() if self._folder.exists() else ():
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < before:
                    path.unlink()
                    gone += 1
        return gone
