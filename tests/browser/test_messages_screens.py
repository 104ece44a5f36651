"""The screens of messages: for every eye and hand, without a jump, and saying what they can't do."""

import re
from typing import Any

import pytest
from playwright.async_api import Route, expect
from tests.browser import talking
from tests.browser.conftest import Lively, Phones
from tests.browser.phone import DESK, PATIENCE_MS, PHONE, Phone
from tests.browser.screens import still
from tests.browser.test_accessibility import ask_axe
from tests.conftest import Person

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

NARROW = (320, 640)
LONG = "Donaudampfschifffahrtsgesellschaftskapitänswitwe" * 3
_WIDER = """() => {
  const main = document.getElementById('main');
  return Math.max(document.documentElement.scrollWidth - innerWidth, main.scrollWidth - main.clientWidth);
}"""


async def at_home(phones: Phones, person: Person, **options: Any) -> Phone:
    phone = await phones(**options)
    phone.expected.append(r"status of 404 .*/welcome\?device_id=")
    await phone.use_token(person.token, person.handle)
    return phone


async def two(sign_up: Any) -> list[Person]:
    people = [await sign_up(display_name=name) for name in ("Mirja Salo", "Anton Bell")]
    await talking.make_friends(*people)
    return people


async def talk_of(one: Phone, other: Phone) -> str:
    """A conversation that both are in."""
    await talking.open_messages(other)
    return await talking.begin(one, other.handle)


async def fits(phone: Phone) -> None:
    """Nothing is wider than the screen."""
    await still(phone)
    assert await phone.page.evaluate(_WIDER) <= 0, phone.page.url


@pytest.mark.parametrize(
    ("size", "scheme"),
    [
        pytest.param(PHONE, "light", id="phone-light"),
        pytest.param(PHONE, "dark", id="phone-dark", marks=pytest.mark.full),
        pytest.param(DESK, "light", id="desk-light", marks=pytest.mark.full),
    ],
)
async def test_every_screen_of_messages_can_be_read_by_everybody(
    size: tuple[int, int], scheme: str, phones: Phones, lively: Lively, sign_up: Any
) -> None:
    people = await two(sign_up)
    wide = size == DESK
    mirja = await at_home(phones, people[0], size=size, color_scheme=scheme, touch=not wide)
    anton = await at_home(phones, people[1])
    talk = await talk_of(mirja, anton)
    await talking.write(mirja, "Shall we film the ferry?")
    await talking.enter(anton, talk)
    await talking.write(anton, LONG)
    await expect(talking.line(mirja, LONG)).to_be_visible(timeout=talking.ARRIVING_MS)
    await talking.send_clip(mirja, lively.clips[0]["id"], anton.handle)
    found: dict[str, list[str]] = {}

    async def look(name: str) -> None:
        await fits(mirja)
        if problems := await ask_axe(mirja):
            found[name] = problems

    await look("share")
    places = {
        f"/messages/{talk}": ".log .card",
        f"/messages/{talk}/about": ".deeds",
        f"/messages/{talk}/report": "fieldset label",
        f"/messages/code/{anton.handle}": "main ol li",
        "/messages": 'main a[href^="/messages/0"], main li a',
        "/messages/requests": "main .empty",
        "/messages/new": 'li button[role="checkbox"]',
        "/settings/messages": "fieldset label",
        "/settings/messages/key": "main ol",
        "/settings/messages/seen": "main section",
    }
    for path, shown in places.items():
        await mirja.open(path)
        await expect(mirja.page.locator(shown).first).to_be_visible(timeout=talking.ARRIVING_MS)
        await look(path)
    await talking.enter(mirja, talk)
    await talking.line(mirja, LONG).get_by_role("button", name=mirja.say("talk.acts")).focus()
    await mirja.page.keyboard.press("Enter")
    await expect(mirja.page.locator("dialog[open]")).to_be_visible()
    await look("menu of a message")
    new = await at_home(phones, people[0], size=size, color_scheme=scheme, touch=not wide)
    await new.open("/messages")
    await expect(new.page.locator("textarea[name=recovery]")).to_be_visible(timeout=talking.ARRIVING_MS)
    await fits(new)
    assert await ask_axe(new) == []
    assert not found, "\n".join(f"{name}: {problems}" for name, problems in found.items())


