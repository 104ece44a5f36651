"""What crossing a border costs: crossings a second from outbox to the other realm's ledger, and an act's way there.

Two realms of one network as `reelm up` starts them, with default settings, on this machine. First acts over HTTP,
one after the other: how long until the other realm's API shows them. Then many rows of an outbox at once, all of
the loop: classified, decided, into the ledger, delivered, held and in the other ledger; what the other realm makes of
them runs beside it. In the same run the very bytes of those deliveries are posted to a bare server that reads them.
`python -m bench.border [--small]`; --small takes a tenth and records nothing.
"""

import asyncio
import contextlib
import datetime as dt
import json
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
from bench.record import machine, record
from tests.conftest import Person, RunningRealm, eventually, free_port
from tests.factories.networks import Network, running_network

from reelm.border.releasing import BATCH

CROSSINGS, ROUNDS, ACTS = 2_000, 3, 100
_POLL_SECONDS = 0.005
_REST_SECONDS = 0.3
_BARE = """
import asyncio, sys

async def handle(reader, writer):
    head = await reader.readuntil(b"\\r\\n\\r\\n")
    length = int(head.lower().split(b"content-length:")[1].split(b"\\r\\n")[0])
    await reader.readexactly(length)
    writer.write(b"HTTP/1.1 202 Accepted\\r\\nConnection: close\\r\\nContent-Length: 0\\r\\n\\r\\n")
    await writer.drain()
    writer.close()

async def main():
    await (await asyncio.start_server(handle, "127.0.0.1", int(sys.argv[1]), limit=2**22)).serve_forever()

asyncio.run(main())
"""


class Stage:
    """A clip of somebody of `world`, shown in both realms, and people of `us` who agreed to be known there."""

    def __init__(self, network: Network, people: list[Person], author: Person, here: str, there: str) -> None:
        self.network, self.people, self.author = network, people, author
        self.clip_here, self.clip_there = here, there

    @classmethod
    async def set(cls, network: Network) -> "Stage":
        author = await network.sign_up(network.world)
        clip = await network.publish(author, caption="for the bench")
        people = [await network.sign_up(network.us) for _ in range(5)]
        address = f"{author.handle}@{network.name(network.world)}"
        for person in people:
            await network.agree(person, network.world)
            await eventually(lambda person=person: _found(person, f"/people/lookup?address=@{address}"))
            assert (await person.put(f"/people/{address}/follow")).status_code == 200

        async def arrived() -> str:
            items = (await people[0].get(f"/people/{address}/clips")).json()["items"]
            return next((str(each["id"]) for each in items if each["media"]), "")

        here = await eventually(arrived, seconds=60)
        return cls(network, people, author, here, str(clip["id"]))

    async def uri(self, admin: Any) -> str:
        """What the clip is called between realms."""
        found = await admin.fetchval(
            "SELECT uri FROM foreign_things WHERE thing_id = $1", uuid.UUID(self.clip_here)
        )
        return str(found)


async def _found(person: Person, path: str) -> bool:
    return (await person.get(path)).status_code == 200


