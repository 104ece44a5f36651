"""Receipts: kept while a page is answered, in the ledger within 20 seconds, readable by their viewer alone."""

import asyncio
import base64
import datetime as dt
import os
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.conftest import Person, RunningRealm, eventually
from tests.factories.served import Counter, Served, receipts_counter

from reelm.entrypoints.receipts import look_at
from reelm.feed.receipts.batchfiles import batch_path
from reelm.feed.receipts.segments import OPEN, orphans
from reelm_audit.feed import files, layout, promises
from reelm_audit.feed.evidence import check_page
from reelm_audit.tlog.note import Verifier


@pytest.fixture
async def counter(realm: RunningRealm) -> AsyncIterator[Counter]:
    async with receipts_counter(realm) as made:
        yield made


async def proved(person: Person, receipt_id: str) -> dict[str, Any]:
    async def look() -> Any:
        answer = await person.get(f"/feeds/receipts/{receipt_id}")
        return answer.json() if answer.status_code == 200 and answer.json()["proof"] else None

    found: dict[str, Any] = await eventually(look)
    return found


async def root_of(client: Any, index: int) -> dict[str, Any]:
    answer = await client.get(f"/api/v1/ledger/entries/{index}")
    entry: dict[str, Any] = answer.json()["entry"]
    return entry


def leaf_of(key: bytes, page: Served) -> bytes:
    return promises.leaf_of(key, page.receipt.clips, layout.digest_of(page.data))


async def test_a_page_is_promised_and_the_promise_is_kept(
    client: Any, sign_up: Any, counter: Counter
) -> None:
    anna = await sign_up()
    page = await counter.serve(anna)
    key = bytes.fromhex((await anna.get("/feeds/receipt-key")).json()["key"])
    assert page.promise["leaf"] == leaf_of(key, page).hex()
    assert page.promise["include_by"] == page.promise["at"] + 20
    await counter.desk._indexer.bring()
    listed = (await anna.get("/feeds/receipts")).json()["items"]
    # There are no such clips in the realm: each keeps its place, and the receipt its name.
    assert [(line["id"], line["items"]) for line in listed] == [
        (page.promise["id"], [None for _ in page.clips])
    ]
    one = await proved(anna, page.promise["id"])
    assert one["items"] == [str(clip) for clip in page.clips]
    assert base64.b64decode(one["body"]) == page.data
    assert (one["model"], one["policy"]) == (page.receipt.model.hex(), page.receipt.policy.hex())
    entry = await root_of(client, one["proof"]["entry_index"])
    assert entry["batch"] == one["proof"]["batch"]
    assert entry["batch"] * 10 <= page.promise["include_by"]
    proof = promises.inclusion_from(one["proof"])
    proof.verify(bytes.fromhex(page.promise["leaf"]), bytes.fromhex(entry["root"]))
    with pytest.raises(promises.PromiseError):
        proof.verify(os.urandom(32), bytes.fromhex(entry["root"]))
    assert (await anna.get("/feeds/receipts")).json()["items"][0]["included"]


async def test_the_file_of_a_page_holds_all_that_an_auditor_asks_for(sign_up: Any, counter: Counter) -> None:
    await counter.desk._promiser._publish(counter.desk._promiser._key)
    anna = await sign_up()
    page = await counter.serve(anna)
    await counter.desk._indexer.bring()
    await proved(anna, page.promise["id"])

    async def whole() -> Any:
        answer = await anna.get(f"/feeds/receipts/{page.promise['id']}/file")
        assert answer.status_code == 200, answer.text
        file = files.parse(answer.content)
        return file if file.entry else None

    file = await eventually(whole)
    evidence = files.evidence(file, now=None)
    assert evidence.batch is not None
    assert evidence.promise_key is not None
    assert check_page(evidence, layout.decode(file.receipt)) == []


async def test_whose_promises_count_is_public_and_named_in_the_ledger(client: Any, counter: Counter) -> None:
    await counter.desk._promiser._publish(counter.desk._promiser._key)

    async def known() -> Any:
        return (await client.get("/api/v1/feeds/promise-keys")).json()

    said = await known()
    by = Verifier.from_vkey(said["vkey"])
    named = (await client.get("/api/v1/ledger/entries?kind=promise.key")).json()["items"]
    assert named[0]["entry"]["vkey"] == said["vkey"]
    for line in said["items"]:
        key = promises.open_certificate(line["certificate"], by)
        assert key.key.hex() == line["key"]
        assert dt.datetime.fromisoformat(line["from"]).timestamp() == key.since
    assert counter.desk._promiser.public_key.hex() in {line["key"] for line in said["items"]}
    assert len(said["items"]) >= 2, "the realm's own web process has one, too"


