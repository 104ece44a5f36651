"""From the command to the first page: a first start, warm starts, and the idle memory of every process.

Memory is the proportional set size (PSS): each shared page counts once over all the processes that map it.
"""

import contextlib
import http.client
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.record import machine, record

WARM_STARTS = 5
IDLE_SECONDS = 15.0
START_SECONDS = 90.0
TARGETS = {"cold_s": 20.0, "warm_s": 4.0, "idle_pss_mib": 350.0}


def main() -> int:
    folder = Path(tempfile.mkdtemp(prefix="reelm-bench-"))
    folder.chmod(0o755)
    try:
        cold, _ = start_and_stop(folder / "data", idle_seconds=0.0)
        warm = [start_and_stop(folder / "data", idle_seconds=0.0)[0] for _ in range(WARM_STARTS)]
        _, memory = start_and_stop(folder / "data", idle_seconds=IDLE_SECONDS)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    metrics = {
        "cold_s": round(cold, 2),
        "warm_s": round(statistics.median(warm), 2),
        "idle_pss_mib": round(sum(memory.values()) / 1024, 1),
    }
    show(metrics, memory, warm)
    record("start", **metrics)
    return 0


def start_and_stop(data: Path, *, idle_seconds: float) -> tuple[float, dict[str, int]]:
    """Seconds from the command to the first page, and the PSS in KiB of each process after a quiet time."""
    port = free_port()
    command = [sys.executable, "-m", "reelm", "up", "--data", str(data), "--port", str(port), "--quiet"]
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        while not page_loads(port):
            if process.poll() is not None or time.monotonic() - began > START_SECONDS:
                raise RuntimeError("the realm did not start")
            time.sleep(0.01)
        took = time.monotonic() - began
        if idle_seconds:
            time.sleep(idle_seconds)
        return took, memory_of_family(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def page_loads(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/")
        answer = connection.getresponse()
        return answer.status == 200 and bool(answer.read())
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def memory_of_family(ancestor: int) -> dict[str, int]:
    """PSS in KiB by process title and pid, for `ancestor` and everything below it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
    family, todo = {}, [ancestor]
    while todo:
        pid = todo.pop()
        todo.extend(children.get(pid, []))
        title = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        pss = next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
        family[f"{shortened(title)} ({pid})"] = pss
    return family


def shortened(title: str) -> str:
    if "bin/postgres -D" in title:
        return "postgres: postmaster"
    return "reelm: supervisor" if " up --data " in title else title


def show(metrics: dict[str, float], memory: dict[str, int], warm: list[float]) -> None:
    console = Console()
    table = Table("measure", "figure", "target", title=f"start — {machine()}")
    for name, value in metrics.items():
        mark = "✓" if value <= TARGETS[name] else "✗"
        table.add_row(name, f"{value:g} {mark}", f"≤ {TARGETS[name]:g}")
    console.print(table)
    console.print(f"warm starts: {', '.join(f'{each:.2f} s' for each in warm)}")
    processes = Table("process", "PSS MiB", title="idle memory")
    for name, kib in sorted(memory.items(), key=lambda item: -item[1]):
        processes.add_row(name, f"{kib / 1024:.1f}")
    console.print(processes)
    if os.geteuid() != 0:
        console.print("Run by an ordinary user: the key process hides its memory from its own user, too.")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    sys.exit(main())
