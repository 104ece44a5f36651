"""Pages of For You without a realm: a model, a policy, candidates, a page chosen by the rules, its promise, its batch.

Everything follows from the seed. What is made here is right; tests break one thing of it.
"""

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.factories.logs import MemoryLog

from reelm_audit.feed import choosing, layout, maps, promises, ranker, replay
from reelm_audit.feed.evidence import ShownAdjustment
from reelm_audit.feed.files import FeedFile, FileAdjustments, LoggedEntry
from reelm_audit.feed.layout import FEATURES, Receipt, Scored
from reelm_audit.tlog import canonical
from reelm_audit.tlog.note import Ed25519Signer

POLICY = {
    "format": "reelm-policy/1",
    "scored": {"best": 72, "fresh": 8},
    "select": {"apart": 3, "apart_tags": 2, "explore_every": 10, "explore_at": 5},
}
TIME = 1_790_000_003
AT = "2026-09-21T13:33Z"
CHARTER = "c" * 64
BITS = [1, 1, 1, 2, 4, 8, 16, 64, 64, 128, 128, 129, 68]


def model_fields(chance: random.Random, *, trees: int = 12, heads: int = 3) -> dict[str, Any]:
    """A model with trees at random, of the size that a realm's release has."""
    return {
        "format": ranker.FORMAT,
        "name": "trained-3",
        "made_at": "2026-09-21",
        "features": list(FEATURES),
        "linear": [chance.randrange(-200, 200) for _ in FEATURES],
        "linear_shift": 4,
        "pre_weight": 5,
        "wish_points": 150,
        "heads": [
            {
                "name": name,
                "weight": weight,
                "base": chance.randrange(-500, 500),
                "trees": [_tree(chance) for _ in range(trees)],
            }
            for name, weight in (("watch", 9), ("act", 14), ("leave", -11))[:heads]
        ],
        "shift": 6,
    }


def _tree(chance: random.Random, splits: int = 7) -> dict[str, list[int]]:
    tree: dict[str, list[int]] = {
        "feature": [-1], "threshold": [0], "left": [-1], "right": [-1], "value": [chance.randrange(-900, 900)]
    }  # fmt: skip
    for _ in range(splits):
        node = chance.choice([n for n, feature in enumerate(tree["feature"]) if feature == -1])
        tree["feature"][node] = chance.randrange(len(FEATURES))
        tree["threshold"][node] = chance.randrange(-100, 1000)
        for side in ("left", "right"):
            tree[side][node] = len(tree["feature"])
            value = tree["value"][node] + chance.randrange(-900, 900)
            for name, number in (
                ("feature", -1),
                ("threshold", 0),
                ("left", -1),
                ("right", -1),
                ("value", value),
            ):
                tree[name].append(number)
    return tree


