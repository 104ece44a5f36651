"""What a realm learns from what is watched: neighbours made by enough people, by nobody who did not want it."""

import asyncio
import base64
import datetime as dt
import functools
import uuid

import pytest
from tests.conftest import eventually
from tests.factories.clips import put_clip
from tests.factories.watching import put_events, put_people, put_settings

from reelm.entrypoints import model
from reelm.feed.catalog import Catalog
from reelm.feed.learning.matrices import Matrices, MatricesError
from reelm.feed.learning.rule import CONTRIBUTORS_MIN
from reelm_audit.feed import layout


def ago(seconds: float) -> dt.datetime:
    return dt.datetime.now(dt.UTC) - dt.timedelta(seconds=seconds)


def both(people, clips, *, kind="finish", seconds=60.0):
    """Each of the people liked these clips, one after the other."""
    return [
        (person, clip, kind, ago(seconds - place)) for person in people for place, clip in enumerate(clips)
    ]


class Learned:
    """The matrices in force, asked by clip."""

    def __init__(self, realm) -> None:
        self.catalog = Catalog(realm.settings.feed / "catalog")
        self.catalog.begin()
        self.matrices = Matrices.open(realm.settings.feed / "matrices", self.catalog.generation)

    def weight(self, kind, clip, other) -> int:
        row, wanted = (self.catalog.row(uuid.UUID(each)) for each in (clip, other))
        neighbours, weights = self.matrices.neighbours(kind, row)
        return dict(zip(neighbours.tolist(), weights.tolist(), strict=True)).get(wanted, 0)


@pytest.fixture
async def learn(realm):
    async def do(act="minutes"):
        (done,) = await asyncio.to_thread(functools.partial(model.learn, realm.settings, [act]))
        return done, Learned(realm)

    return do


@pytest.fixture
async def clips(realm, admin, sign_up):
    """Four clips of one author, in the catalog."""
    author = await sign_up()
    made = [await put_clip(admin, author.id, f"number {place}") for place in range(4)]

    async def arrived():
        catalog = Catalog(realm.settings.feed / "catalog")
        catalog.begin()
        return all(catalog.row(uuid.UUID(clip)) >= 0 for clip in made)

    assert await eventually(arrived)
    return made


async def test_twenty_people_make_a_pair_and_nineteen_do_not(admin, clips, learn):
    first, second, third, fourth = clips
    people = await put_people(admin, CONTRIBUTORS_MIN)
    await put_events(admin, both(people, (first, second)))
    await put_events(admin, both(people[1:], (third, fourth)))
    done, found = await learn()
    assert done.changed
    assert done.problem == ""
    assert found.weight("item", first, second) > 0
    assert found.weight("item", second, first) > 0
    assert found.weight("next", first, second) > 0
    assert found.weight("next", second, first) == 0
    assert found.weight("item", third, fourth) == 0
    # The twentieth comes: minutes later the pair is there, and a whole pass finds the same.
    await put_events(admin, both(people[:1], (third, fourth), seconds=30))
    _, found = await learn()
    assert found.weight("item", third, fourth) > 0
    _, whole = await learn("whole")
    for kind in ("item", "next"):
        for pair in ((first, second), (second, first), (third, fourth), (fourth, third)):
            assert (whole.weight(kind, *pair) != 0) == (found.weight(kind, *pair) != 0)


@pytest.mark.parametrize(
    "told",
    [{"profiling": False}, {"learning": False}, {"reset_at": dt.datetime(2100, 1, 1, tzinfo=dt.UTC)}],
    ids=["no profiling", "paused", "forgotten"],
)
async def test_nobody_counts_who_does_not_want_to(admin, clips, learn, told):
    first, second, *_ = clips
    people = await put_people(admin, CONTRIBUTORS_MIN)
    await put_events(admin, both(people, (first, second)))
    await put_settings(admin, people[0], **told)
    _, found = await learn()
    assert found.weight("item", first, second) == 0


async def test_who_leaves_takes_the_pair_along(admin, clips, learn):
    first, second, *_ = clips
    people = await put_people(admin, CONTRIBUTORS_MIN)
    await put_events(admin, both(people, (first, second)))
    _, found = await learn()
    assert found.weight("item", first, second) > 0
    await put_settings(admin, people[0], learning=False)
    _, found = await learn()
    assert found.weight("item", first, second) == 0
    await put_settings(admin, people[0], learning=True)
    await admin.execute("DELETE FROM people WHERE id = $1", people[1])
    _, found = await learn("whole")
    assert found.weight("item", first, second) == 0


async def test_what_was_watched_while_paused_never_counts(admin, clips, learn):
    first, second, *_ = clips
    people = await put_people(admin, CONTRIBUTORS_MIN)
    await put_events(admin, both(people[1:], (first, second)))
    await put_events(admin, both(people[:1], (first, second)), learns=False)
    for act in ("minutes", "whole"):
        _, found = await learn(act)
        assert found.weight("item", first, second) == 0


async def test_only_public_clips_of_others_count(admin, clips, learn, sign_up):
    first, second, third, fourth = clips
    people = await put_people(admin, CONTRIBUTORS_MIN - 1)
    author = await admin.fetchval("SELECT author_id FROM clips WHERE id = $1", uuid.UUID(first))
    await put_events(admin, both([*people, author], (first, second)))
    await admin.execute("UPDATE clips SET audience = 'followers' WHERE id = $1", uuid.UUID(fourth))
    more = await put_people(admin, CONTRIBUTORS_MIN)
    await put_events(admin, both(more, (third, fourth)))
    _, found = await learn()
    assert found.weight("item", first, second) == 0
    neighbours, _ = found.matrices.neighbours("item", found.catalog.row(uuid.UUID(third)))
    assert neighbours.tolist() == []


