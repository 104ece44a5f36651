"""For You over HTTP: what moves a page, what never comes, and that the auditor makes the same page of the receipt."""

import asyncio
import base64
import hashlib
import secrets
import uuid

import pytest
from tests.conftest import eventually
from tests.factories.clips import put_clip
from tests.slices.feed.test_feeds import event, feed_until, ids

from reelm.feed.pipeline.policy import POLICY_BYTES
from reelm_audit.feed import choosing, layout, ranker, replay

FOR_YOU = "/feeds/for-you"


async def put_kind(admin, sign_up, kind, count):
    return [await put_clip(admin, (await sign_up()).id, f"#{kind}") for _ in range(count)]


async def known(person, clips):
    async def there():
        return set(clips) <= set(
            await feed_until(person, "/feeds/local", lambda found: set(clips) <= set(found))
        )

    assert await eventually(there)


async def receipt_of(person, answer):
    promise = answer.json()["receipt"]

    async def found():
        kept = await person.get(f"/feeds/receipts/{promise['id']}")
        return kept.json() if kept.status_code == 200 else None

    view = await eventually(found)
    body = base64.b64decode(view["body"])
    assert hashlib.sha256(body).hexdigest() == promise["digest"]
    return layout.decode(body), view


async def the_rules(client, view):
    """The model and the policy that a receipt names, from where anybody gets them if the ledger has them."""
    policy = choosing.parse_policy(POLICY_BYTES)
    assert view["policy"] == policy.digest.hex()
    answer = await client.get(f"/ledger/document/{view['model']}.json")
    if answer.status_code == 200:
        return ranker.parse(answer.content), policy
    from reelm.feed.pipeline.model import SEED_BYTES

    return ranker.parse(SEED_BYTES), policy


async def test_every_page_of_a_visit_replays_from_its_receipt(client, admin, sign_up):
    viewer = await sign_up()
    clips = await put_kind(admin, sign_up, "k" + secrets.token_hex(4), 12)
    await known(viewer, clips)
    await viewer.post("/events", {"events": [event(clips[0], "finish"), event(clips[1], "like")]})
    cursor, served, position = "", layout.ZERO, 0
    for _ in range(3):
        answer = await viewer.get(f"{FOR_YOU}?limit=4{cursor}")
        page = [uuid.UUID(clip).bytes for clip in ids(answer)]
        receipt, view = await receipt_of(viewer, answer)
        assert list(receipt.clips) == page
        assert (receipt.position, receipt.served) == (position, served)
        assert replay.check(receipt, *(await the_rules(client, view))) == []
        served, position = layout.served_after(served, page), position + len(page)
        cursor = f"&cursor={answer.json()['next_cursor']}"


async def test_the_page_after_three_finishes_is_another_without_waiting(admin, sign_up):
    kind = "k" + secrets.token_hex(4)
    clips = await put_kind(admin, sign_up, kind, 7)
    viewer = await sign_up()
    await known(viewer, clips)
    first = await viewer.get(f"{FOR_YOU}?limit=10")
    before, _ = await receipt_of(viewer, first)
    await viewer.post("/events", {"events": [event(clip, "finish") for clip in clips[:3]]})
    after, _ = await receipt_of(viewer, await viewer.get(f"{FOR_YOU}?limit=10"))
    taste = layout.FEATURES.index("taste_tags")
    assert len(after.acts) == len(before.acts) + 3
    assert all(each.features[taste] == 0 for each in before.scored)
    liked = [each for each in after.scored if each.features[taste] > 0]
    assert len(liked) >= 4


