"""What a page of For You and a publish cost as clips, people and ties grow; ratios to the smallest of one run.

Each size is a realm of its own: filled by the database, taken in by the indexer, asked over HTTP with one connection.
`python bench/growth.py [--small]`; --small takes a hundredth of every size.
"""

import asyncio
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))
from bench import _load as load
from bench import api
from bench.record import machine, record

from reelm.entrypoints.handout import settings_of_running
from reelm.feed.catalog import CATALOG, Catalog

PAGES = 400
PUBLISHED = 40
TIED = 10_000
# name → (people, clips, events, how many each viewer follows). Clips grow first, then people and ties.
SIZES = {
    "20k": (10_000, 20_000, 200_000, 50),
    "200k": (10_000, 200_000, 200_000, 50),
    "1m": (10_000, 1_000_000, 200_000, 50),
    "people_x10": (100_000, 20_000, 200_000, 500),
    "people_x100": (1_000_000, 20_000, 200_000, 5_000),
}
_PUBLISH = """
INSERT INTO clips (id, author_id, status, caption, tags, sound_id, visibility, audience, language,
                   created_at, published_at, changed_at, media, sealed, ladder_complete, stage, percent)
SELECT $1, author_id, 'ready', caption, tags, sound_id, visibility, audience, language, now(), now(), now(), media,
       false, true, 'ready', 100 FROM clips WHERE id = bench_id(2, $2)
"""


@dataclass
class Cost:
    """What was measured at one size. CPU in ms, of one page or one publish; `seen_ms`: until the catalog has it."""

    page: load.Result
    after_event: load.Result
    publish_cpu_ms: float
    publish_seen_ms: float
    taken_in_s: float


