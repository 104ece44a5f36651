"""Why this clip, and the check of a page: read and computed again in the browser from the page's receipt."""

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
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

FEED = "**/api/v1/feeds/for-you?**"
RECEIPT = "**/api/v1/feeds/receipts/*?adjustments=*"
CHECK = "/transparency/check/feed"
SignUp = Callable[..., Awaitable[Person]]


async def watching(phones: Phones, person: Person, **options: Any) -> Phone:
    """Somebody's phone with a playing feed."""
    phone = await phones(**options)
    await phone.use_token(person.token, person.handle)
    await phone.open("/")
    await phone.plays()
    return phone


async def why(phone: Phone) -> Locator:
    """Open the sheet of the clip that plays."""
    await phone.act("more").click()
    await phone.page.get_by_role("button", name=phone.say("clip.why"), exact=True).click()
    sheet = phone.page.locator("dialog[open]")
    await expect(sheet.locator("[data-lead], .empty").first).to_be_visible(timeout=PATIENCE_MS)
    return sheet


async def included(person: Person) -> str:
    """The person's newest page, once it is in the ledger."""

    async def look() -> str | None:
        newest = (await person.get("/feeds/receipts?limit=1")).json()["items"]
        return str(newest[0]["id"]) if newest and newest[0]["included"] else None

    return str(await eventually(look, seconds=40))


async def outcomes(phone: Phone) -> dict[str, str]:
    steps = await phone.page.locator("section [data-step]").all()
    return {
        str(await one.get_attribute("data-step")): str(await one.get_attribute("data-outcome"))
        for one in steps
    }


async def verdict(phone: Phone) -> str:
    found = phone.page.locator("[data-page-verdict]")
    await expect(found).to_be_visible(timeout=PATIENCE_MS)
    return str(await found.get_attribute("data-page-verdict"))


async def test_why_a_clip_is_told_in_parts_that_make_the_score(
    phones: Phones, lively: Lively, sign_up: SignUp
) -> None:
    phone = await watching(phones, await sign_up())
    sheet = await why(phone)
    points = [
        int(
            str(await one.inner_text())
            .replace("\u2212", "-")
            .replace("+", "")
            .replace(",", "")
            .split("\n")[-1]
        )
        for one in await sheet.locator("[data-reason] .points").all()
    ]
    score = int(str(await sheet.locator("[data-score]").get_attribute("data-score")))
    assert 2 <= len(points) <= 7
    assert sum(points) == score
    # Every number is there too: one row for each of the 24 features, and the sum is the same.
    await sheet.get_by_text(phone.say("why.numbers"), exact=True).click()
    await expect(sheet.locator("tbody tr code")).to_have_count(24)
    await expect(sheet.locator("tfoot td").last).to_have_text(str(score))


async def test_a_clip_nobody_knows_is_said_to_be_new_or_popular_and_can_be_refused(
    phones: Phones, lively: Lively, sign_up: SignUp
) -> None:
    phone = await watching(phones, await sign_up())
    clip = (await phone.watched())["clip"]
    sheet = await why(phone)
    assert await sheet.locator("[data-lead]").get_attribute("data-lead") in {
        "fresh",
        "explore",
        "trending",
        "again",
    }
    await sheet.get_by_role("button", name=phone.say("why.less"), exact=True).click()
    async with phone.page.expect_response("**/api/v1/me/feed/wishes") as wished:
        await sheet.get_by_role("button", name="#testing").click()
    assert (await wished.value).status == 204
    assert (await wished.value).request.post_data_json == {"kind": "tag", "value": "testing", "wish": -1}
    await sheet.get_by_role("button", name=phone.say("why.not_interested"), exact=True).click()
    await phone.page.wait_for_function(
        "(was) => document.querySelector('[data-current=\"true\"]')?.dataset.clip !== was", arg=clip
    )


async def test_after_a_reload_the_receipts_are_asked_which_page_it_was(
    phones: Phones, lively: Lively, sign_up: SignUp
) -> None:
    person = await sign_up()
    phone = await watching(phones, person)
    # Another page load forgets what the visit remembered; the clip of an earlier page is still explained.
    page = (await person.get("/feeds/for-you?limit=6")).json()

    async def same_page(route: Route) -> None:
        await route.fulfill(json={**page, "receipt": None})

    await phone.context.route(FEED, same_page)
    await eventually(lambda: _listed(person, page["receipt"]["id"]))
    await phone.page.reload()
    await phone.plays()
    sheet = await why(phone)
    await expect(sheet.locator("[data-score]")).to_be_visible()


