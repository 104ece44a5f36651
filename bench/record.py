"""Keeps the measured figures: docs/measures.json, `{"NAME": {"metric": value}}`, merged and sorted."""

import json
import os
import platform
from pathlib import Path

_FILE = Path(__file__).parents[1] / "docs" / "measures.json"


def record(name: str, **metrics: float) -> None:
    """Merge the metrics of one bench into the file, written whole or not at all."""
    known = json.loads(_FILE.read_text()) if _FILE.exists() else {}
    known[name] = {**known.get(name, {}), **metrics}
    draft = _FILE.with_suffix(".new")
    draft.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n")
    draft.replace(_FILE)


def machine() -> str:
    """The machine in a few words, for the table beside the figures."""
    names = {}
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        names.setdefault(name.strip(), value.strip())
    memory_kib = int(Path("/proc/meminfo").read_text().split()[1])
    cores = len(os.sched_getaffinity(0))
    return (
        f"{names.get('model name', platform.machine())}, {cores} cores, {memory_kib / 2**20:.0f} GiB,"
        f" Python {platform.python_version()}"
    )
