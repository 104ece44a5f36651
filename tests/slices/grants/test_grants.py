"""Grants from end to end: asked, decided by somebody else, used, closed; and the person sees it."""

import asyncio
import uuid
from typing import Any

import pytest
from tests.conftest import Person, eventually
from tests.factories.staff import Member, grant_for

Two = tuple[Member, Member]


async def _told(person: Person, kind: str) -> int:
    notices = (await person.get("/notices")).json()["items"]
    return sum(each["kind"] == kind for each in notices)


def _code(answer: Any) -> str:
    code: str = answer.json()["code"]
    return code


# --- from end to end ------------------------------------------------------------------------------------------


async def test_from_the_request_to_the_opening(staff: Two, alice: Person) -> None:
    asker, approver = staff
    grant = await grant_for(asker, approver, alice.handle)
    assert grant["entries"]["requested"] < grant["entries"]["approved"]
    assert (grant["asked_by"], grant["decided_by"]) == (asker.handle, approver.handle)
    opened = await asker.open(grant["id"], alice.handle)
    assert opened.status_code == 200, opened.text
    assert opened.json()["identity"]["email"] == f"{alice.handle}@example.org"
    assert opened.headers["cache-control"] == "no-store"
    answer = await alice.get("/me/openings")
    assert answer.status_code == 200, answer.text
    [mine] = answer.json()["items"]
    assert (mine["uses"], mine["state"], mine["people_involved"]) == (1, "approved", 2)
    assert mine["used"][0]["entry_index"] == opened.json()["entry_index"]
    assert await _told(alice, "opened") == 1
    again = await asker.open(grant["id"], alice.handle)
    assert again.status_code == 200
    assert again.json()["entry_index"] > opened.json()["entry_index"], "each opening is an entry of its own"
    assert await _told(alice, "opened") == 1, "they are told once a grant"
    seen = (await asker.person.get(f"/staff/grants/{grant['id']}")).json()
    assert [(use["handle"], use["state"]) for use in seen["uses"]] == [(alice.handle, "opened")] * 2


async def test_the_person_learns_neither_who_nor_their_words(staff: Two, alice: Person) -> None:
    asker, approver = staff
    secret = f"Colleagues said something about {uuid.uuid4().hex}, so please have a look."
    grant = await grant_for(asker, approver, alice.handle, text=secret)
    assert (await asker.open(grant["id"], alice.handle)).status_code == 200
    for path in ("/me/openings", f"/me/openings/{grant['id']}/receipt", "/notices"):
        text = (await alice.get(path)).text
        for hidden in (asker.handle, approver.handle, secret, asker.person.id, approver.person.id):
            assert hidden not in text, path


async def test_each_kind_of_data(staff: Two, alice: Person, sign_up: Any) -> None:
    asker, approver = staff
    friend = await sign_up()
    assert (await alice.put(f"/people/{friend.handle}/follow")).status_code == 200
    classes = ["identity", "social", "telemetry", "private"]
    grant = await grant_for(asker, approver, alice.handle, classes=classes)
    for what in classes:
        opened = await asker.open(grant["id"], alice.handle, what)
        assert opened.status_code == 200, opened.text
        assert (opened.json()["identity"] is not None) == (what == "identity")
        if what == "social":
            assert [row["handle"] for row in opened.json()["rows"]] == [friend.handle]


# --- asking ---------------------------------------------------------------------------------------------------


async def test_a_draft_is_its_makers_alone(staff: Two, alice: Person) -> None:
    asker, other = staff
    drafted = await asker.draft(alice.handle)
    assert drafted.status_code == 201
    grant = drafted.json()
    assert grant["to_sign"].startswith("reelm/grant.requested/v1\n")
    assert (await other.person.get(f"/staff/grants/{grant['id']}")).status_code == 404
    lists = [(await each.person.get("/staff/grants?limit=50")).json()["items"] for each in (asker, other)]
    assert [grant["id"] in {each["id"] for each in items} for items in lists] == [True, False]
    assert (await alice.get("/me/openings")).json()["items"] == []
    body = {"signature": other.sign(grant["to_sign"])}
    assert (await other.person.post(f"/staff/grants/{grant['id']}/signature", body)).status_code == 404


async def test_what_can_not_be_asked(staff: Two, alice: Person) -> None:
    asker, _ = staff
    for changes in (
        {"minutes": 0},
        {"minutes": 241},
        {"text": "too short"},
        {"classes": []},
        {"classes": ["everything"]},
        {"country": "France"},
        {"reason": "curiosity"},
        {"people": ["nobody_of_that_name"]},
        {"people": []},
        {"people": [alice.handle] * 21},
        {"people": ["a\0b"]},
        {"text": "a text with a \0 somewhere in the middle"},
        {"extra": 1},
    ):
        answer = await asker.draft(alice.handle, **changes)
        assert answer.status_code == 422, (changes, answer.text)
    long = await asker.draft(alice.handle, emergency=True, minutes=31)
    assert (long.status_code, _code(long)) == (403, "custody.emergency_refused")


