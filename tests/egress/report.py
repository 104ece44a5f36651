"""What a run found, for people and for programs."""

import dataclasses
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.egress.books import Account, everything
from tests.egress.leaks import Secrets, Tried
from tests.egress.streams import Seen


@dataclass
class Report:
    """One run. It passed if `wrong` is empty."""

    did: list[str] = field(default_factory=list)
    account: Account = field(default_factory=Account)
    tried: list[Tried] = field(default_factory=list)
    entries: dict[str, int] = field(default_factory=dict)
    frames: int = 0
    housekeeping: dict[str, int] = field(default_factory=dict)
    searched_bytes: int = 0
    wrong: list[str] = field(default_factory=list)

    def say(self, words: str) -> None:
        self.did.append(words)
        print(f"· {words}", flush=True)  # noqa: T201

    def look(self, seen: Seen, known: Secrets, opened: list[Path]) -> None:
        """Look for every mark in all that was captured, and in what foreign hosts found in what was encrypted."""
        self.frames, self.housekeeping = seen.frames, dict(seen.housekeeping)
        places = [*everything(seen), *(path.read_bytes() for path in opened)]
        self.searched_bytes = sum(map(len, places))
        for name, forms in known.marks().items():
            if any(form.lower() in place.lower() for form in forms for place in places):
                self.wrong.append(f"somebody's {name} left the realm")

    def must_find(self, seen: Seen, opened: list[Path], *words: str) -> None:
        """The search is worth something only if it finds what did cross."""
        places = [*everything(seen), *(path.read_bytes() for path in opened)]
        for each in words:
            if not any(each.encode() in place for place in places):
                self.wrong.append(f"“{each}” crossed, and the search does not find it")

    def judge(self) -> None:
        """Put everything together."""
        self.wrong += self.account.wrong
        self.wrong += [f"nothing stopped {each.way}" for each in self.tried if not each.stopped]
        if not self.account.lines:
            self.wrong.append("the border opened no connection: nothing was compared")
        for each in self.tried:
            if each.stopped and each.told is not None and not self.entries.get(": ".join(each.told)):
                self.wrong.append(f"{each.way} was stopped, and the ledger doesn't tell of it")

    def as_json(self) -> dict[str, Any]:
        return {**dataclasses.asdict(self), "passed": not self.wrong}

    def text(self) -> str:
        kinds: dict[str, list[int]] = {}
        for line in self.account.lines:
            sums = kinds.setdefault(line.kind, [0, 0, 0, 0, 0])
            counted = (1, line.told_sent, line.seen_sent, line.told_received, line.seen_received)
            kinds[line.kind] = [a + b for a, b in zip(sums, counted, strict=True)]
        rows = [f"{'kind':10}{'connections':>12}{'out: told':>14}{'seen':>12}{'in: told':>14}{'seen':>12}"]
        for kind, (number, *sizes) in sorted(kinds.items()):
            rows.append(f"{kind:10}{number:>12,}{sizes[0]:>14,}{sizes[1]:>12,}{sizes[2]:>14,}{sizes[3]:>12,}")
        beside = (
            ", ".join(f"{count} {name}" for name, count in sorted(self.housekeeping.items())) or "nothing"
        )
        rows.append(f"{self.frames:,} frames in all; besides TCP: {beside}.")
        rows.append("")
        width = max((len(each.way) for each in self.tried), default=0)
        rows += [
            f"{each.way:{width}}  {each.stopped or 'NOT STOPPED'}{self._told(each)}" for each in self.tried
        ]
        rows += ["", *(f"✗ {each}" for each in self.wrong)]
        rows.append(
            "✓ Nothing left but what the border tells of." if not self.wrong else "✗ This realm leaks."
        )
        return "\n".join(rows)

    def _told(self, tried: Tried) -> str:
        if tried.told is None:
            return "; it never reached the border"
        return f"; in the ledger {self.entries.get(': '.join(tried.told), 0)} times"


def refusals(entries: list[Mapping[str, Any]]) -> Counter[str]:
    """Sum up `border.refused` by channel and reason."""
    found: Counter[str] = Counter()
    for each in entries:
        found[f"{each['channel']}: {each['reason']}"] += int(each["count"])
    return found
