"""A scripted realm's border: a charter that opens it, deliveries, hourly accounts, statements of its sites."""

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.factories.ledger_cast import Terms

from reelm_audit.rules.minutes import HOUR, text_of
from reelm_audit.tlog import canonical
from reelm_audit.tlog.note import Ed25519Signer

if TYPE_CHECKING:
    from tests.factories.ledgers import Script

POLICY = """
@id("public-between-us")
permit (principal, action, resource)
when { context.network_member && context.data_class == "public" && context.purpose == "publish" };

@id("acts-between-us")
permit (principal, action in [Action::"Follow", Action::"Like", Action::"Undo"], resource)
when { context.network_member && context.data_class == "social" && context.purpose == "interact" };
"""
PUBLISHED = {
    "act": "Create",
    "object_type": "Video",
    "purpose": "publish",
    "classes": ["public"],
    "policy": "public-between-us",
    "count": 3,
    "bytes": 4_200,
}


@dataclass
class BorderTerms(Terms):
    """A charter with a border and two sites."""

    borders: str = POLICY
    border_vkey: str = ""
    signer: str = ""
    realm: str = "home"

    def document(self) -> bytes:
        said = {
            "realm": self.realm,
            "borders": self.borders,
            "border_vkey": self.border_vkey,
            "storage": [
                {"site": "Harbour Street", "country": "FR", "purposes": ["primary"], "signer": self.signer},
                {"site": "The old mill", "country": "FR", "purposes": ["backup"], "signer": self.signer},
            ],
        }
        return canonical.encode({**canonical.decode(super().document()), **said})


class BorderLife:
    """The border of a script; from its making on, the script's charter opens it."""

    def __init__(self, script: "Script", **terms: str) -> None:
        self._script = script
        self.key = Ed25519Signer("home.border", script.secret())
        self.signer = Ed25519Signer("harbour.example", script.secret())
        self._counted: Counter[str] = Counter()
        old = script.terms
        fresh = BorderTerms(
            old.keyholders,
            old.threshold,
            old.release_policy,
            old.public_policy,
            border_vkey=self.key.vkey,
            signer=self.signer.vkey,
        )
        for name, value in terms.items():
            setattr(fresh, name, value)
        script.adopt(fresh)

    def cross(self, peer: str = "world", *, member: bool = True, **line: Any) -> tuple[int, str]:
        """Write one delivery; return its entry's index and its root."""
        root = self._script.digest()
        said = {**PUBLISHED, **line}
        self._counted[peer] += said["count"]
        index = self._script.append("border.crossed", peer=peer, member=member, batch=root, lines=[said])
        return index, root

    def receive(self, root: str | None = None, peer: str = "world", **fields: Any) -> int:
        said = {"entry": 7, "count": 3, "bytes": 4_200, "refused": 0, **fields}
        return self._script.append("border.received", peer=peer, batch=root or self._script.digest(), **said)

    def account(self, key: Ed25519Signer | None = None, more: int = 0, **fields: Any) -> int:
        """Account for the hour before the present one."""
        hour = self._script.minute - self._script.minute % HOUR - HOUR
        counts = [
            {
                "kind": "crossing",
                "direction": "out",
                "peer": peer,
                "data_class": "public",
                "objects": count + more,
                "bytes": 100 * count,
            }
            for peer, count in sorted(self._counted.items())
        ]
        self._counted.clear()
        key = key or self.key
        said = {"hour": text_of(hour), "counts": counts, "border": key.vkey, **fields}
        return self._script.signed("border.counted", key, **said)

    def state(self, by: Ed25519Signer | None = None, **fields: Any) -> int:
        """State what lies at a site."""
        signer = by or self.signer
        said = {
            "site": "Harbour Street",
            "country": "FR",
            "purposes": ["primary"],
            "held": [
                {"data_class": "public", "bytes": 5_000_000},
                {"data_class": "identity", "bytes": 40_000},
            ],
            "signer": signer.vkey,
            **fields,
        }
        return self._script.signed("site.stated", signer, **said)

    def refuse(self) -> int:
        """Write that something was not let through."""
        return self._script.append(
            "border.refused",
            direction="out",
            channel="crossing",
            peer="world",
            object_type="Person",
            classes=["identity"],
            fields=["phone"],
            reason="class",
            count=1,
        )

    def hour(self) -> "BorderLife":
        """Let an hour with a few deliveries pass, and account for it."""
        to_full = HOUR - self._script.minute % HOUR
        self._script.wait(to_full)
        self._script.wait(10)
        self.cross()
        self.cross("us", act="Follow", object_type="Person", purpose="interact", classes=["social"], count=1)
        self._script.wait(HOUR - 10)
        self.account()
        return self
