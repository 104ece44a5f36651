"""Serves an ASGI app with Granian on a socket that the supervisor opened.

Each web child accepts from a listening socket of its own on the realm's port, and the kernel spreads connections
over them: from one socket a single child would take a whole burst. The supervisor keeps them open: while a child
restarts, connections wait in its queue instead of being refused. Without such a socket (a web process run on its
own, behind a balancer) the process opens the port itself, shared with its like.
"""

import asyncio
import errno
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import structlog
import uvloop
from granian._granian import SocketHolder
from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server

from reelm.entrypoints.folder import StartError
from reelm.settings import Settings

_log = structlog.get_logger()

_BACKLOG = 1024
_DRAIN_SECONDS = 8.0
_STREAM_PATH = "/api/v1/stream"
# Requests that Python may be busy with at once, per process; the rest wait in the kernel.
_BACKPRESSURE = 512


class _Server(Server):
    """Granian's embedded server, on an inherited listening socket when there's one."""

    def __init__(self, app: Any, settings: Settings) -> None:
        self._inherited = settings.web.listener
        super().__init__(
            app,
            address=settings.web.host,
            port=settings.web.port,
            interface=Interfaces.ASGI,
            http=HTTPModes.http1,
            websockets=False,
            backlog=_BACKLOG,
            backpressure=_BACKPRESSURE,
            runtime_blocking_threads=4,
            log_enabled=False,
        )

    def _init_shared_socket(self) -> None:
        if self._inherited is None:
            super()._init_shared_socket()  # type: ignore[no-untyped-call]
            return
        holder: Any = SocketHolder  # its stub lacks the constructor: (descriptor, is Unix, backlog)
        self._ssp = None
        self._shd = holder(self._inherited, False, _BACKLOG)


@contextmanager
def listening(host: str, port: int, count: int) -> Iterator[list[socket.socket]]:
    """Open the realm's port before anything is started, with `count` queues. Raises StartError if it's taken."""
    with ExitStack() as stack:
        first = stack.enter_context(listen(host, port))
        if count == 1:
            yield [first]
            return
        # That nobody else has the port was seen without sharing it: whoever shares would not be noticed.
        bound: int = first.getsockname()[1]
        first.close()
        yield [stack.enter_context(listen(host, bound, shared=True)) for _ in range(count)]


def listen(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """Open a listening socket; others may be open on the same port if all are `shared`. Raises StartError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise _refusal(host, port, error) from error
    listener.setblocking(False)
    return listener


def answers(host: str, port: int, path: str = "/health", seconds: float = 0.5) -> bool:
    """Whether a GET of `path` is answered with 200."""
    request = f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode()
    try:
        with socket.create_connection((host, port), timeout=seconds) as connection:
            connection.sendall(request)
            return connection.recv(64).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def serve(app: Any, settings: Settings) -> int:
    """Serve `app` until SIGTERM; then finish the requests that run, for eight seconds at most."""
    return uvloop.run(_serve(app, settings))


async def _serve(app: Any, settings: Settings) -> int:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stop.set)
    server = _Server(_with_ending_streams(app, stop), settings)
    serving = loop.create_task(server.serve())
    stopping = loop.create_task(stop.wait())
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        stopping.cancel()
        error = serving.exception()
        _log.error("the server ended by itself", error=repr(error))
        return 1
    server.stop()  # type: ignore[no-untyped-call]
    _, late = await asyncio.wait({serving}, timeout=_DRAIN_SECONDS)
    if late:
        _log.warning("requests were cut off", after_seconds=_DRAIN_SECONDS)
        # The server's own callbacks would complain about the futures that are cancelled under them.
        loop.set_exception_handler(lambda loop, context: None)
    return 0


def _with_ending_streams(app: Any, stop: asyncio.Event) -> Any:
    """The app, with its endless event streams told that the client left once the process is to stop.

    Otherwise each would hold up the stop for the whole time of grace.
    """

    def told(receive: Any) -> Any:
        async def receive_or_stop() -> Any:
            message = asyncio.ensure_future(receive())
            stopped = asyncio.ensure_future(stop.wait())
            await asyncio.wait({message, stopped}, return_when=asyncio.FIRST_COMPLETED)
            stopped.cancel()
            if message.done():
                return message.result()
            message.cancel()
            return {"type": "http.disconnect"}

        return receive_or_stop

    def call(scope: Any, receive: Any, send: Any) -> Any:
        if scope["type"] == "http" and scope["path"] == _STREAM_PATH:
            return app(scope, told(receive), send)
        return app(scope, receive, send)

    return call


def _refusal(host: str, port: int, error: OSError) -> StartError:
    if error.errno == errno.EADDRINUSE:
        return StartError(
            f"Port {port} on {host} is taken by another program.",
            "Choose another one: reelm up --port N (or make up PORT=N).",
        )
    if error.errno == errno.EACCES:
        return StartError(
            f"This user may not open port {port}.", "Choose one from 1024 up: reelm up --port N."
        )
    return StartError(f"The address {host}:{port} can't be opened: {error.strerror}.", "See REELM_HOST.")
