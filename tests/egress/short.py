"""The short form, in seconds: the border's own way out and its listener between real namespaces, without a realm."""

import asyncio
import socket
import ssl
from pathlib import Path

import structlog
from tests.egress import leaks
from tests.egress.books import compare
from tests.egress.hosts import certify
from tests.egress.leaks import NOWHERE, Secrets, Tried
from tests.egress.links import beside, captured, prove_that_it_sees
from tests.egress.realms import BORDER_PORT, GUEST_PORT
from tests.egress.report import Report
from tests.egress.spaces import ALLOWED, BORDER_GUEST, BORDER_WORLD, GUEST, WORLD, Spaces

from reelm.border.addresses import networks
from reelm.border.listening import Asked, Listening, Reply
from reelm.border.outward import ForbiddenError, Outward
from reelm.kit.clock import SystemClock

_SIZES = (0, 1, 1460, 70_000, 3_000_000)


def play(spaces: Spaces, folder: Path, report: Report) -> None:
    """Play it. Raises what doesn't work; what is wrong goes into the report."""
    known, clock = Secrets.made(), SystemClock()
    authority, hosts = certify(folder, (WORLD, GUEST), clock.now())
    prove_that_it_sees(spaces, folder / "proof.pcap")
    report.say("The capture sees a datagram and a stream that are let out on purpose.")
    elsewhere = f"https://10.99.9.9/collect?{known.query}"
    place = f"{GUEST}:{GUEST_PORT}"
    with (
        beside(spaces.guest, "guest", str(hosts), place, str(folder / "guest.jsonl"), elsewhere),
        captured(spaces, folder / "link.pcap") as capture,
        structlog.testing.capture_logs() as told,
    ):
        with spaces.border.inside():
            report.tried += asyncio.run(_at_the_border(spaces, authority, known, clock))
        report.say("The border asked, was asked, and was led astray.")
        report.tried += leaks.without_a_route(spaces.core, known)
        seen = capture.end()
    own = frozenset((BORDER_WORLD, BORDER_GUEST))
    events = [event for event in told if event["event"] == "border.connection"]
    report.account = compare(seen, events, own)
    report.look(seen, known, [folder / "guest.jsonl"])
    if len(report.account.lines) != 2 * len(_SIZES) + 1:
        report.wrong.append(f"{len(report.account.lines)} connections were seen")


async def _at_the_border(spaces: Spaces, authority: Path, known: Secrets, clock: SystemClock) -> list[Tried]:
    tls = ssl.create_default_context(cafile=str(authority))
    outward = Outward(clock, private=networks((ALLOWED,)), tls=tls)

    async def ask(method: str, url: str, body: bytes | None = None) -> int:
        answer = await outward.request(
            method,
            url,
            kind="fetch",
            purpose="test",
            most_bytes=10**6,
            timeout_seconds=20,
            body=body,
            headers={},
        )
        return answer.status

    base = f"https://{GUEST}:{GUEST_PORT}"
    for size in _SIZES:
        body = b'{"orderedItems":[' + b" " * size + b"]}"
        if await ask("POST", f"{base}/inbox", body) != 202:
            raise RuntimeError("a delivery was not taken")
    await _asked_from_outside(spaces)
    tried = []
    for way, url in (
        ("a redirect to a private address", f"{base}/media/file.mp4"),
        ("an image on a private address", f"http://192.168.7.7/pixel.png?{known.query}"),
        ("an image at an address of nobody", f"http://{NOWHERE}/pixel.png?{known.query}"),
        ("an image on this machine", f"https://127.0.0.1:8443/pixel.png?{known.query}"),
    ):
        try:
            await ask("GET", url)
        except ForbiddenError as error:
            tried.append(Tried(way, f"the border refused it: {error.reason}"))
        else:
            tried.append(Tried(way, ""))
    return tried


async def _asked_from_outside(spaces: Spaces) -> None:
    """The world asks the border's listener; what it answers is `_SIZES` long."""

    async def answer(asked: Asked) -> Reply:
        return Reply(200, b"x" * int(asked.target[1:]))

    listening = Listening(answer, "0.0.0.0", BORDER_PORT)
    await listening.start()
    try:
        for size in _SIZES:
            with spaces.world.inside():
                asking = socket.socket()
            await asyncio.to_thread(_ask, asking, size)
    finally:
        await listening.stop()


def _ask(asking: socket.socket, size: int) -> None:
    with asking:
        asking.settimeout(20)
        asking.connect((BORDER_WORLD, BORDER_PORT))
        asking.sendall(f"GET /{size} HTTP/1.1\r\nHost: border\r\nConnection: close\r\n\r\n".encode())
        got = 0
        while piece := asking.recv(65536):
            got += len(piece)
    if got < size:
        raise RuntimeError("an answer was cut")
