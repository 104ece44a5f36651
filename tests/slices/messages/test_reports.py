"""Reported messages: what a recipient discloses is exactly what staff read, and only staff."""

import json
import uuid
from typing import Any

import pytest
from tests.conftest import Person, RunningRealm
from tests.factories.franked import put_talk
from tests.factories.staff import Member, enrol, grant_for, make_operator, make_staff

SAID = "what was said to frighten somebody"
KEPT = "what was said in confidence"


@pytest.fixture(scope="package")
async def staff(realm: RunningRealm, admin: Any, sign_up: Any) -> tuple[Member, Member]:
    return await make_staff(realm, admin, sign_up), await make_staff(realm, admin, sign_up)


def _code(answer: Any) -> str:
    return str(answer.json()["code"])


async def _reported(admin: Any, ada: Person, ben: Person, **changes: Any) -> tuple[str, str]:
    """Ada reports the second of three messages; returns the report's id and the conversation's."""
    talk = await put_talk(admin, [ada, ben], [(ben, KEPT), (ben, SAID), (ada, "stop it")])
    body = {"seqs": talk.told(2), "category": "threat", "note": "it frightens me", **changes}
    answer = await ada.post(f"/conversations/{talk.id}/reports", body)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"], talk.id


# --- reporting ------------------------------------------------------------------------------------------------


async def test_reporting_is_for_who_is_in_the_conversation(client: Any, admin: Any, sign_up: Any) -> None:
    ada, ben, mallory = await sign_up(), await sign_up(), await sign_up()
    talk = await put_talk(admin, [ada, ben], [(ben, SAID)])
    body = {"seqs": talk.told(1), "category": "threat", "note": ""}
    nobody = await client.post(f"/api/v1/conversations/{talk.id}/reports", json=body)
    assert nobody.status_code == 401
    other = await mallory.post(f"/conversations/{talk.id}/reports", body)
    assert other.status_code == 404
    assert (await ada.post(f"/conversations/{uuid.uuid4()}/reports", body)).status_code == 404
    assert (
        await admin.fetchval(
            "SELECT count(*) FROM message_reports WHERE person_id = $1", uuid.UUID(mallory.id)
        )
    ) == 0


async def test_what_was_not_sent_can_not_be_reported(admin: Any, sign_up: Any) -> None:
    ada, ben = await sign_up(), await sign_up()
    talk = await put_talk(admin, [ada, ben], [(ben, SAID), (ben, KEPT), (ada, "mine")])
    right = talk.told(1)[0]
    worse = json.dumps({**talk.messages[1].content, "text": "something much worse"})
    for seqs, fields in (
        ([{**right, "payload": worse}], {"seqs.1": "not_the_message"}),
        ([{**right, "seq": 2}], {"seqs.2": "not_the_message"}),
        ([{**right, "fk": talk.told(2)[0]["fk"]}], {"seqs.1": "not_the_message"}),
        ([{**right, "seq": 44}], {"seqs.44": "not_there"}),
        ([right, {**talk.told(2)[0], "payload": worse}], {"seqs.2": "not_the_message"}),
    ):
        answer = await ada.post(
            f"/conversations/{talk.id}/reports", {"seqs": seqs, "category": "hate", "note": ""}
        )
        assert (answer.status_code, _code(answer)) == (422, "messages.not_the_message"), answer.text
        assert answer.json()["fields"] == fields
    own = await ada.post(f"/conversations/{talk.id}/reports", {"seqs": talk.told(3), "category": "hate"})
    assert (own.status_code, _code(own)) == (422, "messages.only_own")
    for body in (
        {"seqs": [], "category": "hate"},
        {"seqs": [right, right], "category": "hate"},
        {"seqs": [right] * 21, "category": "hate"},
        {"seqs": [right], "category": "dislike"},
        {"seqs": [right], "category": "hate", "note": "x" * 1001},
        {"seqs": [{**right, "payload": "x" * 16_385}], "category": "hate"},
        {"seqs": [{**right, "extra": 1}], "category": "hate"},
        {"category": "hate"},
    ):
        answer = await ada.post(f"/conversations/{talk.id}/reports", body)
        assert answer.status_code == 422, answer.text
    assert (await ada.get("/me/reports")).json()["items"] == []


