"""What the realm promises, and the check of its ledger in the browser: by anybody, believing nobody."""

import asyncio
import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Route, expect
from tests.browser.conftest import Phones
from tests.browser.phone import DESK, PATIENCE_MS, Phone
from tests.conftest import Person

pytestmark = pytest.mark.browser

CHECK = "/transparency/check"
MEMORY = "reelm.ledger"


async def verdict(phone: Phone) -> str:
    """What the check of the ledger came to."""
    found = phone.page.locator("[data-verdict]")
    await expect(found).to_be_visible(timeout=PATIENCE_MS)
    return str(await found.get_attribute("data-verdict"))


async def outcomes(phone: Phone) -> dict[str, str]:
    """How each step ended."""
    steps = await phone.page.locator("section [data-step]").all()
    return {
        str(await one.get_attribute("data-step")): str(await one.get_attribute("data-outcome"))
        for one in steps
    }


async def memory(phone: Phone) -> dict[str, Any]:
    """What the device remembers of the ledger."""
    found: dict[str, Any] = json.loads(await phone.page.evaluate(f"localStorage.getItem('{MEMORY}')"))
    return found


async def ledger_of(phone: Phone) -> dict[str, Any]:
    answer = await phone.page.request.get(f"{phone.url}/api/v1/ledger")
    found: dict[str, Any] = await answer.json()
    return found


async def test_the_promises_say_how_strong_they_are(phones: Phones) -> None:
    phone = await phones()
    await phone.open("/transparency")
    state = phone.page.locator("[data-state]")
    await expect(state).to_be_visible()
    ledger = await ledger_of(phone)
    assert await state.get_attribute("data-state") == ledger["state"] == "unwitnessed"
    await expect(state).to_contain_text(phone.say("transparency.unwitnessed"))
    cards = phone.page.locator("details", has=phone.page.locator(".number"))
    await expect(cards).to_have_count(10)
    # Without witnesses nothing may be called witnessed, and what isn't built may not look as if it were.
    await expect(cards.get_by_text(phone.say("ledger.strength_witnessed"), exact=True)).to_have_count(0)
    await expect(cards.get_by_text(phone.say("ledger.strength_unproven"), exact=True)).to_have_count(4)
    history = cards.filter(has_text=phone.say("promise.p9"))
    await history.locator("summary").click()
    await history.get_by_role("link").click()
    await expect(phone.page).to_have_url(f"{phone.url}{CHECK}")


async def test_the_line_leads_to_the_promises_and_tells_what_is_so(phones: Phones) -> None:
    phone = await phones()
    await phone.open("/sign-up")
    line = phone.page.locator('.line a[href="/transparency"]')
    await expect(line).to_have_text(phone.say("realm.unwitnessed"))
    await line.click()
    await expect(phone.page.get_by_role("heading", level=1)).to_have_text(phone.say("transparency.lead"))


async def test_a_line_of_a_witnessed_realm_names_witnesses_and_its_time_passes(phones: Phones) -> None:
    phone = await phones()

    async def witnessed(route: Route) -> None:
        answer = await route.fetch()
        realm = await answer.json()
        when = await phone.page.evaluate("new Date(Date.now() - 4000).toISOString()")
        realm["check"] = {"state": "witnessed", "checked_at": when, "by": ["Court of Audit", "Other Paper"]}
        await route.fulfill(response=answer, json=realm)

    await phone.context.route("**/api/v1/realm", witnessed)
    await phone.open("/sign-in")
    line = phone.page.locator('.line a[href="/transparency"]')
    await expect(line).to_contain_text("checked by Court of Audit and Other Paper, ")
    first = await line.text_content()
    await expect(line).not_to_have_text(first or "")
    assert re.search(r"\d+ sec. ago", await line.text_content() or "")


