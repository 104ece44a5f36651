"""Receipts of a simulated day, computed again in a browser by the sources that the client ships: the same bytes."""

import base64
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, Route
from tests.browser.phone import ROOT
from tests.factories.feedagain import replayed, with_another_score
from tests.factories.feedday import Day, as_json

pytestmark = pytest.mark.browser

_ORIGIN = "http://127.0.0.1"
_REPLAY = "async () => (await import('/day.js')).replayDay(await (await fetch('/day.json')).json())"


@pytest.fixture(scope="session")
def verifier(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The client's verifier of receipts in one module, built as the client is."""
    folder = tmp_path_factory.mktemp("verifier")
    command = ["node_modules/vite/bin/vite.js", "build", "--config", "tests/verify/browser.config.ts"]
    done = subprocess.run(
        [Path(sys.executable).with_name("node"), *command, "--outDir", folder],
        cwd=ROOT / "web",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return (folder / "day.js").read_text()


@pytest.fixture
async def blank(browser: Browser, verifier: str) -> AsyncIterator[Page]:
    """An empty page of an origin that has WebCrypto; it gets the verifier, and nothing from any network."""

    async def answer(route: Route) -> None:
        if route.request.url == f"{_ORIGIN}/day.js":
            await route.fulfill(content_type="text/javascript", body=verifier)
        elif route.request.url == f"{_ORIGIN}/":
            await route.fulfill(content_type="text/html", body="<!doctype html><title>Receipts</title>")
        else:
            await route.abort()

    context = await browser.new_context()
    await context.route("**/*", answer)
    page = await context.new_page()
    await page.goto(_ORIGIN)
    yield page
    await context.close()


async def _in_the_browser(page: Page, day: Day) -> list[dict[str, Any]]:
    data = as_json(day)
    await page.route(
        f"{_ORIGIN}/day.json", lambda route: route.fulfill(content_type="application/json", body=data)
    )
    found: list[dict[str, Any]] = await page.evaluate(_REPLAY)
    await page.unroute(f"{_ORIGIN}/day.json")
    return found


@pytest.mark.timeout(600)
@pytest.mark.parametrize("count", [50, pytest.param(1_000, marks=pytest.mark.full)])
async def test_a_day_comes_out_the_same_in_a_browser(blank: Page, count: int, tmp_path: Path) -> None:
    with Day(tmp_path) as day:
        day.serve(count)
    there = await _in_the_browser(blank, day)
    assert len(there) == count
    for page, here, other in zip(day.pages, replayed(day), there, strict=True):
        assert other == here
        assert base64.b64decode(other["receipt"]) == page.receipt
        assert other["shown"] == [clip.hex() for clip in page.shown]
        assert other["problems"] == []


async def test_a_page_with_another_score_is_refused_in_a_browser(blank: Page, tmp_path: Path) -> None:
    with Day(tmp_path) as day:
        honest = day.serve(1)[0]
    changed = replace(honest, receipt=with_another_score(honest.receipt))
    day.pages.append(changed)
    right, wrong = await _in_the_browser(blank, day)
    assert right["problems"] == []
    assert wrong["problems"] == ["feed.score-differs"]
    assert base64.b64decode(wrong["receipt"]) == honest.receipt != changed.receipt
    assert [right, wrong] == list(replayed(day))
