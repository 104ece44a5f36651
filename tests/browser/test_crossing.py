"""Two realms and a browser: somebody follows a creator of another realm, watches from home, says something, and takes
all of it back."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, expect
from tests.browser.phone import PATIENCE_MS, in_hand
from tests.conftest import Person, eventually
from tests.factories.networks import Network, running_network

pytestmark = pytest.mark.browser

CROSSING_SECONDS = 90
"""How long something may take from one realm to the other, both ledgers included, on a machine that is busy."""
CROSSING_MS = CROSSING_SECONDS * 1000
WORDS = "Heard all the way from the other realm"


@pytest.fixture(scope="module")
async def network() -> AsyncIterator[Network]:
    running = running_network()
    made = await asyncio.to_thread(running.__enter__)
    yield made
    await made.close()
    await asyncio.to_thread(running.__exit__, None, None, None)


async def clips_of(viewer: Person, handle: str) -> list[dict[str, Any]]:
    answer = await viewer.get(f"/people/{handle}/clips")
    items: list[dict[str, Any]] = answer.json()["items"] if answer.status_code == 200 else []
    return items


async def test_a_creator_of_another_realm_from_the_first_look_to_the_withdrawal(
    network: Network, browser: Browser
) -> None:
    lea = await network.sign_up(network.us, display_name="Odile Marchetti")
    ben = await network.sign_up(network.world, display_name="Jonas Weber")
    clip = await network.publish(lea, caption="A picture from the other side #ferry")
    handle = f"{lea.handle}@us"

    async with in_hand(browser, network.world.url) as phone:
        page = phone.page
        await phone.use_token(ben.token, ben.handle)
        phone.expected.append("status of 409")  # the realm asks first

        # 1. Found by the whole address; followed after a question that names who will know what.
        await phone.open("/search")
        box = page.get_by_role("combobox")
        await box.fill(network.address(lea, network.us))
        await box.press("Enter")
        row = page.locator("main li", has_text="Odile Marchetti")
        await expect(row.locator('[data-realm="us"]')).to_be_visible(timeout=CROSSING_MS)
        await row.get_by_role("button", name=phone.say("person.follow"), exact=True).click()
        sheet = page.locator("dialog[open]")
        await expect(sheet.get_by_role("heading")).to_be_visible(timeout=PATIENCE_MS)
        assert (await ben.get("/me/consents")).json()["items"] == []
        await phone.button("consent.go_on").click()
        await expect(row.get_by_role("button", name=phone.say("person.following"), exact=True)).to_be_visible(
            timeout=PATIENCE_MS
        )

        # 2. The clip comes, and plays from home: nobody but this realm is asked for anything.
        async def arrived() -> dict[str, Any] | None:
            return next(iter(await clips_of(ben, handle)), None)

        here = await eventually(arrived, seconds=CROSSING_SECONDS)
        await phone.open(f"/@{handle}")
        await expect(page.get_by_text(phone.say("person.elsewhere", realm="us"))).to_be_visible()
        await page.locator(f'main a[href="/c/{here["id"]}"]').click()
        await phone.plays()
        await expect(page.locator('.who [data-realm="us"]').first).to_be_visible()

        # 3. A like and a comment go back; they are not asked about again.
        await phone.act("like").click()
        await expect(phone.act("like")).to_have_attribute("aria-pressed", "true")
        await phone.act("comments").click()
        await page.get_by_label(phone.say("comment.write")).fill(WORDS)
        await page.get_by_role("button", name=phone.say("comment.send")).click()
        await expect(page.locator("[data-comment]", has_text=WORDS)).to_be_visible()
        await expect(page.locator("dialog[open]", has_text=phone.say("consent.rest"))).to_have_count(0)

        async def heard() -> dict[str, Any] | None:
            items = (await lea.get(f"/clips/{clip['id']}/comments")).json()["items"]
            return next((one for one in items if one["text"] == WORDS), None)

        said = await eventually(heard, seconds=CROSSING_SECONDS)
        assert (said["author"]["handle"], said["author"]["realm"]) == (f"{ben.handle}@world", "world")

        # 4. What crossed, with its entry in the ledger.
        await network.crossed(ben, act="Like")
        await phone.open("/settings/crossed")
        us = page.locator('[data-realm="us"]')
        for kind in ("follow", "like", "comment"):
            one = us.locator(f'[data-crossing="{kind}"]')
            await expect(one.first).to_be_visible(timeout=PATIENCE_MS)
        follow = us.locator('[data-crossing="follow"]').first
        await expect(follow).to_have_attribute("data-state", "delivered")
        await follow.locator("summary").click()
        await follow.locator('a[href^="/transparency/ledger?entry="]').click()
        await expect(page.locator('[data-kind="border.crossed"]').first).to_be_visible(timeout=PATIENCE_MS)

        # 5. The border, for everybody.
        await phone.open("/border")
        await expect(page.get_by_role("heading", level=1)).to_have_text(phone.say("border.lead", count=1))
        await expect(page.locator("figure svg[role=img]").first).to_be_visible()

        # 6. Taken back: here at once, there as soon as it is told.
        await phone.open("/settings/crossed")
        name = (await ben.get("/me/consents")).json()["items"][0]["name"]
        await us.get_by_role("button", name=phone.say("crossed.withdraw_all", realm=name)).click()
        await phone.button("crossed.withdraw_all_do").click()
        await expect(page.get_by_text(phone.say("crossed.lead_none"))).to_be_visible(timeout=PATIENCE_MS)

        async def forgotten() -> bool:
            followers = (await lea.get("/me/followers")).json()["items"]
            return followers == [] and await heard() is None

        assert await eventually(forgotten, seconds=CROSSING_SECONDS)
        assert phone.strangers() == []
        assert phone.complaints() == []
