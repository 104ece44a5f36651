"""Where data is, the charter and the border, as everybody sees them; and what other realms change on the screens."""

import base64
import json
import re
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect
from tests.browser import network_answers as network
from tests.browser.conftest import Lively, Phones
from tests.browser.console import invitation
from tests.browser.phone import PATIENCE_MS, Phone
from tests.conftest import Person, RunningRealm

pytestmark = pytest.mark.browser

CONFLICT = "status of 409"


async def asked(phone: Phone, path: str) -> dict[str, Any]:
    """What the realm answers to everybody."""
    found: dict[str, Any] = await (await phone.page.request.get(f"{phone.url}/api/v1/{path}")).json()
    return found


async def member(phones: Phones, sign_up: Any, **options: Any) -> Phone:
    person: Person = await sign_up()
    phone = await phones(**options)
    await phone.use_token(person.token, person.handle)
    return phone


async def no_wider_than_the_screen(page: Page) -> bool:
    return bool(
        await page.evaluate(
            "() => { const m = document.getElementById('main'); return m.scrollWidth <= m.clientWidth; }"
        )
    )


# — what one realm can show —


async def test_where_data_is_says_whose_word_each_site_is(phones: Phones) -> None:
    phone = await phones()
    await phone.open("/sign-in")
    await phone.page.locator('.line a[href="/where"]').click()
    await expect(phone.page.get_by_role("heading", level=1)).to_be_visible()
    sites = await asked(phone, "sites")
    await expect(phone.page.get_by_role("heading", level=1)).to_contain_text(sites["operator"]["name"])
    cards = phone.page.locator("[data-site]")
    await expect(cards).to_have_count(len(sites["sites"]))
    for site in sites["sites"]:
        card = phone.page.locator(f'[data-site="{site["site"]}"]')
        strength = "unproven" if not site["statement"] else "declared" if site["self_signed"] else "trustee"
        await expect(card.get_by_text(phone.say(f"ledger.strength_{strength}"), exact=True)).to_be_visible()
    await expect(phone.page.get_by_text(phone.say("where.honest"))).to_be_visible()
    await expect(phone.page.get_by_text(phone.say("where.unchecked"))).to_be_visible()


async def test_the_charter_is_read_in_plain_words_with_every_version(phones: Phones) -> None:
    phone = await phones()
    await phone.open("/charter")
    charter = await asked(phone, "charter")
    operator = charter["document"]["operator"]["name"]
    lead = phone.page.get_by_role("heading", level=1)
    await expect(lead).to_have_text(phone.say("charter.lead_alone", operator=operator))
    await expect(phone.page.get_by_role("heading", name=phone.say("charter.q_change"))).to_be_visible()
    await expect(phone.page.get_by_role("heading", name=phone.say("charter.proposals"))).to_have_count(0)
    entry = phone.page.get_by_role("link", name=phone.say("crossed.entry_number", number=0), exact=True)
    await entry.click()
    await expect(phone.page.locator('[data-entry="0"]').first).to_contain_text(
        phone.say("entry.charter.adopted", version=1)
    )


async def test_a_realm_alone_has_a_border_that_nothing_crosses(phones: Phones) -> None:
    phone = await phones()
    await phone.open("/transparency")
    await phone.page.locator('.doors a[href="/border"]').click()
    await expect(phone.page.get_by_role("heading", level=1)).to_have_text(phone.say("border.lead_none"))
    border = await asked(phone, "border")
    assert border["peers"] == []
    await expect(phone.page.locator("#policy")).to_contain_text(
        phone.say("border.policy_none" if not border["policy"].strip() else "border.policy_rest")
    )


