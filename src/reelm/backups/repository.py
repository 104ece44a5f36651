"""SQL of backups: every table's rows as JSON, by whom they belong to, and back again.

It runs as the administrator in the owner's role; the tables' names come from the models, never from a person.
"""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from reelm.kit.database import Record, UnitOfWork
from reelm.models.holdings import GUESTS, OWNER, PUBLIC

_ROWS_AT_ONCE = 2000


class BackupsReader:
    """Reads all rows of a realm as they were at one moment. Holds one long, read-only transaction."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def begin(self) -> None:
        """Fix the moment; before any other statement of the transaction."""
        await self._uow.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        await self._uow.execute("SET LOCAL ROLE reelm_owner")

    async def revision(self) -> str:
        """Return the schema's revision."""
        return str(await self._uow.fetch_value("SELECT version_num FROM public.alembic_version"))

    async def columns(self, tables: Sequence[str]) -> dict[str, list[str]]:
        """Return the columns of each table that can be written, in their order."""
        rows = await self._uow.fetch(
            "SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum) AS columns "
            "FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid "
            "WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY ($1) "
            "AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' GROUP BY c.relname",
            list(tables),
        )
        return {row["relname"]: list(row["columns"]) for row in rows}

    async def public_rows(self, table: str) -> AsyncIterator[list[str]]:
        """Yield the public rows of `table` as JSON texts, some at a time."""
        query = f"SELECT to_jsonb(t)::text AS line FROM {table} t WHERE {PUBLIC[table]}"
        async for rows in self._pages(query):
            yield [row["line"] for row in rows]

    async def own_rows(self, table: str) -> AsyncIterator[list[str]]:
        """Yield the rows of `table` that are neither public nor any person's."""
        owner = OWNER[table]
        whose = "true" if owner is None else f"{owner} IS NULL"
        public = PUBLIC.get(table, "false")
        query = f"SELECT to_jsonb(t)::text AS line FROM {table} t WHERE {whose} AND NOT ({public})"
        async for rows in self._pages(query):
            yield [row["line"] for row in rows]

    async def person_ids(self, after: UUID | None, limit: int) -> list[UUID]:
        """Return the ids of the next people of this realm, in order."""
        rows = await self._uow.fetch(
            "SELECT t.id FROM people t WHERE t.realm IS NULL AND ($1::uuid IS NULL OR t.id > $1) "
            "ORDER BY t.id LIMIT $2",
            after,
            limit,
        )
        return [row["id"] for row in rows]

    async def sealed_rows(self, table: str, person_ids: Sequence[UUID]) -> list[tuple[UUID, str]]:
        """Return the rows of `table` of these people that are not public, each with its person.

        With them lies what people of other realms did towards them.
        """
        owner = OWNER[table]
        if owner is None:
            return []
        public = PUBLIC.get(table, "false")
        query = (
            f"SELECT {owner} AS person_id, to_jsonb(t)::text AS line FROM {table} t "
            f"WHERE {owner} = ANY ($1) AND NOT ({public})"
        )
        if table in GUESTS:
            column, host = GUESTS[table]
            query += (
                f" UNION ALL SELECT {host}, to_jsonb(t)::text FROM people g JOIN {table} t ON t.{column} = g.id "
                f"WHERE g.realm IS NOT NULL AND {host} = ANY ($1) AND NOT ({public})"
            )
        rows = await self._uow.fetch(query, list(person_ids))
        return [(row["person_id"], row["line"]) for row in rows]

    async def _pages(self, query: str) -> AsyncIterator[list[Record]]:
        await self._uow.execute(f"DECLARE backup_rows NO SCROLL CURSOR FOR {query}")
        while rows := await self._uow.fetch(f"FETCH {_ROWS_AT_ONCE} FROM backup_rows"):
            yield rows
        await self._uow.execute("CLOSE backup_rows")


class BackupsWriter:
    """Puts rows back into the empty tables of a realm that nothing serves yet."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def begin(self) -> None:
        """Let rows come in any order and move no counter: what they refer to may still be on its way."""
        await self._uow.execute("SET LOCAL session_replication_role = replica")

    async def is_empty(self) -> bool:
        """Say whether nobody lives here yet."""
        return not await self._uow.fetch_value("SELECT EXISTS (SELECT 1 FROM people)")

    async def clear(self, tables: Sequence[str]) -> None:
        """Take out what the first migration and start put in by themselves."""
        for table in tables:
            await self._uow.execute(f"DELETE FROM {table}")

    async def put(self, table: str, columns: Sequence[str], lines: Sequence[str]) -> None:
        """Insert rows; columns that are younger than the backup get their defaults."""
        names = ", ".join(f'"{name}"' for name in columns)
        await self._uow.execute(
            f"INSERT INTO {table} ({names}) OVERRIDING SYSTEM VALUE SELECT {names} "
            f"FROM jsonb_populate_recordset(NULL::{table}, $1::text::jsonb)",
            f"[{','.join(lines)}]",
        )

    async def partition_days(self, first: str, last: str) -> None:
        """Make room for watch events from `first` to `last` (ISO dates)."""
        await self._uow.execute("SELECT reelm.keep_event_days($1::text::date, $2::text::date)", first, last)

    async def forget_people(self, kept: Sequence[UUID]) -> int:
        """Take out everybody who is not in `kept`; return how many there were. `drop_orphans` comes after."""
        return int(await self._uow.fetch_value("SELECT reelm.keep_people($1)", list(kept)))

    async def drop_orphans(self) -> int:
        """Do for every foreign key what the database would have done, until nothing refers to what is gone."""
        references = await self._uow.fetch(
            "SELECT n.conrelid::regclass::text AS child, n.confrelid::regclass::text AS parent, n.confdeltype::text "
            "AS then, "
            "(SELECT attname::text FROM pg_attribute a WHERE a.attrelid = n.conrelid AND attnum = conkey[1]) AS own, "
            "(SELECT attname::text FROM pg_attribute a WHERE a.attrelid = n.confrelid AND attnum = confkey[1]) "
            "AS other FROM pg_constraint n WHERE n.contype = 'f' AND n.connamespace = 'public'::regnamespace "
            "AND n.conparentid = 0 AND cardinality(n.conkey) = 1 ORDER BY 1, 2"
        )
        gone = 0
        while True:
            step = 0
            for reference in references:
                lost = (
                    f"{reference['own']} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {reference['parent']} p "
                    f"WHERE p.{reference['other']} = {reference['child']}.{reference['own']})"
                )
                if reference["then"] == "n":
                    step += await self._uow.execute(
                        f"UPDATE {reference['child']} SET {reference['own']} = NULL WHERE {lost}"
                    )
                else:
                    step += await self._uow.execute(f"DELETE FROM {reference['child']} WHERE {lost}")
            if not step:
                return gone
            gone += step

    async def recount(self) -> None:
        """Set every counter to what is there now."""
        await self._uow.execute("SELECT reelm.recount()")

    async def align_sequences(self) -> None:
        """Let numbers that tables give out continue after the highest one that came back."""
        rows = await self._uow.fetch(
            "SELECT c.relname::text AS table, a.attname::text AS column, "
            "pg_get_serial_sequence(c.oid::regclass::text, a.attname) AS sequence "
            "FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
            "WHERE a.attidentity <> '' AND c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'"
        )
        for row in rows:
            highest = f'SELECT max("{row["column"]}") FROM {row["table"]}'
            await self._uow.execute(
                f"SELECT setval($1::text::regclass, greatest(({highest}), 1))", row["sequence"]
            )
