"""A batch of leaves as a file, from which inclusion proofs are made.

    "RLB1" | batch u64 | size u32 | real u32 | seed 32 | (position u32 | leaf 32) for each real | check u32

All other positions hold leaves that nobody was promised, drawn from the secret seed: leaf i is HMAC-SHA256(seed, i as
u32). A batch without a real leaf has no file, for nobody will ask. Numbers are little-endian; `check` is a CRC-32.
"""

import hmac
import os
import struct
import zlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from secrets import SystemRandom

from reelm_audit.feed.promises import SMALLEST_BATCH
from reelm_audit.tlog.merkle import HASH_BYTES, leaf_hashes, node_hash

_HEAD = struct.Struct("<4sQII32s")
_LEAF = struct.Struct("<I32s")
_MAGIC = b"RLB1"
_POSITION = struct.Struct("<I")
_BATCHES_A_DAY = 8640
_REMEMBERED = 8


@dataclass(frozen=True, slots=True)
class Batch:
    """The leaves of a batch, each at its position; `size` is a power of two."""

    number: int
    size: int
    seed: bytes
    leaves: dict[int, bytes]

    def levels(self) -> list[list[bytes]]:
        """The whole tree: hashes of the leaves first, the root last."""
        drawn = [self.leaves.get(n) or _drawn(self.seed, n) for n in range(self.size)]
        levels = [leaf_hashes(drawn)]
        while len(levels[-1]) > 1:
            level = levels[-1]
            pairs = zip(level[::2], level[1::2], strict=True)
            levels.append([node_hash(left, right) for left, right in pairs])
        return levels


def _drawn(seed: bytes, position: int) -> bytes:
    return hmac.digest(seed, _POSITION.pack(position), "sha256")


def mix(number: int, leaves: Sequence[bytes]) -> Batch:
    """Put leaves at places that chance alone knows, among others."""
    size = SMALLEST_BATCH
    while size < len(leaves):
        size *= 2
    places = SystemRandom().sample(range(size), len(leaves))
    return Batch(number, size, os.urandom(HASH_BYTES), dict(zip(places, leaves, strict=True)))


def batch_path(root: Path, number: int) -> Path:
    """Where the file of a batch lies: a folder a day, called after the day since 1970."""
    return root / str(number // _BATCHES_A_DAY) / f"{number}.batch"


def write_batch(root: Path, batch: Batch) -> None:
    """Write a batch's file, durable when this returns. It may be written again with other places before it counts."""
    if not batch.leaves:
        return
    path = batch_path(root, batch.number)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    body = _HEAD.pack(_MAGIC, batch.number, batch.size, len(batch.leaves), batch.seed)
    body += b"".join(_LEAF.pack(place, batch.leaves[place]) for place in sorted(batch.leaves))
    draft = path.with_suffix(".new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "wb", closefd=False) as file:
            file.write(body + zlib.crc32(body).to_bytes(4, "little"))
        os.fsync(handle)
    finally:
        os.close(handle)
    draft.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_batch(root: Path, number: int) -> Batch:
    """Raises FileNotFoundError, or ValueError for a file that is not what was written."""
    data = batch_path(root, number).read_bytes()
    body, check = data[:-4], data[-4:]
    if zlib.crc32(body).to_bytes(4, "little") != check or len(body) < _HEAD.size:
        raise ValueError("the file of a batch is damaged")
    magic, found, size, real, seed = _HEAD.unpack_from(body)
    if magic != _MAGIC or found != number or len(body) != _HEAD.size + real * _LEAF.size:
        raise ValueError("the file of a batch is of another")
    return Batch(number, size, seed, dict(_LEAF.iter_unpack(body[_HEAD.size :])))


class BatchProver:
    """Makes inclusion proofs; remembers the trees it used last."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._trees: OrderedDict[int, list[list[bytes]]] = OrderedDict()

    def prove(self, number: int, position: int) -> tuple[int, list[bytes]]:
        """Return the batch's size and the hashes from the leaf's sibling up. Raises FileNotFoundError, ValueError."""
        tree = self._trees.pop(number, None) or read_batch(self._root, number).levels()
        self._trees[number] = tree
        while len(self._trees) > _REMEMBERED:
            self._trees.popitem(last=False)
        hashes = [level[(position >> height) ^ 1] for height, level in enumerate(tree[:-1])]
        return len(tree[0]), hashes
