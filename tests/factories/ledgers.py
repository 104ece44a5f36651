"""Ledgers without a realm: a script that writes entries as a well-run realm would, with real keys, and puts them on disk.

Everything follows from the seed. Time is the script's own; each full hour that passes gets its account of released
keys. `life` plays a realistic mix of all kinds.
"""

import base64
import hashlib
import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.factories.ledger_border import BorderLife
from tests.factories.ledger_cast import Asked, Member, Terms
from tests.factories.ledger_feed import FeedLife

from reelm_audit.bundle import About
from reelm_audit.entries import charter_to_sign, to_sign
from reelm_audit.rules.minutes import HOUR, parse, text_of
from reelm_audit.tlog import canonical
from reelm_audit.tlog.checkpoint import Checkpoint
from reelm_audit.tlog.cosignature import CosignatureSigner
from reelm_audit.tlog.merkle import Frontier, leaf_hashes, root_of
from reelm_audit.tlog.note import Ed25519Signer
from reelm_audit.tlog.tiles import WIDTH, encode_bundle, encode_tile, entries_path, tile_path, width_at

ORIGIN = "realm.example/ledger"
URL = "https://realm.example"
START = "2026-01-05T08:00Z"
CLASSES = ("identity", "social", "telemetry", "private")
REASONS = ("support", "support", "support", "safety", "safety", "legal", "technical")
SESSION, FEED = "session", "schedule"


