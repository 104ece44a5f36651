"""Being told while the app is closed: asked for by a tap, said by the service worker, opened by a tap.

The machine has no push service of a browser's maker, so the page's subscription is a stand-in with real keys, which
leads to a push service of the test's own. What comes there is opened as the browser would, and given to the service
worker by the browser itself.
"""

import json
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import CDPSession, Worker, expect
from tests.browser.conftest import Phones
from tests.browser.phone import PATIENCE_MS, Phone
from tests.conftest import (
    PASSWORD,
    RunningRealm,
    client_of,
    eventually,
    free_port,
    maker_of_people,
    start_realm,
)
from tests.factories.push import Browser as Subscribed
from tests.factories.push import PushSite, push_site, told_of

pytestmark = pytest.mark.browser
CLIP = "0192f7a4-0000-7000-8000-0000000000aa"
# Stands in for the browser's subscription: what it is asked for it remembers, and it has real keys.
LOCAL_SUBSCRIPTION = """(given) => {
  const made = {
    endpoint: given.endpoint, options: {},
    toJSON: () => ({endpoint: given.endpoint, keys: given.sealing_keys}),
    unsubscribe: async () => { localStorage.removeItem('test.subscribed'); return true; },
  };
  PushManager.prototype.subscribe = async (options) => {
    const key = options.applicationServerKey.replaceAll('-', '+').replaceAll('_', '/');
    const bytes = Uint8Array.from(atob(key), (one) => one.charCodeAt(0));
    if (bytes.length !== 65 || !options.userVisibleOnly) throw new Error('not a key for a subscription');
    localStorage.setItem('test.subscribed', key);
    return Object.assign(made, {options: {applicationServerKey: bytes.buffer}});
  };
  PushManager.prototype.getSubscription = async () => localStorage.getItem('test.subscribed') ? made : null;
}"""


@pytest.fixture(scope="module")
def site() -> Iterator[PushSite]:
    with push_site() as made:
        yield made


@pytest.fixture(scope="module")
def realm() -> Iterator[RunningRealm]:
    """A realm that sends to that push service."""
    folder = Path(tempfile.mkdtemp(prefix="reelm-test-"))
    folder.chmod(0o755)
    running = start_realm(
        folder / "data",
        free_port(),
        REELM_LIMIT_FACTOR="1000",
        REELM_BORDER_ALLOW="127.0.0.0/8",
        REELM_BORDER_DELIVERY="127.0.0.1",
    )
    yield running
    running.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
async def arrive(realm: RunningRealm) -> AsyncIterator[Any]:
    async with client_of(realm) as client:
        yield maker_of_people(client)


async def ready(phone: Phone, *, may: bool = True) -> None:
    """The app is installed, and the browser's question is answered when it comes."""
    if may:
        await phone.context.grant_permissions(["notifications"], origin=phone.url)
    await phone.page.evaluate("async () => { await navigator.serviceWorker.ready; }")


async def deliver(phone: Phone, content: str) -> None:
    """Let the browser hand a push to the service worker."""
    session: CDPSession = await phone.cdp()
    found: list[str] = []
    session.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda told: found.extend(
            each["registrationId"] for each in told["registrations"] if each["scopeURL"].startswith(phone.url)
        ),
    )
    await session.send("ServiceWorker.enable")

    async def registered() -> list[str]:
        return found

    await eventually(registered)
    await session.send(
        "ServiceWorker.deliverPushMessage",
        {"origin": phone.url, "registrationId": found[-1], "data": content},
    )
    await session.send("ServiceWorker.disable")


SHOWN = """async () => {
  const registration = await navigator.serviceWorker.ready;
  const found = await registration.getNotifications();
  return found.map((one) => [one.title, one.tag, one.data.path, one.body]);
}"""


async def shown(phone: Phone) -> list[list[str]]:
    found: list[list[str]] = await phone.page.evaluate(SHOWN)
    return found


def worker(phone: Phone) -> Worker:
    (found,) = phone.context.service_workers
    return found


async def tap(phone: Phone, tag: str) -> None:
    """Tap a notification that is shown."""
    await worker(phone).evaluate(
        """async (tag) => {
          const [notification] = (await self.registration.getNotifications()).filter((one) => one.tag === tag);
          self.dispatchEvent(new NotificationEvent('notificationclick', {notification}));
        }""",
        tag,
    )


async def look_away(phone: Phone) -> None:
    """Another app is in front: the page is there, and nobody looks at it."""
    other = await phone.context.new_page()
    await other.goto("about:blank")
    await other.bring_to_front()
    session = await phone.cdp()
    await session.send("Emulation.setFocusEmulationEnabled", {"enabled": False})


