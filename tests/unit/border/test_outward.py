"""Connections outwards: whom the realm connects to, what it reads of them, and that every byte is counted."""

import asyncio
import ipaddress
from pathlib import Path

import pytest
from tests.factories.servers import HERE, ask, names, ok, saying, server

from reelm.border import outward as outward_module
from reelm.border.addresses import allowed, networks
from reelm.border.outward import Connection, ForbiddenError, Outward, UnreachableError
from reelm.kit.clock import SystemClock


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "192.0.0.170",
        "192.0.2.1",
        "192.168.1.1",
        "198.18.0.1",
        "203.0.113.9",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ],
)
def test_addresses_that_are_not_of_the_public_network(address: str) -> None:
    assert not allowed(ipaddress.ip_address(address), ())


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "64:ff9b::808:808"])
def test_addresses_of_the_public_network(address: str) -> None:
    assert allowed(ipaddress.ip_address(address), ())


def test_a_listed_network_opens_itself_and_nothing_else() -> None:
    listed = networks(["127.0.0.0/8", " 10.0.0.0/24", ""])
    assert allowed(ipaddress.ip_address("127.0.0.1"), listed)
    assert allowed(ipaddress.ip_address("10.0.0.7"), listed)
    for other in ("10.0.1.7", "::ffff:127.0.0.1", "169.254.169.254", "::1"):
        assert not allowed(ipaddress.ip_address(other), listed)
    for never in ("0.0.0.0", "224.0.0.1", "::", "ff02::1", "255.255.255.255"):
        assert not allowed(ipaddress.ip_address(never), networks(["0.0.0.0/0", "::/0"]))


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://169.254.169.254/latest/meta-data/",
        "https://10.0.0.1/",
        "http://0/",
    ],
)
async def test_private_addresses_are_refused_however_they_are_written(url: str) -> None:
    with pytest.raises(ForbiddenError) as refused:
        await ask(url, Outward(SystemClock()))
    assert refused.value.reason == "private_address"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("file:///etc/passwd", "scheme"),
        ("ftp://realm.example/", "scheme"),
        ("gopher://127.0.0.1/", "scheme"),
        ("HTTP:/realm.example", "scheme"),
        ("//realm.example/", "scheme"),
        ("http://a b/", "scheme"),
        ("http://realm.example/\r\nX: y", "scheme"),
        ("http://me:secret@realm.example/", "address"),
        ("http://@realm.example/", "address"),
        ("http://[fe80::1%25lo]/", "address"),
        ("http://[half/", "address"),
        ("http://realm.example:99999/", "address"),
        ("http://realm.example:25/", "port"),
        ("https://realm.example:22/", "port"),
    ],
)
async def test_what_is_not_an_address_of_the_web_is_refused(url: str, reason: str) -> None:
    async def unasked(host: str, port: int) -> list[str]:
        raise AssertionError("it was resolved")

    with pytest.raises(ForbiddenError) as refused:
        await ask(url, Outward(SystemClock(), resolver=unasked))
    assert refused.value.reason == reason


async def test_an_answer_is_read_and_counted_to_the_byte() -> None:
    heard: list[bytes] = []
    counted: list[tuple[object, ...]] = []
    closed: list[Connection] = []
    answer = ok(b"hello", "Content-Type: text/plain", "X: 1", "x: 2")
    outward = Outward(
        SystemClock(),
        private=HERE,
        on_counted=lambda *each: counted.append(each),
        on_connection=closed.append,
    )
    async with server(saying(answer, heard)) as port:
        got = await ask(f"http://127.0.0.1:{port}/a?b=c#d", outward, headers={"Accept": "text/plain"})
    assert (got.status, got.body, got.headers["x"]) == (200, b"hello", "1, 2")
    assert got.digest == "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    assert heard[0].startswith(b"GET /a?b=c HTTP/1.1\r\n")
    assert b"Accept: text/plain" in heard[0]
    assert (got.bytes_sent, got.bytes_received) == (len(heard[0]), len(answer))
    assert counted == [("fetch", "127.0.0.1", len(heard[0]), len(answer))]
    assert (closed[0].counts.sent, closed[0].counts.socket_sent) == (len(heard[0]), len(heard[0]))
    assert (closed[0].address, closed[0].port) == ("127.0.0.1", port)