async def test_a_keyholder_signs_in_the_browser_and_the_key_stays_there(
    phones: Phones, realm: RunningRealm, sign_up: Any, tmp_path: Any
) -> None:
    person: Person = await sign_up(invitation=await invitation(realm))
    phone = await phones()
    phone.expected.append("status of 404")  # a proposal that was taken back, asked for once more
    await phone.use_token(person.token, person.handle)
    document = (await asked(phone, "charter"))["document"]
    renamed = tmp_path / "charter.json"
    renamed.write_text(json.dumps({**document, "name": "A realm with another name"}))
    sent: list[bytes] = []
    phone.context.on("request", lambda request: sent.append(request.post_data_buffer or b""))

    await phone.open("/charter")
    await phone.page.locator("input[type=file]").set_input_files(renamed)
    change = phone.page.locator('[data-subject="name"]')
    await expect(change).to_contain_text("A realm with another name", timeout=PATIENCE_MS)
    adopt = phone.button("charter.adopt")
    await expect(adopt).to_be_disabled()

    keys = (
        phone.page.locator(".card", has_text=phone.say("charter.sign_title"))
        .locator("label.file input")
        .first
    )
    stranger = tmp_path / "stranger"
    stranger.write_bytes(base64.b64encode(b"s" * 32))
    await keys.set_input_files(stranger)
    await expect(phone.page.get_by_text(phone.say("charter.sign_nobodys"))).to_be_visible()
    await keys.set_input_files(realm.data / "keyholder" / "key")
    await expect(
        phone.page.get_by_text(
            phone.say("charter.sign_as", name=document["keyholders"]["members"][0]["name"])
        )
    ).to_be_visible()
    await phone.button("charter.sign").click()
    await expect(phone.page.get_by_text(phone.say("charter.all_signed"))).to_be_visible(timeout=PATIENCE_MS)
    await expect(adopt).to_be_enabled()
    raw = base64.b64decode((realm.data / "keyholder" / "key").read_bytes())
    assert sent
    for body in sent:
        assert raw not in body
        assert base64.b64encode(raw) not in body
        assert raw.hex().encode() not in body

    # Nobody else's tests want another charter: it is taken back.
    await phone.button("charter.forget").click()
    await (
        phone.page.locator("dialog")
        .get_by_role("button", name=phone.say("charter.forget"), exact=True)
        .click()
    )
    await expect(phone.page).to_have_url(f"{phone.url}/charter")
    await expect(phone.page.get_by_text(phone.say("charter.no_proposals"))).to_be_visible()


async def test_nobody_but_operators_sees_proposals(phones: Phones, sign_up: Any) -> None:
    phone = await member(phones, sign_up)
    phone.expected.append("status of 404")
    await phone.open("/charter/" + "0" * 64)
    await expect(phone.page.get_by_text(phone.say("charter.gone"))).to_be_visible()


async def test_what_crossed_is_nothing_in_a_realm_alone(phones: Phones, sign_up: Any) -> None:
    phone = await member(phones, sign_up)
    await phone.open("/settings")
    await phone.page.locator('main a[href="/settings/crossed"]').click()
    await expect(phone.page.get_by_role("heading", name=phone.say("crossed.none"))).to_be_visible()


async def test_somebody_from_anywhere_can_join_a_realm_alone(phones: Phones) -> None:
    phone = await phones()
    await phone.open("/sign-up")
    await phone.page.locator("select[name=country]").select_option("NZ")
    await expect(phone.page.locator("form button.primary")).to_be_visible()
    await expect(phone.page.locator("[data-elsewhere]")).to_have_count(0)


# — what other realms change —


async def test_who_belongs_elsewhere_is_led_there_with_nothing_secret(phones: Phones) -> None:
    phone = await phones()
    await network.answer(phone, "network", network.network())
    await phone.open("/sign-up")
    await phone.page.locator("input[name=handle]").fill("noor")
    await phone.page.locator("input[name=password]").fill("a very secret sentence")
    await phone.page.locator("input[name=birth_date]").fill("1999-04-12")
    await phone.page.locator("select[name=country]").select_option("CA")
    card = phone.page.locator('[data-elsewhere="world"]')
    await expect(card).to_contain_text(phone.say("enter.elsewhere_title", realm="Reelm World"))
    await expect(card).to_contain_text("Reelm World Ltd")
    await expect(card).to_contain_text("Singapore 1 (Singapore)")
    await expect(phone.page.locator("form button.primary")).to_have_count(0)
    address = str(await card.get_by_role("link").get_attribute("href"))
    assert address == "https://world.example/sign-up#country=CA&language=en&handle=noor"
    await phone.page.locator("select[name=country]").select_option("US")
    await expect(card).to_have_count(0)
    await expect(phone.page.locator("form button.primary")).to_be_visible()


async def test_what_was_brought_along_is_filled_in(phones: Phones) -> None:
    phone = await phones()
    await phone.open("/sign-up#country=NZ&language=en&handle=noor")
    await expect(phone.page.locator("input[name=handle]")).to_have_value("noor")
    await expect(phone.page.locator("select[name=country]")).to_have_value("NZ")


async def test_the_realm_itself_says_where_somebody_belongs_when_the_directory_is_silent(
    phones: Phones,
) -> None:
    phone = await phones()
    phone.expected += [CONFLICT, "status of 503"]
    await network.answer(phone, "network", {"code": "server", "status": 503}, status=503)
    refusal = {
        "code": "realm.lives_elsewhere",
        "status": 409,
        "title": "",
        "detail": "",
        "type": "about:blank",
    }
    fields = {"realm": "world", "name": "Reelm World", "web": "https://world.example", "countries": "CA,NZ"}
    await network.answer(phone, "accounts", {**refusal, "fields": fields}, status=409)
    await phone.open("/sign-up")
    for name, value in (
        ("handle", "noor"),
        ("password", "a very secret sentence"),
        ("birth_date", "1999-04-12"),
    ):
        await phone.page.locator(f"input[name={name}]").fill(value)
    await phone.page.locator("select[name=country]").select_option("CA")
    await phone.page.locator("form button.primary").click()
    await expect(phone.page.locator('[data-elsewhere="world"]')).to_contain_text("Reelm World")


