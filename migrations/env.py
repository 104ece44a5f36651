"""Alembic's environment: online only, over asyncpg, as the owner role, with a lock timeout."""

import asyncio

import asyncpg
from alembic import context
from sqlalchemy import Table, event
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from reelm.models import everything  # noqa: F401 - importing declares the tables
from reelm.models.declare import metadata


@event.listens_for(Table, "before_drop")
def _policies_first(table, connection, **_):
    """Drop every policy, and the view over a table, before the first table: policies name one another's tables.

    Row-level security stays forced, so a table without policies shows nobody anything; `reelm migrate` makes all
    policies anew from the models.
    """
    connection.exec_driver_sql(
        "DO $$ DECLARE old record; BEGIN FOR old IN SELECT policyname, tablename FROM pg_policies "
        "WHERE schemaname = 'public' LOOP "
        "EXECUTE format('DROP POLICY %I ON %I', old.policyname, old.tablename); END LOOP; END $$"
    )
    connection.exec_driver_sql("DROP VIEW IF EXISTS reelm.followers, reelm.openings, reelm.opening_uses")


def _ours(obj, name, type_, reflected, compare_to):
    if type_ == "table":
        return not name.startswith(("pgqueuer", "watch_events_"))
    return True


def _without_declarations(context_, revision, directives):
    """Audiences and grants are applied from the models by each migration; revisions hold only shapes."""
    for operation in directives[0].upgrade_ops.ops + directives[0].downgrade_ops.ops:
        if hasattr(operation, "info"):
            operation.info.clear()


def _run(connection):
    connection.exec_driver_sql("SET ROLE reelm_owner")
    connection.exec_driver_sql("SET lock_timeout = '5s'")
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=metadata,
        include_object=_ours,
        compare_type=True,
        compare_server_default=False,
        transaction_per_migration=True,
        process_revision_directives=_without_declarations,
    )
    with context.begin_transaction():
        context.run_migrations()


async def _online():
    arguments = context.config.attributes["connection"]
    engine = create_async_engine(
        "postgresql+asyncpg://", poolclass=NullPool, async_creator=lambda: asyncpg.connect(**arguments)
    )
    async with engine.connect() as connection:
        await connection.run_sync(_run)
        await connection.commit()
    await engine.dispose()


asyncio.run(_online())
