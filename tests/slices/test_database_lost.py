"""What people are told when PostgreSQL goes away under a request, and that it comes back by itself."""

import asyncio

import pytest
from tests.conftest import eventually

from reelm.kit.database import Database, DatabaseUnavailableError


async def test_a_statement_cut_off_is_a_503_with_a_time_to_come_back(realm, client, admin, sign_up):
    person = await sign_up()
    await admin.execute("BEGIN; SELECT 1 FROM people WHERE handle = $x$" + person.handle + "$x$ FOR UPDATE")
    change = asyncio.create_task(person.patch("/me", {"bio": "waiting for a row"}))

    async def waits():
        return await admin.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = 'reelm_web' AND wait_event_type = 'Lock'"
        )

    assert await eventually(waits)
    await admin.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'reelm_web' "
        "AND wait_event_type = 'Lock'"
    )
    answer = await change
    await admin.execute("ROLLBACK")
    assert (answer.status_code, answer.json()["code"]) == (503, "database.unavailable")
    assert int(answer.headers["retry-after"]) >= 1
    again = await person.patch("/me", {"bio": "came back"})
    assert (again.status_code, again.json()["bio"]) == (200, "came back")


async def test_a_connection_that_breaks_between_statements_is_unavailable_and_not_unexpected(realm, admin):
    """The pool takes a broken connection back by itself: what was under way on it ends as any lost one does."""
    database = await Database.open(realm.settings.database, "reelm_web", size=1)
    try:
        with pytest.raises(DatabaseUnavailableError):
            await _cut_off(database, admin)
        async with database.transaction() as uow:
            assert await uow.fetch_value("SELECT 1") == 1
    finally:
        await database.close()


async def _cut_off(database, admin):
    async with database.transaction() as uow:
        await admin.execute(
            "SELECT pg_terminate_backend($1)", await uow.fetch_value("SELECT pg_backend_pid()")
        )
        await eventually(lambda: _pool_has_it_back(database))
        await uow.fetch_value("SELECT 1")


async def _pool_has_it_back(database):
    return database.pool.get_idle_size() == database.pool.get_size()


async def test_a_character_that_cannot_be_stored_is_refused(sign_up):
    person = await sign_up()
    answer = await person.patch("/me", {"bio": "a\x00b"})
    assert (answer.status_code, answer.json()["code"]) == (422, "reelm.invalid_request")
