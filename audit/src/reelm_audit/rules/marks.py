"""References: each mark of a person or document appears once, so that nothing links two acts of one person.

An opening has a mark of its own, too: that its person is one of the request's is for the keys process to hold, and
for the person to check by their receipt. Marks are kept for as long as the check runs, at some hundred bytes each.
"""

from collections.abc import Mapping

from reelm_audit.rules.catalogue import found
from reelm_audit.rules.form import Entry
from reelm_audit.rules.subject import At, Bench, Handler


class Marks:
    """All references seen."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._seen: set[bytes] = set()
        self.handlers: Mapping[str, Handler] = {
            "grant.requested": self._request,
            "grant.used": self._person,
            "rights.exported": self._person,
            "rights.erased": self._person,
        }

    def look(self, minute: int) -> None:
        """Nothing about references has a deadline."""

    def _person(self, entry: Entry, at: At) -> None:
        self._see(entry["person"], at)

    def _request(self, entry: Entry, at: At) -> None:
        self._see(entry["document"], at)
        for person in entry["people"]:
            self._see(person, at)

    def _see(self, reference: str, at: At) -> None:
        mark = bytes.fromhex(reference)
        if mark in self._seen:
            self._bench.report(
                found(
                    "reference.reused",
                    f"The mark {reference[:12]}… was used before.",
                    at.index,
                    reference=reference,
                )
            )
        self._seen.add(mark)