async def test_before_another_realm_learns_of_somebody_they_are_asked(
    phones: Phones, lively: Lively, sign_up: Any
) -> None:
    """A no leaves everything as it was; a yes is kept, and the act is done."""
    phone = await member(phones, sign_up)
    phone.expected.append(CONFLICT)
    kept: list[str] = []

    async def refuse_first(route: Route) -> None:
        if kept:
            await route.continue_()
        else:
            await route.fulfill(
                status=409, json=network.consent_needed(), content_type="application/problem+json"
            )

    async def keep(route: Route) -> None:
        kept.append(route.request.method)
        await route.fulfill(status=204)

    await phone.context.route("**/api/v1/people/*/follow", refuse_first)
    await phone.context.route("**/api/v1/me/consents/world", keep)
    await phone.open(f"/@{lively.author.handle}")
    await phone.button("person.follow").click()
    sheet = phone.page.locator("dialog[open]")
    await expect(sheet).to_contain_text(phone.say("consent.follow", realm="Reelm World"))
    await expect(
        phone.page.locator("main").get_by_text(phone.say("person.following"), exact=True)
    ).to_have_count(0)
    await phone.button("consent.not_now").click()
    await expect(sheet).to_have_count(0)
    await expect(phone.button("person.follow")).to_be_visible()
    assert kept == []
    await expect(phone.page.locator(".toast")).to_have_count(0)

    await phone.button("person.follow").click()
    # Only then is the answer to come the one to the act that was agreed to.
    await expect(sheet).to_be_visible()
    async with phone.page.expect_response("**/follow") as following:
        await phone.button("consent.go_on").click()
    assert (await following.value).ok
    await expect(phone.button("person.following")).to_be_visible()
    assert kept == ["PUT"]
    me = await phone.page.request.get(f"{phone.url}/api/v1/me/following")
    assert [one["handle"] for one in (await me.json())["items"]] == [lively.author.handle]


async def test_who_lives_elsewhere_is_marked_and_what_that_means_is_said(
    phones: Phones, lively: Lively, sign_up: Any
) -> None:
    phone = await member(phones, sign_up)
    await network.answer(phone, "people/lookup?*", network.person())
    await network.answer(phone, "people/odile%40world", network.person())
    await network.answer(phone, "people/odile%40world/clips?*", {"items": [], "next_cursor": None})
    await phone.open("/search")
    box = phone.page.get_by_role("combobox")
    await box.fill("@odile@world")
    await box.press("Enter")
    row = phone.page.locator("main li", has_text="Odile Marchetti")
    await expect(row.locator('[data-realm="world"]')).to_be_visible()
    await row.get_by_role("link").click()
    await expect(phone.page).to_have_url(f"{phone.url}/@odile@world")
    await expect(phone.page.get_by_text(phone.say("person.elsewhere", realm="world"))).to_be_visible()
    # A neighbour carries no mark.
    await phone.open(f"/c/{lively.clips[0]['id']}")
    await expect(phone.page.locator(".who").first).to_be_visible()
    await expect(phone.page.locator("[data-realm]")).to_have_count(0)


async def test_somebody_who_is_not_found_and_a_realm_that_is_silent_are_two_things(
    phones: Phones, sign_up: Any
) -> None:
    phone = await member(phones, sign_up)
    phone.expected += ["status of 404", "status of 503"]
    await phone.open("/search?q=@nobody@here.or.there")
    main = phone.page.locator("main")
    await expect(main.get_by_role("heading", level=2)).to_be_visible(timeout=PATIENCE_MS)
    late = {"code": "federation.lookup_late", "status": 503, "title": "", "detail": "", "type": "about:blank"}
    await network.answer(phone, "people/lookup?*", late, status=503)
    await phone.open("/search?q=@odile@world")
    await expect(main.get_by_role("heading", level=2)).to_have_text(
        phone.say("search.elsewhere_away", realm="world")
    )


