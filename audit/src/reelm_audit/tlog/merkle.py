"""RFC 6962 Merkle trees over SHA-256: roots, inclusion and consistency.

A *node* `(level, index)` is the complete subtree over leaves `index·2^level` up to `(index+1)·2^level`. Proofs are
made from complete nodes only, which a caller reads from tiles: `read_hashes` gets a list of nodes and returns their
hashes in the same order. Proofs run from the leaf's sibling up. Verifying raises `ProofError`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()

Node = tuple[int, int]
ReadHashes = Callable[[Sequence[Node]], Sequence[bytes]]


class ProofError(ValueError):
    """A proof does not show what it claims."""


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of an entry as a leaf."""
    return sha256(b"\x00" + data).digest()


def leaf_hashes(entries: Iterable[bytes]) -> list[bytes]:
    """Return the leaf hashes of many entries, in one tight loop."""
    return [sha256(b"\x00" + data).digest() for data in entries]


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of two subtrees' parent."""
    return sha256(b"\x01" + left + right).digest()


def root_of(hashes: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes (or over the roots of equal complete subtrees)."""
    if not hashes:
        return EMPTY_ROOT
    level = list(hashes)
    while len(level) > 1:
        level = _parents(level)
    return level[0]


def _parents(level: list[bytes]) -> list[bytes]:
    """Pair up neighbours; an odd last one moves up as it is, which is the split at the largest power of two."""
    pairs = iter(level)
    parents = [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=False)]
    if len(level) % 2:
        parents.append(level[-1])
    return parents


class Frontier:
    """A growing tree of which only the roots of its complete subtrees are kept: at most 63 hashes.

    `nodes` are those roots, largest and leftmost first, one for each bit set in `size`.
    """

    def __init__(self, size: int = 0, nodes: Iterable[bytes] = ()) -> None:
        self.size = size
        self.nodes = list(nodes)
        if size < 0 or len(self.nodes) != size.bit_count() or any(len(n) != HASH_BYTES for n in self.nodes):
            raise ValueError("these are not the complete subtrees of a tree of this size")

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash."""
        self._add(0, leaf)

    def extend(self, leaves: Sequence[bytes]) -> None:
        """Add many leaf hashes, whole aligned runs of 256 at once."""
        position = 0
        while position < len(leaves):
            if self.size % 256 == 0 and len(leaves) - position >= 256:
                self._add(8, root_of(leaves[position : position + 256]))
                position += 256
            else:
                self._add(0, leaves[position])
                position += 1

    def _add(self, level: int, node: bytes) -> None:
        self.size += 1 << level
        carried = self.size - (1 << level)
        while carried >> level & 1:
            node = node_hash(self.nodes.pop(), node)
            level += 1
        self.nodes.append(node)

    def root(self) -> bytes:
        """Return the root over all leaves so far."""
        return _fold(self.nodes)

    def copy(self) -> "Frontier":
        """Return another one that grows on its own."""
        return Frontier(self.size, self.nodes)


def _fold(nodes: Sequence[bytes]) -> bytes:
    """Combine complete subtrees, largest first, into the root over them."""
    if not nodes:
        return EMPTY_ROOT
    root = nodes[-1]
    for node in reversed(nodes[:-1]):
        root = node_hash(node, root)
    return root


def _split(count: int) -> int:
    """Return the largest power of two smaller than `count`, which is at least 2."""
    return 1 << (count - 1).bit_length() - 1


def nodes_over(start: int, end: int) -> list[Node]:
    """Return the complete subtrees that make up leaves `start` to `end`, left to right.

    `start` must be where a subtree of an RFC 6962 tree begins: a multiple of a power of two that is not smaller
    than the largest one within `end - start`.
    """
    nodes = []
    while start < end:
        level = (end - start).bit_length() - 1
        nodes.append((level, start >> level))
        start += 1 << level
    return nodes


def inclusion_proof(index: int, size: int, read_hashes: ReadHashes) -> list[bytes]:
    """Return the proof that the leaf at `index` is in the tree of `size` leaves."""
    if not 0 <= index < size:
        raise ValueError("there is no such leaf in a tree of this size")
    ranges = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    return _read_ranges(ranges[::-1], read_hashes)


def consistency_proof(old: int, new: int, read_hashes: ReadHashes) -> list[bytes]:
    """Return the proof that the tree of `old` leaves is a prefix of the tree of `new` leaves; empty if trivial."""
    if not 0 <= old <= new:
        raise ValueError("a tree does not shrink")
    if old in (0, new):
        return []
    ranges = []
    start, end, whole = 0, new, True
    while end != old:
        middle = start + _split(end - start)
        if old <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start, whole = middle, False
    if not whole:
        ranges.append((start, end))
    return _read_ranges(ranges[::-1], read_hashes)


def _read_ranges(ranges: Sequence[tuple[int, int]], read_hashes: ReadHashes) -> list[bytes]:
    parts = [nodes_over(start, end) for start, end in ranges]
    wanted = [node for part in parts for node in part]
    found = list(read_hashes(wanted))
    if len(found) != len(wanted):
        raise ValueError("as many hashes must be read as were asked for")
    proof, position = [], 0
    for part in parts:
        proof.append(_fold(found[position : position + len(part)]))
        position += len(part)
    return proof


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Raise `ProofError` unless `proof` shows leaf hash `leaf` at `index` of the tree with `size` and `root`."""
    if not 0 <= index < size:
        raise ProofError("there is no such leaf in a tree of this size")
    _check_hashes(leaf, root, *proof)
    found = leaf
    for sibling, is_left in _sides(index, size - 1, proof):
        found = node_hash(sibling, found) if is_left else node_hash(found, sibling)
    if found != root:
        raise ProofError("the proof leads to another root")


def verify_consistency(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Raise `ProofError` unless the tree `old` with `old_root` is shown to be a prefix of `new` with `new_root`."""
    if not 0 <= old <= new:
        raise ProofError("a tree does not shrink")
    _check_hashes(old_root, new_root, *proof)
    if old in (0, new):
        if proof:
            raise ProofError("nothing is to be proved, and yet there is a proof")
        if old_root != (EMPTY_ROOT if old == 0 else new_root):
            raise ProofError("one size, two roots")
        return
    # Where the old tree is a complete subtree of the new one, the climb starts at its root, which no proof repeats.
    start, *siblings = [old_root, *proof] if old & (old - 1) == 0 else proof or [b""]
    position, last = old - 1, new - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    was = now = start
    for sibling, is_left in _sides(position, last, siblings):
        was = node_hash(sibling, was) if is_left else was
        now = node_hash(sibling, now) if is_left else node_hash(now, sibling)
    if was != old_root:
        raise ProofError("the proof leads to another old root")
    if now != new_root:
        raise ProofError("the proof leads to another new root")


def _sides(position: int, last: int, proof: Sequence[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Climb from node `position` of a level that ends at `last`; yield each sibling and whether it is on the left."""
    for sibling in proof:
        if last == 0:
            raise ProofError("the proof is too long")
        is_left = bool(position & 1) or position == last
        if is_left:
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        yield sibling, is_left
        position, last = position >> 1, last >> 1
    if last:
        raise ProofError("the proof is too short")


def _check_hashes(*hashes: bytes) -> None:
    if any(len(each) != HASH_BYTES for each in hashes):
        raise ProofError("a hash has 32 bytes")
