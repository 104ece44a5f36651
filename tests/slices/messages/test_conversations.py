"""Conversations: beginning, sending in order, reading, leaving."""


from tests.factories.talking import Writer


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
