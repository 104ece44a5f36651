"""A phone in somebody's hand: one browser context with its page, its fingers, and a record of all it asked for.

Words on buttons come from the client's own English texts, so a test fails when a text is missing, not when it is
written better.
"""

import json
import os
import re
import shutil
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import (
    Browser,
    BrowserContext,
    CDPSession,
    Locator,
    Page,
    Playwright,
    Request,
    expect,
)

ROOT = Path(__file__).parents[2]
PHONE = (390, 844)
DESK = (1280, 800)
PATIENCE_MS = 20_000
"""How long a person waits for anything that is not a video being prepared, on a machine that is busy."""
PREPARING_MS = 90_000
BRAND = "Reelm"
"""The edition that a realm begins with."""

_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
]
_FILES = sorted(path.stem for path in (ROOT / "web/src/lib/i18n/en").glob("*.json"))
_TEXTS = {
    language: {
        key: text
        for name in _FILES
        for key, text in json.loads((ROOT / f"web/src/lib/i18n/{language}/{name}.json").read_text()).items()
    }
    for language in ("en", "fr", "zh")
}
_WATCHED = """() => {
  const slot = document.querySelector('[data-current="true"]');
  const video = slot?.querySelector('video');
  if (!video) return null;
  return {clip: slot.dataset.clip, at: video.currentTime, paused: video.paused, muted: video.muted,
    shown: getComputedStyle(video).opacity === '1', width: video.videoWidth, height: video.videoHeight,
    heard: video.webkitAudioDecodedByteCount};
}"""
_PLAYS = """(since) => {
  const video = document.querySelector('[data-current="true"] video');
  return !!video && !video.paused && getComputedStyle(video).opacity === '1' && video.currentTime > since + 0.3;
}"""


def text(key: str, language: str = "en", **values: object) -> str:
    """A text of the client as people read it; plurals by their `other` form unless `count` is 1."""
    found = _TEXTS[language][key]
    if isinstance(found, dict):
        found = found["one" if values.get("count") == 1 and "one" in found else "other"]
    for name, value in {"brand": BRAND, **values}.items():
        found = found.replace("{" + name + "}", str(value))
    return str(found)


