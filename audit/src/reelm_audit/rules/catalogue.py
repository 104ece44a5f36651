"""Every rule by its code (`catalogue.json`): how grave a breach is, what it means, which promise it touches.

`docs/guide/findings.md` is made from the same table: `python -m reelm_audit.rules.catalogue`.
"""

import json
import sys
from dataclasses import dataclass
from importlib import resources

from reelm_audit.findings import Finding, Severity


@dataclass(frozen=True)
class Rule:
    """One rule, told so that a person who is no engineer understands what was broken and why it matters."""

    code: str
    severity: Severity
    title: str
    meaning: str
    promises: tuple[str, ...]


def _read() -> dict[str, Rule]:
    text = resources.files(__package__).joinpath("catalogue.json").read_text(encoding="utf-8")
    return {
        row["code"]: Rule(
            row["code"], Severity(row["severity"]), row["title"], row["meaning"], tuple(row["promises"])
        )
        for row in json.loads(text)
    }


RULES = _read()


def found(code: str, detail: str, index: int | None = None, **evidence: str | int) -> Finding:
    """Return a finding under the rule `code`."""
    rule = RULES[code]
    return Finding(code, rule.severity, rule.title, detail, index, evidence)


def as_markdown() -> str:
    """Return the catalogue as a part of the guide."""
    parts: list[str] = []
    subject = ""
    for rule in RULES.values():
        if rule.code.partition(".")[0] != subject:
            subject = rule.code.partition(".")[0]
            parts.append(f"### {subject}\n")
        touched = ", ".join(rule.promises)
        parts.append(
            f"**`{rule.code}`** · {rule.severity.value} · {touched}  \n{rule.title}. {rule.meaning}\n"
        )
    return "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(as_markdown())