async def test_with_the_keyboard_alone(phones: Phones, sign_up: Any) -> None:
    people = await two(sign_up)
    mirja = await at_home(phones, people[0], size=DESK, touch=False)
    anton = await at_home(phones, people[1])
    talk = await talk_of(mirja, anton)
    page = mirja.page
    await talking.composer(mirja).focus()
    await page.keyboard.type("Two lines")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("and sent by Enter")
    await page.keyboard.press("Enter")
    sent = talking.line(mirja, "Two lines\nand sent by Enter")
    await expect(sent).to_have_attribute("data-state", "sent", timeout=talking.ARRIVING_MS)
    await expect(talking.composer(mirja)).to_be_focused()
    # From the writing back to what was written: its menu is a button among others.
    for _ in range(4):
        await page.keyboard.press("Shift+Tab")
        if await page.evaluate("() => document.activeElement.classList.contains('menu')"):
            break
    await page.keyboard.press("Enter")
    sheet = page.locator("dialog[open]")
    await expect(sheet).to_be_visible()
    await sheet.get_by_role("button", name=mirja.say("talk.react", emoji="🔥"), exact=True).focus()
    await page.keyboard.press("Enter")
    await expect(sheet).to_have_count(0)
    mine = sent.get_by_role("button", name=mirja.say("talk.reacted", emoji="🔥", count=1))
    await expect(mine).to_have_attribute("aria-pressed", "true", timeout=talking.ARRIVING_MS)
    # An answer quotes, and Escape lets it be.
    await sent.get_by_role("button", name=mirja.say("talk.acts")).focus()
    await page.keyboard.press("Enter")
    await sheet.get_by_role("button", name=mirja.say("talk.reply"), exact=True).focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_text(mirja.say("talk.replying_you"), exact=True)).to_be_visible()
    await expect(talking.composer(mirja)).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_text(mirja.say("talk.replying_you"), exact=True)).to_have_count(0)
    await talking.enter(anton, talk)
    await expect(anton.page.locator(".reactions")).to_contain_text("🔥", timeout=talking.ARRIVING_MS)


async def test_what_was_written_earlier_comes_without_a_jump(phones: Phones, sign_up: Any) -> None:
    people = await two(sign_up)
    mirja = await at_home(phones, people[0])
    anton = await at_home(phones, people[1])
    talk = await talk_of(mirja, anton)
    for number in range(75):
        await talking.composer(mirja).fill(f"Number {number}")
        await mirja.button("talk.send").click()
    await expect(talking.line(mirja, "Number 74")).to_have_attribute("data-state", "sent", timeout=60_000)
    await talking.enter(mirja, talk)
    await expect(talking.line(mirja, "Number 74")).to_be_in_viewport(timeout=talking.ARRIVING_MS)
    first = mirja.page.locator(".log li.line").first
    kept = talking.line(mirja, (await first.locator(".bubble > p").inner_text()).strip())
    assert await kept.count() == 1
    await mirja.page.locator(".log").focus()
    await mirja.page.evaluate(
        """() => {
          const log = document.querySelector('.log');
          log.scrollTo(0, -(log.scrollHeight - log.clientHeight));
        }"""
    )
    before = await kept.bounding_box()
    await expect(talking.line(mirja, "Number 0")).to_have_count(1, timeout=talking.ARRIVING_MS)
    await still(mirja)
    after = await kept.bounding_box()
    assert before
    assert after
    # The line one looks at stays where it is; its beginning of a breath may have gone to an earlier line.
    assert abs(after["y"] - before["y"]) < 60, (before, after)
    down = mirja.page.get_by_role("button", name=mirja.say("talk.to_newest"), exact=True)
    await down.click()
    await expect(talking.line(mirja, "Number 74")).to_be_in_viewport()
    await expect(down).to_have_count(0)


async def test_without_a_connection_it_says_what_waits_and_then_sends(phones: Phones, sign_up: Any) -> None:
    people = await two(sign_up)
    mirja = await at_home(phones, people[0])
    anton = await at_home(phones, people[1])
    await talk_of(mirja, anton)
    # The screen is fetched when the address is there.
    await expect(talking.composer(mirja)).to_be_visible()
    mirja.expected.append("ERR_INTERNET_DISCONNECTED")
    await mirja.context.set_offline(True)
    await expect(mirja.page.get_by_text(mirja.say("talk.offline"), exact=True)).to_be_visible()
    await talking.write(mirja, "From the tunnel")
    waits = talking.line(mirja, "From the tunnel")
    await expect(waits).to_have_attribute("data-state", re.compile("waiting|sending"))
    await mirja.context.set_offline(False)
    await expect(waits).to_have_attribute("data-state", "sent", timeout=talking.ARRIVING_MS)
    await expect(mirja.page.get_by_text(mirja.say("talk.offline"), exact=True)).to_have_count(0)


