"""What the keys process reads for an opening under a grant: from the real database, and nobody else can."""

import datetime as dt
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from tests.slices.custody.test_clip_keys import Village, village  # noqa: F401 - a fixture

from reelm.custody.keeper import Keeper
from reelm.custody.opening_schemas import Tie, Watched
from reelm.custody.repository import PostgresRows
from reelm.kit.database import Database
from reelm.settings import LOGIN_ROLES, Settings

CALLS = (
    "reelm.enrolled_staff(ARRAY['x'])",
    "reelm.granted_identity('{0}')",
    "reelm.granted_ties('{0}', 0, 10)",
    "reelm.granted_watched('{0}', 0, 10)",
    "reelm.granted_clips('{0}', 0, 10)",
    "reelm.granted_clip('{0}', '{0}')",
    "reelm.staff_key_of('{0}') AS key_id WHERE key_id IS NOT NULL",
    "reelm.disclosed_report('{0}')",
)


@pytest.mark.parametrize("role", LOGIN_ROLES)
@pytest.mark.parametrize("call", CALLS)
async def test_only_the_keys_process_may_call(migrated: Settings, role: Any, call: str) -> None:
    connection = await asyncpg.connect(**migrated.database.connection(role))
    query = f"SELECT * FROM {call.format(UUID(int=1))}"
    try:
        if role == "reelm_keys":
            assert await connection.fetch(query) == []
        else:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.fetch(query)
    finally:
        await connection.close()


async def test_the_rows_are_one_person_s(village: Village, keeper: Keeper, migrated: Settings) -> None:  # noqa: F811
    database = await Database.open(migrated.database, "reelm_keys", size=1)
    rows = PostgresRows(database)
    author = village.author
    try:
        handles = {name: f"{name}{village.people[name].hex[-8:]}" for name in village.people}
        found = [_tie(row) for row in await rows.list_granted("ties", author, 0, 100)]
        assert {(tie.kind, tie.handle, tie.requested) for tie in found} == {
            ("following", handles["friend"], False),
            ("follower", handles["follower"], False),
            ("follower", handles["friend"], False),
            ("follower", handles["asker"], True),
            ("follower", handles["blocked"], False),
            ("blocks", handles["blocked"], False),
        }
        paged = [row for skip in (0, 2, 4) for row in await rows.list_granted("ties", author, skip, 2)]
        assert [_tie(row) for row in paged] == found

        clips = await rows.list_granted("clips", author, 0, 10)
        assert [row["id"] for row in clips] == [village.clip_id]
        one = await rows.find_granted_clip(author, village.clip_id)
        assert one is not None
        assert one["wrapped_key"]
        assert await rows.find_granted_clip(village.people["friend"], village.clip_id) is None
        await village.show_to("everyone")
        assert await rows.list_granted("clips", author, 0, 10) == []
        assert await rows.find_granted_clip(author, village.clip_id) is None
        await village.show_to("everyone", status="processing")
        assert [row["id"] for row in await rows.list_granted("clips", author, 0, 10)] == [village.clip_id]

        await _watch(village.admin, author, village.clip_id)
        watched = [Watched(**row) for row in await rows.list_granted("watched", author, 0, 10)]
        assert [(each.clip_id, each.kind, each.watched_ms) for each in watched] == [
            (village.clip_id, "finish", 700)
        ]
        assert await rows.list_granted("watched", village.people["friend"], 0, 10) == []

        assert await rows.find_granted_identity(author) == {}
        await village.admin.execute(
            "INSERT INTO person_details (person_id, birth_date_sealed, country_sealed, age_band, jurisdiction,"
            " language) VALUES ($1, $2, $3, 'adult', 'DE', 'de')",
            author,
            b"sealed",
            b"sealed too",
        )
        assert await rows.find_granted_identity(author) == {
            "birth_date_sealed": b"sealed",
            "country_sealed": b"sealed too",
            "email_sealed": None,
            "phone_sealed": None,
        }
    finally:
        await database.close()


def _tie(row: dict[str, Any]) -> Tie:
    return Tie(**row)


async def _watch(admin: Any, person: UUID, clip: UUID) -> None:
    now = dt.datetime.now(dt.UTC)
    await admin.execute("SELECT reelm.keep_event_days($1, $1)", now.date())
    await admin.execute(
        "INSERT INTO watch_events (person_id, at, id, clip_id, kind, watched_ms) VALUES ($1, $2, $3, $4,"
        " 'finish', 700)",
        person,
        now,
        clip,
        clip,
    )


async def test_staff_count_while_they_are_enrolled_operators(village: Village, migrated: Settings) -> None:  # noqa: F811
    database = await Database.open(migrated.database, "reelm_keys", size=1)
    rows = PostgresRows(database)
    person = village.people["stranger"]
    key_id = person.hex[:16]
    try:
        await village.admin.execute(
            "INSERT INTO person_details (person_id, birth_date_sealed, country_sealed, age_band, jurisdiction,"
            " language, role) VALUES ($1, '', '', 'adult', 'DE', 'de', 'operator')",
            person,
        )
        await village.admin.execute(
            "INSERT INTO staff (key_id, person_id, public_key, country, state) VALUES ($1, $2, $3, 'DE', 'asked')",
            key_id,
            person,
            bytes(32),
        )
        assert await rows.list_enrolled_staff([key_id]) == {}
        await village.admin.execute("UPDATE staff SET state = 'enrolled' WHERE key_id = $1", key_id)
        assert await rows.list_enrolled_staff([key_id, "0" * 16]) == {key_id: person}
        await village.admin.execute("UPDATE person_details SET role = 'person' WHERE person_id = $1", person)
        assert await rows.list_enrolled_staff([key_id]) == {}
    finally:
        await database.close()


async def test_an_hour_is_told_once_and_ends_are_found(village: Village, migrated: Settings) -> None:  # noqa: F811
    database = await Database.open(migrated.database, "reelm_keys", size=1)
    rows = PostgresRows(database)
    reference, end = village.people["asker"], village.people["friend"]
    try:
        for counts in (b'{"kind":"keys.released","n":1}', b'{"kind":"keys.released","n":2}'):
            await rows.add_released(reference, counts)
        bodies = await village.admin.fetch("SELECT body FROM ledger_entries WHERE ref = $1", reference)
        assert [row["body"] for row in bodies] == [b'{"kind":"keys.released","n":1}']
        # Nobody else may claim such an entry, and keys may claim no other.
        connection = await asyncpg.connect(**migrated.database.connection("reelm_web"))
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(
                "INSERT INTO ledger_entries (ref, kind, body) VALUES ($1, 'keys.released', '{}')", end
            )
        await connection.execute(
            "INSERT INTO ledger_entries (ref, kind, body) VALUES ($1, 'grant.expired', $2)",
            end,
            b'{"kind":"grant.expired","request":3}',
        )
        await connection.close()
        found = await rows.list_entries_after(("grant.expired",), 10**9)
        assert (None, {"kind": "grant.expired", "request": 3}) in found
        assert await rows.list_entries_after(("staff.left",), 10**9) == []
    finally:
        await database.close()
