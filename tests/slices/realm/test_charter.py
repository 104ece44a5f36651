"""The charter of a realm that runs: read by everybody, changed by signatures, in the ledger before and after."""

import asyncio
import base64
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import httpx
import pytest
from tests.conftest import Person, RunningRealm, client_of, eventually, maker_of_people, own_realm
from tests.factories.charters import signer
from tests.factories.staff import make_operator

from reelm.realm import charter
from reelm.realm.schemas import RealmDocument
from reelm_audit.entries import charter_to_sign, verify_detached, verify_signature
from reelm_audit.rules.checker import check
from reelm_audit.rules.context import Context
from reelm_audit.tlog.note import Verifier

PROPOSALS = "/charter/proposals"


@pytest.fixture(scope="module")
def governed() -> Iterator[RunningRealm]:
    """A realm of this file's own: its charter changes, and its parts stop and start."""
    with own_realm() as running:
        yield running


@pytest.fixture
async def visitor(governed: RunningRealm) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(governed) as client:
        yield client


@pytest.fixture
async def keeper(governed: RunningRealm) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(**governed.settings.database.connection("reelm_admin"))
    yield connection
    await connection.close()


@pytest.fixture
async def operator(visitor: httpx.AsyncClient, keeper: Any) -> Person:
    person: Person = await maker_of_people(visitor)()
    await make_operator(keeper, person)
    return person


async def in_force(visitor: httpx.AsyncClient) -> dict[str, Any]:
    found: dict[str, Any] = (await visitor.get("/api/v1/charter")).json()
    return found


async def proposed(operator: Person, **changes: Any) -> dict[str, Any]:
    now = await in_force(operator.client)
    answer = await operator.post(PROPOSALS, {"document": {**now["document"], **changes}})
    assert answer.status_code == 201, answer.text
    view: dict[str, Any] = answer.json()
    return view


async def sign(operator: Person, view: dict[str, Any], key: Any) -> dict[str, Any]:
    signature = base64.b64encode(key.sign(base64.b64decode(view["to_sign"]))).decode()
    body = {"keyholder": key.vkey, "signature": signature}
    answer = await operator.post(f"{PROPOSALS}/{view['digest']}/signatures", body)
    assert answer.status_code == 201, answer.text
    signed: dict[str, Any] = answer.json()
    return signed


def first_key(governed: RunningRealm) -> Any:
    return charter.read_key(governed.data / "keyholder" / "key", charter.FIRST_KEYHOLDER)


async def adopted(visitor: httpx.AsyncClient, digest: str) -> dict[str, Any]:
    """Wait until the realm runs under that charter and its ledger says so."""

    async def look() -> dict[str, Any] | None:
        try:
            found = await in_force(visitor)
        except httpx.HTTPError:
            return None  # all parts stop and start
        return found if found.get("digest") == digest and found.get("entry_index") is not None else None

    found: dict[str, Any] = await eventually(look, seconds=90)
    return found


async def entries_of(visitor: httpx.AsyncClient) -> list[bytes]:
    size = (await visitor.get("/api/v1/ledger")).json()["size"]
    views = [(await visitor.get(f"/api/v1/ledger/entries/{index}")).json() for index in range(size)]
    return [base64.b64decode(view["body"]) for view in views]


async def test_everybody_reads_the_charter_as_it_was_signed(visitor: httpx.AsyncClient) -> None:
    async def told() -> dict[str, Any] | None:
        found = await in_force(visitor)
        return found if found["entry_index"] is not None else None

    found = await eventually(told)
    document = await visitor.get(found["document_url"])
    assert document.json() == found["document"]
    (signature,) = found["signatures"]
    assert signature["name"] == found["document"]["keyholders"]["members"][0]["name"]
    key = Verifier.from_vkey(signature["keyholder"]).public_key
    verify_detached(charter_to_sign(document.content), signature["signature"], key)
    assert found["history"][-1]["version"] == 1


