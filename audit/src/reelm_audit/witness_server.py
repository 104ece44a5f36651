"""HTTP for a witness: `POST /add-checkpoint`, and `GET /<sha256 of an origin>/checkpoint`, as C2SP has them."""

import contextlib
import re
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from reelm_audit.tlog import witness as texts
from reelm_audit.witnessing import Witness

TIMEOUT_SECONDS = 15  # without a byte
REQUEST_SECONDS = 30  # from waiting for a request to having answered it
MAX_CONNECTIONS = 64

_BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
)
TEXT = "text/plain; charset=utf-8"

_LENGTH = re.compile(r"[0-9]{1,9}", re.ASCII)


class WitnessServer(ThreadingHTTPServer):
    """Serves one witness on one address, to at most `MAX_CONNECTIONS` at a time; further ones are told to come back.

    Whoever sends a request too slowly is cut off, so that nobody can hold the places of all others.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], witness: Witness) -> None:
        self.witness = witness
        self._free = threading.BoundedSemaphore(MAX_CONNECTIONS)
        self.deadlines: dict[socket.socket, float] = {}
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Start a thread if there is a free place."""
        if not self._free.acquire(blocking=False):
            with contextlib.suppress(OSError):
                request.settimeout(0)
                request.send(_BUSY)
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._free.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Give the place back when the connection ends."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.deadlines.pop(request, None)
            self._free.release()

    def service_actions(self) -> None:
        """Cut off, now and then, whoever has been given time enough."""
        now = time.monotonic()
        for connection, deadline in list(self.deadlines.items()):
            if now > deadline:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of connections that break: anyone can break one."""


class _Handler(BaseHTTPRequestHandler):
    """One connection, kept alive between requests."""

    server: WitnessServer
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "reelm-audit", ""
    timeout = TIMEOUT_SECONDS
    disable_nagle_algorithm = True

    def handle_one_request(self) -> None:
        """Answer one request, in the time that each has."""
        self.server.deadlines[self.connection] = time.monotonic() + REQUEST_SECONDS
        super().handle_one_request()

    def do_POST(self) -> None:
        """Cosign, or say why not."""
        if self.path != f"/{texts.ADD_CHECKPOINT}":
            self._refuse(404, "there is nothing here")
            return
        body = self._body()
        if body is None:
            return
        try:
            line = self.server.witness.add_checkpoint(texts.parse_request(body))
        except texts.WitnessError as error:
            self._answer(400, f"{error}\n", TEXT)
        except texts.RefusedError as error:
            if error.size is not None:
                self._answer(error.status, texts.size_text(error.size), texts.SIZE_TYPE)
            else:
                self._answer(error.status, f"{error.reason}\n", TEXT)
        except OSError:
            self._answer(500, "the checkpoint could not be kept\n", TEXT)
        else:
            self._answer(200, line, TEXT)

    def do_GET(self) -> None:
        """Show what was cosigned last."""
        shown = self.server.witness.shown(self.path.removeprefix("/"))
        if shown is None:
            self._answer(404, "there is nothing here\n", TEXT)
        else:
            self._answer(200, shown.decode(), TEXT)

    def _body(self) -> bytes | None:
        lengths = self.headers.get_all("Content-Length", [])
        if len(lengths) != 1 or "Transfer-Encoding" in self.headers or not _LENGTH.fullmatch(lengths[0]):
            self._refuse(411, "say once how long the request is")
            return None
        length = int(lengths[0])
        if length > texts.MAX_REQUEST_BYTES:
            self._refuse(413, "the request is too long")
            return None
        body = self.rfile.read(length)
        if len(body) != length:
            self.close_connection = True
            return None
        return body

    def _refuse(self, status: int, reason: str) -> None:
        """Answer without having read the body, so the connection can't go on."""
        self.close_connection = True
        self._answer(status, f"{reason}\n", TEXT)

    def _answer(self, status: int, body: str, kind: str) -> None:
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the base class names it so
        """Keep no list of who asked."""
