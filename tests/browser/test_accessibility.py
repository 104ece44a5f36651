"""Everybody gets in: axe on every screen, and a walk with the keyboard alone."""

from typing import Any

import pytest
from playwright.async_api import expect
from tests.browser.conftest import Lively, Phones
from tests.browser.phone import DESK, PHONE, ROOT, Phone
from tests.browser.screens import SCREENS, Places, Screen, still
from tests.conftest import PASSWORD, Person, eventually
from tests.factories.media import plain

pytestmark = pytest.mark.browser

AXE = (ROOT / "web/node_modules/axe-core/axe.min.js").read_text()
_RUN = """async () => {
  const found = await axe.run(document, {
    resultTypes: ['violations'],
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  });
  return found.violations
    .filter((one) => one.impact === 'serious' || one.impact === 'critical')
    .map((one) => `${one.id}: ${one.help}: ` + one.nodes
      .map((node) => node.target.join(' ') + ' (' + (node.any[0]?.message ?? '') + ')').join(' | '));
}"""


async def ask_axe(phone: Phone) -> list[str]:
    await still(phone)
    await phone.page.evaluate(f"() => {{ {AXE}; }}")
    found: list[str] = await phone.page.evaluate(_RUN)
    return found


@pytest.fixture(scope="module")
async def places(lively: Lively, tmp_path_factory: pytest.TempPathFactory) -> Places:
    author = lively.author

    async def with_sound() -> dict[str, Any] | None:
        clip: dict[str, Any] = (await author.get(f"/clips/{lively.clips[0]['id']}")).json()
        return clip if clip["sound"] else None

    clip = await eventually(with_sound, seconds=90)
    video = plain(tmp_path_factory.mktemp("places") / "walk.mp4", size="640x360", seconds=2)
    return Places(clip["id"], clip["sound"]["id"], clip["tags"][0], author.handle, video)


async def every_screen(phone: Phone, screens: list[Screen], places: Places) -> dict[str, list[str]]:
    found = {}
    for screen in screens:
        phone.expected += screen.upsets
        await screen.go(phone, places)
        if problems := await ask_axe(phone):
            found[screen.name] = problems
    return found


@pytest.mark.parametrize(
    ("size", "scheme"),
    [
        pytest.param(PHONE, "light", id="phone-light"),
        pytest.param(PHONE, "dark", id="phone-dark", marks=pytest.mark.full),
        pytest.param(DESK, "light", id="desk-light", marks=pytest.mark.full),
        pytest.param(DESK, "dark", id="desk-dark", marks=pytest.mark.full),
    ],
)
async def test_axe_finds_nothing_serious(
    size: tuple[int, int], scheme: str, phones: Phones, places: Places, sign_up: Any
) -> None:
    wide = size == DESK
    screens = [one for one in SCREENS if one.wide or not wide]
    visitor = await phones(size=size, color_scheme=scheme, touch=not wide)
    found = await every_screen(visitor, [one for one in screens if not one.signed_in], places)
    person: Person = await sign_up()
    member = await phones(size=size, color_scheme=scheme, touch=not wide)
    await member.use_token(person.token, person.handle)
    found |= await every_screen(member, [one for one in screens if one.signed_in], places)
    assert found == {}


async def test_with_the_keyboard_alone(phones: Phones, lively: Lively, sign_up: Any) -> None:
    """Sign in, watch, like, comment, and back, without a finger; the focus is always seen."""
    person: Person = await sign_up()
    phone = await phones(size=DESK, touch=False)
    press, page = phone.page.keyboard.press, phone.page
    await phone.open("/sign-in")
    await expect(page.locator("input[name=handle]")).to_be_visible()
    await focus(phone, "input[name=handle]")
    await page.keyboard.type(person.handle)
    await focus(phone, "input[name=password]")
    await page.keyboard.type(PASSWORD)
    await press("Enter")
    await expect(phone.link("nav.me")).to_be_visible()
    await phone.plays()
    first = (await phone.watched())["clip"]
    await press("j")
    await phone.plays()
    assert (await phone.watched())["clip"] != first
    await press("l")
    await expect(phone.act("like")).to_have_attribute("aria-pressed", "true")
    await focus(phone, ".comments textarea")
    await page.keyboard.type("Written without a finger")
    await focus(phone, "button.send")
    await press("Enter")
    await expect(page.locator("[data-comment]").first).to_contain_text("Written without a finger")
    await focus(phone, 'a[href="/settings"]')
    await press("Enter")
    await expect(page).to_have_url(f"{phone.url}/settings")


async def focus(phone: Phone, selector: str, most: int = 60) -> None:
    """Press Tab until the element has the focus; every stop on the way must be seen to have it."""
    for _ in range(most):
        await phone.page.keyboard.press("Tab")
        stop = await phone.page.evaluate(
            """(wanted) => {
              const one = document.activeElement;
              const style = getComputedStyle(one);
              const box = one.getBoundingClientRect();
              const ring = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
              return { there: one.matches(wanted), seen: one === document.body || ring || style.boxShadow !== 'none',
                inside: box.width > 0, what: one.outerHTML.slice(0, 120) };
            }""",
            selector,
        )
        assert stop["seen"], f"no focus ring on {stop['what']}"
        if stop["there"]:
            return
    raise AssertionError(f"{selector} is not reached with Tab")
