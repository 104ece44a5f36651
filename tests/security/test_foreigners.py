"""Another realm, and whoever broke into the worker, speak for nobody but people of that realm; and nothing that is
sealed, or somebody's own, is in any document that is meant for another realm.
"""

import json
import random
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from tests.conftest import Person, eventually
from tests.factories.clips import IDS, put_clip
from tests.factories.publishing import finished, make_clip
from tests.slices.federation.conftest import Here, footage, here

__all__ = ["footage", "here"]


class _Shell:
    """The worker's role, as somebody who broke into it has it, while an arrival of `us` is held."""

    def __init__(self, here: Here, connection: Any) -> None:
        self._here = here
        self.connection = connection

    async def call(self, query: str, *arguments: Any) -> Any:
        """What a statement gives, or the state in which it is refused."""
        try:
            async with self.connection.transaction():
                return await self.connection.fetchval(query, *arguments)
        except asyncpg.PostgresError as refused:
            return refused.sqlstate

    async def by_arrival(self, query: str, *arguments: Any) -> Any:
        """Call a function with an arrival that was held before and after: not settled by the realm in between."""
        while True:
            arrival = await self.arrival("held")
            said = await self.call(query, arrival, *arguments)
            if await self._here.admin.fetchval("SELECT state FROM arrivals WHERE id = $1", arrival) == "held":
                return said

    async def arrival(self, state: str) -> uuid.UUID:
        batch, arrival = IDS.new(), IDS.new()
        await self._here.us.border.execute(
            "INSERT INTO crossing_batches (id, peer, direction, root, count, bytes, ref, state) "
            "VALUES ($1, 'us', 'in', $2, 1, 1, $1, 'taken')",
            *(batch, batch.bytes * 2),
        )
        await self._here.admin.execute(
            "INSERT INTO arrivals (id, batch_id, position, peer, uri, act, object_type, document, state) "
            "VALUES ($1, $2, 0, 'us', $4, 'Flag', 'Flag', '{}', $3)",
            *(arrival, batch, state, str(arrival)),
        )
        return arrival


@pytest.fixture
async def shell(here: Here) -> AsyncIterator[_Shell]:
    connection = await asyncpg.connect(**here.running.settings.database.connection("reelm_worker"))
    yield _Shell(here, connection)
    await connection.close()


async def test_the_worker_makes_no_arrival(shell: _Shell) -> None:
    said = await shell.call(
        "INSERT INTO arrivals (id, batch_id, position, peer, uri, act, object_type) "
        "SELECT gen_random_uuid(), batch_id, 9, 'us', 'x', act, object_type FROM arrivals LIMIT 1 RETURNING id"
    )
    assert said == "42501"
    assert await shell.call("UPDATE arrivals SET peer = 'world' RETURNING peer") == "42501"
    assert await shell.call("UPDATE foreign_things SET thing_id = gen_random_uuid() RETURNING 1") == "42501"
    assert await shell.call("UPDATE people SET realm = 'us' RETURNING 1") == "42501"


