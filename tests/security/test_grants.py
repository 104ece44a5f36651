"""The promise: staff with every right of the console and a shell in the web role read nobody's data without a grant.

Who is who stands in `heist`.
"""

import uuid
from typing import Any

import asyncpg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.factories.staff import Member, grant_for
from tests.security.heist import Heist, key_id

from reelm.kit.errors import NotFoundError

TABLES = ("staff", "grants", "grant_people", "grant_decisions", "grant_uses")
VIEWS = ("reelm.openings", "reelm.opening_uses")


# --- the sentence -------------------------------------------------------------------------------------


async def test_with_every_right_of_the_console_and_a_shell_nothing_is_read_without_a_grant(
    heist: Heist,
) -> None:
    person = heist.mallory.person
    alice, email = heist.alice, heist.email
    # The console and the API, as a member of staff.
    asked = await heist.mallory.ask(alice.handle, classes=["identity", "private"])
    for method, path, body in (
        ("POST", f"/staff/grants/{asked['id']}/opening", {"handle": alice.handle, "what": "identity"}),
        ("POST", f"/staff/grants/{asked['id']}/opening", {"handle": alice.handle, "what": "private"}),
        ("GET", f"/staff/grants/{asked['id']}/clips/{heist.clip}/video", None),
        ("GET", f"/clips/{heist.clip}", None),
        ("GET", f"/clips/{heist.clip}/download", None),
        ("GET", f"/people/{alice.handle}", None),
        ("GET", "/staff/members", None),
        ("GET", "/staff/grants", None),
    ):
        answer = await person.request(method, path, json=body)
        assert email not in answer.text
        assert answer.status_code in {200, 403, 404, 409}, answer.text
        assert answer.headers["content-type"].partition(";")[0] != "video/mp4"
    # The shell, as the web role, with Mallory's own ticket: every table and every column it can read.
    tables = await heist.shell.fetch(
        "SELECT c.oid::regclass::text AS name FROM pg_class c WHERE c.relkind IN ('r', 'p', 'v') AND c.relnamespace = "
        "ANY (ARRAY['public'::regnamespace, 'reelm'::regnamespace])"
    )
    read = 0
    for table in (row["name"] for row in tables):
        columns = await heist.shell.fetch(
            "SELECT a.attname FROM pg_attribute a WHERE a.attrelid = $1::text::regclass AND a.attnum > 0 "
            "AND NOT a.attisdropped AND has_column_privilege(a.attrelid, a.attnum, 'SELECT')",
            table,
        )
        if not columns:
            continue
        read += 1
        listed = ", ".join(row["attname"] for row in columns)
        for row in await heist.say(f"SELECT {listed} FROM {table}"):
            line = str(tuple(row.values()))
            assert email not in line, table
            assert table in {
                "people",
                "search_words",
                "reelm.openings",
            } or "for nobody else to see" not in line.split("'"), table
    assert read > 20
    # The keys process, as the web process asks it.
    with pytest.raises(NotFoundError):
        await heist.keys.clip_key(person.token, uuid.UUID(heist.clip))
    own = await heist.keys.person_key(person.token)
    sealed_rows = await heist.say(
        "SELECT email_sealed FROM person_details WHERE person_id = $1", uuid.UUID(alice.id)
    )
    assert sealed_rows == []
    assert len(own) == 32


async def test_with_an_approved_grant_it_works_is_logged_before_and_the_person_sees_it(heist: Heist) -> None:
    grant = await grant_for(heist.mallory, heist.trent, heist.alice.handle, classes=["identity", "private"])
    opened = await heist.mallory.open(grant["id"], heist.alice.handle)
    assert opened.json()["identity"]["email"] == heist.email
    index = opened.json()["entry_index"]
    # It is under the published checkpoint, so it was before the keys process believed its proof.
    entry = (await heist.alice.client.get(f"/api/v1/ledger/entries/{index}")).json()["entry"]
    assert (entry["kind"], entry["request"]) == ("grant.used", grant["entries"]["requested"])
    assert (await heist.alice.client.get(f"/api/v1/ledger/proofs/{index}")).status_code == 200
    film = await heist.mallory.person.get(f"/staff/grants/{grant['id']}/clips/{heist.clip}/video")
    assert (film.status_code, film.headers["content-type"]) == (200, "video/mp4")
    mine = (await heist.alice.get("/me/openings")).json()["items"]
    [seen] = [each for each in mine if each["id"] == grant["id"]]
    assert seen["used"][0]["entry_index"] == index
    assert seen["uses"] == 2
    kinds = [each["kind"] for each in (await heist.alice.get("/notices")).json()["items"]]
    assert "opened" in kinds


# --- rows -----------------------------------------------------------------------------------------------------


async def test_a_shell_without_a_ticket_sees_no_row(heist: Heist) -> None:
    for name in (*TABLES, *VIEWS):
        assert await heist.shell.fetch(f"SELECT * FROM {name}") == []


