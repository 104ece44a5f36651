"""Released keys: every hour is accounted for, and what staff were given has its opening in the ledger."""

from collections.abc import Mapping

from reelm_audit.rules.catalogue import found
from reelm_audit.rules.form import Entry
from reelm_audit.rules.minutes import HOUR, parse, text_of
from reelm_audit.rules.subject import At, Bench, Handler

GRANT = "grant"
LATE_MINUTES = 6  # a key is released within five minutes of its opening's entry, which is rounded down


class Keys:
    """The accounts of released keys, and how many openings were logged in the hours still to be accounted for."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._last: int | None = None
        self._openings: dict[int, int] = {}  # by hour
        self._late: dict[int, int] = {}  # of these, those in the hour's last minutes
        self._carried = 0
        self.handlers: Mapping[str, Handler] = {"keys.released": self._released, "grant.used": self._opened}

    def look(self, minute: int) -> None:
        """Hours without an account are found when a later one has its own."""

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
        if self._last is not None and hour > self._last + HOUR:
            first = text_of(self._last + HOUR)
            count = (hour - self._last) // HOUR - 1
            self._bench.report(
                found(
                    "keys.hour-missing",
                    f"{count} from {first} on, before {entry['hour']}.",
                    at.index,
                    missing=first,
                )
            )
        self._check_counts(entry, hour, at)
        self._last = hour

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
        for counts in (self._openings, self._late):
            for past in [each for each in counts if each < hour]:
                del counts[past]
