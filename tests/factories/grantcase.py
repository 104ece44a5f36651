"""A grant with its whole evidence, made as a realm makes it; for tests that then change one thing of it."""

import base64
import datetime as dt
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import msgspec
from tests.factories.logs import MemoryLog

from reelm.custody.grantproof import CharterRules, staff_id
from reelm.custody.opening_schemas import GrantOpening, LoggedEntry
from reelm.custody.references import opening_of, reference_of
from reelm.ledger.entries import minute
from reelm_audit.entries import to_sign
from reelm_audit.tlog import canonical, policy
from reelm_audit.tlog.cosignature import CosignatureSigner
from reelm_audit.tlog.note import Ed25519Signer

NOW = dt.datetime(2026, 11, 22, 9, 30, 20, tzinfo=dt.UTC)
CHARTER = "c4" * 32
GRANT, USE = UUID(int=0x6A), UUID(int=0x6B)
PERSON, OTHER = UUID(int=0x11), UUID(int=0x12)
CLIP = UUID(int=0xC11)
LEDGER_KEY = bytes(range(32))
KEYHOLDER = Ed25519Signer("operator", b"k" * 32)
STRANGER = Ed25519Signer("stranger", b"s" * 32)
ASKER = Ed25519Signer("asker", b"a" * 32)
APPROVER = Ed25519Signer("approver", b"b" * 32)
WITNESS = CosignatureSigner("witness.example/w", b"w" * 32)
RELEASE = f"witness w {WITNESS.vkey}\nquorum w\n"


def sign(entry: dict[str, Any], by: Ed25519Signer) -> dict[str, Any]:
    return {**entry, "signature": base64.b64encode(by.sign(to_sign(entry))).decode()}


def enrolment(of: Ed25519Signer, *, by: Ed25519Signer = KEYHOLDER, country: str = "DE") -> dict[str, Any]:
    return sign(
        {
            "kind": "staff.enrolled",
            "at": "2026-11-01T08:00Z",
            "charter": "00" * 32,  # an earlier one: whoever is enrolled stays so
            "staff": staff_id(of.public_key),
            "key": base64.b64encode(of.public_key).decode(),
            "country": country,
            "keyholder": by.vkey,
        },
        by,
    )


@dataclass
class Case:
    """What the entries say; `build` signs and logs them. Change a field first, and the evidence is about that."""

    what: str = "identity"
    ledger_key: bytes = LEDGER_KEY
    person_id: UUID = PERSON
    clip_id: UUID | None = None
    asker: Ed25519Signer = ASKER
    approver: Ed25519Signer = APPROVER
    nonce: bytes = b"n" * 16
    use_nonce: bytes = b"u" * 16
    request: dict[str, Any] = field(default_factory=dict)
    approval: dict[str, Any] = field(default_factory=dict)
    use: dict[str, Any] = field(default_factory=dict)
    document: dict[str, Any] = field(default_factory=dict)
    use_document: dict[str, Any] = field(default_factory=dict)
    enrolments: list[dict[str, Any]] | None = None
    order: tuple[str, ...] = ("staff", "request", "approval", "use")
    rules: CharterRules = field(
        default_factory=lambda: CharterRules(
            CHARTER, (KEYHOLDER.vkey,), policy.parse(RELEASE), "", emergency=True
        )
    )
    log: MemoryLog = field(default_factory=lambda: MemoryLog(witnesses=[WITNESS]))
    now: dt.datetime = NOW
    token: str = "token"

    def ago(self, minutes: float) -> str:
        return minute(self.now - dt.timedelta(minutes=minutes))

    def build(self) -> GrantOpening:
        person = self.person_id.hex
        document = canonical.encode({"grant": GRANT.hex, "person": person, **self.document})
        about = {"grant": GRANT.hex, "person": person, "use": USE.hex, "what": self.what}
        if self.clip_id is not None:
            about["clip"] = self.clip_id.hex
        use_document = canonical.encode({**about, **self.use_document})
        signers = dict.fromkeys((self.asker, self.approver))
        staff = self.enrolments or [enrolment(each) for each in signers]
        places: dict[str, int] = {}
        bodies: dict[str, bytes] = {}
        for step in self.order:
            self.log.append(b"something else %d" % len(self.log.entries))
            if step == "staff":
                places["staff"] = len(self.log.entries)
                for each in staff:
                    self.log.append(canonical.encode(each))
                continue
            body = canonical.encode(self._entry(step, places, document, use_document))
            places[step], bodies[step] = len(self.log.entries), body
            self.log.append(body)
        self.log.append(b"and more")

        def logged(index: int) -> LoggedEntry:
            return LoggedEntry(index, self.log.entries[index], self.log.proof(index).text())

        return GrantOpening(
            token=self.token,
            request=logged(places["request"]),
            approval=logged(places["approval"]),
            use=logged(places["use"]),
            staff=[logged(places["staff"] + number) for number in range(len(staff))],
            person_id=self.person_id,
            nonce=self.nonce,
            document=document,
            use_nonce=self.use_nonce,
            use_document=use_document,
            what=self.what,  # type: ignore[arg-type]
            clip_id=self.clip_id,
        )

    def _entry(
        self, step: str, places: dict[str, int], document: bytes, use_document: bytes
    ) -> dict[str, Any]:
        needed = "private" if self.what == "clip" else self.what
        if step == "request":
            reference = reference_of(opening_of(self.ledger_key, self.nonce), "grant.requested", document)
            entry = {
                "kind": "grant.requested",
                "at": self.ago(30),
                "charter": CHARTER,
                "staff": staff_id(self.asker.public_key),
                "document": "d0" * 32,
                "people": ["ab" * 32, reference],
                "classes": [needed],
                "minutes": 60,
                "reason": "support",
                "country": "DE",
                "emergency": False,
            }
            return sign({**entry, **self.request}, self.asker)
        if step == "approval":
            entry = {
                "kind": "grant.approved",
                "at": self.ago(20),
                "charter": CHARTER,
                "request": places.get("request", 0),
                "staff": staff_id(self.approver.public_key),
                "country": "FR",
                "expires_at": self.ago(-40),
                "emergency": False,
            }
            return sign({**entry, **self.approval}, self.approver)
        reference = reference_of(opening_of(self.ledger_key, self.use_nonce), "grant.used", use_document)
        entry = {
            "kind": "grant.used",
            "at": self.ago(1),
            "charter": CHARTER,
            "request": places.get("request", 0),
            "approval": places.get("approval", 0),
            "person": reference,
            "data_class": needed,
            "count": 1,
        }
        return {**entry, **self.use}

    def with_rules(self, **changed: Any) -> "Case":
        return replace(self, rules=replace(self.rules, **changed))


def emergency(**changed: Any) -> Case:
    """An emergency of one person alone."""
    said = {"emergency": True}
    return Case(
        approver=ASKER,
        request={**said, "minutes": 30, "at": minute(NOW - dt.timedelta(minutes=6))},
        approval={
            **said,
            "at": minute(NOW - dt.timedelta(minutes=5)),
            "expires_at": minute(NOW + dt.timedelta(minutes=25)),
        },
        **changed,
    )


def altered(asked: GrantOpening, part: str, **changed: Any) -> GrantOpening:
    """Change one of the logged entries as it is handed over (not as it was logged)."""
    if part.startswith("staff"):
        number = int(part[5:])
        staff = list(asked.staff)
        staff[number] = msgspec.structs.replace(staff[number], **changed)
        return msgspec.structs.replace(asked, staff=staff)
    return msgspec.structs.replace(asked, **{part: msgspec.structs.replace(getattr(asked, part), **changed)})
