# ruff: noqa: T201 — a command says what it does
"""Contact sheets for the eye: every screen at phone and desk size, light and dark, in three languages.

`make shots` starts a realm, fills it with the demo (its drawings are kept in .shots/demo-cache), and writes
.shots/SIZE-SCHEME-LANGUAGE.png. With `--url` it photographs a realm that runs already; with `--only` a few screens;
with `--readme` it takes the pictures of the README instead (docs/pictures).
"""

import argparse
import asyncio
import json
import math
import os
import shutil
import sys
import tempfile
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont
from playwright.async_api import Browser, Error, Route, async_playwright, expect
from tests.browser.phone import DESK, PHONE, ROOT, Phone, in_hand, launch
from tests.browser.screens import SCREENS, Places, Screen, still
from tests.conftest import PASSWORD, free_port, start_realm

OUT = ROOT / ".shots"
PICTURES = ROOT / "docs" / "pictures"
LANGUAGES = ("en", "fr", "zh")
SIZES = {"phone": PHONE, "desk": DESK}
PICTURE_BYTES = 80_000
_LONG = "Donaudampfschifffahrtsgesellschaftskapitänswitwe writes, at length and without a single pause, about it all "
_Go = Callable[[Phone, Places], Awaitable[None]]


# — what only pictures need —


async def _hang(route: Route) -> None:
    """Never answer: what loading looks like."""


async def _break(route: Route) -> None:
    await route.fulfill(
        status=503, content_type="application/problem+json", body='{"status": 503, "code": "server"}'
    )


def _under(pattern: str, handler: Callable[[Route], Awaitable[None]], path: str, shown: str) -> _Go:
    """A screen while the API behaves badly."""

    async def go(phone: Phone, places: Places) -> None:
        await phone.context.route(pattern, handler)
        try:
            await phone.open(path.format(**vars(places)))
            await expect(phone.page.locator(shown).first).to_be_visible()
            await still(phone)
        finally:
            phone.after = phone.context.unroute(pattern, handler)

    return go


async def _offline(phone: Phone, places: Places) -> None:
    await phone.open("/search")
    await phone.page.evaluate("async () => { await navigator.serviceWorker.ready; }")
    await phone.context.set_offline(True)
    phone.after = phone.context.set_offline(False)
    await phone.open("/@" + places.author)
    await expect(phone.button("action.retry")).to_be_visible()


async def _long_words(phone: Phone, places: Places) -> None:
    """One clip whose every word is too long, as the API would send it."""

    async def lengthen(route: Route) -> None:
        answer = await route.fetch()
        page = await answer.json()
        for clip in page["items"][:1]:
            clip["caption"] = _LONG * 4
            clip["author"]["display_name"] = _LONG[:60]
            clip["counts"] |= {"likes": 12_345_678, "comments": 98_765, "reposts": 4_321}
            if clip["sound"]:
                clip["sound"]["title"] = _LONG
        await route.fulfill(response=answer, json=page)

    await phone.context.route("**/api/v1/feeds/**", lengthen)
    phone.after = phone.context.unroute("**/api/v1/feeds/**")
    await phone.open("/")
    await phone.plays()


async def _right_to_left(phone: Phone, places: Places) -> None:
    await phone.open("/")
    await phone.plays()
    await phone.page.evaluate("() => { document.documentElement.dir = 'rtl'; }")


async def _right_to_left_settings(phone: Phone, places: Places) -> None:
    await phone.open("/settings/player")
    await expect(phone.page.get_by_role("switch").first).to_be_visible()
    await phone.page.evaluate("() => { document.documentElement.dir = 'rtl'; }")


async def _right_to_left_person(phone: Phone, places: Places) -> None:
    await phone.open("/@" + places.author)
    await expect(phone.page.locator('a[href^="/c/"]').first).to_be_visible()
    await phone.page.evaluate("() => { document.documentElement.dir = 'rtl'; }")


