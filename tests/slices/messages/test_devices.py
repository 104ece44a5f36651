"""Devices: whose they are, what others learn of them, and what they keep here for each other."""

from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.conftest import Person, years_ago
from tests.factories.talking import Writer, b64, blob, new_id, public_key

OWN = [
    ("GET", "/me/messages/identity", None),
    ("PUT", "/me/messages/identity", {"identity_key": "B" * 42 + "A"}),
    ("GET", "/me/devices", None),
    ("POST", "/me/devices", {"id": new_id(), "signature_key": "A" * 43, "certificate": "A" * 86}),
    ("DELETE", f"/me/devices/{new_id()}", None),
    ("PUT", f"/me/devices/{new_id()}/key-packages", {"packages": []}),
    ("GET", f"/me/devices/{new_id()}/key-packages", None),
    ("GET", "/people/somebody/devices", None),
    ("POST", "/key-packages/claims", {"people": ["somebody"]}),
    ("GET", "/me/messages/history", None),
    ("PUT", f"/me/messages/history/{new_id()}", {"items": [{"seq": 1, "body": "AAAA"}]}),
    ("GET", f"/me/messages/history/{new_id()}", None),
    ("DELETE", f"/me/messages/history/{new_id()}", None),
    ("GET", "/me/messages/settings", None),
    ("PUT", "/me/messages/settings", {"typing": False}),
]


@pytest.mark.parametrize(("method", "path", "body"), OWN, ids=range(len(OWN)))
async def test_all_of_it_needs_somebody(client: httpx.AsyncClient, method: str, path: str, body: Any) -> None:
    assert (await client.request(method, "/api/v1" + path, json=body)).status_code == 401


async def test_an_identity_is_made_once_and_replaced_knowingly(make_writer: Any) -> None:
    ann: Writer = await make_writer(2)
    before = (await ann.person.get("/me/messages/identity")).json()
    assert before["identity_key"] == b64(public_key(ann.identity))
    assert {device["id"] for device in before["devices"]} == set(ann.devices)
    assert (await ann.set_identity()).json() == before
    another = b64(public_key(Ed25519PrivateKey.generate()))
    for body in ({"identity_key": another}, {"identity_key": another, "replaces": another}):
        refused = await ann.person.put("/me/messages/identity", body)
        assert (refused.status_code, refused.json()["code"]) == (409, "messages.identity_exists")
    replaced = await ann.person.put(
        "/me/messages/identity", {"identity_key": another, "replaces": before["identity_key"]}
    )
    assert replaced.json()["identity_key"] == another
    assert replaced.json()["devices"] == []
    assert (await ann.person.get("/me/devices")).json() == {"items": []}
    for key in ("", "A" * 42, "A" * 44, "A" * 42 + "=", 7, "A" * 43, "AQ" + "A" * 41):
        assert (await ann.person.put("/me/messages/identity", {"identity_key": key})).status_code == 422


async def test_nobody_starts_without_an_identity(sign_up: Any) -> None:
    person: Person = await sign_up()
    assert (await person.get("/me/messages/identity")).json() == {
        "identity_key": None,
        "made_at": None,
        "devices": [],
    }
    refused = await person.post("/me/devices", Writer(person).device_body())
    assert (refused.status_code, refused.json()["fields"]) == (422, {"certificate": "no_identity"})


async def test_a_device_is_vouched_for_by_its_person(make_writer: Any) -> None:
    ann, eve = await make_writer(), await make_writer()
    proper = ann.device_body()
    made = await ann.person.post("/me/devices", proper)
    assert made.status_code == 201
    assert {name: made.json()[name] for name in proper} == proper
    assert (await ann.person.post("/me/devices", proper)).json() == made.json()
    # Another's certificate, another device's, and none.
    for wrong in (
        eve.device_body(),
        {**proper, "id": new_id()},
        {**proper, "certificate": b64(b"\0" * 64)},
        {**proper, "signature_key": "A" * 43},
        {**proper, "label": blob(201)},
    ):
        refused = await ann.person.post("/me/devices", wrong)
        assert refused.status_code == 422, refused.text
    taken = await eve.person.post("/me/devices", eve.device_body(proper["id"]))
    assert (taken.status_code, taken.json()["code"]) == (409, "messages.unknown_device")
    assert (await eve.person.delete(f"/me/devices/{proper['id']}")).status_code == 404


async def test_eight_devices_are_enough(make_writer: Any) -> None:
    ann: Writer = await make_writer(8)
    refused = await ann.person.post("/me/devices", ann.device_body())
    assert (refused.status_code, refused.json()["code"]) == (409, "messages.too_many_devices")
    assert (await ann.person.delete(f"/me/devices/{ann.device}")).status_code == 204
    assert (await ann.person.post("/me/devices", ann.device_body())).status_code == 201