async def test_what_was_taken_back_can_still_be_shown(admin: Any, sign_up: Any) -> None:
    ada, ben = await sign_up(), await sign_up()
    talk = await put_talk(admin, [ada, ben], [(ben, SAID)])
    await admin.execute(
        "UPDATE messages SET kind = 'removed', body_sealed = NULL WHERE conversation_id = $1",
        uuid.UUID(talk.id),
    )
    answer = await ada.post(f"/conversations/{talk.id}/reports", {"seqs": talk.told(1), "category": "threat"})
    assert answer.status_code == 201, answer.text


# --- whoever reported it ----------------------------------------------------------------------------------------


async def test_own_reports_are_listed_to_oneself(client: Any, admin: Any, sign_up: Any) -> None:
    ada, ben = await sign_up(), await sign_up()
    first, talk = await _reported(admin, ada, ben)
    second, _ = await _reported(admin, ada, ben, category="hate", note="")
    assert (await client.get("/api/v1/me/reports")).status_code == 401
    assert (await ben.get("/me/reports")).json() == {"items": [], "next_cursor": None}
    assert (await ada.get("/me/reports?cursor=nonsense")).status_code == 422
    page = (await ada.get("/me/reports?limit=1")).json()
    assert [one["id"] for one in page["items"]] == [second]
    page = (await ada.get(f"/me/reports?limit=1&cursor={page['next_cursor']}")).json()
    [one] = page["items"]
    assert page["next_cursor"] is None
    assert (one["id"], one["conversation_id"], one["seqs"]) == (first, talk, [2])
    assert (one["category"], one["note"], one["openings"]) == ("threat", "it frightens me", [])


async def test_nothing_of_a_report_is_kept_in_clear(admin: Any, sign_up: Any) -> None:
    ada, ben = await sign_up(), await sign_up()
    report, _ = await _reported(admin, ada, ben)
    row = await admin.fetchrow(
        "SELECT to_jsonb(r)::text AS line, report_sealed FROM message_reports r WHERE id = $1",
        uuid.UUID(report),
    )
    for word in (SAID, "frightens", ben.id, ben.handle):
        assert word not in row["line"]
        assert word.encode() not in row["report_sealed"]
    # The one who reported it takes it along, opened.
    data = (await ada.get("/me/data/message_reports")).json()
    [line] = [one for one in data["items"] if one["id"] == report]
    assert SAID in line["report"]


# --- staff ------------------------------------------------------------------------------------------------------


async def test_staff_read_exactly_what_was_disclosed(
    staff: tuple[Member, Member], admin: Any, sign_up: Any
) -> None:
    ada, ben = await sign_up(), await sign_up()
    report, _ = await _reported(admin, ada, ben)
    reader = staff[0].person
    listed = await reader.get("/staff/reports?limit=50")
    assert listed.status_code == 200, listed.text
    [row] = [one for one in listed.json()["items"] if one["id"] == report]
    assert (row["category"], row["items"], row["openings"], row["opened_at"]) == ("threat", 1, 0, None)
    for word in (SAID, "frightens", ada.handle, ben.handle, ben.id, ada.id):
        assert word not in listed.text
    opened = await reader.post(f"/staff/reports/{report}/open")
    assert opened.status_code == 200, opened.text
    assert opened.headers["cache-control"] == "no-store"
    body = opened.json()
    assert (body["reporter"]["handle"], body["category"], body["note"]) == (
        ada.handle,
        "threat",
        "it frightens me",
    )
    [message] = body["messages"]
    assert (message["seq"], message["sender"]["handle"], message["proven"]) == (2, ben.handle, True)
    assert json.loads(message["payload"])["text"] == SAID
    assert "fk" not in opened.text
    assert KEPT not in opened.text
    [own] = (await ada.get("/me/reports")).json()["items"]
    [opening] = own["openings"]
    members = (await reader.get("/staff/members")).json()["items"]
    assert opening["key_id"] in {one["key_id"] for one in members if one["handle"] == staff[0].handle}
    again = (await staff[1].person.get("/staff/reports?limit=50")).json()["items"]
    assert [one["openings"] for one in again if one["id"] == report] == [1]


