"""Charters: each follows from the one before, is signed by both sides and by every veto, and published as signed."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reelm_audit.charter import EVERYTHING, stand, touched
from reelm_audit.entries import EntrySignatureError, charter_to_sign, verify_detached
from reelm_audit.rules.catalogue import found
from reelm_audit.rules.form import Entry
from reelm_audit.rules.subject import At, Bench, Handler
from reelm_audit.tlog import canonical
from reelm_audit.tlog import policy as policies
from reelm_audit.tlog.note import NoteError, Verifier
from reelm_audit.tlog.policy import Policy, PolicyError

GRACE_MINUTES = 15  # an entry made under one charter may enter the ledger just after the next one's adoption


@dataclass(frozen=True)
class Charter:
    """What the ledger says about a charter."""

    index: int
    minute: int
    digest: str
    version: int
    keyholders: frozenset[str]
    threshold: int
    release_policy: Policy | None
    public_policy: Policy | None
    approver_residency: str
    emergency: bool
    text: Mapping[str, Any] | None = None  # its document, where that is published and has a charter's form


class Charters:
    """The charter in force, and how it came to be."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._missing_reported = False
        self.current: Charter | None = None
        self.previous: Charter | None = None
        self.handlers: Mapping[str, Handler] = {"charter.adopted": self._adopted}

    def look(self, minute: int) -> None:
        """Nothing about a charter has a deadline."""

    def check_in_force(self, digest: str, at: At) -> None:
        """Report an entry that invokes another charter than the one in force when it was made."""
        if self.current is None:
            if not self._missing_reported:
                self._missing_reported = True
                self._bench.report(found("charter.missing", "The first entry is not a charter.", at.index))
            return
        if digest == self.current.digest:
            return
        late = at.minute <= self.current.minute + GRACE_MINUTES
        if self.previous is not None and digest == self.previous.digest and late:
            return
        self._bench.report(
            found(
                "charter.not-in-force",
                f"The entry names charter {digest[:12]}…; in force is {self.current.digest[:12]}…, "
                f"adopted in entry {self.current.index}.",
                at.index,
                named=digest,
                in_force=self.current.digest,
            )
        )

    def key_of(self, vkey: str) -> bytes | None:
        """Return a keyholder's raw public key, if this is one in force."""
        if self.current is None or vkey not in self.current.keyholders:
            return None
        try:
            return Verifier.from_vkey(vkey).public_key
        except NoteError:
            return None

    def _adopted(self, entry: Entry, at: At) -> None:
        before = self.current
        self._check_chain(entry, at)
        holders = frozenset(entry["keyholders"])
        if entry["threshold"] > len(holders):
            self._bench.report(
                found(
                    "charter.threshold",
                    f"{entry['threshold']} signatures of {len(holders)} different keyholders are asked for.",
                    at.index,
                )
            )
        self.previous = before
        document = self._document(entry, at)
        self.current = Charter(
            at.index,
            at.minute,
            entry["charter"],
            entry["version"],
            holders,
            entry["threshold"],
            self._policy(entry["release_policy"], "release", at),
            self._policy(entry["public_policy"], "public", at),
            entry["approver_residency"],
            entry["emergency"],
            None if document is None else self._read(entry, document, at),
        )
        if document is not None:
            self._check_signatures(entry, document, before, at)
        if self.current.text is not None:
            self._check_sites(self.current.text, at)

    def _check_chain(self, entry: Entry, at: At) -> None:
        before = self.current
        version, previous = entry["version"], entry.get("previous")
        expected = (1, None) if before is None else (before.version + 1, before.digest)
        if (version, previous) != expected:
            named = "no predecessor" if previous is None else f"{previous[:12]}… as its predecessor"
            follows = (
                "it is the first one"
                if before is None
                else f"entry {before.index} adopted {before.digest[:12]}…"
            )
            self._bench.report(
                found("charter.chain-broken", f"Version {version} names {named}; {follows}.", at.index)
            )

    def _policy(self, text: str, which: str, at: At) -> Policy | None:
        try:
            return policies.parse(text)
        except PolicyError as error:
            self._bench.report(found("charter.policy-unreadable", f"The {which} policy: {error}.", at.index))
            return None

    def _document(self, entry: Entry, at: At) -> bytes | None:
        look_up = self._bench.context.document
        if look_up is None:
            return None
        digest = entry["charter"]
        document = look_up(digest)
        if document is None:
            self._bench.report(
                found("charter.document-missing", f"Charter {digest[:12]}…", at.index, sha256=digest)
            )
            return None
        served = hashlib.sha256(document).hexdigest()
        if served != digest:
            self._bench.report(
                found(
                    "charter.document-other",
                    f"The ledger commits to {digest[:12]}…, served is {served[:12]}….",
                    at.index,
                    committed=digest,
                    served=served,
                )
            )
            return None
        return document

    def _read(self, entry: Entry, document: bytes, at: At) -> Mapping[str, Any] | None:
        """Return the charter's text, if it says what its entry repeats of it."""
        try:
            charter = canonical.decode(document)
            holders, witnesses, staff = charter["keyholders"], charter["witness_policies"], charter["staff"]
            said = {
                "keyholders": [member["vkey"] for member in holders["members"]],
                "threshold": holders["threshold"],
                "release_policy": witnesses["release"],
                "public_policy": witnesses["public"],
                "approver_residency": staff["approver_residency"],
                "emergency": staff["emergency"],
            }
            _ = [(member["name"], member.get("veto", [])) for member in holders["members"]]
        except (canonical.CanonicalError, KeyError, TypeError):
            self._bench.report(
                found("charter.document-contradicts", "The text does not have a charter's form.", at.index)
            )
            return None
        differing = [name for name, value in said.items() if entry[name] != value]
        if differing:
            names = ", ".join(name.replace("_", " ") for name in differing)
            self._bench.report(
                found(
                    "charter.document-contradicts",
                    f"They differ in: {names}.",
                    at.index,
                    fields=", ".join(differing),
                )
            )
        text: Mapping[str, Any] = charter
        return None if differing else text

    def _check_signatures(self, entry: Entry, document: bytes, before: Charter | None, at: At) -> None:
        """Count the keyholders of the charter before, those of this one, and everybody who may veto the change."""
        signed_by, wrong = self._signed_by(entry, document, before, at)
        if wrong:
            return
        own = frozenset(entry["keyholders"])
        sides = [("its own keyholders", own, min(entry["threshold"], len(own)))]  # more is found elsewhere
        if before is not None:
            sides.insert(0, ("the keyholders before it", before.keyholders, before.threshold))
        for whose, keyholders, needed in sides:
            count = len(signed_by & keyholders)
            if count < needed:
                detail = f"{count} of the {needed} needed signatures of {whose} are there."
                self._bench.report(
                    found("charter.signatures-missing", detail, at.index, needed=needed, given=count)
                )
                return
        self._check_vetoes(signed_by, before, at)

    def _check_vetoes(self, signed_by: set[str], before: Charter | None, at: At) -> None:
        now = self.current
        if before is None or before.text is None or now is None or now.text is None:
            return
        changed = ", ".join(sorted(touched(before.text, now.text) - {EVERYTHING}))
        names = {member["vkey"]: member["name"] for member in before.text["keyholders"]["members"]}
        for vkey in sorted(stand(before.text, now.text, signed_by).vetoes):
            self._bench.report(
                found(
                    "charter.veto-missing",
                    f"{names[vkey]} has not signed. Changed: {changed}.",
                    at.index,
                    keyholder=vkey,
                )
            )

    def _check_sites(self, text: Mapping[str, Any], at: At) -> None:
        """Hold each site against each jurisdiction: a realm's data lies at one list of sites."""
        for each in text.get("jurisdictions", []):
            if not isinstance(each, dict) or not each.get("stored_in"):
                continue
            outside = [
                site for site in text.get("storage", []) if site.get("country", "") not in each["stored_in"]
            ]
            if outside:
                places = ", ".join(
                    f"{site['site']} ({site.get('country') or 'no country'})" for site in outside
                )
                self._bench.report(
                    found("charter.site-outside", f"People of {each['country']}; sites: {places}.", at.index)
                )

    def _signed_by(
        self, entry: Entry, document: bytes, before: Charter | None, at: At
    ) -> tuple[set[str], bool]:
        """Return the keyholders whose signatures hold, and whether there is a signature that doesn't."""
        signed, signed_by, wrong = charter_to_sign(document), set[str](), False
        counted = frozenset(entry["keyholders"]) | (before.keyholders if before else frozenset())
        for each in entry["signatures"]:
            keyholder = each["keyholder"]
            if keyholder not in counted:
                continue
            try:
                verify_detached(signed, each["signature"], Verifier.from_vkey(keyholder).public_key)
            except (EntrySignatureError, NoteError) as error:
                wrong = True
                self._bench.report(
                    found("charter.signature-invalid", f"{error}.", at.index, keyholder=keyholder)
                )
            else:
                signed_by.add(keyholder)
        return signed_by, wrong


def key_id_of(key: str) -> str:
    """Return the name of a staff key: the first 8 bytes of its SHA-256, hexadecimal."""
    return hashlib.sha256(base64.b64decode(key)).hexdigest()[:16]
