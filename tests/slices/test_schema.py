"""The migrated database is what the models say: policies, grants, functions, statements, revisions."""

import asyncio
import contextlib
import dataclasses
import datetime as dt
import inspect
import re
import secrets
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import asyncpg
import pytest
from tests.factories.statements import Statement, all_statements

from reelm.accounts.repository import AccountsWriter
from reelm.clips.repository import ClipsReader, ClipsWriter
from reelm.custody.grants.repository import GrantsWriter
from reelm.entrypoints import migrate
from reelm.kit.errors import NotFoundError
from reelm.kit.ids import SystemIds
from reelm.models import everything  # noqa: F401 - importing declares the tables
from reelm.models.declare import metadata
from reelm.models.policies import FUNCTION_GRANTS
from reelm.search.repository import SearchReader, Wanted
from reelm.settings import LOGIN_ROLES

TABLES = {table.name: table for table in metadata.sorted_tables}
NOW = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
ID = SystemIds(SimpleNamespace(now=lambda: NOW)).new()  # type: ignore[arg-type]


# --- policies and grants --------------------------------------------------------------------------------------


async def test_row_security_is_forced_on_every_table(admin: Any) -> None:
    rows = await admin.fetch(
        "SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity AS forced, pg_get_userbyid(c.relowner) AS owner "
        "FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') "
        "AND NOT c.relispartition AND c.relname NOT LIKE 'pgqueuer%' AND c.relname <> 'alembic_version'"
    )
    assert {row["relname"] for row in rows} == set(TABLES)
    assert not [row["relname"] for row in rows if not row["forced"] or row["owner"] != "reelm_owner"]


async def test_the_policies_are_the_declared_audiences(admin: Any) -> None:
    rows = await admin.fetch(
        "SELECT tablename, policyname, cmd, roles FROM pg_policies WHERE schemaname = 'public'"
    )
    found = {(row["tablename"], row["policyname"], row["cmd"], frozenset(row["roles"])) for row in rows}
    declared = {
        (table.name, audience.name, audience.command, frozenset(audience.role.split(", ")))
        for table in TABLES.values()
        for audience in table.info["audiences"]
    } | {(name, "declared_functions", "ALL", frozenset({"reelm_owner"})) for name in TABLES}
    assert found == declared


async def test_no_role_can_step_around_row_security(admin: Any) -> None:
    rows = await admin.fetch(
        "SELECT rolname, rolsuper OR rolbypassrls OR rolcreaterole OR rolreplication AS powerful, rolcanlogin "
        "FROM pg_roles WHERE rolname = ANY ($1)",
        [*LOGIN_ROLES, "reelm_owner"],
    )
    assert len(rows) == len(LOGIN_ROLES) + 1
    assert not [row["rolname"] for row in rows if row["powerful"]]
    assert [row["rolname"] for row in rows if not row["rolcanlogin"]] == ["reelm_owner"]
    members = await admin.fetch(
        "SELECT pg_get_userbyid(member) AS member FROM pg_auth_members WHERE roleid IN "
        "(SELECT oid FROM pg_roles WHERE rolname = ANY ($1)) AND pg_get_userbyid(member) = ANY ($2)",
        ["reelm_owner", "pg_read_all_data", "pg_write_all_data", *LOGIN_ROLES],
        list(LOGIN_ROLES),
    )
    assert not members


