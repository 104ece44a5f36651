"""The border's login role sees of people what somebody signed out sees, changes nothing of theirs, and fills no queue."""

import json
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from tests.conftest import RunningRealm
from tests.factories.clips import IDS, put_clip
from tests.security.conftest import Scene, all_of, readable, tell

from reelm.models.declare import DataClass, metadata
from reelm.models.policies import FUNCTION_GRANTS

# What it may read at all. The first three are what it answers other realms from.
ANSWERED_FROM = {"people", "clips", "comments"}
ITS_OWN = {
    "peers",
    "crossing_batches",
    "crossings",
    "arrivals",
    "border_counts",
    "border_hours",
    "border_refusals",
}
THE_LEDGERS = {"ledger_entries", "ledger_head", "ledger_counts", "ledger_witnesses"}


@pytest.fixture
async def border(realm: RunningRealm) -> AsyncIterator[Any]:
    """A shell in the border's role, as somebody who broke into that process would have."""
    connection = await asyncpg.connect(**realm.settings.database.connection("reelm_border"))
    yield connection
    await connection.close()


async def test_it_reads_three_tables_of_people_and_of_these_public_columns(border: Any) -> None:
    found = {table.name for table in metadata.sorted_tables if await readable(border, table.name)}
    assert found <= ANSWERED_FROM | ITS_OWN | THE_LEDGERS
    for name in ANSWERED_FROM:
        columns = {each.name: each.info["class"] for each in metadata.tables[name].columns}
        for column in await readable(border, name):
            assert columns[column] is DataClass.PUBLIC, f"{name}.{column}"
    for name in (
        "person_details",
        "follows",
        "likes",
        "blocks",
        "notices",
        "consents",
        "clip_keys",
        "watch_events",
    ):
        assert await readable(border, name) == [], name
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await border.fetch(f"SELECT count(*) FROM {name}")


@pytest.mark.parametrize("table", sorted(ANSWERED_FROM))
async def test_it_sees_no_row_that_somebody_signed_out_does_not(
    border: Any, web_role: Any, admin: Any, scene: Scene, table: str
) -> None:
    await put_rows_of_all_kinds(admin, scene)
    columns = ", ".join(await readable(border, table))
    seen = {str(tuple(row.values())) for row in await border.fetch(f"SELECT {columns} FROM {table}")}
    strangers = {str(tuple(row.values())) for row in await web_role.fetch(f"SELECT {columns} FROM {table}")}
    assert seen
    assert seen <= strangers
    assert not any(scene.hidden in row for row in seen)


async def put_rows_of_all_kinds(admin: Any, scene: Scene) -> None:
    """Clips for everybody and for fewer, of somebody private, of somebody abroad, and comments under each."""
    for audience in ("everyone", "followers", "friends", "close_friends", "only_me"):
        clip = await put_clip(admin, scene.alice.id, f"for {audience}", audience=audience)
        await admin.execute(
            "INSERT INTO comments (id, clip_id, author_id, text) VALUES ($1, $2, $3, $4)",
            IDS.new(),
            clip,
            scene.bob.id,
            f"under one for {audience}",
        )


async def test_people_of_other_realms_and_what_they_made_are_not_its_to_tell(
    border: Any, admin: Any, scene: Scene
) -> None:
    """Whoever asks this realm is told of its own people; of others, their own realm tells."""
    foreigner = IDS.new()
    handle = f"f{str(foreigner)[-8:]}@world"
    await admin.execute(
        "INSERT INTO people (id, handle, handle_key, display_name, realm) VALUES ($1, $2, $2, 'Far', 'world')",
        foreigner,
        handle,
    )
    theirs = await put_clip(admin, str(foreigner), "from afar")
    ours = await put_clip(admin, scene.bob.id, "from here")
    said = {}
    for author, clip in ((foreigner, ours), (scene.bob.id, theirs), (scene.bob.id, ours)):
        said[author, clip] = IDS.new()
        await admin.execute(
            "INSERT INTO comments (id, clip_id, author_id, text) VALUES ($1, $2, $3, 'x')",
            said[author, clip],
            clip,
            author,
        )
    try:
        assert not await border.fetch("SELECT 1 FROM people WHERE id = $1", foreigner)
        assert not await border.fetch("SELECT 1 FROM people WHERE handle_key = $1", handle)
        assert not await border.fetch("SELECT 1 FROM clips WHERE id = $1", theirs)
        assert await border.fetch("SELECT 1 FROM clips WHERE id = $1", ours)
        kept = await border.fetch("SELECT id FROM comments WHERE id = ANY ($1)", list(said.values()))
        assert [row["id"] for row in kept] == [said[scene.bob.id, ours]]
    finally:
        await admin.execute("DELETE FROM people WHERE id = $1", foreigner)


