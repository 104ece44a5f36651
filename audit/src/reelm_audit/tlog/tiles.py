"""C2SP tiles: a log's tree in files of 256 hashes, and its entries in bundles of 256.

Entry i of tile n at level l is the root over leaves `(n·256+i)·256^l` up to `(n·256+i+1)·256^l`. The last tile of a
level may be partial; a partial tile is never hashed into the level above, and an empty one does not exist.
"""

import re
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from reelm_audit.tlog.encoding import decimal
from reelm_audit.tlog.merkle import EMPTY_ROOT, HASH_BYTES, Node, node_hash, root_of

WIDTH = 256
TILE_BYTES = WIDTH * HASH_BYTES
MAX_ENTRY_BYTES = 65_535
ENTRIES = "entries"

_PATH = re.compile(
    r"tile/(?P<level>entries|[0-9]{1,2})/(?P<index>(?:x[0-9]{3}/)*[0-9]{3})(?:\.p/(?P<width>[0-9]{1,3}))?",
    re.ASCII,
)


class TileError(ValueError):
    """A tile or a bundle is malformed, or does not belong to the tree it is said to be of."""


@dataclass(frozen=True, slots=True)
class Tile:
    """Which tile: `level` (None for a bundle of entries), index `n`, and `width` hashes or entries."""

    level: int | None
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Where it is published, below the log's address."""
        if self.level is None:
            return entries_path(self.index, self.width)
        return tile_path(self.level, self.index, self.width)


def tile_path(level: int, index: int, width: int = WIDTH) -> str:
    """Return where a tile of hashes is published."""
    if not 0 <= level <= 7:
        raise TileError("there is no such level")
    return f"tile/{level}/{_spread(index, width)}"


def entries_path(index: int, width: int = WIDTH) -> str:
    """Return where a bundle of entries is published."""
    return f"tile/{ENTRIES}/{_spread(index, width)}"


def _spread(index: int, width: int) -> str:
    if index < 0 or not 1 <= width <= WIDTH:
        raise TileError("there is no such tile")
    digits = str(index)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[i : i + 3] for i in range(0, len(digits), 3)]
    path = "/".join([f"x{group}" for group in groups[:-1]] + groups[-1:])
    return path if width == WIDTH else f"{path}.p/{width}"


def parse_path(path: str) -> Tile:
    """Read a tile's path in its one spelling; raises `TileError`."""
    match = _PATH.fullmatch(path)
    if match is None:
        raise TileError("this is not a tile's path")
    level = None if match["level"] == ENTRIES else int(match["level"])
    width = WIDTH if match["width"] is None else int(match["width"])
    digits = match["index"].replace("x", "").replace("/", "").lstrip("0") or "0"
    try:
        tile = Tile(level, decimal(digits), width)
    except ValueError as error:
        raise TileError("there is no such tile") from error
    if tile.path != path:
        raise TileError("this is not how the tile's path is written")
    return tile


def width_at(size: int, level: int, index: int) -> int:
    """Return how wide tile `index` at `level` is in a tree of `size` leaves; 0 if it does not exist."""
    return max(0, min(WIDTH, (size >> 8 * level) - index * WIDTH))


