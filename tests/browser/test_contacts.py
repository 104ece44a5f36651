"""Finding friends in an address book that never leaves the phone, in a real browser on a live realm."""

import secrets
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Request, Route, expect
from tests.browser.conftest import Phones
from tests.browser.phone import PATIENCE_MS, Phone
from tests.conftest import Person, eventually, years_ago
from tests.factories.canaries import Canary, Search

pytestmark = pytest.mark.browser
EVALUATIONS = "**/api/v1/contacts/evaluations"


async def phone_of(phones: Phones, person: Person, **options: Any) -> Phone:
    phone = await phones(**options)
    await phone.use_token(person.token, person.handle)
    return phone


def recorded(phone: Phone) -> list[tuple[str, bytes]]:
    """What the phone sends from now on: method, address and headers, and the body."""
    sent: list[tuple[str, bytes]] = []

    def asked(request: Request) -> None:
        head = f"{request.method} {request.url}\n" + "\n".join(
            f"{k}: {v}" for k, v in request.headers.items()
        )
        sent.append((head, request.post_data_buffer or b""))

    phone.context.on("request", asked)
    return sent


def book(folder: Path, people: dict[str, str]) -> Path:
    """A vCard file of these names and numbers."""
    file = folder / "contacts.vcf"
    cards = (
        f"BEGIN:VCARD\nVERSION:3.0\nFN:{name}\nTEL;TYPE=CELL:{number}\nEND:VCARD\n"
        for name, number in people.items()
    )
    file.write_text("".join(cards))
    return file


def a_number() -> str:
    """A French number as people write it, and as it is known everywhere."""
    return f"06{secrets.randbelow(10**8):08d}"


async def look(phone: Phone, file: Path) -> None:
    await phone.open("/find-friends")
    await phone.page.locator("main input[type=file]").set_input_files(file)


@pytest.mark.parametrize("language", ["en", "fr", "zh"])
async def test_two_people_find_each_other_and_the_realm_does_not_learn_it(
    phones: Phones, sign_up: Any, tmp_path: Path, language: str
) -> None:
    ada, ben = await sign_up(f"zq_{secrets.token_hex(5)}"), await sign_up()
    number, others = a_number(), {f"Somebody {at}": a_number() for at in range(70)}
    name = f"Ada of the swimming club {secrets.token_hex(4)}"
    canaries = [
        Canary("number", f"+33{number[1:]}", also=(number, number[1:], f"tel:+33{number[1:]}"), digests=True),
        Canary("name", name, digests=True),
        *(
            Canary(f"number of {who}", f"+33{one[1:]}", also=(one,), digests=True)
            for who, one in list(others.items())[:5]
        ),
    ]

    hers = await phone_of(phones, ada, language=language)
    said = recorded(hers)
    await hers.open("/find-friends?tab=be")
    await expect(hers.page.locator(".standing")).to_have_text(hers.say("contacts.be_off"))
    await hers.page.locator("input[type=tel]").fill(number)
    await hers.button("contacts.be_go").click()
    await expect(hers.page.locator(".standing")).to_have_text(
        hers.say("contacts.be_phone"), timeout=PATIENCE_MS
    )

    his = await phone_of(phones, ben, language=language)
    asked = recorded(his)
    await look(his, book(tmp_path, {**others, name: number}))
    row = his.page.get_by_role("listitem").filter(has_text=name)
    await expect(row).to_contain_text(his.say("contacts.says_phone", handle=ada.handle), timeout=PATIENCE_MS)
    await expect(his.page.get_by_role("heading", level=2)).to_have_text(
        his.say("contacts.found", count=1, all=71)
    )

    # Two batches went out, and nothing in anything that was sent names a number, a name, or whom he found.
    sent = [head.split("\n")[0] for head, _ in asked]
    assert sum("POST" in one and one.endswith("/contacts/evaluations") for one in sent) == 2
    search = Search([*canaries, Canary("whom he found", ada.handle, digests=True)])
    for head, body in asked:
        search.look(head.split("\n")[0], head.encode() + b"\n" + body)
    of_hers = Search(canaries)
    for head, body in said:
        of_hers.look(head.split("\n")[0], head.encode() + b"\n" + body)
    assert search.found + of_hers.found == []
    assert search.places > 2
    # The search does find what is there.
    control = Search(canaries)
    control.look("control", f'{{"tel": "+33{number[1:]}"}}'.encode())
    assert control.found

    await row.get_by_role("button", name=his.say("person.follow"), exact=True).click()
    await expect(row.get_by_role("button", name=his.say("person.following"), exact=True)).to_be_visible()

    async def followed() -> bool:
        return [one["handle"] for one in (await ben.get("/me/following")).json()["items"]] == [ada.handle]

    await eventually(followed)
    # Nothing of the book stays: neither on the page that is opened anew nor in what the browser keeps.
    await his.open("/find-friends")
    await expect(his.page.get_by_text(his.say("contacts.lead"))).to_be_visible()
    kept = await his.page.evaluate(
        "async () => JSON.stringify([{...localStorage}, {...sessionStorage}, (await indexedDB.databases()).map((d) => d.name)])"
    )
    stored = Search(canaries)
    stored.look("what the browser keeps", str(kept).encode())
    assert stored.found == []

    await hers.button("contacts.be_end").click()
    await expect(hers.page.locator(".standing")).to_have_text(hers.say("contacts.be_off"))
    await look(his, book(tmp_path, {name: number}))
    await expect(his.page.get_by_text(his.say("contacts.found_none"))).to_be_visible(timeout=PATIENCE_MS)