async def test_a_realm_in_trouble_is_said_and_tried_again(phones: Phones, sign_up: Any) -> None:
    mirja = await at_home(phones, await sign_up(display_name="Mirja Salo"))
    mirja.expected.append("status of 503")

    async def trouble(route: Route) -> None:
        await route.fulfill(
            status=503, content_type="application/problem+json", body='{"status": 503, "code": "server"}'
        )

    await mirja.context.route("**/api/v1/me/messages/**", trouble)
    await mirja.open("/messages")
    await expect(mirja.page.get_by_text(mirja.say("problem.title"), exact=True)).to_be_visible()
    await mirja.context.unroute("**/api/v1/me/messages/**")
    await mirja.button("action.retry").click()
    await expect(mirja.page.get_by_text(mirja.say("talk.none"), exact=True)).to_be_visible(
        timeout=talking.ARRIVING_MS
    )
    await mirja.open("/messages/00000000-0000-7000-8000-000000000000")
    await expect(mirja.page.get_by_text(mirja.say("talk.gone"), exact=True)).to_be_visible(
        timeout=talking.ARRIVING_MS
    )


async def test_narrow_and_from_the_right(phones: Phones, sign_up: Any) -> None:
    """Long words wrap, and reading from the right turns the screens around."""
    people = await two(sign_up)
    mirja = await at_home(phones, people[0], size=NARROW)
    anton = await at_home(phones, people[1])
    talk = await talk_of(mirja, anton)
    await talking.write(mirja, LONG)
    await fits(mirja)
    bubble = talking.line(mirja, LONG).locator(".bubble")

    async def middle() -> float:
        box = await bubble.bounding_box()
        assert box
        return float(box["x"] + box["width"] / 2)

    assert await middle() > NARROW[0] / 2
    await mirja.page.evaluate("() => { document.documentElement.dir = 'rtl'; }")
    await fits(mirja)
    assert await middle() < NARROW[0] / 2
    for path, shown in (("/messages", "main li a"), (f"/messages/{talk}/about", ".deeds")):
        await mirja.open(path)
        await expect(mirja.page.locator(shown).first).to_be_visible(timeout=talking.ARRIVING_MS)
        await mirja.page.evaluate("() => { document.documentElement.dir = 'rtl'; }")
        await fits(mirja)


async def test_a_clip_goes_to_several_with_words_and_one_answer_each(
    phones: Phones, lively: Lively, sign_up: Any
) -> None:
    people = [await sign_up(display_name=name) for name in ("Mirja Salo", "Anton Bell", "Ulla Frei")]
    await talking.make_friends(*people)
    mirja, anton, ulla = [await at_home(phones, each) for each in people]
    for phone in (anton, ulla):
        await talking.open_messages(phone)
    clip = lively.clips[1]["id"]
    await talking.send_clip(mirja, clip, anton.handle)
    words = mirja.page.get_by_label(mirja.say("send.words"), exact=True)
    await words.fill("Look at the colours")
    face = mirja.page.locator(f'[data-send="{ulla.handle}"]')
    await face.click()
    await expect(mirja.page.locator(f'[data-send="{ulla.handle}"].sent')).to_be_visible(
        timeout=talking.ARRIVING_MS
    )
    # A second tap does not send it twice.
    await face.click()
    row = ulla.page.locator("main li a")
    await expect(row).to_contain_text("Look at the colours", timeout=talking.ARRIVING_MS)
    await row.click()
    await talking.has_clip(ulla, clip)
    await expect(talking.line(ulla, "Look at the colours")).to_be_visible(timeout=PATIENCE_MS)
    await anton.page.locator("main li a").click(timeout=talking.ARRIVING_MS)
    await talking.has_clip(anton, clip)
    await expect(anton.page.locator(".log li.line .bubble > p")).to_have_count(0)
