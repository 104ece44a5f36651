"""Boosts and demotions: declared in the ledger before they count, public, and none but those."""

import base64
import datetime as dt
import hashlib
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.conftest import Person, RunningRealm, eventually
from tests.factories.clips import put_clip
from tests.factories.served import Counter, receipts_counter
from tests.factories.staff import Member, make_operator, make_staff

from reelm.feed.adjustments.book import REASONS, AdjustmentsBook, UndeclaredError
from reelm.feed.adjustments.repository import MapRow
from reelm.kit.listen import Listener
from reelm.models.receipts import ADJUSTMENT_REASONS
from reelm_audit.feed import files, layout, maps
from reelm_audit.feed.evidence import check_page

WHY = "Shown to more people while the flood lasts."


@pytest.fixture(scope="module")
async def staff(realm: RunningRealm, admin: Any, sign_up: Any) -> Member:
    return await make_staff(realm, admin, sign_up)


@pytest.fixture
async def counter(realm: RunningRealm) -> AsyncIterator[Counter]:
    async with receipts_counter(realm) as made:
        yield made


@pytest.fixture
async def clip(admin: Any, sign_up: Any) -> str:
    author = await sign_up()
    return await put_clip(admin, author.id, "a clip somebody has a view on")


def asked(clip: str, points: int = 300, **changes: Any) -> dict[str, Any]:
    until = (dt.datetime.now(dt.UTC) + dt.timedelta(days=2)).isoformat()
    reason = "public_service" if points > 0 else "borderline"
    return {"clip_id": clip, "points": points, "reason": reason, "text": WHY, "until": until, **changes}


