"""The staff console with two real browsers: keys, a request, a second person's yes, opening under a clock."""

import datetime as dt
from typing import Any

import pytest
from playwright.async_api import expect
from tests.browser.conftest import Phones
from tests.browser.console import (
    LEDGER_MS,
    approve,
    ask,
    bring_key,
    enrol,
    fill_request,
    invitation,
    keyholder,
    open_class,
    sign,
)
from tests.browser.phone import PATIENCE_MS, Phone
from tests.browser.test_accessibility import ask_axe
from tests.conftest import Person, RunningRealm
from tests.factories.media import plain
from tests.factories.publishing import published

pytestmark = pytest.mark.browser


async def operator(phones: Phones, sign_up: Any, realm: RunningRealm, **options: Any) -> Phone:
    """A phone on which a new operator is signed in."""
    person: Person = await sign_up(invitation=await invitation(realm), **options)
    phone = await phones()
    await phone.use_token(person.token, person.handle)
    return phone


async def test_nothing_opens_without_two_people_and_an_entry(
    phones: Phones, realm: RunningRealm, sign_up: Any, tmp_path: Any
) -> None:
    """Enrol two, ask, approve, open an address and play a private clip; the person sees it, with a receipt."""
    concerned = await sign_up(email="odile@example.org", display_name="Odile Marchetti")
    clip = await published(
        concerned, plain(tmp_path / "clip.mp4"), caption="For nobody else", visibility="only_me"
    )
    asker = await operator(phones, sign_up, realm, display_name="Nadia Ferrand")
    second = await operator(phones, sign_up, realm, display_name="Tomas Lindqvist")
    await enrol(realm, asker)
    await enrol(realm, second)

    path = await ask(asker, concerned, "identity", "private")
    await expect(asker.page.get_by_text(asker.say("decide.own_text"))).to_be_visible(timeout=LEDGER_MS)
    await expect(asker.button("decide.approve")).to_have_count(0)

    await approve(second, path)
    await expect(second.page.locator("[data-person]")).to_have_count(0)
    await expect(asker.page.locator(".clock b")).to_be_visible(timeout=LEDGER_MS)
    await expect(asker.page.get_by_text("odile@example.org")).to_have_count(0)
    await open_class(asker, "identity")
    await expect(asker.page.get_by_text("odile@example.org")).to_be_visible()

    await open_class(asker, "private")
    row = asker.page.locator("[data-opened=private] details").first
    await row.locator("summary").click()
    await row.get_by_role("button", name=asker.say("use.play"), exact=True).click()
    await asker.page.wait_for_function(
        "() => { const video = document.querySelector('video[src*=staff]'); return video && video.videoWidth > 0; }",
        timeout=LEDGER_MS,
    )
    assert clip["id"] in str(await row.locator("video").get_attribute("src"))
    await expect(asker.page.locator(".uses li")).to_have_count(3, timeout=PATIENCE_MS)
    kept = await asker.page.evaluate(
        "async () => JSON.stringify([{...localStorage}, {...sessionStorage},"
        " await Promise.all((await caches.keys()).map(async (name) =>"
        " (await (await caches.open(name)).keys()).map((one) => one.url)))])"
    )
    assert "odile@example.org" not in kept
    assert "/staff/grants" not in kept

    person = await phones()
    await person.use_token(concerned.token, concerned.handle)
    await person.open("/notices")
    await person.page.get_by_text(person.say("notice.opened")).first.click()
    tale = person.page.locator("[data-tale=opened]")
    await expect(tale).to_contain_text(person.say("opened.identity"), timeout=PATIENCE_MS)
    await expect(tale).to_contain_text(person.say("opened.check_yourself"))
    for handle in (asker.handle, second.handle):
        await expect(person.page.get_by_text(handle)).to_have_count(0)
    async with person.page.expect_download() as loading:
        await person.link("opened.receipt").click()
    receipt = (await (await loading.value).path()).read_text()
    assert receipt.startswith("c2sp.org/tlog-proof@v1\n")
    await person.button("opened.check").click()
    verdict = person.page.locator("[data-file-verdict]")
    await expect(verdict).to_be_visible(timeout=LEDGER_MS)
    assert await verdict.get_attribute("data-file-verdict") != "bad"

    await asker.button("staff.close").click()
    dialog = asker.page.get_by_role("dialog")
    await dialog.get_by_role("button", name=asker.say("staff.close"), exact=True).click()
    await expect(asker.page.get_by_text(asker.say("staff.ended_text"))).to_be_visible(timeout=LEDGER_MS)
    await expect(asker.page.get_by_text("odile@example.org")).to_have_count(0)


