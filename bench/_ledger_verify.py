"""How long an outsider needs to verify a ledger of a million entries and hold it to all rules, and with what memory.

The ledger is written by `tests.factories.ledgers`: the life of a realm, with all kinds of entries, about one in five
signed by staff. It is checked by `reelm-audit verify`, offline, in a process of its own. `bench/ledger.py` calls
`measure`; alone: `python bench/_ledger_verify.py [ENTRIES]`.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
ENTRIES = 1_000_000
SEED = 11
_WRITE = """
import sys
from pathlib import Path
from tests.factories.ledgers import Script
Script(seed=int(sys.argv[3])).life(int(sys.argv[2]), milestones=True).quiet().write(Path(sys.argv[1]))
"""


def measure(entries: int = ENTRIES) -> dict[str, float]:
    """Return seconds (on the clock, and of all processors), peak MiB and entries of a check of a ledger on disk."""
    with tempfile.TemporaryDirectory(prefix="reelm-bench-") as folder:
        # Written elsewhere: the system counts the memory of whoever starts a program as that program's, too.
        write = [sys.executable, "-c", _WRITE, folder, str(entries), str(SEED)]
        subprocess.run(write, check=True, cwd=ROOT)
        return _check(Path(folder))


def _check(folder: Path) -> dict[str, float]:
    """Run the tool as a person does; its memory is what the system says of the child."""
    started = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, "-m", "reelm_audit.cli", "verify", str(folder), "--json"], stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    answer = json.loads(child.stdout.read())
    _, status, used = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - started
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode or answer["findings"]:
        raise SystemExit(f"The check went wrong: {answer}")
    return {
        "seconds": seconds,
        "cpu_seconds": used.ru_utime + used.ru_stime,
        "peak_mib": used.ru_maxrss / 1024,
        "entries": answer["size"],
    }


def main() -> None:
    found = measure(int(sys.argv[1]) if len(sys.argv) > 1 else ENTRIES)
    seconds, peak_mib, cpu_seconds = found["seconds"], found["peak_mib"], found["cpu_seconds"]
    print(f"{found['entries']:,} entries in {seconds:.1f} s, {peak_mib:.0f} MiB at most;")
    print(f"all processors together worked {cpu_seconds:.1f} s")


if __name__ == "__main__":
    main()
