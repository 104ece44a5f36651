"""Nothing leaves a realm but what its border tells of, byte for byte, as its links show it (docs/guide/egress.md).

These tests fail where nobody may make network namespaces; they never skip.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def run(*arguments: str, before: tuple[str, ...] = (), seconds: float = 120) -> Any:
    command = [*before, sys.executable, "-m", "tests.egress", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)


def found(path: Path) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(path.read_text())
    return report


def agree(report: dict[str, Any], kinds: set[str]) -> None:
    lines = report["account"]["lines"]
    assert {line["kind"] for line in lines} == kinds
    for line in lines:
        assert (line["told_sent"], line["told_received"]) == (line["seen_sent"], line["seen_received"]), line
        assert line["seen_sent"] > 0
    assert report["wrong"] == []
    assert all(each["stopped"] for each in report["tried"])


def test_what_the_border_counts_is_what_its_links_carry(tmp_path: Path) -> None:
    done = run("--short", "--json", str(tmp_path / "report.json"))
    assert done.returncode == 0, done.stdout + done.stderr
    report = found(tmp_path / "report.json")
    agree(report, {"fetch", "service"})
    assert len(report["tried"]) == 10


def test_it_fails_where_namespaces_are_forbidden() -> None:
    forbid = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"'
    done = run("--short", before=("unshare", "-Ur", "sh", "-c", forbid, "sh"))
    assert done.returncode == 2, done.stdout + done.stderr
    assert "nothing was tested" in done.stderr


@pytest.mark.full
def test_nothing_leaves_a_realm_on_a_whole_day(tmp_path: Path) -> None:
    done = run("--json", str(tmp_path / "report.json"), seconds=600)
    assert done.returncode == 0, done.stdout + done.stderr
    report = found(tmp_path / "report.json")
    agree(report, {"crossing", "fetch", "control", "service"})
    told = [each["told"] for each in report["tried"] if each["told"]]
    assert len(told) == 7
    assert all(report["entries"][": ".join(each)] > 0 for each in told)
    ways = " ".join(each["way"] for each in report["tried"])
    for way in ("TCP", "DNS", "webhook", "image", "leads elsewhere", "crossing"):
        assert way in ways
