"""What people do with messages on their phones: find each other, write, send clips, come back, move to a new phone."""

import asyncio
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

from playwright.async_api import Error, Locator, expect
from tests.browser.phone import PATIENCE_MS, Phone
from tests.browser.screens import still
from tests.conftest import Person, eventually

ARRIVING_SECONDS = 60
"""How long a message may take to the other screen, on a machine that is busy."""
ARRIVING_MS = ARRIVING_SECONDS * 1000
_LINES = """() => [...document.querySelectorAll('.log li.line')].map((line) => ({
  seq: line.dataset.seq ? Number(line.dataset.seq) : null,
  state: line.dataset.state,
  mine: line.classList.contains('mine'),
  text: line.querySelector('.bubble:not(.plain) > p')?.textContent ?? null,
  clip: line.querySelector('.bubble a.card')?.getAttribute('href') ?? null,
  reactions: [...line.querySelectorAll('.reactions button span')].map((one) => one.textContent),
}))"""


# — finding each other —


def address_book(folder: Path, people: dict[str, str]) -> Path:
    """A contacts file with these names and numbers, as a telephone exports it."""
    cards = [
        f"BEGIN:VCARD\r\nVERSION:3.0\r\nN:{name.split()[-1]};{name.split()[0]};;;\r\nFN:{name}\r\n"
        f"TEL;TYPE=CELL:{number}\r\nEND:VCARD\r\n"
        for name, number in people.items()
    ]
    path = folder / "contacts.vcf"
    path.write_text("".join(cards))
    return path


async def be_found(phone: Phone, number: str) -> None:
    """Let those find one who have one's number."""
    await phone.open("/find-friends?tab=be")
    await phone.page.locator("input[type=tel]").fill(number)
    await phone.button("contacts.be_go").click()
    await expect(phone.page.get_by_text(phone.say("contacts.be_phone"), exact=True)).to_be_visible(
        timeout=ARRIVING_MS
    )


async def look_up(phone: Phone, book: Path, handle: str) -> None:
    """Look for the people of one's address book, until this one is found, and follow them."""
    await phone.open("/find-friends")
    row = phone.page.locator("main li").filter(has=phone.page.locator(f'a[href="/@{handle}"]'))
    none = phone.page.get_by_text(phone.say("contacts.found_none"), exact=True)

    async def found() -> bool:
        await phone.page.locator('input[type="file"]').set_input_files(book)
        await expect(row.or_(none).first).to_be_visible(timeout=ARRIVING_MS)
        if await row.count():
            return True
        await phone.button("contacts.again").click()
        return False

    # The list of those who want to be found is made anew every minute.
    await eventually(found, seconds=90, every=2)
    async with phone.page.expect_response("**/follow", timeout=ARRIVING_MS) as answered:
        await row.get_by_role("button", name=phone.say("person.follow"), exact=True).click()
    assert (await answered.value).status == 200


async def make_friends(*people: Person) -> None:
    """Let all of them follow one another, without their phones."""
    for one in people:
        for other in people:
            if one is not other:
                answer = await one.put(f"/people/{other.handle}/follow")
                assert answer.status_code == 200, answer.text


# — conversations —


async def open_messages(phone: Phone) -> None:
    """Open the list, and wait until this device has its keys."""
    await phone.open("/messages")
    ready = phone.page.locator('a[href="/messages/new"]').first
    await expect(ready).to_be_visible(timeout=ARRIVING_MS)


async def begin(phone: Phone, *handles: str) -> str:
    """Begin a conversation with these people; return its id."""
    await phone.open("/messages/new")
    box = phone.page.get_by_label(phone.say("talk.to_search"), exact=True)
    for handle in handles:
        await expect(box).to_be_visible(timeout=ARRIVING_MS)
        await box.fill(handle)
        one = phone.page.get_by_role("checkbox").filter(has_text=f"@{handle}")
        await one.click()
        await expect(phone.page.locator(".to .chip")).to_have_count(handles.index(handle) + 1)
    await phone.page.locator("footer button.primary").click()
    await phone.page.wait_for_url(re.compile(r"/messages/[0-9a-f-]{36}$"), timeout=ARRIVING_MS)
    return phone.page.url.rsplit("/", 1)[-1]