async def _right_to_left_erase(phone: Phone, places: Places) -> None:
    await phone.open("/your-data/erase")
    await expect(phone.page.locator("main form")).to_be_visible()
    await phone.page.evaluate("() => { document.documentElement.dir = 'rtl'; }")


async def _openings(phone: Phone, places: Places) -> None:
    """What was opened, asked for, refused and opened in an emergency, as the API would send it."""
    tales: list[dict[str, Any]] = [
        {"state": "approved", "uses": 2, "what": ["identity"]},
        {"state": "asked", "what": ["telemetry", "social"], "people_involved": 1},
        {"state": "denied", "what": ["private"]},
        {"state": "expired", "uses": 1, "what": ["identity"], "emergency": True, "people_involved": 1},
    ]
    used = {"at": "2026-05-03T10:04:00Z", "what": "identity", "entry_index": 12346}
    items = [
        {
            "id": f"00000000-0000-7000-8000-00000000000{number}",
            "at": "2026-05-03T10:00:00Z",
            "reason": "support",
            "people_involved": 2,
            "emergency": False,
            "expires_at": "2026-05-03T10:30:00Z",
            "entry_index": 12345,
            "uses": 0,
            **tale,
            "used": [used] * int(tale.get("uses", 0)),
        }
        for number, tale in enumerate(tales)
    ]

    async def answer(route: Route) -> None:
        await route.fulfill(json={"items": items, "next_cursor": None})

    await phone.context.route("**/api/v1/me/openings?**", answer)
    phone.after = phone.context.unroute("**/api/v1/me/openings?**")
    await phone.open("/your-data/openings")
    await expect(phone.page.locator("[data-tale]").first).to_be_visible()


async def _focus(phone: Phone, places: Places) -> None:
    await phone.open("/")
    await phone.plays()
    await phone.act("like").focus()
    await phone.page.keyboard.press("Tab")


async def _focus_form(phone: Phone, places: Places) -> None:
    await phone.open("/sign-in")
    await phone.page.locator("input[name=password]").focus()
    await phone.page.keyboard.press("Tab")


async def _wrong(phone: Phone, places: Places) -> None:
    await phone.open("/sign-in")
    await phone.page.locator("input[name=handle]").fill("nobody.here")
    await phone.page.locator("input[name=password]").fill("not the right one")
    await phone.page.locator("form button.primary").click()
    await expect(phone.page.get_by_role("alert")).to_be_visible()


STATES = [
    Screen("feed-loading", _under("**/api/v1/feeds/**", _hang, "/", "main")),
    Screen("feed-error", _under("**/api/v1/feeds/**", _break, "/", "main .button")),
    Screen("person-loading", _under("**/api/v1/people/**", _hang, "/@{author}", "main")),
    Screen("person-error", _under("**/api/v1/people/**", _break, "/@{author}", "main .button")),
    Screen("search-error", _under("**/api/v1/search?**", _break, "/search?q=cat", "main .button")),
    Screen("offline", _offline),
    Screen("long-words", _long_words),
    Screen("rtl-feed", _right_to_left),
    Screen("rtl-settings", _right_to_left_settings),
    Screen("rtl-person", _right_to_left_person),
    Screen("rtl-erase", _right_to_left_erase, signed_in=True),
    Screen("openings", _openings, signed_in=True),
    Screen("your-data-loading", _under("**/api/v1/me/data", _hang, "/your-data/see", "main"), signed_in=True),
    Screen(
        "your-data-error",
        _under("**/api/v1/me/data", _break, "/your-data/see", "main .button"),
        signed_in=True,
    ),
    Screen("focus-feed", _focus),
    Screen("focus-form", _focus_form),
    Screen("sign-in-wrong", _wrong),
]


# — the realm —


