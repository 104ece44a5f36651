"""The log: one order without gaps, one winner of two commits, nothing twice."""

import asyncio
from typing import Any

import httpx
from tests.factories.talking import Writer, blob, new_id


async def test_sends_that_race_have_an_order_without_gaps(friends: tuple[Writer, Writer]) -> None:
    ann, ben = friends
    conversation = await ann.begin(ben)
    answers = await asyncio.gather(*(who.send(conversation) for who in (ann, ben) * 10))
    assert {answer.status_code for answer in answers} == {201}
    assert sorted(answer.json()["seq"] for answer in answers) == list(range(2, 22))
    entries = await ann.entries(conversation)
    assert [entry["seq"] for entry in entries] == list(range(1, 22))
    assert [entry["at"] for entry in entries] == sorted(entry["at"] for entry in entries)


async def test_of_two_commits_one_wins(friends: tuple[Writer, Writer]) -> None:
    ann, ben = friends
    conversation = await ann.begin(ben)
    bodies = {who.id: who.change(1) for who in (ann, ben)}
    answers = await asyncio.gather(
        *(who.person.post(f"/conversations/{conversation}/commits", bodies[who.id]) for who in (ann, ben))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    won = next(who for who, answer in zip((ann, ben), answers, strict=True) if answer.status_code == 201)
    lost = next(answer for answer in answers if answer.status_code == 409)
    assert lost.json()["code"] == "messages.epoch_passed"
    assert lost.json()["fields"] == {"epoch": "2"}
    assert [(e["seq"], e["epoch"], e["sender_id"]) for e in await ann.entries(conversation, after=1)] == [
        (2, 1, won.id)
    ]
    info = (await ann.person.get(f"/conversations/{conversation}/group-info")).json()
    assert info == {"epoch": 2, "group_info": bodies[won.id]["group_info"]}


async def test_what_was_sealed_in_a_past_epoch_is_refused(friends: tuple[Writer, Writer]) -> None:
    ann, ben = friends
    conversation = await ann.begin(ben)
    for epoch in (0, 2):
        refused = await ann.send(conversation, epoch)
        assert (refused.status_code, refused.json()["fields"]) == (409, {"epoch": "1"})
    assert len(await ann.entries(conversation)) == 1


async def test_a_retry_makes_nothing_twice(friends: tuple[Writer, Writer]) -> None:
    ann, ben = friends
    conversation = await ann.begin(ben)
    message, change = ann.message(1), ann.change(1)
    sent = [await ann.person.post(f"/conversations/{conversation}/messages", message) for _ in range(2)]
    changed = [await ann.person.post(f"/conversations/{conversation}/commits", change) for _ in range(2)]
    # Also after the epoch has passed: it was taken then.
    sent.append(await ann.person.post(f"/conversations/{conversation}/messages", message))
    assert {answer.status_code for answer in sent} == {201}
    assert len({answer.text for answer in sent}) == 1
    assert [answer.json() for answer in changed] == [{"seq": 3, "epoch": 2}] * 2
    assert [entry["kind"] for entry in await ann.entries(conversation)] == ["commit", "message", "commit"]
    # The same id from another device is another message.
    second = await ann.add_device()
    other = await ann.send(conversation, 2, id=message["id"], device_id=second)
    assert other.json()["seq"] == 4


async def test_retries_that_race_make_nothing_twice(friends: tuple[Writer, Writer]) -> None:
    ann, ben = friends
    body = ann.beginning(ben)
    begun = await asyncio.gather(*(ann.person.post("/conversations", body) for _ in range(4)))
    assert sorted(answer.status_code for answer in begun) == [200, 200, 200, 201]
    message = ann.message(1)
    path = f"/conversations/{body['id']}/messages"
    sent = await asyncio.gather(*(ann.person.post(path, message) for _ in range(6)))
    assert {answer.json()["seq"] for answer in sent} == {2}


async def test_two_people_who_begin_at_once_share_one_conversation(friends: tuple[Writer, Writer]) -> None:
    ann, ben = friends
    answers = await asyncio.gather(
        ann.person.post("/conversations", ann.beginning(ben)),
        ben.person.post("/conversations", ben.beginning(ann)),
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    made = next(answer.json()["id"] for answer in answers if answer.status_code == 201)
    other = next(answer.json() for answer in answers if answer.status_code == 409)
    assert other["fields"] == {"id": made}


async def test_what_is_sent_is_proper(
    client: httpx.AsyncClient, friends: tuple[Writer, Writer], make_writer: Any
) -> None:
    ann, ben = friends
    conversation = await ann.begin(ben)
    path = f"/conversations/{conversation}/messages"
    assert (await client.post("/api/v1" + path, json=ann.message())).status_code == 401
    for wrong in (
        {"body": ""},
        {"body": blob(65 * 1024)},
        {"body": "a+/="},
        {"commitment": blob(31)},
        {"epoch": -1},
        {"id": "x"},
    ):
        assert (await ann.send(conversation, **wrong)).status_code == 422, wrong
    largest = await ann.send(conversation, body=blob(64 * 1024))
    assert largest.status_code == 201
    for device in (ben.device, new_id()):
        refused = await ann.send(conversation, device_id=device)
        assert (refused.status_code, refused.json()["code"]) == (409, "messages.unknown_device")


async def test_pages_of_large_messages_stay_small(friends: tuple[Writer, Writer]) -> None:
    ann, ben = friends
    conversation = await ann.begin(ben)
    for _ in range(40):
        assert (await ann.send(conversation, body=blob(64 * 1024))).status_code == 201
    read: list[int] = []
    while True:
        answer = await ben.person.get(
            f"/conversations/{conversation}/messages", params={"after": read[-1] if read else 0}
        )
        assert len(answer.content) < 3_000_000
        page = [entry["seq"] for entry in answer.json()["items"]]
        if not page:
            break
        read += page
    assert read == list(range(2, 42))
    few = await ben.person.get(f"/conversations/{conversation}/messages", params={"after": 3, "limit": 2})
    assert [entry["seq"] for entry in few.json()["items"]] == [4, 5]
    assert few.json()["last_seq"] == 41
    for wrong in ({"limit": 201}, {"after": -1}):
        refused = await ben.person.get(f"/conversations/{conversation}/messages", params=wrong)
        assert refused.status_code == 422


async def test_taking_a_message_back(friends: tuple[Writer, Writer]) -> None:
    ann, ben = friends
    conversation = await ann.begin(ben)
    message = ann.message()
    await ann.person.post(f"/conversations/{conversation}/messages", message)
    path = f"/conversations/{conversation}/messages"
    assert (await ben.person.delete(f"{path}/2")).status_code == 404
    for _ in range(2):
        assert (await ann.person.delete(f"{path}/2")).status_code == 204
    # A commit is nobody's to take back, nor what is not there.
    for seq in (1, 9):
        assert (await ann.person.delete(f"{path}/{seq}")).status_code == 404
    left = (await ben.entries(conversation, after=1))[0]
    assert (left["kind"], left["body"], left["sender_id"]) == ("removed", None, ann.id)
    # What it committed to stays, so that a recipient can still prove what it was.
    assert left["commitment"] == message["commitment"]


async def test_a_new_device_of_a_member_lets_itself_in(friends: tuple[Writer, Writer]) -> None:
    ann, ben = friends
    conversation = await ann.begin(ben)
    second = await ben.add_device()
    joined = await ben.commit(conversation, 1, device_id=second, external=True)
    assert joined.json() == {"seq": 2, "epoch": 2}
    members = (await ann.conversation(conversation))["members"]
    assert set(next(m["devices"] for m in members if m["person"]["id"] == ben.id)) == set(ben.devices)
    more = await ben.commit(conversation, 2, external=True, remove=[ann.id])
    assert more.status_code == 403
    # A device that ends is in no conversation any more.
    assert (await ben.person.delete(f"/me/devices/{second}")).status_code == 204
    members = (await ann.conversation(conversation))["members"]
    assert next(m["devices"] for m in members if m["person"]["id"] == ben.id) == [ben.device]
