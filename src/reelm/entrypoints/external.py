"""Checks of a PostgreSQL server that isn't ours, before anything is built on it."""

import asyncio

import asyncpg

from reelm.entrypoints.folder import StartError
from reelm.settings import DatabaseSettings

OLDEST = 15
_CONNECT_SECONDS = 10.0


def check_external(database: DatabaseSettings) -> str:
    """The server's version. Raises StartError when it can't be reached or can't hold a realm."""
    return asyncio.run(_check(database))


async def _check(database: DatabaseSettings) -> str:
    place = f"{database.host}:{database.port}"
    try:
        connection = await asyncpg.connect(**database.connection("reelm_admin"), timeout=_CONNECT_SECONDS)
    except (OSError, TimeoutError) as error:
        raise StartError(f"No PostgreSQL answers at {place}.", "Look at REELM_DATABASE_URL.") from error
    except asyncpg.PostgresError as error:
        raise StartError(
            f"PostgreSQL at {place} refuses us: {error}.", "Look at REELM_DATABASE_URL."
        ) from error
    try:
        return await _judge(connection, place)
    finally:
        await connection.close()


async def _judge(connection: asyncpg.Connection, place: str) -> str:
    row = await connection.fetchrow(
        """
        SELECT current_setting('server_version_num')::int, current_setting('server_version'),
               current_setting('server_encoding'),
               (SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user),
               (SELECT count(*) FROM pg_collation
                 WHERE lower(collname) IN ('c.utf8', 'c.utf-8', 'pg_c_utf8'))
        """
    )
    if row is None:
        raise StartError(f"PostgreSQL at {place} doesn't say what it is.")
    number, version, encoding, may_make_roles, locales = row
    if number < OLDEST * 10000:
        raise StartError(
            f"PostgreSQL at {place} is {version}; Reelm needs {OLDEST} or newer.",
            "Upgrade it, or unset REELM_DATABASE_URL to use the server that Reelm brings.",
        )
    if encoding != "UTF8":
        raise StartError(
            f"The database at {place} keeps its texts in {encoding}; Reelm needs UTF8.",
            "Make it with: CREATE DATABASE … TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'.",
        )
    if not locales:
        raise StartError(
            f"PostgreSQL at {place} has no collation C.UTF-8.",
            "Install that locale on its machine and run there: SELECT pg_import_system_collations('pg_catalog').",
        )
    if not may_make_roles:
        raise StartError(
            f"The user of REELM_DATABASE_URL may not make roles at {place}.",
            "Name an administrator there: a role with CREATEROLE that owns the database.",
        )
    return str(version)
