"""The part of a script's life that is about ranking: batches every ten seconds, models, declared lists, snapshots."""

import hashlib
from typing import TYPE_CHECKING, Any

from reelm_audit.feed import promises
from reelm_audit.feed.maps import map_root
from reelm_audit.rules.feeds import NO_ADJUSTMENTS, NOTHING
from reelm_audit.tlog import canonical
from reelm_audit.tlog.note import Ed25519Signer

if TYPE_CHECKING:
    from tests.factories.ledgers import Script


class FeedLife:
    """What a script's realm writes about its feed, once it serves one."""

    def __init__(self, script: "Script") -> None:
        self.script = script
        self.serves = False
        self.batch = 0
        self.chain = NOTHING
        self.model: str | None = None
        self.list = NO_ADJUSTMENTS
        self.generation = ""
        self.seq = 0

    def begin(self) -> None:
        """Serve from here on."""
        self.name_key()
        self.change("seed")
        self.serves = True
        self.batch = self.script.minute * 6 - 1
        self.generation = hashlib.sha256(b"catalog").hexdigest()[:32]

    def name_key(self) -> int:
        return self.script.append(
            "promise.key", vkey=Ed25519Signer("realm.example/ledger", self.script.secret()).vkey
        )

    def pass_minute(self) -> None:
        """Write the batches of a minute, and each ten minutes what there is of the catalog."""
        while self.serves and self.batch < self.script.minute * 6 + 5:
            self.serve()
        if self.serves and self.script.minute % 10 == 0:
            self.snapshot()
            self.lists()

    def serve(self, **fields: Any) -> int:
        """Write the next batch."""
        self.batch = fields.get("batch", self.batch + 1)
        said = {"batch": self.batch, "root": self.script.digest(), "previous": self.chain, **fields}
        previous, root = bytes.fromhex(said["previous"]), bytes.fromhex(said["root"])
        self.chain = promises.batch_hash(self.batch, previous, root).hex()
        return self.script.append("feed.receipts", **said)

    def document(self, what: str) -> str:
        """Publish something; return its digest."""
        data = canonical.encode({"what": what, "n": self.script.size})
        digest = hashlib.sha256(data).hexdigest()
        self.script.documents[digest] = data
        return digest

    def change(self, cause: str = "release", **fields: Any) -> int:
        """Put another model in force."""
        said = {
            **{name: self.document(name) for name in ("model", "policy", "card", "rule")},
            "cause": cause,
            "previous": self.model,
            **fields,
        }
        self.model = said["model"]
        return self.script.append("ranking.changed", **said)

    def adjust(self, count: int = 3, **fields: Any) -> int:
        """Declare another list of boosts and demotions."""
        root = NO_ADJUSTMENTS if count == 0 else map_root(count, self.script.random.randbytes(32)).hex()
        said = {"root": root, "previous": self.list, "count": count, **fields}
        self.list = said["root"]
        return self.script.append("ranking.adjusted", **said)

    def snapshot(self, **fields: Any) -> int:
        self.seq += 1
        said = {"generation": self.generation, "seq": self.seq, "digest": self.script.digest(), **fields}
        return self.script.append("feed.snapshot", **said)

    def lists(self, **fields: Any) -> int:
        return self.script.append(
            "feed.lists", **{"epoch": self.script.minute // 10, "document": self.script.digest(), **fields}
        )
