"""The only code of the server that opens a connection to another machine.

A request: 1. the URL is read, and refused unless it is http or https on a port of the web; 2. its host is resolved,
once, and connected to at the address that was judged, so that a second answer of the resolver changes nothing;
3. addresses that aren't public are refused, unless the operator listed them; 4. each redirect is judged anew; 5. the
answer has an end in bytes, in time and in pace. Whatever went over the socket is counted, also of what failed.
"""

import asyncio
import contextlib
import ipaddress
import re
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import SplitResult, urljoin, urlsplit

import structlog

from reelm.border.addresses import Address, Network, Resolve, is_public, permitted, resolve
from reelm.border.sink import Sink
from reelm.border.wire import Counts, SealedWire, Wire
from reelm.kit import http1
from reelm.kit.clock import Clock

Kind = Literal["crossing", "storage", "control", "delivery", "fetch"]
Counted = Callable[[Kind, str, int, int], None]
Sign = Callable[[str, str, bytes | None], Mapping[str, str]]

REDIRECTS = 3
_ADDRESSES = 2
_SECOND_SECONDS = 3.0
_STALL_SECONDS = 10.0
_PACE_AFTER_SECONDS = 10.0
_PACE_BYTES_PER_SECOND = 1024
_FOLLOWED = {301, 302, 303, 307, 308}
_METHOD = re.compile(r"GET|HEAD|POST|PUT|DELETE")
_URL = re.compile(r"https?://[\x21-\x7e]{1,2040}")
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")
_OURS = {"host", "content-length", "transfer-encoding", "connection", "accept-encoding", "expect", "te"}
_FOR_ONE_HOST = {"authorization", "cookie", "signature", "signature-input"}
_log = structlog.get_logger("reelm.border")