def fetch(url: str, body: Any = None, token: str = "") -> Any:
    """Ask the API; None for an answer without a body."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
    with urllib.request.urlopen(
        urllib.request.Request(url, data=data, headers=headers), timeout=30
    ) as answer:
        read = answer.read()
    return json.loads(read) if read else None


def download(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return bytes(answer.read())


@contextmanager
def filled_realm() -> Iterator[str]:
    """A realm of one's own with the whole demo in it."""
    from reelm.entrypoints.demo.fill import fill

    home = Path(tempfile.mkdtemp(prefix="reelm-shots-"))
    home.chmod(0o755)
    cache = OUT / "demo-cache"
    running = start_realm(home / "data", free_port(), REELM_LIMIT_FACTOR="1000")
    try:
        if cache.is_dir():
            shutil.copytree(cache, home / "data" / "demo-cache", dirs_exist_ok=True)
        fill(running.url, lambda said: print(said, file=sys.stderr), data=home / "data")
        shutil.copytree(home / "data" / "demo-cache", cache, dirs_exist_ok=True)
        yield running.url
    finally:
        running.stop()
        shutil.rmtree(home, ignore_errors=True)


def find_places(url: str, folder: Path) -> Places:
    """Real things of this realm, and a video to publish."""
    from tests.factories.media import clip as footage

    items = fetch(f"{url}/api/v1/feeds/local?limit=50")["items"]
    if not items:
        raise SystemExit("There is nothing to see in this realm yet.")
    liked = max(items, key=lambda one: (one["counts"]["comments"], one["counts"]["likes"]))
    with_sound = max((one for one in items if one["sound"]), key=lambda one: one["counts"]["likes"])
    tags = fetch(f"{url}/api/v1/trending")["tags"]
    tag = tags[0]["tag"] if tags else next(one["tags"][0] for one in items if one["tags"])
    video = footage("bunny-portrait-1080x1920-12s.mp4", folder)
    return Places(
        liked["id"], with_sound["sound"]["id"], tag, liked["author"]["handle"], video, query=tag[:3]
    )


def a_member(url: str) -> tuple[str, str]:
    """Somebody new: (handle, token)."""
    handle = f"petra_{os.urandom(3).hex()}"
    account = {
        "handle": handle,
        "password": PASSWORD,
        "birth_date": "1999-04-12",
        "country": "FR",
        "language": "en",
    }
    fetch(f"{url}/api/v1/accounts", {**account, "display_name": "Petra Vidal"})
    token = fetch(f"{url}/api/v1/sessions", {"handle": handle, "password": PASSWORD})["token"]
    return handle, str(token)


# — the pictures —


async def take(phone: Phone, screen: Screen, places: Places) -> Image.Image:
    """A picture of one screen; one that can't be reached is shown as it is, with a red frame and said."""
    broken = ""
    try:
        await screen.go(phone, places)
        await still(phone)
    except (AssertionError, Error) as trouble:
        broken = str(trouble).splitlines()[0]
        print(f"  {screen.name}: {broken}", file=sys.stderr)
    shot = Image.open(BytesIO(await phone.page.screenshot())).convert("RGB")
    if broken:
        ImageDraw.Draw(shot).rectangle((0, 0, shot.width - 1, shot.height - 1), outline="red", width=6)
    if phone.after:
        await phone.after
        phone.after = None
    return shot


def sheet(shots: list[tuple[str, Image.Image]], columns: int, width: int) -> Image.Image:
    """Lay pictures out with their names."""
    label, gap = 22, 10
    height = round(width * shots[0][1].height / shots[0][1].width)
    rows = math.ceil(len(shots) / columns)
    whole = Image.new("RGB", (columns * (width + gap) + gap, rows * (height + label + gap) + gap), "#8a8a8a")
    pen, font = ImageDraw.Draw(whole), ImageFont.load_default(15)
    for number, (name, shot) in enumerate(shots):
        x, y = gap + number % columns * (width + gap), gap + number // columns * (height + label + gap)
        pen.text((x, y), name, "white", font)
        whole.paste(shot.resize((width, height), Image.Resampling.LANCZOS), (x, y + label))
    return whole