async def test_the_judged_address_is_the_one_connected_to() -> None:
    """A resolver that answers the second time otherwise is not asked a second time."""
    asked: list[str] = []

    async def turning(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.255.255.1"]

    heard: list[bytes] = []
    async with server(saying(ok(b""), heard)) as port:
        await ask(f"http://world.example:{port}/", Outward(SystemClock(), private=HERE, resolver=turning))
    assert asked == ["world.example"]
    assert f"Host: world.example:{port}".encode() in heard[0]


async def test_of_a_mixed_answer_only_the_permitted_addresses_are_tried() -> None:
    async def mixed(host: str, port: int) -> list[str]:
        return ["10.255.255.1", "169.254.169.254", "127.0.0.1"]

    async with server(saying(ok(b"x"))) as port:
        got = await ask(f"http://world.example:{port}/", Outward(SystemClock(), private=HERE, resolver=mixed))
    assert got.body == b"x"


async def test_in_clear_nothing_goes_to_the_public_network_but_to_witnesses() -> None:
    async def public(host: str, port: int) -> list[str]:
        return ["8.8.8.8"]

    with pytest.raises(ForbiddenError) as refused:
        await ask("http://world.example/", Outward(SystemClock(), resolver=public))
    assert refused.value.reason == "unencrypted"


async def test_redirects_are_followed_three_times_and_each_is_judged() -> None:
    hops = 0

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal hops
        await reader.readuntil(b"\r\n\r\n")
        hops += 1
        path = b"/again" if hops <= left else b""
        if path:
            writer.write(b"HTTP/1.1 307 Elsewhere\r\nLocation: " + path + b"\r\nContent-Length: 0\r\n\r\n")
        else:
            writer.write(ok(b"there"))

    async with server(handle) as port:
        left = 3
        assert (await ask(f"http://127.0.0.1:{port}/")).body == b"there"
        hops, left = 0, 4
        with pytest.raises(ForbiddenError) as refused:
            await ask(f"http://127.0.0.1:{port}/")
    assert refused.value.reason == "redirects"
    assert hops == 4


@pytest.mark.parametrize(
    ("where", "reason"),
    [
        ("http://169.254.169.254/latest", "private_address"),
        ("//10.0.0.1/", "private_address"),
        ("https://127.0.0.1/", "scheme"),
        ("file:///etc/passwd", "scheme"),
        ("http://[half", "address"),
        ("http://127.0.0.1:22/", "port"),
    ],
)
async def test_a_redirect_leads_nowhere_that_is_forbidden(where: str, reason: str) -> None:
    answer = f"HTTP/1.1 302 Elsewhere\r\nLocation: {where}\r\nContent-Length: 0\r\n\r\n".encode()
    async with server(saying(answer)) as port:
        with pytest.raises(ForbiddenError) as refused:
            await ask(f"http://127.0.0.1:{port}/")
    assert refused.value.reason == reason


async def test_another_host_does_not_get_what_was_meant_for_one() -> None:
    heard: list[bytes] = []
    async with server(saying(ok(b""), heard)) as second:
        away = f"HTTP/1.1 302 x\r\nLocation: http://127.0.0.2:{second}/\r\n\r\n".encode()
        away = away.replace(b"127.0.0.2", b"localhost")
        async with server(saying(away)) as first:
            await ask(
                f"http://127.0.0.1:{first}/", headers={"Authorization": "x", "Signature": "y", "Accept": "z"}
            )
    assert b"Accept: z" in heard[0]
    assert b"Authorization" not in heard[0]
    assert b"Signature" not in heard[0]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (ok(b"x" * 1001), "too_big"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 2000, "too_big"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" + b"x" * 1001, "too_big"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 40_000, "too_big"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100 + b"\r\n", "too_big"),
        (ok(b"x" * 9, "Content-Length: 8"), "malformed"),
        (ok(b"x" * 9, "Transfer-Encoding: chunked"), "malformed"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "malformed"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "malformed"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "malformed"),
        (b"HTTP/1.1 200 OK\r\n folded: x\r\n\r\n", "malformed"),
        (b"HTTP/1.1 200 OK\nContent-Length: 0\n\n\r\n\r\n", "malformed"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "malformed"),
        (b"HTTP/1.1 101 Upgraded\r\n\r\n", "malformed"),
        (b"HTTP/1.1 100 x\r\n\r\n" * 9, "malformed"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nx", "no_connection"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nx", "no_connection"),
        (b"HTTP/1.1 20", "no_connection"),
        (b"", "no_connection"),
        (ok(b"", "Content-Encoding: gzip"), "encoded"),
    ],
)
async def test_answers_that_are_not_read(answer: bytes, reason: str) -> None:
    counted: list[int] = []
    outward = Outward(
        SystemClock(), private=HERE, on_counted=lambda kind, host, out, back: counted.append(back)
    )
    async with server(saying(answer)) as port:
        with pytest.raises(UnreachableError) as failed:
            await ask(f"http://127.0.0.1:{port}/", outward)
    assert (failed.value.reason, failed.value.host) == (reason, "127.0.0.1")
    # What was read of it was counted nevertheless.
    assert counted[0] <= len(answer)
    assert counted[0] > 0 or not answer