async def test_nobody_of_this_realm_and_nobody_of_a_third_acts_by_an_arrival(
    here: Here, shell: _Shell
) -> None:
    bob, carol = await here.sign_up(), await here.sign_up()
    clip = uuid.UUID(await put_clip(here.admin, bob.id))
    own = here.uri("people", carol.id)
    third = f"http://127.0.0.1:9/eu/people/{uuid.uuid4()}"
    await here.us.border.execute(
        "INSERT INTO peers (realm, name, network, ids, web, border, vkey, ledger_vkey, charter, document) "
        "SELECT 'eu', 'EU', network, 'http://127.0.0.1:9/eu', web, border, 'eu.border+00000000+AA', '', '', document "
        "FROM peers WHERE realm = 'us' ON CONFLICT DO NOTHING"
    )
    await here.admin.execute(
        "INSERT INTO people (id, handle, handle_key, display_name, realm) VALUES ($1, $2, $2, 'Eve', 'eu')",
        *(eve := uuid.uuid4(), f"e{eve.hex[:8]}@eu"),
    )
    await here.admin.execute(
        "INSERT INTO foreign_things (uri, kind, thing_id, peer) VALUES ($1, 'person', $2, 'eu')", third, eve
    )
    # As if somebody had even got an address of this realm into the table.
    note = f"{here.us.ids}/comments/{uuid.uuid4()}"
    for author in (own, third, f"{here.us.ids}/people/{uuid.uuid4()}"):
        calls = [
            await shell.by_arrival(
                "SELECT reelm.take_in_comment($1, $2, $3, gen_random_uuid(), $4, NULL, 'forged', now())",
                *(note, author, clip),
            ),
            await shell.by_arrival("SELECT reelm.take_in_mark($1, $2, 'like', $3, false)", author, clip),
            await shell.by_arrival(
                "SELECT reelm.take_in_follow($1, $2, $3, false)", author, uuid.UUID(bob.id)
            ),
            await shell.by_arrival("SELECT reelm.answer_follow($1, $2, $3, true)", author, uuid.UUID(bob.id)),
        ]
        assert set(calls) == {"author"}
        assert not await shell.by_arrival(
            "SELECT reelm.take_in_clip($1, $2, $3, gen_random_uuid(), '{}', '{}', now(), now())",
            *(f"{here.us.ids}/clips/{uuid.uuid4()}", author),
        )
    for uri in (own, third, "x", here.uri("people", uuid.uuid4())):
        assert not await shell.by_arrival(
            "SELECT reelm.take_in_person($1, $2, gen_random_uuid(), 'mallory', 'M', '', false, '', '{}', now())",
            *(uri,),
        )
        assert not await shell.by_arrival(
            "SELECT reelm.withdraw_thing($1, $2, $2, now() + interval '1 day')", uri
        )
    assert (
        await here.admin.fetchval(
            "SELECT count(*) FROM people WHERE id = ANY ($1)", [eve, uuid.UUID(carol.id)]
        )
        == 2
    )
    counts = (await bob.get(f"/clips/{clip}")).json()["counts"]
    assert (counts["likes"], counts["comments"]) == (0, 0)


async def test_a_settled_arrival_and_a_paused_realm_let_nobody_act(here: Here, shell: _Shell) -> None:
    bob, lea = await here.sign_up(), await here.us.known()
    follow = "SELECT reelm.take_in_follow($1, $2, $3, false)"
    assert await shell.call(follow, await shell.arrival("taken"), lea["id"], uuid.UUID(bob.id)) == "author"
    assert await shell.call(follow, uuid.uuid4(), lea["id"], uuid.UUID(bob.id)) == "author"
    await here.admin.execute("UPDATE peers SET state = 'paused' WHERE realm = 'us'")
    try:
        assert await shell.by_arrival(follow, lea["id"], uuid.UUID(bob.id)) == "author"
    finally:
        await here.admin.execute("UPDATE peers SET state = 'open' WHERE realm = 'us'")
    assert await shell.by_arrival(follow, lea["id"], uuid.UUID(bob.id)) == "accepted"


async def test_one_person_of_a_realm_takes_back_nothing_of_another(here: Here, shell: _Shell) -> None:
    bob, lea, tim = await here.sign_up(), await here.us.known(), await here.us.known()
    clip = await put_clip(here.admin, bob.id)
    note = here.us.note(lea, here.uri("clips", clip), "mine")
    assert await here.us.say("Create", "Note", note) == "taken"
    await here.us.say("Delete", "Tombstone", {**here.us.gone(tim, note["id"]), "attributedTo": tim["id"]})
    await here.us.say("Delete", "Tombstone", {**here.us.gone(tim, lea["id"]), "attributedTo": tim["id"]})
    (left,) = (await bob.get(f"/clips/{clip}/comments")).json()["items"]
    assert left["text"] == "mine"
    # Nor does a clip of this realm get a stranger's film, or a local comment a foreign end.
    assert await shell.call("SELECT reelm.place_clip($1, '{}', 'x', '{}')", uuid.UUID(clip)) is False
    said = (await bob.post(f"/clips/{clip}/comments", {"text": "own"})).json()
    await here.us.say("Delete", "Tombstone", here.us.gone(lea, here.uri("comments", said["id"])))
    assert len((await bob.get(f"/clips/{clip}/comments")).json()["items"]) == 2


async def test_a_foreign_act_reads_nobodys_own(here: Here, shell: _Shell) -> None:
    bob = await here.sign_up()
    hidden = await put_clip(here.admin, bob.id, audience="only_me")
    assert (
        await shell.by_arrival("SELECT clip_author FROM reelm.authors_for($1, $2, NULL)", uuid.UUID(hidden))
        is None
    )
    assert await shell.call("SELECT reelm.peers_with($1)", uuid.UUID(hidden)) is None