async def _listed(person: Person, receipt: str) -> bool:
    found = (await person.get("/feeds/receipts?limit=5")).json()["items"]
    return any(one["id"] == receipt for one in found)


async def test_signed_out_it_says_that_no_profile_was_used(phones: Phones, lively: Lively) -> None:
    phone = await phones()
    await phone.open("/")
    await phone.plays()
    sheet = await why(phone)
    await expect(sheet).to_contain_text(phone.say("why.open"))


async def test_a_page_computes_again_step_by_step(phones: Phones, lively: Lively, sign_up: SignUp) -> None:
    person = await sign_up()
    phone = await watching(phones, person, accept_downloads=True)
    await included(person)
    sheet = await why(phone)
    await sheet.get_by_role("link", name=phone.say("why.check")).click()
    assert await verdict(phone) == "fine"
    assert await outcomes(phone) == {
        "browser": "fine", "page": "fine", "promise": "fine", "logged": "fine", "rules": "fine",
        "scores": "fine", "order": "fine", "boosts": "fine", "bytes": "fine",
    }  # fmt: skip
    # The page as a file: kept, and checked by somebody who is not signed in.
    async with phone.page.expect_download() as downloading:
        await phone.button("check.feed_save").click()
    path = await (await downloading.value).path()
    assert path.read_text().startswith("reelm-feed-receipt@v1\n")
    other = await phones()
    await other.open(CHECK)
    await other.page.locator("input[type=file]").set_input_files(path)
    assert await verdict(other) == "fine"
    # One byte of a score is another one: it is caught, whoever looks.
    await other.page.locator("input[type=file]").set_input_files(
        {"name": "page.txt", "mimeType": "text/plain", "buffer": _tampered(path.read_text()).encode()}
    )
    await expect(other.page.locator("[data-page-verdict=bad]")).to_be_visible(timeout=PATIENCE_MS)


def _tampered(text: str) -> str:
    """The first scored clip's pre-score, one less."""
    lines = dict(line.split(" ", 1) for line in text.splitlines()[1:])
    body = bytearray(base64.b64decode(lines["receipt"]))
    body[250 + 9] ^= 1
    return text.replace(lines["receipt"], base64.b64encode(body).decode())


async def test_without_a_chosen_page_there_is_a_list_of_them(
    phones: Phones, lively: Lively, sign_up: SignUp
) -> None:
    person = await sign_up()
    receipt = (await person.get("/feeds/for-you?limit=6")).json()["receipt"]["id"]
    await eventually(lambda: _listed(person, receipt))
    phone = await phones()
    await phone.use_token(person.token, person.handle)
    await phone.open(CHECK)
    await phone.page.locator(f'[data-receipt="{receipt}"]').click()
    # What this device was never shown it can't compare: a note, no alarm.
    assert await verdict(phone) == "note"
    assert (await outcomes(phone))["page"] == "note"


@pytest.mark.parametrize("what", ["clips", "leaf", "signature"])
async def test_a_page_that_is_not_as_promised_is_kept_and_said(
    what: str, phones: Phones, lively: Lively, sign_up: SignUp
) -> None:
    person = await sign_up()
    phone = await phones(accept_downloads=True)
    await phone.use_token(person.token, person.handle)

    async def other(route: Route) -> None:
        """Another order, another leaf, another signature than the realm's."""
        answer = await route.fetch()
        page = await answer.json()
        if what == "clips":
            page["items"] = [*page["items"][1:], page["items"][0]]
        elif what == "leaf":
            page["receipt"]["leaf"] = "00" * 32
        else:
            page["receipt"]["signature"] = base64.b64encode(bytes(64)).decode()
        await route.fulfill(response=answer, json=page)

    await phone.context.route(FEED, other)
    await phone.open("/")
    await phone.plays()
    told = phone.page.get_by_text(phone.say("feed.not_as_promised"))
    await expect(told).to_be_visible(timeout=PATIENCE_MS)
    await phone.button("feed.see").click()
    kept = phone.page.locator("[data-broken-pages]")
    await expect(kept).to_contain_text(
        phone.say("pages.promise-forged" if what == "signature" else "pages.leaf-differs")
    )
    async with phone.page.expect_download() as downloading:
        await phone.button("pages.save").first.click()
    text = (await (await downloading.value).path()).read_text()
    assert text.startswith("reelm-feed-receipt@v1\n")
    # It is still there the next time, and goes when the person says so.
    await phone.page.reload()
    await expect(kept).to_be_visible(timeout=PATIENCE_MS)
    count = int(str(await kept.get_attribute("data-broken-pages")))
    for _ in range(count):
        await phone.button("pages.forget").first.click()
        await phone.page.locator("dialog[open]").get_by_role("button", name=phone.say("pages.forget")).click()
        await expect(phone.page.locator("dialog[open]")).to_have_count(0)
    await expect(kept).to_have_count(0)