async def measure_delays(stage: Stage, first: int, acts: int) -> tuple[list[float], list[float]]:
    """Seconds from asking one realm to like or comment until the other shows it; and of the asking alone.

    Acts are numbered: who likes in one turn of all people takes it back in the next.
    """
    delays, askings = [], []

    async def likes() -> int:
        clip = (await stage.author.get(f"/clips/{stage.clip_there}")).json()
        return int(clip["counts"]["likes"])

    async def texts() -> set[str]:
        page = (await stage.author.get(f"/clips/{stage.clip_there}/comments?sort=new&limit=10")).json()
        return {each["text"] for each in page["items"]}

    for number in range(first, first + acts):
        person = stage.people[number // 2 % len(stage.people)]
        if number % 2:
            text = f"comment {number}"
            path, body = f"/clips/{stage.clip_here}/comments", {"text": text}
            began = time.perf_counter()
            answer = await person.post(path, body)
            askings.append(time.perf_counter() - began)
            assert answer.status_code == 201, answer.text
            await _until(lambda text=text: _has(texts, text))
        else:
            liked = number // 2 // len(stage.people) % 2 == 0
            before = await likes()
            act = person.put if liked else person.delete
            began = time.perf_counter()
            answer = await act(f"/clips/{stage.clip_here}/like")
            askings.append(time.perf_counter() - began)
            assert answer.status_code == 200, answer.text
            await _until(lambda wanted=before + (1 if liked else -1): _is(likes, wanted))
        delays.append(time.perf_counter() - began)
        # People act at any moment, not in step with what runs here.
        await asyncio.sleep(_REST_SECONDS * (number % 7) / 7)
    return delays, askings


async def _has(texts: Callable[[], Awaitable[set[str]]], text: str) -> bool:
    return text in await texts()


async def _is(count: Callable[[], Awaitable[int]], wanted: int) -> bool:
    return await count() == wanted


async def _until(true: Callable[[], Awaitable[bool]], seconds: float = 120) -> None:
    deadline = time.perf_counter() + seconds
    while not await true():
        if time.perf_counter() > deadline:
            raise RuntimeError("something did not arrive")
        await asyncio.sleep(_POLL_SECONDS)


@contextlib.asynccontextmanager
async def _admin(network: Network, realm: RunningRealm) -> AsyncIterator[Any]:
    connection = await network.as_admin(realm)
    try:
        yield connection
    finally:
        await connection.close()


async def measure_crossings(stage: Stage, count: int) -> dict[str, float]:
    """Put `count` comments into the outbox; seconds until the other ledger has them, until settled, until shown."""
    network = stage.network
    async with _admin(network, network.us) as here, _admin(network, network.world) as there:
        rows = _rows(stage, await stage.uri(here), count)
        names = ["id", "peer", "act", "object_type", "purpose", "person_id", "thing_id", "document"]
        before = await there.fetchval(_RECEIVED)
        shown = await there.fetchval(_TAKEN)
        delivered = await here.fetchval(_DELIVERED)
        began = time.perf_counter()
        await here.copy_records_to_table("crossings", records=rows, columns=names)
        await here.execute("SELECT pg_notify('crossings', '')")
        times = {}
        for name, connection, question, wanted in (
            ("received", there, _RECEIVED, before + count),
            ("settled", here, _DELIVERED, delivered + count),
            ("shown", there, _TAKEN, shown + count),
        ):
            await _until(lambda c=connection, q=question, w=wanted: _reached(c, q, w), 600)
            times[name] = time.perf_counter() - began
        batches = await here.fetch(
            "SELECT bytes, count FROM crossing_batches WHERE direction = 'out' ORDER BY made_at DESC LIMIT $1",
            -(-count // BATCH),
        )
        return {**times, "bytes": sum(row["bytes"] for row in batches), "batches": len(batches)}


_RECEIVED = (
    "SELECT coalesce(sum(count), 0) FROM crossing_batches WHERE direction = 'in' AND entry_index IS NOT NULL"
)
_DELIVERED = "SELECT count(*) FROM crossings WHERE state = 'delivered'"
_TAKEN = "SELECT count(*) FROM comments"


async def _reached(connection: Any, question: str, wanted: int) -> bool:
    return int(await connection.fetchval(question)) >= wanted


def _rows(stage: Stage, uri: str, count: int) -> list[tuple[Any, ...]]:
    ids = stage.network.place(stage.network.us).document()["ids"]
    now = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    rows = []
    for number in range(count):
        person, comment = stage.people[number % len(stage.people)], uuid.uuid4()
        note = {
            "type": "Note",
            "id": f"{ids}/comments/{comment}",
            "attributedTo": f"{ids}/people/{person.id}",
            "context": uri,
            "inReplyTo": uri,
            "content": f"This is the comment with the number {number}, as long as comments are.",
            "published": now,
            "to": ["as:Public"],
        }
        of = uuid.UUID(person.id)
        rows.append((uuid.uuid4(), "world", "Create", "Note", "interact", of, comment, json.dumps(note)))
    return rows


async def measure_bare(size: int, batches: int) -> float:
    """Seconds for as many bytes in as many requests, each a connection, to a server that reads and says 202."""
    port = free_port()
    server = subprocess.Popen([sys.executable, "-c", _BARE, str(port)])
    body = b"x" * (size // batches)
    try:
        await eventually(lambda: _answers(port), seconds=20)
        began = time.perf_counter()
        for _ in range(batches):
            await _post(port, body)
        return time.perf_counter() - began
    finally:
        server.terminate()
        server.wait(10)


async def _answers(port: int) -> bool:
    try:
        await _post(port, b"x")
    except OSError:
        return False
    return True


async def _post(port: int, body: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST /inbox HTTP/1.1\r\nHost: bench\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    await writer.drain()
    if not (await reader.read()).startswith(b"HTTP/1.1 202"):
        raise OSError("it did not take it")
    writer.close()


async def run(network: Network, share: int) -> dict[str, float]:
    stage = await Stage.set(network)
    await measure_delays(stage, 0, 2 * len(stage.people))  # everything warm
    delays, askings = await measure_delays(stage, 2 * len(stage.people), ACTS // share)
    count = CROSSINGS // share
    await measure_crossings(stage, BATCH)
    rounds = [await measure_crossings(stage, count) for _ in range(ROUNDS)]
    middle = sorted(rounds, key=lambda each: each["received"])[len(rounds) // 2]
    size, batches = int(middle["bytes"]), int(middle["batches"])
    bare = statistics.median([await measure_bare(size, batches) for _ in range(5)])
    singly = statistics.median([await measure_bare(size, count) for _ in range(3)])
    await network.close()
    return {
        "crossings_per_s": round(count / middle["received"]),
        "settled_per_s": round(count / middle["settled"]),
        "shown_per_s": round(count / middle["shown"]),
        "bare_in_batches_per_s": round(count / bare),
        "of_bare_in_batches": round(bare / middle["received"], 4),
        "bare_singly_per_s": round(count / singly),
        "of_bare_singly": round(singly / middle["received"], 2),
        "bytes_each": round(middle["bytes"] / count),
        "delay_p50_s": round(statistics.median(delays), 3),
        "delay_p95_s": round(statistics.quantiles(delays, n=20)[18], 3),
        "act_p50_s": round(statistics.median(askings), 3),
    }


def main() -> None:
    small = "--small" in sys.argv
    # What is measured has its default limits; nobody here is quicker than people are.
    with running_network(REELM_LIMIT_FACTOR="1") as network:
        found = asyncio.run(run(network, 10 if small else 1))
    print(
        f"{found['crossings_per_s']:,} crossings/s into the other realm's ledger (target 200), "
        f"{found['settled_per_s']:,}/s until settled, {found['shown_per_s']:,}/s until people there see them"
    )
    print(
        f"the same bytes posted to a bare server: {found['bare_in_batches_per_s']:,}/s in as many deliveries, "
        f"{found['bare_singly_per_s']:,}/s one by one; ratios {found['of_bare_in_batches']} and "
        f"{found['of_bare_singly']}, {found['bytes_each']} bytes each"
    )
    print(
        f"an act until the other realm shows it: {found['delay_p50_s']:.3f} s, p95 {found['delay_p95_s']:.3f} s "
        f"(target 1.5); of it the act itself {found['act_p50_s']:.3f} s"
    )
    print(machine())
    if not small:
        record("border", **found)


if __name__ == "__main__":
    main()
