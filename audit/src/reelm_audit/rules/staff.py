"""Staff: whose key counts, from when, until when, and who said so."""

import base64
from collections.abc import Mapping

from reelm_audit.entries import to_sign
from reelm_audit.rules.catalogue import found
from reelm_audit.rules.charters import Charters, key_id_of
from reelm_audit.rules.form import Entry
from reelm_audit.rules.subject import At, Bench, Handler


class Staff:
    """The keys of the people who are enrolled, and of those who were."""

    def __init__(self, bench: Bench, charters: Charters) -> None:
        self._bench, self._charters = bench, charters
        self._enrolled: dict[str, bytes] = {}
        self._left: dict[str, int] = {}
        self.handlers: Mapping[str, Handler] = {"staff.enrolled": self._enroll, "staff.left": self._leave}

    def look(self, minute: int) -> None:
        """Nothing about staff has a deadline."""

    @property
    def enrolled(self) -> int:
        """How many keys count now."""
        return len(self._enrolled)

    def check_signed(self, entry: Entry, at: At, what: str) -> None:
        """Report unless `entry` is signed by the enrolled member of staff it names; verified with the next batch."""
        staff = entry["staff"]
        key = self._enrolled.get(staff)
        if key is None:
            left = self._left.get(staff)
            if left is None:
                problem = found(
                    "grant.unknown-staff",
                    f"{what} is by key {staff}, which was never enrolled.",
                    at.index,
                    staff=staff,
                )
            else:
                problem = found(
                    "grant.staff-left",
                    f"{what} is by key {staff}, removed in entry {left}.",
                    at.index,
                    staff=staff,
                )
            self._bench.report(problem)
            return
        otherwise = found("grant.bad-signature", f"{what} names key {staff}.", at.index, staff=staff)
        self._bench.signatures.ask(key, signed_bytes(entry, at.data), entry["signature"], otherwise)

    def _enroll(self, entry: Entry, at: At) -> None:
        staff = entry["staff"]
        self._check_keyholder(entry, at)
        if key_id_of(entry["key"]) != staff:
            self._bench.report(
                found(
                    "staff.key-mismatch",
                    f"The key's own name is {key_id_of(entry['key'])}.",
                    at.index,
                    staff=staff,
                )
            )
        elif staff in self._enrolled:
            self._bench.report(found("staff.enrolled-twice", f"Key {staff}.", at.index, staff=staff))
        self._enrolled[staff] = base64.b64decode(entry["key"])
        self._left.pop(staff, None)

    def _leave(self, entry: Entry, at: At) -> None:
        staff = entry["staff"]
        self._check_keyholder(entry, at)
        if self._enrolled.pop(staff, None) is None:
            self._bench.report(found("staff.left-unknown", f"Key {staff}.", at.index, staff=staff))
        self._left[staff] = at.index

    def _check_keyholder(self, entry: Entry, at: At) -> None:
        if self._charters.current is None:  # reported once, as a missing charter
            return
        key = self._charters.key_of(entry["keyholder"])
        if key is None:
            self._bench.report(
                found(
                    "staff.unknown-keyholder",
                    "The key that signs is not a keyholder's.",
                    at.index,
                    keyholder=entry["keyholder"],
                )
            )
            return
        otherwise = found(
            "staff.bad-signature", "It does not verify.", at.index, keyholder=entry["keyholder"]
        )
        self._bench.signatures.ask(key, signed_bytes(entry, at.data), entry["signature"], otherwise)


def signed_bytes(entry: Entry, data: bytes) -> bytes:
    """Return what an entry's signature covers, cut out of its canonical bytes; the same as `entries.to_sign`."""
    spelt = f',"signature":"{entry["signature"]}"'.encode()
    before, found_it, after = data.partition(spelt)
    if not found_it or spelt in after:
        return to_sign(entry)
    kind: str = entry["kind"]
    return b"reelm/" + kind.encode() + b"/v1\n" + before + after
