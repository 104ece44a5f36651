"""Friends find each other, write, send clips, and come back to what was said meanwhile; on phones, in three languages."""

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect
from tests.browser import talking
from tests.browser.conftest import Lively, Phones
from tests.browser.phone import PATIENCE_MS, Phone
from tests.conftest import Person

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

LANGUAGES = ["en", pytest.param("fr", marks=pytest.mark.full), pytest.param("zh", marks=pytest.mark.full)]
WORDS = {
    "en": ["Did you see the pigeon?", "Twice. It mixes better than I do.", "Saturday, then?", "Count me in"],
    "fr": ["Tu as vu le pigeon ?", "Deux fois. Il mixe mieux que moi.", "Samedi, alors ?", "J’en suis"],  # noqa: RUF001
    "zh": ["你看到那只鸽子了吗？", "看了两遍。它比我会打碟。", "那就星期六？", "算我一个"],  # noqa: RUF001
}
NAMES = ("Ines Calder", "Bo Lindqvist", "Tariq Fell")


async def at_home(phones: Phones, person: Person, language: str = "en") -> Phone:
    phone = await phones(language=language)
    # A device asks whether somebody let it in; mostly nobody has, and the browser writes that down.
    phone.expected.append(r"status of 404 .*/welcome\?device_id=")
    await phone.use_token(person.token, person.handle)
    return phone


async def three(sign_up: Any, language: str = "en") -> list[Person]:
    return [await sign_up(display_name=name, language=language) for name in NAMES]


@pytest.mark.parametrize("language", LANGUAGES)
async def test_friends_from_the_address_book_to_a_group_with_one_away(
    phones: Phones, lively: Lively, sign_up: Any, tmp_path: Path, language: str
) -> None:
    people = await three(sign_up, language)
    ines, bo, tariq = [await at_home(phones, each, language) for each in people]
    first, second, third, fourth = WORDS[language]
    # Numbers that are kept free for films and plays; another for each language, since the realm is the same.
    numbers = [f"06 39 98 {list(WORDS).index(language):02d} {number}" for number in (21, 22)]

    # They find each other by their numbers, and follow each other.
    for phone, number in zip((ines, bo), numbers, strict=True):
        await talking.be_found(phone, number)
    (tmp_path / "a").mkdir()
    await talking.look_up(ines, talking.address_book(tmp_path / "a", {"Bo L.": numbers[1]}), bo.handle)
    await talking.look_up(bo, talking.address_book(tmp_path, {"Ines from work": numbers[0]}), ines.handle)
    assert (await people[0].get(f"/people/{bo.handle}")).json()["viewer"]["friend"]
    await talking.make_friends(*people)

    # A clip in two taps, and an answer.
    for phone in (bo, tariq):
        await talking.open_messages(phone)
    clip = lively.clips[0]["id"]
    await talking.send_clip(ines, clip, bo.handle)
    await (
        bo.page.locator('main a[href^="/messages/"]')
        .filter(has_text=NAMES[0])
        .first.click(timeout=talking.ARRIVING_MS)
    )
    await talking.has_clip(bo, clip)
    await talking.write(bo, first)
    pair = bo.page.url.rsplit("/", 1)[-1]
    await talking.enter(ines, pair)
    await talking.shows(ines, [first])
    await talking.has_clip(ines, clip)

    # Three in a group, one of them without a network; he has everything once and in order when he comes back.
    group = await talking.begin(ines, bo.handle, tariq.handle)
    for phone in (bo, tariq):
        await talking.enter(phone, group)
    await talking.write(ines, first)
    for phone in (ines, bo, tariq):
        await talking.shows(phone, [first])
    tariq.expected.append("ERR_INTERNET_DISCONNECTED|ERR_FAILED|Failed to fetch|network error")
    await tariq.context.set_offline(True)
    await talking.write(bo, second)
    await talking.shows(ines, [first, second])
    await talking.write(ines, third)
    for phone in (ines, bo):
        await talking.shows(phone, [first, second, third])
    await talking.write(tariq, fourth)
    assert [each["state"] for each in await talking.lines(tariq)] != ["sent", "sent"]
    assert await talking.texts(tariq) == [first, fourth]
    await tariq.context.set_offline(False)
    for phone in (tariq, ines, bo):
        await talking.shows(phone, [first, second, third, fourth])


