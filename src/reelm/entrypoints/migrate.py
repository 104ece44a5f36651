"""`reelm migrate`: bring the database to this release: roles, tables, functions, policies, the job queue.

Steps, each idempotent, so that a killed migration is simply run again:
1. login roles with the realm's passwords, and the owner role that can't log in;
2. Alembic's revisions, as the owner;
3. functions and triggers, then policies and grants, made anew from `models`;
4. the job queue's own tables;
5. today's and the coming days' partitions;
6. what is being deployed, with its data map, for the ledger.
"""

import asyncio
import datetime as dt
from importlib.resources import files
from pathlib import Path
from typing import Any

import asyncpg

import reelm
from reelm.kit.clock import Clock, SystemClock
from reelm.realm import datamap, deployment
from reelm.realm.service import RealmService
from reelm.settings import LOGIN_ROLES, Settings

OLDEST_POSTGRESQL = 15
MIGRATIONS = Path(reelm.__file__).parents[2] / "migrations"


class TooOldDatabaseError(Exception):
    """The server is older than the oldest PostgreSQL the realm runs on."""


def run(settings: Settings, clock: Clock | None = None) -> int:
    """Migrate the database of `settings`, which must hold every role's password. Returns an exit code."""
    asyncio.run(_prepare_roles(settings))
    _upgrade(settings)
    asyncio.run(_apply(settings, clock or SystemClock()))
    _describe(settings)
    return 0


def _describe(settings: Settings) -> None:
    from reelm.models.everything import metadata
    from reelm.models.rooms import TABLES_OF

    realm = RealmService.load(settings).document
    data_map = datamap.document(metadata.sorted_tables, TABLES_OF, realm)
    deployment.write(settings.data / "run", reelm.__version__, data_map)


async def _connect(settings: Settings) -> Any:
    return await asyncpg.connect(**settings.database.connection("reelm_admin"))


async def _prepare_roles(settings: Settings) -> None:
    connection = await _connect(settings)
    try:
        version = connection.get_server_version().major
        if version < OLDEST_POSTGRESQL:
            raise TooOldDatabaseError(
                f"PostgreSQL {OLDEST_POSTGRESQL} or newer is needed; this is {version}."
            )
        known = {row["rolname"] for row in await connection.fetch("SELECT rolname FROM pg_roles")}
        if "reelm_owner" not in known:
            await connection.execute("CREATE ROLE reelm_owner NOLOGIN NOINHERIT")
        for role in LOGIN_ROLES:
            if role not in known:
                await connection.execute(f"CREATE ROLE {role} LOGIN NOINHERIT")
            password = settings.database.passwords[role].replace("'", "''")
            await connection.execute(f"ALTER ROLE {role} PASSWORD '{password}'")
        name = settings.database.name.replace('"', '""')
        await connection.execute(f"GRANT reelm_owner TO {settings.database.admin_role}")
        await connection.execute(f'GRANT CREATE, CONNECT ON DATABASE "{name}" TO reelm_owner')
        await connection.execute(f'REVOKE ALL ON DATABASE "{name}" FROM PUBLIC')
        await connection.execute(f'GRANT CONNECT ON DATABASE "{name}" TO {", ".join(LOGIN_ROLES)}')
        await connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
        await connection.execute("GRANT ALL ON SCHEMA public TO reelm_owner")
        await connection.execute(f"GRANT USAGE ON SCHEMA public TO {', '.join(LOGIN_ROLES)}")
        await connection.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    finally:
        await connection.close()


def _upgrade(settings: Settings) -> None:
    from alembic import command

    command.upgrade(alembic_config(settings), "head")


def alembic_config(settings: Settings) -> Any:
    """Return Alembic's configuration for the database of `settings`."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = settings.database.connection("reelm_admin")
    return config


async def _apply(settings: Settings, clock: Clock) -> None:
    from reelm.models import everything  # noqa: F401
    from reelm.models.declare import metadata
    from reelm.models.own import own_statements
    from reelm.models.policies import function_statements, policy_statements

    connection = await _connect(settings)
    try:
        await _install_queue(connection)
        async with connection.transaction():
            await connection.execute("SET LOCAL ROLE reelm_owner")
            await connection.execute("SET LOCAL lock_timeout = '5s'")
            for name in (
                "subject.sql",
                "functions.sql",
                "grants.sql",
                "rights.sql",
                "friends.sql",
                "feed.sql",
                "receipts.sql",
                "learning.sql",
                "sites.sql",
                "federation.sql",
                "border.sql",
                "contacts.sql",
                "messages.sql",
                "message_reports.sql",
                "push.sql",
            ):
                await connection.execute(files("reelm.models").joinpath(name).read_text())
            for statement in (
                *own_statements(metadata),
                *policy_statements(metadata),
                *function_statements(),
            ):
                await connection.execute(statement)
            today = clock.now().date()
            first, last = today - dt.timedelta(days=settings.event_days), today + dt.timedelta(days=3)
            await connection.execute("SELECT reelm.keep_event_days($1, $2)", first, last)
    finally:
        await connection.close()


async def _install_queue(connection: Any) -> None:
    """Install or upgrade PgQueuer's tables, owned by `reelm_owner`; the worker alone may read them."""
    from pgqueuer import AsyncpgDriver, Queries

    await connection.execute("SET ROLE reelm_owner")
    try:
        queries = Queries(AsyncpgDriver(connection))
        if await queries.schema_is_installed():
            await queries.upgrade()
        else:
            await queries.install()
        tables = "pgqueuer, pgqueuer_log, pgqueuer_statistics, pgqueuer_schedules"
        await connection.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {tables} TO reelm_worker")
        await connection.execute("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO reelm_worker")
    finally:
        await connection.execute("RESET ROLE")