async def test_the_console_is_for_everybody_who_works_there(
    phones: Phones, realm: RunningRealm, sign_up: Any, tmp_path: Any
) -> None:
    """axe finds nothing serious on any of the console's screens, in light and dark."""
    concerned = await sign_up(email="quiet@example.org")
    asker = await operator(phones, sign_up, realm)
    second = await operator(phones, sign_up, realm)

    async def clean(phone: Phone) -> None:
        for scheme in ("light", "dark"):
            await phone.page.emulate_media(color_scheme=scheme)
            await phone.page.wait_for_function(
                "(scheme) => getComputedStyle(document.documentElement).colorScheme === scheme", arg=scheme
            )
            # Colours begin to change with the next frame, and `ask_axe` waits until they have.
            await phone.page.evaluate(
                "() => new Promise((seen) => requestAnimationFrame(() => requestAnimationFrame(seen)))"
            )
            assert await ask_axe(phone) == []

    await asker.open("/staff")
    await expect(asker.button("staff.make_key")).to_be_visible(timeout=PATIENCE_MS)
    await clean(asker)
    await bring_key(asker)
    await clean(asker)
    await keyholder(realm, "enrol", asker.handle)
    await expect(asker.link("staff.ask")).to_be_visible(timeout=LEDGER_MS)
    await clean(asker)
    await enrol(realm, second)
    await fill_request(asker, concerned, "identity")
    await asker.page.locator("input[name=emergency]").check()
    await clean(asker)
    await asker.page.locator("input[name=emergency]").uncheck()
    await asker.button("staff.to_sign").click()
    await expect(asker.page.get_by_text(asker.say("sign.same"))).to_be_visible(timeout=PATIENCE_MS)
    await clean(asker)
    await sign(asker)
    await asker.page.wait_for_url(lambda url: "/staff/0" in url, timeout=LEDGER_MS)
    path = asker.page.url.removeprefix(asker.url)
    await second.open(path)
    await expect(second.button("decide.approve")).to_be_visible(timeout=LEDGER_MS)
    await clean(second)
    await approve(second, path)
    await expect(asker.page.locator(".clock b")).to_be_visible(timeout=LEDGER_MS)
    await open_class(asker, "identity")
    await clean(asker)

    person = await phones()
    await person.use_token(concerned.token, concerned.handle)
    await person.open("/your-data/openings")
    await expect(person.page.locator("[data-tale=opened]")).to_be_visible(timeout=PATIENCE_MS)
    await clean(person)


async def test_a_request_can_be_denied(phones: Phones, realm: RunningRealm, sign_up: Any) -> None:
    concerned = await sign_up()
    asker = await operator(phones, sign_up, realm)
    second = await operator(phones, sign_up, realm)
    await enrol(realm, asker)
    await enrol(realm, second)
    path = await ask(asker, concerned, "social")
    await second.open("/staff")
    await second.page.locator(f'a[href="{path}"]').click()
    await second.button("decide.deny").click()
    await sign(second)
    await expect(second.page.get_by_text(second.say("staff.denied_text"))).to_be_visible(timeout=LEDGER_MS)
    await expect(asker.page.get_by_text(asker.say("staff.denied_text"))).to_be_visible(timeout=LEDGER_MS)

    person = await phones()
    await person.use_token(concerned.token, concerned.handle)
    await person.open("/your-data/openings")
    await expect(person.page.locator("[data-tale=refused]")).to_be_visible(timeout=PATIENCE_MS)


async def test_a_browser_signs_nothing_but_what_was_asked_for(
    phones: Phones, realm: RunningRealm, sign_up: Any
) -> None:
    """A realm that proposes four hours where thirty minutes were asked for gets no signature."""
    concerned = await sign_up()
    asker = await operator(phones, sign_up, realm)
    await enrol(realm, asker)

    async def longer(route: Any) -> None:
        answer = await route.fetch()
        grant = await answer.json()
        grant["to_sign"] = grant["to_sign"].replace('"minutes":30', '"minutes":240')
        await route.fulfill(response=answer, json=grant)

    await asker.context.route("**/api/v1/staff/grants", longer)
    await fill_request(asker, concerned, "identity")
    await asker.button("staff.to_sign").click()
    await expect(asker.page.get_by_role("alert")).to_contain_text("minutes", timeout=PATIENCE_MS)
    await expect(asker.button("sign.now")).to_have_count(0)


