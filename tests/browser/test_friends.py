"""Friends in real browsers: an invite shown on one screen and taken on another, close friends, what friends do."""

import re
import secrets
from typing import Any

import pytest
from playwright.async_api import expect
from tests.browser.conftest import Lively, Phones
from tests.browser.phone import PATIENCE_MS, Phone
from tests.conftest import PASSWORD, Person

pytestmark = pytest.mark.browser


async def _signed_in(phones: Phones, person: Person, **options: Any) -> Phone:
    phone = await phones(**options)
    await phone.sign_in(person.handle, PASSWORD)
    return phone


async def _befriend(one: Person, other: Person) -> None:
    for follower, followee in ((one, other), (other, one)):
        assert (await follower.put(f"/people/{followee.handle}/follow")).status_code == 200


async def test_an_invite_on_one_screen_makes_friends_on_another(phones: Phones, sign_up: Any) -> None:
    host = await sign_up(display_name="Nour Haddad")
    phone = await _signed_in(phones, host)
    await phone.open("/me")
    await phone.link("nav.friends").click()
    await phone.button("friends.invite_make").click()
    await expect(phone.page.get_by_role("img", name=phone.say("friends.invite_qr"))).to_be_visible()
    code = (await phone.page.locator("output.code").inner_text()).replace(" ", "")
    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{10}", code)

    # Somebody without an account opens it, makes one, and is back by themselves.
    guest = await phones()
    await guest.open(f"/i/{code.lower()}")
    await expect(guest.page.get_by_role("heading", level=1)).to_have_text(
        guest.say("friends.invited", name="Nour Haddad")
    )
    handle = f"guest{secrets.token_hex(3)}"
    await guest.page.locator("main").get_by_role("link", name=guest.say("nav.sign_up"), exact=True).click()
    await guest.page.locator("input[name=handle]").fill(handle)
    await guest.page.locator("input[name=password]").fill(PASSWORD)
    await guest.page.locator("input[name=birth_date]").fill("1999-04-12")
    await guest.page.locator("select[name=country]").select_option("FR")
    await guest.page.locator("form").get_by_role("button", name=guest.say("nav.sign_up"), exact=True).click()
    await guest.button("friends.accept", name="Nour Haddad").click(timeout=PATIENCE_MS)
    await expect(guest.page.get_by_text(guest.say("friends.already", name="Nour Haddad"))).to_be_visible()
    viewer = (await host.get(f"/people/{handle}")).json()["viewer"]
    assert viewer["friend"] is True

    # Taken back, the same address says so, and the code typed by hand leads there, too.
    await phone.open("/friends")
    await expect(phone.page.get_by_text(phone.say("friends.invite_used", count=1))).to_be_visible()
    await phone.button("friends.invite_back").click()
    await (
        phone.page.get_by_role("dialog")
        .get_by_role("button", name=phone.say("friends.invite_back"), exact=True)
        .click()
    )
    await expect(phone.page.get_by_text(phone.say("friends.invite_none"))).to_be_visible()
    guest.expected.append("404")
    await guest.open("/friends")
    field = guest.page.get_by_label(guest.say("friends.code"), exact=True)
    await field.fill("what")
    await guest.button("friends.code_go").click()
    await expect(guest.page.get_by_text(guest.say("friends.code_short"))).to_be_visible()
    await field.fill(f"{code[:5]}-{code[5:]}")
    await field.press("Enter")
    await expect(guest.page.get_by_text(guest.say("friends.gone"))).to_be_visible()


async def test_close_friends_are_chosen_and_see_the_mark(
    phones: Phones, sign_up: Any, lively: Lively
) -> None:
    friend = await sign_up(display_name="Théo " + "Wolfeschlegelsteinhausen" * 2)
    author = lively.author
    await _befriend(author, friend)
    phone = await _signed_in(phones, author)
    await phone.open("/friends/close")
    await phone.page.get_by_role("button", name=re.compile("^Add Théo")).click()
    await expect(phone.page.get_by_text(phone.say("friends.close_count", count=1))).to_be_visible()
    assert await phone.page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    clip = lively.clips[-1]["id"]
    await phone.open(f"/c/{clip}")
    await phone.act("more").click()
    await phone.page.get_by_role("radio", name=phone.say("visibility.close_friends")).check()
    await expect(phone.page.get_by_text(phone.say("clip.saved"))).to_be_visible()
    try:
        other = await _signed_in(phones, friend)
        await other.open("/?feed=friends")
        assert (await other.watched())["clip"] == lively.clips[-1]["id"]
        await expect(other.page.locator(".says")).to_contain_text(other.say("visibility.close_friends"))
        # By keyboard: whoever is on the list can be taken off it.
        await phone.open("/friends/close")
        button = phone.page.get_by_role("button", name=re.compile("^Remove Théo"))
        await button.focus()
        await phone.page.keyboard.press("Enter")
        await expect(phone.page.get_by_text(phone.say("friends.close_count", count=0))).to_be_visible()
        other.expected.append("404")
        await other.open(f"/c/{clip}")
        await expect(other.page.locator("video")).to_have_count(0)
    finally:
        assert (await author.patch(f"/clips/{clip}", {"visibility": "everyone"})).status_code == 200


async def test_what_friends_do_is_seen_by_choice(phones: Phones, sign_up: Any, lively: Lively) -> None:
    me, friend = await sign_up(), await sign_up(display_name="Ana Petrova", language="fr")
    await _befriend(me, friend)
    before, after = [clip["id"] for clip in lively.clips[:2]]
    assert (await friend.put(f"/clips/{before}/like")).status_code == 200
    other = await _signed_in(phones, friend, language="fr")
    await other.open("/friends/activity")
    await other.page.get_by_role("switch", name=other.say("friends.share")).check()
    await expect(other.page.get_by_role("switch", name=other.say("friends.share"))).to_be_enabled()
    assert (await friend.get("/me/social-settings")).json()["share_activity"] is True
    assert (await friend.put(f"/clips/{after}/like")).status_code == 200

    phone = await _signed_in(phones, me)
    await phone.open("/friends/activity")
    assert await phone.page.locator("main li").count() == 0
    await phone.page.get_by_role("switch", name=phone.say("friends.show")).check()
    rows = phone.page.locator("main li a")
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text(phone.say("friends.liked", name="Ana Petrova"))
    await rows.click()
    await phone.page.wait_for_url(f"**/c/{after}")


async def test_a_friend_of_nobody_offline_and_from_right_to_left(phones: Phones, sign_up: Any) -> None:
    me = await sign_up()
    phone = await _signed_in(phones, me)
    await phone.open("/friends/close")
    await expect(phone.page.get_by_text(phone.say("friends.close_none"))).to_be_visible()
    await phone.open("/collections")
    await expect(phone.page.get_by_text(phone.say("collections.none"))).to_be_visible()
    await phone.page.evaluate("document.documentElement.dir = 'rtl'")
    assert await phone.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    phone.expected.append("ERR_INTERNET_DISCONNECTED")
    await phone.context.set_offline(True)
    await phone.page.evaluate(
        "history.pushState({}, '', '/friends'); dispatchEvent(new PopStateEvent('popstate'))"
    )
    await expect(phone.page.get_by_role("heading", name=phone.say("offline.title"))).to_be_visible()
    await phone.context.set_offline(False)
    await expect(phone.button("friends.invite_make")).to_be_visible(timeout=PATIENCE_MS)
