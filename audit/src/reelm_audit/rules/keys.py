"""Released keys: every hour is accounted for, and what staff were given has its opening in the ledger.

An hour without an account is a breach if the ledger shows the realm at work in it. One in which nothing at all
happened, as when the machine was off, is only told.
"""

from collections.abc import Mapping

from reelm_audit.rules.catalogue import found
from reelm_audit.rules.form import Entry
from reelm_audit.rules.minutes import HOUR, parse, text_of
from reelm_audit.rules.subject import At, Bench, Handler

GRANT = "grant"
LATE_MINUTES = 6  # a key is released within five minutes of its opening's entry, which is rounded down
WORK_MINUTES = 5  # between two entries of an hour in which the realm was at work, not just started or stopped
SLACK_MINUTES = 2 * HOUR  # an account may come late, when the ledger was held up


class Keys:
    """The accounts of released keys, and what was logged in the hours still to be accounted for."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._last: int | None = None
        self._openings: dict[int, int] = {}  # by hour
        self._late: dict[int, int] = {}  # of these, those in the hour's last minutes
        self._work: dict[int, tuple[int, int]] = {}  # first and last entry of an hour
        self._carried = 0
        self._looked_until = 0
        self.handlers: Mapping[str, Handler] = {"keys.released": self._released, "grant.used": self._opened}

    def at_work(self, minute: int) -> None:
        """Note that something happened in this minute."""
        hour = minute - minute % HOUR
        if self._last is None:
            self._last = hour - HOUR
        known = self._work.get(hour)
        self._work[hour] = (minute, minute) if known is None else (known[0], minute)

    def look(self, minute: int) -> None:
        """Report hours of work that are over for long and have no account."""
        if self._last is None:
            return
        for hour in sorted(self._work):
            late = hour > max(self._last, self._looked_until) and hour + HOUR + SLACK_MINUTES < minute
            if late and self._worked(hour):
                self._looked_until = hour
                self._bench.report(found("keys.hour-missing", f"It is the hour of {text_of(hour)}."))

    def _worked(self, hour: int) -> bool:
        first, last = self._work.get(hour, (0, 0))
        return last - first >= WORK_MINUTES

    def _opened(self, entry: Entry, at: At) -> None:
        hour = at.minute - at.minute % HOUR
        self._openings[hour] = self._openings.get(hour, 0) + entry["count"]
        if at.minute >= hour + HOUR - LATE_MINUTES:
            self._late[hour] = self._late.get(hour, 0) + entry["count"]

    def _released(self, entry: Entry, at: At) -> None:
        hour = parse(entry["hour"])
        if hour % HOUR or hour + HOUR > at.minute + 1:
            self._bench.report(found("keys.hour-misdated", f"It is for {entry['hour']}.", at.index))
            return
        if self._last is not None and hour <= self._last:
            self._bench.report(
                found("keys.hour-twice", f"{entry['hour']} was passed with {text_of(self._last)}.", at.index)
            )
            return
        self._check_gap(hour, at)
        self._check_counts(entry, hour, at)
        self._last = hour
        for counts in (self._openings, self._late, self._work):
            for past in [each for each in counts if each < hour]:
                del counts[past]

    def _check_gap(self, hour: int, at: At) -> None:
        if self._last is None or hour <= self._last + HOUR:
            return
        first = self._last + HOUR
        missing = (hour - first) // HOUR
        worked = [each for each in sorted(self._work) if first <= each < hour and self._worked(each)]
        if worked:
            told = f"Nothing is told of {text_of(worked[0])}, when the realm was at work."
            self._bench.report(found("keys.hour-missing", told, at.index, hours=len(worked)))
        else:
            hours = "1 hour" if missing == 1 else f"{missing} hours"
            told = f"{hours} from {text_of(first)} on."
            self._bench.report(found("keys.silent", told, at.index, hours=missing))

    def _check_counts(self, entry: Entry, hour: int, at: At) -> None:
        """Allow for an opening whose entry is of the last minutes before the hour in which its key went out."""
        released = entry["counts"].get(GRANT, 0)
        early = self._late.get(hour - HOUR, 0)
        spare = max(0, self._openings.get(hour - HOUR, 0) - self._carried)
        logged = self._openings.get(hour, 0)
        if released > logged + min(early, spare):
            self._bench.report(
                found(
                    "keys.grant-count",
                    f"In the hour of {entry['hour']} {released} keys were released to staff, "
                    f"and {logged} openings were logged.",
                    at.index,
                    released=released,
                    logged=logged,
                )
            )
        self._carried = max(0, released - min(early, spare))
