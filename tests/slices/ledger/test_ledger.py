"""The public ledger over HTTP: what anybody may read, what is not there, and what can't be asked."""

import base64
import hashlib
import json
from typing import Any

import httpx
import pytest
from tests.conftest import RunningRealm, eventually

from reelm.entrypoints import ledger as commands
from reelm_audit.tlog import policy, proof
from reelm_audit.tlog.checkpoint import open_checkpoint
from reelm_audit.tlog.merkle import leaf_hash, leaf_hashes, root_of
from reelm_audit.tlog.note import Verifier
from reelm_audit.tlog.tiles import decode_bundle


async def _log(client: httpx.AsyncClient) -> tuple[Verifier, Any]:
    """The log's key, and its published checkpoint, verified."""

    async def state() -> Any:
        found = (await client.get("/api/v1/ledger")).json()
        return found if found["size"] else None

    key = Verifier.from_vkey((await eventually(state))["vkey"])
    answer = await client.get("/ledger/checkpoint")
    assert answer.status_code == 200
    return key, open_checkpoint(answer.content, key).checkpoint


async def test_the_checkpoint_is_the_logs_and_may_be_read_from_anywhere(client: httpx.AsyncClient) -> None:
    key, checkpoint = await _log(client)
    answer = await client.get("/ledger/checkpoint", headers={"origin": "https://auditor.example"})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["content-type"].startswith("text/plain")
    assert "max-age=" in answer.headers["cache-control"]
    assert "immutable" not in answer.headers["cache-control"]
    assert "set-cookie" not in answer.headers
    assert checkpoint.origin == key.name
    assert key.name.endswith("/ledger")
    release = await client.get("/ledger/checkpoint.release")
    assert open_checkpoint(release.content, key).checkpoint.size >= checkpoint.size


async def test_tiles_lead_to_the_root_and_entries_are_what_was_published(client: httpx.AsyncClient) -> None:
    _, checkpoint = await _log(client)
    assert 0 < checkpoint.size < 256
    hashes = await client.get(f"/ledger/tile/0/000.p/{checkpoint.size}")
    bundle = await client.get(f"/ledger/tile/entries/000.p/{checkpoint.size}")
    assert hashes.status_code == bundle.status_code == 200
    assert hashes.headers["access-control-allow-origin"] == "*"
    entries = decode_bundle(bundle.content, checkpoint.size)
    assert hashes.content == b"".join(leaf_hashes(entries))
    assert root_of(leaf_hashes(entries)) == checkpoint.root
    narrower = await client.get("/ledger/tile/entries/000.p/1")
    assert decode_bundle(narrower.content) == entries[:1]
    assert (await client.get("/ledger/tile/0/000.p/1")).content == leaf_hash(entries[0])
    kinds = [json.loads(entry)["kind"] for entry in entries]
    assert kinds[0] == "charter.adopted"


