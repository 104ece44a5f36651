"""Who and what a scripted ledger is about: a member of staff, a grant on its way, what a charter says."""

import hashlib
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from reelm_audit.tlog import canonical
from reelm_audit.tlog.note import Ed25519Signer


@dataclass
class Member:
    """A member of staff and their key."""

    key: Ed25519PrivateKey
    country: str

    @property
    def public(self) -> bytes:
        return self.key.public_key().public_bytes_raw()

    @property
    def staff(self) -> str:
        return hashlib.sha256(self.public).hexdigest()[:16]


@dataclass
class Asked:
    """A grant, as far as it has come."""

    index: int
    by: Member
    people: list[str]
    classes: list[str]
    minutes: int
    emergency: bool
    made: int
    approval: int = -1
    expires: int = 0


@dataclass
class Terms:
    """What the next charter says."""

    keyholders: list[Ed25519Signer]
    threshold: int = 1
    release_policy: str = "quorum none\n"
    public_policy: str = "quorum none\n"
    approver_residency: str = ""
    emergency: bool = True
    words: str = "We keep what we say."
    vetoes: tuple[tuple[str, ...], ...] = ()
    lives: tuple[tuple[str, tuple[str, ...]], ...] = ()
    stored: tuple[tuple[str, str], ...] = ()

    def document(self) -> bytes:
        vetoes = [*self.vetoes, *[()] * len(self.keyholders)]
        return canonical.encode(
            {
                "name": "Example",
                **self._places(),
                "words": self.words,
                "keyholders": {
                    "threshold": self.threshold,
                    "members": [
                        {
                            "name": f"Keyholder {n}",
                            "role": "operator",
                            "vkey": each.vkey,
                            **({"veto": list(vetoes[n - 1])} if vetoes[n - 1] else {}),
                        }
                        for n, each in enumerate(self.keyholders, 1)
                    ],
                },
                "witness_policies": {"release": self.release_policy, "public": self.public_policy},
                "staff": {"approver_residency": self.approver_residency, "emergency": self.emergency},
            }
        )

    def _places(self) -> dict[str, object]:
        lives = [{"country": country, "stored_in": list(where)} for country, where in self.lives]
        stored = [{"site": site, "country": country} for site, country in self.stored]
        return {"jurisdictions": lives, "storage": stored} if lives or stored else {}
