"""Merkle maps: what is in a declared list, and what is not (`spec/receipt/README.md`, "Maps").

Leaves are sorted by key, each once. The tree over them is that of RFC 6962; the map's root also says how many there
are. That a key is absent is shown by the two leaves between which it would stand.
"""

import bisect
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reelm_audit.tlog.merkle import (
    EMPTY_ROOT,
    Node,
    ProofError,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_of,
    verify_inclusion,
)

_ADJUSTMENT = 46


class MapError(ValueError):
    """A proof does not show what it claims about a map."""


def key_of(clip: bytes) -> bytes:
    """Return the key under which a clip stands in a map."""
    return hashlib.sha256(b"reelm/map/key/v1\x00" + clip).digest()


def map_root(size: int, tree: bytes) -> bytes:
    """Return a map's root, given how many leaves its tree has and that tree's root."""
    return hashlib.sha256(b"reelm/map/v1\x00" + size.to_bytes(8, "little") + tree).digest()


@dataclass(frozen=True, slots=True)
class Shown:
    """One leaf of a map with its way to the root. `value` is the SHA-256 of what stands there."""

    index: int
    key: bytes
    value: bytes
    hashes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class MapProof:
    """What is shown of a map of `size` leaves: one leaf for presence; its neighbours, or nothing, for absence."""

    size: int
    leaves: tuple[Shown, ...]

    def as_json(self) -> dict[str, object]:
        """Return it as the API and the file give it."""
        return {
            "size": self.size,
            "leaves": [
                {
                    "index": each.index,
                    "key": each.key.hex(),
                    "value": each.value.hex(),
                    "hashes": [one.hex() for one in each.hashes],
                }
                for each in self.leaves
            ],
        }


class MerkleMap:
    """A whole map, from which proofs are made."""

    def __init__(self, values: Mapping[bytes, bytes]) -> None:
        self._keys = sorted(values)
        self._values = [hashlib.sha256(values[key]).digest() for key in self._keys]
        self._levels = [[leaf_hash(k + v) for k, v in zip(self._keys, self._values, strict=True)]]
        while len(self._levels[-1]) > 1:
            level = self._levels[-1]
            pairs = zip(level[::2], level[1::2], strict=False)
            self._levels.append([node_hash(left, right) for left, right in pairs])
            if len(level) % 2:
                self._levels[-1].append(level[-1])

    @property
    def size(self) -> int:
        """How many leaves there are."""
        return len(self._keys)

    @property
    def root(self) -> bytes:
        """The map's root."""
        return map_root(self.size, root_of(self._levels[0]) if self.size else EMPTY_ROOT)

    def prove(self, key: bytes) -> MapProof:
        """Return the proof that `key` is there, or that it is not."""
        at = bisect.bisect_left(self._keys, key)
        if at < self.size and self._keys[at] == key:
            return MapProof(self.size, (self._shown(at),))
        around = [index for index in (at - 1, at) if 0 <= index < self.size]
        return MapProof(self.size, tuple(self._shown(index) for index in around))

    def _shown(self, index: int) -> Shown:
        proof = inclusion_proof(index, self.size, self._read)
        return Shown(index, self._keys[index], self._values[index], tuple(proof))

    def _read(self, nodes: Sequence[Node]) -> list[bytes]:
        return [self._levels[level][index] for level, index in nodes]


def verify(proof: MapProof, key: bytes, root: bytes) -> bytes | None:
    """Return the value digest that stands under `key`, or None if it is shown to be absent; else `MapError`."""
    for each in proof.leaves:
        _verify_leaf(proof.size, each, root)
    if not proof.leaves:
        if proof.size != 0 or map_root(0, EMPTY_ROOT) != root:
            raise MapError("nothing is shown of a map that is not empty")
        return None
    if len(proof.leaves) == 1:
        only = proof.leaves[0]
        if only.key == key:
            return only.value
        if (only.index == 0 and key < only.key) or (only.index == proof.size - 1 and key > only.key):
            return None
        raise MapError("one neighbour does not show that a key is absent")
    left, right = proof.leaves if len(proof.leaves) == 2 else (None, None)
    if left is None or right is None or right.index != left.index + 1 or not left.key < key < right.key:
        raise MapError("these are not the neighbours of an absent key")
    return None


def _verify_leaf(size: int, shown: Shown, root: bytes) -> None:
    """Climb from a leaf to the tree's root, which with the size makes the map's."""
    if len(shown.key) != 32 or len(shown.value) != 32:
        raise MapError("a key and a value's digest have 32 bytes")
    try:
        tree = climb(leaf_hash(shown.key + shown.value), shown.index, size, shown.hashes)
    except ProofError as error:
        raise MapError(str(error)) from error
    if map_root(size, tree) != root:
        raise MapError("the proof leads to another map")


def climb(leaf: bytes, index: int, size: int, hashes: Sequence[bytes]) -> bytes:
    """Return the tree's root to which an inclusion proof leads; raises `ProofError`."""
    if not 0 <= index < size:
        raise ProofError("there is no such leaf in a tree of this size")
    if any(len(each) != 32 for each in hashes):
        raise ProofError("a hash has 32 bytes")
    found, position, last = leaf, index, size - 1
    for sibling in hashes:
        if last == 0:
            raise ProofError("the proof is too long")
        if position & 1 or position == last:
            found = node_hash(sibling, found)
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        position, last = position >> 1, last >> 1
    if last:
        raise ProofError("the proof is too short")
    verify_inclusion(leaf, index, size, hashes, found)
    return found


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A declared boost or demotion of one clip: what stands in the map under its key.

    `since` and `until` are seconds since 1970, `until` 0 if it has no end; `text` is the SHA-256 of the reason in
    words, as it is published.
    """

    kind: int
    points: int
    reason: int
    since: int
    until: int
    text: bytes

    def encode(self) -> bytes:
        """Return the value's bytes."""
        return (
            bytes([self.kind])
            + self.points.to_bytes(4, "little", signed=True)
            + bytes([self.reason])
            + self.since.to_bytes(4, "little")
            + self.until.to_bytes(4, "little")
            + self.text
        )

    def is_on(self, time: int) -> bool:
        """Say whether it counts at this moment."""
        return self.since <= time and (self.until == 0 or time < self.until)


def adjustment_from(data: bytes) -> Adjustment:
    """Read a value's bytes; raises `MapError`."""
    if len(data) != _ADJUSTMENT:
        raise MapError("an adjustment has 46 bytes")
    number = int.from_bytes
    return Adjustment(
        data[0],
        number(data[1:5], "little", signed=True),
        data[5],
        number(data[6:10], "little"),
        number(data[10:14], "little"),
        data[14:],
    )


def proof_from(value: object) -> MapProof:
    """Read what `MapProof.as_json` writes; raises `MapError`."""
    try:
        if not isinstance(value, dict) or set(value) != {"size", "leaves"} or len(value["leaves"]) > 2:
            raise MapError("the proof's fields are other ones")
        leaves = []
        for each in value["leaves"]:
            if set(each) != {"index", "key", "value", "hashes"} or len(each["hashes"]) > 63:
                raise MapError("the proof's fields are other ones")
            hashes = tuple(bytes.fromhex(one) for one in each["hashes"])
            leaves.append(
                Shown(_whole(each["index"]), bytes.fromhex(each["key"]), bytes.fromhex(each["value"]), hashes)
            )
        return MapProof(_whole(value["size"]), tuple(leaves))
    except (TypeError, ValueError) as error:
        raise MapError(f"the proof is malformed: {error}") from error


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**53:
        raise MapError("a number of the proof is none")
    return value