async def test_each_role_may_touch_exactly_what_was_declared(admin: Any) -> None:
    """Down to the column: a column that is added later is reachable for nobody until somebody says so."""
    rows = await admin.fetch(
        "SELECT c.relname, a.attname, r.role, "
        "has_column_privilege(r.role, c.oid, a.attnum, 'SELECT') AS reads, "
        "has_column_privilege(r.role, c.oid, a.attnum, 'INSERT') AS adds, "
        "has_column_privilege(r.role, c.oid, a.attnum, 'UPDATE') AS changes, "
        "has_table_privilege(r.role, c.oid, 'DELETE') AS deletes, "
        "has_table_privilege(r.role, c.oid, 'TRUNCATE') OR has_table_privilege(r.role, c.oid, 'TRIGGER') "
        "OR has_table_privilege(r.role, c.oid, 'REFERENCES') AS more "
        "FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
        "CROSS JOIN unnest($1::text[]) AS r (role) WHERE c.relnamespace = 'public'::regnamespace "
        "AND c.relname = ANY ($2)",
        list(LOGIN_ROLES),
        list(TABLES),
    )
    wrong = []
    for row in rows:
        granted = _privileges(TABLES[row["relname"]].info["grants"].get(row["role"], ""))
        for name, verb in (
            ("reads", "SELECT"),
            ("adds", "INSERT"),
            ("changes", "UPDATE"),
            ("deletes", "DELETE"),
        ):
            columns = granted.get(verb, set())
            expected = columns is None or row["attname"] in columns
            if row[name] != expected:
                wrong.append(f"{row['role']} {verb} {row['relname']}.{row['attname']}: {row[name]}")
        if row["more"]:
            wrong.append(f"{row['role']} may do more than rows on {row['relname']}")
    assert len(rows) > 100
    assert not wrong


def _privileges(grant: str) -> dict[str, set[str] | None]:
    """Verb → columns, None for all of them."""
    return {
        verb: {name.strip() for name in columns.split(",")} if columns else None
        for verb, columns in re.findall(r"(SELECT|INSERT|UPDATE|DELETE)(?:\s*\(([^)]*)\))?", grant)
    }


async def test_each_function_is_callable_by_whom_it_was_made_for(admin: Any) -> None:
    wrong = []
    for function, roles in FUNCTION_GRANTS.items():
        allowed = {role.strip() for role in roles.split(",")}
        for role in LOGIN_ROLES:
            may = await admin.fetchval("SELECT has_function_privilege($1, $2, 'EXECUTE')", role, function)
            if may != (role in allowed):
                wrong.append(f"{role} {function}: {may}")
    rows = await admin.fetch(
        "SELECT p.oid::regprocedure::text AS name FROM pg_proc p WHERE p.pronamespace = 'reelm'::regnamespace "
        "AND p.prorettype <> 'trigger'::regtype AND EXISTS (SELECT FROM unnest($1::text[]) AS r "
        "WHERE has_function_privilege(r, p.oid, 'EXECUTE'))",
        list(LOGIN_ROLES),
    )
    declared = {await admin.fetchval("SELECT $1::regprocedure::text", name) for name in FUNCTION_GRANTS}
    assert {row["name"] for row in rows} == declared
    assert not wrong


async def test_a_partition_is_reached_through_its_parent_only(admin: Any) -> None:
    rows = await admin.fetch(
        "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid CROSS JOIN unnest($1::text[]) AS r "
        "WHERE i.inhparent = 'watch_events'::regclass AND (has_table_privilege(r, c.oid, 'SELECT') "
        "OR has_table_privilege(r, c.oid, 'INSERT') OR has_table_privilege(r, c.oid, 'DELETE'))",
        list(LOGIN_ROLES),
    )
    assert not rows


