"""What goes and what stays: erasure, thirty days, an export, and what a stranger's shell reads."""

import asyncio
import base64
import datetime as dt
from typing import Any

import asyncpg
import pytest
from tests.conftest import PASSWORD, RunningRealm, eventually
from tests.factories.talking import Writer, befriend, blob

from reelm.custody.service import KeysClient
from reelm.kit.clock import SystemClock
from reelm.kit.database import Database
from reelm.messages.forgetting import MessageForgetter

TABLES = (
    "message_identities",
    "devices",
    "key_packages",
    "conversations",
    "conversation_members",
    "messages",
    "welcomes",
    "message_histories",
    "message_settings",
)


async def _erase(writer: Writer) -> None:
    begun = await writer.person.post("/me/erasure", {"handle": writer.handle, "password": PASSWORD})
    assert begun.status_code in {200, 202}, begun.text


async def test_erasing_takes_the_person_and_leaves_what_others_received(make_writer: Any, admin: Any) -> None:
    ann, ben, cem = [await make_writer() for _ in range(3)]
    for one, other in ((ann, ben), (ann, cem), (ben, cem)):
        await befriend(one, other)
    group = await ann.begin(ben, cem, kind="group")
    pair = await ann.begin(ben)
    body = blob(99)
    await ann.send(group, body=body)
    await ben.send(group)
    await ann.person.put(f"/me/messages/history/{group}", {"items": [{"seq": 2, "body": blob()}]})
    await ann.person.put("/me/messages/settings", {"typing": False})
    await _erase(ann)

    async def gone() -> bool:
        return not await admin.fetchval("SELECT count(*) FROM people WHERE id = $1", ann.id)

    await eventually(gone)
    left = await ben.entries(group)
    assert [(e["sender_id"], e["device_id"]) for e in left] == [(None, None), (ben.id, ben.device)]
    assert left[0]["body"] == body
    seen = await ben.conversation(group)
    assert {m["person"]["id"] for m in seen["members"]} == {ben.id, cem.id}
    assert "admin" in {m["role"] for m in seen["members"]}
    assert (await ben.commit(group, 1)).status_code == 201
    assert (await ben.send(pair)).json()["code"] == "messages.not_possible"
    for table in TABLES:
        rows = await admin.fetch(f"SELECT to_jsonb(t)::text AS line FROM {table} t")
        assert not [row["line"] for row in rows if ann.id in row["line"] or ann.device in row["line"]], table


async def test_what_is_older_than_thirty_days_goes(
    friends: tuple[Writer, Writer], admin: Any, realm: RunningRealm
) -> None:
    ann, ben = friends
    conversation = await ann.begin(ben)
    for _ in range(3):
        await ann.send(conversation)
    old = "UPDATE messages SET at = now() - $2::interval WHERE conversation_id = $1 AND seq = $3"
    await admin.execute(old, conversation, dt.timedelta(days=31), 2)
    await admin.execute(old, conversation, dt.timedelta(days=29), 3)
    await admin.execute(
        "UPDATE welcomes SET made_at = now() - interval '31 days' WHERE conversation_id = $1", conversation
    )
    abandoned = await ann.begin(kind="group")
    await ann.person.delete(f"/conversations/{abandoned}")
    await admin.execute(
        "UPDATE conversations SET last_at = now() - interval '2 days' WHERE id = ANY ($1)",
        [abandoned, conversation],
    )
    database = await Database.open(realm.settings.database, "reelm_worker", size=1)
    try:
        gone = await MessageForgetter(database, SystemClock()).forget()
    finally:
        await database.close()
    assert gone >= 3
    assert [entry["seq"] for entry in await ann.entries(conversation)] == [1, 3, 4]
    welcome = await ben.person.get(f"/conversations/{conversation}/welcome", params={"device_id": ben.device})
    assert welcome.status_code == 404
    left = await admin.fetch("SELECT id FROM conversations WHERE id = ANY ($1)", [abandoned, conversation])
    assert [str(row["id"]) for row in left] == [conversation]


async def test_a_person_takes_what_is_theirs_as_their_devices_sealed_it(
    friends: tuple[Writer, Writer],
) -> None:
    ann, ben = friends
    conversation = await ann.begin(ben)
    sent, kept = blob(77), blob(55)
    await ann.send(conversation, body=sent)
    received = blob(66)
    await ben.send(conversation, body=received)
    await ann.person.put(f"/me/messages/history/{conversation}", {"items": [{"seq": 2, "body": kept}]})

    def plain(text: str) -> str:
        return base64.b64encode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))).decode()

    mine = (await ann.person.get("/me/data/messages")).json()["items"]
    assert [row["body_sealed"] for row in mine if row["kind"] == "message"] == [plain(sent), plain(received)]
    history = (await ann.person.get("/me/data/message_histories")).json()["items"]
    assert [row["body_sealed"] for row in history] == [plain(kept)]
    classes = (await ann.person.get("/me/data")).json()["classes"]
    listed = {table["name"] for each in classes for table in each["tables"]}
    assert set(TABLES) <= listed


