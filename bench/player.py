"""The player in a real Chromium at phone size: from a swipe to the next clip's first frame, and what it costs.

A realm of its own holds clips of the same picture at different addresses. One phone swipes through them on loopback
and once more over 1.6 Mbit/s with 150 ms; beside it, in the same run, a page swaps the `src` of one plain `<video>`
through the same clips as progressive MP4. Our first frame is the client's own mark `reelm:frame`: the paint that
shows a frame the browser had presented while the clip waited, else its first presented frame. The plain element has
no clip waiting: its frame is the first presented after the change (requestVideoFrameCallback).
"""

import asyncio
import functools
import http.server
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import imageio_ffmpeg
from playwright.async_api import Browser, CDPSession, async_playwright
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench._pipe import PipedPage
from bench.record import machine, record
from tests.browser.phone import PHONE, Phone, in_hand, launch
from tests.browser.shots import fetch
from tests.conftest import PASSWORD, free_port, start_realm
from tests.factories.media import plain

CLIPS = 24
COLD_STARTS = 5
MEMORY_SWIPES = 100
SWIPE_TAKES_S = 3.0
WATCHED_S, WATCHED_SLOWLY_S = 1.0, 4.0
SLOW_SWIPES = 10
FOUR_G = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 200_000}
TARGETS = {
    "swipe_p50_ms": 50.0,
    "swipe_p95_ms": 120.0,
    "cold_ms": 1500.0,
    "js_gzip_kb": 90.0,
    "long_tasks": 0.0,
    "memory_growth_mb": 30.0,
}
_OBSERVE = """() => {
  window.longTasks = [];
  new PerformanceObserver((list) => window.longTasks.push(...list.getEntries().map((one) => one.duration)))
    .observe({ type: 'longtask' });
}"""
_MARKS = """() => performance.getEntriesByType('mark').filter((one) => one.name.startsWith('reelm:'))
  .map((one) => [one.name, one.detail?.index ?? 0, one.startTime])"""
_SCRIPTS = """() => {
  const shown = performance.getEntriesByName('reelm:frame')[0].startTime;
  return performance.getEntriesByType('resource')
    .filter((one) => one.name.endsWith('.js') && one.responseEnd <= shown)
    .reduce((sum, one) => sum + one.encodedBodySize, 0);
}"""
_CURRENT = "document.querySelector('[data-current=true]')?.dataset.clip"
_PLAYS = "document.querySelector('[data-current=true] video')?.currentTime > 0"
_PLAIN_PAGE = """<!doctype html><video muted playsinline width=390 height=844></video><script>
const video = document.querySelector('video');
const show = (src) => new Promise((seen) => {
  const from = performance.now();
  video.src = src;
  video.requestVideoFrameCallback(() => seen(performance.now() - from));
  void video.play();
});
</script>"""


def main() -> int:
    folder = Path(tempfile.mkdtemp(prefix="reelm-bench-"))
    folder.chmod(0o755)
    running = start_realm(folder / "data", free_port(), REELM_LIMIT_FACTOR="1000")
    try:
        files = publish(running.url, folder)
        with serving(files) as plain_url:
            metrics = asyncio.run(
                measure(running.url, plain_url, sorted(one.name for one in files.glob("*.mp4")))
            )
    finally:
        running.stop()
        shutil.rmtree(folder, ignore_errors=True)
    show(metrics)
    record("player", **metrics)
    return 0


def publish(url: str, folder: Path) -> Path:
    """Publish the clips and wait for their whole ladders; return a folder with each as a progressive MP4."""
    account = {
        "handle": "bench",
        "password": PASSWORD,
        "birth_date": "1999-04-12",
        "country": "FR",
        "language": "en",
    }
    fetch(f"{url}/api/v1/accounts", account)
    token = fetch(f"{url}/api/v1/sessions", {"handle": "bench", "password": PASSWORD})["token"]
    source = plain(folder / "source.mp4", size="540x960", seconds=5, rate="30").read_bytes()
    ids = [publish_one(url, token, source, number) for number in range(CLIPS)]
    files = folder / "plain"
    files.mkdir()
    for clip_id in ids:
        rendition = whole_ladder(url, token, clip_id)
        packed = folder / "fragmented.mp4"
        with urllib.request.urlopen(url + rendition["url"]) as answer:
            packed.write_bytes(answer.read())
        command = [
            imageio_ffmpeg.get_ffmpeg_exe(),
            "-v",
            "error",
            "-i",
            str(packed),
            "-c",
            "copy",
            "-movflags",
        ]
        subprocess.run([*command, "+faststart", "-y", str(files / f"{clip_id}.mp4")], check=True)
    (files / "index.html").write_text(_PLAIN_PAGE)
    return files


