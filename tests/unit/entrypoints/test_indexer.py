"""Parts of the indexer: what one fails of is its own affair, and it is tried again, later each time."""

import asyncio

from reelm.entrypoints.keeping import keep
from reelm.kit.clock import SystemClock
from reelm.kit.errors import OverloadedError


class Failing:
    """Fails a few times, then does its work."""

    def __init__(self, *failures: Exception) -> None:
        self.left = list(failures)
        self.at_work = asyncio.Event()
        self.began: list[float] = []

    async def run(self) -> None:
        self.began.append(asyncio.get_running_loop().time())
        if self.left:
            raise self.left.pop(0)
        self.at_work.set()
        await asyncio.Event().wait()


async def test_a_part_that_fails_is_started_again_and_the_others_go_on(monkeypatch):
    monkeypatch.setattr("reelm.entrypoints.keeping._FIRST_WAIT_SECONDS", 0.01)
    bad = Failing(
        ValueError("broken"), OSError("full"), OverloadedError(retry_after_seconds=1), KeyError("odd")
    )
    good = Failing()
    keeping = [asyncio.ensure_future(keep(part, SystemClock())) for part in (bad, good)]
    async with asyncio.timeout(10):
        await good.at_work.wait()
        await bad.at_work.wait()
    assert len(good.began) == 1
    waits = [after - before for before, after in zip(bad.began, bad.began[1:], strict=False)]
    assert all(wait >= least for wait, least in zip(waits, (0.01, 0.02, 0.04, 0.08), strict=True))
    assert not any(task.done() for task in keeping)
    for task in keeping:
        task.cancel()
    await asyncio.gather(*keeping, return_exceptions=True)


async def test_the_wait_has_an_end_and_begins_anew_after_steady_work(monkeypatch):
    naps: list[float] = []

    async def nap(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 11:
            raise asyncio.CancelledError

    class Clock(SystemClock):
        times = iter([n for start in range(10) for n in (start, start)] + [1000.0, 1061.0])

        def monotonic(self) -> float:
            return next(self.times)

    monkeypatch.setattr("reelm.entrypoints.indexer.asyncio.sleep", nap)
    part = Failing(*(ValueError(str(n)) for n in range(11)))
    task = asyncio.ensure_future(keep(part, Clock()))
    await asyncio.gather(task, return_exceptions=True)
    assert naps == [0.5, 1, 2, 4, 8, 16, 32, 60, 60, 60, 0.5]
