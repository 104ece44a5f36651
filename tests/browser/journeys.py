"""What people do over several screens, for the tests and the scenarios."""

from pathlib import Path

from playwright.async_api import expect
from tests.browser.phone import PATIENCE_MS, Phone


async def see(phone: Phone, words: str) -> None:
    await expect(phone.page.get_by_role("main").get_by_text(words).first).to_be_visible(timeout=PATIENCE_MS)


async def publish_file(phone: Phone, file: Path, caption: str) -> str:
    await phone.pick(file)
    await phone.describe(caption)
    return await phone.publish()


async def film_to_a_sound(phone: Phone, caption: str) -> str:
    """Two takes with the camera while a sound plays."""
    page = phone.page
    await phone.open("/make")
    await page.get_by_role("button", name=phone.say("studio.start.film")).click()
    shutter = page.get_by_role("button", name=phone.say("studio.film.start"), exact=True)
    await expect(shutter).to_be_enabled(timeout=PATIENCE_MS)
    await page.get_by_role("button", name=phone.say("studio.film.sound"), exact=True).click()
    await page.locator("dialog .take").first.click()
    timer = page.get_by_role("button", name=phone.say("studio.film.timer"))
    while await timer.get_attribute("aria-pressed") == "true":
        await timer.click()
    longer = page.get_by_role("radiogroup", name=phone.say("studio.film.length")).get_by_role("radio").nth(1)
    await longer.click()
    for _ in range(2):
        await shutter.click()
        running = page.locator(".shutter.running")
        await expect(running).to_be_visible(timeout=PATIENCE_MS)
        await page.wait_for_function(
            "(before) => { const [m, s] = document.querySelector('.clock').textContent.split(':');"
            " return +m * 60 + +s > before; }",
            arg=await seconds_filmed(phone),
            timeout=PATIENCE_MS,
        )
        await page.get_by_role("button", name=phone.say("studio.film.stop"), exact=True).click()
        await expect(shutter).to_be_enabled(timeout=PATIENCE_MS)
    await phone.button("studio.film.done").click()
    await expect(phone.button("studio.next")).to_be_visible(timeout=PATIENCE_MS)
    await phone.describe(caption)
    return await phone.publish()


async def seconds_filmed(phone: Phone) -> int:
    minutes, seconds = (await phone.page.locator(".clock").inner_text()).split(":")
    return int(minutes) * 60 + int(seconds)
