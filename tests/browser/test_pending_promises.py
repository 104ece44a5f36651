"""A page closed before its promise is due is followed up at the next start, and nothing is left once somebody leaves."""

import asyncio
import json
from typing import Any

import pytest
from playwright.async_api import Route, expect
from tests.browser.conftest import Lively, Phones
from tests.browser.phone import PATIENCE_MS, Phone
from tests.browser.test_why import SignUp, included, watching
from tests.conftest import eventually

pytestmark = pytest.mark.browser

STORED = "reelm.promises"


async def pending(phone: Phone) -> list[dict[str, Any]]:
    held = await phone.page.evaluate(f"localStorage.getItem('{STORED}')")
    found: list[dict[str, Any]] = json.loads(held)["promises"] if held else []
    return found


@pytest.mark.parametrize("what", ["kept", "broken"])
async def test_what_a_closed_page_was_promised_is_looked_after_at_the_next_start(
    what: str, phones: Phones, lively: Lively, sign_up: SignUp
) -> None:
    person = await sign_up()
    phone = await watching(phones, person)
    left = await pending(phone)
    assert left
    assert set(left[0]) == {"id", "digest", "leaf", "at", "include_by", "process", "signature", "came"}
    await phone.page.goto("about:blank")
    await included(person)

    async def forged(route: Route) -> None:
        answer = await route.fetch()
        view = await answer.json()
        if view["proof"]:
            view["proof"]["hashes"][0] = "00" * 32
        await route.fulfill(response=answer, json=view)

    if what == "broken":
        await phone.context.route(f"**/api/v1/feeds/receipts/{left[0]['id']}?**", forged)
    await phone.open("/settings")
    told = phone.page.get_by_text(phone.say("feed.not_as_promised"))
    if what == "broken":
        await expect(told).to_be_visible(timeout=2 * PATIENCE_MS)
        await phone.button("feed.see").click()
        kept = phone.page.locator("[data-broken-pages]")
        await expect(kept).to_contain_text(phone.say("pages.inclusion-forged"))

    async def settled() -> bool:
        return left[0]["id"] not in [one["id"] for one in await pending(phone)]

    assert await eventually(settled, seconds=30)
    assert await told.count() == 0 or what == "broken"


async def test_nothing_is_left_of_them_after_signing_out(
    phones: Phones, lively: Lively, sign_up: SignUp
) -> None:
    phone = await watching(phones, await sign_up())
    assert await pending(phone)
    await phone.sign_out()
    assert await pending(phone) == []


async def test_a_slow_answer_to_who_is_here_accuses_nobody(
    phones: Phones, lively: Lively, sign_up: SignUp
) -> None:
    """A page that came before it is known whose it is was made under somebody's key: it waits for that."""
    person = await sign_up()
    phone = await phones()
    await phone.use_token(person.token, person.handle)
    judging = asyncio.Event()
    phone.context.on("request", lambda asked: judging.set() if "keep-promises" in asked.url else None)

    async def slowly(route: Route) -> None:
        await judging.wait()
        await route.continue_()

    await phone.context.route("**/api/v1/me", slowly)
    async with phone.page.expect_response("**/api/v1/feeds/receipt-key", timeout=2 * PATIENCE_MS):
        await phone.open("/")
    # Its promise is looked at under the person's key, and is kept to be held against the ledger.
    async with phone.page.expect_response("**/api/v1/feeds/receipts/*?**", timeout=3 * PATIENCE_MS):
        pass
    assert await phone.page.get_by_text(phone.say("feed.not_as_promised")).count() == 0
