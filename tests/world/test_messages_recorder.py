"""A recorder on the wire and in the realm's whole folder sees no message, no telephone number and no contact.

Browsers talk with a realm through a wire that keeps every byte. What they type and read off address books is then
looked for in all that was said and told, in every file of the realm (the database's, its log, backups, logs, keys), in
every row of every table, and in what left through the border. The same search does find what people publish.
"""

import asyncio
import base64
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import async_playwright, expect
from tests.browser import talking
from tests.browser.phone import Phone, in_hand, launch
from tests.conftest import (
    Person,
    RunningRealm,
    client_of,
    eventually,
    free_port,
    maker_of_people,
    start_realm,
)
from tests.factories.canaries import Canary, Search
from tests.factories.media import plain
from tests.factories.publishing import published
from tests.factories.push import Browser as Subscription
from tests.factories.push import PushSite, push_site
from tests.factories.tap import Tap, tapped
from tests.factories.told import look_at_realm

from reelm.entrypoints.backup import backup

pytestmark = [pytest.mark.browser, pytest.mark.timeout(420)]

NAMES = ("Ines Calder", "Bo Lindqvist", "Tariq Fell")
CAPTION = "A walk to the very last lighthouse of Kvitholmen"
"""Published: this must be found, or the search finds nothing at all."""
REPORTED = "Fifty gilded walnuts before noon or you will be sorry"
SECRETS = {
    "a message to one": "The otter key lies under the third flowerpot",
    "an answer": "Then the badgers will not find it, ingenious",
    "a message to a group": "Rehearsal moves to the boathouse at a quarter to nine",
    "a message in Chinese": "钥匙在第三个花盆下面 别告诉獾",
    "a message written offline": "I was in the tunnel between Brig and Iselle",
    "a group's name": "Conspiracy of marmalade",
    "what is searched for": "third flowerpot otter",
    "what was typed and not sent": "Actually I think that we should never",
    "a contact's name": "Quillon Verasdotter",
    "another contact's name": "Philippa Oatcake-Ndiaye",
    "what was taken back": "Forget that I mentioned the submarine",
}
# Numbers that are kept free for films and plays: nobody's.
NUMBERS = {
    "a number to be found by": "+33639980411",
    "another number to be found by": "+33639980412",
    "a contact's number": "+33639980413",
}
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def national(number: str) -> str:
    """As people type it: 06 39 98 …"""
    digits = "0" + number.removeprefix("+33")
    return " ".join(digits[at : at + 2] for at in range(0, len(digits), 2))


def number_canary(name: str, number: str) -> Canary:
    plain_digits = "0" + number.removeprefix("+33")
    also = (number[1:], plain_digits, national(number), f"tel:{number}", f"tel:{number[1:]}")
    return Canary(name, number, also, digests=True)