async def test_it_changes_nothing_of_anybody(border: Any, admin: Any, scene: Scene) -> None:
    before = await all_of(admin, scene)
    alice = scene.alice.id
    for statement in (
        f"UPDATE people SET bio = 'x' WHERE id = '{alice}'",
        f"DELETE FROM people WHERE id = '{alice}'",
        f"INSERT INTO people (id, handle, handle_key, display_name) VALUES ('{IDS.new()}', 'x', 'x', 'x')",
        f"UPDATE clips SET caption = 'x' WHERE id = '{scene.shown}'",
        f"INSERT INTO comments (id, clip_id, author_id, text) VALUES ('{IDS.new()}', '{scene.shown}', '{alice}', 'x')",
        f"INSERT INTO follows (follower_id, followee_id, state) VALUES ('{alice}', '{scene.bob.id}', 'accepted')",
        f"INSERT INTO likes (person_id, clip_id) VALUES ('{alice}', '{scene.shown}')",
        f"INSERT INTO consents (person_id, peer) VALUES ('{alice}', 'world')",
        f"INSERT INTO foreign_things (uri, kind, thing_id, peer) VALUES ('x', 'person', '{alice}', 'world')",
        (
            "INSERT INTO crossings (id, peer, act, object_type, purpose, person_id, document) "
            f"VALUES ('{IDS.new()}', 'world', 'Create', 'Video', 'publish', '{alice}', '{{}}')"
        ),
        "UPDATE arrivals SET state = 'held'",
        "DELETE FROM arrivals",
        "DELETE FROM crossings",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await border.execute(statement)
    assert await all_of(admin, scene) == before


async def test_it_calls_one_function_that_does_anything(border: Any) -> None:
    mine = {name for name, roles in FUNCTION_GRANTS.items() if "reelm_border" in roles}
    assert mine == {"reelm.announce_arrivals()"}
    for function in FUNCTION_GRANTS:
        may = await border.fetchval("SELECT has_function_privilege($1, 'EXECUTE')", function)
        assert may == (function in mine), function


async def test_what_it_says_to_the_queue_is_always_the_same(border: Any, admin: Any) -> None:
    """No job of another kind, none with a ticket, none that says whose."""
    rows = await tell(
        border,
        "SELECT reelm.announce_arrivals()",
        ask="SELECT 1",
    )
    assert rows == ["(1,)"]
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await border.execute("SELECT reelm.enqueue('clips.erase', '\\x7b7d', interval '0', 0, NULL)")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await border.fetch("SELECT * FROM pgqueuer")
    transaction = admin.transaction()
    await transaction.start()
    await admin.execute("SELECT reelm.announce_arrivals()")
    made = await admin.fetchrow("SELECT entrypoint, payload FROM pgqueuer ORDER BY id DESC LIMIT 1")
    await transaction.rollback()
    assert (made["entrypoint"], json.loads(made["payload"])) == ("federation.take_in", {})


@pytest.mark.parametrize("ticket", ["alice", "mallory"])
async def test_a_ticket_makes_no_difference_to_it(border: Any, scene: Scene, ticket: str) -> None:
    """Even with somebody's ticket in hand, the border is nobody."""
    held = scene.tickets[getattr(scene, ticket).id]
    for table in sorted(ANSWERED_FROM):
        columns = ", ".join(await readable(border, table))
        ask = f"SELECT {columns} FROM {table} ORDER BY id"
        with_it = await tell(border, f"SELECT set_config('reelm.ticket', '{held}', true)", ask=ask)
        assert with_it
        assert with_it == await tell(border, ask=ask)