async def test_a_search_is_stopped_and_asks_no_more(phones: Phones, sign_up: Any, tmp_path: Path) -> None:
    phone = await phone_of(phones, await sign_up())
    held: list[Route] = []

    async def hold(route: Route) -> None:
        held.append(route)
        if len(held) == 1:
            await route.continue_()

    await phone.context.route(EVALUATIONS, hold)
    await look(phone, book(tmp_path, {f"Somebody {at}": a_number() for at in range(300)}))
    progress = phone.page.get_by_role("progressbar")
    await expect(progress).to_have_attribute("max", "300")
    await phone.page.wait_for_function("() => Number(document.querySelector('progress')?.value) === 50")

    async def second() -> bool:
        return len(held) == 2

    await eventually(second)
    await phone.button("action.cancel").click()
    await expect(phone.page.get_by_text(phone.say("contacts.lead"))).to_be_visible()
    assert phone.page.workers == []
    assert len(held) == 2
    assert not [one for one in phone.requests if one.endswith("/contacts/set")]


async def test_what_may_be_looked_for_is_said_when_it_is_used_up(
    phones: Phones, sign_up: Any, tmp_path: Path
) -> None:
    phone = await phone_of(phones, await sign_up())
    phone.expected.append("429")
    await look(phone, book(tmp_path, {f"Somebody {at}": f"0612{at:06d}" for at in range(530)}))
    beginning = phone.say("contacts.enough", count=500, all=530, when="|").split("|")[0]
    await expect(phone.page.get_by_text(beginning)).to_be_visible(timeout=3 * PATIENCE_MS)


async def test_what_is_pasted_is_looked_for_and_what_holds_nothing_is_said(
    phones: Phones, sign_up: Any
) -> None:
    phone = await phone_of(phones, await sign_up())
    await phone.open("/find-friends")
    await phone.page.locator("textarea").fill("nothing at all")
    await phone.button("contacts.paste_go").click()
    await expect(phone.page.get_by_text(phone.say("contacts.nothing_read"))).to_be_visible()
    await phone.page.locator("textarea").fill("Zoe zoe@mail.example\n+41 79 123 45 67")
    await phone.button("contacts.paste_go").click()
    await expect(phone.page.get_by_text(phone.say("contacts.found_none"))).to_be_visible(timeout=PATIENCE_MS)
    await phone.page.get_by_text(phone.say("contacts.how"), exact=True).click()
    await expect(phone.page.get_by_text(phone.say("contacts.how_book"))).to_be_visible()


async def test_under_sixteen_nobody_is_asked_for_their_number(phones: Phones, sign_up: Any) -> None:
    phone = await phone_of(phones, await sign_up(birth_date=years_ago(14)))
    await phone.open("/find-friends?tab=be")
    await expect(phone.page.get_by_text(phone.say("contacts.be_young"))).to_be_visible()
    await expect(phone.page.locator("input[type=tel]")).to_have_count(0)
