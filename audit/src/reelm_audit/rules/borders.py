"""The border: what crossed was allowed by the charter, is counted, and every hour is accounted for.

That both sides say the same of a delivery is held in `reelm_audit.pairing`, which needs two ledgers.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from reelm_audit.entries import to_sign
from reelm_audit.rules.catalogue import found
from reelm_audit.rules.charters import Charters
from reelm_audit.rules.crossing import NEVER, Asked, NoJudgeError, border_of, permits
from reelm_audit.rules.form import Entry
from reelm_audit.rules.minutes import HOUR, parse, text_of
from reelm_audit.rules.subject import At, Bench, Handler
from reelm_audit.tlog.note import NoteError, Verifier

SLACK_MINUTES = 2 * HOUR  # an account may come late, when the ledger was held up
EDGE_MINUTES = 5  # what is written in an hour's last minutes may be counted in the next


class Borders:
    """What has crossed since the last account, and the batches there were."""

    def __init__(self, bench: Bench, charters: Charters) -> None:
        self._bench = bench
        self._charters = charters
        self._read: tuple[str, Mapping[str, Any]] = ("", {})
        self._out: set[tuple[str, str]] = set()
        self._in: set[tuple[str, str]] = set()
        self._unjudged = False
        self._last: int | None = None
        self._crossed: dict[int, Counter[str]] = {}  # by hour and peer
        self._edge: dict[int, Counter[str]] = {}  # of these, those in the hour's last minutes
        self._told_until = 0
        self.handlers: Mapping[str, Handler] = {
            "border.crossed": self._crossing,
            "border.received": self._received,
            "border.counted": self._counted,
        }

    def look(self, minute: int) -> None:
        """Report hours in which something crossed, that are over for long and have no account."""
        for hour in sorted(self._crossed):
            if hour > self._told_until and hour + HOUR + SLACK_MINUTES < minute:
                self._told_until = hour
                detail = f"Something crossed in the hour of {text_of(hour)}."
                self._bench.report(found("border.hour-missing", detail))

    def charter(self) -> Mapping[str, Any]:
        """Return the document of the charter in force, as far as it is published."""
        current = self._charters.current
        digest = "" if current is None else current.digest
        if self._read[0] != digest:
            look_up = self._bench.context.document
            self._read = digest, border_of(look_up(digest) if look_up and digest else None)
        return self._read[1]

    # — one delivery —

    def _crossing(self, entry: Entry, at: At) -> None:
        name = (entry["peer"], entry["batch"])
        if name in self._out:
            self._bench.report(
                found("border.batch-twice", f"Batch {entry['batch'][:16]}… for {entry['peer']}.", at.index)
            )
        self._out.add(name)
        hour = at.minute - at.minute % HOUR
        count = sum(line["count"] for line in entry["lines"])
        self._crossed.setdefault(hour, Counter())[entry["peer"]] += count
        if at.minute >= hour + HOUR - EDGE_MINUTES:
            self._edge.setdefault(hour, Counter())[entry["peer"]] += count
        for line in entry["lines"]:
            self._check_line(entry, line, at)

    def _check_line(self, entry: Entry, line: Mapping[str, Any], at: At) -> None:
        what = f"{line['act']} {line['object_type']} to {entry['peer']}"
        never = sorted(NEVER & set(line["classes"]))
        if never:
            detail = f"{what} held {' and '.join(never)}."
            self._bench.report(found("border.never-crosses", detail, at.index, peer=entry["peer"]))
            return
        if self._bench.context.document is None:
            return
        policy = str(self.charter().get("borders", ""))
        if not policy.strip():
            self._bench.report(found("border.no-policy", f"{what}.", at.index, peer=entry["peer"]))
            return
        asked = Asked(
            str(self.charter().get("realm") or "home"),
            entry["peer"],
            entry["member"],
            line["act"],
            line["object_type"],
            line["purpose"],
        )
        try:
            denied = [each for each in line["classes"] if not permits(policy, asked, each)]
        except NoJudgeError:
            if not self._unjudged:
                self._unjudged = True
                self._bench.report(found("border.policy-unchecked", "From here on.", at.index))
            return
        if denied:
            detail = f"{what}, for {line['purpose']}, held {' and '.join(denied)}."
            self._bench.report(found("border.not-allowed", detail, at.index, peer=entry["peer"]))

    def _received(self, entry: Entry, at: At) -> None:
        name = (entry["peer"], entry["batch"])
        if name in self._in:
            self._bench.report(
                found("border.batch-twice", f"Batch {entry['batch'][:16]}… from {entry['peer']}.", at.index)
            )
        self._in.add(name)
        if entry["refused"] > entry["count"]:
            detail = f"{entry['refused']} of {entry['count']} were refused."
            self._bench.report(found("border.received-count", detail, at.index))

    # — the border's own count —

    def _counted(self, entry: Entry, at: At) -> None:
        hour = parse(entry["hour"])
        if hour % HOUR or hour + HOUR > at.minute + 1:
            self._bench.report(found("border.hour-misdated", f"It is for {entry['hour']}.", at.index))
            return
        if self._last is not None and hour <= self._last:
            detail = f"{entry['hour']} was passed with {text_of(self._last)}."
            self._bench.report(found("border.hour-twice", detail, at.index))
            return
        self._check_key(entry, at)
        self._check_counts(entry, hour, at)
        self._last = hour

    def _check_key(self, entry: Entry, at: At) -> None:
        named = self.charter().get("border_vkey") or entry["border"]
        if named != entry["border"]:
            self._bench.report(found("border.other-key", f"Signed by {entry['border'][:40]}….", at.index))
            return
        try:
            key = Verifier.from_vkey(named).public_key
        except NoteError as error:
            self._bench.report(found("border.signature-invalid", f"{error}.", at.index))
            return
        otherwise = found("border.signature-invalid", f"The account of {entry['hour']}.", at.index)
        self._bench.signatures.ask(key, to_sign(entry), entry["signature"], otherwise)

    def _check_counts(self, entry: Entry, hour: int, at: At) -> None:
        """Objects by peer, over all classes of which one is counted once: those under `public` or `social`."""
        said: Counter[str] = Counter()
        for each in entry["counts"]:
            if (each["kind"], each["direction"]) == ("crossing", "out"):
                said[each["peer"]] += each["objects"]
        logged = self._crossed.pop(hour, Counter())
        edge = self._edge.pop(hour - HOUR, Counter())
        own_edge = self._edge.get(hour, Counter())
        for peer in sorted({*said, *logged}):
            least, most = logged[peer] - own_edge[peer], logged[peer] + edge[peer]
            if not least <= said[peer] <= most:
                detail = f"{said[peer]} objects for {peer} were counted, and {logged[peer]} logged."
                self._bench.report(
                    found("border.count-differs", detail, at.index, counted=said[peer], logged=logged[peer])
                )
