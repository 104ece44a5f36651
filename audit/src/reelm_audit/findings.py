"""What a check has found: a rule that was broken, or something an auditor wants to know.

Every finding carries a stable code of `rules.catalogue`, where its title, severity and meaning in plain words are.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

FINE, FOUND, COULD_NOT_CHECK = 0, 1, 2  # exit codes


class Severity(StrEnum):
    """How grave a finding is, the gravest first.

    UNCHECKED says that something could not be looked at; it accuses nobody. A NOTE is worth knowing, and no breach.
    """

    VIOLATION = "violation"
    WARNING = "warning"
    UNCHECKED = "unchecked"
    NOTE = "notice"


SEVERITIES = tuple(Severity)


@dataclass(frozen=True)
class Finding:
    """One thing found. `index` is the entry it is about, if any; `evidence` is what anyone can look up."""

    code: str
    severity: Severity
    title: str
    detail: str
    index: int | None = None
    evidence: Mapping[str, str | int] = field(default_factory=dict, hash=False)

    def as_json(self) -> dict[str, Any]:
        """Return the finding as it is printed with `--json` and sent to a webhook."""
        return {
            "code": self.code,
            "severity": self.severity.value,
            "title": self.title,
            "detail": self.detail,
            "index": self.index,
            "evidence": dict(self.evidence),
        }


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings as people read them: the gravest first, then as they stand in the ledger. Always the same."""
    return sorted(
        findings,
        key=lambda f: (SEVERITIES.index(f.severity), -1 if f.index is None else f.index, f.code, f.detail),
    )


def worst(findings: Iterable[Finding]) -> Severity | None:
    """Return the gravest severity among findings, or None if there are none."""
    return min((f.severity for f in findings), key=SEVERITIES.index, default=None)


def exit_code(findings: Iterable[Finding]) -> int:
    """Return a command's exit code: 1 if anything is wrong, 2 if nothing is but something could not be checked."""
    return {Severity.VIOLATION: FOUND, Severity.WARNING: FOUND, Severity.UNCHECKED: COULD_NOT_CHECK}.get(
        worst(findings) or Severity.NOTE, FINE
    )
