"""A transparency log in memory, published as a realm publishes its own: for tests of whatever reads one."""

import contextlib
import hashlib
import json
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from reelm_audit.tlog import merkle, tiles
from reelm_audit.tlog.checkpoint import Checkpoint
from reelm_audit.tlog.cosignature import CosignatureSigner
from reelm_audit.tlog.note import Ed25519Signer, sign_note
from reelm_audit.tlog.proof import TlogProof


class MemoryLog:
    """A log that keeps every leaf; `files` is what it has published, by path below its address."""

    def __init__(
        self, origin: str = "realm.example/ledger", *, witnesses: Sequence[CosignatureSigner] = ()
    ) -> None:
        self.key = Ed25519Signer(origin, hashlib.sha256(origin.encode()).digest())
        self.witnesses = list(witnesses)
        self.entries: list[bytes] = []
        self.leaves: list[bytes] = []
        self.files: dict[str, bytes] = {}
        self.published = 0

    def append(self, *entries: bytes) -> None:
        self.entries += entries
        self.leaves += merkle.leaf_hashes(entries)

    def nodes(self, wanted: Sequence[merkle.Node]) -> list[bytes]:
        return [merkle.root_of(self.leaves[index << level : index + 1 << level]) for level, index in wanted]

    def root(self, size: int | None = None) -> bytes:
        return merkle.root_of(self.leaves[: len(self.leaves) if size is None else size])

    def checkpoint(self, size: int | None = None) -> Checkpoint:
        size = len(self.leaves) if size is None else size
        return Checkpoint(self.key.name, size, self.root(size))

    def note(self, size: int | None = None, *, at: int = 1_790_000_000) -> str:
        text = self.checkpoint(size).text()
        return sign_note(text, self.key) + "".join(each.signature_line(text, at) for each in self.witnesses)

    def publish(self, *, at: int = 1_790_000_000) -> None:
        """Publish what was appended; partial tiles that became full are removed, as a realm may."""
        size = len(self.leaves)
        for tile in tiles.new_bundles(self.published, size):
            first = tile.index * tiles.WIDTH
            self._replace(tile, tiles.encode_bundle(self.entries[first : first + tile.width]))
        for tile in tiles.new_tiles(self.published, size):
            hashes = self.nodes([(8 * tile.level, tile.index * 256 + i) for i in range(tile.width)])
            self._replace(tile, tiles.encode_tile(hashes))
        self.files["checkpoint"] = self.note(at=at).encode()
        self.published = size

    def _replace(self, tile: tiles.Tile, data: bytes) -> None:
        full = tiles.Tile(tile.level, tile.index).path
        for path in [path for path in self.files if path.startswith(f"{full}.p/")]:
            del self.files[path]
        self.files[tile.path] = data

    def proof(self, index: int, size: int | None = None) -> TlogProof:
        size = len(self.leaves) if size is None else size
        return TlogProof(index, tuple(merkle.inclusion_proof(index, size, self.nodes)), self.note(size))

    def consistency(self, old: int, new: int | None = None) -> list[bytes]:
        return merkle.consistency_proof(old, len(self.leaves) if new is None else new, self.nodes)


@contextlib.contextmanager
def served(
    log: MemoryLog, *, state: dict[str, object] | None = None, headers: dict[str, str] | None = None
) -> Iterator[str]:
    """Serve a log over HTTP as a realm does; yield the realm's address. `state` is what it says of itself."""
    said = {"vkey": log.key.vkey, "release_policy": "quorum none\n", "public_policy": "quorum none\n"}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            if self.path == "/api/v1/ledger":
                body = json.dumps({**said, **(state or {})}).encode()
            else:
                body = log.files.get(self.path.removeprefix("/ledger/"))
            self.send_response(200 if body is not None else 404)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