async def test_being_told_is_asked_for_by_a_tap_and_comes_in_the_device_s_words(
    phones: Phones, arrive: Any, site: PushSite
) -> None:
    phone = await phones(language="fr")
    device = Subscribed(site)
    given = json.dumps(device.subscription())
    await phone.context.add_init_script(f"({LOCAL_SUBSCRIPTION})({given})")
    ada, lin = await arrive(language="fr"), await arrive(display_name="Lin Wu")
    await phone.use_token(ada.token, ada.handle)
    await phone.open("/settings")
    await ready(phone)
    await phone.page.get_by_role("link", name=re.compile(phone.say("settings.notices"))).click()
    # Explained before the browser asks; nothing was asked for yet.
    await expect(phone.page.get_by_text(phone.say("told.explain"))).to_be_visible()
    assert (await ada.get("/me/push")).json() == {"items": []}
    await phone.button("told.turn_on").click()
    await expect(phone.page.get_by_text(phone.say("told.here_on"))).to_be_visible()
    await expect(
        phone.page.get_by_role("listitem").filter(has_text=phone.say("told.this_device"))
    ).to_be_visible()
    (kept,) = (await ada.get("/me/push")).json()["items"]
    assert kept["label"] == "Chrome · Android" or " · " in kept["label"]

    await lin.put(f"/people/{ada.handle}/follow")
    (content,) = await eventually(lambda: told_of(device))
    assert content == {"v": 1, "kind": "follow"}
    await look_away(phone)
    await deliver(phone, json.dumps(content))
    (notification,) = await eventually(lambda: shown(phone))
    assert notification == ["Quelqu\u2019un vous suit désormais", "follow", "/notices", ""]
    await tap(phone, "follow")
    await phone.page.wait_for_url("**/notices", timeout=PATIENCE_MS)
    assert await shown(phone) == []

    await phone.open("/settings/notifications")
    await phone.button("told.turn_off").click()
    await expect(phone.page.get_by_text(phone.say("told.here_off"))).to_be_visible()
    assert (await ada.get("/me/push")).json() == {"items": []}


async def test_each_kind_opens_its_page_and_a_newer_one_replaces_it(phones: Phones, arrive: Any) -> None:
    phone = await phones()
    ada = await arrive()
    await phone.use_token(ada.token, ada.handle)
    await phone.open("/settings/player")
    await ready(phone)
    await look_away(phone)
    for content in (
        {"v": 1, "kind": "message", "about": CLIP},
        {"v": 1, "kind": "message", "about": CLIP, "number": 3},
        {"v": 1, "kind": "opened"},
        {"v": 1, "kind": "like", "about": CLIP, "name": "Lin", "handle": "lin"},
    ):
        await deliver(phone, json.dumps(content))
    await deliver(phone, "not what it should be")

    async def all_four() -> list[list[str]] | None:
        found = sorted(await shown(phone))
        return found if len(found) == 4 and found[0][0].startswith("3") else None

    assert await eventually(all_four) == [
        ["3 new messages", f"message {CLIP}", f"/messages/{CLIP}", ""],
        ["Lin likes your clip", f"like {CLIP}", f"/c/{CLIP}", ""],
        ["Staff reached for your data: see when and why", "opened", "/your-data/openings", ""],
        ["There is something new for you", "other", "/notices", ""],
    ]
    await tap(phone, "opened")
    await phone.page.wait_for_url("**/your-data/openings", timeout=PATIENCE_MS)


async def test_what_is_told_when_is_chosen_on_a_phone(phones: Phones, arrive: Any) -> None:
    phone = await phones()
    ada = await arrive(birth_date="2012-03-01")
    await phone.use_token(ada.token, ada.handle)
    await phone.open("/settings/notifications")
    await expect(phone.page.get_by_text(phone.say("told.nights"))).to_be_visible()
    likes = phone.page.get_by_label(phone.say("told.sort_like"))
    await expect(likes).to_have_value("app")
    await likes.select_option("off")
    await phone.page.get_by_role("switch", name=phone.say("told.quiet")).check()
    await expect(phone.page.get_by_label(phone.say("told.quiet_from"), exact=True)).to_have_value("22:00")
    await phone.page.get_by_label(phone.say("told.quiet_to"), exact=True).fill("08:30")
    await phone.page.get_by_role("switch", name=phone.say("told.digest")).check()

    async def kept() -> dict[str, Any] | None:
        found: dict[str, Any] = (await ada.get("/me/notice-settings")).json()
        return found if found["digest"] == "daily" and found["quiet"]["to"] == "08:30" else None

    found = await eventually(kept)
    assert (found["kinds"]["like"], found["quiet"]["from"], found["show_names"]) == ("off", "22:00", False)
    # That somebody opened one's data can't be switched off.
    offered = phone.page.get_by_label(phone.say("told.sort_opened")).locator("option")
    assert await offered.all_inner_texts() == [phone.say("told.choice_push"), phone.say("told.choice_app")]
    assert await phone.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_who_said_no_to_the_browser_is_told_how_to_change_it(phones: Phones, arrive: Any) -> None:
    phone = await phones()
    ada = await arrive()
    await phone.context.add_init_script(
        "Object.defineProperty(Notification, 'permission', {get: () => 'denied'})"
    )
    await phone.use_token(ada.token, ada.handle)
    await phone.open("/settings/notifications")
    await expect(phone.page.get_by_text(phone.say("told.here_barred"))).to_be_visible()


async def test_signing_out_takes_the_device_off(phones: Phones, arrive: Any, site: PushSite) -> None:
    phone = await phones()
    device = Subscribed(site)
    await phone.context.add_init_script(f"({LOCAL_SUBSCRIPTION})({json.dumps(device.subscription())})")
    ada = await arrive()
    await phone.sign_in(ada.handle, PASSWORD)
    await ready(phone)
    await phone.open("/settings/notifications")
    await phone.button("told.turn_on").click()
    await expect(phone.page.get_by_text(phone.say("told.here_on"))).to_be_visible()
    assert len((await ada.get("/me/push")).json()["items"]) == 1
    await phone.sign_out()
    assert (await ada.get("/me/push")).json() == {"items": []}
    assert await phone.page.evaluate("localStorage.getItem('test.subscribed')") is None