async def test_the_web_role_can_add_a_job_but_not_read_one(web_role: Any) -> None:
    for table in ("pgqueuer", "pgqueuer_log", "vault.subject_secret", "alembic_version"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await web_role.fetch(f"SELECT * FROM {table} LIMIT 1")


# --- statements -----------------------------------------------------------------------------------------------


class _Recorder:
    """A unit of work that writes down what it is told and finds nothing."""

    def __init__(self) -> None:
        self.said: list[str] = []

    async def fetch(self, query: str, *_: Any) -> list[Any]:
        self.said.append(query)
        return []

    async def fetch_row(self, query: str, *_: Any) -> None:
        self.said.append(query)

    async def fetch_value(self, query: str, *_: Any) -> None:
        self.said.append(query)

    async def execute(self, query: str, *_: Any) -> int:
        self.said.append(query)
        return 0

    async def execute_many(self, query: str, *_: Any) -> None:
        self.said.append(query)

    @asynccontextmanager
    async def savepoint(self) -> Any:
        yield self


_PERSON = {"id": ID, "handle": "", "handle_key": "", "display_name": "", "bio": "", "private": False}
_DETAILS = {
    "person_id": ID,
    "birth_date_sealed": b"",
    "country_sealed": b"",
    "email_sealed": b"",
    "email_index": b"",
}
_CLIP = {"id": ID, "author_id": ID, "status": "processing", "visibility": "everyone", "audience": "only_me"}

# Statements put together by a function from what it is given: the function, and calls that make every shape.
_GRANT = {
    "id": ID,
    "asked_by": ID,
    "asked_key": "",
    "state": "draft",
    "classes": ["identity"],
    "minutes": 1,
    "reason": "legal",
    "words": "",
    "country": "FR",
    "emergency": False,
    "document": b"",
    "document_nonce": b"",
    "request": b"",
    "created_at": NOW,
}
CALLS: dict[str, list[tuple[type[Any], str, tuple[Any, ...], dict[str, Any]]]] = {
    "AccountsWriter._insert": [(AccountsWriter, "add", (_PERSON, _DETAILS), {})],
    "AccountsWriter.change": [
        (AccountsWriter, "change", ("people", ID, {"bio": "", "avatar": None, "private": True}), {}),
        (
            AccountsWriter,
            "change",
            ("person_details", ID, {"language": "", "phone_sealed": b"", "phone_index": b""}),
            {},
        ),
    ],
    "ClipsReader.find": [(ClipsReader, "find", (ID,), {"lock": lock}) for lock in (False, True)],
    "ClipsWriter.add": [(ClipsWriter, "add", ({**_CLIP, "language": "", "tags": ["a"]}, b""), {})],
    "ClipsWriter.change": [
        (ClipsWriter, "change", (ID, NOW), {}),
        (
            ClipsWriter,
            "change",
            (ID, NOW),
            {"status": "ready", "stage": "ready", "media": None, "draft": False},
        ),
    ],
    "ClipsWriter._mark": [(ClipsWriter, "like", (ID, ID), {}), (ClipsWriter, "repost", (ID, ID), {})],
    "ClipsWriter._unmark": [(ClipsWriter, "unlike", (ID, ID), {}), (ClipsWriter, "unrepost", (ID, ID), {})],
    "GrantsWriter.add": [(GrantsWriter, "add", (_GRANT, []), {})],
    "GrantsWriter.move": [
        (
            GrantsWriter,
            "move",
            (ID, "draft", "asked"),
            {"request_ref": ID, "requested_at": NOW, "answer_by": NOW},
        ),
        (
            GrantsWriter,
            "move",
            (ID, "asked", "approved"),
            {"cause": None, "decided_by": ID, "decided_key": ""},
        ),
        (GrantsWriter, "move", (ID, "approved", "closed"), {"ended_at": NOW, "end_ref": ID}),
    ],
    "GrantsWriter.note_leaf": [
        (GrantsWriter, "note_leaf", (ID, f"{name}_leaf", 1), {}) for name in ("request", "decision", "end")
    ],
    "SearchReader.list_matches": [
        (
            SearchReader,
            "list_matches",
            ([Wanted("clip", [["a"], ["b"]], True), Wanted("tag", [["a"]], False)], 5),
            {},
        )
    ],
}


async def _said_by(function: str) -> list[str]:
    said = []
    for kind, method, arguments, options in CALLS[function]:
        recorder = _Recorder()
        made = getattr(kind(recorder), method)(*arguments, **options)
        assert inspect.isawaitable(made)
        with contextlib.suppress(NotFoundError):  # the recorder touches no row
            await made
        said += recorder.said
    return said


# Run by the administrator alone, over tables named by the models: tests/slices/test_backups.py runs each of them.
ADMINISTRATORS = {"backups"}
STATEMENTS = [each for each in all_statements() if each.room not in ADMINISTRATORS]


def test_statements_made_by_functions_are_all_called() -> None:
    assert {each.function for each in STATEMENTS if each.text is None} == set(CALLS)


@pytest.mark.parametrize("statement", STATEMENTS, ids=str)
async def test_every_statement_is_valid_and_allowed(realm: Any, admin: Any, statement: Statement) -> None:
    """Planned against the migrated schema, as each login role: at least one of them must be allowed to run it."""
    texts = [statement.text] if statement.text else await _said_by(statement.function)
    assert texts
    for text in texts:
        refusals = {}
        for role in LOGIN_ROLES:
            refusal = await _refusal(admin, role, text)
            if refusal:
                refusals[role] = refusal
        assert len(refusals) < len(LOGIN_ROLES), f"{text}\n{refusals}"


async def _refusal(admin: Any, role: str, text: str) -> str:
    if admin.get_server_version().major < 16:
        # Only whether it is valid: planning with open parameters, which asks for permission, came later.
        await admin.execute(f"PREPARE tried AS {text}")
        await admin.execute("DEALLOCATE tried")
        return ""
    transaction = admin.transaction()
    await transaction.start()
    try:
        await admin.execute(f"SET LOCAL ROLE {role}")
        await admin.execute(f"EXPLAIN (GENERIC_PLAN) {text}")
    except asyncpg.InsufficientPrivilegeError as error:
        return str(error)
    finally:
        await transaction.rollback()
    return ""


# --- revisions ------------------------------------------------------------------------------------------------


@pytest.fixture
async def spare(realm: Any, admin: Any) -> Any:
    """Settings of an empty database beside the realm's own, on the same server."""
    name = f"spare_{secrets.token_hex(4)}"
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'")
    settings = realm.settings
    yield dataclasses.replace(settings, database=dataclasses.replace(settings.database, name=name))
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


async def _shape(settings: Any) -> dict[str, list[str]]:
    connection = await asyncpg.connect(**settings.database.connection("reelm_admin"))
    try:
        rows = await connection.fetch(
            "SELECT 'column ' || table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable AS line "
            "FROM information_schema.columns WHERE table_schema = 'public' "
            "UNION ALL SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public' "
            "UNION ALL SELECT 'check ' || conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE connamespace = 'public'::regnamespace "
            "UNION ALL SELECT 'policy ' || tablename || ' ' || policyname || ' ' || coalesce(qual, '') || "
            "coalesce(with_check, '') FROM pg_policies "
            "UNION ALL SELECT 'trigger ' || pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal"
        )
    finally:
        await connection.close()
    kinds: dict[str, list[str]] = {}
    for row in rows:
        kind, _, rest = row["line"].partition(" ")
        kinds.setdefault(kind, []).append(rest)
    return {kind: sorted(lines) for kind, lines in kinds.items()}


def _alembic(settings: Any, act: str, *arguments: str) -> None:
    from alembic import command

    getattr(command, act)(migrate.alembic_config(settings), *arguments)


async def test_the_models_and_the_revisions_agree(spare: Any) -> None:
    """`alembic check`: a change of a model without its revision is refused here."""
    await _in_thread(migrate.run, spare)
    await _in_thread(_alembic, spare, "check")


async def test_down_and_up_again_leads_to_the_same_place(spare: Any) -> None:
    await _in_thread(migrate.run, spare)
    before = await _shape(spare)
    assert before["policy"]
    await _in_thread(_alembic, spare, "downgrade", "base")
    left = await _shape(spare)
    assert not [line for line in left["column"] if not line.startswith(("pgqueuer", "alembic_version"))]
    await _in_thread(migrate.run, spare)
    assert await _shape(spare) == before


async def test_migrating_twice_changes_nothing(spare: Any) -> None:
    await _in_thread(migrate.run, spare)
    before = await _shape(spare)
    await _in_thread(migrate.run, spare)
    assert await _shape(spare) == before


async def _in_thread(function: Any, *arguments: Any) -> None:
    """Migrations have an event loop of their own."""
    await asyncio.to_thread(function, *arguments)
