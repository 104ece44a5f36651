"""Two ledgers that speak of each other: what one realm says it sent, the other says it received, in the same words.

Each claim so confirmed is *peer-matched*: two realms, run by different people perhaps, would have to agree on a lie.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from reelm_audit.findings import Finding
from reelm_audit.rules.catalogue import found
from reelm_audit.rules.minutes import DAY, parse, text_of

EARLY_MINUTES = 5  # by which two clocks may differ


@dataclass
class Side:
    """What one realm's ledger says about others: deliveries by (peer, root), and up to when it was read."""

    realm: str
    sent: dict[tuple[str, str], tuple[int, int, int, int]] = field(default_factory=dict)
    received: dict[tuple[str, str], tuple[int, int, int, int, int]] = field(default_factory=dict)
    until: int = 0

    def take(self, entries: Iterable[tuple[int, Mapping[str, Any]]]) -> "Side":
        """Read entries (index, fields); those of other kinds only move the time."""
        for index, entry in entries:
            minute = parse(str(entry["at"]))
            self.until = max(self.until, minute)
            name = (str(entry.get("peer")), str(entry.get("batch")))
            if entry["kind"] == "border.crossed":
                count = sum(line["count"] for line in entry["lines"])
                total = sum(line["bytes"] for line in entry["lines"])
                self.sent[name] = (index, minute, count, total)
            elif entry["kind"] == "border.received":
                self.received[name] = (index, minute, entry["count"], entry["bytes"], entry["entry"])
        return self


@dataclass(frozen=True)
class Match:
    """How many deliveries from one realm to another both ledgers tell alike."""

    sender: str
    receiver: str
    deliveries: int
    objects: int


def matched(sides: Iterable[Side]) -> tuple[list[Match], list[Finding]]:
    """Hold every pair of ledgers against each other."""
    known = {side.realm: side for side in sides}
    matches: list[Match] = []
    findings: list[Finding] = []
    for sender in known.values():
        for receiver in known.values():
            if sender is receiver:
                continue
            alike = [
                sender.sent[receiver.realm, root][2]
                for peer, root in receiver.received
                if peer == sender.realm and (receiver.realm, root) in sender.sent
            ]
            if alike:
                matches.append(Match(sender.realm, receiver.realm, len(alike), sum(alike)))
            findings += _differences(sender, receiver)
    return matches, findings


def _differences(sender: Side, receiver: Side) -> Iterator[Finding]:
    where = f"from {sender.realm} to {receiver.realm}"
    for (peer, root), (index, minute, count, total, entry) in receiver.received.items():
        if peer != sender.realm:
            continue
        told = sender.sent.get((receiver.realm, root))
        if told is None:
            if minute + EARLY_MINUTES <= sender.until:
                detail = f"Batch {root[:16]}… {where}, entry {index} of {receiver.realm}."
                yield found("pair.never-sent", detail, index, batch=root)
            continue
        if told[0] != entry:
            detail = f"Batch {root[:16]}… {where} is entry {told[0]}, and is said to be {entry}."
            yield found("pair.entry-differs", detail, index, batch=root)
        if (told[2], told[3]) != (count, total):
            detail = (
                f"Batch {root[:16]}… {where}: {told[2]} objects, {told[3]} bytes; arrived {count}, {total}."
            )
            yield found("pair.counts-differ", detail, index, batch=root)
        if minute < told[1] - EARLY_MINUTES:
            detail = f"Batch {root[:16]}… {where}: {text_of(minute)}, logged at {text_of(told[1])}."
            yield found("pair.released-early", detail, index, batch=root)
    for (peer, root), (index, minute, *_) in sender.sent.items():
        lost = peer == receiver.realm and (sender.realm, root) not in receiver.received
        if lost and minute + DAY < receiver.until:
            detail = f"Batch {root[:16]}… {where}, entry {index} of {sender.realm}."
            yield found("pair.never-arrived", detail, index, batch=root)
