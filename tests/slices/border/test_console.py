"""The border's page: what everybody sees, and what only operators do."""

import json
import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.factories.border import know


@pytest.fixture
async def operator(admin: Any, sign_up: Any) -> AsyncIterator[Any]:
    person = await sign_up()
    await admin.execute(
        "UPDATE person_details SET role = 'operator' WHERE person_id = $1", uuid.UUID(person.id)
    )
    yield person
    await admin.execute(
        "UPDATE person_details SET role = 'person' WHERE person_id = $1", uuid.UUID(person.id)
    )


@pytest.fixture
async def peer(admin: Any) -> AsyncIterator[str]:
    """Another realm, which can't be reached."""
    realm = f"peer{uuid.uuid4().hex[:8]}"
    await know(admin, realm, "http://127.0.0.1:9", state="paused")
    yield realm
    await admin.execute("DELETE FROM crossings WHERE peer = $1", realm)
    await admin.execute("DELETE FROM crossing_batches WHERE peer = $1", realm)
    await admin.execute("DELETE FROM border_counts WHERE peer = $1", realm)
    await admin.execute("DELETE FROM peers WHERE realm = $1", realm)


async def add_dead(admin: Any, peer: str) -> uuid.UUID:
    made = uuid.uuid4()
    await admin.execute(
        "INSERT INTO crossing_batches (id, peer, direction, root, count, bytes, ref, entry_index, state, attempts, problem) "
        "VALUES ($1, $2, 'out', $3, 2, 900, $4, 7, 'dead', 5, 'no_connection')",
        made,
        peer,
        uuid.uuid4().bytes * 2,
        uuid.uuid4(),
    )
    await admin.execute(
        "INSERT INTO crossings (id, peer, act, object_type, purpose, batch_id, position, state) "
        "VALUES ($1, $2, 'Create', 'Note', 'interact', $3, 0, 'dead')",
        uuid.uuid4(),
        peer,
        made,
    )
    return made


async def test_everybody_sees_what_crosses(client: httpx.AsyncClient, admin: Any, peer: str) -> None:
    await admin.execute(
        "INSERT INTO border_counts (day, kind, direction, peer, data_class, objects, bytes) VALUES "
        "(current_date, 'crossing', 'out', $1, 'public', 3, 700), (current_date, 'crossing', 'in', $1, 'public', 2, 50), "
        "(current_date, 'refused', 'out', $1, 'identity', 1, 0)",
        peer,
    )
    await add_dead(admin, peer)
    said = await client.get("/api/v1/border")
    assert said.status_code == 200
    about = said.json()
    (line,) = [each for each in about["peers"] if each["realm"] == peer]
    assert line["out"] == {"objects": 3, "bytes": 700}
    assert line["in"] == {"objects": 2, "bytes": 50}
    assert (line["refused"], line["dead"], line["waiting"], line["state"]) == (1, 2, 0, "paused")
    days = [each for each in about["days"] if each["peer"] == peer]
    assert {(each["kind"], each["direction"], each["objects"]) for each in days} == {
        ("crossing", "out", 3), ("crossing", "in", 2), ("refused", "out", 1)
    }  # fmt: skip
    assert about["strength"] in {"self_declared", "witnessed"}
    assert about["policy_digest"] == "" or len(about["policy_digest"]) == 64


async def test_dead_letters_are_for_operators(
    client: httpx.AsyncClient, admin: Any, sign_up: Any, operator: Any, peer: str
) -> None:
    dead = await add_dead(admin, peer)
    other = await sign_up()
    assert (await client.get("/api/v1/border/batches")).status_code == 401
    assert (await other.get("/border/batches")).status_code == 404
    assert (await operator.get("/border/batches?state=lost")).status_code == 422
    listed = (await operator.get("/border/batches?state=dead&limit=50")).json()["items"]
    (line,) = [each for each in listed if each["peer"] == peer]
    assert (line["id"], line["problem"], line["attempts"], line["objects"]) == (
        str(dead),
        "no_connection",
        5,
        2,
    )
    assert (await client.post(f"/api/v1/border/batches/{dead}/retry")).status_code == 401
    assert (await other.post(f"/border/batches/{dead}/retry")).status_code == 404
    assert (await operator.post(f"/border/batches/{uuid.uuid4()}/retry")).status_code == 404
    assert (await operator.post(f"/border/batches/{dead}/retry")).status_code == 204
    assert (await operator.post(f"/border/batches/{dead}/retry")).status_code == 404
    row = await admin.fetchrow("SELECT state, attempts FROM crossing_batches WHERE id = $1", dead)
    assert (row["state"], row["attempts"]) == ("released", 0)
    assert await admin.fetchval("SELECT state FROM crossings WHERE batch_id = $1", dead) == "recorded"


async def test_only_operators_say_how_the_realm_stands_to_another(
    client: httpx.AsyncClient, admin: Any, sign_up: Any, operator: Any, peer: str
) -> None:
    other = await sign_up()
    path = f"/border/peers/{peer}"
    refused = {"state": "refused"}
    assert (await client.put("/api/v1" + path, json=refused)).status_code == 401
    assert (await other.put(path, json=refused)).status_code == 404
    assert await admin.fetchval("SELECT state FROM peers WHERE realm = $1", peer) == "paused"
    assert (await operator.put(path, json={"state": "married"})).status_code == 422
    assert (await operator.put("/border/peers/nowhere", json=refused)).status_code == 404
    assert (await operator.put(path, json=refused)).status_code == 204
    assert await admin.fetchval("SELECT state FROM peers WHERE realm = $1", peer) == "refused"
    assert json.loads((await client.get("/api/v1/border")).content)["peers"]
