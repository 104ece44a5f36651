"""Clips of somebody who is gone are named in nobody's list of what they were shown, and pages can still be checked."""

import uuid
from typing import Any

import asyncpg
from tests.conftest import PASSWORD, Person, RunningRealm, eventually
from tests.factories.clips import put_clip

from reelm_audit.feed import files, layout, promises


async def is_over(admin: Any, person: Person) -> None:
    """Wait for the end of a person's erasure."""

    async def done() -> bool:
        return not await admin.fetchval(
            "SELECT count(*) FROM erasures WHERE person_id = $1::text::uuid", person.id
        )

    await eventually(done, seconds=60)


async def test_a_page_that_was_shown_keeps_the_place_and_can_be_checked(admin: Any, sign_up: Any) -> None:
    person, reader = await sign_up(), await sign_up()
    tag = f"t{uuid.uuid4().hex[:8]}"
    clip = await put_clip(admin, person.id, f"#{tag}")
    wish = {"kind": "tag", "value": tag, "wish": 2}
    assert (await reader.put("/me/feed/wishes", wish)).status_code == 204

    async def with_it() -> Any:
        page = (await reader.get("/feeds/for-you?limit=20")).json()
        return page if clip in [item["id"] for item in page["items"]] else None

    page = await eventually(with_it)
    shown, receipt = [item["id"] for item in page["items"]], page["receipt"]["id"]

    async def listed() -> Any:
        lines = (await reader.get("/feeds/receipts?limit=50")).json()["items"]
        return next((line["items"] for line in lines if line["id"] == receipt), None)

    assert await eventually(listed) == shown
    answer = await person.post("/me/erasure", {"handle": person.handle, "password": PASSWORD})
    assert answer.status_code == 202, answer.text
    await is_over(admin, person)
    assert await listed() == [None if each == clip else each for each in shown]
    one = await reader.get(f"/feeds/receipts/{receipt}")
    assert one.json()["items"] == shown, "the reader's own sealed receipt says what it said"
    kept = files.parse((await reader.get(f"/feeds/receipts/{receipt}/file")).content)
    assert [str(uuid.UUID(bytes=each)) for each in kept.shown] == shown
    leaf = promises.leaf_of(kept.key, kept.shown, layout.digest_of(kept.receipt))
    assert leaf.hex() == page["receipt"]["leaf"]


async def test_a_row_that_was_being_added_is_waited_for(
    realm: RunningRealm, admin: Any, sign_up: Any
) -> None:
    """A page served just before: whoever adds its row still sees the clip; whoever comes later names it no more."""
    person, reader = await sign_up(), await sign_up()
    clip = await put_clip(admin, person.id)

    async def add(connection: Any) -> uuid.UUID:
        receipt = uuid.uuid4()
        await connection.execute(
            "SELECT reelm.keep_receipts(ARRAY[$1::uuid], ARRAY[$2::uuid], ARRAY[now()], ARRAY[$3::bytea], "
            "ARRAY['0/0000-x'], ARRAY[0], ARRAY[0], ARRAY[format('{%s}', $4::text)], ARRAY['{0}'])",
            uuid.UUID(reader.id),
            receipt,
            receipt.bytes * 2,
            clip,
        )
        return receipt

    async def clips_of(receipt: uuid.UUID) -> Any:
        return await admin.fetchval("SELECT clips FROM receipts WHERE id = $1", receipt)

    web = await asyncpg.connect(**realm.settings.database.connection("reelm_web"))
    adding = web.transaction()
    await adding.start()
    early = await add(web)
    answer = await person.post("/me/erasure", {"handle": person.handle, "password": PASSWORD})
    assert answer.status_code == 202, answer.text

    async def is_gone() -> bool:
        return not await admin.fetchval("SELECT count(*) FROM clips WHERE id = $1::text::uuid", clip)

    await eventually(is_gone, seconds=60)
    assert (
        await admin.fetchval("SELECT count(*) FROM erasures WHERE person_id = $1::text::uuid", person.id) == 1
    )
    await adding.commit()
    await web.close()
    assert await clips_of(await add(admin)) == [None]

    await is_over(admin, person)
    assert await clips_of(early) == [None]
