"""Where the ledger is published: tiles, bundles, checkpoints and documents in the blob store, under `ledger/`.

A full tile never changes. Of a partial one only the widest is kept, until the full one replaces it; a narrower one is
cut from it, since a log only grows.
"""

import asyncio
import contextlib
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TypeVar

from reelm.kit.blobs import BlobStore
from reelm.kit.errors import NotFoundError
from reelm.ledger.errors import LedgerFatalError
from reelm_audit.tlog.merkle import (
    EMPTY_ROOT,
    ReadHashes,
    consistency_proof,
    inclusion_proof,
    leaf_hashes,
    node_hash,
    nodes_over,
    root_of,
)
from reelm_audit.tlog.tiles import (
    WIDTH,
    Tile,
    TileError,
    TileHashReader,
    decode_bundle,
    encode_bundle,
    encode_tile,
    frontier_of,
)

FOLDER = "ledger"
PUBLIC, RELEASE = "checkpoint", "checkpoint.release"
_KEPT_TILES = 512
_KEPT_TREES = 4
_AT_ONCE = 8
T = TypeVar("T")


class TileStore:
    """Reads and writes what is published."""

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs

    async def put(self, tile: Tile, data: bytes) -> None:
        """Write one tile or bundle, durably; a full one replaces the partial ones before it, in this order."""
        await self._blobs.put(f"{FOLDER}/{tile.path}", data)
        if tile.width == WIDTH:
            await self._blobs.delete(f"{FOLDER}/{tile.path}.p")

    async def put_all(self, files: Sequence[tuple[Tile, bytes]]) -> None:
        """Write many, several at once."""
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(tile: Tile, data: bytes) -> None:
            async with gate:
                await self.put(tile, data)

        results = await asyncio.gather(*(one(tile, data) for tile, data in files), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def prune(self, tile: Tile) -> None:
        """Drop the partial versions of a tile that are narrower than this one."""
        folder = f"{FOLDER}/{Tile(tile.level, tile.index).path}.p"
        for width in await self._widths(folder):
            if width < tile.width:
                await self._blobs.delete(f"{folder}/{width}")

    async def get(self, tile: Tile) -> bytes:
        """Return a tile or bundle as wide as asked for. Raises `NotFoundError`."""
        whole = f"{FOLDER}/{Tile(tile.level, tile.index).path}"
        for _ in range(3):  # a wider one may take the place of what was just found
            with contextlib.suppress(NotFoundError):
                return await self._read(f"{FOLDER}/{tile.path}")
            wider = [width for width in await self._widths(f"{whole}.p") if width > tile.width]
            with contextlib.suppress(NotFoundError):
                return _cut(tile, await self._read(f"{whole}.p/{wider[0]}" if wider else whole))
        raise NotFoundError

    async def widest(self, tile: Tile) -> int:
        """Return how wide this tile or bundle is at most, here; 0 where there is none."""
        whole = f"{FOLDER}/{Tile(tile.level, tile.index).path}"
        with contextlib.suppress(NotFoundError):
            await self._blobs.size(whole)
            return WIDTH
        return max(await self._widths(f"{whole}.p"), default=0)

    async def _widths(self, folder: str) -> list[int]:
        names = [name.rpartition("/")[2] for name in await self._blobs.names(folder)]
        return sorted(int(name) for name in names if name.isdigit())

    async def _read(self, name: str) -> bytes:
        return b"".join([chunk async for chunk in self._blobs.read(name)])

    async def put_checkpoint(self, name: str, note: str) -> None:
        await self._blobs.put(f"{FOLDER}/{name}", note.encode())

    async def get_checkpoint(self, name: str) -> str:
        """Return a published checkpoint, as it was signed. Raises `NotFoundError`."""
        return (await self._read(f"{FOLDER}/{name}")).decode()

    async def put_document(self, document: bytes) -> str:
        """Publish a document that entries commit to; return its SHA-256, hexadecimal."""
        digest = hashlib.sha256(document).hexdigest()
        name = f"{FOLDER}/document/{digest}.json"
        with contextlib.suppress(NotFoundError):
            if await self._blobs.size(name) == len(document):
                return digest
        await self._blobs.put(name, document)
        return digest

    async def get_document(self, digest: str) -> bytes:
        """Raises `NotFoundError`."""
        return await self._read(f"{FOLDER}/document/{digest}.json")


def _cut(tile: Tile, data: bytes) -> bytes:
    """Cut a wider tile or bundle to the width that is asked for."""
    if tile.level is None:
        return encode_bundle(decode_bundle(data)[: tile.width])
    return data[: tile.width * 32]


class Growth:
    """The right edge of the growing tree: what the next entries complete. Everything left of it is in full tiles."""

    def __init__(
        self, size: int = 0, bundle: Sequence[bytes] = (), edges: Sequence[Sequence[bytes]] = ()
    ) -> None:
        self.size = size
        self._bundle = list(bundle)
        self._edges = [list(edge) for edge in edges]

    def copy(self) -> "Growth":
        """Return another one that grows on its own."""
        return Growth(self.size, self._bundle, self._edges)

    def root(self) -> bytes:
        """Return the root over all entries so far."""
        nodes = frontier_of(self.size, lambda level: self._edges[level])
        root = nodes[-1] if nodes else EMPTY_ROOT
        for node in reversed(nodes[:-1]):
            root = node_hash(node, root)
        return root

    def grow(self, entries: Sequence[bytes]) -> list[tuple[Tile, bytes]]:
        """Add entries; return the bundles, then the tiles, lowest first, that come into being or widen."""
        files: list[tuple[Tile, bytes]] = []
        index, position = self.size // WIDTH, 0
        while position < len(entries):
            taken = entries[position : position + WIDTH - len(self._bundle)]
            self._bundle.extend(taken)
            position += len(taken)
            files.append((Tile(None, index, len(self._bundle)), encode_bundle(self._bundle)))
            if len(self._bundle) == WIDTH:
                self._bundle.clear()
                index += 1
        self._add(0, leaf_hashes(entries), files)
        self.size += len(entries)
        return files

    def _add(self, level: int, hashes: list[bytes], files: list[tuple[Tile, bytes]]) -> None:
        if level == len(self._edges):
            self._edges.append([])
        edge = self._edges[level]
        index = (self.size >> 8 * level) // WIDTH
        carried, position = [], 0
        while position < len(hashes):
            taken = hashes[position : position + WIDTH - len(edge)]
            edge.extend(taken)
            position += len(taken)
            files.append((Tile(level, index, len(edge)), encode_tile(edge)))
            if len(edge) == WIDTH:
                carried.append(root_of(edge))
                edge.clear()
                index += 1
        if carried:
            self._add(level + 1, carried, files)

    @classmethod
    async def load(cls, store: TileStore, size: int, root: bytes) -> "Growth":
        """Read the edge of a tree from its tiles. Raises `LedgerFatalError` if they don't lead to its root."""
        try:
            bundle = await _partial(store, size, None)
            edges = []
            level = 0
            while size >> 8 * level:
                data = await _partial(store, size >> 8 * level, level)
                edges.append([data[i : i + 32] for i in range(0, len(data), 32)])
                level += 1
            entries = decode_bundle(bundle, size % WIDTH) if bundle else []
        except NotFoundError as error:
            raise LedgerFatalError("a tile at the end of the ledger is missing") from error
        except TileError as error:
            raise LedgerFatalError(f"a tile at the end of the ledger is damaged: {error}") from error
        made = cls(size, entries, edges)
        if edges and edges[0] != leaf_hashes(entries):
            raise LedgerFatalError("the last bundle of entries does not belong to its tile")
        try:
            found = made.root()
        except IndexError as error:
            raise LedgerFatalError("a tile at the end of the ledger is cut short") from error
        if found != root:
            raise LedgerFatalError("the tiles at the end of the ledger do not lead to its root")
        return made


async def _partial(store: TileStore, count: int, level: int | None) -> bytes:
    width = count % WIDTH
    if width == 0:
        return b""
    data = await store.get(Tile(level, count // WIDTH, width))
    if level is not None and len(data) != width * 32:
        raise TileError("a tile has another width")
    return data


class _WantedError(Exception):
    """A tile is not at hand yet."""

    def __init__(self, tile: Tile) -> None:
        super().__init__(tile.path)
        self.tile = tile


class Prover:
    """Makes proofs from the published tiles; each tile is verified up to the root before it is used."""

    def __init__(self, store: TileStore) -> None:
        self._store = store
        self._tiles: OrderedDict[Tile, bytes] = OrderedDict()
        self._trees: OrderedDict[tuple[int, bytes], TileHashReader] = OrderedDict()

    async def inclusion(self, index: int, size: int, root: bytes) -> list[bytes]:
        """Raises `LedgerFatalError` for tiles that don't lead to `root`."""
        return await self._made(size, root, lambda read: inclusion_proof(index, size, read))

    async def consistency(self, old: int, size: int, root: bytes) -> list[bytes]:
        """Raises `LedgerFatalError` for tiles that don't lead to `root`."""
        return await self._made(size, root, lambda read: consistency_proof(old, size, read))

    async def root_at(self, old: int, size: int, root: bytes) -> bytes:
        """Return the root that this tree had at an earlier size. Raises `LedgerFatalError`."""
        nodes = await self._made(size, root, lambda read: list(read(nodes_over(0, old))))
        found = nodes[-1] if nodes else EMPTY_ROOT
        for node in reversed(nodes[:-1]):
            found = node_hash(node, found)
        return found

    async def _made(self, size: int, root: bytes, make: Callable[[ReadHashes], T]) -> T:
        reader = self._trees.get((size, root))
        if reader is None:
            reader = self._trees[size, root] = TileHashReader(size, root, self._at_hand)
            if len(self._trees) > _KEPT_TREES:
                self._trees.popitem(last=False)
        while True:
            try:
                return make(reader)
            except _WantedError as wanted:
                await self._bring(wanted.tile)
            except TileError as error:
                self._trees.pop((size, root), None)
                self._tiles.clear()
                raise LedgerFatalError(f"a published tile is damaged: {error}") from error

    def _at_hand(self, tile: Tile) -> bytes:
        data = self._tiles.get(tile)
        if data is None:
            raise _WantedError(tile)
        return data

    async def _bring(self, tile: Tile) -> None:
        try:
            self._tiles[tile] = await self._store.get(tile)
        except NotFoundError as error:
            raise LedgerFatalError(f"a published tile is missing: {tile.path}") from error
        except TileError as error:
            raise LedgerFatalError(f"a published tile is damaged: {tile.path}") from error
        if len(self._tiles) > _KEPT_TILES:
            self._tiles.popitem(last=False)
