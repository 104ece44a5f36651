"""Conversations: beginning, what is in them, who is in them, leaving."""

from typing import Any

import httpx
from tests.conftest import Person
from tests.factories.talking import Writer, befriend, blob, new_id


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


# --- beginning ------------------------------------------------------------------------------------------------------


async def test_beginning_needs_somebody_and_a_proper_body(
    client: httpx.AsyncClient, friends: tuple[Writer, Writer], sign_up: Any
) -> None:
    ann, ben = friends
    body = ann.beginning(ben)
    assert (await client.post("/api/v1/conversations", json=body)).status_code == 401
    nobody: Person = await sign_up()
    refused = await nobody.post("/conversations", body)
    assert (refused.status_code, refused.json()["code"]) == (409, "messages.unknown_device")
    for wrong in (
        {"kind": "crowd"},
        {"group_info": "?"},
        {"group_info": "AAB"},
        {"group_info": ""},
        {"commit": None},
        {"kind": "pair", "people": []},
        {"id": "1"},
        {"surprise": 1},
    ):
        answer = await ann.person.post("/conversations", {**body, **wrong})
        assert answer.status_code == 422, wrong
    # A device that is not the visitor's is no device of theirs, whoever's it is.
    stolen = await ann.person.post("/conversations", {**body, "device_id": ben.device})
    assert stolen.json()["code"] == "messages.unknown_device"