async def test_what_another_process_took_in_is_in_the_next_page(admin, sign_up):
    """What was stored without a word to the web processes moves a page within seconds, however far back it lies."""
    clips = await put_kind(admin, sign_up, "k" + secrets.token_hex(4), 4)
    viewer = await sign_up()
    await known(viewer, clips)
    before, _ = await receipt_of(viewer, await viewer.get(FOR_YOU))
    await admin.execute(
        "INSERT INTO watch_events (person_id, at, id, clip_id, kind) VALUES ($1, now(), $2, $3, 'like')",
        uuid.UUID(viewer.id),
        uuid.uuid4(),
        uuid.UUID(clips[0]),
    )

    async def looked_again():
        receipt, _ = await receipt_of(viewer, await viewer.get(FOR_YOU))
        return len(receipt.acts) == len(before.acts) + 1

    assert await eventually(looked_again, seconds=15)
    # What a device sends hours later lies further back than a page looks: it is told by notification.
    await admin.execute(
        "INSERT INTO watch_events (person_id, at, id, clip_id, kind) "
        "VALUES ($1, now() - interval '5 hours', $2, $3, 'like')",
        uuid.UUID(viewer.id),
        uuid.uuid4(),
        uuid.UUID(clips[1]),
    )
    await admin.execute("SELECT pg_notify('viewers', $1)", viewer.id)

    async def reread():
        receipt, _ = await receipt_of(viewer, await viewer.get(FOR_YOU))
        return len(receipt.acts) == len(before.acts) + 2

    assert await eventually(reread)


async def test_a_block_is_in_the_next_page_and_leaves_no_trace_in_the_receipt(admin, sign_up):
    author, viewer = await sign_up(), await sign_up()
    clip = await put_clip(admin, author.id)
    await known(viewer, [clip])
    await viewer.get(FOR_YOU)
    await author.put(f"/people/{viewer.handle}/block")
    answer = await viewer.get(f"{FOR_YOU}?limit=50")
    receipt, _ = await receipt_of(viewer, answer)
    assert clip not in ids(answer)
    assert uuid.UUID(clip).bytes not in layout.encode(receipt)
    assert len(receipt.commitments) in {8, 16, 32}


async def test_what_row_level_security_alone_hides_is_left_out_and_the_page_stays_whole(admin, sign_up):
    """The block is in the database, and this process was not told: the last check finds it."""
    author, viewer = await sign_up(), await sign_up()
    clip = await put_clip(admin, author.id)
    others = await put_kind(admin, sign_up, "k" + secrets.token_hex(4), 6)
    await known(viewer, [clip, *others])
    await viewer.get(FOR_YOU)
    await admin.execute(
        "INSERT INTO blocks (person_id, blocked_id) VALUES ($1, $2)",
        uuid.UUID(author.id),
        uuid.UUID(viewer.id),
    )
    answer = await viewer.get(f"{FOR_YOU}?limit=5")
    receipt, _ = await receipt_of(viewer, answer)
    assert clip not in ids(answer)
    assert len(ids(answer)) == len(receipt.chosen) == 5


async def test_never_more_of_a_tag_is_never(admin, sign_up):
    kind = "k" + secrets.token_hex(4)
    clips = await put_kind(admin, sign_up, kind, 3)
    viewer = await sign_up()
    await known(viewer, clips)
    wish = await viewer.put("/me/feed/wishes", {"kind": "tag", "value": kind, "wish": -2})
    assert wish.status_code < 300, wish.text
    assert not set(clips) & set(await feed_until(viewer, FOR_YOU, lambda found: len(found) > 150))


async def test_filtered_words_keep_a_clip_out(admin, sign_up):
    word = "w" + secrets.token_hex(5)
    author, viewer = await sign_up(), await sign_up()
    clip = await put_clip(admin, author.id, f"here is {word} again")
    await known(viewer, [clip])
    assert (await viewer.put("/me/feed/words", {"words": [word]})).status_code < 300
    assert clip not in await feed_until(viewer, FOR_YOU, lambda found: len(found) > 150)


async def test_without_profiling_there_are_public_lists_instead(admin, sign_up):
    viewer = await sign_up()
    clips = await put_kind(admin, sign_up, "k" + secrets.token_hex(4), 3)
    await known(viewer, clips)
    await viewer.post("/events", {"events": [event(clips[0], "like")]})
    assert (await viewer.patch("/me/feed", {"profiling": False})).status_code < 300
    refused = await viewer.get(FOR_YOU)
    assert (refused.status_code, refused.json()["code"]) == (409, "feed.without_profiling")
    assert (await viewer.patch("/me/feed", {"profiling": True})).status_code < 300
    receipt, _ = await receipt_of(viewer, await viewer.get(FOR_YOU))
    assert len(receipt.acts) == 1


