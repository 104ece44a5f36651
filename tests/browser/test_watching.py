"""The first screen, for somebody who just arrived: a playing feed."""

import re

import pytest
from playwright.async_api import expect
from tests.browser.conftest import Lively, Phones
from tests.browser.phone import PATIENCE_MS

pytestmark = pytest.mark.browser


async def test_signed_out_the_first_screen_is_a_playing_feed(phones: Phones, lively: Lively) -> None:
    phone = await phones()
    await phone.open("/")
    playing = await phone.plays()
    assert playing["width"] > 0
    line = phone.page.locator("p.line")
    await expect(line).to_contain_text(phone.say("realm.unwitnessed"))
    await line.locator('a[href="/where"]').tap()
    await expect(phone.page.locator("[data-site]").first).to_be_visible()
    await phone.button("action.back").tap()
    await phone.plays()
    await line.locator('a[href="/transparency"]').tap()
    await expect(phone.page.get_by_role("heading", level=1)).to_have_text(phone.say("transparency.lead"))


async def test_swiping_by_finger_and_by_keyboard(phones: Phones, lively: Lively) -> None:
    phone = await phones()
    await phone.open("/")
    first = (await phone.plays())["clip"]
    await phone.swipe()
    second = (await phone.plays())["clip"]
    assert second != first
    await phone.swipe(420)
    assert (await phone.plays())["clip"] == first
    await phone.page.keyboard.press("ArrowDown")
    await phone.page.wait_for_function(
        "(id) => document.querySelector('[data-current=\"true\"]')?.dataset.clip === id", arg=second
    )
    assert (await phone.plays())["clip"] == second
    await phone.page.keyboard.press("Space")
    await expect(phone.button("player.play")).to_be_visible()
    assert (await phone.watched())["paused"]
    await phone.page.keyboard.press("Space")
    await phone.plays()


async def test_sound_comes_with_a_touch_and_stays(phones: Phones, lively: Lively) -> None:
    phone = await phones()
    await phone.open("/")
    await phone.plays()
    await phone.make_audible()
    await phone.swipe()
    await phone.plays()
    await phone.make_audible()
    assert not (await phone.watched())["muted"]
    await phone.page.keyboard.press("m")
    await expect(phone.act("sound")).to_have_attribute("aria-pressed", "false")
    assert (await phone.watched())["muted"]


async def test_a_clip_repeats_without_stopping(phones: Phones, lively: Lively) -> None:
    phone = await phones()
    await phone.open(f"/c/{lively.clips[0]['id']}")
    await phone.plays()
    # A clip of three seconds: after its second round the element's clock runs past six, without a pause.
    # Counted where the next second is not there, or lies behind a gap: a slow decoder waits with all of it at hand.
    await phone.page.evaluate(
        """() => {
          const v = document.querySelector('[data-current="true"] video');
          window.stalls = [];
          v.addEventListener('waiting', () => {
            const at = v.currentTime;
            let ahead = 0;
            for (let i = 0; i < v.buffered.length; i++)
              if (v.buffered.start(i) <= at && v.buffered.end(i) > at) ahead = v.buffered.end(i) - at;
            if (ahead < 1) window.stalls.push([at, ahead]);
          });
        }"""
    )
    await phone.page.wait_for_function(
        "() => document.querySelector('[data-current=\"true\"] video').currentTime > 6.2", timeout=PATIENCE_MS
    )
    assert await phone.page.evaluate("window.stalls") == []


async def test_like_needs_an_account_and_says_so(phones: Phones, lively: Lively) -> None:
    phone = await phones()
    await phone.open("/")
    await phone.plays()
    await phone.act("like").click()
    sheet = phone.page.get_by_role("dialog")
    await expect(sheet).to_contain_text(phone.say("ask.like"))
    await expect(sheet.get_by_role("link", name=phone.say("nav.sign_up"), exact=True)).to_have_attribute(
        "href", re.compile(r"^/sign-up\?next=")
    )


async def test_with_reduced_motion_nothing_slides(phones: Phones, lively: Lively) -> None:
    phone = await phones(reduced_motion="reduce")
    await phone.open("/")
    await phone.plays()
    await phone.page.keyboard.press("ArrowDown")
    await phone.plays()
    moving = await phone.page.evaluate(
        "document.getAnimations().filter((a) => a.playState === 'running'"
        " && a.effect.getComputedTiming().activeDuration > 20).map((a) => a.animationName ?? 'script')"
    )
    assert moving == []
