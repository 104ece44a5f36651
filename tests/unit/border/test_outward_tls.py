"""Connections outwards under TLS: counted as the link carries them, with whoever proves the name, and no cut answers."""

import asyncio
import datetime as dt
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.factories.servers import HERE, ask, ok, saying, server

from reelm.border.outward import Connection, Outward, UnreachableError
from reelm.kit.clock import SystemClock


def authority(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return what a server of that name and somebody who believes it use."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    today = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today - dt.timedelta(days=1))
        .not_valid_after(today + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "certificate.pem"
    file.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(file)
    return serving, ssl.create_default_context(cafile=str(file))


async def here(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


@asynccontextmanager
async def counting_relay(port: int) -> AsyncIterator[tuple[int, list[int]]]:
    """Stand between as the link does, and count what passes: [there, back]."""
    passed = [0, 0]

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: int) -> None:
        while data := await reader.read(65536):
            passed[way] += len(data)
            writer.write(data)
            await writer.drain()
        writer.close()

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind, before = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(carry(reader, before, 0), carry(behind, writer, 1), return_exceptions=True)
        over.set()

    over = asyncio.Event()
    async with server(relay) as outer:
        yield outer, passed
        await asyncio.wait_for(over.wait(), 10)


async def test_tls_is_counted_as_the_link_carries_it(tmp_path: Path) -> None:
    serving, believing = authority(tmp_path, "world.example")
    body = b"y" * 300_000
    closed: list[Connection] = []
    outward = Outward(SystemClock(), private=HERE, tls=believing, resolver=here, on_connection=closed.append)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        assert await reader.readexactly(200_000) == b"z" * 200_000
        writer.write(ok(body))
        await writer.drain()
        await reader.read()

    async with server(handle, serving) as port, counting_relay(port) as (outer, passed):
        got = await outward.request(
            "POST",
            f"https://world.example:{outer}/inbox",
            kind="crossing",
            purpose="publish",
            body=b"z" * 200_000,
            most_bytes=10**6,
            timeout_seconds=20,
        )
        assert got.body == body
    counts = closed[0].counts
    assert counts.sent > 200_000
    assert counts.received == len(ok(body))
    assert counts.socket_sent > counts.sent
    assert (counts.socket_sent, passed[0]) == (got.bytes_sent, got.bytes_sent)
    # The other side's farewell may come after ours.
    assert 0 <= passed[1] - got.bytes_received <= 64


async def test_whoever_cannot_prove_the_name_is_not_spoken_to(tmp_path: Path) -> None:
    serving, believing = authority(tmp_path, "world.example")
    heard: list[bytes] = []
    async with server(saying(ok(b""), heard), serving) as port:
        for trust, name in ((believing, "us.example"), (ssl.create_default_context(), "world.example")):
            outward = Outward(SystemClock(), private=HERE, tls=trust, resolver=here)
            with pytest.raises(UnreachableError) as failed:
                await ask(f"https://{name}:{port}/", outward)
            assert failed.value.reason == "certificate"
    assert heard == []


async def test_a_sealed_answer_that_is_cut_is_no_answer(tmp_path: Path) -> None:
    """Without a length and without a farewell, nobody knows whether that was all."""
    serving, believing = authority(tmp_path, "world.example")

    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nhalf")
        await writer.drain()
        writer.transport.abort()

    async with server(cut, serving) as port:
        with pytest.raises(UnreachableError):
            await ask(
                f"https://world.example:{port}/",
                Outward(SystemClock(), private=HERE, tls=believing, resolver=here),
            )