def publish_one(url: str, token: str, source: bytes, number: int) -> str:
    headers = {
        "authorization": f"Bearer {token}",
        "tus-resumable": "1.0.0",
        "upload-length": str(len(source)),
        "content-type": "application/offset+octet-stream",
        "upload-metadata": "filename Y2xpcC5tcDQ=",
    }
    asked = urllib.request.Request(f"{url}/api/v1/uploads", data=source, headers=headers, method="POST")
    with urllib.request.urlopen(asked) as answer:
        upload_id = answer.headers["location"].rsplit("/", 1)[-1]
    body = {"upload_id": upload_id, "caption": f"Number {number} of the bench"}
    return str(fetch(f"{url}/api/v1/clips", body, token)["id"])


def whole_ladder(url: str, token: str, clip_id: str) -> dict[str, Any]:
    """Wait for a clip's whole ladder; return its smallest rendition."""
    for _ in range(3000):
        clip = fetch(f"{url}/api/v1/clips/{clip_id}", token=token)
        if clip["status"] == "failed":
            raise RuntimeError(clip["failure"])
        if clip["media"] and clip["media"]["preview_url"]:
            return dict(min(clip["media"]["renditions"], key=lambda one: one["width"]))
        threading.Event().wait(0.2)
    raise RuntimeError("the worker did not finish")


