"""Staff: bringing a key, being enrolled by a keyholder, leaving."""

import asyncio
import base64
import json
import subprocess
import sys
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.conftest import Person, RunningRealm
from tests.factories.staff import Member, enrol, grant_for, make_operator, make_staff

from reelm.entrypoints import staff as keyholder
from reelm_audit.entries import EntrySignatureError, verify_signature
from reelm_audit.tlog.note import Verifier


def reelm(realm: RunningRealm, *arguments: str, answer: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "reelm", "staff", *arguments, "--data", str(realm.data)]
    return subprocess.run(command, input=answer, capture_output=True, text=True, timeout=120, check=False)


async def test_a_key_is_brought_signed_for_at_the_command_line_and_counts(
    realm: RunningRealm, admin: Any, sign_up: Any, client: Any
) -> None:
    member = await make_operator(admin, await sign_up())
    assert (await member.person.get("/staff/me")).json()["state"] == "none"
    refused = await member.draft(member.handle)
    assert (refused.status_code, refused.json()["code"]) == (403, "custody.not_enrolled")
    brought = await member.bring_key()
    assert brought.json() == {"state": "asked", "command": f"reelm staff enrol {member.handle}"}
    said_no = await asyncio.to_thread(reelm, realm, "enrol", member.handle, answer="n\n")
    assert said_no.returncode == 1
    assert "reelm/staff.enrolled/v1" in said_no.stdout, "what will be signed is shown first"
    assert (await member.person.get("/staff/me")).json()["state"] == "asked"
    done = await asyncio.to_thread(reelm, realm, "enrol", member.handle, "--yes", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    me = (await member.person.get("/staff/me")).json()
    assert (me["state"], me["key_id"], me["command"]) == ("enrolled", told["key_id"], None)
    entry = (await client.get(f"/api/v1/ledger/entries/{told['index']}")).json()["entry"]
    assert (entry["kind"], entry["key"], entry["staff"]) == (
        "staff.enrolled",
        member.public_key,
        told["key_id"],
    )
    verify_signature(entry, Verifier.from_vkey(entry["keyholder"]).public_key)
    with pytest.raises(EntrySignatureError):
        verify_signature({**entry, "country": "XX"}, Verifier.from_vkey(entry["keyholder"]).public_key)
    listed = await asyncio.to_thread(reelm, realm, "list", "--json")
    assert told["key_id"] in {each["key_id"] for each in json.loads(listed.stdout)["staff"]}
    members = (await member.person.get("/staff/members")).json()["items"]
    [line] = [each for each in members if each["handle"] == member.handle]
    assert (line["state"], line["index"]) == ("enrolled", told["index"])
    second = Member(member.person)
    again = await second.bring_key()
    assert (again.status_code, again.json()["code"]) == (409, "custody.enrolled_already")


async def test_who_brings_a_key_has_it(realm: RunningRealm, admin: Any, sign_up: Any) -> None:
    first, second = [await make_operator(admin, await sign_up()) for _ in range(2)]
    body = {"public_key": second.public_key, "country": "FR", "proof": first.sign("anything")}
    assert (await first.person.post("/staff/enrolment", body)).status_code == 422
    assert (await first.bring_key()).status_code == 200
    stolen = Member(second.person, first.key)
    answer = await stolen.bring_key()
    assert (answer.status_code, answer.json()["code"]) == (409, "custody.staff_key_taken")
    for wrong in ({"public_key": "x"}, {"country": "France"}, {"proof": "x"}):
        proof = first.sign(f"reelm/staff-key/v1\n{first.public_key}")
        fine = {"public_key": first.public_key, "country": "FR", "proof": proof}
        assert (await first.person.post("/staff/enrolment", {**fine, **wrong})).status_code == 422


async def test_a_person_is_no_staff(realm: RunningRealm, sign_up: Any) -> None:
    person: Person = await sign_up()
    assert (await Member(person).bring_key()).status_code == 404
    for path in ("/staff/me", "/staff/members", "/staff/grants"):
        assert (await person.get(path)).status_code == 404
    done = await asyncio.to_thread(reelm, realm, "enrol", person.handle, "--yes")
    assert done.returncode == 1
    assert "brought no key" in done.stderr


async def test_only_a_keyholders_key_signs(
    realm: RunningRealm, admin: Any, sign_up: Any, tmp_path: Any
) -> None:
    member = await make_operator(admin, await sign_up())
    assert (await member.bring_key()).status_code == 200
    strange = tmp_path / "key"
    strange.write_bytes(base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()))
    done = await asyncio.to_thread(reelm, realm, "enrol", member.handle, "--yes", "--key", str(strange))
    assert done.returncode == 1
    assert "no keyholder of the charter" in done.stderr
    strange.write_text("not a key")
    done = await asyncio.to_thread(reelm, realm, "enrol", member.handle, "--yes", "--key", str(strange))
    assert done.returncode == 1
    assert (await member.person.get("/staff/me")).json()["state"] == "asked"


async def test_whoever_left_signs_nothing_and_what_they_signed_opens_nothing(
    realm: RunningRealm, admin: Any, sign_up: Any
) -> None:
    asker, approver = await make_staff(realm, admin, sign_up), await make_staff(realm, admin, sign_up)
    alice = await sign_up()
    grant = await grant_for(asker, approver, alice.handle)
    waiting = await asker.ask(alice.handle)
    left = await enrol(realm, approver, "remove")
    assert (left.state, left.index is not None) == ("left", True)
    assert (await approver.draft_decision(waiting["id"])).status_code == 403
    refused = await asker.open(grant["id"], alice.handle)
    assert refused.status_code == 409, refused.text
    with pytest.raises(keyholder.StaffError):
        await enrol(realm, approver, "remove")
    assert (await approver.person.get("/staff/me")).json()["state"] == "left"
    # They may come back, with another key.
    again = await approver.bring_key()
    assert again.json()["code"] == "custody.staff_key_taken"
    back = Member(approver.person)
    assert (await back.bring_key()).status_code == 200
    await enrol(realm, back)
    assert (await back.decide(waiting["id"]))["state"] == "approved"
