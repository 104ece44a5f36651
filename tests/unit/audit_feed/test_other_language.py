"""Receipts of a simulated day, computed again in two languages: the same bytes, the same scores, the same sums."""

import base64
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.factories.feedagain import replayed
from tests.factories.feedday import Day, as_json

WEB = Path(__file__).parents[3] / "web"
_SECONDS = 400


def _in_the_browsers_language(file: Path) -> list[dict[str, Any]]:
    """What the client's verifier made of a day."""
    npx = shutil.which("npx")
    if npx is None or not (WEB / "node_modules").is_dir():
        pytest.skip("the client's packages are not installed here")
    subprocess.run(
        [npx, "vitest", "run", "tests/verify/feed-day.test.ts"],
        cwd=WEB,
        env={**os.environ, "REELM_FEED_DAY": str(file)},
        check=True,
        timeout=_SECONDS,
        stdout=subprocess.DEVNULL,
    )
    found: list[dict[str, Any]] = json.loads(Path(f"{file}.out").read_text())
    return found


@pytest.mark.timeout(900)
@pytest.mark.parametrize("count", [50, pytest.param(1_000, marks=pytest.mark.full)])
def test_a_day_comes_out_the_same_in_the_browsers_language(count: int, tmp_path: Path) -> None:
    with Day(tmp_path) as day:
        day.serve(count)
        file = tmp_path / "day.json"
        file.write_bytes(as_json(day))
    there = _in_the_browsers_language(file)
    assert len(there) == len(day.pages) == count
    for page, here, other in zip(day.pages, replayed(day), there, strict=True):
        # The scores, and what each feature gave and rounding took of them, too.
        assert other == here
        assert base64.b64decode(other["receipt"]) == page.receipt
