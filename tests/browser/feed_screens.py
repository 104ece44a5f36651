"""The screens of a person's controls, with something on them: what the API says of somebody who has watched a lot."""

from collections.abc import Awaitable, Callable
from typing import Any

from playwright.async_api import Route, expect
from tests.browser.phone import PATIENCE_MS, Phone

Go = Callable[[Phone, Any], Awaitable[None]]
_LONG = "Donaudampfschifffahrtsgesellschaftskapitänswitwe"


def _taste(kind: str, value: str, label: str, points: int, wish: int = 0, **why: int) -> dict[str, Any]:
    reasons = {"finished": 0, "liked": 0, "skipped": 0, "refused": 0, **why}
    thing = {"kind": kind, "value": value, "label": label, "image_url": None}
    return {**thing, "points": points, "wish": wish, "why": reasons}


_FEED: dict[str, Any] = {
    "profiling": True,
    "learning": False,
    "paused_at": "2026-11-21T20:00:00Z",
    "reset_at": "2026-09-01T08:00:00Z",
    "events": 1234,
    "tastes": [
        _taste("tag", "swimming", "#swimming", 1840, 2, finished=41, liked=9, skipped=1),
        _taste("creator", "odile", "Odile Marchetti", 1210, finished=30),
        _taste("tag", _LONG.lower(), f"#{_LONG.lower()}", 760, 1, finished=12, liked=1),
        _taste("sound", "01a2005a-0000-7000-8000-000000000000", "Rain on a tin roof", 300, finished=5),
        _taste("creator", "cat", "李小龙的猫", 120, finished=1),
        _taste("tag", "gossip", "#gossip", -800, -2, skipped=14, refused=2),
    ],
    "wishes": [
        {"kind": "tag", "value": "swimming", "label": "#swimming", "image_url": None, "wish": 2},
        {"kind": "creator", "value": "long", "label": f"{_LONG} & {_LONG}", "image_url": None, "wish": -1},
    ],
    "words": ["rain", "猫粮", "new york", _LONG],
}
_REACH: dict[str, Any] = {
    "clip_id": "01a2005a-0000-7000-8000-000000000000",
    "impressions": 321,
    "by_source": [
        {"source": "item", "count": 140, "few": False},
        {"source": "fresh", "count": 96, "few": False},
        {"source": "search", "count": 5, "few": True},
    ],
    "days": [
        {"day": f"2026-11-{day}", "count": count, "few": count == 5}
        for day, count in ((18, 40), (19, 120), (20, 88), (21, 68), (22, 5))
    ],
    "limits": [
        {"reason": "demotion", "points": -300, "until": "2026-12-01T00:00:00Z", "text": f"Spam, {_LONG}."}
    ],
    "guaranteed": {"of": 200, "done": 160},
}


def _with(pattern: str, body: dict[str, Any], then: Go) -> Go:
    async def answer(route: Route) -> None:
        await route.fulfill(json=body)

    async def go(phone: Phone, places: Any) -> None:
        await phone.context.route(pattern, answer)
        try:
            await then(phone, places)
        finally:
            await phone.context.unroute(pattern, answer)

    return go


async def _open_guess(phone: Phone, places: Any) -> None:
    await phone.open("/settings/feed")
    guess = phone.page.locator("button[aria-expanded]").first
    await expect(guess).to_be_visible(timeout=PATIENCE_MS)
    await guess.click()
    await expect(phone.button("taste.forget")).to_be_visible()


async def _open_reach(phone: Phone, places: Any) -> None:
    await phone.open(f"/c/{places.clip}/reach")
    await expect(phone.page.locator("main progress, main [role=progressbar]")).to_be_visible(
        timeout=PATIENCE_MS
    )


def _menu(key: str, shown: str) -> Go:
    async def go(phone: Phone, places: Any) -> None:
        await phone.open(f"/c/{places.clip}")
        await phone.plays()
        await phone.act("more").click()
        sheet = phone.page.locator("dialog[open]")
        await sheet.get_by_role("button", name=phone.say(key), exact=True).click()
        await expect(sheet.locator(shown).first).to_be_visible(timeout=PATIENCE_MS)

    return go


my_feed = _with("**/api/v1/me/feed", _FEED, _open_guess)
my_feed_new: Go = _with(
    "**/api/v1/me/feed",
    {**_FEED, "learning": True, "paused_at": None, "reset_at": None, "events": 0}
    | {"tastes": [], "wishes": [], "words": []},
    lambda phone, _: _new(phone),
)
reach = _with("**/api/v1/clips/*/reach", _REACH, _open_reach)
menu_wishes = _with("**/api/v1/me/feed", _FEED, _menu("clip.wishes", "[aria-pressed]"))
menu_word = _with("**/api/v1/me/feed", _FEED, _menu("clip.word", "form"))


async def _new(phone: Phone) -> None:
    await phone.open("/settings/feed")
    await expect(phone.page.get_by_text(phone.say("taste.lead_none_text"))).to_be_visible(timeout=PATIENCE_MS)