async def test_a_receipt_of_another_page_is_said_loudly(
    phones: Phones, lively: Lively, sign_up: SignUp
) -> None:
    person = await sign_up()
    phone = await watching(phones, person)
    first = await included(person)
    other = (await person.get("/feeds/for-you?limit=3")).json()["receipt"]["id"]
    await eventually(lambda: _listed(person, other))
    foreign = (await person.get(f"/feeds/receipts/{other}")).json()["body"]

    async def swapped(route: Route) -> None:
        answer = await route.fetch()
        await route.fulfill(response=answer, json={**await answer.json(), "body": foreign})

    await phone.context.route(f"**/api/v1/feeds/receipts/{first}?**", swapped)
    sheet = await why(phone)
    await expect(sheet).to_contain_text(phone.say("why.wrong"))
    await sheet.get_by_role("link", name=phone.say("why.check")).click()
    assert await verdict(phone) == "bad"
    assert (await outcomes(phone))["page"] == "bad"
    await expect(phone.page.get_by_role("alert")).to_contain_text(phone.say("check.bad_page"))


async def test_a_page_that_never_reaches_the_ledger_breaks_its_promise(
    phones: Phones, lively: Lively, sign_up: SignUp
) -> None:
    person = await sign_up()
    phone = await watching(phones, person)
    newest = await included(person)

    async def never(route: Route) -> None:
        answer = await route.fetch()
        await route.fulfill(response=answer, json={**await answer.json(), "proof": None})

    await phone.context.route(RECEIPT, never)
    # Two minutes later nothing excuses it any more.
    await phone.page.clock.install()
    await phone.page.clock.fast_forward(120_000)
    await phone.open(f"{CHECK}?receipt={newest}")
    assert await verdict(phone) == "bad"
    assert (await outcomes(phone))["logged"] == "bad"


async def test_after_finishing_three_of_a_kind_the_next_page_is_another(
    phones: Phones, sign_up: SignUp, tmp_path: Path
) -> None:
    """Two kinds by many authors: whoever finishes one kind gets more of it at once, and is told why."""
    file = plain(tmp_path / "clip.mp4", size="180x320", seconds=1)
    made: list[tuple[Person, dict[str, Any]]] = []
    for number in range(24):
        author = await sign_up()
        kind = "gardening" if number % 2 else "welding"
        made.append((author, await make_clip(author, file, caption=f"{kind} number {number} #{kind}")))
    await asyncio.gather(*(settled(author, clip["id"]) for author, clip in made))
    phone = await watching(phones, await sign_up())
    seen: list[str] = []
    finished: list[str] = []
    liked = ""
    while len(finished) < 3:
        now = (await phone.watched())["clip"]
        kind = await _kind(phone, now)
        seen.append(now)
        if kind and (not liked or kind == liked):
            liked = kind
            await phone.plays()
            await phone.page.wait_for_function(
                "() => document.querySelector('[data-current=\"true\"] video').currentTime > 1.4",
                timeout=PATIENCE_MS,
            )
            finished.append(now)
        async with asyncio.timeout(60):
            await phone.swipe()
    async with phone.page.expect_response("**/api/v1/events"):
        await phone.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        await phone.page.evaluate("window.dispatchEvent(new Event('pagehide'))")
    async with phone.page.expect_response(FEED) as next_page:
        await phone.page.reload()
    page = await (await next_page.value).json()
    kinds = [tag for item in page["items"] for tag in item["tags"] if tag in {"gardening", "welding"}]
    assert kinds[:2] == [liked, liked], json.dumps(kinds)
    await phone.plays()
    sheet = await why(phone)
    lead = await sheet.locator("[data-lead]").get_attribute("data-lead")
    assert lead in {"item", "next", "content", "taste"}


async def _kind(phone: Phone, clip: str) -> str:
    answer = await phone.page.request.get(f"{phone.url}/api/v1/clips/{clip}")
    tags = (await answer.json())["tags"]
    return next((tag for tag in tags if tag in {"gardening", "welding"}), "")