@dataclass
class Script:
    """Writes a ledger entry by entry."""

    seed: int = 1
    witnesses: int = 2
    begin: bool = True
    entries: list[bytes] = field(default_factory=list)
    documents: dict[str, bytes] = field(default_factory=dict)
    staff: list[Member] = field(default_factory=list)
    open: list[Asked] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    charter: str = ""
    version: int = 0
    build: str = ""

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.minute = parse(START)
        self.feed = FeedLife(self)
        self.log = Ed25519Signer(ORIGIN, self.secret())
        self.cosigners = [
            CosignatureSigner(f"witness{n}.example", self.secret()) for n in range(1, self.witnesses + 1)
        ]
        self.keyholders = [Ed25519Signer(f"keyholder{n}.example", self.secret()) for n in (1, 2, 3)]
        self.terms = Terms([self.keyholders[0]], public_policy=self.policy())
        if self.begin:
            self.adopt(self.terms)
            self.deploy()
            self.staff = [self.enrol(country) for country in ("FR", "FR", "DE")]

    # — keys and chance —

    def secret(self) -> bytes:
        return self.random.randbytes(32)

    def another(self, reference: str) -> str:
        """Return a fresh mark of the person whom a request names by another."""
        return hashlib.sha256(f"{reference} {self.size}".encode()).hexdigest()

    def digest(self) -> str:
        return self.random.randbytes(32).hex()

    def policy(self) -> str:
        """Return a policy that asks for all witnesses."""
        if not self.cosigners:
            return "quorum none\n"
        names = [f"w{n}" for n in range(1, len(self.cosigners) + 1)]
        lines = [f"witness {name} {each.vkey}\n" for name, each in zip(names, self.cosigners, strict=True)]
        return "".join(lines) + f"group all-of-them all {' '.join(names)}\nquorum all-of-them\n"

    # — writing —

    @property
    def size(self) -> int:
        return len(self.entries)

    def raw(self, data: bytes) -> int:
        """Append bytes as they are; return their index."""
        self.entries.append(data)
        return len(self.entries) - 1

    def append(self, kind: str, **fields: Any) -> int:
        entry = {"kind": kind, "at": text_of(self.minute), "charter": self.charter, **fields}
        return self.raw(canonical.encode({name: value for name, value in entry.items() if value is not None}))

    def signed(self, kind: str, signer: Ed25519PrivateKey | Ed25519Signer, /, **fields: Any) -> int:
        entry = {"kind": kind, "at": text_of(self.minute), "charter": self.charter, **fields}
        entry = {name: value for name, value in entry.items() if value is not None}
        entry["signature"] = base64.b64encode(signer.sign(to_sign(entry))).decode()
        return self.raw(canonical.encode(entry))

    def wait(self, minutes: int) -> None:
        """Let time pass; account for each hour that becomes full."""
        for _ in range(minutes):
            self.minute += 1
            self.feed.pass_minute()
            if self.minute % HOUR == 0:
                self.account(self.minute - HOUR)

    def account(self, hour: int, **counts: int) -> int:
        """Write the account of an hour; what is not given was counted on the way."""
        usual = {SESSION: self.random.randrange(20, 400), FEED: self.random.randrange(5), **self.counts}
        self.counts.clear()
        return self.append("keys.released", hour=text_of(hour), counts={**usual, **counts})

    # — acts —

    def adopt(self, terms: Terms, signers: Sequence[Ed25519Signer] | None = None, **fields: Any) -> int:
        document = terms.document()
        previous, self.charter = self.charter or None, hashlib.sha256(document).hexdigest()
        self.documents[self.charter] = document
        self.version += 1
        signatures = [
            {
                "keyholder": each.vkey,
                "signature": base64.b64encode(each.sign(charter_to_sign(document))).decode(),
            }
            for each in (_both(self.terms, terms) if signers is None else signers)
        ]
        self.terms = terms
        said = {
            "version": self.version,
            "previous": previous,
            "keyholders": [each.vkey for each in terms.keyholders],
            "threshold": terms.threshold,
            "release_policy": terms.release_policy,
            "public_policy": terms.public_policy,
            "approver_residency": terms.approver_residency,
            "emergency": terms.emergency,
            "signatures": signatures,
        }
        return self.append("charter.adopted", **{**said, **fields})

    def deploy(self, **fields: Any) -> int:
        data_map = canonical.encode({"tables": [], "release": self.random.randrange(10**6)})
        digest = hashlib.sha256(data_map).hexdigest()
        self.documents[digest] = data_map
        self.build = self.digest()
        said = {
            "version": f"0.{self.size}",
            "build": self.build,
            "source": self.digest()[:40],
            "ranker": self.digest(),
            "data_map": digest,
        }
        return self.append("release.deployed", **{**said, **fields})

    def enrol(self, country: str, by: Ed25519Signer | None = None, **fields: Any) -> Member:
        member = Member(Ed25519PrivateKey.from_private_bytes(self.secret()), country)
        self.enrol_again(member, by, **fields)
        return member

    def enrol_again(self, member: Member, by: Ed25519Signer | None = None, **fields: Any) -> int:
        by = by or self.keyholders[0]
        said = {
            "staff": member.staff,
            "key": base64.b64encode(member.public).decode(),
            "country": member.country,
            "keyholder": by.vkey,
        }
        return self.signed("staff.enrolled", by, **{**said, **fields})

    def leave(self, member: Member) -> int:
        by = self.keyholders[0]
        return self.signed("staff.left", by, staff=member.staff, keyholder=by.vkey)

    def ask(self, by: Member | None = None, **fields: Any) -> Asked:
        by = by or self.random.choice(self.staff)
        said = {
            "staff": by.staff,
            "document": self.digest(),
            "people": [self.digest() for _ in range(self.random.choice((1, 1, 1, 2, 3)))],
            "classes": sorted(self.random.sample(CLASSES, self.random.choice((1, 1, 2)))),
            "minutes": self.random.choice((15, 30, 60, 120, 240)),
            "reason": self.random.choice(REASONS),
            "country": by.country,
            "emergency": False,
            **fields,
        }
        index = self.signed("grant.requested", by.key, **said)
        asked = Asked(
            index, by, said["people"], said["classes"], said["minutes"], said["emergency"], self.minute
        )
        self.open.append(asked)
        return asked

    def approve(self, asked: Asked, by: Member | None = None, **fields: Any) -> Asked:
        by = by or (asked.by if asked.emergency else next(m for m in self.staff if m is not asked.by))
        asked.expires = self.minute + asked.minutes
        said = {
            "request": asked.index,
            "staff": by.staff,
            "country": by.country,
            "expires_at": text_of(asked.expires),
            "emergency": asked.emergency,
        }
        asked.approval = self.signed("grant.approved", by.key, **{**said, **fields})
        return asked

    def deny(self, asked: Asked, by: Member | None = None) -> int:
        self.open.remove(asked)
        by = by or next(m for m in self.staff if m is not asked.by)
        return self.signed("grant.denied", by.key, request=asked.index, cause="refused", staff=by.staff)

    def lapse(self, asked: Asked) -> int:
        self.open.remove(asked)
        return self.append("grant.denied", request=asked.index, cause="unanswered")

    def use(self, asked: Asked, **fields: Any) -> int:
        said = {
            "request": asked.index,
            "approval": asked.approval,
            "person": self.another(self.random.choice(asked.people)),
            "data_class": self.random.choice(asked.classes),
            "count": 1,
            **fields,
        }
        self.counts["grant"] += said["count"]
        return self.append("grant.used", **said)

    def end(self, asked: Asked, cause: str | None = None) -> int:
        if asked in self.open:
            self.open.remove(asked)
        over = self.minute >= asked.expires
        return self.append(
            "grant.expired", request=asked.index, cause=cause or ("time" if over else "closed")
        )

    def grant(self, **fields: Any) -> Asked:
        """Ask and have it approved, a little later."""
        asked = self.ask(**fields)
        self.wait(3)
        return self.approve(asked)

    def export(self, **fields: Any) -> int:
        return self.append(
            "rights.exported", **{"person": self.digest(), "manifest": self.digest(), **fields}
        )

    def erase(self, **fields: Any) -> int:
        return self.append("rights.erased", **{"person": self.digest(), **fields})

    def rotate(self) -> int:
        """Change the ledger's key; from here on the new one signs."""
        new = Ed25519Signer(ORIGIN, self.secret())
        index = self.append("key.rotated", old=self.log.vkey, new=new.vkey)
        self.log = new
        return index

    def restore(self) -> int:
        behind = self.random.randrange(1, 40)
        return self.append("ledger.restored", db_size=max(0, self.size - behind), adopted_size=self.size)

    # — life —

    def life(self, until: int, *, milestones: bool = False) -> "Script":
        """Live until the ledger holds `until` entries; with `milestones` through all kinds, rare ones too."""
        marks = [int(self.size + (until - self.size) * n / 12) for n in range(1, 12)] if milestones else []
        while self.size < until:
            if marks and self.size >= marks[0]:
                marks.pop(0)
                self._milestone(len(marks))
            self._moment()
        return self

    def quiet(self) -> "Script":
        """Bring everything that is open to its end."""
        for asked in list(self.open):
            if asked.approval < 0:
                self.deny(asked)
            else:
                self.end(asked, "closed" if self.minute < asked.expires else "time")
        return self

    def _moment(self) -> None:
        chance = self.random.random()
        if chance < 0.16:
            self.export()
        elif chance < 0.22:
            self.erase()
        elif chance < 0.30:
            self.ask()
        elif chance < 0.34:
            self.wait(self.random.choice((1, 2, 5, 7)))
        elif self.open:
            self._go_on(self.random.choice(self.open))
        for asked in [each for each in self.open if each.approval >= 0 and each.expires <= self.minute]:
            self.end(asked, "time")

    def _go_on(self, asked: Asked) -> None:
        if asked.approval < 0:
            chance = self.random.random()
            if self.minute - asked.made > 12 * HOUR:
                self.lapse(asked)
            elif chance < 0.08:
                self.deny(asked)
            else:
                self.approve(asked)
        elif self.random.random() < 0.15:
            self.end(asked)
        else:
            self.use(asked)

    def _milestone(self, number: int) -> None:
        if number % 4 == 0:
            self.deploy()
        elif number % 4 == 1:
            self.staff.append(self.enrol("FR"))
            leaving = self.staff.pop(0)
            for asked in [each for each in self.open if each.by is leaving]:
                self.quiet_one(asked)
            self.leave(leaving)
        elif number % 4 == 2:
            self.adopt(
                Terms(self.terms.keyholders, 1, "quorum none\n", self.policy(), words=f"Now {number}.")
            )
        elif number == 3:
            self.restore()
            self.feed.change()
            self.feed.adjust()
            self.feed.adjust(0)
            self.quiet()
            border = BorderLife(self).hour()
            border.receive()
            border.refuse()
            border.state()
        else:
            self.rotate()
            self.feed.begin()

    def quiet_one(self, asked: Asked) -> None:
        if asked.approval < 0:
            self.deny(asked)
        else:
            self.end(asked)

    # — publication —

    def checkpoint(self, size: int | None = None, entries: Sequence[bytes] | None = None) -> str:
        """Return the text of the checkpoint over the first `size` entries."""
        some = (self.entries if entries is None else entries)[:size]
        frontier = Frontier()
        frontier.extend(leaf_hashes(some))
        return Checkpoint(ORIGIN, len(some), frontier.root()).text()

    @property
    def now(self) -> int:
        """The script's moment in seconds since 1970."""
        return self.minute * 60 + 20

    def note(
        self, text: str, cosigners: Sequence[CosignatureSigner] | None = None, when: int | None = None
    ) -> str:
        """Return a checkpoint signed by the log and the witnesses."""
        lines = [
            each.signature_line(text, self.now if when is None else when)
            for each in (self.cosigners if cosigners is None else cosigners)
        ]
        return text + "\n" + self.log.signature_line(text) + "".join(lines)

    def write(self, folder: Path, note: str | None = None, entries: Sequence[bytes] | None = None) -> Path:
        """Put the ledger on disk as a realm publishes it, and as a copy of it is kept; return the folder."""
        published = list(self.entries if entries is None else entries)
        hashes = leaf_hashes(published)
        frontier = Frontier()
        frontier.extend(hashes)
        for start in range(0, len(published), WIDTH):
            some = published[start : start + WIDTH]
            _put(folder / entries_path(start // WIDTH, len(some)), encode_bundle(some))
        for path, data in _tiles(hashes):
            _put(folder / path, data)
        for digest, document in self.documents.items():
            _put(folder / "document" / f"{digest}.json", document)
        _put(folder / "checkpoint", (note or self.note(self.checkpoint(entries=published))).encode())
        about = About(URL, self.log.vkey, len(published), tuple(node.hex() for node in frontier.nodes))
        _put(folder / "mirror.json", about.encode())
        return folder


def _tiles(hashes: list[bytes]) -> Iterator[tuple[str, bytes]]:
    """Yield path and bytes of each tile of hashes."""
    size, level = len(hashes), 0
    while size >> 8 * level:
        for index in range(-(-(size >> 8 * level) // WIDTH)):
            width = width_at(size, level, index)
            yield tile_path(level, index, width), encode_tile(hashes[index * WIDTH : index * WIDTH + width])
        hashes = [root_of(hashes[n : n + WIDTH]) for n in range(0, len(hashes) - WIDTH + 1, WIDTH)]
        level += 1


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def fields_of(data: bytes) -> dict[str, Any]:
    """Return an entry's fields."""
    entry: dict[str, Any] = json.loads(data)
    return entry


def _both(old: Terms, new: Terms) -> list[Ed25519Signer]:
    """The keyholders of both sides of a change, each once."""
    return list({each.vkey: each for each in (*old.keyholders, *new.keyholders)}.values())
