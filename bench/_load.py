"""A small load generator: raw HTTP/1.1 over keep-alive connections, from one process, without a framework."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from reelm.feed.catalog import CATALOG, Catalog


@dataclass
class Shot:
    """One request, as bytes."""

    raw: bytes


def request(method: str, path: str, *, token: str = "", body: bytes = b"") -> Shot:
    lines = [f"{method} {path} HTTP/1.1", "Host: bench", "Connection: keep-alive"]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return Shot("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


@dataclass
class Result:
    """What a run of requests gave. Times in milliseconds; CPU per request, of the processes named."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    cpu_ms: dict[str, float]
    statuses: dict[int, int]
    bytes_each: int

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds


async def over(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, shot: Shot) -> tuple[int, bytes]:
    """Send one request over an open connection; return status and body."""
    writer.write(shot.raw)
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head[9:12])
    lowered = head.lower()
    at = lowered.find(b"content-length:")
    if at >= 0:
        length = int(lowered[at + 15 : lowered.index(b"\r\n", at)])
        return status, await reader.readexactly(length)
    body = b""
    if b"transfer-encoding: chunked" in lowered:
        while size := int((await reader.readline()).strip(), 16):
            body += await reader.readexactly(size)
            await reader.readexactly(2)
        await reader.readexactly(2)
    return status, body


async def once(port: int, shot: Shot) -> tuple[int, bytes]:
    """Send one request; return status and body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        return await over(reader, writer, shot)
    finally:
        writer.close()


async def run(
    port: int,
    shots: Callable[[int], Shot],
    *,
    requests: int,
    connections: int = 16,
    processes: dict[str, list[psutil.Process]],
    before: Callable[[int], Awaitable[None]] | None = None,
) -> Result:
    """Send `shots(0..requests-1)` over `connections`, each as fast as it is answered.

    `before` is awaited before each; neither its time nor the CPU time it takes is counted.
    """
    times: list[float] = []
    statuses: dict[int, int] = {}
    size = 0
    numbers = iter(range(requests))

    async def worker() -> None:
        nonlocal size
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
        try:
            for number in numbers:
                shot = shots(number)
                if before is not None:
                    start = cpu(processes)
                    await before(number)
                    for name, used in cpu(processes).items():
                        aside[name] += used - start[name]
                began = time.perf_counter()
                status, body = await over(reader, writer, shot)
                times.append(time.perf_counter() - began)
                statuses[status] = statuses.get(status, 0) + 1
                size = len(body)
        finally:
            writer.close()

    aside = dict.fromkeys(processes, 0.0)
    at_first = cpu(processes)
    began = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(connections)))
    seconds = time.perf_counter() - began
    after = cpu(processes)
    times.sort()
    return Result(
        requests=requests,
        seconds=seconds,
        p50_ms=times[len(times) // 2] * 1000,
        p99_ms=times[min(len(times) - 1, len(times) * 99 // 100)] * 1000,
        cpu_ms={name: (after[name] - at_first[name] - aside[name]) * 1000 / requests for name in processes},
        statuses=statuses,
        bytes_each=size,
    )


def cpu(groups: dict[str, list[psutil.Process]]) -> dict[str, float]:
    found = {}
    for name, members in groups.items():
        total = 0.0
        for process in members:
            try:
                used = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += used.user + used.system
        found[name] = total
    return found


async def catalog_has(data: Path, clips: int, *, seconds: float = 900) -> float:
    """Wait until the realm's catalog has this many clips alive; return how long it took."""
    catalog = Catalog(data / "feed" / CATALOG)
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        catalog.begin()
        if int(catalog.column("alive").sum()) >= clips and len(catalog.list("top")):
            return time.monotonic() - began
        await asyncio.sleep(0.05)
    raise RuntimeError(f"the catalog has {catalog.size} of {clips} clips")
