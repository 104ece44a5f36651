"""What answers in the foreign namespaces: a TLS front for a realm, and a server that is nobody's friend.

`python -m tests.egress.hosts front CERTIFICATE FILE ADDRESS:PORT=PORT …` hands what it decrypts to this namespace's own
loopback, and keeps all of it in FILE. `… guest CERTIFICATE ADDRESS:PORT FILE ELSEWHERE` takes deliveries, keeps the first line and the body of each
request in FILE, and leads whoever fetches a file on to ELSEWHERE.
"""

import asyncio
import contextlib
import datetime as dt
import ipaddress
import json
import ssl
import sys
from pathlib import Path
from typing import IO, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

_PIECE = 64 * 1024
_Reader: TypeAlias = asyncio.StreamReader
_Writer: TypeAlias = asyncio.StreamWriter


def certify(folder: Path, addresses: tuple[str, ...], now: dt.datetime) -> tuple[Path, Path]:
    """Make an authority of one day and a certificate of it for these addresses; return the files of both."""
    authority, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "egress test")])
    own = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "foreign hosts")])

    def begun(subject: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(hours=1))
            .not_valid_after(now + dt.timedelta(days=1))
        )

    root = (
        begun(name, authority.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(authority, hashes.SHA256())
    )
    alternatives = [x509.IPAddress(ipaddress.ip_address(each)) for each in addresses]
    leaf = (
        begun(own, key.public_key())
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .sign(authority, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    believed, shown = folder / "authority.pem", folder / "hosts.pem"
    believed.write_bytes(root.public_bytes(pem))
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    shown.write_bytes(private + leaf.public_bytes(pem))
    return believed, shown


def _tls(certificate: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


async def _pass_on(reader: _Reader, writer: _Writer, kept: IO[bytes]) -> None:
    """Pass one direction on; at its end it is kept as a whole."""
    passed = bytearray()
    try:
        with contextlib.suppress(OSError, ssl.SSLError):
            while piece := await reader.read(_PIECE):
                passed += piece
                writer.write(piece)
                await writer.drain()
    finally:
        kept.write(passed + b"\n")


async def front(certificate: str, path: str, *places: str) -> None:
    kept = Path(path).open("ab", buffering=0)  # noqa: ASYNC230, SIM115 - open for as long as the process

    async def serve(port: int, reader: _Reader, writer: _Writer) -> None:
        try:
            behind, before = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            writer.transport.abort()
            return
        asking = asyncio.ensure_future(_pass_on(reader, before, kept))
        await _pass_on(behind, writer, kept)
        writer.close()
        before.close()
        asking.cancel()

    for place in places:
        outside, _, inside = place.partition("=")
        address, _, port = outside.partition(":")

        async def handle(reader: _Reader, writer: _Writer, port: int = int(inside)) -> None:
            await serve(port, reader, writer)

        await asyncio.start_server(handle, address, int(port), ssl=_tls(certificate))
    await _ready()


async def guest(certificate: str, place: str, path: str, elsewhere: str) -> None:
    async def handle(reader: _Reader, writer: _Writer) -> None:
        with contextlib.suppress(OSError, ssl.SSLError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *lines = head.split("\r\n")
            named = {
                name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
            }
            body = await reader.readexactly(int(named.get("content-length", "0")))
            with Path(path).open("a") as file:  # noqa: ASYNC230 - one line
                file.write(json.dumps({"request": first, "body": body.decode("utf-8", "replace")}) + "\n")
            writer.write(_answer(first, body, elsewhere))
            await writer.drain()
        writer.close()

    address, _, port = place.partition(":")
    await asyncio.start_server(handle, address, int(port), ssl=_tls(certificate))
    await _ready()


def _answer(first: str, body: bytes, elsewhere: str) -> bytes:
    said = b""
    if first.startswith("POST"):
        said = json.dumps({"taken": len(json.loads(body)["orderedItems"]), "refused": []}).encode()
        head = "HTTP/1.1 202 Accepted\r\nContent-Type: application/json"
    elif "/media/" in first:
        head = f"HTTP/1.1 302 Found\r\nLocation: {elsewhere}"
    else:
        head = "HTTP/1.1 404 Not Found"
    return f"{head}\r\nConnection: close\r\nContent-Length: {len(said)}\r\n\r\n".encode() + said


async def _ready() -> None:
    print("ready", flush=True)  # noqa: T201
    await asyncio.Event().wait()


if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    asyncio.run(front(*rest) if what == "front" else guest(*rest))