async def test_beginning_again_makes_nothing_twice(friends: tuple[Writer, Writer]) -> None:
    ann, ben = friends
    body = ann.beginning(ben)
    first = await ann.person.post("/conversations", body)
    again = await ann.person.post("/conversations", body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["last_seq"] == 1
    other = await ben.person.post("/conversations", ben.beginning(ann))
    assert (other.status_code, other.json()["code"]) == (409, "messages.pair_exists")
    assert other.json()["fields"] == {"id": body["id"]}
    # The id of a conversation tells a stranger nothing, and is not theirs to take.
    assert (await ben.person.post("/conversations", ben.beginning(ann, id=body["id"]))).status_code == 200


async def test_the_id_of_somebody_else_s_conversation_is_refused(
    friends: tuple[Writer, Writer], make_writer: Any
) -> None:
    ann, ben = friends
    conversation = await ann.begin(ben)
    eve = await make_writer()
    refused = await eve.person.post("/conversations", eve.beginning(kind="group", id=conversation))
    assert (refused.status_code, refused.json()["code"]) == (403, "messages.not_possible")


async def test_whom_one_can_t_write_to(
    friends: tuple[Writer, Writer], make_writer: Any, sign_up: Any
) -> None:
    ann, ben = friends
    bare: Person = await sign_up()
    away = await make_writer()
    without = await ann.person.post("/conversations", ann.beginning(ben, people=[bare.handle]))
    assert (without.status_code, without.json()["code"]) == (403, "messages.not_possible")
    assert without.json()["fields"] == {bare.handle: "without"}
    for people in ([ann.handle], ["nobody.at.all"]):
        refused = await ann.person.post("/conversations", ann.beginning(ben, people=people))
        assert refused.json()["code"] == "messages.not_possible", people
    await away.person.put(f"/people/{ann.handle}/block")
    assert (await ann.person.post("/conversations", ann.beginning(away))).status_code == 403
    assert (await away.person.post("/conversations", away.beginning(ann))).status_code == 403


async def test_who_may_write_is_the_person_s_choice(make_writer: Any) -> None:
    ann, ben = await make_writer(), await make_writer()

    async def tried(who: str) -> int:
        kept = await ben.person.put("/me/messages/settings", {"who_may_write": who})
        assert kept.json()["who_may_write"] == who
        looked = await ann.person.get(f"/people/{ben.handle}/devices")
        body = ann.beginning(ben, kind="group")
        begun = await ann.person.post("/conversations", body)
        assert (looked.status_code == 200) == (begun.status_code == 201), begun.text
        await ann.person.delete(f"/conversations/{body['id']}")
        await ben.person.delete(f"/conversations/{body['id']}")
        return begun.status_code

    assert [await tried(who) for who in ("followed", "friends", "nobody", "everyone")] == [403, 403, 403, 201]
    await ben.person.put(f"/people/{ann.handle}/follow")
    assert [await tried(who) for who in ("followed", "friends", "nobody")] == [201, 403, 403]
    await ann.person.put(f"/people/{ben.handle}/follow")
    assert [await tried(who) for who in ("friends", "nobody")] == [201, 403]


async def test_a_pair_that_was_left_begins_anew(friends: tuple[Writer, Writer]) -> None:
    ann, ben = friends
    first = await ann.begin(ben)
    assert (await ben.person.delete(f"/conversations/{first}")).status_code == 204
    into_nothing = await ann.send(first)
    assert (into_nothing.status_code, into_nothing.json()["code"]) == (403, "messages.not_possible")
    second = await ann.begin(ben)
    assert (await ann.send(second)).status_code == 201
    assert (await ben.person.get(f"/conversations/{first}")).status_code == 404
    assert (await ann.conversation(first))["last_seq"] == 1


# --- reading --------------------------------------------------------------------------------------------------------


async def test_nobody_else_sees_a_conversation(
    client: httpx.AsyncClient, friends: tuple[Writer, Writer], make_writer: Any
) -> None:
    ann, ben = friends
    conversation = await ann.begin(ben)
    await ann.send(conversation)
    eve = await make_writer()
    path = f"/conversations/{conversation}"
    reading = [path, f"{path}/messages", f"{path}/group-info", f"{path}/welcome?device_id={eve.device}"]
    for each in reading:
        assert (await client.get("/api/v1" + each)).status_code == 401
        assert (await eve.person.get(each)).status_code == 404, each
    tries = [
        await eve.send(conversation),
        await eve.commit(conversation),
        await eve.commit(conversation, external=True),
        await eve.person.delete(path),
        await eve.person.post(f"{path}/accept"),
        await eve.person.put(f"{path}/mute", {"until": None}),
        await eve.person.put(f"{path}/read", {"seq": 1}),
        await eve.person.post(f"{path}/typing"),
        await eve.person.delete(f"{path}/messages/2"),
    ]
    assert [answer.status_code for answer in tries] == [404] * len(tries)
    assert (await eve.person.get("/conversations")).json() == {"items": [], "next_cursor": None}


async def test_conversations_are_listed_by_pages_newest_first(make_writer: Any) -> None:
    ann = await make_writer()
    made = [await ann.begin(kind="group") for _ in range(3)]
    await ann.send(made[0], epoch=0)
    first = (await ann.person.get("/conversations", params={"limit": 2})).json()
    rest = (
        await ann.person.get("/conversations", params={"limit": 2, "cursor": first["next_cursor"]})
    ).json()
    assert [c["id"] for c in first["items"] + rest["items"]] == [made[0], made[2], made[1]]
    assert rest["next_cursor"] is None
    assert (await ann.person.get("/conversations", params={"cursor": "x"})).status_code == 422
    assert (await ann.person.get("/conversations", params={"kind": "hidden"})).status_code == 422


async def test_a_welcome_waits_until_its_device_has_it(friends: tuple[Writer, Writer]) -> None:
    ann, ben = friends
    body = ann.beginning(ben)
    await ann.person.post("/conversations", body)
    path, params = f"/conversations/{body['id']}/welcome", {"device_id": ben.device}
    for _ in range(2):
        waiting = await ben.person.get(path, params=params)
        assert waiting.json() == {"seq": 1, "welcome": body["welcome"]}
    # It is that device's, and its person's.
    assert (await ann.person.get(path, params=params)).status_code == 404
    assert (await ann.person.delete(path, params=params)).status_code == 204
    assert (await ben.person.get(path, params=params)).status_code == 200
    for _ in range(2):
        assert (await ben.person.delete(path, params=params)).status_code == 204
    assert (await ben.person.get(path, params=params)).status_code == 404


async def test_reading_goes_on_and_is_shown_where_both_show_it(friends: tuple[Writer, Writer]) -> None:
    ann, ben = friends
    conversation = await ann.begin(ben)
    for _ in range(3):
        await ann.send(conversation)

    async def seen_by_ann() -> int | None:
        members = (await ann.conversation(conversation))["members"]
        return next(m["read_seq"] for m in members if m["person"]["id"] == ben.id)

    assert (await ben.conversation(conversation))["unread"] == 3
    for seq, expected in ((3, 3), (2, 3), (99, 4)):
        done = await ben.person.put(f"/conversations/{conversation}/read", {"seq": seq})
        assert done.status_code == 204
        assert (await ben.conversation(conversation))["read_seq"] == expected
        assert await seen_by_ann() == expected
    assert (await ben.conversation(conversation))["unread"] == 0
    for who in (ben, ann):
        await who.person.put("/me/messages/settings", {"read_receipts": False})
        assert await seen_by_ann() is None
        await who.person.put("/me/messages/settings", {"read_receipts": True})
    assert await seen_by_ann() == 4
    assert (await ben.person.put(f"/conversations/{conversation}/read", {"seq": -1})).status_code == 422


async def test_a_silent_conversation_is_so_for_one_person(friends: tuple[Writer, Writer]) -> None:
    ann, ben = friends
    conversation = await ann.begin(ben)
    until = "2099-01-01T00:00:00Z"
    done = await ben.person.put(f"/conversations/{conversation}/mute", {"until": until})
    assert done.status_code == 204
    assert (await ben.conversation(conversation))["muted_until"] == until
    assert (await ann.conversation(conversation))["muted_until"] is None
    await ben.person.put(f"/conversations/{conversation}/mute", {"until": None})
    assert (await ben.conversation(conversation))["muted_until"] is None
    for wrong in ("2099-01-01T00:00:00", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+12:00", "soon"):
        refused = await ben.person.put(f"/conversations/{conversation}/mute", {"until": wrong})
        assert refused.status_code == 422, wrong


# --- who is in a group ----------------------------------------------------------------------------------------------


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
    assert await ben.entries(alone) == []
    three = await ann.begin(ben, cem, kind="group")
    states = {m["person"]["handle"]: m["state"] for m in (await ann.conversation(three))["members"]}
    assert states == {ann.handle: "member", ben.handle: "member", cem.handle: "requested"}


async def test_who_comes_later_reads_nothing_from_before(make_writer: Any) -> None:
    ann, ben, cem = [await make_writer() for _ in range(3)]
    for other in (ben, cem):
        await befriend(ann, other)
    group = await ann.begin(ben, kind="group")
    await ann.send(group)
    await ann.commit(group, 1, add=[cem.handle], welcome=blob(), welcomed=cem.devices)
    await ann.send(group, epoch=2)
    assert [e["seq"] for e in await cem.entries(group)] == [4]
    assert [e["seq"] for e in await ben.entries(group)] == [2, 3, 4]


async def test_only_admins_change_who_is_in_a_group(make_writer: Any) -> None:
    ann, ben, cem = [await make_writer() for _ in range(3)]
    for one, other in ((ann, ben), (ann, cem), (ben, cem)):
        await befriend(one, other)
    group = await ann.begin(ben, kind="group")
    adding = {"add": [cem.handle], "welcome": blob(), "welcomed": cem.devices}
    for change in (adding, {"remove": [ann.id]}):
        refused = await ben.commit(group, 1, **change)
        assert (refused.status_code, refused.json()["code"]) == (403, "messages.not_admin")
    assert (await ann.commit(group, 1, **{**adding, "welcome": None})).status_code == 422
    assert (await ann.commit(group, 1, **adding)).status_code == 201
    again = await ann.commit(group, 2, **adding)
    assert again.json()["code"] == "messages.not_possible"
    assert (await ann.commit(group, 2, remove=[ann.id])).status_code == 403
    assert (await ann.commit(group, 2, remove=[cem.id])).status_code == 201
    assert (await cem.person.get(f"/conversations/{group}")).status_code == 404
    pair = await ann.begin(ben)
    assert (await ann.commit(pair, 1, **adding)).status_code == 403


async def test_a_group_has_at_most_32_people(make_writer: Any, admin: Any) -> None:
    ann, ben = await make_writer(), await make_writer()
    await befriend(ann, ben)
    crowd = ann.beginning(ben, kind="group", people=[f"p{number}" for number in range(32)])
    refused = await ann.person.post("/conversations", crowd)
    assert (refused.status_code, refused.json()["code"]) == (422, "messages.too_many_people")
    group = await ann.begin(kind="group")
    await admin.execute(
        "INSERT INTO conversation_members (conversation_id, person_id, state, first_seq) "
        "SELECT $1, id, 'member', 1 FROM people WHERE id <> ALL ($2) LIMIT 31",
        group,
        [ann.id, ben.id],
    )
    there = await admin.fetchval(
        "SELECT count(*) FROM conversation_members WHERE conversation_id = $1", group
    )
    if there < 32:  # the realm of this run has few people: fill up with rows of our own making
        await _crowd(admin, group, 32 - there)
    full = await ann.commit(group, 0, add=[ben.handle], welcome=blob(), welcomed=ben.devices)
    assert (full.status_code, full.json()["code"]) == (422, "messages.too_many_people")


async def _crowd(admin: Any, group: str, missing: int) -> None:
    for _ in range(missing):
        person = new_id()
        handle = f"q{person[:8]}"
        await admin.execute(
            "INSERT INTO people (id, handle, handle_key, display_name) VALUES ($1, $2, $2, $2)",
            person,
            handle,
        )
        await admin.execute(
            "INSERT INTO conversation_members (conversation_id, person_id, state, first_seq) VALUES ($1, $2, 'member', 1)",
            group,
            person,
        )


async def test_leaving_a_group(make_writer: Any) -> None:
    ann, ben, cem = [await make_writer() for _ in range(3)]
    for other in (ben, cem):
        await befriend(ann, other)
    group = await ann.begin(ben, cem, kind="group")
    assert (await ann.person.delete(f"/conversations/{group}")).status_code == 204
    assert (await ann.person.get(f"/conversations/{group}")).status_code == 404
    seen = await ben.conversation(group)
    places = {m["person"]["id"]: (m["state"], m["role"], m["devices"]) for m in seen["members"]}
    assert places[ann.id] == ("left", "member", [])
    # Somebody leads it again, and anybody takes the devices of who left out.
    assert sorted(role for state, role, _ in places.values() if state == "member") == ["admin", "member"]
    member = ben if seen["role"] == "member" else cem
    assert (await member.commit(group, 1, remove=[ann.id])).status_code == 201