async def test_who_is_no_staff_reads_nothing(
    client: Any, realm: RunningRealm, admin: Any, sign_up: Any
) -> None:
    ada, ben = await sign_up(), await sign_up()
    report, _ = await _reported(admin, ada, ben)
    assert (await client.get("/api/v1/staff/reports")).status_code == 401
    assert (await client.post(f"/api/v1/staff/reports/{report}/open")).status_code == 401
    for person in (ada, ben):
        assert (await person.get("/staff/reports")).status_code == 404
        assert (await person.post(f"/staff/reports/{report}/open")).status_code == 404
    operator = await make_operator(admin, await sign_up())
    for call in (
        operator.person.get("/staff/reports"),
        operator.person.post(f"/staff/reports/{report}/open"),
    ):
        answer = await call
        assert (answer.status_code, _code(answer)) == (403, "custody.not_enrolled"), answer.text
    # A row in the table is not a keyholder's word: `reelm keys` looks into the ledger.
    assert (await operator.bring_key()).status_code == 200
    await admin.execute(
        "UPDATE staff SET state = 'enrolled', enrolled_at = now() WHERE person_id = $1",
        uuid.UUID(operator.person.id),
    )
    answer = await operator.person.post(f"/staff/reports/{report}/open")
    assert (answer.status_code, _code(answer)) == (403, "custody.staff_unknown"), answer.text
    assert (await ada.get("/me/reports")).json()["items"][0]["openings"] == []


async def test_staff_who_left_read_nothing(realm: RunningRealm, admin: Any, sign_up: Any) -> None:
    ada, ben = await sign_up(), await sign_up()
    report, _ = await _reported(admin, ada, ben)
    member = await make_staff(realm, admin, sign_up)
    assert (await member.person.post(f"/staff/reports/{report}/open")).status_code == 200
    await enrol(realm, member, "remove")
    answer = await member.person.post(f"/staff/reports/{report}/open")
    assert answer.status_code in {403, 404}, answer.text
    assert len((await ada.get("/me/reports")).json()["items"][0]["openings"]) == 1
    # Nor when somebody puts them back by hand.
    await admin.execute(
        "UPDATE staff SET state = 'enrolled', left_at = NULL WHERE person_id = $1",
        uuid.UUID(member.person.id),
    )
    answer = await member.person.post(f"/staff/reports/{report}/open")
    assert (answer.status_code, _code(answer)) == (403, "custody.staff_unknown"), answer.text


async def test_nobody_opens_what_is_about_themselves(
    staff: tuple[Member, Member], admin: Any, sign_up: Any
) -> None:
    ada = await sign_up()
    report, _ = await _reported(admin, ada, staff[0].person)
    answer = await staff[0].person.post(f"/staff/reports/{report}/open")
    assert (answer.status_code, _code(answer)) == (403, "custody.about_yourself"), answer.text
    assert (await staff[1].person.post(f"/staff/reports/{report}/open")).status_code == 200
    missing = await staff[1].person.post(f"/staff/reports/{uuid.uuid4()}/open")
    assert missing.status_code == 404


async def test_one_report_can_not_be_put_in_the_place_of_another(
    staff: tuple[Member, Member], admin: Any, sign_up: Any
) -> None:
    ada, ben = await sign_up(), await sign_up()
    first, _ = await _reported(admin, ada, ben)
    second, _ = await _reported(admin, ada, ben)
    await admin.execute(
        "UPDATE message_reports SET report_sealed = (SELECT report_sealed FROM message_reports WHERE id = $1)"
        " WHERE id = $2",
        uuid.UUID(first),
        uuid.UUID(second),
    )
    assert (await staff[0].person.post(f"/staff/reports/{second}/open")).status_code == 404
    assert (await staff[0].person.post(f"/staff/reports/{first}/open")).status_code == 200


async def test_a_grant_opens_no_message(staff: tuple[Member, Member], admin: Any, sign_up: Any) -> None:
    ada, ben = await sign_up(), await sign_up()
    await _reported(admin, ada, ben)
    classes = ["identity", "social", "telemetry", "private"]
    grant = await grant_for(*staff, ada.handle, ben.handle, classes=classes)
    read = ""
    for handle in (ada.handle, ben.handle):
        for what in classes:
            opened = await staff[0].open(grant["id"], handle, what)
            assert opened.status_code == 200, opened.text
            read += opened.text
    assert ada.handle in read or ben.handle in read
    for word in (SAID, KEPT, "frightens", "report_sealed", "body_sealed", "message_reports"):
        assert word not in read