def new_tiles(old: int, new: int) -> Iterator[Tile]:
    """Name the tiles of hashes that appear or widen when a tree grows from `old` to `new` leaves, lowest first."""
    level = 0
    while new >> 8 * level:
        before, after = old >> 8 * level, new >> 8 * level
        if after > before:
            for index in range(before // WIDTH, -(-after // WIDTH)):
                yield Tile(level, index, width_at(new, level, index))
        level += 1


def new_bundles(old: int, new: int) -> Iterator[Tile]:
    """Name the bundles of entries that appear or widen when a log grows from `old` to `new` entries."""
    if new > old:
        for index in range(old // WIDTH, -(-new // WIDTH)):
            yield Tile(None, index, width_at(new, 0, index))


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """Return a bundle: for each entry its length (two bytes, big-endian) and its bytes."""
    if not 1 <= len(entries) <= WIDTH:
        raise TileError("a bundle holds 1 to 256 entries")
    if max(map(len, entries)) > MAX_ENTRY_BYTES:
        raise TileError("an entry has at most 65,535 bytes")
    return b"".join([len(entry).to_bytes(2, "big") + entry for entry in entries])


def decode_bundle(data: bytes, count: int | None = None) -> list[bytes]:
    """Read a bundle, of exactly `count` entries if given; raises `TileError`."""
    entries, position, end = [], 0, len(data)
    while position < end:
        start = position + 2
        position = start + (data[start - 2] << 8 | data[start - 1] if start <= end else end)
        if position > end:
            raise TileError("the bundle is cut short")
        entries.append(data[start:position])
    if not 1 <= len(entries) <= WIDTH or (count is not None and len(entries) != count):
        raise TileError("the bundle holds another number of entries")
    return entries


def encode_tile(hashes: Sequence[bytes]) -> bytes:
    """Return a tile of 1 to 256 hashes."""
    if not 1 <= len(hashes) <= WIDTH or any(len(each) != HASH_BYTES for each in hashes):
        raise TileError("a tile holds 1 to 256 hashes")
    return b"".join(hashes)


def decode_tile(data: bytes, width: int) -> list[bytes]:
    """Read the first `width` hashes of a tile that is exactly that wide, or of the full one that replaced it."""
    if len(data) not in (width * HASH_BYTES, TILE_BYTES):
        raise TileError("the tile has another width")
    return [data[i : i + HASH_BYTES] for i in range(0, width * HASH_BYTES, HASH_BYTES)]


def frontier_of(size: int, edge: Callable[[int], Sequence[bytes]]) -> list[bytes]:
    """Return the complete subtrees of a tree, largest first; `edge(level)` gives the hashes of its partial tiles."""
    nodes: list[bytes] = []
    for level in range(7, -1, -1):
        width = (size >> 8 * level) % WIDTH
        if width == 0:
            continue
        hashes, start = edge(level), 0
        for bit in range(7, -1, -1):
            if width >> bit & 1:
                nodes.append(root_of(hashes[start : start + (1 << bit)]))
                start += 1 << bit
    return nodes


@dataclass(frozen=True)
class _Verified:
    """The hashes of one tile, known to belong to the tree."""

    hashes: list[bytes]


Fetch = Callable[[Tile], bytes]


class TileHashReader:
    """Reads nodes of one tree from tiles that nobody is trusted for: each is verified up to the root, then kept.

    `fetch` returns the bytes of a tile, or of the full tile where a partial one has been replaced.
    """

    def __init__(self, size: int, root: bytes, fetch: Fetch, *, keep: int = 1024) -> None:
        self._size, self._root, self._fetch = size, root, fetch
        self._keep = keep
        self._kept: OrderedDict[tuple[int, int], _Verified] = OrderedDict()
        self._edge: dict[int, _Verified] = {}
        self._edge_checked = False

    def __call__(self, nodes: Sequence[Node]) -> list[bytes]:
        """Return the hashes of complete subtrees: what `merkle.inclusion_proof` and `consistency_proof` ask for."""
        return [self._node(level, index) for level, index in nodes]

    def tile(self, level: int, index: int) -> list[bytes]:
        """Return the verified hashes of a tile, as wide as it is in this tree."""
        self._check_edge()
        if not 0 <= level <= 7 or index < 0:
            raise TileError("the tree has no such tile")
        width = width_at(self._size, level, index)
        if width == 0:
            raise TileError("the tree has no such tile")
        if width < WIDTH:
            return self._edge[level].hashes
        kept = self._kept.get((level, index))
        if kept is None:
            kept = self._kept[level, index] = self._verified(level, index)
            if len(self._kept) > self._keep:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end((level, index))
        return kept.hashes

    def _node(self, level: int, index: int) -> bytes:
        if level < 0 or index < 0 or index + 1 << level > self._size:
            raise TileError("the tree has no such complete subtree")
        tile_level, within = divmod(level, 8)
        tile, position = divmod(index << within, WIDTH)
        hashes = self.tile(tile_level, tile)
        return hashes[position] if within == 0 else root_of(hashes[position : position + (1 << within)])

    def _verified(self, level: int, index: int) -> _Verified:
        hashes = decode_tile(self._fetch(Tile(level, index)), WIDTH)
        if root_of(hashes) != self.tile(level + 1, index // WIDTH)[index % WIDTH]:
            raise TileError(f"{tile_path(level, index)} does not belong to this tree")
        return _Verified(hashes)

    def _check_edge(self) -> None:
        """Fetch the partial tiles, of which the root is made; all full tiles hang below them."""
        if self._edge_checked:
            return

        def edge(level: int) -> list[bytes]:
            count = self._size >> 8 * level
            tile = Tile(level, count // WIDTH, count % WIDTH)
            self._edge[level] = _Verified(decode_tile(self._fetch(tile), tile.width))
            return self._edge[level].hashes

        nodes = frontier_of(self._size, edge)
        root = nodes[-1] if nodes else EMPTY_ROOT
        for node in reversed(nodes[:-1]):
            root = node_hash(node, root)
        if root != self._root:
            self._edge.clear()
            raise TileError("the tiles lead to another root")
        self._edge_checked = True
