"""What the public ledger costs: entries a second until published, one entry beside a bare insert, and waiting.

A realm as `reelm up` starts it, the log's key in the keys process, tiles synced to the disk. Then the same with two
witnesses who must both cosign. At last an outsider's check of a million entries (`bench/_ledger_verify.py`).
`python bench/ledger.py [--small]`; --small writes a tenth and leaves the outsider out.
"""

import asyncio
import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg

sys.path.insert(0, str(Path(__file__).parents[1]))
from bench import _load as load
from bench.api import free_port
from bench.record import machine, record

from reelm.entrypoints.handout import settings_of_running
from reelm.kit.blobs import LocalBlobStore
from reelm.kit.clock import SystemClock
from reelm.kit.database import Database
from reelm.kit.ids import SystemIds
from reelm.kit.listen import Listener
from reelm.ledger.entries import Entry, GrantUsed
from reelm.ledger.service import LedgerService
from reelm.settings import Settings

ENTRIES, IN_A_TRANSACTION, WRITERS = 100_000, 100, 4
SINGLES, ROUNDS, SINGLE_WRITERS = 600, 6, 8
WAITS = 150


def entry(number: int) -> Entry:
    """An entry of the usual size."""
    return GrantUsed(
        at="2026-11-22T08:00Z",
        charter="c" * 64,
        request=number,
        approval=number + 1,
        person=f"{number:064x}",
        data_class="identity",
        count=1,
    )


class Realm:
    """A realm in a folder of its own, started and stopped."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "data"
        self.port = free_port()

    def start(self) -> None:
        command = [sys.executable, "-m", "reelm", "up", "--data", str(self.folder), "--port", str(self.port)]
        self._process = subprocess.Popen([*command, "--quiet"], stdout=subprocess.DEVNULL)
        self._until(lambda: self._answers("/ledger/checkpoint"))

    def _answers(self, path: str) -> bool:
        try:
            return asyncio.run(load.once(self.port, load.request("GET", path)))[0] == 200
        except (OSError, asyncio.IncompleteReadError):
            return False

    def _until(self, true: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 120
        while not true():
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise RuntimeError("the realm did not start")
            time.sleep(0.2)

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(60)

    @property
    def settings(self) -> Settings:
        return settings_of_running(self.folder, self.port)


@contextlib.asynccontextmanager
async def writing(settings: Settings) -> AsyncIterator[tuple[Database, LedgerService]]:
    """The ledger as a web process has it."""
    database = await Database.open(settings.database, "reelm_web", size=10)
    listener = Listener(settings.database, "reelm_web")
    clock = SystemClock()
    ledger = LedgerService(database, LocalBlobStore(settings.blobs), clock, SystemIds(clock), listener)
    await listener.start()
    await listener.connected.wait()
    try:
        yield database, ledger
    finally:
        await listener.stop()
        await database.close()


async def _published(settings: Settings) -> int:
    checkpoint = settings.blobs / "ledger" / "checkpoint"
    text = await asyncio.to_thread(checkpoint.read_text)
    return int(text.split("\n")[1])


async def measure_many(settings: Settings, entries: int) -> float:
    """Entries a second, from the first transaction to the published file that covers the last."""
    async with writing(settings) as (database, ledger):
        before = await _published(settings)
        batches = iter(range(0, entries, IN_A_TRANSACTION))

        async def write() -> None:
            for first in batches:
                async with database.transaction() as uow:
                    added = [entry(number) for number in range(first, first + IN_A_TRANSACTION)]
                    await ledger.append_many(uow, added)

        began = time.perf_counter()
        await asyncio.gather(*(write() for _ in range(WRITERS)))
        written = time.perf_counter() - began
        while await _published(settings) < before + entries:  # noqa: ASYNC110 - what a reader would see
            await asyncio.sleep(0.01)
        seconds = time.perf_counter() - began
    print(f"{entries:,} entries: written in {written:.1f} s, published after {seconds:.1f} s")
    return entries / seconds


async def measure_single(settings: Settings, singles: int) -> tuple[float, float]:
    """Single appends and bare inserts a second, each as the median of rounds that take turns."""
    admin = await asyncpg.connect(**settings.database.connection("reelm_admin"))
    await admin.execute("CREATE TABLE IF NOT EXISTS bench_rows (id uuid PRIMARY KEY, body bytea NOT NULL)")
    await admin.execute("GRANT INSERT ON bench_rows TO reelm_web")
    body = entry(1).to_bytes()
    async with writing(settings) as (database, ledger):

        async def bare(_: int) -> None:
            async with database.transaction() as uow:
                await uow.execute("INSERT INTO bench_rows (id, body) VALUES ($1, $2)", uuid.uuid4(), body)

        async def append(number: int) -> None:
            async with database.transaction() as uow:
                await ledger.append(uow, entry(number))

        rates: dict[Any, list[float]] = {bare: [], append: []}
        for _ in range(ROUNDS):
            for act, found in rates.items():
                found.append(await _rate(act, singles))
    await admin.execute("DROP TABLE bench_rows")
    await admin.close()
    return statistics.median(rates[append]), statistics.median(rates[bare])


async def _rate(act: Callable[[int], Awaitable[None]], count: int) -> float:
    numbers = iter(range(count))

    async def some() -> None:
        for number in numbers:
            await act(number)

    began = time.perf_counter()
    await asyncio.gather(*(some() for _ in range(SINGLE_WRITERS)))
    return count / (time.perf_counter() - began)


async def measure_waiting(settings: Settings, waits: int) -> tuple[float, float]:
    """Milliseconds from one entry's commit to its proof under the release quorum: median and 99th percentile."""
    async with writing(settings) as (database, ledger):
        found = []
        for number in range(waits):
            async with database.transaction() as uow:
                ref = await ledger.append(uow, entry(number))
            began = time.perf_counter()
            await ledger.included(ref)
            found.append((time.perf_counter() - began) * 1000)
    return statistics.median(found), statistics.quantiles(found, n=100)[98]


