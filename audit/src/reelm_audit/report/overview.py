"""What a ledger tells, counted in one pass while the rules are checked, and laid out over time."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from reelm_audit.report.crossed import KINDS, Traffic
from reelm_audit.rules.form import Entry
from reelm_audit.rules.minutes import DAY, HOUR

HOURLY_SPAN, DAILY_SPAN, MONTHLY_SPAN = 2 * DAY, 45 * DAY, 4 * 366 * DAY

Series = dict[str, list[int]]


@dataclass
class Overview:
    """Counts by kind, by day (by hour as long as the ledger is young), and the rare entries themselves."""

    kinds: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    classes: Counter[str] = field(default_factory=Counter)
    purposes: Counter[str] = field(default_factory=Counter)
    people_asked: int = 0
    emergencies: int = 0
    first: int | None = None
    last: int | None = None
    charters: list[tuple[int, Entry]] = field(default_factory=list)
    releases: list[tuple[int, Entry]] = field(default_factory=list)
    rotations: list[tuple[int, Entry]] = field(default_factory=list)
    models: list[tuple[int, Entry]] = field(default_factory=list)
    adjusted: list[tuple[int, Entry]] = field(default_factory=list)
    batches: tuple[int | None, int | None] = (None, None)
    traffic: Traffic = field(default_factory=Traffic)
    size: int = 0
    _days: Counter[tuple[int, str]] = field(default_factory=Counter)
    _hours: Counter[tuple[int, str]] | None = field(default_factory=Counter)

    def see(self, entry: Entry, minute: int) -> None:
        """Count one entry."""
        kind = entry["kind"]
        self.size += 1
        self.kinds[kind] += 1
        if self.first is None or minute < self.first:
            self.first = minute
        if self.last is None or minute > self.last:
            self.last = minute
        self._add(minute, kind, 1)
        if kind == "grant.used":
            self.classes[entry["data_class"]] += entry["count"]
        elif kind == "grant.requested":
            self.reasons[entry["reason"]] += 1
            self._add(minute, f"reason/{entry['reason']}", 1)
            self.people_asked += len(entry["people"])
            self.emergencies += entry["emergency"]
        elif kind == "keys.released":
            for purpose, released in entry["counts"].items():
                self.purposes[purpose] += released
        elif kind == "feed.receipts":
            self.batches = (entry["batch"] if self.batches[0] is None else self.batches[0], entry["batch"])
        elif kind in KINDS:
            self.traffic.see(entry, minute)
        else:
            self._keep(kind, entry, minute)

    def _keep(self, kind: str, entry: Entry, minute: int) -> None:
        kept = {
            "charter.adopted": self.charters,
            "release.deployed": self.releases,
            "key.rotated": self.rotations,
            "ranking.changed": self.models,
            "ranking.adjusted": self.adjusted,
        }.get(kind)
        if kept is not None:
            kept.append((minute, entry))

    def _add(self, minute: int, name: str, amount: int) -> None:
        self._days[minute // DAY, name] += amount
        if self._hours is not None:
            self._hours[minute // HOUR, name] += amount
            if self.first is not None and minute - self.first > HOURLY_SPAN:
                self._hours = None

    def over_time(self, names: Iterable[str]) -> "OverTime":
        """Return counts of these names in stretches of time that suit the ledger's age."""
        first, last = self.first or 0, self.last or 0
        span = last - first
        source: Mapping[tuple[int, str], int] = self._days
        unit, step = DAY, "day"
        if self._hours is not None and span <= HOURLY_SPAN:
            source, unit, step = self._hours, HOUR, "hour"
        elif span > MONTHLY_SPAN:
            step = "year"
        elif span > DAILY_SPAN:
            step = "month"
        starts = _stretches(first, last, step)
        position = {start: n for n, start in enumerate(starts)}
        series: defaultdict[str, list[int]] = defaultdict(lambda: [0] * len(starts))
        wanted = set(names)
        for (part, name), amount in source.items():
            if name in wanted:
                series[name][position[start_of(part * unit, step)]] += amount
        return OverTime(step, starts, dict(series))


@dataclass(frozen=True)
class OverTime:
    """Counts by name for each stretch of time; `starts` are minutes since 1970, `step` says how long."""

    step: str
    starts: list[int]
    series: Series

    @property
    def highest(self) -> int:
        """The largest sum of any stretch."""
        return max((sum(values) for values in zip(*self.series.values(), strict=True)), default=0)


def start_of(minute: int, step: str) -> int:
    """Return where the stretch of time begins that a minute is in."""
    if step == "hour":
        return minute - minute % HOUR
    if step == "day":
        return minute - minute % DAY
    day = dt.date(1970, 1, 1) + dt.timedelta(days=minute // DAY)
    first = day.replace(day=1) if step == "month" else day.replace(month=1, day=1)
    return (first - dt.date(1970, 1, 1)).days * DAY


def _stretches(first: int, last: int, step: str) -> list[int]:
    """Return all stretches from the first to the last, empty ones too."""
    longest = {"hour": HOUR, "day": DAY, "month": 31 * DAY, "year": 366 * DAY}[step]
    start, starts = start_of(first, step), []
    while start <= last:
        starts.append(start)
        start = start_of(start + longest, step)
    return starts
