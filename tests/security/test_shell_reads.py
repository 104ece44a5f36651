"""A psql shell in a login role, able to SET what it likes, reads nobody else's identity, private or social rows."""

import io
import uuid
from typing import Any

import asyncpg
import pytest
from tests.conftest import RunningRealm
from tests.security.conftest import PERSONAL, Scene, readable, tell

SETTINGS: dict[str, tuple[str, ...]] = {
    "nothing": (),
    "a session-wide empty ticket": ("SET reelm.ticket = ''",),
    "no row security": ("SET row_security = off",),
    "the owner's role": ("SET ROLE reelm_owner",),
    "another session user": ("SET SESSION AUTHORIZATION reelm_admin",),
    "replication": ("SET session_replication_role = replica",),
    "a path of one's own": ("SET search_path = pg_temp, vault, reelm, public, pg_catalog",),
    "no index": (
        "SET enable_indexscan = off",
        "SET enable_bitmapscan = off",
        "SET enable_indexonlyscan = off",
    ),
    "parallel": (
        "SET debug_parallel_query = on",
        "SET parallel_setup_cost = 0",
        "SET min_parallel_table_scan_size = 0",
    ),
    "generic plans": ("SET plan_cache_mode = force_generic_plan",),
    "a forged ticket": ("SET reelm.ticket = 'v1.{alice}.session.2999999999." + "0" * 64 + "'",),
    "an altered ticket": ("SET reelm.ticket = '{altered}'",),
    "a job's ticket": ("SET reelm.ticket = 'j1.{alice}.media_process.-.2999999999." + "0" * 64 + "'",),
}


@pytest.mark.parametrize("setting", SETTINGS)
async def test_nobody_in_particular_reads_no_personal_row(shell: Any, scene: Scene, setting: str) -> None:
    alice = uuid.UUID(scene.alice.id).hex
    mine = scene.tickets[scene.mallory.id]
    altered = mine.replace(uuid.UUID(scene.mallory.id).hex, alice)
    said = [each.format(alice=alice, altered=altered) for each in SETTINGS[setting]]
    for table in PERSONAL:
        columns = await readable(shell, table)
        if columns:
            assert not await tell(shell, *said, ask=f"SELECT {', '.join(columns)} FROM {table}"), table
            assert not await tell(shell, *said, ask=f"SELECT count(*) FROM {table} HAVING count(*) > 0"), (
                table
            )


@pytest.mark.parametrize("setting", SETTINGS)
async def test_with_a_ticket_of_ones_own_one_reads_ones_own(shell: Any, scene: Scene, setting: str) -> None:
    """Rows that name the subject are the subject's, too: whom they follow, what they were told."""
    if "ticket" in setting:
        pytest.skip("a setting that replaces the ticket")
    ticket = f"SELECT set_config('reelm.ticket', '{scene.tickets[scene.mallory.id]}', false)"
    for table in [*PERSONAL, "clips"]:
        columns = await readable(shell, table)
        if not columns:
            continue
        rows = await tell(shell, *SETTINGS[setting], ticket, ask=f"SELECT {', '.join(columns)} FROM {table}")
        for row in rows:
            named = [victim for victim in scene.victims if victim in row]
            assert table == "clips" or not named or scene.mallory.id in row, row
            assert scene.hidden not in row, table


async def test_the_ways_around_a_select(shell: Any, scene: Scene) -> None:
    ticket = f"SELECT set_config('reelm.ticket', '{scene.tickets[scene.mallory.id]}', false)"
    alice = scene.alice.id
    for table in PERSONAL:
        columns = await readable(shell, table)
        if not columns:
            continue
        listed = ", ".join(columns)
        for said, asked in (
            ((), f"WITH all_of AS MATERIALIZED (SELECT {listed} FROM {table}) SELECT * FROM all_of"),
            ((f"DECLARE held CURSOR WITH HOLD FOR SELECT {listed} FROM {table}",), "FETCH ALL FROM held"),
            ((f"PREPARE early AS SELECT {listed} FROM {table}", ticket), "EXECUTE early"),
            ((ticket,), f"SELECT {listed} FROM {table} FOR SHARE"),
            ((ticket,), f"SELECT {listed} FROM {table} TABLESAMPLE BERNOULLI (100)"),
            ((ticket,), f"SELECT query_to_xml('SELECT {listed} FROM {table}', true, true, '')"),
            ((ticket,), f"SELECT table_to_xml('{table}', true, true, '')"),
            ((ticket,), f"SELECT * FROM (SELECT {listed} FROM {table} OFFSET 0) t"),
            ((ticket,), f"SELECT a.* FROM {table} a, LATERAL (SELECT {listed} FROM {table}) b"),
            ((ticket,), f"UPDATE {table} SET {columns[0]} = {columns[0]} RETURNING {listed}"),
            ((ticket,), f"DELETE FROM {table} RETURNING {listed}"),
            ((ticket,), f"SELECT ctid, {listed} FROM {table} WHERE ctid = '(0,1)'"),
        ):
            for row in await tell(shell, *said, ask=asked):
                assert alice not in row or scene.mallory.id in row, asked


async def test_copy_obeys_row_security(shell: Any, scene: Scene) -> None:
    for table in PERSONAL:
        columns = await readable(shell, table)
        for source in (f"{table} ({', '.join(columns)})", f"(SELECT {', '.join(columns)} FROM {table})"):
            target = io.BytesIO()
            with pytest.raises(asyncpg.PostgresError):
                await shell.execute(f"COPY {source} TO PROGRAM 'cat'")
            if columns and "." not in table:
                query = f"SELECT {', '.join(columns)} FROM {table}"
                await shell.copy_from_query(query, output=target)
                assert target.getvalue() == b"", table


