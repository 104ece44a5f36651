"""What messages cost: sent a second, how late they are at a thousand open streams, and what an idle stream holds.

Beside each stands the least that the machine can do in the same run: the rows inserted by the database alone, the
same insert with NOTIFY and SELECT over plain connections, and a bare handler that keeps its connections open.
"""

import asyncio
import base64
import json
import secrets
import socket
import statistics
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import psutil
from bench import _load as load

STREAMS = 1000
STREAMS_EACH = 8
TALKS = 16
_PASSWORD = "a long pass phrase"
_HOLDING = """
import sys, asyncio, uvloop
from granian.constants import Interfaces
from granian.server.embed import Server
async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
    await send({"type": "http.response.body", "body": b"retry: 3000\\n\\n", "more_body": True})
    while (await receive())["type"] != "http.disconnect":
        pass
port, many = int(sys.argv[1]), 4096
server = Server(app, address="127.0.0.1", port=port, interface=Interfaces.ASGI, backlog=many, backpressure=many)
uvloop.run(server.serve())
"""


@dataclass
class Figures:
    """What was measured; seconds, KiB and messages a second."""

    sent: load.Result
    inserts_per_second: float
    delay_p50_s: float
    delay_p95_s: float
    bare_delay_p50_s: float
    bare_delay_p95_s: float
    idle_kib: float
    bare_idle_kib: float
    streams: int


@dataclass
class _Person:
    id: uuid.UUID
    token: str
    device: uuid.UUID


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


async def _people(port: int, admin: Any, count: int) -> list[_Person]:
    """Sign people up over the API, each with a device; two at a time, since passwords are made to cost."""
    gate = asyncio.Semaphore(2)

    async def one(number: int) -> _Person:
        body = {"handle": f"talker{number}", "password": _PASSWORD, "country": "FR", "language": "fr"}
        body["birth_date"] = "1990-01-01"
        async with gate:
            status, answer = await load.once(
                port, load.request("POST", "/api/v1/accounts", body=json.dumps(body).encode())
            )
            assert status == 201, answer
            person = uuid.UUID(json.loads(answer)["id"])
            body = {"handle": body["handle"], "password": _PASSWORD}
            status, answer = await load.once(
                port, load.request("POST", "/api/v1/sessions", body=json.dumps(body).encode())
            )
            assert status == 201, answer
        return _Person(person, json.loads(answer)["token"], uuid.uuid4())

    made = await asyncio.gather(*(one(number) for number in range(count)))
    for each in made:
        await admin.execute(
            "INSERT INTO devices (id, person_id, signature_key, certificate, label_sealed)"
            " VALUES ($1, $2, $3, $4, $5)",
            *(each.device, each.id, secrets.token_bytes(32), secrets.token_bytes(64), b"-"),
        )
    return list(made)


async def _talks(admin: Any, people: list[_Person]) -> list[uuid.UUID]:
    """Put people into conversations, two by two."""
    talks = []
    for number in range(0, len(people), 2):
        talk = uuid.uuid4()
        await admin.execute(
            "INSERT INTO conversations (id, kind, epoch, group_info) VALUES ($1, 'group', 1, $2)",
            *(talk, secrets.token_bytes(2000)),
        )
        for each in people[number : number + 2]:
            await admin.execute(
                "INSERT INTO conversation_members (conversation_id, person_id, state, devices, first_seq)"
                " VALUES ($1, $2, 'member', ARRAY[$3::uuid], 1)",
                *(talk, each.id, each.device),
            )
        talks.append(talk)
    return talks


def _send(talk: uuid.UUID, sender: _Person) -> load.Shot:
    body = {
        "id": str(uuid.uuid4()),
        "device_id": str(sender.device),
        "epoch": 1,
        "body": _text(secrets.token_bytes(700)),
        "commitment": _text(secrets.token_bytes(32)),
    }
    path = f"/api/v1/conversations/{talk}/messages"
    return load.request("POST", path, token=sender.token, body=json.dumps(body).encode())