async def test_an_emergency_is_loud(phones: Phones, realm: RunningRealm, sign_up: Any) -> None:
    """One person alone, said in red before, told to everybody after."""
    concerned = await sign_up(email="loud@example.org")
    asker = await operator(phones, sign_up, realm)
    await enrol(realm, asker)
    await fill_request(asker, concerned, "identity", reason="safety", minutes=10)
    await asker.page.locator("input[name=emergency]").check()
    await expect(asker.page.get_by_text(asker.say("staff.emergency_public"))).to_be_visible()
    await asker.button("staff.to_sign").click()
    await sign(asker)
    await asker.button("decide.approve_emergency").click(timeout=LEDGER_MS)
    await sign(asker)
    await expect(asker.page.get_by_text(asker.say("staff.emergency_loud"))).to_be_visible(timeout=LEDGER_MS)
    await open_class(asker, "identity")
    await expect(asker.page.get_by_text("loud@example.org")).to_be_visible()
    await asker.page.clock.set_fixed_time(dt.datetime.now(dt.UTC) + dt.timedelta(minutes=11))
    await expect(asker.page.get_by_text("loud@example.org")).to_have_count(0)

    person = await phones()
    await person.use_token(concerned.token, concerned.handle)
    await person.open("/your-data/openings")
    await expect(person.page.locator("[data-tale=opened].loud")).to_be_visible(timeout=PATIENCE_MS)


async def test_without_its_witnesses_nothing_opens(phones: Phones, realm: RunningRealm, sign_up: Any) -> None:
    """The ledger is late: the console says so, that nothing was opened, and when to try again."""
    concerned = await sign_up(email="later@example.org")
    asker = await operator(phones, sign_up, realm)
    second = await operator(phones, sign_up, realm)
    await enrol(realm, asker)
    await enrol(realm, second)
    path = await ask(asker, concerned, "identity")
    await approve(second, path)
    await expect(asker.button("use.ask", what=asker.say("grant.identity"))).to_be_visible(timeout=LEDGER_MS)

    async def late(route: Any) -> None:
        problem = {"status": 503, "code": "ledger.late", "title": "", "detail": "", "retry_after_seconds": 7}
        await route.fulfill(
            status=503, json=problem, headers={"retry-after": "7"}, content_type="application/problem+json"
        )

    asker.expected.append("status of 503")
    await asker.context.route("**/opening", late)
    await asker.button("use.ask", what=asker.say("grant.identity")).click()
    await (
        asker.page.get_by_role("dialog").get_by_role("button", name=asker.say("use.open"), exact=True).click()
    )
    await expect(asker.page.get_by_role("alert")).to_have_text(asker.say("problem.ledger.late", seconds=7))
    await asker.context.unroute("**/opening")
    await open_class(asker, "identity")
    await expect(asker.page.get_by_text("later@example.org")).to_be_visible()


async def test_a_lost_key_is_said_and_taken_out(phones: Phones, realm: RunningRealm, sign_up: Any) -> None:
    """On another device there is no key: the console says what to do, and offers no signature."""
    asker = await operator(phones, sign_up, realm)
    await enrol(realm, asker)
    cookies = await asker.context.cookies()
    other = await phones()
    await other.context.add_cookies([{k: v for k, v in one.items() if k != "url"} for one in cookies])  # type: ignore[arg-type,misc]
    other.handle = asker.handle
    await other.open("/staff")
    await expect(other.page.get_by_text(other.say("staff.gone_title"))).to_be_visible(timeout=PATIENCE_MS)
    await expect(other.link("staff.ask")).to_have_count(0)
    await other.open("/staff/ask")
    await expect(other.page.get_by_text(other.say("staff.first_lost"))).to_be_visible()

    await keyholder(realm, "remove", asker.handle)
    assert await bring_key(other) == f"reelm staff enrol {other.handle}"
    await keyholder(realm, "enrol", other.handle)
    await expect(other.link("staff.ask")).to_be_visible(timeout=LEDGER_MS)


async def test_the_console_is_nothing_to_others(phones: Phones, sign_up: Any) -> None:
    person: Person = await sign_up()
    phone = await phones()
    await phone.use_token(person.token, person.handle)
    await phone.open("/staff")
    await expect(phone.page.get_by_text(phone.say("missing.title"))).to_be_visible(timeout=PATIENCE_MS)
    assert not [one for one in phone.requests if "/api/v1/staff" in one]
    await phone.open("/settings")
    await expect(phone.page.locator('main a[href="/your-data"]')).to_be_visible()
    await expect(phone.page.locator('main a[href="/staff"]')).to_have_count(0)
