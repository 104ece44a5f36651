"""Two people and what stands between them: requests, blocks, sessions, deletion, another language."""

from typing import Any

import pytest
from playwright.async_api import expect
from tests.browser.conftest import Lively, Phones
from tests.browser.phone import Phone
from tests.conftest import PASSWORD, Person
from tests.factories.media import plain
from tests.factories.publishing import published

pytestmark = pytest.mark.browser


async def at_home(phones: Phones, person: Person, **options: Any) -> Phone:
    """A phone on which this person is signed in."""
    phone = await phones(**options)
    await phone.use_token(person.token, person.handle)
    return phone


async def test_a_private_account_is_asked_first(
    phones: Phones, lively: Lively, sign_up: Any, tmp_path: Any
) -> None:
    shy, fan = await sign_up(display_name="Wren Okafor"), await sign_up(display_name="Milo Sand")
    await published(shy, plain(tmp_path / "clip.mp4"), caption="Only for those I know")
    home = await at_home(phones, shy)
    await home.open("/settings/privacy")
    private = home.page.get_by_role("switch", name=home.say("person.private"))
    await private.check()
    await expect(private).to_be_checked()
    await home.open("/notices")

    visitor = await at_home(phones, fan)
    await visitor.open(f"/@{shy.handle}")
    await expect(visitor.page.get_by_text(visitor.say("person.private"), exact=True)).to_be_visible()
    await visitor.button("person.follow").click()
    await expect(visitor.button("person.requested")).to_be_visible()

    await home.page.get_by_text(home.say("notice.follow_request", name="Milo Sand")).click()
    await home.button("person.accept").click()
    await expect(home.page.get_by_text(home.say("person.no_requests"))).to_be_visible()

    await visitor.page.reload()
    await expect(visitor.button("person.following")).to_be_visible()
    await visitor.page.locator('a[href^="/c/"]').first.click()
    await visitor.plays()


async def test_who_is_blocked_is_gone_for_both(phones: Phones, sign_up: Any) -> None:
    calm, loud = await sign_up(display_name="Ada Brook"), await sign_up(display_name="Rex Thunder")
    phone = await at_home(phones, calm)
    await phone.open(f"/@{loud.handle}")
    await phone.button("person.more").click()
    await phone.button("person.block").click()
    await (
        phone.page.get_by_role("dialog")
        .get_by_role("button", name=phone.say("person.block"), exact=True)
        .click()
    )
    await expect(phone.page.get_by_text(phone.say("person.blocked"), exact=True)).to_be_visible()

    other = await at_home(phones, loud)
    other.expected.append("status of 404")
    await other.open(f"/@{calm.handle}")
    await expect(other.page.get_by_text(other.say("person.missing"), exact=True)).to_be_visible()

    await phone.open("/me/blocks")
    await expect(phone.page.get_by_text("Rex Thunder")).to_be_visible()
    await phone.button("person.unblock").click()
    await expect(phone.page.get_by_text(phone.say("person.no_blocks"))).to_be_visible()


async def test_sessions_are_listed_and_ended(phones: Phones, sign_up: Any) -> None:
    person: Person = await sign_up()
    phone, other = await at_home(phones, person), await phones()
    await other.sign_in(person.handle, PASSWORD)
    await phone.open("/settings/security")
    await expect(phone.page.get_by_text(phone.say("settings.this_device"))).to_have_count(1)
    await phone.button("settings.end").click()
    await expect(phone.button("settings.end")).to_have_count(0)

    other.expected.append("status of 401")
    await other.open("/notices")
    await expect(other.page).to_have_url(f"{other.url}/sign-in?next=%2Fnotices")


async def test_words_about_oneself_and_another_language(phones: Phones, sign_up: Any) -> None:
    person: Person = await sign_up()
    phone = await at_home(phones, person)
    await phone.open("/settings/profile")
    await phone.page.get_by_label(phone.say("settings.name"), exact=True).fill("Inès Films")
    await phone.page.get_by_label(phone.say("settings.bio"), exact=True).fill(
        "Short films about long days. #film"
    )
    await phone.page.get_by_label(phone.say("enter.language"), exact=True).select_option("fr")
    await phone.button("action.save").click()
    phone.language = "fr"
    await expect(phone.page.locator("html")).to_have_attribute("lang", "fr")
    await expect(phone.page.get_by_role("heading", level=1)).to_have_text(phone.say("settings.profile"))
    await phone.open("/me")
    await expect(phone.page.get_by_role("heading", name="Inès Films")).to_be_visible()
    await expect(phone.link("person.edit")).to_be_visible()
    mine = (await person.get("/me")).json()
    assert (mine["display_name"], mine["language"]) == ("Inès Films", "fr")


async def test_a_deleted_clip_is_gone(phones: Phones, sign_up: Any, tmp_path: Any) -> None:
    person: Person = await sign_up()
    clip = await published(person, plain(tmp_path / "clip.mp4"), caption="Not for long")
    phone = await at_home(phones, person)
    await phone.open(f"/c/{clip['id']}")
    await phone.plays()
    await phone.act("more").click()
    await phone.button("clip.delete").click()
    await phone.page.get_by_role("dialog").get_by_role("button", name=phone.say("action.delete")).click()
    await expect(phone.page.get_by_text(phone.say("clip.deleted"))).to_be_visible()
    phone.expected.append("status of 404")
    await phone.open(f"/c/{clip['id']}")
    await expect(phone.page.get_by_text(phone.say("clip.missing"), exact=True)).to_be_visible()
    for rendition in clip["media"]["renditions"]:
        assert (await person.client.get(rendition["url"])).status_code == 404


async def test_too_young_is_refused_kindly(phones: Phones) -> None:
    phone = await phones()
    await phone.open("/sign-up")
    await phone.page.locator("input[name=handle]").fill("tiny")
    await phone.page.locator("input[name=password]").fill(PASSWORD)
    await phone.page.locator("input[name=birth_date]").fill("2020-01-01")
    await phone.page.locator("select[name=country]").select_option("FR")
    await phone.page.locator("form").get_by_role("button", name=phone.say("nav.sign_up"), exact=True).click()
    await expect(phone.page.get_by_text(phone.say("enter.young_title"))).to_be_visible()
    assert not [one for one in phone.requests if one.endswith("/api/v1/accounts")]


async def test_search_forgives_a_typing_error(phones: Phones, lively: Lively) -> None:
    phone = await phones()
    await phone.open("/search")
    await phone.page.get_by_role("combobox").fill("Marcheti")
    await phone.page.keyboard.press("Enter")
    await expect(phone.page.get_by_role("main").get_by_text("Odile Marchetti").first).to_be_visible()