class OutwardError(Exception):
    """A request that came to nothing. `reason` is one of a few words, fit for the ledger; `host` is whose it was."""

    def __init__(self, reason: str, host: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.host = host


class ForbiddenError(OutwardError):
    """This realm doesn't make such a connection: asking again won't help."""


class UnreachableError(OutwardError):
    """No answer, or none that is read: it may be better later."""


@dataclass(frozen=True)
class Response:
    """An answer. `body` is empty when it went to a file; `digest` is the SHA-256 of the body, hexadecimal.

    The bytes are those of the TCP stream, over all connections that the request took.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    bytes_sent: int
    bytes_received: int
    length: int
    digest: str
    url: str


@dataclass(frozen=True)
class Connection:
    """One connection that was opened, when it is over: for whoever compares with what the link carried."""

    kind: Kind
    purpose: str
    host: str
    address: str
    port: int
    local_port: int
    counts: Counts


class Outward:
    """Opens connections, one a request.

    Args:
        clock: for deadlines and pace.
        private: networks beside the public one that may be connected to (REELM_BORDER_ALLOW).
        on_counted: told kind, host and bytes of the TCP stream, of each connection that ends.
        on_connection: told everything of each connection that ends.
        tls: whom to believe; the machine's authorities when None.
        resolver: from a name to addresses.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        private: tuple[Network, ...] = (),
        on_counted: Counted | None = None,
        on_connection: Callable[[Connection], None] | None = None,
        tls: ssl.SSLContext | None = None,
        resolver: Resolve = resolve,
    ) -> None:
        self._clock = clock
        self._private = private
        self._on_counted = on_counted
        self._on_connection = on_connection
        self._tls = tls
        self._resolve = resolver

    async def request(
        self,
        method: str,
        url: str,
        *,
        kind: Kind,
        purpose: str,
        most_bytes: int,
        timeout_seconds: float,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        allow_private: tuple[Network, ...] = (),
        to_file: Path | None = None,
        sign: Sign | None = None,
    ) -> Response:
        """Ask, following redirects of what has no body. `sign` gives further headers for each URL that is asked.

        Raises `ForbiddenError` for what this realm doesn't connect to, `UnreachableError` for what didn't answer, or
        not as agreed, and ValueError for a request that can't be made at all.
        """
        checked = _checked(method, headers or {})
        counts: list[Counts] = []
        sink = Sink(to_file)
        host = _host_of(url)
        private = (*self._private, *allow_private)
        try:
            async with asyncio.timeout(timeout_seconds):
                for hop in range(REDIRECTS + 1):
                    parts = _read_url(url)
                    host = parts.hostname or ""
                    more = dict(sign(method, url, body)) if sign else {}
                    exchange = _Exchange(self, parts, kind, purpose, private, counts)
                    answer = await exchange.ask(method, {**checked, **more}, body, most_bytes, sink)
                    target = _redirect(answer, url, method, hop, host)
                    if target is None:
                        return _response(answer, sink, counts, url)
                    if urlsplit(target).netloc != parts.netloc:
                        checked = {k: v for k, v in checked.items() if k.lower() not in _FOR_ONE_HOST}
                    url = target
            raise ForbiddenError("redirects", host)  # pragma: no cover - `_redirect` refuses the last one
        except TimeoutError as error:
            raise UnreachableError("too_slow", host) from error
        except http1.TooLongError as error:
            raise UnreachableError("too_big", host) from error
        except http1.MalformedError as error:
            raise UnreachableError("malformed", host) from error
        except ssl.SSLCertVerificationError as error:
            raise UnreachableError("certificate", host) from error
        except (OSError, ssl.SSLError) as error:
            raise UnreachableError("no_connection", host) from error
        finally:
            sink.drop()

    async def connect(
        self, parts: SplitResult, kind: Kind, private: tuple[Network, ...]
    ) -> tuple[Wire, Address, int]:
        """Open a connection to whom the URL names. For `_Exchange`."""
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        try:
            found = await self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise UnreachableError("no_such_host", host) from error
        addresses = permitted(found, private)
        if parts.scheme == "http" and kind != "control":
            # In clear only within networks that the operator listed; what goes to witnesses is public and signed.
            addresses = [each for each in addresses if not is_public(each)]
        if not addresses:
            raise ForbiddenError("unencrypted" if permitted(found, private) else "private_address", host)
        reader, writer = await self._first_of(addresses[:_ADDRESSES], port)
        address = ipaddress.ip_address(writer.get_extra_info("peername")[0])
        local = int(writer.get_extra_info("sockname")[1])
        if parts.scheme == "http":
            return Wire(reader, writer), address, local
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return SealedWire(reader, writer, self._tls, host), address, local

    async def _first_of(
        self, addresses: list[Address], port: int
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        for address in addresses[:-1]:
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(_SECOND_SECONDS):
                    return await asyncio.open_connection(str(address), port)
        return await asyncio.open_connection(str(addresses[-1]), port)

    def tell(self, connection: Connection) -> None:
        """A connection is over. For `_Exchange`."""
        counts = connection.counts
        if self._on_counted:
            self._on_counted(connection.kind, connection.host, counts.socket_sent, counts.socket_received)
        if self._on_connection:
            self._on_connection(connection)
        _log.info(
            "border.connection",
            kind=connection.kind,
            purpose=connection.purpose,
            host=connection.host,
            port=connection.port,
            local_port=connection.local_port,
            sent=counts.socket_sent,
            received=counts.socket_received,
        )

    def paced(self, wire: Wire) -> http1.Read:
        """Return how to read from it, but not from somebody who lets it drip. For `_Exchange`."""
        began = self._clock.monotonic()

        async def read(most: int) -> bytes:
            try:
                async with asyncio.timeout(_STALL_SECONDS):
                    data = await wire.read(most)
            except TimeoutError as error:
                raise UnreachableError("too_slow") from error
            took = self._clock.monotonic() - began
            if took > _PACE_AFTER_SECONDS and wire.counts.received < took * _PACE_BYTES_PER_SECOND and data:
                raise UnreachableError("too_slow")
            return data

        return read


class _Exchange:
    """One connection with one request and its answer."""

    def __init__(
        self,
        outward: Outward,
        parts: SplitResult,
        kind: Kind,
        purpose: str,
        private: tuple[Network, ...],
        counts: list[Counts],
    ) -> None:
        self._outward = outward
        self._parts = parts
        self._kind: Kind = kind
        self._purpose = purpose
        self._private = private
        self._counts = counts

    async def ask(
        self, method: str, headers: Mapping[str, str], body: bytes | None, most_bytes: int, sink: Sink
    ) -> http1.Answer:
        host = self._parts.hostname or ""
        wire, address, local = await self._outward.connect(self._parts, self._kind, self._private)
        self._counts.append(wire.counts)
        port = self._parts.port or (443 if self._parts.scheme == "https" else 80)
        try:
            if isinstance(wire, SealedWire):
                await wire.handshake()
            await wire.write(_head(method, self._parts, headers, body) + (body or b""))
            answer = await self._read(wire, method, most_bytes, sink)
            await wire.close()
        except OutwardError as error:
            error.host = error.host or host
            raise
        else:
            return answer
        finally:
            wire.abort()
            self._outward.tell(
                Connection(self._kind, self._purpose, host, str(address), port, local, wire.counts)
            )

    async def _read(self, wire: Wire, method: str, most_bytes: int, sink: Sink) -> http1.Answer:
        incoming = http1.Incoming(self._outward.paced(wire))
        answer = await incoming.answer()
        if answer.headers.get("content-encoding", "identity").lower() != "identity":
            raise UnreachableError("encoded")
        if answer.status in _FOLLOWED or answer.status in {204, 304} or method == "HEAD":
            return answer
        pieces: AsyncIterator[bytes] = incoming.body(answer.headers, most_bytes, to_end=True)
        async for piece in pieces:
            sink.add(piece)
        return answer


def _checked(method: str, headers: Mapping[str, str]) -> dict[str, str]:
    if not _METHOD.fullmatch(method):
        raise ValueError("a method that isn't used")
    for name in headers:
        if not _NAME.fullmatch(name) or name.lower() in _OURS:
            raise ValueError("a header that is not the caller's to set")
    return dict(headers)


def _read_url(url: str) -> SplitResult:
    host = _host_of(url)
    if not _URL.fullmatch(url):
        raise ForbiddenError("scheme", host)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ForbiddenError("address", host) from error
    if not parts.hostname or parts.username is not None or parts.password is not None:
        raise ForbiddenError("address", host)
    if "%" in parts.hostname or "\\" in parts.netloc:
        raise ForbiddenError("address", host)
    if port is not None and port not in {80, 443} and port < 1024:
        raise ForbiddenError("port", host)
    return parts


def _host_of(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "")[:253]
    except ValueError:
        return ""


def _head(method: str, parts: SplitResult, headers: Mapping[str, str], body: bytes | None) -> bytes:
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    ours = {"Host": parts.netloc, "Connection": "close", "Accept-Encoding": "identity"}
    if not any(name.lower() == "user-agent" for name in headers):
        ours["User-Agent"] = "reelm"
    if body is not None:
        ours["Content-Length"] = str(len(body))
    return http1.head(f"{method} {target} HTTP/1.1", {**ours, **headers})


def _redirect(answer: http1.Answer, url: str, method: str, hop: int, host: str) -> str | None:
    """Return where an answer leads to, or None if it is the last one. Raises `ForbiddenError`."""
    if answer.status not in _FOLLOWED or method not in {"GET", "HEAD"}:
        return None
    where = answer.headers.get("location")
    if where is None:
        return None
    if hop >= REDIRECTS:
        raise ForbiddenError("redirects", host)
    try:
        target = urljoin(url, where)
    except ValueError as error:
        raise ForbiddenError("address", host) from error
    if urlsplit(url).scheme != target.partition(":")[0]:
        raise ForbiddenError("scheme", host)
    return target


def _response(answer: http1.Answer, sink: Sink, counts: list[Counts], url: str) -> Response:
    length = sink.length
    body, digest = sink.finish(keep=200 <= answer.status < 300)
    return Response(
        answer.status,
        answer.headers,
        body,
        sum(each.socket_sent for each in counts),
        sum(each.socket_received for each in counts),
        length,
        digest,
        url,
    )