async def test_every_entry_is_a_sentence_with_its_evidence(phones: Phones) -> None:
    phone = await phones(accept_downloads=True)
    await phone.open("/transparency/ledger")
    first = phone.page.locator('[data-entry="0"]')
    await expect(first).to_contain_text(phone.say("entry.charter.adopted", version=1))
    await first.locator("summary").click()
    await expect(first.locator("pre")).to_contain_text('"kind": "charter.adopted"')
    async with phone.page.expect_download() as downloading:
        await first.get_by_text(phone.say("ledger.proof")).click()
    proof = await (await downloading.value).path()
    assert proof.read_text().startswith("c2sp.org/tlog-proof@v1\nindex 0\n")
    await phone.button("family.grant").click()
    await expect(first).to_have_count(0)
    await phone.button("family.realm").click()
    await expect(first).to_be_visible()
    await first.locator("summary").click()
    await first.get_by_role("link", name=phone.say("ledger.check_here")).click()
    assert await verdict(phone) == "note"
    await expect(phone.page.locator("article")).to_contain_text(phone.say("entry.charter.adopted", version=1))


async def test_the_data_map_is_what_the_ledger_commits_to(phones: Phones) -> None:
    phone = await phones()
    await phone.open("/transparency/data-map")
    served = await (await phone.page.request.get(f"{phone.url}/api/v1/data-map")).json()
    await expect(phone.page.locator(".tables > li")).to_have_count(len(served["tables"]))
    written = await phone.page.request.get(f"{phone.url}{served['document_url']}")
    assert hashlib.sha256(await written.body()).hexdigest() == served["digest"]
    await expect(phone.page.get_by_text(served["digest"])).to_be_visible()
    await phone.page.get_by_role("group").get_by_role("button", name=phone.say("map.class_identity")).click()
    identity = [one for one in served["tables"] if "identity" in one["classes"]]
    await expect(phone.page.locator(".tables > li")).to_have_count(len(identity))


async def test_a_check_fits_and_the_next_one_compares(phones: Phones) -> None:
    phone = await phones()
    await phone.open(CHECK)
    assert await verdict(phone) == "note"
    assert await outcomes(phone) == {
        "browser": "fine", "key": "note", "fetch": "fine", "signature": "fine",
        "witnesses": "note", "history": "note", "entry": "fine",
    }  # fmt: skip
    seen = await memory(phone)
    ledger = await ledger_of(phone)
    assert seen["vkey"] == ledger["vkey"]
    # It grows every ten seconds, also while nobody does anything.
    assert 1 < seen["seen"]["size"] <= ledger["size"]
    assert seen["seen"]["note"].endswith("\n")
    assert not seen["given"]

    # What an earlier, shorter ledger looked like: its root is that of its one entry.
    bundle = await phone.page.request.get(f"{phone.url}/ledger/tile/entries/000.p/{ledger['size']}")
    data = await bundle.body()
    entry = data[2 : 2 + int.from_bytes(data[:2], "big")]
    seen["seen"] |= {"size": 1, "root": base64.b64encode(hashlib.sha256(b"\0" + entry).digest()).decode()}
    await phone.page.evaluate(f"(it) => localStorage.setItem('{MEMORY}', JSON.stringify(it))", seen)
    await phone.page.reload()
    assert await verdict(phone) == "note"
    assert (await outcomes(phone))["history"] == "fine"
    history = phone.page.locator('[data-step="history"]')
    await expect(history).to_contain_text(re.compile(r"All 1 entries of .*; \d+ now"))
    assert (await memory(phone))["seen"]["size"] >= ledger["size"]


async def test_a_rewritten_history_is_said_loudly(phones: Phones) -> None:
    phone = await phones(accept_downloads=True)
    await phone.open(CHECK)
    await verdict(phone)
    seen = await memory(phone)
    other = base64.b64encode(hashlib.sha256(b"another past").digest()).decode()
    seen["seen"] |= {"size": 1, "root": other}
    await phone.page.evaluate(f"(it) => localStorage.setItem('{MEMORY}', JSON.stringify(it))", seen)
    await phone.page.reload()
    assert await verdict(phone) == "bad"
    alarm = phone.page.get_by_role("alert")
    await expect(alarm).to_contain_text(phone.say("check.bad_history"))
    await expect(alarm).to_contain_text(phone.say("check.bad_todo"))
    async with phone.page.expect_download() as downloading:
        await phone.button("check.evidence").click()
    evidence = json.loads((await (await downloading.value).path()).read_text())
    assert evidence["remembered"]["seen"]["root"] == other
    assert {"/ledger/checkpoint"} < {one["path"] for one in evidence["files"]}
    # What contradicts what is remembered is not remembered in its place.
    assert (await memory(phone))["seen"]["root"] == other


