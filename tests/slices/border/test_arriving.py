"""Deliveries that are as they should be: held, in the ledger, answered, and answered the same when they come again."""

import base64
from typing import Any

from tests.conftest import RunningRealm, eventually
from tests.factories.foreign import Foreign, parcel


def ours(bordered: RunningRealm) -> str:
    return f"{bordered.url}/ap"


async def test_a_delivery_is_held_and_in_the_ledger(abroad: Foreign, seeing: Any) -> None:
    person = abroad.name("people")
    acts = [abroad.person(person), abroad.video(person), abroad.video(person)]
    body, root = parcel(acts)
    said = await abroad.post(body, root, batch=f"{root} 41")
    assert (said.status, said.json()) == (202, {"taken": 3, "refused": []})
    batch = await seeing.fetchrow(
        "SELECT * FROM crossing_batches WHERE peer = $1 AND direction = 'in'", abroad.realm
    )
    assert (batch["root"].hex(), batch["count"], batch["entry_index"], batch["state"]) == (
        root,
        3,
        41,
        "taken",
    )
    rows = await seeing.fetch("SELECT * FROM arrivals WHERE batch_id = $1 ORDER BY position", batch["id"])
    assert [(row["uri"], row["act"], row["object_type"]) for row in rows] == [
        (acts[0]["id"], "Update", "Person"),
        (acts[1]["id"], "Create", "Video"),
        (acts[2]["id"], "Create", "Video"),
    ]

    async def entry() -> Any:
        return await seeing.fetchval(
            "SELECT body FROM ledger_entries WHERE kind = 'border.received' AND position(convert_to($1, 'UTF8') in body) > 0",
            root,
        )

    told = await eventually(entry)
    for part in (f'"peer":"{abroad.realm}"', '"count":3', '"entry":41', '"refused":0'):
        assert part.encode() in told


async def test_the_same_delivery_again_is_answered_the_same(abroad: Foreign, seeing: Any) -> None:
    person = abroad.name("people")
    bad = abroad.video(person, email="ming@abroad.example")
    body, root = parcel([abroad.video(person), bad, abroad.video(person)])
    first = await abroad.post(body, root)
    again = await abroad.post(body, root)
    assert first.json() == again.json() == {"taken": 2, "refused": [1]}
    assert await seeing.fetchval("SELECT count(*) FROM crossing_batches WHERE peer = $1", abroad.realm) == 1
    assert await seeing.fetchval("SELECT count(*) FROM arrivals WHERE peer = $1", abroad.realm) == 2


async def test_an_activity_is_taken_once_whatever_it_comes_with(abroad: Foreign) -> None:
    act = abroad.video()
    assert (await abroad.deliver(act)).json() == {"taken": 1, "refused": []}
    assert (await abroad.deliver(abroad.video(), act)).json() == {"taken": 1, "refused": [1]}
    twice = abroad.video()
    assert (await abroad.deliver(twice, twice)).json() == {"taken": 1, "refused": [1]}


async def test_what_is_refused_is_counted_by_names_alone(abroad: Foreign, seeing: Any) -> None:
    secret = "ming@private.example"
    await abroad.deliver(abroad.video(email=secret))

    async def told() -> Any:
        return await seeing.fetchrow(
            "SELECT * FROM border_refusals WHERE peer = $1 AND reason = 'sealed_field'", abroad.realm
        )

    row = await eventually(told)
    assert (row["direction"], row["fields"], row["object_type"]) == ("in", ["email"], "Video")
    assert "identity" in row["classes"]
    assert secret not in str(dict(row))


async def test_a_text_in_any_script_arrives(abroad: Foreign, seeing: Any) -> None:
    said = "雨の屋根 — \u0645\u0637\u0631 🌧\nzwei"
    act = abroad.video(content=said)
    assert (await abroad.deliver(act)).json()["taken"] == 1
    kept = await seeing.fetchval("SELECT object_type FROM arrivals WHERE uri = $1", act["id"])
    assert kept == "Video"


async def test_a_paused_realm_is_asked_to_wait_and_a_refused_one_to_stop(
    abroad: Foreign, seeing: Any
) -> None:
    for state, status in (("paused", 503), ("refused", 403), ("open", 202)):
        await seeing.execute("UPDATE peers SET state = $2 WHERE realm = $1", abroad.realm, state)
        said = await abroad.deliver(abroad.video())
        assert said.status == status
        assert ("retry-after" in said.headers) == (status == 503)


async def test_one_connection_carries_several_requests(abroad: Foreign) -> None:
    head = f"GET /none HTTP/1.1\r\nHost: {abroad.target.split('/')[2]}\r\n\r\n".encode()
    said = await abroad.ask(url=abroad.target + "/", raw=base64.b64encode(head * 3).decode())
    assert said.status == 404