async def enter(phone: Phone, conversation: str) -> None:
    """Open a conversation, as soon as this device has it."""
    await phone.open(f"/messages/{conversation}")
    await expect(composer(phone)).to_be_visible(timeout=ARRIVING_MS)


def composer(phone: Phone) -> Locator:
    return phone.page.get_by_role("textbox", name=phone.say("talk.write"), exact=True)


async def write(phone: Phone, words: str) -> None:
    """Write and press Send; it is on one's own screen then, and perhaps not yet anywhere else."""
    await composer(phone).fill(words)
    await phone.button("talk.send").click()
    await expect(line(phone, words)).to_be_visible(timeout=PATIENCE_MS)


def line(phone: Phone, words: str) -> Locator:
    """The line with exactly these words."""
    exactly = re.compile(f"^{re.escape(words)}$")
    return phone.page.locator(".log li.line").filter(has=phone.page.locator(".bubble > p", has_text=exactly))


async def lines(phone: Phone) -> list[dict[str, Any]]:
    """What the open conversation shows: seq, state, mine, text, clip, reactions of each line."""
    found: list[dict[str, Any]] = await phone.page.evaluate(_LINES)
    return found


async def texts(phone: Phone) -> list[str]:
    return [each["text"] for each in await lines(phone) if each["text"]]


async def shows(phone: Phone, expected: list[str], *, order: bool = True) -> None:
    """Wait until the open conversation shows these texts, each once and all of them sent, in this order.

    Without `order` it need only be that of their numbers.
    """
    last: list[dict[str, Any]] = []

    async def same() -> bool:
        nonlocal last
        with suppress(Error):
            last = await lines(phone)
        found = [each["text"] for each in last if each["text"]]
        return (found == expected if order else sorted(found) == sorted(expected)) and all(
            each["state"] == "sent" for each in last
        )

    try:
        await eventually(same, seconds=ARRIVING_SECONDS, every=0.1)
    except AssertionError as trouble:
        shown = [(each["seq"], each["state"], each["text"]) for each in last]
        raise AssertionError(f"{phone.handle} sees {shown}, not {expected}") from trouble
    seqs = [each["seq"] for each in last]
    assert seqs == sorted(set(seqs)), f"out of order: {seqs}"


async def send_clip(phone: Phone, clip: str, handle: str) -> None:
    """Two taps: Share, and the friend's face."""
    await phone.open(f"/c/{clip}")
    await phone.plays()
    await phone.act("share").click()
    face = phone.page.locator(f'[data-send="{handle}"]')
    await face.click(timeout=ARRIVING_MS)
    await expect(phone.page.locator(f'[data-send="{handle}"].sent')).to_be_visible(timeout=ARRIVING_MS)


async def has_clip(phone: Phone, clip: str) -> None:
    card = phone.page.locator(f'.log li.line a.card[href="/c/{clip}"]')
    await expect(card).to_have_count(1, timeout=ARRIVING_MS)
    await expect(card).to_be_visible()


async def _at_rest(thing: Locator) -> Any:
    """Where it is, once it stays there: what comes in above or below moves it."""
    before = await thing.bounding_box()
    await thing.evaluate(
        "() => new Promise((done) => { let left = 12; const next = () => (left-- ? requestAnimationFrame(next) : done());"
        " next(); })"
    )
    return before if before == await thing.bounding_box() else None


async def menu(phone: Phone, words: str) -> Locator:
    """What can be done with a line: a finger rests on it."""
    bubble = line(phone, words).locator(".bubble")
    await bubble.scroll_into_view_if_needed()
    box = await eventually(lambda: _at_rest(bubble))
    session = await phone.cdp()
    point = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    await session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [point]})
    sheet = phone.page.locator("dialog[open]")
    await expect(sheet).to_be_visible()
    await session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    await still(phone)
    return sheet


