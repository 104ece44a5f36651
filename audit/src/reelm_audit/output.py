"""What the commands print: for people, or JSON for machines."""

import argparse
import json
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TextIO

from reelm_audit.findings import Finding, Severity

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse has no public name for it
else:
    Subparsers = Any


def say(line: str = "", *, to: TextIO | None = None) -> None:
    """Print one line now, so that whoever waits for it sees it."""
    stream = to or sys.stdout
    stream.write(line + "\n")
    stream.flush()


_WORDS = {
    Severity.NOTE: "note",
    Severity.WARNING: "WARNING",
    Severity.VIOLATION: "VIOLATION",
    Severity.UNCHECKED: "NOT CHECKED",
}


def say_findings(findings: list[Finding]) -> None:
    """Print findings for people, the worst first."""
    order = [Severity.VIOLATION, Severity.WARNING, Severity.UNCHECKED, Severity.NOTE]
    for finding in sorted(findings, key=lambda each: (order.index(each.severity), each.index or 0)):
        where = "" if finding.index is None else f" (entry {finding.index})"
        say(f"{_WORDS[finding.severity]}: {finding.title}{where}  [{finding.code}]")
        if finding.detail:
            say(f"    {finding.detail}")


def say_json(value: Mapping[str, Any]) -> None:
    """Print one JSON document on one line, names in order, so that the same result is the same bytes."""
    say(json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")))
