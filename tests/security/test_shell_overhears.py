"""What a server tells beside rows: plans, counters, statistics, other connections, other databases."""

import asyncio
import itertools
import uuid
from typing import Any

import asyncpg
import pytest
from tests.conftest import RunningRealm
from tests.security.conftest import Scene

from reelm.custody.service import KeysClient
from reelm.kit.clock import SystemClock

PLANS = [
    (),
    ("SET enable_bitmapscan = off", "SET enable_seqscan = off"),
    ("SET enable_indexscan = off", "SET enable_indexonlyscan = off", "SET enable_seqscan = off"),
    ("SET enable_indexscan = off", "SET enable_indexonlyscan = off", "SET enable_bitmapscan = off"),
    ("SET enable_indexscan = off", "SET enable_bitmapscan = off", "SET enable_seqscan = off"),
]


def _pairs(scene: Scene) -> dict[str, list[tuple[str, str]]]:
    """Conditions that hold for some row, and conditions of the same form that hold for none."""
    alice, bob, nobody = scene.alice.id, scene.bob.id, str(uuid.UUID(int=1))
    forms = {
        "follows": "follower_id {op} '{a}' AND followee_id {op} '{b}'",
        "reelm.followers": "follower_id {op} '{a}' AND followee_id {op} '{b}'",
        "blocks": "person_id {op} '{a}' AND blocked_id {op} '{b}'",
        "likes": "person_id {op} '{a}' AND clip_id {op} '{b}'",
        "comment_likes": "person_id {op} '{a}' AND comment_id {op} '{b}'",
        "notices": "person_id {op} '{a}' AND actor_id {op} '{b}'",
        "watch_events": "person_id {op} '{a}' AND clip_id {op} '{b}'",
        "person_details": "person_id {op} '{a}'",
        "uploads": "person_id {op} '{a}'",
    }
    real = {
        "follows": (alice, bob),
        "reelm.followers": (alice, bob),
        "blocks": (alice, scene.carol.id),
        "likes": (alice, scene.shown),
        "comment_likes": (alice, scene.comment),
        "notices": (bob, alice),
        "watch_events": (alice, scene.shown),
        "person_details": (alice, alice),
        "uploads": (alice, alice),
    }
    exact = {
        t: tuple(forms[t].format(op="=", a=a, b=b) for a, b in (real[t], (nobody, real[t][1]))) for t in forms
    }
    # A range of one value is no equality to the planner, and goes other ways.
    ranged = {
        t: tuple(
            f"{forms[t].format(op='>=', a=a, b=b)} AND {forms[t].format(op='<=', a=a, b=b)}"
            for a, b in (real[t], (nobody, real[t][1]))
        )
        for t in forms
    }
    either = {
        t: tuple(
            forms[t]
            .format(op="IN", a="A", b="B")
            .replace("'A'", f"('{a}', '{nobody}')")
            .replace("'B'", f"('{b}', '{nobody}')")
            for a, b in (real[t], (nobody, real[t][1]))
        )
        for t in forms
    }
    return {t: [exact[t], ranged[t], either[t]] for t in forms}


async def test_plans_and_counters_do_not_tell_whether_a_row_is_there(
    realm: RunningRealm, scene: Scene, admin: Any
) -> None:
    """EXPLAIN ANALYZE says how many rows were found and then left out, and statistics count what was fetched."""
    web = await asyncpg.connect(**realm.settings.database.connection("reelm_web"))
    leaks = []
    forged = f"v1.{uuid.UUID(scene.alice.id).hex}.session.2999999999." + "0" * 64
    tickets = ("", scene.tickets[scene.mallory.id], forged)
    for (table, pairs), plan, ticket in itertools.product(_pairs(scene).items(), PLANS, tickets):
        for there, absent in pairs:
            for act in ("SELECT 1 FROM", "DELETE FROM"):
                told = [
                    await _told(web, f"{act} {table} WHERE {condition}", plan, ticket)
                    for condition in (there, absent)
                ]
                if told[0] != told[1]:
                    leaks.append(f"{plan} {act} {table} {there}: {told}")
    await web.close()
    assert not leaks, "\n".join(leaks)


