"""Grants: nobody on the staff opens personal data alone, unannounced, beyond what was asked, or afterwards.

A grant goes from asked to approved or denied, and from approved to ended; uses lie in between. What is over is kept
as two numbers, so that a late use can be named for what it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from reelm_audit.rules.catalogue import found
from reelm_audit.rules.charters import Charters
from reelm_audit.rules.form import Entry
from reelm_audit.rules.minutes import HOUR, parse, text_of
from reelm_audit.rules.staff import Staff
from reelm_audit.rules.subject import At, Bench, Handler

ANSWER_MINUTES = 12 * HOUR
EMERGENCY_MINUTES = 30
ROUNDING_MINUTES = 1
SLACK_MINUTES = HOUR  # what has to be written by a certain time may be written a little later


class Over(IntEnum):
    """How a request came to its end."""

    DENIED = 0
    EXPIRED = 1
    CLOSED = 2


@dataclass(slots=True)
class Grant:
    """A request that is not over."""

    index: int
    minute: int
    staff: str
    people: frozenset[str]
    classes: frozenset[str]
    minutes: int
    emergency: bool
    approval: int | None = None
    expires: int = 0
    overdue: bool = False


class Grants:
    """All requests: the open ones in full, the others by index and how they ended."""

    def __init__(self, bench: Bench, charters: Charters, staff: Staff) -> None:
        self._bench, self._charters, self._staff = bench, charters, staff
        self._open: dict[int, Grant] = {}
        self._over: dict[int, tuple[Over, int]] = {}
        self.handlers: Mapping[str, Handler] = {
            "grant.requested": self._requested,
            "grant.approved": self._approved,
            "grant.denied": self._denied,
            "grant.expired": self._ended,
            "grant.used": self._used,
        }

    @property
    def open(self) -> int:
        """How many requests are waiting for an answer or in use."""
        return len(self._open)

    def look(self, minute: int) -> None:
        """Report requests without an answer and grants without an end, whose time was over well before `minute`."""
        for grant in self._open.values():
            if grant.overdue:
                continue
            if grant.approval is None and minute > grant.minute + ANSWER_MINUTES + SLACK_MINUTES:
                grant.overdue = True
                since = text_of(grant.minute)
                self._report(
                    "grant.unanswered", f"It was made at {since}; now it is {text_of(minute)}.", grant.index
                )
            elif grant.approval is not None and minute > grant.expires + SLACK_MINUTES:
                grant.overdue = True
                self._report(
                    "grant.never-ended",
                    f"Its time was over at {text_of(grant.expires)}; now it is {text_of(minute)}.",
                    grant.index,
                    approval=grant.approval,
                )

    def _report(self, code: str, detail: str, index: int, **evidence: str | int) -> None:
        self._bench.report(found(code, detail, index, **evidence))

    def _requested(self, entry: Entry, at: At) -> None:
        self._staff.check_signed(entry, at, "The request")
        grant = Grant(
            at.index,
            at.minute,
            entry["staff"],
            frozenset(entry["people"]),
            frozenset(entry["classes"]),
            entry["minutes"],
            entry["emergency"],
        )
        self._open[at.index] = grant
        charter = self._charters.current
        if not grant.emergency:
            return
        if charter is not None and not charter.emergency:
            self._report(
                "grant.emergency-not-allowed", f"In force is the charter of entry {charter.index}.", at.index
            )
        elif grant.minutes > EMERGENCY_MINUTES:
            self._report("grant.emergency-too-long", f"It asks for {grant.minutes} minutes.", at.index)

    def _find(self, entry: Entry, at: At, what: str) -> Grant | tuple[Over, int] | None:
        request = entry["request"]
        known = self._open.get(request) or self._over.get(request)
        if known is None:
            self._report(
                "grant.unknown-request", f"{what} points to entry {request}.", at.index, request=request
            )
        return known

    def _approved(self, entry: Entry, at: At) -> None:
        self._staff.check_signed(entry, at, "The approval")
        grant = self._find(entry, at, "The approval")
        if grant is None:
            return
        request = entry["request"]
        if isinstance(grant, tuple) or grant.approval is not None:
            self._report(
                "grant.answered-twice", f"The request is entry {request}.", at.index, request=request
            )
            return
        self._check_approval(entry, at, grant)
        grant.approval, grant.expires = at.index, parse(entry["expires_at"])
        if grant.expires > at.minute + grant.minutes + ROUNDING_MINUTES:
            self._report(
                "grant.expiry",
                f"{grant.minutes} minutes were asked for; it would last until {entry['expires_at']}.",
                at.index,
                request=request,
            )

    def _check_approval(self, entry: Entry, at: At, grant: Grant) -> None:
        request = grant.index
        if at.minute > grant.minute + ANSWER_MINUTES + ROUNDING_MINUTES:
            hours = (at.minute - grant.minute) // HOUR
            self._report(
                "grant.approved-late", f"It came {hours} hours after the request.", at.index, request=request
            )
        if entry["emergency"] != grant.emergency:
            self._report(
                "grant.emergency-differs", f"The request is entry {request}.", at.index, request=request
            )
        elif grant.emergency:
            self._report(
                "grant.emergency",
                f"Key {grant.staff}, for {grant.minutes} minutes, about {len(grant.people)} "
                f"{'person' if len(grant.people) == 1 else 'people'}.",
                at.index,
                request=request,
                staff=grant.staff,
            )
        elif entry["staff"] == grant.staff:
            self._report(
                "grant.self-approved",
                f"Key {grant.staff} asked and answered.",
                at.index,
                request=request,
                staff=grant.staff,
            )
        charter = self._charters.current
        residency = charter.approver_residency if charter is not None else ""
        if residency and not grant.emergency and entry["country"] != residency:
            self._report(
                "grant.residency",
                f"Declared is {entry['country'] or 'no country'}; the charter asks for {residency}.",
                at.index,
                request=request,
            )

    def _denied(self, entry: Entry, at: At) -> None:
        if entry["cause"] == "refused":
            if "staff" in entry and "signature" in entry:
                self._staff.check_signed(entry, at, "The denial")
            else:
                self._report("grant.unknown-staff", "The denial names nobody.", at.index)
        grant = self._find(entry, at, "The denial")
        if grant is None:
            return
        if isinstance(grant, tuple) or grant.approval is not None:
            request = entry["request"]
            self._report(
                "grant.answered-twice", f"The request is entry {request}.", at.index, request=request
            )
            return
        self._close(grant, Over.DENIED, at)

    def _ended(self, entry: Entry, at: At) -> None:
        request = entry["request"]
        grant = self._find(entry, at, "The end")
        if grant is None:
            return
        if isinstance(grant, tuple):
            code = "grant.ended-unapproved" if grant[0] is Over.DENIED else "grant.ended-twice"
            self._report(code, f"The request is entry {request}.", at.index, request=request)
            return
        if grant.approval is None:
            self._report(
                "grant.ended-unapproved", f"The request is entry {request}.", at.index, request=request
            )
        elif entry["cause"] == "time" and at.minute + ROUNDING_MINUTES < grant.expires:
            self._report(
                "grant.ended-early",
                f"Its time was over at {text_of(grant.expires)}.",
                at.index,
                request=request,
            )
        self._close(grant, Over.EXPIRED if entry["cause"] == "time" else Over.CLOSED, at)

    def _close(self, grant: Grant, over: Over, at: At) -> None:
        del self._open[grant.index]
        self._over[grant.index] = (over, at.index)

    def _used(self, entry: Entry, at: At) -> None:
        request = entry["request"]
        grant = self._open.get(request)
        if grant is None:
            self._used_afterwards(entry, at)
        elif grant.approval is None:
            self._report(
                "grant.used-unapproved", f"The request is entry {request}.", at.index, request=request
            )
        elif entry["approval"] != grant.approval:
            self._report(
                "grant.used-other-approval",
                f"It names entry {entry['approval']}; its request was approved in entry {grant.approval}.",
                at.index,
                request=request,
            )
        elif at.minute > grant.expires:
            self._report(
                "grant.used-after-expiry",
                f"The grant ended at {text_of(grant.expires)}, the opening is of {entry['at']}.",
                at.index,
                request=request,
                approval=grant.approval,
            )
        elif entry["data_class"] not in grant.classes:
            asked = ", ".join(sorted(grant.classes))
            self._report(
                "grant.used-outside-classes",
                f"Opened was {entry['data_class']}; asked for was {asked}.",
                at.index,
                request=request,
            )

    def _used_afterwards(self, entry: Entry, at: At) -> None:
        known = self._find(entry, at, "The opening")
        if isinstance(known, tuple):
            over, where = known
            code = "grant.used-after-denial" if over is Over.DENIED else "grant.used-after-closing"
            word = "denied" if over is Over.DENIED else "ended"
            self._report(
                code,
                f"The request was {word} in entry {where}.",
                at.index,
                request=entry["request"],
                over=where,
            )
