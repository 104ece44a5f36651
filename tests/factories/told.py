"""Everything that a realm keeps, as bytes to be searched: its folder, and each table as the database reads it."""

from collections.abc import AsyncIterator

import asyncpg
from tests.conftest import RunningRealm
from tests.factories.canaries import Search

_TABLES = """
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') ORDER BY 1
"""


async def look_at_realm(realm: RunningRealm, search: Search) -> None:
    """Look into every file of the realm's folder and what lies beside it, and into every row of every table.

    Rows are looked at beside the files, since the database compresses long values in a way of its own.
    """
    connection = await asyncpg.connect(**realm.settings.database.connection("reelm_admin"))
    try:
        async for name, rows in _tables(connection):
            search.look(f"table {name}", rows)
            # Bytes stand there in hexadecimal, two of them looking like none: what is in them is looked at, too.
            for value in rows.replace(b"\n", b"\t").split(b"\t"):
                if value.startswith(b"\\\\x"):
                    search.look(f"table {name}, bytes", bytes.fromhex(value[3:].decode()))
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()
    search.look_into_files(realm.data.parent)


async def _tables(connection: "asyncpg.Connection[asyncpg.Record]") -> AsyncIterator[tuple[str, bytes]]:
    for row in await connection.fetch(_TABLES):
        kept = bytearray()

        async def keep(piece: bytes, kept: bytearray = kept) -> None:
            kept += piece

        await connection.copy_from_query(f"SELECT * FROM {row[0]}", output=keep, format="text")
        yield row[0], bytes(kept)