@pytest.mark.parametrize(
    "path",
    [
        "/ledger/tile/0/001",
        "/ledger/tile/0/000",
        "/ledger/tile/9/000",
        "/ledger/tile/0/0",
        "/ledger/tile/0/000.p/0",
        "/ledger/tile/0/000.p/256",
        "/ledger/tile/0/000.p/255",
        "/ledger/tile/0/x000/000",
        "/ledger/tile/..%2f..%2fcheckpoint",
        "/ledger/document/" + "0" * 64 + ".json",
        "/ledger/document/..%2fcheckpoint",
        "/ledger/document/" + "0" * 64,
        "/ledger/nothing",
    ],
)
async def test_what_is_not_there_is_404(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 404


@pytest.mark.parametrize("path", ["/ledger/checkpoint", "/api/v1/ledger", "/api/v1/ledger/entries/0"])
async def test_nobody_writes_over_http(client: httpx.AsyncClient, path: str) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert (await client.request(method, path)).status_code == 405


async def test_the_charter_that_entries_name_is_published(client: httpx.AsyncClient) -> None:
    await _log(client)
    first = (await client.get("/api/v1/ledger/entries/0")).json()
    digest = first["entry"]["charter"]
    document = await client.get(f"/ledger/document/{digest}.json")
    assert document.status_code == 200
    assert hashlib.sha256(document.content).hexdigest() == digest
    assert "immutable" in document.headers["cache-control"]
    assert json.loads(document.content)["witness_policies"]["release"] == first["entry"]["release_policy"]


async def test_how_it_stands_is_told_to_anybody(client: httpx.AsyncClient, sign_up: Any) -> None:
    await _log(client)
    state = (await client.get("/api/v1/ledger")).json()
    assert state["state"] == "unwitnessed"
    assert state["witnesses"] == []
    assert state["problem"] is None
    assert state["release_policy"] == state["public_policy"] == "quorum none\n"
    assert state["kinds"]["charter.adopted"] == 1
    assert sum(sum(day["counts"].values()) for day in state["days"]) >= state["size"]
    assert base64.b64decode(state["root"])
    person = await sign_up()
    assert (await person.get("/ledger")).json()["vkey"] == state["vkey"]


async def test_entries_are_listed_newest_first_and_by_kind(client: httpx.AsyncClient) -> None:
    await _log(client)
    seen, cursor = [], None
    while True:
        params = {"limit": 1, **({"cursor": cursor} if cursor else {})}
        page = (await client.get("/api/v1/ledger/entries", params=params)).json()
        seen += [item["index"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == sorted(seen, reverse=True)
    assert seen[-1] == 0
    charters = (await client.get("/api/v1/ledger/entries", params={"kind": "charter.adopted"})).json()[
        "items"
    ]
    assert [each["entry"]["kind"] for each in charters] == ["charter.adopted"]
    nothing = (await client.get("/api/v1/ledger/entries", params={"kind": "nothing.known"})).json()
    assert nothing == {"items": [], "next_cursor": None}
    for params in ({"limit": 0}, {"limit": 51}, {"cursor": "no cursor"}):
        assert (await client.get("/api/v1/ledger/entries", params=params)).status_code == 422, params


async def test_an_entry_comes_with_its_bytes_and_its_proof(client: httpx.AsyncClient) -> None:
    key, _ = await _log(client)
    for index in (0, 1):
        view = (await client.get(f"/api/v1/ledger/entries/{index}")).json()
        body = base64.b64decode(view["body"])
        assert json.loads(body) == view["entry"]
        answer = await client.get(f"/api/v1/ledger/proofs/{index}")
        assert answer.headers["content-type"].startswith("text/plain")
        made = proof.parse(answer.content)
        assert made.index == index
        made.verify(body, policy.NO_WITNESSES, key)
        with pytest.raises(ValueError, match="another root"):
            made.verify(body + b" ", policy.NO_WITNESSES, key)


@pytest.mark.parametrize("what", ["entries", "proofs"])
@pytest.mark.parametrize(("index", "status"), [("999999", 404), (str(2**63), 404), ("-1", 404), ("x", 404)])
async def test_an_entry_that_is_not_there(
    client: httpx.AsyncClient, what: str, index: str, status: int
) -> None:
    assert (await client.get(f"/api/v1/ledger/{what}/{index}")).status_code == status


async def test_the_realms_page_and_health_tell_of_it(client: httpx.AsyncClient) -> None:
    await _log(client)

    async def check() -> Any:
        found = (await client.get("/api/v1/realm")).json()["check"]
        return found if found["state"] != "not_yet_checked" else None

    assert await eventually(check) == {"state": "unwitnessed", "checked_at": None, "by": []}
    health = (await client.get("/health")).json()
    assert health["parts"]["ledger"] == "ok"
    figures = (await client.get("/metrics")).text
    assert "reelm_ledger_size" in figures
    assert "reelm_ledger_stopped 0.0" in figures


async def test_the_commands_say_the_same(client: httpx.AsyncClient, realm: RunningRealm) -> None:
    import asyncio

    key, _ = await _log(client)
    state = await asyncio.to_thread(commands.state, realm.settings)
    assert state.vkey == key.vkey
    found = await asyncio.to_thread(commands.fsck, realm.settings)
    assert found.clean, found.problems
    assert found.size >= 2
