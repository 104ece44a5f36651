"""What stays in memory stays small: no process that lives long loads what only training needs."""

import subprocess
import sys

import pytest

HEAVY = ("scipy", "lightgbm", "pyarrow", "pandas", "sklearn")


@pytest.mark.parametrize("process", ["web", "keys", "worker", "sequencer", "indexer", "supervisor"])
def test_no_resident_process_imports_what_training_needs(process: str) -> None:
    asked = f"import sys, reelm.entrypoints.{process}\nprint([n for n in {HEAVY!r} if n in sys.modules])"
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_without_the_system_library_training_says_so_and_the_rest_goes_on(monkeypatch, tmp_path) -> None:
    import asyncio

    from reelm.entrypoints import doctor
    from reelm.feed.learning import library
    from reelm.feed.learning.training import ranker

    monkeypatch.setattr(library.ctypes.util, "find_library", lambda name: None)
    done = asyncio.run(ranker.run(None, None, tmp_path))
    assert "libgomp1" in done.problem
    (finding,) = doctor._learning()
    assert finding.verdict == "note"
    assert "libgomp1" in finding.advice
