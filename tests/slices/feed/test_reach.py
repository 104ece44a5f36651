"""What an author is told of a clip's reach, and what nobody is told."""

import datetime as dt
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.conftest import Person, RunningRealm
from tests.factories.clips import put_clip
from tests.factories.served import Counter, receipts_counter

from reelm.feed.reach.service import told


@pytest.fixture
async def counter(realm: RunningRealm) -> AsyncIterator[Counter]:
    async with receipts_counter(realm) as made:
        yield made


async def watched(person: Person, clip: str, source: str = "") -> None:
    event = {
        "id": str(uuid.uuid4()),
        "clip_id": clip,
        "kind": "impression",
        "at": dt.datetime.now(dt.UTC).isoformat(),
        "source": source,
    }
    answer = await person.post("/events", {"events": [event]})
    assert answer.status_code == 202, answer.text


async def reach_of(person: Person, clip: str) -> dict[str, Any]:
    answer = await person.get(f"/clips/{clip}/reach")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_small_counts_are_not_told() -> None:
    assert [told(count) for count in (0, 1, 4, 5, 9)] == [
        (0, False),
        (5, True),
        (5, True),
        (5, False),
        (9, False),
    ]


async def test_what_brought_a_clip_is_what_the_page_says_and_not_the_client(
    sign_up: Any, admin: Any, counter: Counter
) -> None:
    author, viewer = await sign_up(), await sign_up()
    clip = await put_clip(admin, author.id)
    page = await counter.serve(viewer)
    await counter.desk._indexer.bring()
    # The page's first clip becomes this one, and its source "trending".
    await admin.execute(
        "UPDATE receipts SET clips[1] = $2, sources[1] = 6 WHERE id = $1",
        *(uuid.UUID(page.promise["id"]), uuid.UUID(clip)),
    )
    for claimed in ("boost", "search", "fresh", "whatever I like", ""):
        await watched(viewer, clip, claimed)
    stored = await admin.fetch("SELECT source FROM watch_events WHERE clip_id = $1", uuid.UUID(clip))
    assert {row["source"] for row in stored} == {"trending"}
    # Somebody without such a page came another way; that they were shown it by For You is not theirs to say.
    other = await sign_up()
    for claimed in ("profile", "boost", "item"):
        await watched(other, clip, claimed)
    told_of = await reach_of(author, clip)
    assert told_of["impressions"] == 8
    assert {line["source"]: (line["count"], line["few"]) for line in told_of["by_source"]} == {
        "trending": (5, False),
        "profile": (5, True),
        "other": (5, True),
    }
    assert [(line["count"], line["few"]) for line in told_of["days"]] == [(8, False)]
    assert told_of["guaranteed"] == {"of": 200, "done": 8}
    assert told_of["limits"] == []


async def test_sources_follow_from_the_receipt(sign_up: Any, admin: Any, counter: Counter) -> None:
    viewer = await sign_up()
    page = await counter.serve(viewer, seed=4)
    await counter.desk._indexer.bring()
    row = await admin.fetchrow(
        "SELECT clips, sources FROM receipts WHERE id = $1", uuid.UUID(page.promise["id"])
    )
    bits = [page.receipt.scored[each.index].sources for each in page.receipt.chosen]
    assert row["sources"] == [(each & -each).bit_length() - 1 for each in bits]
    assert row["clips"] == [None for _ in page.clips], "of clips that are not there only the place is kept"


async def test_reach_is_the_authors_alone(sign_up: Any, admin: Any, client: Any) -> None:
    author, somebody = await sign_up(), await sign_up()
    clip = await put_clip(admin, author.id)
    hidden = await put_clip(admin, author.id, audience="only_me")
    assert (await client.get(f"/api/v1/clips/{clip}/reach")).status_code == 401
    assert (await somebody.get(f"/clips/{clip}/reach")).status_code == 404
    assert (await somebody.get(f"/clips/{hidden}/reach")).status_code == 404
    limits = (await reach_of(author, hidden))["limits"]
    assert [(each["reason"], each["text"]) for each in limits] == [("visibility", "only_me")]


async def test_a_shell_of_the_web_process_reads_no_reach_but_its_tickets_own(
    sign_up: Any, admin: Any, web_role: Any
) -> None:
    author, viewer = await sign_up(), await sign_up()
    clip = await put_clip(admin, author.id)
    await watched(viewer, clip, "profile")
    assert await admin.fetchval("SELECT count(*) FROM clip_reach WHERE clip_id = $1", uuid.UUID(clip)) == 1
    assert await web_role.fetchval("SELECT count(*) FROM clip_reach") == 0
