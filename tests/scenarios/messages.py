# ruff: noqa: T201 — a scenario says what it does
"""Three friends, an address book, a clip and a tunnel: messages from end to end, on a live realm.

`make scenario NAME=messages` starts a realm, puts a wire that keeps every byte in front of it, and plays the evening
in three browsers at phone size: English, French and Chinese. At the end it looks for every word that was written in
everything that went over the wire and in everything that the realm keeps. It says what happens as it happens, and
ends with an error at the first thing that does not.
"""

import argparse
import asyncio
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser, async_playwright, expect
from tests.browser import talking
from tests.browser.phone import Phone, in_hand, launch
from tests.conftest import (
    Person,
    RunningRealm,
    client_of,
    free_port,
    maker_of_people,
    start_realm,
)
from tests.factories.canaries import Canary, Search
from tests.factories.media import clip as footage
from tests.factories.publishing import published
from tests.factories.tap import Tap, tapped
from tests.factories.told import look_at_realm
from tests.scenarios.publish import must, say

NAMES = ("Ines Calder", "Bo Lindqvist", "Tariq Fell")
LANGUAGES = ("en", "fr", "zh")
NUMBERS = ("+33639980431", "+33639980432")
"""Kept free for films and plays: nobody's."""
CAPTION = "A morning in the meadow beyond Saltholm"
WORDS = (
    "Did you see what the pigeon did at the turntable?",
    "Deux fois, et je n'en reviens toujours pas, quel pigeon",
    "那我们星期六在旧船坞见 带上你的耳机",
    "I wrote this in the tunnel, without a network",
)


@dataclass
class Evening:
    """Who is there."""

    realm: RunningRealm
    wire: Tap
    browser: Browser
    people: list[Person]
    phones: list[Phone]
    folder: Path


async def find_each_other(evening: Evening) -> None:
    (ines, bo, _), (one, other, _) = evening.phones, evening.people
    await talking.be_found(ines, NUMBERS[0])
    await talking.be_found(bo, NUMBERS[1])
    say("Ines and Bo let those find them who have their number.")
    book = talking.address_book(evening.folder, {"Bo from the rowing club": NUMBERS[1]})
    await talking.look_up(ines, book, bo.handle)
    book = talking.address_book(evening.folder, {"Ines, neighbour": NUMBERS[0]})
    await talking.look_up(bo, book, ines.handle)
    friend = (await one.get(f"/people/{other.handle}")).json()["viewer"]["friend"]
    must(friend, "they followed each other and are not friends")
    say("Each found the other in an address book that stayed on the phone. They are friends.")
    await talking.make_friends(*evening.people)


async def a_clip_in_two_taps(evening: Evening) -> str:
    ines, bo, tariq = evening.phones
    made = await published(
        evening.people[2],
        footage("bunny-portrait-1080x1920-12s.mp4", evening.folder),
        caption=CAPTION,
        visibility="everyone",
    )
    for phone in (bo, tariq):
        await talking.open_messages(phone)
    await talking.send_clip(ines, made["id"], bo.handle)
    await bo.page.locator('main a[href^="/messages/"]').filter(has_text=NAMES[0]).first.click()
    await talking.has_clip(bo, made["id"])
    say("Ines sent a clip with two taps: Share, and Bo's face. It is on his phone.")
    return bo.page.url.rsplit("/", 1)[-1]


async def three_and_a_tunnel(evening: Evening) -> str:
    ines, bo, tariq = evening.phones
    group = await talking.begin(ines, bo.handle, tariq.handle)
    for phone in (bo, tariq):
        await talking.enter(phone, group)
    await talking.write(ines, WORDS[0])
    for phone in evening.phones:
        await talking.shows(phone, [WORDS[0]])
    say("Ines, Bo and Tariq talk in a group.")
    await tariq.context.set_offline(True)
    await talking.write(tariq, WORDS[3])
    await talking.write(bo, WORDS[1])
    await talking.shows(ines, list(WORDS[:2]))
    await talking.write(ines, WORDS[2])
    await talking.shows(bo, list(WORDS[:3]))
    seen = await talking.texts(tariq)
    must(seen == [WORDS[0], WORDS[3]], f"without a network, Tariq sees {seen}")
    say("Tariq is in a tunnel: the others write, he writes, and neither sees the other's.")
    await tariq.context.set_offline(False)
    for phone in evening.phones:
        await talking.shows(phone, list(WORDS))
    say("He is back: all three see all four messages, each once, in one order.")
    return group


async def a_killed_tab(evening: Evening, pair: str) -> None:
    ines, bo, _ = evening.phones
    for phone in (ines, bo):
        await talking.enter(phone, pair)
    await talking.write(ines, "Written as the tab dies")
    await talking.crash(ines)
    await talking.enter(ines, pair)
    for phone in (ines, bo):
        await talking.shows(phone, ["Written as the tab dies"])
    say("Ines's tab was killed as she pressed Send. Its next page sent the message, once.")


