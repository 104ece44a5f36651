"""Conversations: beginning, sending in order, reading, leaving."""

from typing import Any

from tests.factories.talking import Writer, befriend, blob


async def test_two_friends_write_to_each_other(friends: tuple[Writer, Writer]) -> None:
    ann, ben = friends
    conversation = await ann.begin(ben)
    first = await ann.send(conversation)
    assert first.status_code == 201, first.text
    assert first.json()["seq"] == 2
    assert (await ben.send(conversation)).json()["seq"] == 3
    entries = await ben.entries(conversation, after=1)
    assert [(e["seq"], e["kind"], e["sender_id"]) for e in entries] == [
        (2, "message", ann.id),
        (3, "message", ben.id),
    ]
    seen = await ben.conversation(conversation)
    assert (seen["kind"], seen["state"], seen["epoch"], seen["last_seq"]) == ("pair", "member", 1, 3)
    assert {m["person"]["handle"]: m["devices"] for m in seen["members"]} == {
        ann.handle: ann.devices,
        ben.handle: ben.devices,
    }
    assert seen["unread"] == 1
    listed = (await ben.person.get("/conversations")).json()["items"]
    assert [each["id"] for each in listed] == [conversation]


async def test_a_group_begins_alone_and_grows(make_writer: Any) -> None:
    ann, ben, cem = [await make_writer() for _ in range(3)]
    alone = await ann.begin(kind="group")
    seen = await ann.conversation(alone)
    assert (seen["epoch"], seen["last_seq"], seen["role"]) == (0, 0, "admin")
    await befriend(ann, ben)
    grown = await ann.commit(alone, 0, add=[ben.handle], welcome=blob(), welcomed=ben.devices)
    assert grown.status_code == 201, grown.text
    assert grown.json() == {"seq": 1, "epoch": 1}
    assert (await ben.conversation(alone))["first_seq"] == 2
    three = await ann.begin(ben, cem, kind="group")
    states = {m["person"]["handle"]: m["state"] for m in (await ann.conversation(three))["members"]}
    assert states == {ann.handle: "member", ben.handle: "member", cem.handle: "requested"}
