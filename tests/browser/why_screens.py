"""Screens of why a clip is shown, and of a page that is checked, for the tests and contact sheets."""

from typing import Any

from playwright.async_api import Route, expect
from tests.browser.phone import PATIENCE_MS, Phone

CHECK = "/transparency/check/feed"


async def why(phone: Phone, _: Any) -> None:
    """The sheet over the clip that plays."""
    await phone.open("/")
    await phone.plays()
    await phone.act("more").click()
    await phone.page.get_by_role("button", name=phone.say("clip.why"), exact=True).click()
    await expect(phone.page.locator("dialog[open]").locator("[data-lead], .empty").first).to_be_visible(
        timeout=PATIENCE_MS
    )


async def numbers(phone: Phone, places: Any) -> None:
    """All of it: the 24 numbers, and what there can be less of."""
    await why(phone, places)
    sheet = phone.page.locator("dialog[open]")
    await sheet.get_by_role("button", name=phone.say("why.less"), exact=True).click()
    await sheet.get_by_text(phone.say("why.numbers"), exact=True).click()
    await sheet.locator("thead").scroll_into_view_if_needed()


async def page(phone: Phone, places: Any) -> None:
    """A page that is computed again, from the newest receipt."""
    await why(phone, places)
    await phone.page.locator("dialog[open]").get_by_role("link", name=phone.say("why.check")).click()
    await expect(phone.page.locator("[data-page-verdict]")).to_be_visible(timeout=PATIENCE_MS)


async def page_bad(phone: Phone, places: Any) -> None:
    """A page whose receipt is another one than the page named."""

    async def other(route: Route) -> None:
        answer = await route.fetch()
        view = await answer.json()
        await route.fulfill(response=answer, json={**view, "items": view["items"][::-1]})

    await pages(phone, places)
    await phone.context.route("**/api/v1/feeds/receipts/*?**", other)
    await phone.page.locator("[data-receipt]").first.click()
    await expect(phone.page.locator("[data-page-verdict=bad]")).to_be_visible(timeout=PATIENCE_MS)
    await phone.context.unroute("**/api/v1/feeds/receipts/*?**", other)


async def pages(phone: Phone, _: Any) -> None:
    """The person's pages of the last days."""
    await phone.open("/")
    await phone.plays()
    await phone.open(CHECK)
    await expect(phone.page.locator("[data-receipt]").first).to_be_visible(timeout=PATIENCE_MS)
