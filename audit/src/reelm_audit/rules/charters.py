"""Charters: each follows from the one before, by its keyholders' signatures, and is published as it was signed."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

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
        )
        document = self._document(entry, at)
        if document is not None:
            self._check_document(entry, document, at)
            self._check_signatures(entry, document, before or self.current, at)

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

    def _check_document(self, entry: Entry, document: bytes, at: At) -> None:
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
        except (canonical.CanonicalError, KeyError, TypeError):
            self._bench.report(
                found("charter.document-contradicts", "The text does not have a charter's form.", at.index)
            )
            return
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

    def _check_signatures(self, entry: Entry, document: bytes, judges: Charter, at: At) -> None:
        """Count the signatures of the keyholders of the charter *before*: they decide on a change."""
        signed, signed_by, wrong = charter_to_sign(document), set(), False
        own = frozenset(entry["keyholders"])
        for each in entry["signatures"]:
            keyholder = each["keyholder"]
            if keyholder not in judges.keyholders | own:
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
        count = len(signed_by & judges.keyholders)
        if count < judges.threshold and not wrong:
            self._bench.report(
                found(
                    "charter.signatures-missing",
                    f"{count} of the {judges.threshold} needed signatures are there.",
                    at.index,
                    needed=judges.threshold,
                    given=count,
                )
            )


def key_id_of(key: str) -> str:
    """Return the name of a staff key: the first 8 bytes of its SHA-256, hexadecimal."""
    return hashlib.sha256(base64.b64decode(key)).hexdigest()[:16]