async def measure(
    port: int, folder: Path, admin: Any, root: psutil.Process, arguments: dict[str, Any], *, small: bool
) -> Figures:
    """Measure all of it on a running realm. `arguments` connect to its database."""
    streams = STREAMS // 10 if small else STREAMS
    people = await _people(port, admin, max(2 * TALKS, streams // STREAMS_EACH))
    talks = await _talks(admin, people)
    children = root.children(recursive=True)
    web = [each for each in children if "web" in " ".join(each.cmdline()[:2])]
    groups = {"web": web, "postgres": [each for each in children if each.name().startswith("postgres")]}

    def shots(number: int) -> load.Shot:
        return _send(talks[number % TALKS], people[2 * (number % TALKS)])

    count = 200 if small else 2000
    await load.run(port, shots, requests=max(64, count // 10), processes=groups)
    sent = await load.run(port, shots, requests=count, processes=groups)
    inserts = await _inserts(arguments, admin, count)
    before = _pss_kib(web)
    listeners = await _open(port, people, streams)
    try:
        idle = (_pss_kib(web) - before) / streams
        delays = await _delays(port, people, talks, listeners, 20 if small else 100)
    finally:
        for each in listeners:
            each.close()
    bare_delays = await _bare_delays(arguments, admin, 20 if small else 100)
    return Figures(
        sent,
        inserts,
        statistics.median(delays),
        _p95(delays),
        statistics.median(bare_delays),
        _p95(bare_delays),
        idle,
        await _holding(folder, streams),
        streams,
    )


def _p95(values: list[float]) -> float:
    return sorted(values)[len(values) * 95 // 100]


def _pss_kib(processes: list[psutil.Process]) -> float:
    """Memory of these processes, what they share counted once among them."""
    return sum(each.memory_full_info().pss for each in processes) / 1024


# --- streams ------------------------------------------------------------------------------------------------------


class _Stream:
    """An open stream that tells of each hint about a conversation."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.hints: asyncio.Queue[int] = asyncio.Queue()
        self.hears = asyncio.Event()
        self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        kind = b""
        while line := await self._reader.readline():
            if line.startswith(b"event: "):
                kind = line[7:].strip()
            elif line.startswith(b"data: ") and kind == b"unread":
                self.hears.set()
            elif line.startswith(b"data: ") and kind == b"message":
                self.hints.put_nowait(json.loads(line[6:])["last_seq"])

    def close(self) -> None:
        self._task.cancel()
        self._writer.close()


async def _open(port: int, people: list[_Person], count: int) -> list[_Stream]:
    """Open so many streams, those of one person beside one another; return when all are heard."""
    streams = []
    for number in range(count):
        token = people[number // STREAMS_EACH].token
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(load.request("GET", "/api/v1/stream", token=token).raw)
        streams.append(_Stream(reader, writer))
        if number % 50 == 49:
            await asyncio.gather(*(each.hears.wait() for each in streams[-50:]))
    async with asyncio.timeout(60):
        await asyncio.gather(*(each.hears.wait() for each in streams))
    return streams


async def _delays(
    port: int, people: list[_Person], talks: list[uuid.UUID], streams: list[_Stream], rounds: int
) -> list[float]:
    """From the moment a message is sent until its recipient, who was told by their stream, has fetched it."""
    found: list[float] = []
    busy = min(4, len(streams) // (2 * STREAMS_EACH))

    async def pair(number: int) -> None:
        sender, recipient = people[2 * number], people[2 * number + 1]
        heard = streams[(2 * number + 1) * STREAMS_EACH]
        line = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(rounds):
            began = time.perf_counter()
            status, answer = await load.over(*line, _send(talks[number], sender))
            assert status in {200, 201}, answer
            seq = json.loads(answer)["seq"]
            async with asyncio.timeout(30):
                while await heard.hints.get() < seq:
                    pass
            path = f"/api/v1/conversations/{talks[number]}/messages?after={seq - 1}&limit=200"
            status, answer = await load.over(*line, load.request("GET", path, token=recipient.token))
            assert status == 200, answer
            assert json.loads(answer)["items"][0]["seq"] == seq
            found.append(time.perf_counter() - began)
            await asyncio.sleep(0.02)
        line[1].close()

    await asyncio.gather(*(pair(number) for number in range(busy)))
    return found


async def _holding(folder: Path, count: int) -> float:
    """KiB that a bare handler of the same server holds for each connection that it keeps open."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    script = folder / "holding.py"
    script.write_text(_HOLDING)
    process = subprocess.Popen(
        [sys.executable, str(script), str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    writers: list[asyncio.StreamWriter] = []
    try:
        server = psutil.Process(process.pid)
        for _ in range(200):
            try:
                await _hold(port, writers)
                break
            except OSError:
                await asyncio.sleep(0.05)
        before = _pss_kib([server])
        for _ in range(count):
            await _hold(port, writers)
        return (_pss_kib([server]) - before) / count
    finally:
        for each in writers:
            each.close()
        process.terminate()
        process.wait()


async def _hold(port: int, writers: list[asyncio.StreamWriter]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(load.request("GET", "/").raw)
    await reader.readuntil(b"retry: 3000")
    writers.append(writer)


# --- the least there is -------------------------------------------------------------------------------------------


async def _plain(admin: Any) -> None:
    await admin.execute(
        "CREATE TABLE IF NOT EXISTS bench_messages (seq bigserial PRIMARY KEY, id uuid, body bytea, commitment bytea)"
    )


_INSERT = "INSERT INTO bench_messages (id, body, commitment) VALUES ($1, $2, $3) RETURNING seq"


def _row() -> tuple[uuid.UUID, bytes, bytes]:
    return uuid.uuid4(), secrets.token_bytes(700), secrets.token_bytes(32)


async def _inserts(arguments: dict[str, Any], admin: Any, count: int) -> float:
    """Rows of the same size a second, each in a transaction of its own, over as many plain connections."""
    await _plain(admin)
    connections = [await asyncpg.connect(**arguments) for _ in range(TALKS)]
    numbers = iter(range(count))

    async def work(connection: Any) -> None:
        for _ in numbers:
            await connection.fetchval(_INSERT, *_row())

    began = time.perf_counter()
    await asyncio.gather(*(work(each) for each in connections))
    seconds = time.perf_counter() - began
    for each in connections:
        await each.close()
    return count / seconds


async def _bare_delays(arguments: dict[str, Any], admin: Any, rounds: int) -> list[float]:
    """Insert with NOTIFY, hear it on another connection, select it: with nothing around it."""
    await _plain(admin)
    sender, hearer = await asyncpg.connect(**arguments), await asyncpg.connect(**arguments)
    heard: asyncio.Queue[int] = asyncio.Queue()
    await hearer.add_listener("bench_message", lambda *said: heard.put_nowait(int(said[3])))
    found = []
    for _ in range(rounds):
        began = time.perf_counter()
        async with sender.transaction():
            seq = await sender.fetchval(_INSERT, *_row())
            await sender.execute("SELECT pg_notify('bench_message', $1)", str(seq))
        while await heard.get() < seq:
            pass
        await hearer.fetchrow("SELECT body FROM bench_messages WHERE seq = $1", seq)
        found.append(time.perf_counter() - began)
        await asyncio.sleep(0.01)
    await sender.close()
    await hearer.close()
    await admin.execute("DROP TABLE bench_messages")
    return found


def show(figures: Figures) -> None:
    """Print the figures for people."""
    sent = figures.sent
    print(
        f"messages: {sent.per_second:.0f}/s at 16 connections ({sent.statuses}), plain inserts "
        f"{figures.inserts_per_second:.0f}/s; CPU each: web {sent.cpu_ms['web']:.2f} ms, "
        f"PG {sent.cpu_ms['postgres']:.2f} ms"
    )
    print(
        f"delay with {figures.streams} open streams: p50 {figures.delay_p50_s * 1000:.1f} ms, "
        f"p95 {figures.delay_p95_s * 1000:.1f} ms; insert, NOTIFY, SELECT alone: p50 "
        f"{figures.bare_delay_p50_s * 1000:.1f} ms, p95 {figures.bare_delay_p95_s * 1000:.1f} ms"
    )
    print(f"an idle stream: {figures.idle_kib:.1f} KiB; of a bare handler: {figures.bare_idle_kib:.1f} KiB")
