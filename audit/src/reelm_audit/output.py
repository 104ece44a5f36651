"""What the commands print, for people or, as JSON, for machines."""

import argparse
import json
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TextIO

from reelm_audit.findings import COULD_NOT_CHECK, Finding, Severity, in_order

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - it has no public name
else:
    Subparsers = Any

_WORDS = {
    Severity.VIOLATION: "VIOLATION",
    Severity.WARNING: "WARNING",
    Severity.UNCHECKED: "Not checked",
    Severity.NOTE: "Note",
}


class CouldNotCheckError(Exception):
    """Nothing was found because it could not be looked for: no network, no file, no answer."""


def say(line: str = "", *, to: TextIO | None = None) -> None:
    """Print one line now, so that whoever waits for it sees it."""
    stream = to or sys.stdout
    stream.write(line + "\n")
    stream.flush()


def complain(reason: object) -> int:
    """Say why it could not be checked; return the exit code for that."""
    say(f"reelm-audit: {reason}", to=sys.stderr)
    return COULD_NOT_CHECK


def say_findings(findings: Iterable[Finding]) -> None:
    """Print findings for people, the gravest first."""
    for finding in in_order(findings):
        where = "" if finding.index is None else f", entry {finding.index}"
        say(f"{_WORDS[finding.severity]}: {finding.title} ({finding.code}{where})")
        if finding.detail:
            say(f"    {finding.detail}")


def say_json(value: Mapping[str, Any]) -> None:
    """Print one JSON document on one line, names in order, so that the same result is the same bytes."""
    say(as_line(value))


def as_line(value: Mapping[str, Any]) -> str:
    """Return a JSON document on one line, names in order."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
