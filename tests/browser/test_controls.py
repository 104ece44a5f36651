"""What a person tells their feed, from a clip's menu and from the page that says what is thought of them."""

import datetime as dt
import re
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, Route, expect
from tests.browser.conftest import Lively, Phones
from tests.browser.phone import PATIENCE_MS, Phone
from tests.conftest import Person, eventually
from tests.factories.media import plain
from tests.factories.publishing import make_clip, settled

pytestmark = pytest.mark.browser


@dataclass
class Baker:
    """Somebody else with something to watch."""

    person: Person
    clips: list[str]


@pytest.fixture(scope="module")
async def baker(sign_up: Any, lively: Lively, tmp_path_factory: pytest.TempPathFactory) -> Baker:
    person = await sign_up(display_name="Tomas Baker")
    file = plain(tmp_path_factory.mktemp("baker") / "clip.mp4", size="360x640", seconds=2)
    made = [await make_clip(person, file, caption=f"Loaf {n} of sourdough #rye") for n in range(4)]
    return Baker(person, [(await settled(person, clip["id"]))["id"] for clip in made])


async def viewer_of(phone: Phone, sign_up: Any, *authors: Person) -> Person:
    """Somebody whose phone this is, and whose pages have the clips of these people."""
    person: Person = await sign_up()
    for author in authors:
        await person.put(f"/people/{author.handle}/follow")
    await phone.use_token(person.token, person.handle)
    return person


def event(clip: str, kind: str) -> dict[str, Any]:
    at = dt.datetime.now(dt.UTC).isoformat()
    return {"id": str(uuid.uuid4()), "clip_id": clip, "kind": kind, "at": at, "watched_ms": 2000}


async def page_of(person: Person) -> list[dict[str, Any]]:
    answer = await person.get("/feeds/for-you?limit=50")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def menu(phone: Phone, key: str) -> Locator:
    await phone.act("more").click()
    sheet = phone.page.locator("dialog[open]")
    await sheet.get_by_role("button", name=phone.say(key), exact=True).click()
    return sheet


def row(phone: Phone, label: str) -> Locator:
    return phone.page.locator("section li").filter(has=phone.page.get_by_text(label, exact=True))


async def told(phone: Phone, key: str, **values: object) -> None:
    """The realm has answered: the page says so."""
    await expect(phone.page.get_by_text(phone.say(key, **values), exact=True).first).to_be_visible(
        timeout=PATIENCE_MS
    )


async def test_never_from_a_clip_s_menu_takes_every_such_clip_away(
    phones: Phones, sign_up: Any, lively: Lively, baker: Baker
) -> None:
    phone = await phones()
    viewer = await viewer_of(phone, sign_up, lively.author, baker.person)
    await phone.open(f"/c/{baker.clips[0]}")
    await phone.plays()
    sheet = await menu(phone, "clip.wishes")
    of_tag = sheet.get_by_role("group", name=phone.say("taste.wish_of", what="#rye"))
    await of_tag.get_by_role("button", name=phone.say("taste.wish_less")).click()
    await told(phone, "taste.saved")
    await expect(of_tag.get_by_role("button", name=phone.say("taste.wish_less"))).to_have_attribute(
        "aria-pressed", "true"
    )
    await of_tag.get_by_role("button", name=phone.say("taste.wish_never")).click()
    await told(phone, "menu.never_done")
    # The sheet closes, the clip goes, and the next page has none of its kind.
    await expect(sheet).to_be_hidden()
    await phone.page.wait_for_function(
        "(gone) => { const now = document.querySelector('[data-current=\"true\"]')?.dataset.clip;"
        " return now && !gone.includes(now); }",
        arg=baker.clips,
        timeout=PATIENCE_MS,
    )
    shown = await page_of(viewer)
    assert shown
    assert not [item for item in shown if "rye" in item["tags"]]


async def test_a_word_of_the_clip_is_filtered_with_two_taps(
    phones: Phones, sign_up: Any, lively: Lively, baker: Baker
) -> None:
    phone = await phones()
    viewer = await viewer_of(phone, sign_up, lively.author, baker.person)
    await phone.open(f"/c/{baker.clips[1]}")
    await phone.plays()
    sheet = await menu(phone, "clip.word")
    await sheet.get_by_role("button", name="sourdough", exact=True).click()
    await told(phone, "menu.word_done", word="sourdough")
    await expect(sheet).to_be_hidden()
    captions = [item["caption"] for item in await page_of(viewer)]
    assert captions
    assert not [caption for caption in captions if "sourdough" in caption]
    await phone.open("/settings/feed")
    await expect(phone.button("taste.word_remove", word="sourdough")).to_be_visible(timeout=PATIENCE_MS)
    await phone.button("taste.word_remove", word="sourdough").click()
    await told(phone, "taste.words_none")
    assert [item for item in await page_of(viewer) if "sourdough" in item["caption"]]


