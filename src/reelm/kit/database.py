"""PostgreSQL through asyncpg: a pool per login role, and the unit of work.

One request or task is one transaction. The person on whose behalf it runs (the *subject*) is a short-lived
ticket made by `reelm keys`; it is set for that transaction only, and row-level security does the rest.
"""

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from contextvars import ContextVar
from typing import Any, Self
from uuid import UUID

import asyncpg

from reelm.kit.errors import InvalidRequestError, OverloadedError
from reelm.settings import DatabaseSettings, Role

Record = asyncpg.Record
UniqueViolation = asyncpg.UniqueViolationError
RowSecurityViolation = asyncpg.InsufficientPrivilegeError
# What a statement raises when the server went away under it.
CONNECTION_LOST = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InterfaceError,
    # What a statement meets whose connection breaks between its parts.
    asyncpg.InternalClientError,
)
_UNSTORABLE = (asyncpg.CharacterNotInRepertoireError, asyncpg.UntranslatableCharacterError)
_CONTENDED = (asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError, asyncpg.SerializationError)

_TICKET = re.compile(r"[A-Za-z0-9._-]{1,400}")


_begun_here: ContextVar[tuple["UnitOfWork", ...]] = ContextVar("units of work begun here", default=())


def in_transaction() -> bool:
    """Say whether the present task is inside a transaction: whoever then waits for long holds a connection."""
    return any(each.under_way for each in _begun_here.get())


class DatabaseUnavailableError(OverloadedError):
    """PostgreSQL is restarting or out of connections."""

    code = "database.unavailable"
    title = "The database is busy or restarting. Please try again in a moment."


class UnitOfWork:
    """One transaction of one subject. Repositories read and write through it; only entrypoints commit it.

    The transaction begins with the first statement, so a request that needs no row takes no connection.
    """

    def __init__(self, pool: "asyncpg.Pool[Record]", ticket: str | None) -> None:
        if ticket is not None and not _TICKET.fullmatch(ticket):
            raise ValueError("malformed subject ticket")
        self._pool = pool
        self._ticket = ticket
        self._connection: Any = None
        self._after_commit: list[Callable[[], Awaitable[None]]] = []

    @property
    def under_way(self) -> bool:
        """Whether its transaction has begun and has not ended."""
        return self._connection is not None

    async def _begun(self) -> Any:
        if self._connection is None:
            try:
                self._connection = await self._pool.acquire(timeout=10)
            except CONNECTION_LOST as error:
                raise DatabaseUnavailableError(retry_after_seconds=2) from error
            _begun_here.set((*(each for each in _begun_here.get() if each.under_way), self))
            with _translated(self._connection):
                await self._connection.execute("BEGIN")
                if self._ticket is not None:
                    # As a parameter: whoever else has this role can read the texts of its statements
                    # (pg_stat_activity), but never their values.
                    await self._connection.execute(
                        "SELECT set_config('reelm.ticket', $1, true)", self._ticket
                    )
        return self._connection

    async def fetch(self, query: str, *arguments: Any) -> list[Record]:
        connection = await self._begun()
        with _translated(connection):
            rows: list[Record] = await connection.fetch(query, *arguments)
        return rows

    async def fetch_row(self, query: str, *arguments: Any) -> Record | None:
        connection = await self._begun()
        with _translated(connection):
            row: Record | None = await connection.fetchrow(query, *arguments)
        return row

    async def fetch_value(self, query: str, *arguments: Any) -> Any:
        connection = await self._begun()
        with _translated(connection):
            return await connection.fetchval(query, *arguments)

    async def execute(self, query: str, *arguments: Any) -> int:
        """Run a statement; return how many rows it touched."""
        connection = await self._begun()
        with _translated(connection):
            status: str = await connection.execute(query, *arguments)
        count = status.rsplit(" ", 1)[-1]
        return int(count) if count.isdigit() else 0

    async def execute_many(self, query: str, rows: Sequence[Sequence[Any]]) -> None:
        connection = await self._begun()
        with _translated(connection):
            await connection.executemany(query, rows)

    def after_commit(self, effect: Callable[[], Awaitable[None]]) -> None:
        """Remember an in-process effect (waking a cache, dropping a file) for after the commit.

        It is lost if the process dies in between: what must happen goes through the job queue.
        """
        self._after_commit.append(effect)

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[Self]:
        """Undo only what is inside when it raises."""
        connection = await self._begun()
        await connection.execute("SAVEPOINT inner_step")
        try:
            yield self
        except BaseException:
            await connection.execute("ROLLBACK TO SAVEPOINT inner_step")
            raise
        await connection.execute("RELEASE SAVEPOINT inner_step")

    async def finish(self, *, commit: bool) -> None:
        """End the transaction and give the connection back. Entrypoints only."""
        connection, self._connection = self._connection, None
        effects, self._after_commit = self._after_commit, []
        if connection is not None:
            try:
                await self._end(connection, commit=commit)
            finally:
                await self._pool.release(connection)
        if commit:
            for effect in effects:
                await effect()

    @staticmethod
    async def _end(connection: Any, *, commit: bool) -> None:
        try:
            with _translated(connection):
                await connection.execute("COMMIT" if commit else "ROLLBACK")
        except BaseException:
            # A connection that could not end its transaction must not meet another person's request.
            # One that broke may be the pool's again already, which then ends it itself.
            with suppress(asyncpg.InterfaceError):
                connection.terminate()
            if commit:
                raise


