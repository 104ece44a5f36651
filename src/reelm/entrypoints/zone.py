"""A zone's folder, and the process that answers for `id.<network>` with redirects (`reelm zone serve`).

The folder: `routes/<version>.json`, every version that was ever in force, with its signatures; `proposals/`, what
waits for signatures; `key`, the first keyholder's, where it is kept here: nothing that serves reads it.

The process opens its port first, then confines itself: it reads `routes/` and nothing else, writes nothing, opens no
connection and no other socket, and starts no program.
"""

import base64
import json
import os
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from reelm.entrypoints.folder import StartError
from reelm.media import confine
from reelm.realm.zone import (
    Routes,
    RouteSignature,
    SignedRoutes,
    ZoneError,
    chain,
    check,
    digest_of,
    origins,
    signers,
    target,
    to_sign,
)
from reelm_audit.files import write_whole
from reelm_audit.tlog.note import Ed25519Signer, Verifier

KEY_FILE, FIRST_KEYHOLDER = "key", "operator"
_MEMORY, _SAID_BYTES, _FILES, _CONNECTIONS, _SECONDS = 1 << 30, 64 << 20, 256, 128, 15
_log = structlog.get_logger("reelm.zone")


class ZoneFolder:
    """The versions and proposals of one zone."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.routes = self.path / "routes"
        self.proposals = self.path / "proposals"

    def versions(self) -> list[SignedRoutes]:
        """Return every version that was in force, oldest first. Raises `ZoneError`."""
        found: list[SignedRoutes] = []
        while (path := self.routes / f"{len(found) + 1}.json").exists():
            found.append(_read(path))
        return found

    def in_force(self) -> Routes:
        """Return the routes in force, their whole history checked. Raises `ZoneError`."""
        return chain(self.versions())

    def begin(self, routes: Routes, *, own_key: bool) -> None:
        """Make the folder, and propose its first version. Raises StartError where there are routes already."""
        if self.versions():
            raise StartError(
                f"{self.path} holds a zone already.", "Propose a change to it: reelm zone propose."
            )
        self.path.mkdir(parents=True, exist_ok=True)
        self.path.chmod(0o755)
        self.routes.mkdir(mode=0o755, exist_ok=True)
        digest = self.propose(routes)
        if own_key:
            self.sign(digest, self.path / KEY_FILE)

    def own_key(self) -> Ed25519Signer:
        """Return the first keyholder's key, made where there is none."""
        path = self.path / KEY_FILE
        if not path.exists():
            self.path.mkdir(parents=True, exist_ok=True)
            raw = base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()) + b"\n"
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(raw)
        return _signer(path)

    def propose(self, routes: Routes) -> str:
        """Keep a version until it is signed; return its digest."""
        digest = digest_of(routes)
        self.proposals.mkdir(mode=0o755, exist_ok=True)
        path = self.proposals / f"{digest}.json"
        if not path.exists():
            _write(path, SignedRoutes(routes))
        return digest

    def proposal(self, digest: str) -> SignedRoutes:
        """Return a proposal. Raises `ZoneError`."""
        path = self.proposals / f"{Path(digest).name}.json"
        if not path.exists():
            raise ZoneError(f"There is no proposal {digest}.")
        return _read(path)

    def sign(self, digest: str, key: Path) -> list[str]:
        """Add a keyholder's signature to a proposal; return who of its keyholders has signed. Raises `ZoneError`."""
        signed = self.proposal(digest)
        signer = _signer(key)
        before = self.versions()
        holders = [*signed.routes.keyholders, *(before[-1].routes.keyholders if before else [])]
        vkey = next((each.vkey for each in holders if _same_key(each.vkey, signer)), None)
        if vkey is None:
            raise ZoneError("This key belongs to no keyholder of these routes.")
        signature = base64.b64encode(signer.sign(to_sign(signed.routes))).decode()
        kept = [each for each in signed.signatures if each.keyholder != vkey]
        signed = msgspec.structs.replace(signed, signatures=[*kept, RouteSignature(vkey, signature)])
        _write(self.proposals / f"{digest}.json", signed)
        return signers(signed.routes, signed)

    def adopt(self, digest: str) -> Routes:
        """Put a proposal in force. Raises `ZoneError` where signatures are missing."""
        signed = self.proposal(digest)
        before = self.versions()
        routes = check(signed, chain(before) if before else None)
        _write(self.routes / f"{routes.version}.json", signed)
        (self.proposals / f"{digest}.json").unlink()
        return routes


