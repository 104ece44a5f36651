"""Counts of what the ledger says about the border and the sites."""

from collections import Counter
from dataclasses import dataclass, field

from reelm_audit.rules.form import Entry

KINDS = ("border.crossed", "border.received", "border.refused", "border.counted", "site.stated")


@dataclass
class Traffic:
    """Counts of what the entries about the border and the sites say."""

    sent: Counter[str] = field(default_factory=Counter)
    sent_bytes: int = 0
    received: Counter[str] = field(default_factory=Counter)
    classes: Counter[str] = field(default_factory=Counter)
    acts: Counter[str] = field(default_factory=Counter)
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)
    statements: dict[str, tuple[int, Entry]] = field(default_factory=dict)

    def see(self, entry: Entry, minute: int) -> None:
        """Count one entry of `KINDS`."""
        kind = entry["kind"]
        if kind == "border.crossed":
            for line in entry["lines"]:
                self.sent[entry["peer"]] += line["count"]
                self.sent_bytes += line["bytes"]
                self.acts[f"{line['act']} {line['object_type']}"] += line["count"]
                for each in line["classes"]:
                    self.classes[each] += line["count"]
        elif kind == "border.received":
            self.received[entry["peer"]] += entry["count"]
        elif kind == "border.refused":
            named = ", ".join(entry["fields"][:6]) or ", ".join(entry["classes"]) or entry["object_type"]
            self.refused[named, entry["reason"]] += entry["count"]
        elif kind == "site.stated":
            self.statements[entry["site"]] = (minute, entry)
