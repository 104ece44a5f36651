"""What everybody sees of grants: counts by month, and each emergency, read from the ledger's own entries.

Nothing here comes from the tables of grants: whoever doubts it counts the published entries themselves.
"""

from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from reelm.custody.grants.schemas import EmergencyOut, GrantsTransparency, MonthOfGrants
from reelm.kit.clock import Clock
from reelm.ledger.service import LedgerService, entries

MONTHS_SHOWN = 12
EMERGENCIES_SHOWN = 100
_FRESH_SECONDS = 30.0
_PAGE = 500
_KINDS = ("grant.requested", "grant.approved", "grant.denied", "grant.used")


class GrantCounts:
    """Counts for the page that everybody sees; at most half a minute old."""

    def __init__(self, ledger: LedgerService, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock
        self._known: tuple[float, GrantsTransparency] | None = None

    async def transparency(self) -> GrantsTransparency:
        now = self._clock.monotonic()
        if self._known is None or now >= self._known[0]:
            self._known = (now + _FRESH_SECONDS, await self._count())
        return self._known[1]

    async def _count(self) -> GrantsTransparency:
        since = self._first_month()
        months: dict[str, dict[str, Any]] = defaultdict(
            lambda: {"reasons": defaultdict(int), "classes": defaultdict(int), "counts": defaultdict(int)}
        )
        requests: dict[int, dict[str, Any]] = {}
        emergencies = []
        for kind in _KINDS:
            async for index, entry in self._entries(kind, since):
                month = months[entry["at"][:7]]
                month["counts"][_column(entry)] += 1
                if kind == "grant.requested":
                    requests[index] = entry
                    month["reasons"][entry["reason"]] += 1
                    for each in entry["classes"]:
                        month["classes"][each] += 1
                elif kind == "grant.approved" and entry["emergency"]:
                    month["counts"]["emergencies"] += 1
                    emergencies.append(_emergency(index, entry, requests.get(entry["request"])))
        now = entries.minute(self._clock.now())
        return GrantsTransparency(
            months=[_month(name, months[name]) for name in sorted(months, reverse=True)],
            emergencies=emergencies[:EMERGENCIES_SHOWN],
            emergency_now=any(each.expires_at > now for each in emergencies),
        )

    def _first_month(self) -> str:
        """Return the first minute of the oldest month that is shown."""
        today = self._clock.now().date()
        number = today.year * 12 + today.month - MONTHS_SHOWN
        return f"{number // 12:04d}-{number % 12 + 1:02d}-01T00:00Z"

    async def _entries(self, kind: str, since: str) -> AsyncIterator[tuple[int, dict[str, Any]]]:
        cursor: str | None = None
        while True:
            page = await self._ledger.page(kind, _PAGE, cursor)
            for line in page.items:
                if line.entry["at"] < since:
                    return
                yield line.index, line.entry
            cursor = page.next_cursor
            if cursor is None:
                return


def _column(entry: dict[str, Any]) -> str:
    column: str = entry["kind"].removeprefix("grant.")
    return "unanswered" if entry.get("cause") == "unanswered" else column


def _emergency(index: int, entry: dict[str, Any], request: dict[str, Any] | None) -> EmergencyOut:
    return EmergencyOut(
        entry_index=index,
        at=entry["at"],
        expires_at=entry["expires_at"],
        reason=request["reason"] if request else None,
        classes=request["classes"] if request else [],
        people=len(request["people"]) if request else None,
    )


def _month(name: str, found: dict[str, Any]) -> MonthOfGrants:
    counts = {
        each: found["counts"][each] for each in ("requested", "approved", "denied", "unanswered", "used")
    }
    return msgspec.convert(
        {
            "month": name,
            **counts,
            "emergencies": found["counts"]["emergencies"],
            "reasons": dict(found["reasons"]),
            "classes": dict(found["classes"]),
        },
        MonthOfGrants,
    )