# --- nothing sealed in any document -------------------------------------------------------------------------------


async def _busy(here: Here, chance: random.Random, film: Path) -> tuple[Person, list[str]]:
    """Somebody with everything a person can have, who does all there is to do towards another realm."""
    mark = f"{chance.getrandbits(48):012x}"
    phone = f"+336{chance.randrange(10**8):08d}"
    born = f"19{chance.randrange(60, 99)}-0{chance.randrange(1, 9)}-{chance.randrange(10, 28)}"
    person = await here.sign_up(email=f"mail{mark}@example.org", phone=phone, birth_date=born)
    friend, enemy, follower = await here.sign_up(), await here.sign_up(), await here.sign_up()
    assert (await person.put(f"/people/{friend.handle}/follow")).status_code == 200
    assert (await follower.put(f"/people/{person.handle}/follow")).status_code == 200
    assert (await person.put(f"/people/{enemy.handle}/block")).status_code == 204
    assert (await person.put("/me/feed/words", json={"words": [f"word{mark}"]})).status_code < 300
    hidden = await make_clip(
        person, film, caption=f"hidden{mark}", visibility="only_me", sound_title=f"song{mark}"
    )
    draft = await make_clip(person, film, caption=f"draft{mark}", draft=True)
    secrets = [f"mail{mark}", phone, born, f"word{mark}", f"hidden{mark}", f"draft{mark}", f"song{mark}"]
    secrets += [
        hidden["id"],
        draft["id"],
        friend.id,
        enemy.id,
        follower.id,
        friend.handle,
        enemy.handle,
        follower.handle,
    ]
    return person, [*secrets, person.token, person.password]


async def test_no_document_holds_what_is_sealed_or_somebodys_own(here: Here, footage: Path) -> None:
    chance = random.Random(35)
    marks: list[str] = []
    people = []
    for _ in range(3):
        person, secrets = await _busy(here, chance, footage)
        people.append(person)
        marks += secrets
        lea = await here.us.known()
        follow = here.us.act("Follow", lea, here.uri("people", person.id))
        assert await here.us.say("Follow", "Follow", follow) == "taken"
        clip = await put_clip(here.admin, str(await here.us.thing(lea)), "foreign")
        await here.admin.execute(
            "INSERT INTO foreign_things (uri, kind, thing_id, peer, media) VALUES ($1, 'clip', $2, 'us', '{}')",
            *(f"{here.us.ids}/clips/{uuid.uuid4()}", uuid.UUID(clip)),
        )
        await here.agree(person)
        assert (await person.put(f"/people/{here.us.person_row(lea)}/follow")).status_code == 200
        assert (await person.put(f"/clips/{clip}/like")).status_code == 200
        assert (await person.put(f"/clips/{clip}/repost")).status_code == 200
        assert (await person.post(f"/clips/{clip}/comments", {"text": "said"})).status_code == 201
        assert (await person.patch("/me", json={"bio": "known", "country": "DE"})).status_code == 200
        made = await make_clip(person, footage, caption="shown", visibility="everyone")
        await finished(person, made["id"])
        assert (
            await person.patch(f"/clips/{made['id']}", json={"caption": "shown, changed"})
        ).status_code == 200
        # With the border already: what is taken back now has to be undone over there.
        await here.admin.execute(
            "UPDATE crossings SET state = 'delivered' WHERE person_id = $1 AND state = 'asked'",
            uuid.UUID(person.id),
        )
        assert (await person.delete("/me/consents/us")).status_code == 202

    async def all_told() -> bool:
        told = await here.admin.fetchval(
            "SELECT count(DISTINCT person_id) FROM crossings WHERE object_type = 'Video' AND act = 'Create' "
            "AND person_id = ANY ($1)",
            [uuid.UUID(person.id) for person in people],
        )
        return bool(told == len(people))

    assert await eventually(all_told)
    rows = await here.admin.fetch("SELECT act, object_type, document, released FROM crossings")
    texts = [
        json.dumps(json.loads(row["document"]))
        if row["document"]
        else (row["released"] or b"").decode(errors="replace")
        for row in rows
    ]
    assert {row["act"] for row in rows} >= {
        "Create",
        "Update",
        "Follow",
        "Like",
        "Announce",
        "Accept",
        "Undo",
        "Delete",
    }
    assert sum(bool(text) for text in texts) >= 20
    leaks = {mark for mark in marks for text in texts if mark in text}
    assert not leaks
