"""What staff do at their console, for the tests and the pictures: be operators, bring keys, ask, decide."""

import asyncio
import sys

from playwright.async_api import expect
from tests.browser.phone import PATIENCE_MS, Phone
from tests.conftest import Person, RunningRealm

from reelm.entrypoints.operator import invite

LEDGER_MS = 40_000
"""How long a person waits for an entry to be in the ledger, on a machine that is busy."""
WORDS = "Cannot sign in any more, and wrote to us from the address on file."


async def invitation(realm: RunningRealm) -> str:
    """A word from the terminal, which makes its user an operator."""
    link = await asyncio.to_thread(invite, realm.settings, always=True)
    return link.rpartition("invitation=")[2]


async def keyholder(realm: RunningRealm, verb: str, handle: str) -> str:
    """Run `reelm staff enrol|remove HANDLE` as the keyholder does; return what it said."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "reelm", "staff", verb, handle, "--data", str(realm.data), "--yes"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, said.decode()
    return said.decode()


async def bring_key(phone: Phone, country: str = "FR") -> str:
    """Make a key in the browser and ask for its enrolment; return the command that the page shows."""
    await phone.open("/staff")
    await phone.page.locator("select[name=country]").select_option(country)
    await phone.button("staff.make_key").click()
    command = phone.page.locator(".command code")
    await expect(command).to_be_visible(timeout=PATIENCE_MS)
    return await command.inner_text()


async def enrol(realm: RunningRealm, phone: Phone, country: str = "FR") -> None:
    """From nothing to a key that counts; the page notices by itself."""
    command = await bring_key(phone, country)
    assert command == f"reelm staff enrol {phone.handle}"
    await keyholder(realm, "enrol", phone.handle)
    await expect(phone.link("staff.ask")).to_be_visible(timeout=LEDGER_MS)


async def fill_request(
    phone: Phone, concerned: Person, *classes: str, reason: str = "support", minutes: int = 30
) -> None:
    """Fill in the form; ends on what is going to be signed."""
    page = phone.page
    await phone.open("/staff/ask")
    picker = page.get_by_role("combobox", name=phone.say("staff.people"))
    await picker.fill(concerned.handle)
    await picker.press("Enter")
    for name in classes:
        await page.locator(f"input[type=checkbox][value={name}]").check()
    await page.locator(f"input[name=reason][value={reason}]").check()
    await page.locator("textarea[name=text]").fill(WORDS)
    await page.locator("input[type=range]").fill(str(minutes))


async def sign(phone: Phone) -> None:
    """Sign what is shown, once the browser has read it."""
    await expect(phone.page.get_by_text(phone.say("sign.same"))).to_be_visible(timeout=PATIENCE_MS)
    await phone.button("sign.now").click()


async def ask(phone: Phone, concerned: Person, *classes: str, **options: object) -> str:
    """Ask, sign, and wait until the request is in the ledger; return its address."""
    await fill_request(phone, concerned, *classes, **options)  # type: ignore[arg-type]
    await phone.button("staff.to_sign").click()
    await sign(phone)
    await phone.page.wait_for_url(lambda url: "/staff/0" in url, timeout=LEDGER_MS)
    return phone.page.url.removeprefix(phone.url)


async def approve(phone: Phone, path: str) -> None:
    """Somebody else's yes, signed."""
    await phone.open(path)
    await phone.button("decide.approve").click()
    await sign(phone)
    await expect(phone.page.locator(".clock b")).to_be_visible(timeout=LEDGER_MS)


async def open_class(phone: Phone, name: str) -> None:
    """Open one kind of data, saying yes to its being written down."""
    await phone.button("use.ask", what=phone.say(f"grant.{name}")).click()
    dialog = phone.page.get_by_role("dialog")
    await expect(dialog.get_by_text(phone.say("use.text"))).to_be_visible()
    await dialog.get_by_role("button", name=phone.say("use.open"), exact=True).click()
    await expect(phone.page.locator(f"[data-opened={name}]")).to_be_visible(timeout=LEDGER_MS)