def _flip(at: int) -> Any:
    async def change(route: Route) -> None:
        answer = await route.fetch()
        body = bytearray(await answer.body())
        body[at] ^= 1
        await route.fulfill(response=answer, body=bytes(body))

    return change


@pytest.mark.parametrize(
    ("pattern", "at", "step"),
    [
        pytest.param("**/ledger/tile/0/**", 3, "entry", id="a hash of a tile"),
        pytest.param("**/ledger/tile/entries/**", -10, "entry", id="a letter of an entry"),
        pytest.param("**/ledger/checkpoint", -10, "signature", id="a letter of the signature"),
    ],
)
async def test_a_changed_file_is_said_loudly(pattern: str, at: int, step: str, phones: Phones) -> None:
    phone = await phones()
    await phone.context.route(pattern, _flip(at))
    await phone.open(CHECK)
    assert await verdict(phone) == "bad"
    assert (await outcomes(phone))[step] == "bad"
    await expect(phone.page.get_by_role("alert")).to_contain_text(phone.say(f"check.bad_{step}"))
    assert await phone.page.evaluate(f"localStorage.getItem('{MEMORY}')") is None


async def test_another_key_than_the_remembered_one_is_not_believed(phones: Phones) -> None:
    phone = await phones()
    await phone.open(CHECK)
    await verdict(phone)

    async def other_key(route: Route) -> None:
        answer = await route.fetch()
        ledger = await answer.json()
        await route.fulfill(
            response=answer,
            json=ledger | {"vkey": "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"},
        )

    await phone.context.route("**/api/v1/ledger", other_key)
    await phone.page.reload()
    assert await verdict(phone) == "bad"
    await expect(phone.page.get_by_role("alert")).to_contain_text(phone.say("check.bad_key"))


async def test_a_ledger_that_is_out_of_reach_is_no_alarm(phones: Phones) -> None:
    phone = await phones()
    phone.expected.append("ERR_FAILED")
    await phone.context.route("**/ledger/checkpoint", lambda route: route.abort())
    await phone.open(CHECK)
    assert await verdict(phone) == "out"
    await expect(phone.page.locator("[data-verdict]")).to_contain_text(phone.say("check.verdict_out_text"))


async def test_a_browser_without_ed25519_says_so(phones: Phones) -> None:
    phone = await phones()
    await phone.context.add_init_script(
        "const given = SubtleCrypto.prototype.importKey;"
        "SubtleCrypto.prototype.importKey = function (format, key, algorithm, ...rest) {"
        "  return algorithm.name === 'Ed25519'"
        "    ? Promise.reject(new DOMException('unknown', 'NotSupportedError'))"
        "    : given.call(this, format, key, algorithm, ...rest); };"
    )
    await phone.open(CHECK)
    assert await verdict(phone) == "out"
    await expect(phone.page.locator("[data-verdict]")).to_contain_text(phone.say("check.verdict_browser"))


