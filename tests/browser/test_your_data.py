"""A person's place for their data: to see it, take it, bring it, and be gone, in a real browser on a live realm."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect
from tests.browser.conftest import Phones
from tests.browser.phone import DESK, PATIENCE_MS, Phone
from tests.conftest import PASSWORD, Person, eventually
from tests.factories.media import plain
from tests.factories.publishing import published

pytestmark = pytest.mark.browser
JOB_MS = 90_000


async def at_home(phones: Phones, person: Person, **options: Any) -> Phone:
    """A phone on which this person is signed in."""
    phone = await phones(**options)
    await phone.use_token(person.token, person.handle)
    return phone


async def take(phone: Phone, folder: Path) -> Path:
    """Make a copy and download it."""
    await phone.open("/your-data/take")
    await phone.button("take.start").click()
    await expect(phone.page.get_by_text(phone.say("take.ready"), exact=True)).to_be_visible(timeout=JOB_MS)
    async with phone.page.expect_download() as loading:
        await phone.link("take.download").click()
    download = await loading.value
    assert download.suggested_filename.endswith(".zip")
    kept = folder / download.suggested_filename
    await download.save_as(kept)
    return kept


async def test_everything_kept_is_seen(phones: Phones, sign_up: Any) -> None:
    person = await sign_up(email="see.me@example.org", display_name="Ada Brook")
    phone = await at_home(phones, person)
    await phone.open("/your-data")
    await eventually(lambda: _has_a_device(person))
    total = (await person.get("/me/data")).json()["total_rows"]
    await expect(phone.page.get_by_text(phone.say("rights.openings_fact_none"))).to_be_visible()
    await phone.page.locator('a[href="/your-data/see"]').click()
    await expect(phone.page.get_by_text(phone.say("rights.see_lead", count=total))).to_be_visible()
    await phone.page.locator('a[href="/your-data/see/person_details"]').click()
    await expect(phone.page.get_by_text("see.me@example.org")).to_be_visible()
    await phone.page.go_back()
    await phone.page.locator('a[href="/your-data/see/people"]').click()
    await expect(phone.page.locator("dd", has_text="Ada Brook")).to_be_visible()

    await phone.open("/your-data/openings")
    await expect(phone.page.get_by_text(phone.say("rights.openings_none"), exact=True)).to_be_visible()


async def _has_a_device(person: Any) -> bool:
    """A page of somebody who is signed in becomes one of their devices for messages: rows that are kept, too."""
    found = (await person.get("/me/messages/identity")).json()["devices"]
    return bool(found) and (await person.get(f"/me/devices/{found[0]['id']}/key-packages")).json()["left"] > 0


async def test_whoever_is_not_signed_in_sees_what_is_kept_in_general(phones: Phones) -> None:
    phone = await phones()
    await phone.open("/your-data")
    await expect(phone.page.get_by_text(phone.say("class.identity"), exact=True)).to_be_visible()
    await expect(phone.page.locator('main a[href="/transparency/data-map"]')).to_be_visible()
    await phone.open("/your-data/take")
    await phone.page.wait_for_url("**/sign-in?next=*your-data*take")


async def test_a_copy_is_taken_and_brought_elsewhere(phones: Phones, sign_up: Any, tmp_path: Path) -> None:
    person = await sign_up(display_name="Milo Sand")
    await published(person, plain(tmp_path / "clip.mp4"), caption="Packed with care #moving")
    phone = await at_home(phones, person)
    archive = await take(phone, tmp_path)
    await expect(phone.page.locator("[data-export]")).to_have_count(1)
    with zipfile.ZipFile(archive) as opened:
        names = opened.namelist()
        assert opened.testzip() is None
        manifest = json.loads(opened.read(next(one for one in names if one.endswith("manifest.json"))))
    assert manifest
    assert any(one.endswith(".mp4") for one in names)

    other = await sign_up(display_name="Milo elsewhere")
    home = await at_home(phones, other)
    await home.open("/your-data/bring")
    await home.page.locator("input[type=file]").set_input_files(archive)
    arrived = home.page.locator("[data-import]")
    await expect(arrived.get_by_role("heading", name=home.say("bring.state_ready"))).to_be_visible(
        timeout=JOB_MS
    )
    await expect(arrived.locator("dt", has_text=home.say("table.clips")).locator("+ dd")).to_have_text("1")
    clips = (await other.get("/me/clips?status=ready")).json()["items"]
    assert [one["caption"] for one in clips] == ["Packed with care #moving"]


async def test_what_is_no_archive_is_refused_kindly(phones: Phones, sign_up: Any, tmp_path: Path) -> None:
    phone = await at_home(phones, await sign_up())
    foreign = tmp_path / "holiday.zip"
    with zipfile.ZipFile(foreign, "w") as made:
        made.writestr("letter.txt", "Nothing of a realm in here")
    await phone.open("/your-data/bring")
    await phone.page.locator("input[type=file]").set_input_files(foreign)
    await expect(phone.page.get_by_text(phone.say("problem.rights.archive_foreign"))).to_be_visible(
        timeout=JOB_MS
    )


async def test_whoever_erases_themselves_is_gone(phones: Phones, sign_up: Any, tmp_path: Path) -> None:
    """The wrong password erases nothing; the right one everything; the receipt is the last thing one gets."""
    person: Person = await sign_up(display_name="Soon Gone")
    clip = await published(person, plain(tmp_path / "clip.mp4"), caption="Seen for a while")
    phone = await at_home(phones, person, size=DESK, touch=False)
    phone.expected += ["status of 401", "status of 403", "status of 404", "status of 422"]
    await phone.open("/your-data/erase")
    final = phone.button("erase.now")
    await expect(final).to_be_disabled()
    await phone.page.locator("input[name=handle]").fill("somebody.else")
    await phone.page.locator("input[name=password]").fill("not my password at all")
    await expect(phone.page.get_by_text(phone.say("erase.handle_other"))).to_be_visible()
    await expect(final).to_be_disabled()
    await phone.page.locator("input[name=handle]").fill(f"@{person.handle}")
    await final.click()
    await expect(phone.page.get_by_role("alert")).to_be_visible(timeout=PATIENCE_MS)
    assert (await person.get("/me")).status_code == 200

    await phone.page.locator("input[name=password]").fill(PASSWORD)
    await final.click()
    done = phone.page.get_by_role("heading", name=phone.say("erase.done"))
    await expect(done).to_be_visible(timeout=JOB_MS)
    await expect(done).to_be_focused()
    async with phone.page.expect_download() as loading:
        await phone.button("erase.receipt_save").click()
    receipt = (await (await loading.value).path()).read_text()
    assert receipt.startswith("c2sp.org/tlog-proof@v1\n")
    assert person.handle not in receipt

    assert (await person.get("/me")).status_code == 401

    async def nobody() -> bool:
        return (await person.client.get(f"/api/v1/people/{person.handle}")).status_code == 404

    await eventually(nobody)
    assert not await phone.page.evaluate("() => document.cookie.includes('reelm_here=1')")
    await phone.open(f"/@{person.handle}")
    await expect(phone.page.get_by_text(phone.say("person.missing"), exact=True)).to_be_visible()
    await phone.open(f"/c/{clip['id']}")
    await expect(phone.page.get_by_text(phone.say("clip.missing"), exact=True)).to_be_visible()
    await phone.open("/sign-in")
    await phone.page.locator("input[name=handle]").fill(person.handle)
    await phone.page.locator("input[name=password]").fill(PASSWORD)
    await phone.page.locator("form button.primary").click()
    await expect(phone.page.get_by_role("alert")).to_be_visible(timeout=PATIENCE_MS)


async def test_the_form_asks_for_the_password_that_the_realm_asks_for(phones: Phones) -> None:
    """One rule, the realm's: its shortest password is enough here, too."""
    phone = await phones()
    await phone.open("/sign-up")
    field = phone.page.locator("input[name=password]")
    await expect(field).to_be_visible()
    limits = (await (await phone.context.request.get(phone.url + "/api/v1/realm")).json())["limits"]
    await expect(field).to_have_attribute("minlength", str(limits["password_chars"]))
    await expect(
        phone.page.get_by_text(phone.say("enter.password_hint", count=limits["password_chars"]))
    ).to_be_visible()
    await phone.sign_up("eight.signs", "abcdefgh"[: limits["password_chars"]])