async def test_what_was_watched_while_learning_was_paused_moves_nothing(admin, sign_up):
    viewer = await sign_up()
    clips = await put_kind(admin, sign_up, "k" + secrets.token_hex(4), 3)
    await known(viewer, clips)
    await viewer.patch("/me/feed", {"learning": False})
    await viewer.post("/events", {"events": [event(clips[0], "like")]})
    answer = await viewer.get(f"{FOR_YOU}?limit=50")
    receipt, _ = await receipt_of(viewer, answer)
    assert receipt.acts == ()
    await viewer.patch("/me/feed", {"learning": True})
    receipt, _ = await receipt_of(viewer, await viewer.get(FOR_YOU))
    assert receipt.acts == ()


async def test_nobody_in_particular_has_pages_without_receipts(client):
    answer = await client.get(f"/api/v1{FOR_YOU}")
    assert answer.status_code == 200
    assert answer.json()["receipt"] is None


async def test_after_everything_the_longest_ago_comes_round(admin, sign_up):
    viewer = await sign_up()
    clips = await put_kind(admin, sign_up, "k" + secrets.token_hex(4), 2)
    await known(viewer, clips)
    everything = await feed_until(viewer, "/feeds/local", lambda found: False)
    for start in range(0, len(everything), 90):
        await viewer.post("/events", {"events": [event(clip) for clip in everything[start : start + 90]]})
    answer = await viewer.get(f"{FOR_YOU}?limit=3")
    receipt, _ = await receipt_of(viewer, answer)
    assert len(ids(answer)) == 3
    again = {each.row for each in receipt.scored if each.sources == layout.Source.AGAIN}
    assert {receipt.scored[each.index].row for each in receipt.chosen} & again


@pytest.mark.parametrize(
    "query",
    ["", "?limit=7", "?limit=50", "?limit=0", "?limit=51", "?limit=x", "?cursor=bad", "?limit=3&x=1", "?&"],
)
@pytest.mark.parametrize("who", ["signed in", "cookie", "nobody", "bad token", "bad cookie", "no bearer"])
async def test_the_short_way_answers_as_the_long_one(client, sign_up, query, who):
    """A query that the short way does not know (`_=1`) takes the long one; both say the same."""
    viewer = await sign_up()
    token = viewer.headers["authorization"].removeprefix("Bearer ")
    headers = {
        "signed in": {"authorization": f"Bearer {token}"},
        "cookie": {"cookie": f"a=b; reelm_session={token}"},
        "bad token": {"authorization": "Bearer nothing"},
        "bad cookie": {"cookie": "reelm_session=nothing"},
        "no bearer": {"authorization": "Basic eDp5"},
        "nobody": {},
    }[who]
    client.cookies.clear()
    address = f"/api/v1{FOR_YOU}{query}"
    short = await client.get(address, headers=headers)
    long = await client.get(f"{address}{'&' if '?' in query else '?'}_=1", headers=headers)
    assert short.status_code == long.status_code
    assert short.headers["content-type"] == long.headers["content-type"]
    assert short.headers["cache-control"] == long.headers["cache-control"]
    said, wanted = short.json(), long.json()
    assert said.keys() == wanted.keys()
    assert said.get("code") == wanted.get("code")
    if short.status_code == 200:
        assert len(said["items"]) == len(wanted["items"])
        assert (said["receipt"] is None) == (wanted["receipt"] is None)


async def test_pages_asked_for_at_once_are_all_whole(admin, sign_up):
    viewer = await sign_up()
    clips = await put_kind(admin, sign_up, "k" + secrets.token_hex(4), 5)
    await known(viewer, clips)
    answers = await asyncio.gather(*(viewer.get(f"{FOR_YOU}?limit=5") for _ in range(12)))
    assert all(len(ids(answer)) == 5 for answer in answers)
    assert len({answer.json()["receipt"]["leaf"] for answer in answers}) == 12