async def test_key_packages_are_used_once_and_the_last_one_stays(make_writer: Any) -> None:
    ann, ben = await make_writer(), await make_writer()
    path = f"/me/devices/{ben.device}/key-packages"
    assert (await ben.person.get(path)).json() == {"left": 2}
    packages = [blob(60) for _ in range(3)]
    assert (await ben.person.put(path, {"packages": packages})).json() == {"left": 5}
    assert (await ben.person.put(path, {"packages": packages})).json() == {"left": 5}
    assert (await ann.person.put(path, {"packages": packages})).status_code == 404
    claimed = []
    for _ in range(7):
        answer = await ann.person.post("/key-packages/claims", {"people": [ben.handle, "nobody.here"]})
        assert answer.status_code == 200, answer.text
        assert answer.json()["without"] == ["nobody.here"]
        (one,) = answer.json()["claimed"]
        assert (one["person_id"], one["handle"], one["device_id"]) == (ben.id, ben.handle, ben.device)
        claimed.append(one["package"])
    assert len(set(claimed)) == 6
    assert claimed[5] == claimed[6]
    assert (await ben.person.get(path)).json() == {"left": 0}
    for wrong in (
        {"packages": [blob(5000)]},
        {"packages": ["="]},
        {"packages": [blob() for _ in range(51)]},
        {"last_resort": ""},
    ):
        assert (await ben.person.put(path, wrong)).status_code == 422, wrong
    for people in ([], [f"p{n}" for n in range(32)]):
        assert (await ann.person.post("/key-packages/claims", {"people": people})).status_code == 422


async def test_devices_are_shown_to_whom_one_may_hear_from(make_writer: Any) -> None:
    ann, ben = await make_writer(), await make_writer(2)
    path = f"/people/{ben.handle}/devices"
    shown = (await ann.person.get(path)).json()
    assert (shown["person_id"], shown["identity_key"]) == (ben.id, b64(public_key(ben.identity)))
    assert [set(device) for device in shown["devices"]] == [{"id", "signature_key", "certificate"}] * 2
    await ben.person.put("/me/messages/settings", {"who_may_write": "nobody"})
    assert (await ann.person.get(path)).status_code == 404
    assert (await ben.person.get(path)).status_code == 200
    claim = await ann.person.post("/key-packages/claims", {"people": [ben.handle]})
    assert claim.json() == {"claimed": [], "without": [ben.handle]}
    # In a conversation of both they are shown, whatever the setting.
    await ben.begin(ann)
    assert (await ann.person.get(path)).status_code == 200
    await ben.person.put(f"/people/{ann.handle}/block")
    assert (await ann.person.get(path)).status_code == 404


async def test_history_is_the_person_s_own(make_writer: Any) -> None:
    ann, ben = await make_writer(), await make_writer()
    conversation = new_id()
    path = f"/me/messages/history/{conversation}"
    bodies = {seq: blob() for seq in range(1, 6)}
    items = [{"seq": seq, "body": body} for seq, body in bodies.items()]
    assert (await ann.person.put(path, {"items": items})).status_code == 204
    # What is there already stays.
    assert (await ann.person.put(path, {"items": [{"seq": 2, "body": blob()}]})).status_code == 204
    newest = (await ann.person.get(path, params={"limit": 3})).json()
    assert [(item["seq"], item["body"]) for item in newest["items"]] == [(s, bodies[s]) for s in (5, 4, 3)]
    assert newest["last"] is False
    older = (await ann.person.get(path, params={"before": 3})).json()
    assert [item["body"] for item in older["items"]] == [bodies[2], bodies[1]]
    assert older["last"] is True
    assert (await ann.person.get("/me/messages/history")).json() == {
        "items": [{"conversation_id": conversation, "count": 5, "last_seq": 5}]
    }
    assert (await ben.person.get(path)).json() == {"items": [], "last": True}
    assert (await ben.person.delete(path)).status_code == 204
    assert (await ann.person.get(path)).json()["items"]
    for wrong in ({"items": []}, {"items": [{"seq": 0, "body": "AAAA"}]}, {"items": items * 21}):
        assert (await ann.person.put(path, wrong)).status_code == 422
    assert (await ann.person.delete(path)).status_code == 204
    assert (await ann.person.get("/me/messages/history")).json() == {"items": []}


async def test_settings_and_what_young_people_can_choose(sign_up: Any) -> None:
    grown: Person = await sign_up()
    young: Person = await sign_up(birth_date=years_ago(14))
    chosen = {"read_receipts": False, "typing": False, "who_may_write": "followed"}
    assert (await grown.get("/me/messages/settings")).json()["who_may_write"] == "everyone"
    assert (await grown.put("/me/messages/settings", chosen)).json() == chosen
    assert (await grown.get("/me/messages/settings")).json() == chosen
    assert (await young.get("/me/messages/settings")).json()["who_may_write"] == "friends"
    assert (await young.put("/me/messages/settings", chosen)).json() == {**chosen, "who_may_write": "friends"}
    nobody = {**chosen, "who_may_write": "nobody"}
    assert (await young.put("/me/messages/settings", nobody)).json() == nobody
    assert (await grown.put("/me/messages/settings", {"who_may_write": "strangers"})).status_code == 422