async def test_a_file_is_there_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "fetched"
    async with server(saying(ok(b"x" * 1000))) as port:
        got = await ask(f"http://127.0.0.1:{port}/", to_file=target)
    assert (target.read_bytes(), got.body, got.length) == (b"x" * 1000, b"", 1000)
    target.unlink()
    for bad in (b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n" + b"x" * 800, ok(b"x" * 1001)):
        async with server(saying(bad)) as port:
            with pytest.raises(UnreachableError):
                await ask(f"http://127.0.0.1:{port}/", to_file=target)
    missing = ok(b"no").replace(b"200 OK", b"404 No")
    async with server(saying(missing)) as port:
        assert (await ask(f"http://127.0.0.1:{port}/", to_file=target)).status == 404
    assert names(tmp_path) == []


async def test_who_lets_it_drip_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outward_module, "_PACE_AFTER_SECONDS", 0.0)
    dripped = 0

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal dripped
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(1000):
            writer.write(b"x")
            dripped += 1
            await writer.drain()
            await asyncio.sleep(0.05)

    async with server(drip) as port:
        with pytest.raises(UnreachableError) as left:
            await ask(f"http://127.0.0.1:{port}/", timeout_seconds=60)
    assert left.value.reason == "too_slow"
    assert dripped < 1000


@pytest.mark.parametrize("phase", ["silence", "chunks"])
async def test_whatever_comes_there_is_an_end_in_time(phase: str) -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if phase == "silence":
            await reader.read()
            return
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"1\r\nx\r\n")
            await writer.drain()
            await asyncio.sleep(0.01)

    async with server(endless) as port:
        with pytest.raises(UnreachableError) as left:
            await ask(f"http://127.0.0.1:{port}/", timeout_seconds=0.5, most_bytes=10**9)
    assert left.value.reason == "too_slow"


async def test_requests_that_cannot_be_made_are_mistakes_of_ours() -> None:
    outward = Outward(SystemClock(), private=HERE)
    for headers in ({"Host": "x"}, {"content-length": "1"}, {"a b": "x"}, {"Connection": "keep-alive"}):
        with pytest.raises(ValueError, match="header"):
            await ask("http://127.0.0.1:9/", outward, headers=headers)
    async with server(saying(ok(b""))) as port:
        with pytest.raises(ValueError, match="line break"):
            await ask(f"http://127.0.0.1:{port}/", outward, headers={"Accept": "x\r\nHost: y"})