@dataclass
class FeedCase:
    """One page, and all that belongs to it."""

    seed: int = 1
    candidates: int = 230
    count: int = 20
    position: int = 0
    trees: int = 12
    adjustments: bool = True
    policy_fields: dict[str, Any] = field(default_factory=lambda: POLICY)
    visit: bytes = b""
    served: bytes = layout.ZERO
    receipt: Receipt = field(init=False)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.model_bytes = canonical.encode(model_fields(self.random, trees=self.trees))
        self.model = ranker.parse(self.model_bytes)
        self.policy_bytes = canonical.encode(self.policy_fields)
        self.policy = choosing.parse_policy(self.policy_bytes)
        self.key = self.random.randbytes(32)
        self.promiser = Ed25519Signer("realm.example/ledger", self.random.randbytes(32))
        self.process = Ed25519Signer("process", self.random.randbytes(32))
        self.visit = self.visit or self.random.randbytes(16)
        self.clips: dict[int, bytes] = {}
        self.declared: dict[bytes, maps.Adjustment] = {}
        self.receipt = self._make()

    # — the page —

    def _make(self) -> Receipt:
        rows = self.random.sample(range(200_000), self.candidates)
        self.clips = {row: self.random.randbytes(16) for row in rows}
        same = self.random.randrange(100), self.random.randrange(1024)
        everyone = choosing.by_pre([self._candidate(row, same) for row in rows])
        seed = layout.seed_of(self.visit, self.position, self.served)
        wanted = choosing.scored_rows(everyone, self.policy, seed)
        scored = tuple(replay.grouped([each for each in everyone if each.row in wanted]))
        adjusted = self._adjust(scored) if self.adjustments else ()
        self.map = maps.MerkleMap({maps.key_of(clip): each.encode() for clip, each in self.declared.items()})
        receipt = Receipt(
            mode=0,
            position=self.position,
            time=TIME,
            generation=self.random.randbytes(16),
            seq=self.random.randrange(10**6),
            matrices=self.random.randbytes(32),
            model=self.model.digest,
            policy=self.policy.digest,
            adjustments=self.map.root if self.adjustments else layout.ZERO,
            visit=self.visit,
            served=self.served,
            scored=scored,
            rest=tuple(
                layout.Rest(each.row, each.sources, each.pre) for each in everyone if each.row not in wanted
            ),
            chosen=(),
            acts=tuple(
                layout.Act(self.random.choice(rows), self.random.choice((6, 4, 12, -5))) for _ in range(30)
            ),
            tastes=tuple(
                layout.Taste(self.random.choice((1, 2, 3)), self.random.randrange(-(2**63), 2**63), value)
                for value in sorted((self.random.randrange(1, 2000) for _ in range(9)), reverse=True)
            ),
            adjusted=adjusted,
            commitments=tuple(self.random.randbytes(16) for _ in range(8)),
        )
        return self.choose(receipt)

    def _candidate(self, row: int, same: tuple[int, int]) -> Scored:
        sources = self.random.choice(BITS)
        numbers = {name: self.random.randrange(-40, 900) for name in FEATURES}
        numbers |= {name: self.random.randrange(2) for name in ("followed", "friend", "language")}
        numbers |= {
            "viewer_events": same[0],
            "viewer_finish_rate": same[1],
            "wish": self.random.randrange(-2, 3),
        }
        numbers["source_count"] = sources.bit_count()
        features = tuple(numbers[name] for name in FEATURES)
        author, sound, tag = (self.random.randrange(n) for n in (40, 30, 12))
        return Scored(
            row,
            sources,
            author,
            sound if sound < 25 else 255,
            tag if tag < 10 else 255,
            self.model.pre(features),
            features,
        )

    def _adjust(self, scored: Sequence[Scored]) -> tuple[layout.Adjusted, ...]:
        """Declare some: two that count here, one that is over, and some of other clips."""
        text = hashlib.sha256(b"Public service").digest()
        made = []
        for index, points in ((3, 400), (9, -300)):
            kind = layout.BOOST if points > 0 else layout.DEMOTION
            self.declared[self.clips[scored[index].row]] = maps.Adjustment(
                kind, points, 2, TIME - 100, TIME + 100, text
            )
            made.append(layout.Adjusted(index, kind, points, 2))
        self.declared[self.clips[scored[5].row]] = maps.Adjustment(1, 900, 1, TIME - 100, TIME, text)
        for _ in range(20):
            self.declared[self.random.randbytes(16)] = maps.Adjustment(2, -50, 4, 0, 0, text)
        return tuple(made)

    def choose(self, receipt: Receipt) -> Receipt:
        """Return a receipt with the page that the rules make of it."""
        scores = replay.finals(receipt, self.model)
        places = choosing.select(
            receipt.scored, scores, self.policy, receipt.seed, receipt.position, self.count
        )
        return layout.changed(
            receipt,
            chosen=tuple(layout.Chosen(p.index, self.clips[receipt.scored[p.index].row]) for p in places),
        )

    # — what comes with it —

    def promise(self, receipt: Receipt | None = None, **fields: Any) -> promises.Promise:
        """The promise of a page, signed."""
        receipt = receipt or self.receipt
        data = layout.encode(receipt)
        said = {
            "leaf": promises.leaf_of(self.key, receipt.clips, layout.digest_of(data)),
            "at": receipt.time,
            "include_by": receipt.time + 20,
            **fields,
        }
        unsigned = promises.Promise(**said)
        return promises.Promise(**said, signature=self.process.sign(unsigned.to_sign()))

    def certificate(self, by: Ed25519Signer | None = None, **fields: Any) -> str:
        said = {"key": self.process.public_key, "since": TIME - 1000, "until": TIME + 1000, **fields}
        return promises.PromiseKey(**said).certify(by or self.promiser)

    def shown(self, receipt: Receipt | None = None) -> tuple[ShownAdjustment, ...]:
        """What the map says of the page's clips, and of the adjusted ones."""
        receipt = receipt or self.receipt
        indices = {each.index for each in receipt.chosen} | {each.index for each in receipt.adjusted}
        made = []
        for index in sorted(indices):
            clip = self.clips[receipt.scored[index].row]
            value = self.declared.get(clip)
            made.append(
                ShownAdjustment(
                    index, clip, None if value is None else value.encode(), self.map.prove(maps.key_of(clip))
                )
            )
        return tuple(made)

    def logged(
        self, leaf: bytes, batch: int | None = None
    ) -> tuple[promises.Inclusion, LoggedEntry, LoggedEntry]:
        """Put a leaf into a batch, the batch and the map into a ledger; return the proofs."""
        log = MemoryLog()
        log.append(b"before")
        leaves = [self.random.randbytes(32) for _ in range(256)]
        position = self.random.randrange(256)
        leaves[position] = leaf
        number = -(-TIME // 10) if batch is None else batch
        said = {"charter": CHARTER, "at": AT, "previous": "0" * 64}
        adjusted = {**said, "kind": "ranking.adjusted", "root": self.map.root.hex(), "count": self.map.size}
        receipts = {
            **said,
            "kind": "feed.receipts",
            "batch": number,
            "root": promises.batch_root(leaves).hex(),
        }
        log.append(canonical.encode(adjusted), canonical.encode(receipts), b"after")
        tree = MemoryLog("batch")
        tree.append(*leaves)
        hashes = tuple(tree.proof(position).hashes)
        return (
            promises.Inclusion(number, position, 256, hashes, 2),
            LoggedEntry(log.entries[2], log.proof(2).text()),
            LoggedEntry(log.entries[1], log.proof(1).text()),
        )

    def file(self, receipt: Receipt | None = None, **fields: Any) -> FeedFile:
        """The file that the viewer keeps; `fields` are those to be other than they should."""
        receipt = receipt or self.receipt
        promise = fields.get("promise") or self.promise(receipt)
        inclusion, entry, map_entry = self.logged(promise.leaf)
        said = {
            "realm": "https://realm.example",
            "made": TIME + 60,
            "receipt": layout.encode(receipt),
            "shown": receipt.clips,
            "key": self.key,
            "vkey": MemoryLog().key.vkey,
            "policy": "quorum none\n",
            "promise": promise,
            "certificate": self.certificate(),
            "promise_vkey": self.promiser.vkey,
            "inclusion": inclusion,
            "entry": entry,
            "adjustments": FileAdjustments(map_entry, self.shown(receipt)) if self.adjustments else None,
        }
        return FeedFile(**{**said, **fields})
