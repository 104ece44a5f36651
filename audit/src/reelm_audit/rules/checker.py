"""Holds a ledger's entries to all rules, one after the other, in memory that grows with open matters only.

(References and ended grants are the exception: they are kept as small marks, since late misuse must be recognised.)
"""

from collections import Counter
from collections.abc import Iterable, Iterator

from reelm_audit.findings import Finding
from reelm_audit.rules import form
from reelm_audit.rules.borders import Borders
from reelm_audit.rules.catalogue import found
from reelm_audit.rules.charters import Charters
from reelm_audit.rules.context import Context
from reelm_audit.rules.feeds import Feeds
from reelm_audit.rules.form import Entry, FormError
from reelm_audit.rules.grants import Grants
from reelm_audit.rules.keys import Keys
from reelm_audit.rules.marks import Marks
from reelm_audit.rules.minutes import of_seconds, parse, text_of
from reelm_audit.rules.signatures import Signatures
from reelm_audit.rules.sites import Sites
from reelm_audit.rules.software import Software
from reelm_audit.rules.staff import Staff
from reelm_audit.rules.subject import At, Bench, Handler, Subject
from reelm_audit.rules.upkeep import Upkeep

BACKWARDS_MINUTES = 15
AHEAD_MINUTES = 5
_TIMES = {"grant.approved": "expires_at", "keys.released": "hour", "border.counted": "hour"}


class Checker:
    """Reads entries in order and collects what is wrong with them.

    `entry` takes the next entry, `look` what should have happened by a moment, `take` hands over what was found since
    the last time. One checker follows a ledger for as long as it is watched.
    """

    def __init__(self, context: Context | None = None) -> None:
        self.context = context or Context()
        self.size = 0
        self.latest_minute: int | None = None
        self.more: Counter[str] = Counter()
        self._found: list[Finding] = []
        self._counts: Counter[str] = Counter()
        self._forms = form.load()
        self.signatures = Signatures(self._report)
        bench = Bench(self.context, self._report, self.signatures)
        self.charters = Charters(bench)
        self.staff = Staff(bench, self.charters)
        self.grants = Grants(bench, self.charters, self.staff)
        self.software = Software(bench)
        self._keys = Keys(bench)
        borders = Borders(bench, self.charters)
        self._subjects: tuple[Subject, ...] = (
            self.charters,
            self.staff,
            self.grants,
            self._keys,
            self.software,
            Marks(bench),
            Upkeep(bench),
            Feeds(bench),
            borders,
            Sites(bench, borders),
        )
        self._handlers: dict[str, list[Handler]] = {kind: [] for kind in self._forms.kinds}
        for subject in self._subjects:
            for kind, handler in subject.handlers.items():
                self._handlers[kind].append(handler)
        self._now = None if self.context.now is None else of_seconds(self.context.now)

    def entry(self, data: bytes) -> Entry | None:
        """Check the next entry; return its fields if it has the form of its kind."""
        index = self.size
        self.size += 1
        try:
            entry = self._forms.read(data)
            at = At(index, parse(entry["at"]), data)
            kind = entry["kind"]
            if kind in _TIMES:
                parse(entry[_TIMES[kind]])
        except FormError as error:
            self._report(found(error.code, f"{error}.", index))
            return None
        except ValueError as error:
            self._report(found("form.schema", f"{error}.", index))
            return None
        self._check_time(at)
        if kind != "charter.adopted":
            self.charters.check_in_force(entry["charter"], at)
        if self.software.build is None:
            self.software.check_deployed(entry, at)
        for handler in self._handlers[kind]:
            handler(entry, at)
        if self.context.see is not None:
            self.context.see(entry, at.minute)
        return entry

    def look(self, running_until: int | None = None) -> None:
        """Verify what waits, and report what should have happened while the realm was at work, and did not.

        The realm is known to have been at work until `running_until` (seconds since 1970), or its last entry.
        """
        self.signatures.settle()
        moments = [of_seconds(running_until or self.context.running_until or 0), self.latest_minute or 0]
        for subject in self._subjects:
            subject.look(max(moments))

    def take(self) -> list[Finding]:
        """Return what was found since the last time, as far as signatures have been verified."""
        taken, self._found = self._found, []
        return taken

    def at_time(self, now: int) -> None:
        """From here on, entries later than `now` (seconds since 1970) are of the future."""
        self._now = of_seconds(now)

    def _check_time(self, at: At) -> None:
        latest = self.latest_minute
        if latest is None or at.minute > latest:
            self.latest_minute = at.minute
            if self._now is not None and at.minute > self._now + AHEAD_MINUTES:
                self._report(
                    found(
                        "time.future",
                        f"It is dated {text_of(at.minute)}; now it is {text_of(self._now)}.",
                        at.index,
                    )
                )
                self.latest_minute = latest
            else:
                self._keys.at_work(at.minute)
        elif at.minute < latest - BACKWARDS_MINUTES:
            self._report(
                found(
                    "time.backwards",
                    f"It is dated {text_of(at.minute)}, after one of {text_of(latest)}.",
                    at.index,
                )
            )

    def _report(self, finding: Finding) -> None:
        self._counts[finding.code] += 1
        if self._counts[finding.code] > self.context.at_most:
            self.more[finding.code] += 1
        else:
            self._found.append(finding)


def check(entries: Iterable[tuple[int, bytes]], context: Context | None = None) -> Iterator[Finding]:
    """Yield what is wrong with a ledger's entries, given from the first one on, as it is found."""
    checker = Checker(context)
    for _, data in entries:
        checker.entry(data)
        yield from checker.take()
    checker.look()
    yield from checker.take()