async def test_a_key_from_elsewhere_is_given_and_forgotten(phones: Phones) -> None:
    phone = await phones(size=DESK, touch=False)
    await phone.open(CHECK)
    await verdict(phone)
    ledger = await ledger_of(phone)
    await phone.page.get_by_text(phone.say("check.own_key"), exact=True).click()
    field = phone.page.get_by_label(phone.say("check.own_vkey"), exact=True)
    await field.fill("not a key")
    await phone.button("check.own_use").click()
    await expect(phone.page.get_by_text("this is not a verifier key")).to_be_visible()
    await field.fill(ledger["vkey"])
    await phone.button("check.own_use").click()
    await expect(field).to_have_value("")
    assert (await memory(phone))["given"]
    await phone.button("check.again").click()
    await expect(phone.page.locator('[data-step="key"][data-outcome="fine"]')).to_be_visible()
    await phone.button("check.forget").click()
    await phone.page.locator("dialog[open]").get_by_role("button", name=phone.say("check.forget")).click()
    await expect(phone.page.get_by_text(phone.say("check.memory_none"))).to_be_visible()
    assert await phone.page.evaluate(f"localStorage.getItem('{MEMORY}')") is None


async def proof_of(phone: Phone, index: int) -> str:
    """The proof of an entry, once the ledger that the API tells of has come so far."""
    answer = await phone.page.request.get(f"{phone.url}/api/v1/ledger/proofs/{index}")
    assert answer.ok, await answer.text()
    return await answer.text()


async def test_a_kept_proof_is_checked(phones: Phones, tmp_path: Path) -> None:
    phone = await phones()
    await phone.open(CHECK)
    await verdict(phone)
    file = tmp_path / "entry-0.tlog-proof"
    file.write_text(await proof_of(phone, 0))
    await phone.page.locator("input[type=file]").set_input_files(file)
    good = phone.page.locator("[data-file-verdict]")
    await expect(good).to_have_attribute("data-file-verdict", "note")
    await expect(good).to_contain_text(phone.say("check.file_verdict", index=0))
    # The same file about another entry proves nothing.
    await phone.page.get_by_label(phone.say("check.paste")).fill(
        file.read_text().replace("\nindex 0\n", "\nindex 1\n")
    )
    await phone.button("check.file_go").click()
    await expect(good).to_have_attribute("data-file-verdict", "bad")
    await expect(good).to_contain_text(phone.say("check.bad_entry"))