async def test_a_new_phone_reads_what_was_before_with_the_recovery_key(phones: Phones, sign_up: Any) -> None:
    people = (await three(sign_up))[:2]
    await talking.make_friends(*people)
    ines, bo = [await at_home(phones, each) for each in people]
    await talking.open_messages(bo)
    pair = await talking.begin(ines, bo.handle)
    await talking.write(ines, "Before the new phone")
    await talking.enter(bo, pair)
    await talking.shows(bo, ["Before the new phone"])
    await talking.write(bo, "I am here")
    await talking.shows(ines, ["Before the new phone", "I am here"])
    key = await talking.recovery_key(ines)
    assert len(key.split()) == 8

    new = await at_home(phones, people[0])
    await new.open("/messages")
    await expect(new.page.get_by_text(new.say("safe.new_title"), exact=True)).to_be_visible(
        timeout=talking.ARRIVING_MS
    )
    wrong = key[:-1] + ("A" if key[-1] != "A" else "B")
    await new.page.locator("textarea[name=recovery]").fill(wrong)
    await new.button("safe.enter_go").click()
    await expect(new.page.get_by_text(new.say("safe.enter_wrong"), exact=True)).to_be_visible(
        timeout=PATIENCE_MS
    )
    await talking.unlock(new, key)
    await talking.enter(new, pair)
    await talking.shows(new, ["Before the new phone", "I am here"])
    await talking.write(new, "From the new one")
    await talking.shows(bo, ["Before the new phone", "I am here", "From the new one"])
    await talking.enter(ines, pair)
    await talking.shows(ines, ["Before the new phone", "I am here", "From the new one"])


@pytest.mark.full
async def test_both_read_one_code_and_a_new_key_is_told(phones: Phones, sign_up: Any) -> None:
    people = (await three(sign_up))[:2]
    await talking.make_friends(*people)
    ines, bo = [await at_home(phones, each) for each in people]
    await talking.open_messages(bo)
    pair = await talking.begin(ines, bo.handle)
    await talking.enter(bo, pair)
    code = await talking.code_with(ines, bo.handle, NAMES[1])
    assert code == await talking.code_with(bo, ines.handle, NAMES[0])
    assert all(len(group) == 5 and group.isdigit() for group in code)
    await ines.button("code.same").click()
    await expect(ines.page.get_by_text(ines.say("code.verified", name=NAMES[1]), exact=True)).to_be_visible()

    # Bo loses phone and key, and starts anew: Ines is told before anything is sent to the new key.
    another = await at_home(phones, people[1])
    await another.open("/messages")
    await another.button("safe.anew").click(timeout=talking.ARRIVING_MS)
    await (
        another.page.locator("dialog[open]")
        .get_by_role("button", name=another.say("safe.anew_go"), exact=True)
        .click()
    )
    await expect(another.page.locator('a[href="/messages/new"]').first).to_be_visible(
        timeout=talking.ARRIVING_MS
    )
    changed = await talking.code_with(ines, bo.handle, NAMES[1])
    assert changed != code
    await expect(ines.page.get_by_text(ines.say("code.changed", name=NAMES[1]), exact=True)).to_be_visible()
    assert changed == await talking.code_with(another, ines.handle, NAMES[0])


async def test_what_is_taken_back_is_gone_and_a_report_says_what_it_shows(
    phones: Phones, sign_up: Any
) -> None:
    people = (await three(sign_up))[:2]
    await talking.make_friends(*people)
    ines, bo = [await at_home(phones, each) for each in people]
    await talking.open_messages(bo)
    pair = await talking.begin(ines, bo.handle)
    for words in ("Said too soon", "This one stays", "And this is for the two of us"):
        await talking.write(ines, words)
    await talking.enter(bo, pair)
    await talking.shows(bo, ["Said too soon", "This one stays", "And this is for the two of us"])
    await talking.react(bo, "This one stays", "❤️")
    await expect(talking.line(ines, "This one stays").locator(".reactions")).to_contain_text(
        "❤️", timeout=talking.ARRIVING_MS
    )
    await talking.unsend(ines, "Said too soon")
    await expect(talking.line(bo, "Said too soon")).to_have_count(0, timeout=talking.ARRIVING_MS)
    await expect(bo.page.get_by_text(bo.say("talk.unsent", name=NAMES[0]), exact=True)).to_be_visible()

    await talking.report(bo, pair, "This one stays", "spam", "Please look")
    reports = (await people[1].get("/me/reports")).json()["items"]
    assert len(reports) == 1
    assert reports[0]["category"] == "spam"
    assert len(reports[0]["seqs"]) == 1
