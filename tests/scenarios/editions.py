# ruff: noqa: T201 — a scenario says what it does
"""Two editions side by side: one build, two brands, nothing in common.

`make scenario NAME=editions` starts a realm of each of the demo's two networks, shows in one browser what people see
of them, and puts a picture of both into `.shots/editions.png`.
"""

import asyncio
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import async_playwright
from tests.browser.phone import ROOT, launch
from tests.conftest import RunningRealm
from tests.factories.networks import start_place
from tests.scenarios.publish import must, say

from reelm.entrypoints import composition
from reelm.entrypoints.composition import RealmPlace

_PICTURE = ROOT / ".shots" / "editions.png"
_BRAND = (
    "() => ({name: document.querySelector('meta[name=\"application-name\"]').content, title: document.title,"
    " accent: getComputedStyle(document.documentElement).getPropertyValue('--accent').trim(),"
    " language: document.documentElement.lang})"
)


async def _sign_up_page(context: Any, place: RealmPlace) -> dict[str, Any]:
    page = await context.new_page()
    await page.goto(place.web + "/sign-up")
    await page.wait_for_selector("form")
    seen: dict[str, Any] = await page.evaluate(_BRAND)
    return {**seen, "picture": await page.screenshot(), "text": await page.inner_text("body")}


async def look(places: list[RealmPlace]) -> None:
    seen = {}
    async with async_playwright() as playwright:
        browser = await launch(playwright)
        try:
            context = await browser.new_context(viewport={"width": 390, "height": 844})
            for place in places:
                seen[place.id] = await _sign_up_page(context, place)
            pair = await browser.new_page(viewport={"width": 820, "height": 860})
            await pair.set_content("<body style='margin:8px;display:flex;gap:8px;background:#888'></body>")
            for each in seen.values():
                await pair.evaluate(
                    "(bytes) => new Promise((ready) => { const one = new Image(); one.onload = ready;"
                    " one.src = URL.createObjectURL(new Blob([new Uint8Array(bytes)]));"
                    " document.body.append(one); })",
                    list(each.pop("picture")),
                )
            _PICTURE.parent.mkdir(exist_ok=True)
            await pair.screenshot(path=_PICTURE)
        finally:
            await browser.close()
    for place in places:
        about = seen[place.id]
        rules = place.network.edition["rules"]
        say(
            f"{place.web} is {about['name']}: “{about['title']}”, in {about['accent']}, speaks {about['language']}"
        )
        must(about["name"] == place.network.edition["name"], f"{place.id} shows another name")
        must(about["name"] in about["title"], "the page's title is another brand's")
        must(about["accent"] == place.network.edition["accent"], f"{place.id} has other colours")
        must(rules in about["text"], "the rules are not shown to whoever signs up")
        others = [each.network.edition["name"] for each in places if each is not place]
        must(not [name for name in others if name in about["text"]], "another brand's name is on the page")
    say(f"Both, side by side: {_PICTURE.relative_to(ROOT)}")


def apart(places: list[RealmPlace]) -> None:
    """Neither knows anything of the other."""
    for place in places:
        directory = httpx.get(place.address + "/api/v1/network").json()
        must([each["realm"] for each in directory["realms"]] == [place.id], "an edition knows of another")
        manifest = httpx.get(place.address + "/manifest.webmanifest").json()
        must(manifest["name"] == place.network.edition["name"], "the manifest is another brand's")
    charters = [json.loads((place.data / "realm.json").read_bytes()) for place in places]
    keys = [
        {member["vkey"].split("+", 2)[2] for member in each["keyholders"]["members"]} for each in charters
    ]
    must(not keys[0] & keys[1], "they have a keyholder in common")
    say("Neither knows of the other; their keyholders, ledgers and borders are their own.")


def main() -> int:
    folder = Path(tempfile.mkdtemp(prefix="reelm-scenario-"))
    folder.chmod(0o755)
    realms: list[RunningRealm] = []
    try:
        laid = composition.lay_out(folder, composition.read_plan(), only=("us", "kinora"), witness=False)
        realms += [start_place(place) for place in laid.realms]
        say("Two realms of one build run on this machine.")
        asyncio.run(look(laid.realms))
        apart(laid.realms)
    finally:
        for realm in realms:
            realm.stop()
        shutil.rmtree(folder, ignore_errors=True)
    print("✓ Everything happened as it should.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