async def test_a_block_of_code_reads_no_more(shell: Any, scene: Scene) -> None:
    heard: list[str] = []
    shell.add_log_listener(lambda _, message: heard.append(message.message))
    for table in PERSONAL:
        code = (
            f"DO $$ DECLARE each record; BEGIN FOR each IN SELECT * FROM {table} LOOP "
            "RAISE NOTICE '%', each; END LOOP; EXCEPTION WHEN insufficient_privilege THEN NULL; END $$"
        )
        await shell.execute(code)
    assert not heard


REFUSED = [
    "CREATE TEMP TABLE follows (follower_id uuid)",
    "CREATE FUNCTION pg_temp.leak(uuid) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS 'BEGIN RAISE NOTICE ''%'', $1; RETURN true; END'",
    "CREATE FUNCTION public.leak() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE SCHEMA mine",
    "CREATE VIEW public.mine AS SELECT * FROM public.follows",
    "CREATE OPERATOR public.<<< (LEFTARG = uuid, RIGHTARG = uuid, FUNCTION = uuid_eq)",
    "CREATE TRIGGER mine AFTER INSERT ON likes FOR EACH ROW EXECUTE FUNCTION reelm.on_like()",
    "CREATE RULE mine AS ON INSERT TO likes DO ALSO NOTHING",
    "CREATE POLICY mine ON follows USING (true)",
    "CREATE EXTENSION dblink",
    "CREATE EXTENSION postgres_fdw",
    "CREATE EXTENSION file_fdw",
    "CREATE EXTENSION pageinspect",
    "CREATE ROLE mine SUPERUSER LOGIN",
    "CREATE PUBLICATION mine FOR ALL TABLES",
    "ALTER TABLE follows DISABLE ROW LEVEL SECURITY",
    "ALTER TABLE follows OWNER TO CURRENT_USER",
    "ALTER FUNCTION reelm.subject() SECURITY INVOKER",
    "ALTER ROLE CURRENT_USER BYPASSRLS",
    "ALTER DATABASE reelm SET row_security = off",
    "DROP POLICY follower ON follows",
    "GRANT reelm_owner TO CURRENT_USER",
    "TRUNCATE likes",
    "LOCK TABLE person_details IN ACCESS EXCLUSIVE MODE",
    "SET SESSION AUTHORIZATION reelm_keys",
    "SET ROLE reelm_keys",
    "SET track_activities = off",
    "SET log_statement = 'all'",
    "SET session_preload_libraries = 'x'",
    "SELECT * FROM vault.subject_secret",
    "SELECT vault.verified_ticket()",
    "SELECT vault.install_subject_secret('\\x00')",
    "SELECT reelm.wrapped_clip_key('{hidden}')",
    "SELECT * FROM pg_authid",
    "SELECT * FROM pg_statistic",
    "SELECT * FROM pg_largeobject",
    "SELECT * FROM pg_user_mapping",
    "SELECT pg_read_file('PG_VERSION')",
    "SELECT pg_read_binary_file('global/pg_control')",
    "SELECT pg_ls_dir('.')",
    "SELECT pg_stat_file('PG_VERSION')",
    "SELECT lo_import('/etc/passwd')",
    "COPY people TO '/tmp/people'",
    "COPY people TO PROGRAM 'cat'",
    "SELECT pg_create_logical_replication_slot('mine', 'test_decoding')",
    "SELECT pg_reload_conf()",
    "SELECT pg_rotate_logfile()",
    "LOAD 'auto_explain'",
    "SELECT * FROM watch_events_20261116",
    "SELECT currval('pgqueuer_id_seq')",
]


@pytest.mark.parametrize("statement", REFUSED)
async def test_what_no_shell_may_do(shell: Any, scene: Scene, statement: str) -> None:
    transaction = shell.transaction()
    await transaction.start()
    with pytest.raises(asyncpg.PostgresError) as refused:
        await shell.execute(statement.format(hidden=scene.hidden) if "{hidden}" in statement else statement)
    await transaction.rollback()
    lacking = {"42501", "42704", "42P01", "58P01", "0A000", "55000", "42883", "22023", "42710", "3D000"}
    assert refused.value.sqlstate in lacking, refused.value


async def test_what_one_may_do_can_not_be_passed_on(shell: Any) -> None:
    transaction = shell.transaction()
    await transaction.start()
    try:
        await shell.execute("GRANT SELECT ON person_details, likes TO PUBLIC")
    except asyncpg.InsufficientPrivilegeError:
        return
    else:
        # Where one has some right, but none to pass on, PostgreSQL only warns.
        assert not await shell.fetchval("SELECT has_table_privilege('reelm_catalog', 'likes', 'SELECT')")
    finally:
        await transaction.rollback()


async def test_the_queue_is_the_workers(realm: RunningRealm, scene: Scene) -> None:
    for role in ("reelm_web", "reelm_catalog"):
        connection = await asyncpg.connect(**realm.settings.database.connection(role))
        for table in (
            "pgqueuer",
            "pgqueuer_log",
            "pgqueuer_statistics",
            "pgqueuer_schedules",
            "alembic_version",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.fetch(f"SELECT * FROM {table}")
        await connection.close()