async def test_what_is_thought_is_shown_changed_and_forgotten(
    phones: Phones, sign_up: Any, lively: Lively, baker: Baker
) -> None:
    phone = await phones()
    viewer = await viewer_of(phone, sign_up, baker.person)
    await phone.open("/settings/feed")
    await told(phone, "taste.lead_none_text")
    watched = [event(clip, "finish") for clip in baker.clips] + [event(baker.clips[0], "like")]
    await viewer.post("/events", {"events": watched})
    await phone.open("/settings/feed")
    rye = row(phone, "#rye")
    await expect(rye).to_contain_text(phone.say("taste.why_finished", count=4))
    await expect(rye).to_contain_text(phone.say("taste.why_liked", count=1))
    await expect(row(phone, "Tomas Baker").first).to_be_visible()
    # By keyboard alone: open the guess, want less of it.
    await rye.get_by_role("button").first.focus()
    await phone.page.keyboard.press("Enter")
    await phone.page.keyboard.press("Tab")
    await phone.page.keyboard.press("Tab")
    await phone.page.keyboard.press("Enter")
    await told(phone, "taste.wished_-1")
    wishes = (await viewer.get("/me/feed")).json()["wishes"]
    assert [(each["kind"], each["value"], each["wish"]) for each in wishes] == [("tag", "rye", -1)]
    await rye.first.get_by_role("button", name=phone.say("taste.forget")).click()
    await told(phone, "taste.forgotten", what="#rye")
    tastes = (await viewer.get("/me/feed")).json()["tastes"]
    assert "#rye" not in [each["label"] for each in tastes]
    assert "Tomas Baker" in [each["label"] for each in tastes]
    # The wish stays, until it is taken back.
    less = row(phone, "#rye").get_by_role("button", name=phone.say("taste.wish_less"))
    await less.click()
    await told(phone, "taste.wishes_none")


async def test_forgetting_everything_asks_first(
    phones: Phones, sign_up: Any, lively: Lively, baker: Baker
) -> None:
    phone = await phones()
    viewer = await viewer_of(phone, sign_up, baker.person)
    await viewer.post("/events", {"events": [event(baker.clips[0], "finish")]})
    await phone.open("/settings/feed")
    await expect(row(phone, "#rye")).to_be_visible(timeout=PATIENCE_MS)
    await phone.button("taste.reset").click()
    question = phone.page.locator("dialog[open]")
    await question.get_by_role("button", name=phone.say("action.cancel")).click()
    assert (await viewer.get("/me/feed")).json()["tastes"]
    await phone.button("taste.reset").click()
    await question.get_by_role("button", name=phone.say("taste.reset_confirm"), exact=True).click()
    await told(phone, "taste.reset_done")
    await expect(row(phone, "#rye")).to_have_count(0)
    assert (await viewer.get("/me/feed")).json()["tastes"] == []


async def test_what_is_watched_in_a_pause_is_marked(
    phones: Phones, sign_up: Any, admin: Any, lively: Lively, baker: Baker
) -> None:
    phone = await phones()
    viewer = await viewer_of(phone, sign_up, baker.person)
    await phone.open("/settings/feed")
    await phone.page.get_by_role("switch", name=phone.say("taste.learning")).click()
    await told(phone, "taste.learning_off")
    await phone.open("/")
    await phone.plays()
    await phone.swipe()
    await phone.plays()
    await phone.open("/settings/feed")

    async def marked() -> Any:
        rows = await admin.fetch("SELECT learns FROM watch_events WHERE person_id = $1", uuid.UUID(viewer.id))
        return rows and {row["learns"] for row in rows}

    assert await eventually(marked) == {False}
    await told(phone, "taste.learning_off")
    assert (await viewer.get("/me/feed")).json()["tastes"] == []


def is_subsequence(some: list[str], whole: list[str]) -> bool:
    rest = iter(whole)
    return all(one in rest for one in some)


async def watch_some(phone: Phone, count: int) -> list[str]:
    seen = [(await phone.plays())["clip"]]
    while len(seen) < count:
        await phone.swipe()
        seen.append((await phone.plays())["clip"])
    return seen


