"""Which model puts clips in order: said in the ledger first, checked by anyone, taken back in one command."""

import asyncio
import datetime as dt
import functools
import hashlib
import json
import random
import uuid

import pytest
from tests.conftest import eventually
from tests.factories.clips import put_clip
from tests.factories.watching import put_events, put_people

from reelm.entrypoints import model
from reelm.entrypoints.folder import StartError
from reelm.feed.catalog import Catalog
from reelm.feed.learning.releases import SEED_DIGEST
from reelm.feed.learning.training import ranker
from reelm.feed.pipeline.model import RankerInForce

TOPICS = 3


async def in_thread(function, *arguments):
    return await asyncio.to_thread(functools.partial(function, *arguments))


async def described(client):
    answer = await client.get("/api/v1/feeds/model")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def entry_of(client, index):
    answer = await client.get(f"/api/v1/ledger/entries/{index}")
    assert answer.status_code == 200, answer.text
    return answer.json()["entry"]


async def test_the_seed_model_is_in_the_ledger_before_anything_was_learned(client):
    async def said():
        found = await described(client)
        return found if found["entry_index"] is not None else None

    found = await eventually(said)
    entry = await entry_of(client, found["entry_index"])
    assert entry["kind"] == "ranking.changed"
    assert (entry["model"], entry["policy"], entry["rule"]) == (
        found["model"],
        found["policy"],
        found["rule"],
    )
    for name in ("model", "card", "policy", "rule"):
        document = await client.get(f"/ledger/document/{entry[name]}.json")
        assert document.status_code == 200
        assert hashlib.sha256(document.content).hexdigest() == entry[name]


async def test_too_little_is_said_and_changes_nothing(realm, client, monkeypatch):
    before = await described(client)
    (done,) = await in_thread(model.learn, realm.settings, ["train"])
    assert "too little to learn from" in done.problem
    assert (done.digest, done.verdict) == ("", "")
    assert (await described(client))["model"] == before["model"]


@pytest.fixture
async def telling(realm, admin, sign_up):
    """Enough people with one taste each, who were shown clips by chance for two days."""
    author = await sign_up()
    clips = [await put_clip(admin, author.id, f"about #topic{number % TOPICS}") for number in range(24)]

    async def arrived():
        catalog = Catalog(realm.settings.feed / "catalog")
        catalog.begin()
        return all(catalog.row(uuid.UUID(clip)) >= 0 for clip in clips)

    assert await eventually(arrived)
    chance = random.Random(4)
    people = await put_people(admin, ranker.PEOPLE_MIN + 10)
    end = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=1)
    events = []
    for taste, person in enumerate(people):
        for _ in range(45):
            number = chance.randrange(len(clips))
            at = end - dt.timedelta(seconds=chance.randrange(60, 2 * 86_400))
            events.append((person, clips[number], "impression", at))
            likes = number % TOPICS == taste % TOPICS
            kind = "finish" if chance.random() < (0.9 if likes else 0.1) else "skip"
            events.append((person, clips[number], kind, at + dt.timedelta(seconds=5)))
            if kind == "finish" and chance.random() < 0.2:
                events.append((person, clips[number], "like", at + dt.timedelta(seconds=6)))
    await put_events(admin, events)
    yield clips
    await admin.execute("DELETE FROM people WHERE id = ANY ($1)", people)


async def test_a_better_model_is_released_after_the_ledger_said_so_and_can_be_taken_back(
    realm, client, telling
):
    whole, done = await in_thread(model.learn, realm.settings, ["whole", "train"])
    assert whole.problem == done.problem == ""
    assert done.verdict == "fit"
    found = await described(client)
    assert found["model"] == done.digest
    before = found["previous"]  # the seed model, or what the indexer itself has trained meanwhile
    assert before not in {None, done.digest}
    entry = await entry_of(client, found["entry_index"])
    assert (entry["cause"], entry["model"], entry["previous"]) == ("release", done.digest, before)
    card = (await client.get(f"/ledger/document/{entry['card']}.json")).content
    assert json.loads(card) == found["card"]
    measures = found["card"]["measures_per_ten_thousand"]
    assert measures["this"]["primary"] >= measures["in_force"]["primary"]
    in_force = RankerInForce(realm.settings.feed / "models")
    assert in_force.look().digest.hex() == done.digest
    # Pages are put in order by it, and a second training is judged beside it.
    assert (await client.get("/api/v1/feeds/for-you")).status_code == 200
    back = await in_thread(model.roll_back, realm.settings)
    assert back.in_force == before
    assert in_force.look().digest.hex() == before
    found = await described(client)
    assert (found["cause"], found["previous"]) == ("rollback", done.digest)
    assert (await entry_of(client, found["entry_index"]))["cause"] == "rollback"
    again = await in_thread(model.put_in_force, realm.settings, done.digest[:12], "release")
    assert again.in_force == done.digest
    await in_thread(model.roll_back, realm.settings)


async def test_what_is_not_a_model_here_is_refused(realm):
    with pytest.raises(StartError, match="No model begins"):
        await in_thread(model.put_in_force, realm.settings, "feed" * 16, "release")


async def test_the_pointer_moves_only_once_the_entry_is_public(realm, client, telling):
    """A model that was asked for and is not in the ledger yet puts nothing in order."""
    from reelm.entrypoints import learning
    from reelm.feed.learning.learner import Learner
    from reelm.kit.blobs import LocalBlobStore
    from reelm.kit.clock import SystemClock
    from reelm.kit.database import Database
    from reelm.kit.ids import SystemIds
    from reelm.ledger.service import LedgerLateError, LedgerService

    settings, clock = realm.settings, SystemClock()
    database = await Database.open(settings.database, "reelm_indexer", size=2)
    try:
        ledger = LedgerService(database, LocalBlobStore(settings.blobs), clock, SystemIds(clock))

        class Late(LedgerService):
            async def included(self, ref, timeout_seconds=10):
                raise LedgerLateError

        late = Late(database, LocalBlobStore(settings.blobs), clock, SystemIds(clock))
        charter = "0" * 64
        slow = Learner(settings, database, late, charter, clock, learning.COMMAND).releases
        quick = Learner(settings, database, ledger, charter, clock, learning.COMMAND).releases
        digest = (await in_thread(model.learn, settings, ["train"]))[0].digest
        await quick.ask(SEED_DIGEST, "rollback")
        await quick.settle()
        in_force = RankerInForce(settings.feed / "models")
        assert in_force.look().digest.hex() == SEED_DIGEST
        await slow.ask(digest, "release")
        with pytest.raises(LedgerLateError):
            await slow.settle()
        assert in_force.look().digest.hex() == SEED_DIGEST
        assert (await described(client))["model"] == SEED_DIGEST
        await quick.settle()
        assert in_force.look().digest.hex() == digest
        await quick.ask(SEED_DIGEST, "rollback")
        await quick.settle()
    finally:
        await database.close()