async def test_each_site_is_stated_by_its_signer_on_the_first_day(visitor: httpx.AsyncClient) -> None:
    async def told() -> dict[str, Any] | None:
        (site,) = (await visitor.get("/api/v1/sites")).json()["sites"]
        return site if site["statement"] else None

    site = await eventually(told)
    assert (site["site"], site["self_signed"]) == ("this machine", True)
    held = {each["data_class"]: each["bytes"] for each in site["statement"]["held"]}
    assert {"public", "identity", "social", "telemetry"} <= set(held)
    view = (await visitor.get(f"/api/v1/ledger/entries/{site['statement']['entry_index']}")).json()
    assert view["entry"]["kind"] == "site.stated"
    verify_signature(view["entry"], Verifier.from_vkey(site["signer"]).public_key)


async def test_no_process_that_answers_people_states_a_site(governed: RunningRealm) -> None:
    for role in ("reelm_web", "reelm_worker", "reelm_border"):
        connection = await asyncpg.connect(**governed.settings.database.connection(role))
        for kind in ("site.stated", "charter.adopted"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(
                    "INSERT INTO ledger_entries (ref, kind, body) VALUES (gen_random_uuid(), $1, '\\x7b7d')",
                    kind,
                )
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("SELECT reelm.held_bytes()")
        await connection.close()


async def test_what_is_proposed_is_for_operators(visitor: httpx.AsyncClient, operator: Person) -> None:
    other: Person = await maker_of_people(visitor)()
    view = await proposed(operator, minimum_age=14)
    assert view["changes"][0]["sentence"] == "The age from which people may join: 14 instead of 13."
    for path in (PROPOSALS, f"{PROPOSALS}/{view['digest']}"):
        assert (await visitor.get(f"/api/v1{path}")).status_code == 401
        assert (await other.get(path)).status_code == 404
    assert view in (await operator.get(PROPOSALS)).json()["items"]
    assert (await operator.delete(f"{PROPOSALS}/{view['digest']}")).status_code == 204
    assert (await operator.get(f"{PROPOSALS}/{view['digest']}")).status_code == 404


async def test_two_lists_of_sites_are_refused_with_advice(operator: Person) -> None:
    now = await in_force(operator.client)
    document = {
        **now["document"],
        "jurisdictions": [{"country": "US", "stored_in": ["US"]}, "FR"],
        "storage": [{"site": "this machine", "country": "US"}, {"site": "sg-1", "country": "SG"}],
    }
    answer = await operator.post(PROPOSALS, {"document": document})
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "charter.unusable")
    assert "Make two realms, one per list" in problem["fields"]["charter.two_lists"]


async def test_a_signature_of_nobody_is_refused(operator: Person) -> None:
    view = await proposed(operator, minimum_age=15)
    stranger = signer("stranger")
    signature = base64.b64encode(stranger.sign(base64.b64decode(view["to_sign"]))).decode()
    body = {"keyholder": stranger.vkey, "signature": signature}
    answer = await operator.post(f"{PROPOSALS}/{view['digest']}/signatures", body)
    assert (answer.status_code, answer.json()["code"]) == (422, "charter.signature_refused")
    refused = await operator.post(f"{PROPOSALS}/{view['digest']}/adopt")
    assert (refused.status_code, refused.json()["code"]) == (409, "charter.not_adoptable")
    assert (await in_force(operator.client))["version"] == 1