async def a_list_of(phone: Phone, viewer: Person, ids: list[str]) -> None:
    """Have the phone's public list hold these clips.

    A list stands for ten minutes; the first one of a test's realm was made when there was hardly anything to watch.
    Which bytes the realm gives, and that they are everyone's, is held elsewhere (tests/slices/feed).
    """

    async def there() -> Any:
        name = (await viewer.get("/feeds/lists/current")).json()
        return name["epoch"] > 0

    assert await eventually(there, seconds=60)

    async def give(route: Route) -> None:
        made = await (await route.fetch()).json()
        await route.fulfill(json={**made, "ids": ids})

    await phone.context.route(re.compile(r"/api/v1/feeds/lists/\w+/\w+/\w+/\d+$"), give)


async def test_without_profiling_for_you_is_the_public_list_and_nothing_is_sent(
    phones: Phones, sign_up: Any, admin: Any, lively: Lively, baker: Baker
) -> None:
    phone = await phones()
    viewer = await viewer_of(phone, sign_up)
    others = [clip["id"] for clip in lively.clips]
    whole = [clip for pair in zip(others, baker.clips, strict=False) for clip in pair] + others[
        len(baker.clips) :
    ]
    await a_list_of(phone, viewer, whole)
    await viewer.put("/me/feed/wishes", {"kind": "tag", "value": "rye", "wish": -2})
    await phone.open("/settings/feed")
    await phone.page.get_by_role("switch", name=phone.say("taste.profiling"), exact=True).click()
    await told(phone, "taste.unused")
    phone.requests.clear()
    await phone.open("/")
    seen = await watch_some(phone, 3)
    assert is_subsequence(seen, whole)
    assert not set(seen) & set(baker.clips)
    # The page says what it is. Closed and opened, it goes on behind what this device knows was seen.
    line = phone.page.locator("button.line")
    await expect(line).to_contain_text(phone.say("list.line", time="").strip())
    await phone.open("/")
    more = await watch_some(phone, 2)
    assert not set(more) & set(seen)
    assert is_subsequence(seen + more, whole)
    await line.click()
    sheet = phone.page.locator("dialog[open]")
    await expect(sheet).to_contain_text(phone.say("list.seen", count=len(seen)).removeprefix(str(len(seen))))
    # Nothing of it left the device.
    assert not [one for one in phone.requests if one.endswith("/api/v1/events")]
    count = await admin.fetchval(
        "SELECT count(*) FROM watch_events WHERE person_id = $1", uuid.UUID(viewer.id)
    )
    assert count == 0


async def test_another_device_learns_that_there_is_no_profiling(
    phones: Phones, sign_up: Any, lively: Lively, baker: Baker
) -> None:
    phone = await phones()
    viewer = await viewer_of(phone, sign_up)
    await viewer.patch("/me/feed", {"profiling": False})
    phone.expected.append(r"409 \(Conflict\)")
    await phone.open("/")
    await phone.plays()
    await expect(phone.page.locator("button.line")).to_be_visible(timeout=PATIENCE_MS)
    assert await phone.page.evaluate("() => localStorage.getItem('reelm.without-profiling')") == viewer.id
    # Chosen again, here: the mark and what was seen go.
    await phone.open("/settings/feed")
    await phone.page.get_by_role("switch", name=phone.say("taste.profiling"), exact=True).click()
    await told(phone, "taste.profiling_on", realm=(await viewer.get("/realm")).json()["name"])
    kept = "() => [localStorage.getItem('reelm.seen'), localStorage.getItem('reelm.without-profiling')]"
    await phone.page.wait_for_function(f"() => ({kept})().every((one) => one === null)")
    await phone.open("/")
    await phone.plays()
    await expect(phone.page.locator("button.line")).to_have_count(0)


async def test_an_author_sees_where_a_clip_was_shown(
    phones: Phones, sign_up: Any, lively: Lively, baker: Baker, tmp_path: Path
) -> None:
    clip = baker.clips[3]
    for _ in range(6):
        await (await sign_up()).post("/events", {"events": [event(clip, "impression")]})
    phone = await phones()
    await phone.use_token(baker.person.token, baker.person.handle)
    await phone.open(f"/c/{clip}")
    await phone.plays()
    await phone.act("more").click()
    await phone.page.locator("dialog[open]").get_by_role("link", name=phone.say("clip.reach")).click()
    await told(phone, "reach.limits_none")
    bar = phone.page.get_by_role("progressbar", name=phone.say("reach.guaranteed", of=200))
    done = int(await bar.get_attribute("aria-valuenow") or 0)
    assert 6 <= done < 200
    # Nobody else has this page.
    stranger = await phones()
    await viewer_of(stranger, sign_up)
    stranger.expected.append(r"404 \(Not Found\)")
    await stranger.open(f"/c/{clip}/reach")
    await told(stranger, "problem.title")
