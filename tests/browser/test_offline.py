"""Without a network: the shell is there, and says what it can and can't do."""

import pytest
from playwright.async_api import expect
from tests.browser.conftest import Lively, Phones

pytestmark = pytest.mark.browser


async def test_offline_the_shell_opens_and_says_so(phones: Phones, lively: Lively) -> None:
    phone = await phones()
    phone.expected += ["net::ERR_INTERNET_DISCONNECTED", "net::ERR_FAILED"]
    await phone.open("/")
    await phone.plays()
    await phone.page.evaluate("async () => { await navigator.serviceWorker.ready; }")
    await phone.context.set_offline(True)
    await expect(phone.page.get_by_text(phone.say("offline.banner"), exact=True)).to_be_visible()
    await phone.page.reload()
    await expect(phone.page.get_by_role("navigation")).to_be_visible()
    await expect(phone.button("action.retry")).to_be_visible()
    await phone.open("/settings/player")
    await expect(phone.page.get_by_role("switch", name=phone.say("settings.data_saver"))).to_be_visible()

    await phone.context.set_offline(False)
    await phone.open("/")
    await phone.plays()
    await expect(phone.page.get_by_text(phone.say("offline.banner"), exact=True)).to_have_count(0)