class Watched:
    """The routes in force; a new version is taken up when its signatures hold, and left alone otherwise."""

    def __init__(self, folder: ZoneFolder) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._signed = folder.versions()
        self.routes = chain(self._signed)

    def now(self) -> tuple[Routes, SignedRoutes]:
        """Return the routes in force, and the version with its signatures."""
        following = self._folder.routes / f"{self.routes.version + 1}.json"
        if following.exists():
            with self._lock:
                self._follow(self._folder.routes / f"{self.routes.version + 1}.json")
        return self.routes, self._signed[-1]

    def _follow(self, path: Path) -> None:
        if not path.exists():
            return
        try:
            signed = _read(path)
            self.routes = check(signed, self.routes)
        except ZoneError as error:
            _log.error("zone.refused", file=path.name, reason=str(error))
        else:
            self._signed.append(signed)
            _log.info("zone.changed", version=self.routes.version)


class ZoneServer(ThreadingHTTPServer):
    """Answers with redirects, to at most so many at a time."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], watched: Watched) -> None:
        self.watched = watched
        self._free = threading.BoundedSemaphore(_CONNECTIONS)
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Start a thread if there is a free place; hang up otherwise."""
        if not self._free.acquire(blocking=False):
            request.close()
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Give the place back when the connection ends."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of connections that break: anyone can break one."""


class _Handler(BaseHTTPRequestHandler):
    """One request."""

    server: ZoneServer
    timeout = _SECONDS
    server_version, sys_version = "zone", ""

    def setup(self) -> None:
        super().setup()
        # A confined process may write to a connection it has, but not send: `send` names an address, too.
        self.wfile = os.fdopen(os.dup(self.connection.fileno()), "wb")

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        routes, signed = self.server.watched.now()
        if parts.path == "/routes.json":
            self._answer(200, msgspec.json.encode(signed), {"Content-Type": "application/json"})
            return
        if parts.path == "/.well-known/webauthn":
            answer = {"origins": origins(routes)}
            self._answer(200, json.dumps(answer).encode(), {"Content-Type": "application/json"})
            return
        if parts.path == "/health":
            state = {"network": routes.network, "version": routes.version}
            self._answer(200, json.dumps(state).encode(), {"Content-Type": "application/json"})
            return
        found = target(routes, parts.path, parts.query, self.headers.get("Accept", ""))
        if found is None:
            self._answer(404, b"Nothing answers to this address.\n", {"Content-Type": "text/plain"})
            return
        self._answer(307, b"", {"Location": found, "Cache-Control": "max-age=60"})

    do_HEAD = do_GET  # noqa: N815 - named by http.server

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Vary": "Accept", "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - named by http.server
        """Keep no log of who asked for whom."""


def serve(data: Path, host: str, port: int, *, ready: Callable[[int], None], weak: bool = False) -> int:
    """Answer for a zone until ended. Raises StartError where it has no valid routes, or can't be confined."""
    folder = ZoneFolder(data)
    try:
        watched = Watched(folder)
        server = ZoneServer((host, port), watched)
    except (ZoneError, OSError) as error:
        raise StartError(f"The zone can't be served: {error}") from error
    missing = _confine(folder)
    if missing and not weak:
        raise StartError(
            f"This machine can't confine the zone's process: {'; '.join(missing)}.",
            "Serve it elsewhere, or say --weak.",
        )
    ready(server.server_port)
    with server:
        server.serve_forever()
    return 0


def _confine(folder: ZoneFolder) -> list[str]:
    most = {"memory": _MEMORY, "cpu_seconds": 1 << 30, "file_bytes": _SAID_BYTES, "files": _FILES}
    return confine.confine({"read": [str(folder.routes)], "write": [], "execute": [], **most})


def _read(path: Path) -> SignedRoutes:
    try:
        return msgspec.json.decode(path.read_bytes(), type=SignedRoutes)
    except (OSError, msgspec.MsgspecError) as error:
        raise ZoneError(f"{path.name} can't be read: {error}") from error


def _write(path: Path, signed: SignedRoutes) -> None:
    write_whole(path, msgspec.json.format(msgspec.json.encode(signed), indent=2) + b"\n")
    path.chmod(0o644)


def _signer(path: Path) -> Ed25519Signer:
    try:
        return Ed25519Signer(FIRST_KEYHOLDER, base64.b64decode(path.read_bytes()))
    except (OSError, ValueError) as error:
        raise ZoneError(f"There is no keyholder's key in {path}.") from error


def _same_key(vkey: str, signer: Ed25519Signer) -> bool:
    """Whether a verifier key is of this signer's key, whatever its holder is called."""
    try:
        return Verifier.from_vkey(vkey).public_key == signer.verifier.public_key
    except ValueError:
        return False