async def unsend(phone: Phone, words: str) -> None:
    sheet = await menu(phone, words)
    await sheet.get_by_role("button", name=phone.say("talk.unsend"), exact=True).click()
    asked = phone.page.locator("dialog[open]").filter(has_text=phone.say("talk.unsend_title"))
    await asked.get_by_role("button", name=phone.say("talk.unsend"), exact=True).click()
    await expect(line(phone, words)).to_have_count(0, timeout=ARRIVING_MS)


async def react(phone: Phone, words: str, emoji: str) -> None:
    sheet = await menu(phone, words)
    await sheet.get_by_role("button", name=phone.say("talk.react", emoji=emoji), exact=True).click()


async def report(phone: Phone, conversation: str, words: str, category: str, note: str) -> None:
    """Disclose one message, and nothing else."""
    await phone.open(f"/messages/{conversation}/report")
    page = phone.page
    choice = page.locator("fieldset .lines label").filter(has_text=words)
    await choice.click(timeout=ARRIVING_MS)
    await page.locator(f'input[name=category][value="{category}"]').check()
    await page.locator("form textarea").fill(note)
    await page.get_by_role("button", name=phone.say("tell.send", count=1), exact=True).click()
    await expect(page.get_by_text(phone.say("tell.done_title"), exact=True)).to_be_visible(
        timeout=ARRIVING_MS
    )


# — keys and devices —


async def recovery_key(phone: Phone) -> str:
    """Look at one's recovery key."""
    await phone.open("/settings/messages/key")
    await phone.page.get_by_role("button", name=phone.say("safe.show"), exact=True).click(timeout=ARRIVING_MS)
    groups = phone.page.get_by_role("list", name=phone.say("safe.shown"), exact=True).get_by_role("listitem")
    await expect(groups).to_have_count(8)
    return " ".join(await groups.all_inner_texts())


async def unlock(phone: Phone, key: str) -> None:
    """Give a new device the recovery key."""
    await phone.open("/messages")
    await phone.page.locator("textarea[name=recovery]").fill(key, timeout=ARRIVING_MS)
    await phone.button("safe.enter_go").click()
    await expect(phone.page.locator('a[href="/messages/new"]').first).to_be_visible(timeout=ARRIVING_MS)


async def code_with(phone: Phone, handle: str, name: str) -> list[str]:
    """The numbers to compare."""
    await phone.open(f"/messages/code/{handle}")
    listed = phone.page.get_by_role("list", name=phone.say("code.digits", name=name), exact=True)
    await expect(listed.get_by_role("listitem")).to_have_count(12, timeout=ARRIVING_MS)
    return await listed.get_by_role("listitem").all_inner_texts()


async def crash(phone: Phone) -> None:
    """Kill the tab's process, and open another tab of the same browser."""
    session = await phone.context.new_cdp_session(phone.page)
    gone = asyncio.Event()
    phone.page.once("crash", lambda _: gone.set())
    dying = asyncio.create_task(session.send("Page.crash"))
    await asyncio.wait_for(gone.wait(), PATIENCE_MS / 1000)
    dying.cancel()
    with suppress(asyncio.CancelledError, Error):
        await dying
    await phone.turn_page()


async def rename(phone: Phone, conversation: str, title: str) -> None:
    """Give a group a name."""
    await phone.open(f"/messages/{conversation}/about")
    await phone.button("talk.rename").click(timeout=ARRIVING_MS)
    sheet = phone.page.locator("dialog[open]")
    await sheet.locator("input").fill(title)
    await sheet.get_by_role("button", name=phone.say("action.save"), exact=True).click()
    await expect(phone.page.get_by_role("heading", name=title)).to_be_visible(timeout=ARRIVING_MS)


async def look_for(phone: Phone, words: str) -> None:
    """Search one's own messages."""
    await open_messages(phone)
    await phone.page.get_by_role("searchbox", name=phone.say("talk.search"), exact=True).fill(words)
    await expect(phone.page.get_by_text(phone.say("talk.search_hint"), exact=True)).to_be_visible()