def _is_gone(connection: Any) -> bool:
    """Whether it is closed; the pool takes one that broke back by itself, and then says nothing of it any more."""
    try:
        return bool(connection.is_closed())
    except asyncpg.InterfaceError:
        return True


@contextmanager
def _translated(connection: Any) -> Iterator[None]:
    """Raise our own errors for what a statement may meet and a caller may expect."""
    try:
        yield
    except _UNSTORABLE as error:
        raise InvalidRequestError("There is a character in it that can't be stored.") from error
    except _CONTENDED as error:
        raise OverloadedError(retry_after_seconds=1) from error
    except CONNECTION_LOST as error:
        if isinstance(error, asyncpg.InterfaceError) and not _is_gone(connection):
            raise
        raise DatabaseUnavailableError(retry_after_seconds=2) from error


class Database:
    """A pool of connections of one login role."""

    def __init__(self, pool: "asyncpg.Pool[Record]", role: Role) -> None:
        self.pool = pool
        self.role = role

    @classmethod
    async def open(cls, settings: DatabaseSettings, role: Role, *, size: int | None = None) -> Self:
        """Connect as `role`. Raises `DatabaseUnavailableError` when PostgreSQL does not answer."""
        arguments = settings.connection(role)
        try:
            pool = await asyncpg.create_pool(
                **arguments,
                min_size=1,
                max_size=size or settings.pool_size,
                init=_prepare,
                reset=_nothing,
                server_settings={"application_name": f"reelm {role}", "timezone": "UTC", "jit": "off"},
            )
        except (OSError, asyncpg.CannotConnectNowError, asyncpg.PostgresConnectionError) as error:
            raise DatabaseUnavailableError(retry_after_seconds=2) from error
        return cls(pool, role)

    async def close(self) -> None:
        await self.pool.close()

    def begin(self, ticket: str | None = None) -> UnitOfWork:
        """Return a unit of work that the caller finishes."""
        return UnitOfWork(self.pool, ticket)

    async def ask(self, query: str, ticket: str, *arguments: Any) -> list[Record]:
        """Run one statement that is a transaction of its own: a function of the schema `reelm` that takes the ticket.

        The ticket is its first parameter, and ends with the statement. For what is asked so often that three more
        round trips count; whoever has a unit of work open must not call it, for that would hold two connections.
        """
        if not _TICKET.fullmatch(ticket):
            raise ValueError("malformed subject ticket")
        try:
            # Waiting with a limit costs as much again as taking one that is there.
            connection: Any = await self.pool.acquire(timeout=None if self.pool.get_idle_size() else 10)
        except CONNECTION_LOST as error:
            raise DatabaseUnavailableError(retry_after_seconds=2) from error
        try:
            with _translated(connection):
                rows: list[Record] = await connection.fetch(query, ticket, *arguments)
            return rows
        finally:
            await self.pool.release(connection)

    @asynccontextmanager
    async def transaction(self, ticket: str | None = None) -> AsyncIterator[UnitOfWork]:
        """Run one transaction: commit at the end, roll back when it raises."""
        uow = self.begin(ticket)
        try:
            yield uow
        except BaseException:
            await uow.finish(commit=False)
            raise
        await uow.finish(commit=True)


async def _nothing(connection: Any) -> None:
    """Spare the pool's reset round trips: every setting we use ends with its transaction."""


async def _prepare(connection: Any) -> None:
    await connection.set_type_codec("uuid", encoder=str, decoder=UUID, schema="pg_catalog", format="text")
    await connection.set_type_codec(
        "jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog", format="text"
    )