async def _ticket(realm: RunningRealm, writer: Writer) -> str:
    keys = KeysClient(
        realm.settings.keys_address, SystemClock(), secret=realm.settings.caller_secrets.get("web", "")
    )
    try:
        return (await keys.resolve(writer.person.token)).ticket
    finally:
        await keys.close()


async def test_a_shell_with_somebody_else_s_ticket_reads_nothing(
    friends: tuple[Writer, Writer], make_writer: Any, realm: RunningRealm
) -> None:
    ann, ben = friends
    eve: Writer = await make_writer()
    conversation = await ann.begin(ben)
    await ann.send(conversation)
    await ben.person.put(f"/me/messages/history/{conversation}", {"items": [{"seq": 2, "body": blob()}]})
    await ben.person.put("/me/messages/settings", {"typing": False})
    shell = await asyncpg.connect(**realm.settings.database.connection("reelm_web"))
    try:
        for who, sees in ((eve, False), (ann, True)):
            await shell.execute("SELECT set_config('reelm.ticket', $1, false)", await _ticket(realm, who))
            for table, columns, of in (
                ("conversations", "id", "id"),
                ("conversation_members", "person_id, state", "conversation_id"),
                ("messages", "*", "conversation_id"),
            ):
                rows = await shell.fetch(f"SELECT {columns} FROM {table} WHERE {of} = $1", conversation)
                assert bool(rows) == sees, (who.handle, table)
            for table in ("message_identities", "devices", "key_packages", "welcomes", "message_histories"):
                assert not await shell.fetch(f"SELECT * FROM {table} WHERE person_id = $1", ben.id), table
            assert not await shell.fetch("SELECT * FROM message_settings WHERE person_id = $1", ben.id)
            # How far others have read is asked for by a function that knows who shows it.
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await shell.fetch("SELECT read_seq, muted_until FROM conversation_members")
            for change in (
                "UPDATE conversations SET epoch = 9",
                "UPDATE messages SET body_sealed = ''",
                "DELETE FROM messages",
                "UPDATE conversation_members SET state = 'member'",
                "INSERT INTO messages (seq) VALUES (9)",
            ):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await shell.execute(change)
            places = await shell.fetch("SELECT * FROM reelm.read_places(ARRAY[$1::uuid])", conversation)
            assert bool(places) == sees
            assert not [row for row in places if str(row["person_id"]) != str(who.id) and row["muted_until"]]
        silenced = await shell.execute(
            "UPDATE conversation_members SET muted_until = now() WHERE person_id = $1", ben.id
        )
        assert silenced == "UPDATE 0"
    finally:
        await shell.close()


async def test_hints_reach_those_in_the_conversation_and_say_nothing_else(
    friends: tuple[Writer, Writer], admin: Any
) -> None:
    ann, ben = friends
    conversation = await ann.begin(ben)
    heard: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

    def hear(_: Any, __: int, channel: str, payload: object) -> None:
        if conversation in str(payload):
            heard.put_nowait((channel, str(payload)))

    for channel in ("message", "typing"):
        await admin.add_listener(channel, hear)

    async def hints(count: int) -> list[tuple[str, str]]:
        return sorted([await asyncio.wait_for(heard.get(), 10) for _ in range(count)])

    try:
        await ann.send(conversation)
        both = sorted(("message", f"{who.id} {conversation} 2") for who in (ann, ben))
        assert await hints(2) == both
        await ben.person.put(f"/conversations/{conversation}/read", {"seq": 2})
        assert await hints(2) == both
        await ann.person.post(f"/conversations/{conversation}/typing")
        assert await hints(1) == [("typing", f"{ben.id} {conversation} {ann.id}")]
        # Who does not show that they type is told of nobody's, and who does not show what they read neither.
        await ben.person.put("/me/messages/settings", {"typing": False, "read_receipts": False})
        await ann.person.post(f"/conversations/{conversation}/typing")
        await ann.send(conversation)
        assert {payload for _, payload in await hints(2)} == {
            f"{who.id} {conversation} 3" for who in (ann, ben)
        }
        await ben.person.put(f"/conversations/{conversation}/read", {"seq": 3})
        assert await hints(1) == [("message", f"{ben.id} {conversation} 3")]
        await ann.person.delete(f"/conversations/{conversation}")
        assert len(await hints(2)) == 2
        assert heard.empty()
    finally:
        for channel in ("message", "typing"):
            await admin.remove_listener(channel, hear)
