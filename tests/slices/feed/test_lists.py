"""Public lists over HTTP: the same bytes for everyone, public clips only, in the ledger before anyone has them."""

import hashlib
import json
import struct
import uuid

import pytest
from tests.conftest import eventually
from tests.factories.clips import put_clip
from tests.slices.feed.test_feeds import event, feed_until

from reelm.feed.pipeline.model import SEED_BYTES
from reelm.feed.pipeline.policy import POLICY_BYTES
from reelm_audit.feed.layout import Mode, decode
from reelm_audit.feed.replay import check, check_next
from reelm_audit.feed.verdict import read_documents


@pytest.fixture(scope="module")
async def listed(client, admin, sign_up):
    """Clips that a list has, its name and its bytes."""
    author = await sign_up()
    for number in range(4):
        await put_clip(admin, author.id, f"listed {number}")

    async def there():
        answer = (await client.get("/api/v1/feeds/lists/current?language=en")).json()
        return answer if answer["epoch"] else None

    return await eventually(there, seconds=60)


def path_of(name):
    return f"/api/v1/feeds/lists/{name['language']}/{name['jurisdiction']}/{name['age_band']}/{name['epoch']}"


async def test_two_who_differ_in_everything_get_the_same_bytes(client, admin, sign_up, listed):
    ann, ben = await sign_up(), await sign_up()
    clips = await feed_until(ann, "/feeds/for-you", lambda found: len(found) > 3)
    told = [event(clip, kind) for clip in clips[:4] for kind in ("finish", "like")]
    assert (await ann.post("/events", {"events": told})).status_code == 202
    refused = [event(clip, "not_interested") for clip in clips[:4]]
    assert (await ben.post("/events", {"events": refused})).status_code == 202
    names = [(await each.get("/feeds/lists/current")).json() for each in (ann, ben)]
    assert names[0] == names[1]
    assert names[0]["age_band"] == "adult"
    path = path_of(names[0])
    answers = [await each.get(path.removeprefix("/api/v1")) for each in (ann, ben)] + [await client.get(path)]
    assert len({answer.content for answer in answers}) == 1
    assert len({answer.headers["cache-control"] for answer in answers}) == 1
    assert "immutable" in answers[0].headers["cache-control"]
    assert not any("set-cookie" in answer.headers for answer in answers)


async def test_who_gets_which_list(client, sign_up, listed):
    teen = await sign_up(birth_date="2010-01-01", language="fr", country="DE")
    name = (await teen.get("/feeds/lists/current")).json()
    assert (name["language"], name["jurisdiction"], name["age_band"]) == ("fr", "any", "16to17")
    stranger = (await client.get("/api/v1/feeds/lists/current?language=xx")).json()
    assert (stranger["language"], stranger["jurisdiction"], stranger["age_band"]) == ("en", "any", "under16")
    for bad in ("xx/any/adult/1", "en/any/adult/99999999999", "en/any/adult/0", "..%2F..%2Fx/any/adult/1"):
        assert (await client.get(f"/api/v1/feeds/lists/{bad}")).status_code == 404
    later = {**listed, "epoch": listed["epoch"] + 1}
    assert (await client.get(path_of(later))).status_code == 404


async def test_a_list_is_what_its_receipts_and_the_ledger_say(client, listed):
    body = (await client.get(path_of(listed))).content
    told = json.loads(body)
    receipts = (await client.get(path_of(listed) + "/receipts")).content
    parts = (listed["language"], listed["jurisdiction"], listed["age_band"], str(listed["epoch"]))
    seed = hashlib.sha256(b"reelm/list/v1\0" + "\0".join(parts).encode()).digest()
    assert told["seed"] == seed.hex()
    assert told["receipt"] == hashlib.sha256(receipts).hexdigest()
    model, policy = read_documents(SEED_BYTES, POLICY_BYTES)
    pages = []
    while receipts:
        (length,) = struct.unpack_from("<I", receipts)
        pages.append(decode(receipts[4 : 4 + length]))
        receipts = receipts[4 + length :]
    for before, after in zip([None, *pages], pages, strict=False):
        assert check(after, model, policy) == []
        assert after.mode == Mode.LIST
        assert after.time == listed["epoch"] * 600
        assert (after.visit, after.acts, after.tastes) == (seed[:16], (), ())
        if before is not None:
            assert check_next(before, after) == []
    assert [str(uuid.UUID(bytes=clip)) for page in pages for clip in page.clips] == told["ids"]
    assert 0 < len(told["ids"]) == len(set(told["ids"])) <= 500

    async def logged():
        lines = (await client.get("/api/v1/ledger/entries?kind=feed.lists&limit=50")).json()["items"]
        return [line["entry"] for line in lines if line["entry"]["epoch"] == listed["epoch"]]

    [entry] = await eventually(logged)
    document = (await client.get(f"/ledger/document/{entry['document']}.json")).content
    assert hashlib.sha256(document).hexdigest() == entry["document"]
    named = json.loads(document)
    assert (named["format"], named["epoch"]) == ("reelm-lists/1", listed["epoch"])
    mine = named["lists"]["/".join(parts[:3])]
    assert mine == {"list": hashlib.sha256(body).hexdigest(), "receipt": told["receipt"]}
    assert len(named["lists"]) == 3 * 3


async def test_a_list_has_public_clips_only(client, admin, listed):
    told = (await client.get(path_of(listed))).json()
    public = await admin.fetchval(
        "SELECT count(*) FROM clips WHERE id = ANY ($1::uuid[]) AND audience = 'everyone' AND status = 'ready' "
        "AND published_at IS NOT NULL",
        told["ids"],
    )
    since_gone = await admin.fetchval(
        "SELECT count(*) FROM unnest($1::uuid[]) AS listed (id) WHERE NOT EXISTS (SELECT 1 FROM clips "
        "WHERE clips.id = listed.id AND audience = 'everyone')",
        told["ids"],
    )
    assert public + since_gone == len(told["ids"])


async def test_cards_are_what_the_viewer_may_see_in_the_order_asked_for(client, admin, sign_up):
    author, viewer, other = await sign_up(), await sign_up(), await sign_up()
    clips = [await put_clip(admin, author.id, f"card {number}") for number in range(3)]
    hidden = [
        await put_clip(admin, author.id, audience="only_me"),
        await put_clip(admin, author.id, audience="followers"),
        await put_clip(admin, author.id, published=False),
        str(uuid.uuid4()),
    ]
    wanted = [clips[2], hidden[0], clips[0], hidden[1], hidden[2], clips[1], hidden[3]]

    async def cards(who):
        answer = await who.post(
            f"{'' if who is not client else '/api/v1'}/feeds/cards", json={"clip_ids": wanted}
        )
        assert answer.status_code == 200, answer.text
        return [item["id"] for item in answer.json()["items"]]

    async def known():
        return len(await cards(viewer)) == 3

    await eventually(known)
    assert await cards(viewer) == await cards(client) == [clips[2], clips[0], clips[1]]
    assert (await author.put(f"/people/{other.handle}/block")).status_code == 204
    assert await cards(other) == []
    too_many = await viewer.post("/feeds/cards", {"clip_ids": [str(uuid.uuid4()) for _ in range(21)]})
    assert too_many.status_code in {400, 422}
    for wrong in (["x"], "x", -1, None):
        assert (await viewer.post("/feeds/cards", {"clip_ids": wrong})).status_code == 422
    assert (await viewer.post("/feeds/cards", {"clip_ids": []})).json() == {"items": []}
