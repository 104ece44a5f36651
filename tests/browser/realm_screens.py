"""The screens about realms, filled as a network would fill them."""

from playwright.async_api import expect
from tests.browser import network_answers as network
from tests.browser.phone import PATIENCE_MS, Phone

_ANSWERED = ("sites", "network", "border", "border/batches?*", "me/crossings?*", "me/consents")


async def _filled(phone: Phone, path: str, shown: str) -> None:
    """Open an address in a realm that has neighbours; the next screen is the realm's own again."""
    for name, body in (
        ("sites", network.sites()),
        ("network", network.network()),
        ("border", network.border()),
        ("border/batches?*", network.given_up()),
        ("me/crossings?*", network.crossings()),
        ("me/consents", network.consents()),
    ):
        await network.answer(phone, name, body)
    await phone.open(path)
    await expect(phone.page.locator(shown).first).to_be_visible(timeout=PATIENCE_MS)
    for details in await phone.page.locator("main details").all():
        await details.evaluate("(one) => { one.open = true; }")
    for name in _ANSWERED:
        await phone.context.unroute(f"**/api/v1/{name}")


async def where(phone: Phone, places: object) -> None:
    await _filled(phone, "/where", "main svg[role=img]")


async def border(phone: Phone, places: object) -> None:
    await _filled(phone, "/border", "[data-peer]")


async def crossed(phone: Phone, places: object) -> None:
    await _filled(phone, "/settings/crossed", "[data-crossing]")


async def elsewhere(phone: Phone, places: object) -> None:
    await _filled(phone, "/sign-up#country=CA&language=en&handle=noor", "[data-elsewhere]")


async def person(phone: Phone, places: object) -> None:
    for name, body in (
        ("people/odile%40world", network.person()),
        ("people/odile%40world/clips?*", {"items": [], "next_cursor": None}),
    ):
        await network.answer(phone, name, body)
    await phone.open("/@odile@world")
    await expect(phone.page.locator("[data-realm]").first).to_be_visible(timeout=PATIENCE_MS)


async def consent(phone: Phone, places: object) -> None:
    await person(phone, places)
    await network.answer(phone, "people/odile%40world/follow", network.consent_needed(), status=409)
    await phone.button("person.follow").click()
    await expect(phone.page.locator("dialog[open] .what")).to_be_visible(timeout=PATIENCE_MS)