async def one_sheet(
    browser: Browser,
    url: str,
    places: Places,
    member: tuple[str, str],
    size: str,
    scheme: str,
    language: str,
    only: set[str],
) -> None:
    """Photograph every screen in one look."""
    wide = size == "desk"
    shots: list[tuple[str, Image.Image]] = []
    for signed_in in (False, True):
        screens = [
            one
            for one in [*SCREENS, *STATES]
            if one.signed_in is signed_in and (one.wide or not wide) and (not only or one.name in only)
        ]
        if not screens:
            continue
        async with in_hand(
            browser, url, size=SIZES[size], language=language, touch=not wide, color_scheme=scheme
        ) as phone:
            phone.context.set_default_timeout(12_000)
            if signed_in:
                await phone.use_token(member[1], member[0])
            await phone.context.add_init_script(f"localStorage.setItem('reelm.language', {language!r})")
            shots += [(screen.name, await take(phone, screen, places)) for screen in screens]
            for stranger in phone.strangers():
                print(f"  asked a stranger: {stranger}", file=sys.stderr)
            for complaint in dict.fromkeys(phone.errors):
                print(f"  console: {complaint}", file=sys.stderr)
    path = OUT / f"{size}-{scheme}-{language}.png"
    sheet(shots, *((4, 480) if wide else (8, 234))).save(path)
    print(path)


async def readme_pictures(browser: Browser, url: str, places: Places) -> None:
    """The pictures of the README: small, and of the product as it is."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    screens = {one.name: one for one in SCREENS}
    member = a_member(url)
    places.video.write_bytes(await asyncio.to_thread(download, f"{url}/api/v1/clips/{places.clip}/download"))
    for name, screen in (
        ("feed", "clip"),
        ("make", "edit-text"),
        ("promises", "promises"),
    ):
        async with in_hand(browser, url, device_scale_factor=2, color_scheme="light") as phone:
            if screens[screen].signed_in:
                await phone.use_token(member[1], member[0])
            await screens[screen].go(phone, places)
            await still(phone)
            await phone.page.wait_for_load_state("networkidle")
            shot = Image.open(BytesIO(await phone.page.screenshot())).convert("RGB")
        picture = shot.resize((PHONE[0] * 3 // 2, PHONE[1] * 3 // 2), Image.Resampling.LANCZOS)
        path = PICTURES / f"{name}.webp"
        for quality in (86, 78, 70, 60, 50):
            picture.save(path, quality=quality, method=6)
            if path.stat().st_size <= PICTURE_BYTES:
                break
        print(f"{path.relative_to(ROOT)}  {path.stat().st_size / 1000:.0f} kB")


async def photograph(url: str, chosen: argparse.Namespace) -> None:
    OUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="reelm-shots-") as folder:
        places = find_places(url, Path(folder))
        if chosen.clip:
            places.clip = chosen.clip
        async with async_playwright() as playwright:
            browser = await launch(playwright)
            with suppress(KeyboardInterrupt):
                if chosen.readme:
                    places.video = Path(folder) / "own.mp4"
                    await readme_pictures(browser, url, places)
                    return
                member = a_member(url)
                for size in chosen.size:
                    for language in chosen.language:
                        for scheme in chosen.scheme:
                            await one_sheet(
                                browser, url, places, member, size, scheme, language, set(chosen.only)
                            )
            await browser.close()


def main() -> int:
    reader = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    reader.add_argument("--url", help="a realm that runs already")
    reader.add_argument("--size", nargs="+", choices=list(SIZES), default=list(SIZES))
    reader.add_argument("--scheme", nargs="+", choices=["light", "dark"], default=["light", "dark"])
    reader.add_argument("--language", nargs="+", choices=LANGUAGES, default=list(LANGUAGES))
    reader.add_argument("--only", nargs="+", default=[], metavar="SCREEN")
    reader.add_argument("--clip", help="the clip to show, instead of the one with the most comments")
    reader.add_argument("--readme", action="store_true", help="take the pictures of the README")
    chosen = reader.parse_args()
    if chosen.url:
        asyncio.run(photograph(chosen.url.rstrip("/"), chosen))
        return 0
    with filled_realm() as url:
        asyncio.run(photograph(url, chosen))
    return 0


if __name__ == "__main__":
    sys.exit(main())
