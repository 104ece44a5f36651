"""Every screen of the client and how to get there: for the accessibility tests and the contact sheets."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import Route, expect
from tests.browser import feed_screens, realm_screens, why_screens
from tests.browser.phone import PATIENCE_MS, Phone


@dataclass
class Places:
    """What the realm holds to show: addresses of real things."""

    clip: str
    sound: str
    tag: str
    author: str
    video: Path
    query: str = "te"


@dataclass(frozen=True)
class Screen:
    """A screen: `go` opens it and returns when it is complete."""

    name: str
    go: Callable[[Phone, Places], Awaitable[None]]
    signed_in: bool = False
    wide: bool = True
    upsets: tuple[str, ...] = field(default=())


def _at(path: str, *shown: str) -> Callable[[Phone, Places], Awaitable[None]]:
    """Open an address and wait for the selectors."""

    async def go(phone: Phone, places: Places) -> None:
        await phone.open(path.format(**vars(places)))
        for selector in shown:
            await expect(phone.page.locator(selector).first).to_be_visible(timeout=PATIENCE_MS)

    return go


async def _no_entries(phone: Phone, places: Places) -> None:
    """A kind of which there is nothing yet, whatever other tests have done."""

    async def answer(route: Route) -> None:
        await route.fulfill(json={"items": [], "next_cursor": None})

    await phone.context.route("**/api/v1/ledger/entries?**", answer)
    await phone.open("/transparency/ledger?kind=grant")
    await expect(phone.page.locator("main .empty").first).to_be_visible(timeout=PATIENCE_MS)
    await phone.context.unroute("**/api/v1/ledger/entries?**", answer)


async def _feed(phone: Phone, places: Places) -> None:
    await phone.open("/")
    await phone.plays()


def _sheet(name: str) -> Callable[[Phone, Places], Awaitable[None]]:
    async def go(phone: Phone, places: Places) -> None:
        await phone.open(f"/c/{places.clip}")
        await phone.plays()
        await phone.act(name).click()
        if name != "comments" or await phone.page.locator("dialog[open]").count():
            await expect(phone.page.locator("dialog[open]")).to_be_visible()
        await still(phone)

    return go


async def _about(phone: Phone, places: Places) -> None:
    await _sheet("more")(phone, places)
    await phone.button("clip.about").last.click()
    await expect(phone.page.locator("dialog[open]")).to_be_visible()
    await still(phone)


async def _ask(phone: Phone, places: Places) -> None:
    await phone.open(f"/c/{places.clip}")
    await phone.plays()
    await phone.act("like").click()
    await expect(phone.page.get_by_text(phone.say("ask.title"))).to_be_visible()
    await still(phone)


async def _feeds(phone: Phone, places: Places) -> None:
    await _feed(phone, places)
    await phone.page.locator(".feeds .now").click()
    await expect(phone.page.get_by_role("menu")).to_be_visible()


async def _young(phone: Phone, places: Places) -> None:
    await phone.open("/sign-up")
    for name, value in (("handle", "tiny"), ("password", "a long enough word"), ("birth_date", "2020-01-01")):
        await phone.page.locator(f"input[name={name}]").fill(value)
    await phone.page.locator("select[name=country]").select_option("FR")
    await phone.page.locator("form button.primary").click()
    await expect(phone.page.get_by_text(phone.say("enter.young_title"))).to_be_visible()


async def _person_more(phone: Phone, places: Places) -> None:
    await _at("/@{author}", "h1", 'a[href^="/c/"]')(phone, places)
    await phone.button("person.more").click()
    await expect(phone.page.locator("dialog[open]")).to_be_visible()
    await still(phone)


async def _typing(phone: Phone, places: Places) -> None:
    await phone.open("/search")
    await phone.page.get_by_role("combobox").press_sequentially(places.query)
    await expect(phone.page.get_by_role("option").first).to_be_visible()


async def _promise(phone: Phone, places: Places) -> None:
    await _at("/transparency", "[data-state]")(phone, places)
    card = phone.page.locator("details", has_text=phone.say("promise.p9"))
    await card.locator("summary").click()
    await expect(card.get_by_role("link")).to_be_visible()


async def _entry(phone: Phone, places: Places) -> None:
    await _at("/transparency/ledger", "[data-entry]")(phone, places)
    await phone.page.locator("[data-entry] summary").first.click()
    await expect(phone.page.locator("[data-entry] pre").first).to_be_visible()


async def _rewritten(phone: Phone, places: Places) -> None:
    """A check that finds another past than the device remembers."""
    await _at("/transparency/check", "[data-verdict]")(phone, places)
    await phone.page.evaluate(
        """() => {
          const known = JSON.parse(localStorage.getItem('reelm.ledger'));
          known.seen = { ...known.seen, size: 1, root: btoa('\\0'.repeat(32)) };
          localStorage.setItem('reelm.ledger', JSON.stringify(known));
        }"""
    )
    await phone.page.reload()
    await expect(phone.page.locator("[data-verdict=bad]")).to_be_visible(timeout=PATIENCE_MS)
    await phone.page.evaluate("() => localStorage.removeItem('reelm.ledger')")


async def _edit(phone: Phone, places: Places) -> None:
    await phone.pick(places.video)
    await expect(phone.page.locator("#studio-panel")).to_be_visible()


def _tool(name: str) -> Callable[[Phone, Places], Awaitable[None]]:
    async def go(phone: Phone, places: Places) -> None:
        await _edit(phone, places)
        await phone.page.locator(f"#studio-tab-{name}").click()
        if name == "text":
            await phone.button("studio.text.add").click()
            await phone.page.get_by_label(phone.say("studio.text.words")).fill("Three, two, one …")

    return go


async def _details(phone: Phone, places: Places) -> None:
    await _edit(phone, places)
    await phone.describe("A walk before the rain #walk")


async def _film(phone: Phone, places: Places) -> None:
    await phone.open("/make")
    await phone.page.locator(".door.film").click()
    await expect(phone.page.locator(".shutter")).to_be_enabled(timeout=PATIENCE_MS)


async def _film_sound(phone: Phone, places: Places) -> None:
    await _film(phone, places)
    await phone.page.locator("button.sound").click()
    await expect(phone.page.locator("dialog .take").first).to_be_visible(timeout=PATIENCE_MS)
    await still(phone)


async def _sent(phone: Phone, places: Places) -> None:
    await _details(phone, places)
    await phone.page.locator("button[type=submit]").click()
    await phone.is_out()


async def still(phone: Phone) -> None:
    """Wait until nothing slides any more, so that pictures and contrasts are those of a person's eye."""
    await phone.page.wait_for_function(
        "() => document.getAnimations().every((a) => a.playState !== 'running'"
        " || a.effect.getComputedTiming().iterations === Infinity)",
        timeout=PATIENCE_MS,
    )