async def test_one_account_can_not_make_a_weight_appear(client, admin, clips, learn, sign_up):
    """However often, under however many ids and times, one person is one contributor."""
    first, second, *_ = clips
    attacker = await sign_up()
    people = await put_people(admin, CONTRIBUTORS_MIN - 2)
    await put_events(admin, both(people, (first, second)))
    for kind in ("finish", "like", "loop", "share") * 5:
        events = [
            {"id": str(uuid.uuid4()), "clip_id": clip, "kind": kind, "at": ago(20 - place).isoformat()}
            for place, clip in enumerate((first, second) * 10)
        ]
        answer = await attacker.post("/events", {"events": events})
        assert answer.status_code == 202, answer.text
    await asyncio.sleep(2.1)  # what was stored a moment ago is left to the next pass, by design
    for act in ("minutes", "whole"):
        _, found = await learn(act)
        assert found.weight("item", first, second) == 0
        assert found.weight("next", first, second) == 0


async def test_below_the_threshold_matrices_are_the_same_with_and_without_a_person(admin, clips, learn):
    """Whether somebody watched a pair that few did can't be read from what is published."""
    first, second, *_ = clips
    people = await put_people(admin, CONTRIBUTORS_MIN - 1)
    await put_events(admin, both(people[:-1], (first, second)))
    _, without = await learn("whole")
    await put_events(admin, both(people[-1:], (first, second)))
    _, with_them = await learn("whole")
    for kind in ("item", "next"):
        one, other = (found.matrices.manifest.kinds[kind].files for found in (without, with_them))
        assert one == other


async def test_a_new_clip_is_near_what_it_resembles(realm, admin, clips, learn, sign_up):
    await learn()
    author, other = await sign_up(), await sign_up()
    word = f"quokka{uuid.uuid4().hex[:8]}"
    old = await put_clip(admin, author.id, f"#{word} in the sun")
    await eventually(lambda: _has(realm, old))
    await learn()
    new = await put_clip(admin, other.id, f"another #{word}")
    await eventually(lambda: _has(realm, new))
    done, found = await learn()
    assert done.changed
    assert not done.whole
    assert found.weight("content", old, new) > 0
    assert found.weight("content", new, old) > 0
    done, _ = await learn()
    assert not done.changed


async def _has(realm, clip):
    catalog = Catalog(realm.settings.feed / "catalog")
    catalog.begin()
    return catalog.row(uuid.UUID(clip)) >= 0


async def test_the_next_page_names_what_others_liked_with_what_was_just_finished(
    realm, admin, clips, learn, sign_up
):
    """Twenty people liked both: whoever finishes one of them has the other from the source `item`, with its sum."""
    first, second, *_ = clips
    people = await put_people(admin, CONTRIBUTORS_MIN)
    await put_events(admin, both(people, (first, second)))
    _, found = await learn()
    viewer = await sign_up()

    async def page():
        answer = await viewer.get("/feeds/for-you?limit=10")
        assert answer.status_code == 200, answer.text
        receipt = answer.json()["receipt"]["id"]

        async def kept():
            seen = await viewer.get(f"/feeds/receipts/{receipt}")
            return seen if seen.status_code == 200 else None

        seen = await eventually(kept)
        return layout.decode(base64.b64decode(seen.json()["body"]))

    row = found.catalog.row(uuid.UUID(second))
    before = await page()
    assert not [each for each in before.scored if each.row == row and each.sources & layout.Source.ITEM]
    event = {"id": str(uuid.uuid4()), "clip_id": first, "kind": "finish", "at": ago(1).isoformat()}
    assert (await viewer.post("/events", {"events": [event]})).status_code == 202

    async def by_what_is_in_force():
        made, now = await page(), Learned(realm)
        return (made, now) if made.matrices == now.matrices.digest else None

    after, found = await eventually(by_what_is_in_force, seconds=90, every=0.5)
    (scored,) = [each for each in after.scored if each.row == row]
    assert scored.sources & layout.Source.ITEM
    assert scored.sources & layout.Source.NEXT
    weight = found.weight("item", first, second)
    assert scored.features[layout.FEATURES.index("item")] == layout.qlog(6 * weight)


async def test_the_learner_never_sees_who(realm, admin, clips):
    """Its role can read no table of people, and what it gets names nobody."""
    import asyncpg

    people = await put_people(admin, 3)
    await put_events(admin, both(people, clips[:2]))
    learner = await asyncpg.connect(**realm.settings.database.connection("reelm_indexer"))
    try:
        for table in ("watch_events", "feed_settings", "person_details", "vault.learning_secret"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await learner.fetch(f"SELECT * FROM {table} LIMIT 1")
        await learner.execute("SELECT reelm.begin_learning()")
        ask = "SELECT person FROM reelm.learning_events($1, $2, 50000)"
        window = (ago(3600), dt.datetime.now(dt.UTC))
        first = {row["person"] for row in await learner.fetch(ask, *window)}
        assert len(first) >= 3
        assert not {person.bytes for person in people} & first
        await learner.execute("SELECT reelm.begin_learning()")
        assert not first & {row["person"] for row in await learner.fetch(ask, *window)}
    finally:
        await learner.close()


async def test_without_matrices_reading_is_refused(tmp_path):
    with pytest.raises(MatricesError):
        Matrices.open(tmp_path)