async def a_new_phone(evening: Evening, group: str) -> None:
    ines = evening.phones[0]
    code = await talking.code_with(ines, evening.people[1].handle, NAMES[1])
    other = await talking.code_with(evening.phones[1], evening.people[0].handle, NAMES[0])
    must(code == other, f"Ines reads {code}, Bo reads {other}")
    say(f"Both read the same code, {' '.join(code[:3])} …: nobody is in between.")
    key = await talking.recovery_key(ines)
    async with in_hand(evening.browser, evening.wire.url, language="en") as new:
        await new.use_token(evening.people[0].token, evening.people[0].handle)
        await talking.unlock(new, key)
        await talking.enter(new, group)
        await talking.shows(new, list(WORDS))
        say("Ines gave a new phone her recovery key: it reads what was said before it was there.")


async def taken_back_and_reported(evening: Evening, pair: str) -> None:
    ines, bo, _ = evening.phones
    for phone in (ines, bo):
        await talking.enter(phone, pair)
    await talking.write(ines, "Forget this at once")
    await talking.line(bo, "Forget this at once").wait_for(timeout=talking.ARRIVING_MS)
    await talking.unsend(ines, "Forget this at once")
    await expect(talking.line(bo, "Forget this at once")).to_have_count(0, timeout=talking.ARRIVING_MS)
    say("What Ines took back is gone from both phones.")
    await talking.report(bo, pair, "Written as the tab dies", "spam", "A test of reporting")
    reports = (await evening.people[1].get("/me/reports")).json()["items"]
    must(len(reports) == 1 and len(reports[0]["seqs"]) == 1, f"the realm has the reports {reports}")
    say("Bo reported one message: staff may read that one.")


async def nobody_read_along(evening: Evening) -> None:
    search = Search(
        [
            *(Canary(f"“{words}”", words) for words in WORDS),
            *(
                Canary(number, number, (number[1:], "0" + number[3:], f"tel:{number}"), digests=True)
                for number in NUMBERS
            ),
            Canary("the caption", CAPTION),
        ]
    )
    evening.wire.look(search)
    await look_at_realm(evening.realm, search)
    must("the caption" in search.names(), "the search does not even find what was published")
    found = [each for each in search.found if each.canary != "the caption"]
    must(not found, "the realm could read:\n" + "\n".join(map(str, found[:20])))
    say(
        f"In {evening.wire.size() / 1e6:.0f} MB on the wire and {search.bytes_read / 1e6:.0f} MB in all, "
        "none of their words and numbers is to be found; the caption of a public clip is."
    )


def place() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="reelm-scenario-"))
    folder.chmod(0o755)
    (folder / "realm").mkdir(mode=0o755)
    return folder


@asynccontextmanager
async def an_evening() -> AsyncIterator[Evening]:
    folder = place()
    port, listening = free_port(), free_port()
    running = await asyncio.to_thread(
        start_realm,
        folder / "realm" / "data",
        port,
        REELM_LIMIT_FACTOR="1000",
        REELM_PUBLIC_URL=f"http://127.0.0.1:{listening}",
    )
    try:
        async with AsyncExitStack() as stack:
            wire = await stack.enter_async_context(tapped(port, listening))
            client = await stack.enter_async_context(client_of(running))
            started = await stack.enter_async_context(async_playwright())
            say(f"A realm runs at {wire.url}, and every byte to and from it is kept.")
            sign_up = maker_of_people(client)
            people = [
                await sign_up(display_name=name, language=language)
                for name, language in zip(NAMES, LANGUAGES, strict=True)
            ]
            browser = await launch(started)
            stack.push_async_callback(browser.close)
            phones: list[Phone] = []
            for person, language in zip(people, LANGUAGES, strict=True):
                phone = await stack.enter_async_context(in_hand(browser, wire.url, language=language))
                await phone.use_token(person.token, person.handle)
                phones.append(phone)
            yield Evening(running, wire, browser, people, phones, folder)
    finally:
        running.stop()
        shutil.rmtree(folder, ignore_errors=True)


async def play() -> None:
    async with an_evening() as evening:
        await find_each_other(evening)
        pair = await a_clip_in_two_taps(evening)
        group = await three_and_a_tunnel(evening)
        await a_killed_tab(evening, pair)
        await a_new_phone(evening, group)
        await nobody_read_along(evening)
        await taken_back_and_reported(evening, pair)
        for phone in evening.phones:
            must(not phone.strangers(), f"asked strangers: {phone.strangers()}")
    print("✓ Everything happened as it should.")


def main() -> int:
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    asyncio.run(play())
    return 0


if __name__ == "__main__":
    sys.exit(main())