async def test_a_signature_must_be_by_the_enrolled_key_over_this_very_text(staff: Two, alice: Person) -> None:
    asker, other = staff
    grant = (await asker.draft(alice.handle)).json()
    elsewhere = (await asker.draft(alice.handle)).json()
    for signature in (
        other.sign(grant["to_sign"]),
        asker.sign(elsewhere["to_sign"]),
        asker.sign(grant["to_sign"] + " "),
    ):
        answer = await asker.person.post(f"/staff/grants/{grant['id']}/signature", {"signature": signature})
        assert (answer.status_code, _code(answer)) == (422, "custody.signature_refused")
    assert (await asker.person.get(f"/staff/grants/{grant['id']}")).json()["state"] == "draft"


async def test_a_draft_that_waited_too_long(staff: Two, alice: Person, admin: Any) -> None:
    asker, _ = staff
    grant = (await asker.draft(alice.handle)).json()
    await admin.execute(
        "UPDATE grants SET created_at = now() - interval '16 minutes' WHERE id = $1", uuid.UUID(grant["id"])
    )
    body = {"signature": asker.sign(grant["to_sign"])}
    answer = await asker.person.post(f"/staff/grants/{grant['id']}/signature", body)
    assert (answer.status_code, _code(answer)) == (409, "custody.draft_too_old")


async def test_a_block_hides_nobody_from_this(staff: Two, alice: Person) -> None:
    asker, approver = staff
    for member in staff:
        assert (await alice.put(f"/people/{member.handle}/block")).status_code == 204
    grant = await grant_for(asker, approver, alice.handle)
    assert [person["handle"] for person in grant["people"]] == [alice.handle]
    assert (await asker.open(grant["id"], alice.handle)).status_code == 200
    assert await _told(alice, "opened") == 1


# --- deciding -------------------------------------------------------------------------------------------------


async def test_nobody_decides_about_what_they_asked_for(staff: Two, alice: Person) -> None:
    asker, _ = staff
    grant = await asker.ask(alice.handle)
    for verdict in ("approve", "deny"):
        answer = await asker.draft_decision(grant["id"], verdict)
        assert (answer.status_code, _code(answer)) == (403, "custody.own_request")


async def test_a_refusal(staff: Two, alice: Person) -> None:
    asker, approver = staff
    grant = await asker.ask(alice.handle)
    denied = await approver.decide(grant["id"], "deny")
    assert (denied["state"], denied["cause"]) == ("denied", "refused")
    assert denied["entries"]["denied"] > denied["entries"]["requested"]
    assert (await asker.open(grant["id"], alice.handle)).status_code == 409
    assert (await approver.draft_decision(grant["id"])).status_code == 409
    [mine] = (await alice.get("/me/openings")).json()["items"]
    assert (mine["state"], mine["uses"]) == ("denied", 0)
    assert await _told(alice, "opened") == 0