async def test_a_charter_changes_hands_in_the_open(
    governed: RunningRealm, visitor: httpx.AsyncClient, operator: Person
) -> None:
    """A trustee joins with a veto, then stops a sale, then lets it pass; the ledger holds to every rule."""
    now = await in_force(visitor)
    mine, trustee = first_key(governed), signer("trustee")
    members = now["document"]["keyholders"]["members"]
    second = {"name": "Test Trustee", "role": "trustee", "vkey": trustee.vkey, "veto": ["operator", "owners"]}
    joined = await proposed(operator, keyholders={"threshold": 1, "members": [*members, second]})
    joined = await sign(operator, joined, mine)
    assert joined["adoptable"], joined
    answer = await operator.post(f"{PROPOSALS}/{joined['digest']}/adopt")
    assert (answer.status_code, answer.json()["effect"]) == (202, "restarting")
    assert (await adopted(visitor, joined["digest"]))["version"] == 2

    sale = await proposed(operator, owners=[{"name": "Test Fund", "share": "100"}])
    sale = await sign(operator, sale, mine)
    assert (sale["vetoes"], sale["adoptable"]) == (["Test Trustee"], False)
    stopped = await operator.post(f"{PROPOSALS}/{sale['digest']}/adopt")
    assert stopped.status_code == 409
    assert "Test Trustee has not signed" in stopped.json()["detail"]
    assert (await in_force(visitor))["version"] == 2

    sale = await sign(operator, sale, trustee)
    assert (await operator.post(f"{PROPOSALS}/{sale['digest']}/adopt")).status_code == 202
    now = await adopted(visitor, sale["digest"])
    assert (now["version"], len(now["signatures"]), len(now["history"])) == (3, 2, 3)
    assert (await visitor.get("/api/v1/realm")).json()["owners"][0]["name"] == "Test Fund"

    documents = {line["digest"]: (await visitor.get(line["document_url"])).content for line in now["history"]}
    found = list(check(enumerate(await entries_of(visitor)), Context(document=documents.get)))
    assert [finding for finding in found if finding.code.startswith("charter.")] == []


async def test_the_command_line_does_the_same(
    governed: RunningRealm, visitor: httpx.AsyncClient, tmp_path: Any
) -> None:
    """A keyholder signs a document on a machine that has nothing of the realm, and the signature is brought in."""
    before = await in_force(visitor)

    def reelm(*words: str) -> str:
        command = [sys.executable, "-m", "reelm", "charter", *words]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
        return done.stdout

    def propose_and_sign() -> str:
        data = ["--data", str(governed.data)]
        next_one = tmp_path / "next.json"
        next_one.write_text(
            reelm("show", "--document", *data).replace('"minimum_age": 13', '"minimum_age": 17')
        )
        said = reelm("propose", str(next_one), *data)
        digest = said.split("\n")[0].rpartition(" ")[2]
        assert "The age from which people may join: 17 instead of 13." in said
        paper, key, signature = tmp_path / "paper.json", tmp_path / "key", tmp_path / "signature"
        paper.write_text(reelm("show", digest, "--document", *data))
        key.write_bytes((governed.data / "keyholder" / "key").read_bytes())
        reelm(
            "sign", str(paper), "--key", str(key), "--out", str(signature), "--yes", "--data", str(tmp_path)
        )
        assert "It can be adopted" in reelm("sign", digest, "--signature", str(signature), *data)
        assert "starts them under the new charter, now" in reelm("adopt", digest[:12], *data)
        return digest

    digest = await asyncio.to_thread(propose_and_sign)
    after = await adopted(visitor, digest)
    assert after["version"] == before["version"] + 1
    assert (await visitor.get("/api/v1/realm")).json()["minimum_age"] == 17


async def test_a_running_realms_charter_is_whole_at_every_look(
    governed: RunningRealm, visitor: httpx.AsyncClient
) -> None:
    """What the API shows, what the ledger adopted last and what lies on the disk are one charter."""
    found = await in_force(visitor)
    document = charter.document_of(charter_of(governed))
    assert found["digest"] == charter.digest_of(charter_of(governed))
    assert (await visitor.get(found["document_url"])).content == document
    assert found["history"][0]["digest"] == found["digest"]


def charter_of(governed: RunningRealm) -> RealmDocument:
    from reelm.realm import succession

    return succession.in_force(governed.data)