def key_canary(name: str, key: str) -> Canary:
    """A recovery key in groups, without them, and as the bytes that it stands for."""
    letters = key.replace(" ", "")
    bits = "".join(f"{_CROCKFORD.index(letter):05b}" for letter in letters)
    return Canary(
        name,
        key,
        (letters, letters.lower(), key.replace(" ", "-")),
        raw=int(bits, 2).to_bytes(len(bits) // 8),
    )


@dataclass
class Recorded:
    """A realm with a wire in front of it, and the people who talked over that."""

    realm: RunningRealm
    wire: Tap
    push: PushSite
    people: list[Person] = field(default_factory=list)
    phones: list[Phone] = field(default_factory=list)
    canaries: list[Canary] = field(default_factory=list)
    folder: Path = Path()


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="reelm-recorder-"))
    made.chmod(0o755)
    (made / "realm").mkdir(mode=0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
async def recorded(folder: Path) -> AsyncIterator[Recorded]:
    listening, port = free_port(), free_port()
    async with AsyncExitStack() as stack:
        push = stack.enter_context(push_site())
        realm = await asyncio.to_thread(
            start_realm,
            folder / "realm" / "data",
            port,
            REELM_LIMIT_FACTOR="1000",
            REELM_PUBLIC_URL=f"http://127.0.0.1:{listening}",
            REELM_BORDER_ALLOW="127.0.0.0/8",
            REELM_BORDER_DELIVERY="127.0.0.1",
        )
        stack.callback(realm.stop)
        wire = await stack.enter_async_context(tapped(port, listening))
        made = Recorded(realm, wire, push, folder=folder)
        client = await stack.enter_async_context(client_of(realm))
        sign_up = maker_of_people(client)
        made.people = [await sign_up(display_name=name) for name in NAMES]
        playwright = await stack.enter_async_context(async_playwright())
        browser = await launch(playwright)
        stack.push_async_callback(browser.close)
        for person, language in zip(made.people, ("en", "fr", "zh"), strict=True):
            phone = await stack.enter_async_context(in_hand(browser, wire.url, language=language))
            await phone.use_token(person.token, person.handle)
            made.phones.append(phone)
        yield made


async def find_each_other(made: Recorded) -> None:
    (ines, bo, tariq), numbers = made.phones, list(NUMBERS.values())
    await talking.be_found(ines, national(numbers[0]))
    await talking.be_found(bo, numbers[1])
    book = talking.address_book(
        made.folder,
        {
            SECRETS["a contact's name"]: numbers[1],
            SECRETS["another contact's name"]: national(numbers[2]),
        },
    )
    await talking.look_up(ines, book, bo.handle)
    await talking.make_friends(*made.people)
    assert tariq.handle


async def talk(made: Recorded) -> str:
    """Everything that people do with messages; return the conversation of two."""
    ines, bo, tariq = made.phones
    for phone in (bo, tariq):
        await talking.open_messages(phone)
    pair = await talking.begin(ines, bo.handle)
    await talking.write(ines, SECRETS["a message to one"])
    await talking.enter(bo, pair)
    await talking.shows(bo, [SECRETS["a message to one"]])
    for words in (SECRETS["an answer"], REPORTED):
        await talking.write(bo, words)
    both = [SECRETS["a message to one"], SECRETS["an answer"], REPORTED]
    await talking.shows(ines, both)
    await talking.write(ines, SECRETS["what was taken back"])
    await talking.shows(bo, [*both, SECRETS["what was taken back"]])
    await talking.unsend(ines, SECRETS["what was taken back"])
    await talking.shows(bo, both)

    group = await talking.begin(ines, bo.handle, tariq.handle)
    for phone in (bo, tariq):
        await talking.enter(phone, group)
    await talking.write(ines, SECRETS["a message to a group"])
    await talking.shows(tariq, [SECRETS["a message to a group"]])
    await tariq.context.set_offline(True)
    await talking.write(tariq, SECRETS["a message written offline"])
    await talking.write(bo, SECRETS["a message in Chinese"])
    await talking.shows(ines, [SECRETS["a message to a group"], SECRETS["a message in Chinese"]])
    await tariq.context.set_offline(False)
    everything = [
        SECRETS[name]
        for name in ("a message to a group", "a message in Chinese", "a message written offline")
    ]
    for phone in made.phones:
        await talking.shows(phone, everything)
    await talking.rename(ines, group, SECRETS["a group's name"])
    await talking.enter(tariq, group)
    await expect(tariq.page.get_by_role("heading", name=SECRETS["a group's name"])).to_be_visible(
        timeout=talking.ARRIVING_MS
    )
    await talking.composer(tariq).fill(SECRETS["what was typed and not sent"])
    await talking.look_for(ines, SECRETS["what is searched for"])
    for number, phone in enumerate(made.phones):
        made.canaries.append(key_canary(f"recovery key {number + 1}", await talking.recovery_key(phone)))
    return pair


async def test_nobody_on_the_way_or_in_the_house_reads_along(recorded: Recorded) -> None:
    made = recorded
    made.canaries += [Canary(name, words) for name, words in SECRETS.items()]
    made.canaries += [number_canary(name, number) for name, number in NUMBERS.items()]
    made.canaries += [Canary("what is published", CAPTION), Canary("what is reported", REPORTED)]
    subscription = Subscription(made.push)
    said = await made.people[1].put("/me/push", subscription.subscription())
    assert said.status_code == 200, said.text
    await published(made.people[0], plain(made.folder / "clip.mp4"), caption=CAPTION)
    await find_each_other(made)
    pair = await talk(made)
    await made.phones[0].open(f"/@{made.people[0].handle}")
    await made.phones[0].page.locator('main a[href^="/c/"]').first.click()
    await expect(made.phones[0].page.get_by_text(CAPTION[:20]).first).to_be_visible()

    # What left through the border says no more than that there is a message.
    told = await eventually(lambda: _told(subscription), seconds=60)
    assert {each["kind"] for each in told} >= {"message"}
    await asyncio.to_thread(backup, made.realm.settings, made.folder / "backup", keep=1, tell=lambda _: None)

    traffic, house, border = (Search(made.canaries) for _ in range(3))
    made.wire.look(traffic)
    await look_at_realm(made.realm, house)
    house.look_into_files(made.folder / "backup")
    for each in made.push.asked():
        border.look("what a push service was sent", repr((each.path, each.headers)).encode() + each.body)
    for content in told:
        border.look("what a device was told", repr(content).encode())
    assert made.wire.size() > 1 << 20
    assert house.places > 500
    assert traffic.names() == {"what is published"}, traffic.said()
    assert house.names() == {"what is published"}, house.said()
    kept = [each.where for each in house.found]
    assert any(where.startswith("table public.clips") for where in kept), house.said()
    assert any(where.startswith("data/postgres/") for where in kept), house.said()
    assert border.names() == set(), border.said()

    # What a recipient discloses is what they chose, and nothing else.
    ines = made.phones[0]
    await talking.report(ines, pair, REPORTED, "threat", "They mean it")
    after = Search(made.canaries)
    made.wire.look(after)
    assert after.names() == {"what is published", "what is reported"}, after.said()
    for phone in made.phones:
        assert phone.strangers() == []


async def _told(subscription: Subscription) -> list[dict[str, Any]]:
    return subscription.told()


def test_a_recovery_key_is_looked_for_as_bytes_too() -> None:
    canary = key_canary("key", "0000 0000 0000 0000 0000 0000 0000 000Z")
    assert canary.raw == bytes(19) + b"\x1f"
    search = Search([canary])
    search.look("here", base64.b64encode(b"?" + canary.raw))
    assert search.names() == {"key"}
