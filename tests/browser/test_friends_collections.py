"""Collections in real browsers: saved from a clip's menu, put together, arranged by keyboard, seen by others."""

from typing import Any

import pytest
from playwright.async_api import expect
from tests.browser.conftest import Lively, Phones
from tests.conftest import PASSWORD

pytestmark = pytest.mark.browser


async def test_clips_are_saved_put_together_arranged_and_shared(
    phones: Phones, sign_up: Any, lively: Lively
) -> None:
    owner = await sign_up(display_name="Mina Okafor")
    phone = await phones()
    await phone.sign_in(owner.handle, PASSWORD)
    first, second = lively.clips[0], lively.clips[1]

    await phone.open(f"/c/{first['id']}")
    await phone.act("more").click()
    sheet = phone.page.get_by_role("dialog")
    await sheet.get_by_role("button", name=phone.say("collections.save"), exact=True).click()
    await expect(
        sheet.get_by_role("button", name=phone.say("collections.unsave"), exact=True)
    ).to_be_visible()
    await sheet.get_by_role("button", name=phone.say("collections.add"), exact=True).click()
    title = "Rain on windows " + "and on everything else that there is"
    await sheet.get_by_label(phone.say("collections.name"), exact=True).fill(title)
    await sheet.get_by_role("radio", name=phone.say("collections.everyone")).check()
    await sheet.get_by_role("button", name=phone.say("collections.make"), exact=True).click()
    await expect(sheet.get_by_role("checkbox", name=title)).to_be_checked()

    await phone.open(f"/c/{second['id']}")
    await phone.act("more").click()
    await sheet.get_by_role("button", name=phone.say("collections.add"), exact=True).click()
    await sheet.get_by_role("checkbox", name=title).check()

    await phone.open("/me")
    await phone.link("nav.collections").click()
    await expect(phone.page.get_by_text(phone.say("collections.saved"), exact=True)).to_be_visible()
    assert await phone.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await phone.page.get_by_role("link", name=title).click()
    await expect(phone.page.locator(".grid a")).to_have_count(2)
    collection = phone.page.url.rsplit("/", 1)[-1]
    order = [first["id"], second["id"]]

    async def ids() -> list[str]:
        items = (await owner.get(f"/collections/{collection}/clips")).json()["items"]
        return [each["id"] for each in items]

    assert await ids() == order[::-1]
    await phone.button("collections.more").click()
    await phone.button("collections.arrange").click()
    later = phone.page.get_by_role("button", name=phone.say("collections.later", title=second["caption"]))
    await later.focus()
    async with phone.page.expect_response("**/order") as answered:
        await phone.page.keyboard.press("Enter")
    assert (await answered.value).status == 204
    assert await ids() == order
    # The focus goes with the clip.
    earlier = phone.page.get_by_role("button", name=phone.say("collections.earlier", title=second["caption"]))
    await expect(earlier).to_be_focused()
    await phone.button("collections.done").click()

    # Somebody signed out sees it, and swipes on among its clips; what is saved is nobody else's.
    guest = await phones()
    await guest.open(f"/collection/{collection}")
    await expect(guest.page.get_by_text(guest.say("collections.by", name="Mina Okafor"))).to_be_visible()
    await guest.page.locator(".grid a").first.click()
    assert (await guest.watched())["clip"] == first["id"]
    await guest.swipe()
    assert (await guest.watched())["clip"] == second["id"]
    await guest.open(f"/@{owner.handle}")
    await guest.page.get_by_role("tab", name=guest.say("nav.collections")).click()
    await expect(guest.page.get_by_role("link", name=title)).to_be_visible()
    await expect(guest.page.get_by_text(guest.say("collections.saved"), exact=True)).to_have_count(0)

    await phone.button("collections.more").click()
    await phone.button("collections.edit").click()
    await phone.page.get_by_role("radio", name=phone.say("collections.only_me")).check()
    await phone.button("action.save").click()
    await expect(phone.page.get_by_text(phone.say("collections.changed"), exact=True)).to_be_visible()
    guest.expected.append("404")
    await guest.open(f"/collection/{collection}")
    await expect(guest.page.get_by_text(guest.say("collections.missing"))).to_be_visible()

    await phone.button("collections.more").click()
    await phone.button("collections.delete").click()
    await (
        phone.page.get_by_role("dialog")
        .get_by_role("button", name=phone.say("collections.delete"), exact=True)
        .click()
    )
    await phone.page.wait_for_url("**/collections")
    await expect(phone.page.get_by_role("link", name=title)).to_have_count(0)