async def declare(staff: Member, clip: str, points: int = 300) -> dict[str, Any]:
    answer = await staff.person.post("/staff/adjustments", asked(clip, points))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def listed(client: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = (await client.get(f"/api/v1/feeds/adjustments?limit=50{cursor}")).json()
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"


def root_of(lines: list[dict[str, Any]]) -> str:
    """What an outsider makes of the public list."""
    values = {}
    for line in lines:
        words = hashlib.sha256(line["text"].encode()).digest()
        times = [int(dt.datetime.fromisoformat(line[name]).timestamp()) for name in ("from", "until")]
        kind = layout.BOOST if line["kind"] == "boost" else layout.DEMOTION
        reason = REASONS.index(line["reason"]) + 1
        entry = maps.Adjustment(kind, line["points"], reason, *times, words)
        values[maps.key_of(uuid.UUID(line["clip_id"]).bytes)] = entry.encode()
    return maps.MerkleMap(values).root.hex()


async def logged(client: Any) -> dict[str, Any]:
    items = (await client.get("/api/v1/ledger/entries?kind=ranking.adjusted&limit=1")).json()["items"]
    entry: dict[str, Any] = items[0]["entry"]
    return entry


def a_book(counter: Counter, realm: RunningRealm) -> AdjustmentsBook:
    listener = Listener(realm.settings.database, "reelm_catalog")
    return AdjustmentsBook(counter.database, counter.desk.adjustments._ledger, listener)


def test_the_numbers_of_reasons_are_those_of_the_table() -> None:
    assert REASONS == ADJUSTMENT_REASONS


async def test_a_boost_is_in_the_ledger_before_it_counts_and_public(
    client: Any, staff: Member, clip: str, counter: Counter, realm: RunningRealm
) -> None:
    made = await declare(staff, clip)
    assert made["entry_index"] is not None
    lines = await listed(client)
    assert [line["points"] for line in lines if line["clip_id"] == clip] == [300]
    entry = await logged(client)
    assert (entry["root"], entry["count"]) == (root_of(lines), len(lines))
    book = a_book(counter, realm)
    await book.load()
    assert book.root.hex() == entry["root"]
    found = book.find(uuid.UUID(clip), int(dt.datetime.now(dt.UTC).timestamp()))
    assert found is not None
    assert found.points == 300
    assert book.find(uuid.uuid4(), found.since) is None
    assert book.find(uuid.UUID(clip), found.until) is None


async def test_what_is_taken_back_counts_no_more(client: Any, staff: Member, clip: str) -> None:
    made = await declare(staff, clip, -500)
    before = await logged(client)
    gone = await staff.person.request("DELETE", f"/staff/adjustments/{made['id']}")
    assert gone.status_code == 204
    after = await logged(client)
    assert after["previous"] == before["root"]
    assert (after["root"], after["count"]) == (root_of(await listed(client)), before["count"] - 1)
    again = await staff.person.request("DELETE", f"/staff/adjustments/{made['id']}")
    assert again.status_code == 404


async def test_who_may_declare_and_what(
    client: Any, staff: Member, clip: str, sign_up: Any, admin: Any
) -> None:
    somebody: Person = await sign_up()
    operator = await make_operator(admin, await sign_up())
    assert (await client.post("/api/v1/staff/adjustments", json=asked(clip))).status_code == 401
    assert (await somebody.post("/staff/adjustments", asked(clip))).status_code == 404
    assert (await operator.person.post("/staff/adjustments", asked(clip))).status_code == 403
    for wrong in (
        {"points": 2001},
        {"points": 0},
        {"text": "too short"},
        {"reason": "because"},
        {"until": "2020-01-01T00:00:00Z"},
    ):
        answer = await staff.person.post("/staff/adjustments", {**asked(clip), **wrong})
        assert answer.status_code == 422, (wrong, answer.text)
    author = await sign_up()
    hidden = await put_clip(admin, author.id, audience="followers")
    assert (await staff.person.post("/staff/adjustments", asked(hidden))).status_code == 404
    await declare(staff, clip)
    assert (await staff.person.post("/staff/adjustments", asked(clip, -1))).status_code == 409


async def test_a_boost_put_into_the_database_is_never_loaded_and_is_seen_from_outside(
    client: Any, staff: Member, clip: str, admin: Any, sign_up: Any, counter: Counter, realm: RunningRealm
) -> None:
    await declare(staff, clip)
    book = a_book(counter, realm)
    await book.load()
    good = (book.root, dict(book.entries))
    author = await sign_up()
    favourite = uuid.UUID(await put_clip(admin, author.id))
    number = await admin.fetchval("SELECT max(number) FROM adjustment_maps")
    injected = uuid.uuid4()
    await admin.execute(
        "INSERT INTO adjustments (id, clip_id, kind, points, reason, words, from_at, until_at, staff, since) "
        "VALUES ($1, $2, 'boost', 2000, 'editorial', 'for a friend of the house', now(), now() + interval '1 day', "
        "'0000000000000000', $3)",
        *(injected, favourite, number),
    )
    try:
        with pytest.raises(UndeclaredError):
            await book.load()
        assert (book.root, book.entries) == good
        fresh = a_book(counter, realm)
        with pytest.raises(UndeclaredError):
            await fresh.load()
        assert (fresh.root, fresh.entries) == (layout.ZERO, {})
        assert root_of(await listed(client)) != (await logged(client))["root"], "an outsider sees it"
        # With a map row of its own, pointing at an entry of something else, it is no better.
        ref = await admin.fetchval("SELECT ref FROM ledger_entries WHERE kind = 'charter.adopted' LIMIT 1")
        rows = await admin.fetch("SELECT * FROM adjustments WHERE ended IS NULL")
        values = {}
        for row in rows:
            words = hashlib.sha256(row["words"].encode()).digest()
            kind, reason = 1 if row["kind"] == "boost" else 2, REASONS.index(row["reason"]) + 1
            times = int(row["from_at"].timestamp()), int(row["until_at"].timestamp())
            entry = maps.Adjustment(kind, row["points"], reason, *times, words)
            values[maps.key_of(row["clip_id"].bytes)] = entry.encode()
        tampered = MapRow(number + 1, maps.MerkleMap(values).root, len(rows), ref)
        await admin.execute(
            "INSERT INTO adjustment_maps (number, root, count, ref) VALUES ($1, $2, $3, $4)",
            *(tampered.number, tampered.root, tampered.count, tampered.ref),
        )
        with pytest.raises(UndeclaredError):
            await a_book(counter, realm).load()
        # And a page that was made with it all the same is found by whoever checks it.
        anna = await sign_up()
        adjusted = (layout.Adjusted(0, 1, 2000, 1),)
        page = await counter.serve(anna, adjustments=tampered.root, adjusted=adjusted)
        await counter.desk._indexer.bring()
        answer = await anna.get(f"/feeds/receipts/{page.promise['id']}/file")
        file = files.parse(answer.content)
        codes = {each.code for each in check_page(files.evidence(file, now=None), page.receipt)}
        assert codes & {"feed.adjustments-unlogged", "feed.adjustment-undeclared"}
    finally:
        await admin.execute("DELETE FROM adjustments WHERE id = $1", injected)
        await admin.execute("DELETE FROM adjustment_maps WHERE number = $1", number + 1)
    await a_book(counter, realm).load()


async def test_a_page_carries_what_is_declared_of_its_own_clips(
    staff: Member, sign_up: Any, admin: Any, client: Any
) -> None:
    author, viewer = await sign_up(), await sign_up()
    clips = [await put_clip(admin, author.id, f"clip number {number}") for number in range(3)]
    await declare(staff, clips[0], -700)
    seen: dict[str, Any] = {}

    async def served_with_it() -> bool:
        answer = await viewer.get("/feeds/for-you?limit=50")
        assert answer.status_code == 200, answer.text
        promise = answer.json()["receipt"]
        if promise is None:
            return False
        one = await viewer.get(f"/feeds/receipts/{promise['id']}?adjustments=true")
        if one.status_code != 200:
            return False
        seen.update(one.json())
        receipt = layout.decode(base64.b64decode(seen["body"]))
        return any(each.points == -700 for each in receipt.adjusted)

    await eventually(served_with_it)
    receipt = layout.decode(base64.b64decode(seen["body"]))
    assert receipt.adjustments.hex() == (await logged(client))["root"]
    declared = files.adjustments_from(seen["adjustments"])
    told = {each.clip.hex(): each.value for each in declared.shown}
    assert told[uuid.UUID(clips[0]).hex] is not None
    for each in declared.shown:
        stands = maps.verify(each.proof, maps.key_of(each.clip), receipt.adjustments)
        assert (stands is None) == (each.value is None)
    assert any(value is None for value in told.values()), "absence is shown, too"
    file = files.parse((await viewer.get(f"/feeds/receipts/{seen['id']}/file")).content)
    problems = check_page(files.evidence(file, now=None), receipt)
    assert [each for each in problems if "adjust" in each.code] == []
