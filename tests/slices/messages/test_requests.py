"""Requests from strangers, what is different under sixteen, blocks, and people of other realms."""

from typing import Any

from tests.conftest import years_ago
from tests.factories.talking import Writer, befriend, blob, new_id


async def test_a_request_stands_apart_until_it_is_accepted(make_writer: Any) -> None:
    ann, ben = await make_writer(), await make_writer()
    conversation = await ann.begin(ben)
    assert (await ann.send(conversation)).status_code == 201
    assert (await ben.person.get("/conversations")).json()["items"] == []
    (request,) = (await ben.person.get("/conversations", params={"kind": "requests"})).json()["items"]
    assert (request["id"], request["state"], request["unread"]) == (conversation, "requested", 1)
    assert len(await ben.entries(conversation, after=1)) == 1
    for refused in (await ben.send(conversation), await ben.commit(conversation)):
        assert (refused.status_code, refused.json()["code"]) == (409, "messages.not_accepted")
    # Who only looks is not shown as having read.
    await ben.person.put(f"/conversations/{conversation}/read", {"seq": 2})
    members = (await ann.conversation(conversation))["members"]
    assert next(m["read_seq"] for m in members if m["person"]["id"] == ben.id) is None
    for _ in range(2):
        accepted = await ben.person.post(f"/conversations/{conversation}/accept")
        assert (accepted.status_code, accepted.json()["state"]) == (200, "member")
    assert (await ben.send(conversation)).status_code == 201
    assert (await ben.person.get("/conversations", params={"kind": "requests"})).json()["items"] == []


async def test_another_device_may_look_at_a_request(make_writer: Any) -> None:
    ann, ben = await make_writer(), await make_writer()
    conversation = await ann.begin(ben)
    second = await ben.add_device()
    joined = await ben.commit(conversation, 1, device_id=second, external=True)
    assert joined.status_code == 201, joined.text


async def test_who_is_turned_down_does_not_ask_again(make_writer: Any) -> None:
    ann, ben = await make_writer(), await make_writer()
    conversation = await ann.begin(ben)
    assert (await ben.person.delete(f"/conversations/{conversation}")).status_code == 204
    assert (await ben.person.get(f"/conversations/{conversation}")).status_code == 404
    for refused in (
        await ann.send(conversation),
        await ann.person.post("/conversations", ann.beginning(ben)),
    ):
        assert (refused.status_code, refused.json()["code"]) == (403, "messages.not_possible")
    # The one who turned it down may begin, and then it is a conversation of both.
    again = await ben.begin(ann)
    await ann.person.post(f"/conversations/{again}/accept")
    assert (await ann.send(again)).status_code == 201


async def test_twenty_new_people_a_day(make_writer: Any, admin: Any) -> None:
    ann, ben, cem = [await make_writer() for _ in range(3)]
    await admin.execute(
        "INSERT INTO conversations (id, kind, group_info) SELECT gen_random_uuid(), 'group', '' FROM generate_series(1, 19)"
    )
    await admin.execute(
        "INSERT INTO conversation_members (conversation_id, person_id, state, first_seq, asked_by) "
        "SELECT id, $1, 'left', 1, $2 FROM conversations WHERE group_info = ''",
        cem.id,
        ann.id,
    )
    await ann.begin(ben)
    refused = await ann.person.post("/conversations", ann.beginning(cem))
    assert (refused.status_code, refused.json()["code"]) == (429, "messages.too_many_requests")
    # Friends are no strangers, and tomorrow is another day.
    await befriend(ann, cem)
    await ann.begin(cem)
    await admin.execute("DELETE FROM conversations WHERE group_info = ''")


async def test_under_sixteen_there_are_no_strangers(make_writer: Any) -> None:
    young: Writer = await make_writer(birth_date=years_ago(14))
    grown: Writer = await make_writer()
    for one, other in ((grown, young), (young, grown)):
        refused = await one.person.post("/conversations", one.beginning(other))
        assert (refused.status_code, refused.json()["code"]) == (403, "messages.not_possible")
        assert (await one.person.get(f"/people/{other.handle}/devices")).status_code == 404
    # One of the two following is not enough.
    await young.person.put(f"/people/{grown.handle}/follow")
    assert (await grown.person.post("/conversations", grown.beginning(young))).status_code == 403
    await grown.person.put(f"/people/{young.handle}/follow")
    await young.person.put(f"/me/follow-requests/{grown.handle}")
    conversation = await grown.begin(young)
    assert (await young.conversation(conversation))["state"] == "member"
    # Nor does anybody else bring them into a group.
    group = await grown.begin(kind="group")
    assert (
        await grown.commit(group, 0, add=[young.handle], welcome=blob(), welcomed=young.devices)
    ).status_code == 201
    other: Writer = await make_writer()
    theirs = await other.begin(kind="group")
    refused = await other.commit(theirs, 0, add=[young.handle], welcome=blob(), welcomed=young.devices)
    assert (refused.status_code, refused.json()["code"]) == (403, "messages.not_possible")


async def test_a_block_ends_writing_both_ways(friends: tuple[Writer, Writer]) -> None:
    ann, ben = friends
    conversation = await ann.begin(ben)
    await ann.send(conversation)
    await ben.person.put(f"/people/{ann.handle}/block")
    for who in (ann, ben):
        refused = await who.send(conversation)
        assert (refused.status_code, refused.json()["code"]) == (403, "messages.not_possible")
    # Who is blocked finds no name beside the other's id.
    members = (await ann.conversation(conversation))["members"]
    assert next(m["person"]["handle"] for m in members if m["person"]["id"] == ben.id) == ""
    await ben.person.delete(f"/people/{ann.handle}/block")
    assert (await ann.send(conversation)).status_code == 201


async def test_people_of_other_realms_can_t_be_written_to(make_writer: Any, admin: Any) -> None:
    ann: Writer = await make_writer()
    guest = f"guest{new_id()[:6]}@elsewhere"
    await admin.execute(
        "INSERT INTO people (id, handle, handle_key, display_name, realm) VALUES (gen_random_uuid(), $1, $1, $1, 'elsewhere')",
        guest,
    )
    body = ann.beginning(kind="pair", people=[guest], commit=blob(), welcome=blob())
    refused = await ann.person.post("/conversations", body)
    assert (refused.status_code, refused.json()["code"]) == (403, "messages.not_possible")