async def _told(web: Any, statement: str, plan: tuple[str, ...], ticket: str) -> tuple[list[str], int]:
    transaction = web.transaction()
    await transaction.start()
    try:
        for setting in plan:
            await web.execute(setting.replace("SET", "SET LOCAL", 1))
        await web.execute("SELECT set_config('reelm.ticket', $1, true)", ticket)
        try:
            rows = await web.fetch(
                f"EXPLAIN (ANALYZE, TIMING OFF, SUMMARY OFF, BUFFERS OFF, COSTS OFF) {statement}"
            )
        except asyncpg.PostgresError as refused:
            return [refused.sqlstate], 0
        lines = [
            line
            for row in rows
            if any(w in (line := row[0]) for w in ("Removed", "rows=", "Fetches", "loops"))
        ]
        table = statement.partition(" FROM ")[2].partition(" ")[0]
        base = "follows" if "." in table else table
        fetched = await web.fetchval(
            "SELECT pg_stat_get_xact_tuples_fetched($1::text::regclass)", f"public.{base}"
        )
        return [line.strip() for line in lines], fetched
    finally:
        await transaction.rollback()


async def test_every_index_of_a_personal_table_holds_whose_it_is(admin: Any) -> None:
    """That is why the above holds: the subject is part of the search, not a filter after it."""
    owners = {
        "blocks": {"person_id"},
        "follows": {"follower_id", "followee_id"},
        "likes": {"person_id"},
        "comment_likes": {"person_id"},
        "notices": {"person_id"},
    }
    for table, columns in owners.items():
        rows = await admin.fetch(
            "SELECT i.indexrelid::regclass::text AS name, array_agg(a.attname::text) AS columns FROM pg_index i "
            "JOIN pg_attribute a ON a.attrelid = i.indexrelid WHERE i.indrelid = $1::text::regclass GROUP BY 1",
            table,
        )
        assert rows
        for row in rows:
            assert columns <= set(row["columns"]), row["name"]


async def test_statistics_hold_nothing_of_guarded_tables(shell: Any, admin: Any) -> None:
    await admin.execute("ANALYZE follows, likes, person_details, notices, clips")
    for view in ("pg_stats", "pg_stats_ext", "pg_stats_ext_exprs"):
        found = await shell.fetchval(
            f"SELECT count(*) FROM {view} WHERE schemaname = 'public' AND tablename <> 'pgqueuer'"
        )
        allowed = await shell.fetch(
            f"SELECT tablename::text FROM {view} WHERE schemaname = 'public' AND tablename NOT LIKE 'pgqueuer%'"
        )
        assert not allowed, (found, [row["tablename"] for row in allowed])


async def test_no_connection_reads_another_ones_ticket(realm: RunningRealm, scene: Scene) -> None:
    """Statements of the same role are visible in pg_stat_activity, text and all."""
    spy = await asyncpg.connect(**realm.settings.database.connection("reelm_web"))

    async def busy() -> None:
        for _ in range(40):
            assert (await scene.alice.get("/me")).status_code == 200

    work = asyncio.create_task(busy())
    seen: set[str] = set()
    while not work.done():
        rows = await spy.fetch("SELECT query FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        seen |= {row["query"] for row in rows if row["query"]}
        await asyncio.sleep(0)
    await work
    await spy.close()
    assert any("set_config('reelm.ticket'" in query for query in seen), "the spy saw nothing at all"
    assert not [query for query in seen if uuid.UUID(scene.alice.id).hex in query or "v1." in query]


async def test_no_other_database_leads_here(realm: RunningRealm) -> None:
    for database in ("postgres", "template1"):
        arguments = {**realm.settings.database.connection("reelm_web"), "database": database}
        try:
            connection = await asyncpg.connect(**arguments)
        except asyncpg.PostgresError:
            continue
        found = await connection.fetchval(
            "SELECT count(*) FROM pg_class WHERE relname IN ('people', 'person_details')"
        )
        assert found == 0
        with pytest.raises(asyncpg.PostgresError):
            await connection.execute("CREATE EXTENSION dblink")
        await connection.close()


async def test_a_stolen_ticket_dies(realm: RunningRealm, scene: Scene) -> None:
    """A living ticket is its person for at most five minutes: that is its limit, and it is measured here."""
    keys = KeysClient(realm.settings.keys_address, SystemClock(), secret=realm.settings.caller_secrets["web"])
    ticket = (await keys.resolve(scene.alice.token)).ticket
    await keys.close()
    expiry = int(ticket.split(".")[3])
    assert 0 < expiry - SystemClock().now().timestamp() <= 300
    web = await asyncpg.connect(**realm.settings.database.connection("reelm_web"))
    await web.execute(
        "SELECT set_config('reelm.ticket', $1, false)", ticket.replace(str(expiry), "1700000000")
    )
    with pytest.raises(asyncpg.PostgresError) as refused:
        await web.fetch("SELECT * FROM person_details")
    assert refused.value.sqlstate == "28R01"
    await web.close()