async def test_the_batches_are_a_chain_at_fixed_times(client: Any, admin: Any) -> None:
    rows = await admin.fetch("SELECT batch, root, chain FROM receipt_batches ORDER BY batch")
    assert rows
    items = (await client.get("/api/v1/ledger/entries?kind=feed.receipts&limit=50")).json()["items"]
    said = {line["entry"]["batch"]: line["entry"] for line in items}
    chain = promises.FIRST_PREVIOUS if len(rows) <= len(items) else None
    for row in rows:
        entry = said.get(row["batch"])
        if entry is None:
            chain = row["chain"]
            continue
        assert entry["root"] == row["root"].hex()
        if chain is not None:
            assert entry["previous"] == chain.hex()
            assert row["chain"] == promises.batch_hash(row["batch"], chain, row["root"])
        chain = row["chain"]


async def test_somebody_elses_receipt_is_not_there(sign_up: Any, client: Any, counter: Counter) -> None:
    anna, mallory = await sign_up(), await sign_up()
    page = await counter.serve(anna)
    await counter.desk._indexer.bring()
    for tail in ("", "/file"):
        answer = await mallory.get(f"/feeds/receipts/{page.promise['id']}{tail}")
        assert answer.status_code == 404
        answer = await client.get(f"/api/v1/feeds/receipts/{page.promise['id']}{tail}")
        assert answer.status_code == 401
    assert (await mallory.get("/feeds/receipts")).json()["items"] == []
    mine = (await anna.get("/feeds/receipt-key")).json()["key"]
    theirs = (await mallory.get("/feeds/receipt-key")).json()["key"]
    assert mine != theirs
    assert (await client.get("/api/v1/feeds/receipt-key")).status_code == 401
    assert (await mallory.get("/feeds/receipts/no-such")).status_code == 404


async def test_a_receipt_whose_record_is_gone_says_so(sign_up: Any, counter: Counter) -> None:
    anna = await sign_up()
    page = await counter.serve(anna)
    await counter.desk._indexer.bring()
    path = next(counter.folder.glob(f"segments/*/*{OPEN}"))
    for each in counter.folder.glob(f"segments/*/*-{counter.desk.keeper._process}{OPEN}"):
        path = each
    body = bytearray(path.read_bytes())
    body[-1] ^= 1
    path.write_bytes(bytes(body))
    answer = await anna.get(f"/feeds/receipts/{page.promise['id']}")
    assert (answer.status_code, answer.json()["code"]) == (410, "feed.receipt_gone")


async def test_what_a_dead_process_promised_is_kept_by_another(
    realm: RunningRealm, sign_up: Any, admin: Any
) -> None:
    """The desk goes without bringing its rows: the realm's own web process finds the file, once nobody holds it."""
    anna = await sign_up()
    async with receipts_counter(realm) as dying:
        page = await dying.serve(anna)
        # What a kill does: the file's lock falls, nothing else happens.
        for segment in dying.desk.keeper.segments.values():
            os.close(segment._file)
            segment._file = -1
        dying.desk.keeper.segments.clear()
        dying.desk.keeper.waiting.clear()
    one = await proved(anna, page.promise["id"])
    assert one["proof"]["batch"] * 10 <= page.promise["include_by"]
    assert not list(orphans(realm.settings.feed / "receipts" / "segments"))
    count = "SELECT count(*) FROM receipts WHERE person_id = $1"
    assert await admin.fetchval(count, uuid.UUID(anna.id)) == 1


async def test_receipts_end_with_the_session_and_the_person(
    sign_up: Any, counter: Counter, admin: Any
) -> None:
    anna = await sign_up()
    visitor = await counter.visitor(anna)
    page = await counter.serve(anna)
    assert counter.keys.known_receipt_key(visitor.session_id)
    await counter.desk._indexer.bring()
    assert (await anna.request("DELETE", "/sessions/current")).status_code == 204

    async def forgotten() -> bool:
        return counter.keys.known_receipt_key(visitor.session_id) is None

    await eventually(forgotten)
    assert (await anna.get(f"/feeds/receipts/{page.promise['id']}")).status_code == 401


async def test_the_command_says_how_receipts_stand(
    realm: RunningRealm, sign_up: Any, counter: Counter
) -> None:
    anna = await sign_up()
    page = await counter.serve(anna)
    await counter.desk._indexer.bring()
    one = await proved(anna, page.promise["id"])
    found = await asyncio.to_thread(look_at, realm.settings)
    assert found.problems == []
    assert found.last_batch is not None
    assert found.last_batch >= one["proof"]["batch"]
    assert found.batches_checked >= 1
    file = batch_path(counter.folder / "batches", one["proof"]["batch"])
    whole = file.read_bytes()
    try:
        file.write_bytes(whole[:-1])
        broken = await asyncio.to_thread(look_at, realm.settings)
        assert [each for each in broken.problems if file.name in each]
    finally:
        file.write_bytes(whole)