async def test_of_two_who_approve_at_once_one_does(
    staff: Two, alice: Person, realm: Any, admin: Any, sign_up: Any
) -> None:
    from tests.factories.staff import make_staff

    asker, second = staff
    third = await make_staff(realm, admin, sign_up)
    grant = await asker.ask(alice.handle)
    drafts = [(await each.draft_decision(grant["id"])).json()["to_sign"] for each in (second, third)]
    answers = await asyncio.gather(
        *(m.sign_decision(grant["id"], text) for m, text in zip((second, third), drafts, strict=True))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    entries = (await asker.person.client.get("/api/v1/ledger/entries?kind=grant.approved&limit=50")).json()
    about = [line for line in entries["items"] if line["entry"]["request"] == grant["entries"]["requested"]]
    assert len(about) == 1


async def test_nobody_answers_in_twelve_hours(staff: Two, alice: Person, admin: Any) -> None:
    asker, approver = staff
    grant = await asker.ask(alice.handle)
    draft = await approver.draft_decision(grant["id"])
    await admin.execute("UPDATE grants SET answer_by = now() WHERE id = $1", uuid.UUID(grant["id"]))
    late = await approver.sign_decision(grant["id"], draft.json()["to_sign"])
    assert late.status_code == 409

    async def denied() -> Any:
        seen = (await asker.person.get(f"/staff/grants/{grant['id']}")).json()
        return seen if seen["entries"]["denied"] is not None else None

    seen = await eventually(denied)
    assert (seen["state"], seen["cause"], seen["decided_by"]) == ("denied", "unanswered", None)


# --- using, closing, running out ------------------------------------------------------------------------------


async def test_only_whoever_asked_uses_it_for_these_people_and_these_classes(
    staff: Two, alice: Person, sign_up: Any
) -> None:
    asker, approver = staff
    other = await sign_up()
    grant = await grant_for(asker, approver, alice.handle)
    for answer in (
        await approver.open(grant["id"], alice.handle),
        await asker.open(grant["id"], other.handle),
        await asker.open(grant["id"], alice.handle, "private"),
        await asker.open(grant["id"], "nobody_of_that_name"),
    ):
        assert (answer.status_code, _code(answer)) == (403, "custody.not_granted")
    waiting = await asker.ask(alice.handle)
    assert (await asker.open(waiting["id"], alice.handle)).status_code == 409
    assert (await asker.open(str(uuid.uuid4()), alice.handle)).status_code == 404
    for more in ({"page": -1}, {"page": 21}, {"what": "clip"}, {"extra": 1}):
        assert (await asker.open(grant["id"], alice.handle, **more)).status_code == 422
    assert (await asker.open(grant["id"], "a\0b")).status_code in {403, 422}
    assert (await alice.get("/me/openings")).json()["items"][0]["uses"] == 0


@pytest.mark.parametrize("who", [0, 1])
async def test_anybody_in_the_staff_closes_a_grant(staff: Two, alice: Person, who: int) -> None:
    asker, approver = staff
    grant = await grant_for(asker, approver, alice.handle)
    closed = await staff[who].person.post(f"/staff/grants/{grant['id']}/close")
    assert (closed.status_code, closed.json()["state"]) == (200, "closed")
    assert (await asker.open(grant["id"], alice.handle)).status_code == 409
    assert (await asker.person.post(f"/staff/grants/{grant['id']}/close")).status_code == 409

    async def ended() -> Any:
        return (await asker.person.get(f"/staff/grants/{grant['id']}")).json()["entries"]["ended"]

    assert await eventually(ended) > grant["entries"]["approved"]


async def test_time_runs_out(staff: Two, alice: Person, admin: Any) -> None:
    asker, approver = staff
    grant = await grant_for(asker, approver, alice.handle)
    await admin.execute("UPDATE grants SET expires_at = now() WHERE id = $1", uuid.UUID(grant["id"]))
    assert (await asker.open(grant["id"], alice.handle)).status_code == 409

    async def ended() -> Any:
        seen = (await asker.person.get(f"/staff/grants/{grant['id']}")).json()
        return seen if seen["entries"]["ended"] is not None else None

    assert (await eventually(ended))["state"] == "expired"


async def test_a_grant_that_is_closed_while_somebody_opens(staff: Two, alice: Person) -> None:
    """Either it was opened, and the person sees it, or it was refused. Nothing in between, and no error of ours."""
    asker, approver = staff
    for _ in range(3):
        grant = await grant_for(asker, approver, alice.handle)
        opened, closed = await asyncio.gather(
            asker.open(grant["id"], alice.handle), approver.person.post(f"/staff/grants/{grant['id']}/close")
        )
        assert closed.status_code == 200
        assert opened.status_code in {200, 403, 409}, opened.text
        if opened.status_code == 200:
            mine = (await alice.get("/me/openings")).json()["items"]
            assert next(each["uses"] for each in mine if each["id"] == grant["id"]) == 1


# --- emergencies ----------------------------------------------------------------------------------------------


async def test_an_emergency_is_loud(staff: Two, alice: Person, client: Any) -> None:
    asker, other = staff
    before = await _told(other.person, "emergency")
    asked = await asker.ask(alice.handle, emergency=True, minutes=10, reason="safety")
    grant = await asker.decide(asked["id"])
    assert (grant["state"], grant["emergency"], grant["decided_by"]) == ("approved", True, asker.handle)
    # Everybody in the staff and the person hear of it before anything is opened.
    assert await _told(other.person, "emergency") == before + 1
    assert await _told(alice, "opened") == 1
    opened = await asker.open(grant["id"], alice.handle)
    assert opened.status_code == 200, opened.text
    assert await _told(alice, "opened") == 1
    [mine] = (await alice.get("/me/openings")).json()["items"]
    assert (mine["emergency"], mine["people_involved"]) == (True, 1)

    async def published() -> Any:
        page = (await client.get("/api/v1/transparency/grants")).json()
        found = [e for e in page["emergencies"] if e["entry_index"] == grant["entries"]["approved"]]
        return found and page

    page = await eventually(published, seconds=60, every=1)
    assert page["emergency_now"] is True
    assert page["months"][0]["emergencies"] >= 1
    assert alice.handle not in str(page)


# --- what everybody sees --------------------------------------------------------------------------------------


async def test_counts_are_those_of_the_ledger(staff: Two, client: Any) -> None:
    async def equal() -> bool:
        page = (await client.get("/api/v1/transparency/grants")).json()
        kinds = (await client.get("/api/v1/ledger")).json()["kinds"]
        months = page["months"]
        return all(
            sum(month[column] for month in months) == kinds.get(f"grant.{column}", 0)
            for column in ("requested", "approved", "used")
        ) and sum(m["denied"] + m["unanswered"] for m in months) == kinds.get("grant.denied", 0)

    assert await eventually(equal, seconds=90, every=1)