@contextlib.contextmanager
def two_witnesses(folder: Path, log: str) -> Any:
    """Two processes of `reelm-audit witness serve`; yields the policy that asks for both."""
    processes, lines = [], []
    try:
        for number in (1, 2):
            own = folder / f"witness{number}"
            own.mkdir()
            command = [
                sys.executable,
                "-m",
                "reelm_audit.cli",
                "witness",
                "serve",
                "--name",
                f"w{number}.bench",
            ]
            command += ["--key", str(own / "key"), "--state", str(own / "state"), "--log", log]
            process = subprocess.Popen(
                [*command, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True
            )
            processes.append(process)
            assert process.stdout
            vkey, url = process.stdout.readline().strip(), process.stdout.readline().split()[-1]
            lines.append(f"witness w{number} {vkey} {url}")
        yield "\n".join([*lines, "group both all w1 w2", "quorum both", ""])
    finally:
        for process in processes:
            process.terminate()
            process.wait(10)


def main() -> None:
    small = "--small" in sys.argv
    share = 10 if small else 1
    os.environ["REELM_WEB_PROCESSES"] = "1"
    with tempfile.TemporaryDirectory(prefix="reelm-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        realm = Realm(folder)
        realm.start()
        try:
            asyncio.run(measure_many(realm.settings, 2_000))  # everything warm
            many = asyncio.run(measure_many(realm.settings, ENTRIES // share))
            append, bare = asyncio.run(measure_single(realm.settings, SINGLES // (2 if small else 1)))
            alone, alone_99 = asyncio.run(measure_waiting(realm.settings, WAITS // share))
            state = asyncio.run(load.once(realm.port, load.request("GET", "/api/v1/ledger")))[1]
        finally:
            realm.stop()
        with two_witnesses(folder, json.loads(state)["vkey"]) as policy:
            _adopt(realm.folder / "realm.json", policy)
            realm.start()
            try:
                both, both_99 = asyncio.run(measure_waiting(realm.settings, WAITS // share))
            finally:
                realm.stop()
    print(
        f"{many:,.0f} entries/s, {IN_A_TRANSACTION} a transaction, into a published checkpoint (target 5,000)"
    )
    print(f"single appends {append:,.0f}/s, bare inserts {bare:,.0f}/s: {append / bare:.0%} (target 50 %)")
    print(f"an entry's way to its proof: {alone:.0f} ms, p99 {alone_99:.0f} ms; no witness")
    print(f"with two witnesses who must both cosign: {both:.0f} ms, p99 {both_99:.0f} ms")
    print(machine())
    if small:
        return
    record(
        "ledger",
        appends_per_s=round(many),
        single_appends_per_s=round(append),
        bare_inserts_per_s=round(bare),
        single_of_bare=round(append / bare, 2),
        included_ms=round(alone, 1),
        included_p99_ms=round(alone_99, 1),
        witnessed_ms=round(both, 1),
        witnessed_p99_ms=round(both_99, 1),
    )
    from bench import _ledger_verify

    found = _ledger_verify.measure()
    print(f"verify {found['entries']:,.0f} entries: {found['seconds']:.1f} s, {found['peak_mib']:.0f} MiB")
    record(
        "ledger",
        verify_1m_s=round(found["seconds"], 1),
        verify_1m_cpu_s=round(found["cpu_seconds"], 1),
        verify_1m_mib=round(found["peak_mib"]),
    )


def _adopt(document: Path, policy: str) -> None:
    """Put the policy into the charter, as an operator does; the realm signs it at its next start."""
    charter = json.loads(document.read_text())
    charter["witness_policies"] = {"release": policy, "public": policy}
    charter["version"] += 1
    document.write_text(json.dumps(charter))


if __name__ == "__main__":
    main()