class _Quiet(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 — the base class's name
        """Say nothing."""


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve the progressive files and their page."""
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", free_port()), functools.partial(_Quiet, directory=str(folder))
    )
    server.handle_error = lambda *_: None  # type: ignore[method-assign] — a browser that changes its mind hangs up
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


async def measure(url: str, plain_url: str, names: list[str]) -> dict[str, float]:
    async with async_playwright() as playwright:
        browser = await launch(playwright)
        cold, scripts = await cold_starts(browser, url, {})
        slow_cold, _ = await cold_starts(browser, url, FOUR_G)
        swipes, long_tasks, megabytes = await swiping(browser, url, CLIPS - 4, WATCHED_S, {})
        slow, _, _ = await swiping(browser, url, SLOW_SWIPES, WATCHED_SLOWLY_S, FOUR_G)
        bare = await plain_swiping(browser, plain_url, names, {})
        bare_slow = await plain_swiping(browser, plain_url, names[:SLOW_SWIPES], FOUR_G)
        await browser.close()
    growth, heap = await asyncio.to_thread(memory, url)
    bare_growth = await asyncio.to_thread(plain_memory, plain_url, names)
    return {
        "swipe_p50_ms": round(statistics.median(swipes), 1),
        "swipe_p95_ms": round(worst(swipes), 1),
        "plain_src_p50_ms": round(statistics.median(bare), 1),
        "plain_src_p95_ms": round(worst(bare), 1),
        "swipe_4g_p50_ms": round(statistics.median(slow), 1),
        "swipe_4g_p95_ms": round(worst(slow), 1),
        "plain_src_4g_p50_ms": round(statistics.median(bare_slow), 1),
        "plain_src_4g_p95_ms": round(worst(bare_slow), 1),
        "cold_ms": round(statistics.median(cold), 1),
        "cold_4g_ms": round(statistics.median(slow_cold), 1),
        "js_gzip_kb": round(scripts / 1000, 1),
        "long_tasks": float(len(long_tasks)),
        "longest_task_ms": round(max(long_tasks, default=0.0), 1),
        "media_mb_per_clip": round(megabytes, 2),
        "heap_growth_mb": round(heap, 1),
        "memory_growth_mb": round(growth, 1),
        "plain_src_memory_growth_mb": round(bare_growth, 1),
    }


def worst(times: list[float]) -> float:
    """The 95th percentile."""
    return statistics.quantiles(times, n=20, method="inclusive")[-1]


async def narrowed(phone: Phone, line: dict[str, Any]) -> CDPSession:
    session = await phone.cdp()
    await session.send("Network.enable")
    await session.send("Network.setCacheDisabled", {"cacheDisabled": False})
    if line:
        await session.send("Network.emulateNetworkConditions", line)
    return session


async def cold_starts(browser: Browser, url: str, line: dict[str, Any]) -> tuple[list[float], float]:
    """From the address to the first frame with nothing kept; in ms, and bytes of JavaScript before it."""
    times, scripts = [], 0.0
    for _ in range(COLD_STARTS):
        async with in_hand(browser, url) as phone:
            await narrowed(phone, line)
            await phone.open("/")
            await phone.page.wait_for_function("() => performance.getEntriesByName('reelm:frame').length")
            times.append(
                await phone.page.evaluate("() => performance.getEntriesByName('reelm:frame')[0].startTime")
            )
            scripts = max(scripts, await phone.page.evaluate(_SCRIPTS))
    return times, scripts


async def swiping(
    browser: Browser, url: str, swipes: int, watched_s: float, line: dict[str, Any]
) -> tuple[list[float], list[float], float]:
    """Times from a swipe to its frame in ms; long tasks meanwhile in ms; megabytes of media per clip."""
    async with in_hand(browser, url) as phone:
        session = await narrowed(phone, line)
        media: dict[str, float] = {}
        wanted: set[str] = set()
        session.on(
            "Network.requestWillBeSent",
            lambda sent: wanted.add(sent["requestId"]) if "/media/" in sent["request"]["url"] else None,
        )
        session.on(
            "Network.loadingFinished",
            lambda done: media.__setitem__(done["requestId"], done["encodedDataLength"]),
        )
        await phone.open("/")
        await phone.plays()
        await phone.page.wait_for_timeout(watched_s * 1000)
        await phone.page.evaluate(_OBSERVE)
        for number in range(1, swipes + 1):
            await phone.swipe()
            await phone.page.wait_for_function(
                "(at) => performance.getEntriesByName('reelm:frame').some((one) => one.detail?.index === at)",
                arg=number,
            )
            await phone.page.wait_for_timeout(watched_s * 1000)
        marks: list[tuple[str, int, float]] = await phone.page.evaluate(_MARKS)
        long_tasks: list[float] = await phone.page.evaluate("() => window.longTasks")
        began = {index: at for name, index, at in marks if name == "reelm:swipe"}
        shown = {index: at for name, index, at in reversed(marks) if name == "reelm:frame"}
        times = [shown[index] - at for index, at in began.items() if index in shown]
        return times, long_tasks, sum(media.get(one, 0.0) for one in wanted) / 1e6 / (swipes + 1)


async def plain_swiping(browser: Browser, url: str, names: list[str], line: dict[str, Any]) -> list[float]:
    """The same clips through one plain video element: ms from the change of `src` to its frame."""
    async with in_hand(browser, url, size=PHONE) as phone:
        await narrowed(phone, line)
        await phone.open("/index.html")
        times = []
        for name in names:
            times.append(await phone.page.evaluate("(name) => show(name)", name))
            await phone.page.wait_for_timeout(WATCHED_S * 1000)
        return times


def memory(url: str) -> tuple[float, float]:
    """By how many MB the page's processes and its JavaScript heap grow over many swipes, garbage collected."""
    with PipedPage() as page:
        page.open(f"{url}/")
        page.wait_for(_PLAYS)
        at, way = 0, 1

        def wander(swipes: int) -> None:
            nonlocal at, way
            for _ in range(swipes):
                if not 0 < at + way < CLIPS - 1:
                    way = -way
                before = page.evaluate(_CURRENT)
                while page.evaluate(_CURRENT) == before:  # a finger that was held up rests instead of swiping
                    page.swipe(-420 * way)
                    page.waits_for(f"{_CURRENT} !== {json.dumps(before)}", SWIPE_TAKES_S)
                at += way

        wander(CLIPS)  # every slot, list and cache is in use before the first reading
        before = page.size()
        wander(MEMORY_SWIPES)
        after = page.size()
    return after[0] - before[0], after[1] - before[1]


def plain_memory(url: str, names: list[str]) -> float:
    """The same for one plain video element that is given as many clips: what the browser itself keeps."""
    with PipedPage() as page:
        page.open(f"{url}/index.html")
        page.wait_for("typeof show === 'function'")

        def play(clips: int) -> None:
            for number in range(clips):
                page.evaluate(f"show({json.dumps(names[number % len(names)])})")

        play(len(names))
        before = page.size()
        play(MEMORY_SWIPES)
        after = page.size()
    return after[0] - before[0]


def show(metrics: dict[str, float]) -> None:
    table = Table("measure", "figure", "target", title=f"player — {machine()}")
    for name, value in metrics.items():
        target = TARGETS.get(name)
        mark = "" if target is None else (" ✓" if value <= target else " ✗")
        table.add_row(name, f"{value:g}{mark}", "" if target is None else f"≤ {target:g}")
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