SCREENS = [
    Screen("feed", _feed),
    Screen("feed-menu", _feeds, wide=False),
    Screen("clip", _at("/c/{clip}", ".who")),
    Screen("ask", _ask),
    Screen("sign-in", _at("/sign-in", "input[name=handle]")),
    Screen("sign-up", _at("/sign-up", "input[name=handle]")),
    Screen("too-young", _young),
    Screen("your-data", _at("/your-data", ".lead")),
    Screen("promises", _at("/transparency", "[data-state]", "main svg[role=img]")),
    Screen("promise-open", _promise),
    Screen("ledger", _at("/transparency/ledger", "[data-state]", "[data-entry]")),
    Screen("ledger-entry", _entry),
    Screen("ledger-none", _no_entries),
    Screen("data-map", _at("/transparency/data-map", ".tables li")),
    Screen("where", _at("/where", "[data-site]")),
    Screen("where-network", realm_screens.where),
    Screen("border", _at("/border", "#policy")),
    Screen("border-network", realm_screens.border),
    Screen("charter", _at("/charter", ".clauses")),
    Screen("sign-up-elsewhere", realm_screens.elsewhere),
    Screen("person-elsewhere", realm_screens.person, upsets=("status of 404",)),
    Screen("check", _at("/transparency/check", "[data-verdict]")),
    Screen("check-bad", _rewritten),
    Screen("why-open", why_screens.why),
    Screen("check-page-file", _at(why_screens.CHECK, "main label.button")),
    Screen("following-closed", _at("/?feed=following", ".button.primary")),
    Screen("not-found", _at("/nothing/here", ".button"), upsets=("status of 404",)),
    Screen(
        "clip-missing", _at("/c/00000000-0000-7000-8000-000000000000", ".button"), upsets=("status of 404",)
    ),
    Screen("person-missing", _at("/@nobody.here", ".button"), upsets=("status of 404",)),
    Screen("search", _at("/search", "section")),
    Screen("search-typing", _typing),
    Screen("search-results", _at("/search?q={query}", "[role=tablist]", "section")),
    Screen("search-none", _at("/search?q=qqqxyz", "[role=tablist]", "h2")),
    Screen("person", _at("/@{author}", "h1", 'a[href^="/c/"]')),
    Screen("sound", _at("/sounds/{sound}", "h1", 'a[href^="/c/"]')),
    Screen("tag", _at("/tags/{tag}", "h1", 'a[href^="/c/"]')),
    Screen("settings-player", _at("/settings/player", "[role=switch]")),
    Screen("feed-signed-in", _feed, signed_in=True),
    Screen("comments", _sheet("comments"), signed_in=True),
    Screen("share", _sheet("share"), signed_in=True),
    Screen("more", _sheet("more"), signed_in=True),
    Screen("about", _about, signed_in=True),
    Screen("person-more", _person_more, signed_in=True),
    Screen("following-empty", _at("/?feed=friends", ".button.primary"), signed_in=True),
    Screen("me", _at("/me", "h1", "[role=tab]"), signed_in=True),
    Screen("followers", _at("/me/followers", "h1"), signed_in=True),
    Screen("requests", _at("/me/requests", "h1"), signed_in=True),
    Screen("notices", _at("/notices", "h1", "main li a, main h2"), signed_in=True),
    Screen("find friends", _at("/find-friends", "main textarea"), signed_in=True),
    Screen("be found", _at("/find-friends?tab=be", "main input[type=tel]"), signed_in=True),
    Screen("settings", _at("/settings", "main li a"), signed_in=True),
    Screen("settings-profile", _at("/settings/profile", "form"), signed_in=True),
    Screen("why", why_screens.why, signed_in=True),
    Screen("why-numbers", why_screens.numbers, signed_in=True),
    Screen("check-page", why_screens.page, signed_in=True),
    Screen("check-page-bad", why_screens.page_bad, signed_in=True),
    Screen("check-pages", why_screens.pages, signed_in=True),
    Screen("my-feed", feed_screens.my_feed, signed_in=True),
    Screen("my-feed-new", feed_screens.my_feed_new, signed_in=True),
    Screen("menu-wishes", feed_screens.menu_wishes, signed_in=True),
    Screen("menu-word", feed_screens.menu_word, signed_in=True),
    Screen("reach", feed_screens.reach, signed_in=True),
    Screen("crossed", realm_screens.crossed, signed_in=True),
    Screen("crossed-none", _at("/settings/crossed", "main .empty"), signed_in=True),
    Screen("consent", realm_screens.consent, signed_in=True, upsets=("status of 404", "status of 409")),
    Screen("messages", _at("/messages", "main .empty", 'a[href="/messages/new"]'), signed_in=True),
    Screen("messages-new", _at("/messages/new", ".to input"), signed_in=True),
    Screen("messages-gone", _at("/messages/{clip}", "main .empty"), signed_in=True),
    Screen("settings-messages", _at("/settings/messages", "fieldset label"), signed_in=True),
    Screen("recovery-key", _at("/settings/messages/key", "main ol"), signed_in=True),
    Screen("messages-seen", _at("/settings/messages/seen", "main section"), signed_in=True),
    Screen("settings-privacy", _at("/settings/privacy", "[role=switch]"), signed_in=True),
    Screen(
        "settings-notifications", _at("/settings/notifications", "[role=switch]", "select"), signed_in=True
    ),
    Screen("settings-security", _at("/settings/security", "form", "main li b"), signed_in=True),
    Screen("your-data-own", _at("/your-data", "main li a"), signed_in=True),
    Screen("your-data-see", _at("/your-data/see", "main .card"), signed_in=True),
    Screen("your-data-rows", _at("/your-data/see/people", "main dl"), signed_in=True),
    Screen("your-data-openings", _at("/your-data/openings", "main .empty"), signed_in=True),
    Screen("your-data-take", _at("/your-data/take", "main .button.primary"), signed_in=True),
    Screen("your-data-bring", _at("/your-data/bring", "main .drop"), signed_in=True),
    Screen("your-data-erase", _at("/your-data/erase", "main form"), signed_in=True),
    Screen("make", _at("/make", ".doors"), signed_in=True),
    Screen("film", _film, signed_in=True),
    Screen("film-sound", _film_sound, signed_in=True),
    Screen("edit-trim", _edit, signed_in=True),
    Screen("edit-frame", _tool("crop"), signed_in=True),
    Screen("edit-text", _tool("text"), signed_in=True),
    Screen("edit-sound", _tool("sound"), signed_in=True),
    Screen("edit-cover", _tool("cover"), signed_in=True),
    Screen("details", _details, signed_in=True),
    Screen("sent", _sent, signed_in=True),
]