def scaled(sizes: tuple[int, int, int, int], *, small: bool) -> tuple[int, int, int, int]:
    people, clips, events, follows = sizes
    return (people // 100, clips // 100, events // 100, min(follows, people // 200)) if small else sizes


async def measure(folder: Path, port: int, root: psutil.Process, sizes: tuple[int, int, int, int]) -> Cost:
    people, clips, _, follows = sizes
    taken_in = await load.catalog_has(folder / "data", clips)
    settings = settings_of_running(folder / "data", port)
    admin = await asyncpg.connect(**settings.database.connection("reelm_admin"))
    tokens = await api.make_viewers(port, admin, people)
    await admin.execute(
        "INSERT INTO follows (follower_id, followee_id, state) "
        "SELECT p.id, bench_id(1, 1 + n * 31 % $1), 'accepted' FROM people p, generate_series(1, $2::int) n "
        "WHERE p.handle LIKE 'viewer%' ON CONFLICT DO NOTHING",
        people,
        follows,
    )
    groups = groups_of(root)

    def shots(number: int) -> load.Shot:
        return load.request("GET", "/api/v1/feeds/for-you?limit=10", token=tokens[number % api.VIEWERS])

    await load.run(port, shots, requests=64, connections=1, processes=groups)
    groups = groups_of(root)
    page = await load.run(port, shots, requests=PAGES, connections=1, processes=groups)
    after = await api.after_events(port, tokens, groups)
    for result in (page, after):
        assert set(result.statuses) == {200}, result.statuses
    cpu, seen = await publish(admin, folder, groups_of(root))
    await admin.close()
    return Cost(page, after, cpu, seen, taken_in)


def groups_of(root: psutil.Process) -> dict[str, list[psutil.Process]]:
    children = root.children(recursive=True)
    return {
        "web": [p for p in children if "web" in " ".join(p.cmdline()[:2])],
        "postgres": [p for p in children if p.name().startswith("postgres")],
        "all": children,
    }


async def publish(admin: Any, folder: Path, groups: dict[str, Any]) -> tuple[float, float]:
    """Publish clips one after the other; return CPU ms and ms until the catalog has one, each of the middle half.

    The CPU of all processes over a publish, less what as long a time without one takes.
    """
    catalog = Catalog(folder / "data" / "feed" / CATALOG)
    costs, waits = [], []
    for number in range(PUBLISHED):
        before, began = cpu_of(groups), time.perf_counter()
        clip_id = uuid.uuid4()
        await admin.execute(_PUBLISH, clip_id, 1 + number)
        await admin.execute("INSERT INTO clip_counters (clip_id) VALUES ($1) ON CONFLICT DO NOTHING", clip_id)
        await admin.execute("SELECT pg_notify('catalog', $1)", str(clip_id))
        while catalog.row(clip_id) < 0:
            await asyncio.sleep(0.002)
            catalog.begin()
            if time.perf_counter() - began > 60:
                raise RuntimeError("the catalog does not take in what is published")
        took = time.perf_counter() - began
        await asyncio.sleep(max(0.0, 0.3 - took))
        busy, length = cpu_of(groups) - before, time.perf_counter() - began
        before = cpu_of(groups)
        await asyncio.sleep(length)
        costs.append((busy - (cpu_of(groups) - before)) * 1000)
        waits.append(took * 1000)
    quarter = PUBLISHED // 4
    middle = sorted(costs)[quarter:-quarter]
    return sum(middle) / len(middle), sorted(waits)[PUBLISHED // 2]


def cpu_of(groups: dict[str, Any]) -> float:
    return sum(load.cpu({"all": groups["all"]}).values())


def one(name: str, sizes: tuple[int, int, int, int]) -> Cost:
    print(f"{name}: people, clips, events, follows = {sizes}", flush=True)
    with tempfile.TemporaryDirectory(prefix="reelm-growth-") as made:
        folder = Path(made)
        folder.chmod(0o755)
        port = api.free_port()
        process = api.start(folder, port)
        try:
            people, clips, events, _ = sizes
            # Ties of everybody else are on no page's way; of a million people they would be seventy million rows.
            tied = min(people, TIED)
            asyncio.run(
                api.fill(folder, port, {"people": people, "clips": clips, "events": events, "tied": tied})
            )
            process.send_signal(signal.SIGTERM)
            process.wait(120)
            process = api.start(folder, port)
            return asyncio.run(measure(folder, port, psutil.Process(process.pid), sizes))
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(120)
            except subprocess.TimeoutExpired:
                process.kill()


def show(costs: dict[str, Cost]) -> None:
    first = next(iter(costs.values()))
    print(
        f"{'size':13}{'page CPU':>10}{'ratio':>7}{'+PG':>7}{'p50':>7}{'p99':>8}{'after event':>13}{'ratio':>7}"
        f"{'publish CPU':>13}{'seen after':>12}{'taken in':>10}   (ms; one connection; taken in: s)"
    )
    for name, cost in costs.items():
        page, after = cost.page, cost.after_event
        print(
            f"{name:13}{page.cpu_ms['web']:10.2f}{ratio(page, first.page):7.2f}{page.cpu_ms['postgres']:7.2f}"
            f"{page.p50_ms:7.2f}{page.p99_ms:8.2f}{after.cpu_ms['web']:13.2f}"
            f"{ratio(after, first.after_event):7.2f}{cost.publish_cpu_ms:13.1f}{cost.publish_seen_ms:12.0f}"
            f"{cost.taken_in_s:10.1f}"
        )


def ratio(result: load.Result, first: load.Result) -> float:
    """Return how many times more a page costs, web and PostgreSQL together."""
    return both(result) / both(first)


def both(result: load.Result) -> float:
    return result.cpu_ms["web"] + result.cpu_ms["postgres"]


def main() -> None:
    small = "--small" in sys.argv
    print(machine())
    costs: dict[str, Cost] = {}
    for name, sizes in SIZES.items():
        costs[name] = one(name, scaled(sizes, small=small))
        show({"20k": costs["20k"], name: costs[name]})
    show(costs)
    if small:
        return
    first = costs["20k"]
    found: dict[str, float] = {}
    for name in list(SIZES)[1:]:
        found[f"page_ratio_{name}"] = round(ratio(costs[name].page, first.page), 2)
        found[f"publish_ratio_{name}"] = round(costs[name].publish_cpu_ms / max(first.publish_cpu_ms, 0.1), 2)
    record("growth", page_cpu_ms_1m=round(costs["1m"].page.cpu_ms["web"], 2), **found)


if __name__ == "__main__":
    main()