async def test_what_crossed_is_told_by_realm_and_taken_back(phones: Phones, sign_up: Any) -> None:
    phone = await member(phones, sign_up)
    withdrawn: list[str] = []
    await network.answer(phone, "me/crossings?*", network.crossings())
    await network.answer(phone, "me/consents", network.consents())

    async def withdraw(route: Route) -> None:
        withdrawn.append(f"{route.request.method} {route.request.url.rpartition('/me/')[2]}")
        await route.fulfill(status=202, json={"undone": 3})

    await phone.context.route("**/api/v1/me/crossings/*/withdraw", withdraw)
    await phone.context.route("**/api/v1/me/consents/world", withdraw)
    await phone.open("/settings/crossed")
    await expect(phone.page.get_by_text(phone.say("crossed.lead", count=1))).to_be_visible()
    world = phone.page.locator('[data-realm="world"]')
    await expect(world.locator("[data-crossing]")).to_have_count(3)
    follow = world.locator('[data-crossing="follow"]')
    await follow.locator("summary").click()
    await expect(follow.get_by_role("link", name=phone.say("crossed.entry_number", number=4))).to_be_visible()
    await expect(follow).to_contain_text("Follow.actor")
    await follow.get_by_role("button", name=phone.say("crossed.withdraw"), exact=True).click()
    await expect(follow).to_have_attribute("data-state", "taken_back")
    await expect(phone.page.locator('[data-realm="third"] button')).to_have_count(0)
    await world.get_by_role("button", name=phone.say("crossed.withdraw_all", realm="Reelm World")).click()
    await phone.button("crossed.withdraw_all_do").click()
    await expect(phone.page.get_by_text(re.compile("Taken back: 3 things"))).to_be_visible()
    assert withdrawn == [
        f"POST crossings/{network.crossings()['items'][2]['id']}/withdraw",
        "DELETE consents/world",
    ]


async def test_the_border_is_shown_as_pictures_and_operators_look_after_it(
    phones: Phones, realm: RunningRealm, sign_up: Any
) -> None:
    person: Person = await sign_up(invitation=await invitation(realm))
    done: list[str] = []

    async def note(route: Route) -> None:
        done.append(f"{route.request.method} {route.request.post_data or ''}")
        await route.fulfill(status=204)

    everybody, operator = await phones(), await phones()
    await operator.use_token(person.token, person.handle)
    for phone in (everybody, operator):
        await network.answer(phone, "border", network.border())
        await network.answer(phone, "border/batches?*", network.given_up())
        await phone.context.route("**/api/v1/border/peers/*", note)
        await phone.context.route("**/api/v1/border/batches/*/retry", note)
        await phone.open("/border")
        await expect(phone.page.get_by_role("heading", level=1)).to_have_text(
            phone.say("border.lead", count=2)
        )
        await expect(phone.page.locator("figure svg[role=img]")).to_have_count(3)
        await expect(phone.page.locator("#policy li")).to_have_count(3)
        assert await no_wider_than_the_screen(phone.page)
    await expect(everybody.button("border.pause")).to_have_count(0)
    await expect(everybody.button("border.retry")).to_have_count(0)
    await operator.button("border.retry").click()
    await expect(operator.page.get_by_text(operator.say("border.retried", realm="Third"))).to_be_visible()
    await operator.page.locator('[data-peer="world"]').get_by_role("button").click()
    await (
        operator.page.locator("dialog")
        .get_by_role("button", name=operator.say("border.pause"), exact=True)
        .click()
    )
    await expect(operator.page.locator("dialog[open]")).to_have_count(0)
    assert done == ["POST ", 'PUT {"state":"paused"}']


@pytest.mark.parametrize("language", ["en", "fr", "zh"])
async def test_the_map_needs_nobody_and_every_site_has_its_door(phones: Phones, language: str) -> None:
    phone = await phones(language=language)
    await network.answer(phone, "sites", network.sites())
    await network.answer(phone, "network", network.network())
    await phone.open("/where")
    await expect(phone.page.locator("main svg[role=img] g")).to_have_count(3)
    await expect(phone.page.locator("main svg[role=img] title")).to_contain_text("Ashburn 2")
    await expect(phone.page.locator("[data-site]")).to_have_count(3)
    await expect(phone.page.get_by_text(phone.say("ledger.strength_trustee"), exact=True)).to_be_visible()
    assert await no_wider_than_the_screen(phone.page)


async def test_a_lost_network_is_said_and_the_page_comes_when_it_is_back(phones: Phones) -> None:
    phone = await phones()
    phone.expected.append("ERR_FAILED")
    lost = True

    async def lose(route: Route) -> None:
        await (route.abort() if lost else route.continue_())

    await phone.context.route("**/api/v1/sites", lose)
    await phone.open("/where")
    await expect(phone.page.get_by_role("heading", name=phone.say("offline.title"))).to_be_visible()
    lost = False
    await phone.button("action.retry").click()
    await expect(phone.page.locator("[data-site]").first).to_be_visible()
