"""A clip's whole way through the browser: picked or filmed on one phone, met on another."""

import asyncio
import os
import re
import struct
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Route, expect
from tests.browser.conftest import Lively, Phones
from tests.browser.journeys import film_to_a_sound, publish_file, see
from tests.browser.phone import PATIENCE_MS, Phone
from tests.conftest import PASSWORD, Person
from tests.factories.media import clip, plain

pytestmark = pytest.mark.browser


async def test_from_the_first_page_to_a_live_notice(
    phones: Phones, lively: Lively, tmp_path: Path, sign_up: Any
) -> None:
    """Issue 2's first Show: one publishes three clips, another finds, hears, likes, comments and follows."""
    maker = await phones()
    await maker.sign_up("ines.films", PASSWORD)
    portrait = await publish_file(
        maker, clip("bunny-portrait-1080x1920-12s.mp4", tmp_path), "A morning in the meadow #bunny"
    )
    from_phone = await publish_file(
        maker, clip("phone-hevc-960x540.mov", tmp_path), "Straight from the phone #bunny"
    )
    filmed = await film_to_a_sound(maker, "Filmed to somebody else's song #bunny")
    await maker.sign_out()

    watcher = await phones()
    await watcher.sign_up("bo_watches", PASSWORD)
    await watcher.open("/")
    # In one go, in the feed's own order: what was passed by is seen, and need not come again.
    wanted = {filmed, from_phone, portrait}
    while wanted:
        wanted.remove(await watcher.swipe_to(*wanted))
        await watcher.plays()
        await watcher.make_audible()

    await maker.sign_in("ines.films", PASSWORD)
    await maker.open("/notices")
    await expect(maker.page.get_by_role("heading", level=1)).to_have_text(maker.say("notice.title"))
    await maker.page.evaluate("() => { window.stillThisPage = true; }")

    await watcher.act("like").click()
    await expect(watcher.act("like")).to_have_attribute("aria-pressed", "true")
    await see(maker, maker.say("notice.like", name="bo_watches"))

    await watcher.act("comments").click()
    sheet = watcher.page.get_by_role("dialog")
    await sheet.locator("textarea").fill("I want to live in this meadow")
    await sheet.get_by_role("button", name=watcher.say("comment.send"), exact=True).click()
    await expect(sheet.locator("[data-comment]")).to_contain_text("I want to live in this meadow")
    await see(maker, "I want to live in this meadow")
    await watcher.page.keyboard.press("Escape")

    await watcher.page.locator(".who").get_by_role("button", name=watcher.say("person.follow")).click()
    await see(maker, maker.say("notice.follow", name="bo_watches"))
    assert await maker.page.evaluate("window.stillThisPage"), "the notices came without a reload"


SIZE = 5 * 2**20
CUT = 0.55
"""Pieces grow from 1 MiB to 2, so the first offset past this share is at 60 % on a good line."""


def large_video(path: Path) -> Path:
    """A short video with a box of noise behind it that players skip, so that its upload takes several pieces."""
    plain(path, seconds=2)
    missing = SIZE - path.stat().st_size
    with path.open("ab") as file:
        file.write(struct.pack(">I4s", missing, b"free") + os.urandom(missing - 8))
    return path


class Line:
    """A phone's line for uploads, that goes dead once most has arrived. `offsets` are those of the pieces sent."""

    def __init__(self, phone: Phone) -> None:
        self.phone = phone
        self.offsets: list[int] = []
        self.dead = asyncio.Event()
        self.cut = True
        self.held: Route | None = None

    async def attach(self) -> None:
        await self.phone.context.route("**/api/v1/uploads/*", self._pass)

    async def _pass(self, route: Route) -> None:
        if route.request.method != "PATCH":
            await route.continue_()
            return
        offset = int(route.request.headers["upload-offset"])
        if self.cut and offset >= CUT * SIZE:
            self.dead.set()  # and no answer ever comes
            self.held = route
            return
        self.offsets.append(offset)
        await route.continue_()

    def mend(self) -> None:
        self.cut = False
        self.offsets.clear()


@pytest.mark.parametrize(
    "how",
    [
        "page closed",
        pytest.param("reload", marks=pytest.mark.full),
        pytest.param("offline", marks=pytest.mark.full),
    ],
)
async def test_an_upload_cut_off_at_60_percent_goes_on(
    how: str, phones: Phones, sign_up: Any, tmp_path: Path
) -> None:
    phone = await phones()
    person: Person = await sign_up()
    await phone.use_token(person.token, person.handle)
    file = await asyncio.to_thread(large_video, tmp_path / "long.mp4")
    line = Line(phone)
    await line.attach()
    await phone.pick(file)
    await phone.describe(f"Cut off: {how}")
    await asyncio.wait_for(line.dead.wait(), PATIENCE_MS / 1000)
    await phone.page.locator("button[type=submit]").click()
    await expect(phone.page.get_by_role("heading", name=phone.say("studio.sent.publishing"))).to_be_visible()
    await expect(phone.page.get_by_role("progressbar")).to_have_attribute(
        "aria-valuenow", re.compile("[5-8].")
    )
    sent = line.offsets[-1]

    phone.expected.append("net::ERR_")
    assert line.held
    if how == "page closed":
        await line.held.abort(
            "connectionreset"
        )  # a browser would else send what waits while it closes the page
        await phone.turn_page()
        line.mend()
        await phone.open("/make")
    elif how == "reload":
        line.mend()
        await phone.page.reload()
    else:
        await phone.context.set_offline(True)
        await line.held.abort("internetdisconnected")
        await expect(phone.page.get_by_text(phone.say("offline.banner"), exact=True)).to_be_visible()
        await expect(phone.page.locator(".upload i.stopped")).to_be_visible()
        line.mend()
        await phone.context.set_offline(False)

    clip_id = await phone.is_out()
    assert line.offsets, "nothing more was sent"
    assert line.offsets[0] > sent, "it began again instead of going on"
    made = (await person.get(f"/clips/{clip_id}")).json()
    assert made["status"] == "ready"
    assert made["caption"] == f"Cut off: {how}"
