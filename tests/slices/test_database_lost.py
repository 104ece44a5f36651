"""What people are told when PostgreSQL goes away under a request, and that it comes back by itself."""

import asyncio

from tests.conftest import eventually


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


async def test_a_character_that_cannot_be_stored_is_refused(sign_up):
    person = await sign_up()
    answer = await person.patch("/me", {"bio": "a\x00b"})
    assert (answer.status_code, answer.json()["code"]) == (422, "reelm.invalid_request")
