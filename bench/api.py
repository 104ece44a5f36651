"""How much a request costs, with 10,000 people, 200,000 clips and 5 million watch events, row security on.

And what messages cost: sent a second, how late they are with 1,000 open streams, what an idle stream holds (`_talk`).

For scale each cached read stands beside a bare handler: the same server answering the same bytes from memory.
`python bench/api.py [--small] [--messages]`; --small uses a hundredth of the rows; --messages measures these alone,
in an empty realm, and records nothing.
"""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

import asyncpg
import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))
from bench import _load as load
from bench import _population as population
from bench import _talk as talk
from bench.record import machine, record

from reelm.entrypoints.handout import settings_of_running

SIZES = {"people": 10_000, "clips": 200_000, "events": 5_000_000}
VIEWERS = 16
_BARE = """
import sys
from pathlib import Path
from granian.constants import Interfaces
from granian.server import Server
body = Path(sys.argv[2]).read_bytes()
head = {"type": "http.response.start", "status": 200, "headers": [
    (b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]}
async def app(scope, receive, send):
    if scope["type"] == "http":
        await send(head)
        await send({"type": "http.response.body", "body": body})
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(folder: Path, port: int) -> subprocess.Popen[bytes]:
    command = [
        sys.executable,
        "-m",
        "reelm",
        "up",
        "--data",
        str(folder / "data"),
        "--port",
        str(port),
        "--quiet",
    ]
    process = subprocess.Popen(
        command, env={**os.environ, "REELM_LIMIT_FACTOR": "100000"}, stdout=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            status, _ = asyncio.run(load.once(port, load.request("GET", "/health")))
            if status == 200:
                return process
        except (OSError, asyncio.IncompleteReadError):
            pass
        time.sleep(0.2)
    raise RuntimeError("the realm did not start")


async def make_viewers(port: int, admin: Any, people: int) -> list[str]:
    """Sign people up over the API and give each a history; return their tokens."""
    tokens = []
    for number in range(VIEWERS):
        body = {
            "handle": f"viewer{number}",
            "password": "a long pass phrase",
            "birth_date": "1990-01-01",
            "country": "FR",
            "language": "fr",
        }
        status, answer = await load.once(
            port, load.request("POST", "/api/v1/accounts", body=json.dumps(body).encode())
        )
        assert status == 201, answer
        person = json.loads(answer)["id"]
        body = {"handle": f"viewer{number}", "password": "a long pass phrase"}
        status, answer = await load.once(
            port, load.request("POST", "/api/v1/sessions", body=json.dumps(body).encode())
        )
        assert status == 201, answer
        tokens.append(json.loads(answer)["token"])
        await admin.execute(
            "INSERT INTO follows (follower_id, followee_id, state) "
            "SELECT $1, bench_id(1, 1 + n * 37 % {people}), 'accepted' "
            "FROM generate_series(1, 50) n ON CONFLICT DO NOTHING".replace("{people}", str(people)),
            uuid.UUID(person),
        )
        await admin.execute(
            "INSERT INTO watch_events (person_id, at, id, clip_id, kind) "
            "SELECT $1, now() - make_interval(secs => n * 40), bench_id(7, n), bench_id(2, 1 + (n * 53) % 1500), "
            "(ARRAY['impression', 'finish', 'skip', 'like'])[1 + n % 4] "
            "FROM generate_series(1, 500) n",
            uuid.UUID(person),
        )
    return tokens


def event_batch(number: int) -> bytes:
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return json.dumps(
        {
            "events": [
                {
                    "id": str(uuid.uuid4()),
                    "clip_id": f"01900002-0000-7000-8000-{1 + (number * 10 + n) % 1500:012x}",
                    "kind": "impression" if n % 2 else "finish",
                    "at": now,
                    "watched_ms": 3000,
                }
                for n in range(10)
            ]
        }
    ).encode()


async def measure(
    port: int, sizes: dict[str, int], folder: Path, root: psutil.Process
) -> dict[str, load.Result]:
    admin = await asyncpg.connect(
        **settings_of_running(folder / "data", port).database.connection("reelm_admin")
    )
    await load.catalog_has(folder / "data", sizes["clips"])
    tokens = await make_viewers(port, admin, sizes["people"])
    children = root.children(recursive=True)
    groups = {
        "web": [p for p in children if "web" in " ".join(p.cmdline()[:2])],
        "postgres": [p for p in children if p.name().startswith("postgres")],
    }
    clip = "01900002-0000-7000-8000-000000000005"
    get = load.request
    plans = {
        "for_you": (1500, lambda n: get("GET", "/api/v1/feeds/for-you?limit=10", token=tokens[n % VIEWERS])),
        "for_you_signed_out": (1500, lambda n: get("GET", "/api/v1/feeds/for-you?limit=10")),
        "following": (
            800,
            lambda n: get("GET", "/api/v1/feeds/following?limit=10", token=tokens[n % VIEWERS]),
        ),
        "clip": (3000, lambda n: get("GET", f"/api/v1/clips/{clip}")),
        "comments": (
            1500,
            lambda n: get("GET", f"/api/v1/clips/{clip}/comments?limit=20", token=tokens[n % VIEWERS]),
        ),
        "profile": (
            2000,
            lambda n: get("GET", f"/api/v1/people/bench{1 + n % 1000}", token=tokens[n % VIEWERS]),
        ),
        "search": (
            600,
            lambda n: get(
                "GET",
                f"/api/v1/search?q={population.WORDS[n % 16]}%20{population.WORDS[n % 7]}",
                token=tokens[n % VIEWERS],
            ),
        ),
        "events": (
            800,
            lambda n: get("POST", "/api/v1/events", token=tokens[n % VIEWERS], body=event_batch(n)),
        ),
        "realm": (4000, lambda n: get("GET", "/api/v1/realm")),
    }
    results = {}
    for name, (count, shots) in plans.items():
        await load.run(port, shots, requests=max(64, count // 10), processes=groups)
        groups["postgres"] = [p for p in root.children(recursive=True) if p.name().startswith("postgres")]
        results[name] = await load.run(port, shots, requests=count, processes=groups)
        if name == "for_you":
            results["for_you_alone"] = await load.run(
                port, shots, requests=count, connections=1, processes=groups
            )
            results["for_you_after_event"] = await after_events(port, tokens, groups)
        if name in {"clip", "realm", "for_you_signed_out"}:
            _, body = await load.once(port, shots(0))
            results[name + "_bare"] = await bare(body, folder, count)
    await admin.close()
    return results


async def measure_messages(port: int, folder: Path, root: psutil.Process, *, small: bool) -> talk.Figures:
    """Measure messages and streams on the realm as it stands after the rest."""
    arguments = settings_of_running(folder / "data", port).database.connection("reelm_admin")
    admin = await asyncpg.connect(**arguments)
    try:
        return await talk.measure(port, folder, admin, root, arguments, small=small)
    finally:
        await admin.close()


async def after_events(port: int, tokens: list[str], groups: dict[str, Any]) -> load.Result:
    """Ask for pages one by one, each right after an event that moves the viewer; events are not timed."""
    pages = [
        load.request("GET", "/api/v1/feeds/for-you?limit=10", token=tokens[n % VIEWERS]) for n in range(300)
    ]

    async def swipe(number: int) -> None:
        body = event_batch(number)
        await load.once(
            port, load.request("POST", "/api/v1/events", token=tokens[number % VIEWERS], body=body)
        )

    return await load.run(
        port, pages.__getitem__, requests=300, connections=1, processes=groups, before=swipe
    )


async def bare(body: bytes, folder: Path, count: int) -> load.Result:
    """Measure a handler of the same server that answers the same bytes from memory."""
    port, script, answer = free_port(), folder / "bare.py", folder / "answer"
    script.write_text(
        _BARE + f"\nServer('__main__:app', address='127.0.0.1', port={port}, interface=Interfaces.ASGI)\n"
    )
    answer.write_bytes(body)
    code = (
        "import asyncio, sys, uvloop\n"
        + _BARE.replace("from granian.server import Server", "from granian.server.embed import Server")
        + f"\nuvloop.run(Server(app, address='127.0.0.1', port={port}, interface=Interfaces.ASGI).serve())\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, "x", str(answer)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(200):
            try:
                await load.once(port, load.request("GET", "/"))
                break
            except OSError:
                await asyncio.sleep(0.05)
        group = {"web": [psutil.Process(process.pid)]}
        await load.run(port, lambda n: load.request("GET", "/"), requests=200, processes=group)
        return await load.run(port, lambda n: load.request("GET", "/"), requests=count * 2, processes=group)
    finally:
        process.terminate()
        process.wait()


def show(results: dict[str, load.Result]) -> None:
    print(
        "p99 of for_you is at 16 connections on all cores; for_you_alone and for_you_after_event have one connection."
    )
    print(
        f"{'request':22}{'req/s':>8}{'p50 ms':>9}{'p99 ms':>9}{'web CPU ms':>12}{'+PG ms':>8}{'bytes':>9}  statuses"
    )
    for name, r in results.items():
        postgres = r.cpu_ms.get("postgres", 0.0)
        print(
            f"{name:22}{r.per_second:8.0f}{r.p50_ms:9.2f}{r.p99_ms:9.2f}{r.cpu_ms['web']:12.2f}{postgres:8.2f}"
            f"{r.bytes_each:9}  {r.statuses}"
        )


def main() -> None:
    small = "--small" in sys.argv
    sizes = {name: size // 100 for name, size in SIZES.items()} if small else SIZES
    print(machine())
    alone = "--messages" in sys.argv
    with tempfile.TemporaryDirectory(prefix="reelm-bench-") as made:
        folder = Path(made)
        folder.chmod(0o755)
        port = free_port()
        process = start(folder, port)
        try:
            results = {}
            if not alone:
                asyncio.run(fill(folder, port, sizes))
                process.send_signal(signal.SIGTERM)
                process.wait(60)
                process = start(folder, port)
                results = asyncio.run(measure(port, sizes, folder, psutil.Process(process.pid)))
            messages = asyncio.run(measure_messages(port, folder, psutil.Process(process.pid), small=small))
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
    if not alone:
        show(results)
    talk.show(messages)
    if small or alone:
        return
    page = results["for_you"]
    record(
        "api",
        for_you_cpu_ms=round(page.cpu_ms["web"], 2),
        for_you_total_cpu_ms=round(sum(page.cpu_ms.values()), 2),
        for_you_p99_ms=round(results["for_you_alone"].p99_ms, 1),
        for_you_p99_16_connections_ms=round(page.p99_ms, 1),
        for_you_after_event_cpu_ms=round(results["for_you_after_event"].cpu_ms["web"], 2),
        for_you_rps=round(page.per_second),
        clip_bare_ratio=round(results["clip"].per_second / results["clip_bare"].per_second, 3),
        realm_bare_ratio=round(results["realm"].per_second / results["realm_bare"].per_second, 3),
        search_p50_ms=round(results["search"].p50_ms, 1),
        events_rps=round(results["events"].per_second),
        messages_rps=round(messages.sent.per_second),
        messages_insert_ratio=round(messages.sent.per_second / messages.inserts_per_second, 3),
        message_delay_p50_s=round(messages.delay_p50_s, 4),
        message_delay_p95_s=round(messages.delay_p95_s, 4),
        message_delay_bare_p95_s=round(messages.bare_delay_p95_s, 4),
        stream_idle_kib=round(messages.idle_kib, 1),
        stream_idle_bare_kib=round(messages.bare_idle_kib, 1),
    )


async def fill(folder: Path, port: int, sizes: dict[str, int]) -> None:
    admin = await asyncpg.connect(
        **settings_of_running(folder / "data", port).database.connection("reelm_admin")
    )
    await population.populate(admin, **sizes)
    await admin.close()


if __name__ == "__main__":
    main()