async def test_the_shell_writes_no_staff_and_changes_no_request(heist: Heist) -> None:
    key = Ed25519PrivateKey.generate()
    me, alice = uuid.UUID(heist.mallory.person.id), uuid.UUID(heist.alice.id)
    public = key.public_key().public_bytes_raw()
    refused = [
        ("UPDATE staff SET public_key = $1", public),
        ("UPDATE staff SET state = 'enrolled'",),
        (
            "INSERT INTO staff (key_id, person_id, public_key, country, state) VALUES ($1, $2, $3, 'FR', 'enrolled')",
            *(key_id(key), me, public),
        ),
        (
            "INSERT INTO staff (key_id, person_id, public_key, country, state) VALUES ($1, $2, $3, 'FR', 'asked')",
            *(key_id(key), alice, public),
        ),
        ("UPDATE grants SET asked_by = $1", me),
        ("UPDATE grants SET classes = '{identity}'",),
        ("UPDATE grants SET request = ''",),
        ("DELETE FROM grants",),
        ("DELETE FROM grant_people",),
        ("UPDATE grant_people SET person_id = $1", me),
        ("DELETE FROM grant_uses",),
        ("UPDATE grant_uses SET person_id = $1", me),
        ("SELECT reelm.grants_due(now())",),
        ("SELECT reelm.end_grant($1, now(), $1)", uuid.uuid4()),
        ("SELECT reelm.settle_grant($1, 1)", uuid.uuid4()),
        ("SELECT reelm.forget_grants(now(), now())",),
    ]
    for statement, *values in refused:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await heist.say(statement, *values)


async def test_rows_that_say_approved_open_nothing(heist: Heist) -> None:
    """The web role may move states: a console that was taken over shows what it likes, and opens nothing."""
    asked = await heist.mallory.ask(heist.alice.handle, classes=["identity", "private"])
    other = await grant_for(heist.mallory, heist.trent, heist.trent.handle, classes=["identity", "private"])
    keys = (await heist.mallory.person.get("/staff/members")).json()["items"]
    trent_key = next(each["key_id"] for each in keys if each["handle"] == heist.trent.handle)
    await heist.say(
        "UPDATE grants SET state = 'approved', decided_by = $2, decided_key = $3, decided_at = now(), "
        "expires_at = now() + interval '1 hour', decision_leaf = $4 WHERE id = $1",
        *(uuid.UUID(asked["id"]), uuid.UUID(heist.trent.person.id), trent_key, other["entries"]["approved"]),
    )
    for what in ("identity", "private"):
        answer = await heist.mallory.open(asked["id"], heist.alice.handle, what)
        assert answer.status_code == 403, answer.text
        assert answer.json()["code"].startswith("custody.grant_"), answer.text
        assert heist.email not in answer.text
    film = await heist.mallory.person.get(f"/staff/grants/{asked['id']}/clips/{heist.clip}/video")
    assert film.status_code == 403


async def test_somebody_added_to_a_grant_afterwards_is_not_opened(heist: Heist) -> None:
    draft = (await heist.mallory.draft(heist.trent.handle)).json()
    reference, nonce, document = await heist.reference(
        "grant.requested", {"grant": uuid.UUID(draft["id"]).hex, "person": uuid.UUID(heist.alice.id).hex}
    )
    await heist.say(
        "INSERT INTO grant_people (grant_id, person_id, reference, nonce, document) VALUES ($1, $2, $3, $4, $5)",
        *(uuid.UUID(draft["id"]), uuid.UUID(heist.alice.id), reference, nonce, document),
    )
    body = {"signature": heist.mallory.sign(draft["to_sign"])}
    assert (
        await heist.mallory.person.post(f"/staff/grants/{draft['id']}/signature", body)
    ).status_code == 200
    assert (await heist.trent.decide(draft["id"]))["state"] == "approved"
    assert (await heist.mallory.open(draft["id"], heist.trent.handle)).status_code == 200
    answer = await heist.mallory.open(draft["id"], heist.alice.handle)
    assert (answer.status_code, answer.json()["code"]) == (403, "custody.grant_other_person")


async def test_a_staff_key_exchanged_in_the_table_signs_nothing_that_counts(heist: Heist, admin: Any) -> None:
    """Not even with the administrator's rights over the table: the enrolment in the ledger is what counts."""
    fake = Ed25519PrivateKey.generate()
    trent = uuid.UUID(heist.trent.person.id)
    genuine = await admin.fetchval(
        "SELECT public_key FROM staff WHERE person_id = $1 AND state = 'enrolled'", trent
    )
    impostor = Member(heist.trent.person, fake)
    asked = await heist.mallory.ask(heist.alice.handle)
    await admin.execute(
        "UPDATE staff SET public_key = $2 WHERE person_id = $1 AND state = 'enrolled'",
        *(trent, fake.public_key().public_bytes_raw()),
    )
    try:
        assert (await impostor.decide(asked["id"]))["state"] == "approved", "the web process is deceived"
        answer = await heist.mallory.open(asked["id"], heist.alice.handle)
        assert (answer.status_code, answer.json()["code"]) == (403, "custody.grant_unsigned")
    finally:
        await admin.execute(
            "UPDATE staff SET public_key = $2 WHERE person_id = $1 AND state = 'enrolled'", trent, genuine
        )