async def receipt_about(phone: Phone, index: int, *, told: str) -> str:
    """A receipt in its written form, whose one opening tells `told` of the entry."""
    ledger = await ledger_of(phone)
    view = await (await phone.page.request.get(f"{phone.url}/api/v1/ledger/entries/{index}")).json()
    extra = {
        "entry": view["body"],
        "format": "reelm-receipt/v1",
        "openings": [{"document": told, "kind": view["entry"]["kind"], "opening": "ab" * 32}],
        "policy": ledger["release_policy"],
        "realm": phone.url,
        "vkey": ledger["vkey"],
    }
    written = json.dumps(extra, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode()
    head, _, rest = (await proof_of(phone, index)).partition("\n")
    return f"{head}\nextra {base64.b64encode(written).decode()}\n{rest}"


async def test_a_receipt_about_something_else_is_refused(phones: Phones) -> None:
    """Entry 0 is about nobody: a receipt that says it is must not convince anybody."""
    phone = await phones()
    await phone.open(CHECK)
    await verdict(phone)
    told = json.dumps({"person": "nobody"})
    await phone.page.get_by_label(phone.say("check.paste")).fill(await receipt_about(phone, 0, told=told))
    await phone.button("check.file_go").click()
    bad = phone.page.locator("[data-file-verdict]")
    await expect(bad).to_have_attribute("data-file-verdict", "bad")
    await expect(bad).to_contain_text(phone.say("check.bad_opening"))


async def test_loading_and_trouble_are_said(phones: Phones) -> None:
    phone = await phones()
    phone.expected.append("status of 503")
    gate = asyncio.Event()

    async def late_and_broken(route: Route) -> None:
        await gate.wait()
        await route.fulfill(
            status=503, content_type="application/problem+json", body='{"status": 503, "code": "server"}'
        )

    await phone.context.route("**/api/v1/ledger", late_and_broken)
    await phone.open("/transparency")
    await expect(phone.page.locator(".skeleton").first).to_be_visible()
    gate.set()
    await expect(phone.page.get_by_text(phone.say("problem.title"))).to_be_visible()
    await phone.context.unroute("**/api/v1/ledger")
    await phone.button("action.retry").click()
    await expect(phone.page.locator("[data-state]")).to_be_visible()


async def test_a_real_receipt_is_opened(phones: Phones, sign_up: Any) -> None:
    """Somebody erases everything about them; what stays with them still proves that it was done."""
    person: Person = await sign_up()
    erased = await person.post("/me/erasure", {"handle": person.handle, "password": person.password})
    assert erased.status_code == 202, erased.text
    receipt, index = erased.json()["receipt"], erased.json()["entry_index"]
    phone = await phones()
    await phone.open(CHECK)
    await verdict(phone)
    # As “Who opened my data” hands it over.
    await phone.page.evaluate("(text) => sessionStorage.setItem('reelm.receipt', text)", receipt)
    await phone.page.reload()
    good = phone.page.locator("[data-file-verdict]")
    await expect(good).to_have_attribute("data-file-verdict", "note", timeout=PATIENCE_MS)
    await expect(good).to_contain_text(phone.say("check.receipt_verdict"))
    await expect(good).to_contain_text(phone.say("ledger.entry", index=index))
    await expect(good).to_contain_text(person.id.replace("-", ""))
    # Without the network it is checked as well: all it takes is in the file and on the device.
    phone.expected += ["ERR_INTERNET_DISCONNECTED"]
    await phone.context.set_offline(True)
    await phone.button("check.file_go").click()
    await expect(good).to_have_attribute("data-file-verdict", "note")
    await phone.context.set_offline(False)
    # One about somebody else is not taken for it.
    head, extra, rest = receipt.split("\n", 2)
    told = json.loads(base64.b64decode(extra.removeprefix("extra ")))
    told["openings"][0]["document"] = json.dumps({"person": "0" * 32}, separators=(",", ":"))
    written = json.dumps(told, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode()
    forged = f"{head}\nextra {base64.b64encode(written).decode()}\n{rest}"
    await phone.page.get_by_label(phone.say("check.paste")).fill(forged)
    await phone.button("check.file_go").click()
    await expect(good).to_have_attribute("data-file-verdict", "bad")
    await expect(good).to_contain_text(phone.say("check.bad_opening"))


async def test_an_emergency_is_loud(phones: Phones) -> None:
    phone = await phones()
    month = {"requested": 1, "approved": 1, "denied": 0, "unanswered": 0, "used": 2, "emergencies": 1}

    async def an_emergency(route: Route) -> None:
        at = await phone.page.evaluate("new Date(Date.now() - 600000).toISOString().slice(0, 16) + 'Z'")
        end = await phone.page.evaluate("new Date(Date.now() + 1200000).toISOString().slice(0, 16) + 'Z'")
        one = {"entry_index": 0, "at": at, "expires_at": end, "reason": "safety", "people": 1}
        await route.fulfill(
            json={
                "months": [month | {"month": at[:7], "reasons": {"safety": 1}, "classes": {"identity": 1}}],
                "emergencies": [one | {"classes": ["identity"]}],
                "emergency_now": True,
            }
        )

    await phone.context.route("**/api/v1/transparency/grants", an_emergency)
    await phone.open("/transparency")
    alarm = phone.page.get_by_role("alert")
    await expect(alarm).to_contain_text(phone.say("transparency.emergency", count=1))
    await expect(alarm).to_contain_text(
        f"{phone.say('data_class.identity')}, for 30 minutes, because of {phone.say('reason.safety')}"
    )
    # The picture says the same as a table, for those who read rather than look.
    chart = phone.page.locator("figure", has_text=phone.say("chart.grants"))
    await expect(chart.get_by_role("img")).to_have_attribute("aria-labelledby", re.compile(".+"))
    await chart.get_by_text(phone.say("chart.table")).click()
    await expect(chart.get_by_role("row").nth(1)).to_contain_text("1")
    await alarm.get_by_role("link").click()
    await expect(phone.page).to_have_url(f"{phone.url}{CHECK}?entry=0")
