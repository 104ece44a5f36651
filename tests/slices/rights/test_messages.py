"""Messages among everything about a person: taken along and opened with the recovery key, and gone when they go."""

import asyncio
import json
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

from tests.conftest import PASSWORD, RunningRealm, eventually
from tests.factories.archives import archive_of, contents, json_lines
from tests.factories.histories import Recovery
from tests.factories.staff import grant_for, make_staff
from tests.factories.talking import Writer, befriend, writer

SAID = ("see you at the harbour", "bring the blue umbrella", "à demain, 明天见")


async def _talk(sign_up: Any) -> tuple[Writer, Writer, Recovery, str]:
    """Two friends with three messages, of which the first kept a history."""
    ada, ben = await writer(await sign_up(), 2), await writer(await sign_up())
    await befriend(ada, ben)
    talk = await ada.begin(ben)
    recovery = Recovery()
    seqs = []
    for speaker in (ada, ben, ada):
        sent = await speaker.send(talk)
        assert sent.status_code in {200, 201}, sent.text
        seqs.append(sent.json()["seq"])
    items = [
        recovery.kept(talk, seq, speaker.id, text)
        for seq, speaker, text in zip(seqs, (ada, ben, ada), SAID, strict=True)
    ]
    kept = await ada.person.put(f"/me/messages/history/{talk}", {"items": items})
    assert kept.status_code == 204, kept.text
    return ada, ben, recovery, talk


async def test_an_export_is_opened_with_the_recovery_key(sign_up: Any, admin: Any, tmp_path: Path) -> None:
    ada, ben, recovery, talk = await _talk(sign_up)
    files = contents(await archive_of(ada.person))
    rows = {
        name: json_lines(files[f"data/{name}.jsonl"])
        for name in ("devices", "conversations", "conversation_members", "messages", "message_histories")
    }
    assert {row["id"] for row in rows["devices"]} == set(ada.devices)
    assert [row["id"] for row in rows["conversations"]] == [talk]
    assert [row["person_id"] for row in rows["conversation_members"]] == [ada.id]
    assert len(rows["message_histories"]) == 3
    sent = [row for row in rows["messages"] if row["kind"] == "message"]
    assert [row["sender_id"] for row in sent] == [ada.id, ben.id, ada.id]
    assert all(row["body_sealed"] for row in sent)
    # The counts that the manifest and the profile say are those of the rows, and of the database.
    manifest = {line["name"]: line for line in json.loads(files["manifest.json"])["files"]}
    counts = json.loads(files["manifest.json"])["counts"]
    for name, found in rows.items():
        assert manifest[f"data/{name}.jsonl"]["rows"] == len(found) == counts[name], name
    in_log = await admin.fetchval("SELECT count(*) FROM messages WHERE conversation_id = $1", uuid.UUID(talk))
    assert counts["messages"] == in_log
    [line] = json_lines(files["account/conversations.jsonl"])
    assert (line["id"], {one["handle"]: one["id"] for one in line["people"]}) == (
        talk,
        {ada.handle: ada.id, ben.handle: ben.id},
    )
    # Nothing is in it in clear but for who has the key.
    for text in SAID:
        assert not any(text.encode() in data for data in files.values())
    (tmp_path / "open-messages.py").write_bytes(files["open-messages.py"])
    (tmp_path / "histories.jsonl").write_bytes(files["data/message_histories.jsonl"])
    command = [sys.executable, "open-messages.py", "histories.jsonl", recovery.shown]
    done = await asyncio.to_thread(
        subprocess.run,
        command,
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        check=False,
        env={"PYTHONIOENCODING": "utf-8"},
    )
    assert done.returncode == 0, done.stderr
    opened = [line.split("\t") for line in done.stdout.strip().split("\n")]
    assert [json.loads(each[4])["text"] for each in opened] == list(SAID)
    assert [each[3] for each in opened] == [ada.id, ben.id, ada.id]


async def test_what_one_left_or_never_was_in_is_not_in_the_export(sign_up: Any) -> None:
    ada, ben, _, talk = await _talk(sign_up)
    cleo = await sign_up()
    files = contents(await archive_of(cleo))
    for name in ("devices", "conversations", "conversation_members", "messages", "message_histories"):
        assert files[f"data/{name}.jsonl"] == b"", name
    assert files["account/conversations.jsonl"] == b""
    assert (await ben.person.delete(f"/conversations/{talk}")).status_code == 204
    rows = json_lines(contents(await archive_of(ben.person))["data/messages.jsonl"])
    assert {row["sender_id"] for row in rows} == {ben.id}, "what others said is read by members"
    assert ada.id != ben.id


async def test_erasure_ends_what_is_one_s_own_and_leaves_others_theirs(sign_up: Any, admin: Any) -> None:
    ada, ben, _, talk = await _talk(sign_up)
    mine = Recovery()
    kept = await ben.person.put(
        f"/me/messages/history/{talk}", {"items": [mine.kept(talk, 2, ada.id, SAID[0])]}
    )
    assert kept.status_code == 204, kept.text
    before = await ben.entries(talk)
    again = await ben.begin(ada, kind="group")
    welcomed = await admin.fetchval("SELECT count(*) FROM welcomes WHERE person_id = $1", uuid.UUID(ada.id))
    assert welcomed > 0
    assert again != talk
    gone = await ada.person.post("/me/erasure", {"handle": ada.handle, "password": PASSWORD})
    assert gone.status_code == 202, gone.text

    async def erased() -> bool:
        return not await admin.fetchval(
            "SELECT count(*) FROM erasures WHERE person_id = $1", uuid.UUID(ada.id)
        )

    await eventually(erased)
    for table in (
        *("message_identities", "devices", "key_packages", "welcomes", "message_histories"),
        *("message_settings", "conversation_members", "message_reports"),
    ):
        left = await admin.fetchval(f"SELECT count(*) FROM {table} WHERE person_id = $1", uuid.UUID(ada.id))
        assert left == 0, table
    assert await admin.fetchval("SELECT count(*) FROM messages WHERE sender_id = $1", uuid.UUID(ada.id)) == 0
    after = await ben.entries(talk)
    assert [(one["seq"], one["body"]) for one in after if one["kind"] == "message"] == [
        (one["seq"], one["body"]) for one in before if one["kind"] == "message"
    ], "what was sent to others is theirs"
    senders = {one["sender_id"] for one in after}
    assert senders <= {None, ben.id}
    assert None in senders
    history = (await ben.person.get(f"/me/messages/history/{talk}")).json()["items"]
    assert [one["seq"] for one in history] == [2]
    members = (await ben.conversation(talk))["members"]
    assert ada.id not in json.dumps(members)


async def test_a_grant_over_everything_reads_no_message(
    realm: RunningRealm, admin: Any, sign_up: Any
) -> None:
    ada, ben, recovery, talk = await _talk(sign_up)
    asker, approver = await make_staff(realm, admin, sign_up), await make_staff(realm, admin, sign_up)
    classes = ["identity", "social", "telemetry", "private"]
    grant = await grant_for(asker, approver, ada.handle, ben.handle, classes=classes)
    read = ""
    for handle in (ada.handle, ben.handle):
        for what in classes:
            page = await asker.open(grant["id"], handle, what)
            assert page.status_code == 200, page.text
            read += page.text
    sealed = await admin.fetch(
        "SELECT encode(body_sealed, 'base64') AS body FROM message_histories WHERE person_id = $1",
        uuid.UUID(ada.id),
    )
    assert len(sealed) == 3
    for text in (*SAID, talk, recovery.shown, *(row["body"] for row in sealed), *ada.devices):
        assert text not in read