def chromium() -> str:
    """The browser that is installed here."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("REELM_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if not found:
        raise RuntimeError("No Chromium was found; on Debian: apt-get install chromium")
    return found


async def launch(playwright: Playwright, *flags: str) -> Browser:
    """Start the browser with a fake camera, and without its own errands on the network."""
    return await playwright.chromium.launch(executable_path=chromium(), args=[*_FLAGS, *flags])


# Messages look for what is new whenever somebody is signed in; an answer may come after they signed out.
_SIGNED_OUT_MEANWHILE = r"status of 401 .*/api/v1/(conversations|me/(messages|devices)|key-packages)\b"


@dataclass
class Phone:
    """One person's browser. `expected` holds patterns of console errors that a test brings about on purpose."""

    context: BrowserContext
    page: Page
    url: str
    language: str = "en"
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)
    handle: str = ""
    after: Awaitable[None] | None = None
    """What a screen has to undo once it was looked at."""
    _cdp: CDPSession | None = None

    def say(self, key: str, **values: object) -> str:
        return text(key, self.language, **values)

    def button(self, key: str, **values: object) -> Locator:
        return self.page.get_by_role("button", name=self.say(key, **values), exact=True)

    def link(self, key: str, **values: object) -> Locator:
        return self.page.get_by_role("link", name=self.say(key, **values), exact=True)

    def act(self, name: str) -> Locator:
        """One of the deeds under the clip that is watched."""
        return self.page.locator(f'[data-act="{name}"]')

    async def open(self, path: str = "/") -> None:
        await self.page.goto(self.url + path)

    async def cdp(self) -> CDPSession:
        if self._cdp is None:
            self._cdp = await self.context.new_cdp_session(self.page)
        return self._cdp

    async def turn_page(self) -> None:
        """Close the page and open another, as a tab that was thrown out of memory."""
        await self.page.close()
        self._cdp = None
        self.page = await self.context.new_page()

    # — watching —

    async def watched(self) -> dict[str, Any]:
        """What the current slot shows: clip, at, paused, muted, shown, width, height, heard."""
        await self.page.wait_for_function(f"() => ({_WATCHED})()?.clip", timeout=PATIENCE_MS)
        found: dict[str, Any] = await self.page.evaluate(_WATCHED)
        return found

    async def plays(self) -> dict[str, Any]:
        """Wait until the picture moves and its clock runs."""
        now = await self.watched()
        await self.page.wait_for_function(_PLAYS, arg=now["at"], timeout=PATIENCE_MS)
        return await self.watched()

    async def swipe(self, dy: int = -420) -> None:
        """One finger up (or down), and wait for another clip to be the current one."""
        before = (await self.watched())["clip"]
        session = await self.cdp()
        x, y = 180, 520 if dy < 0 else 140

        async def touch(kind: str, *points: tuple[float, float]) -> None:
            await session.send(
                "Input.dispatchTouchEvent",
                {"type": kind, "touchPoints": [{"x": px, "y": py} for px, py in points]},
            )

        await touch("touchStart", (x, y))
        for step in range(1, 6):
            await touch("touchMove", (x, y + dy * step / 5))
        await touch("touchEnd")
        await self.page.wait_for_function(
            "(was) => document.querySelector('[data-current=\"true\"]')?.dataset.clip !== was",
            arg=before,
            timeout=PATIENCE_MS,
        )

    async def swipe_to(self, *clip_ids: str, most: int = 60) -> str:
        """Swipe through the feed until one of these clips is on the screen; return which."""
        for _ in range(most):
            found: str = (await self.watched())["clip"]
            if found in clip_ids:
                return found
            await self.swipe()
        raise AssertionError(f"none of {clip_ids} is among the next {most} of the feed")

    async def make_audible(self) -> None:
        """Turn the sound on, if it is off or the browser asked for a touch first."""
        if (await self.watched())["muted"]:
            await self.act("sound").click()
        await self.page.wait_for_function(
            f"() => {{ const now = ({_WATCHED})(); return now && !now.muted && now.heard > 0; }}",
            timeout=PATIENCE_MS,
        )

    # — being somebody —

    async def sign_up(self, handle: str, password: str, *, birth_date: str = "1999-04-12") -> None:
        await self.open("/sign-up")
        await self.page.locator("input[name=handle]").fill(handle)
        await self.page.locator("input[name=password]").fill(password)
        await self.page.locator("input[name=birth_date]").fill(birth_date)
        await self.page.locator("select[name=country]").select_option("FR")
        await (
            self.page.locator("form").get_by_role("button", name=self.say("nav.sign_up"), exact=True).click()
        )
        await expect(self.link("nav.me")).to_be_visible(timeout=PATIENCE_MS)
        self.handle = handle

    async def sign_in(self, handle: str, password: str) -> None:
        await self.open("/sign-in")
        await self.page.locator("input[name=handle]").fill(handle)
        await self.page.locator("input[name=password]").fill(password)
        await (
            self.page.locator("form").get_by_role("button", name=self.say("nav.sign_in"), exact=True).click()
        )
        await expect(self.link("nav.me")).to_be_visible(timeout=PATIENCE_MS)
        self.handle = handle

    async def sign_out(self) -> None:
        await self.open("/settings")
        await self.button("settings.sign_out").click()
        await expect(self.page.get_by_role("navigation").locator('a[href="/sign-in"]')).to_be_visible(
            timeout=PATIENCE_MS
        )

    async def use_token(self, token: str, handle: str) -> None:
        """Be somebody who signed in elsewhere: only the cookies."""
        host = urlsplit(self.url).hostname or ""
        place: dict[str, Any] = {"domain": host, "path": "/", "sameSite": "Lax"}
        await self.context.add_cookies(
            [
                {"name": "reelm_session", "value": token, "httpOnly": True, **place},
                {"name": "reelm_here", "value": "1", **place},
            ]
        )
        self.handle = handle

    # — making —

    async def pick(self, file: Path) -> None:
        """Choose a file at the studio's door; ends on the editing page."""
        await self.open("/make")
        await self.page.locator(".doors input[type=file]").set_input_files(file)
        await expect(self.button("studio.next")).to_be_visible(timeout=PATIENCE_MS)

    async def describe(self, caption: str) -> None:
        """From the editing page on to the words."""
        await self.button("studio.next").click()
        await self.page.get_by_label(self.say("studio.caption"), exact=True).fill(caption)

    async def publish(self) -> str:
        """Press Publish and wait until the clip is out; return its id."""
        await self.page.locator("button[type=submit]").click()
        return await self.is_out()

    async def is_out(self) -> str:
        watch = self.link("studio.sent.watch")
        await expect(watch).to_be_visible(timeout=PREPARING_MS)
        return str(await watch.get_attribute("href")).rsplit("/", 1)[-1]

    # — afterwards —

    def strangers(self) -> list[str]:
        """Every request that left the realm; there must be none."""
        own = urlsplit(self.url).netloc
        return [
            one
            for one in self.requests
            if not one.startswith(("data:", "blob:")) and urlsplit(one).netloc != own
        ]

    def complaints(self) -> list[str]:
        """Errors in the console that nobody brought about."""
        known = (*self.expected, _SIGNED_OUT_MEANWHILE)
        return [one for one in self.errors if not any(re.search(each, one) for each in known)]


@asynccontextmanager
async def in_hand(
    browser: Browser,
    url: str,
    *,
    size: tuple[int, int] = PHONE,
    language: str = "en",
    touch: bool = True,
    **options: Any,
) -> AsyncIterator[Phone]:
    """A new phone, with nothing on it."""
    context = await browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        locale={"en": "en-GB", "fr": "fr-FR", "zh": "zh-CN"}[language],
        has_touch=touch,
        is_mobile=touch,
        permissions=["camera", "microphone"],
        **options,
    )
    context.set_default_timeout(PATIENCE_MS)
    page = await context.new_page()
    phone = Phone(context, page, url, language)

    def asked(request: Request) -> None:
        phone.requests.append(request.url)

    context.on("request", asked)
    context.on(
        "console",
        lambda said: (
            phone.errors.append(f"{said.text} ({said.location.get('url', '')})")
            if said.type == "error"
            else None
        ),
    )
    context.on("weberror", lambda error: phone.errors.append(f"uncaught: {error.error}"))
    try:
        yield phone
    finally:
        await context.close()
