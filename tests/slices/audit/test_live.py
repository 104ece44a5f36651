"""A realm that is at work gives an auditor no reason to complain: grants, copies and erasures as they really happen.

It has a realm of its own, in whose ledger no other test has tried what must not be.
"""

import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from tests.conftest import PASSWORD, Person, RunningRealm, eventually, free_port, sign_up_body, start_realm
from tests.factories.staff import grant_for, make_staff

from reelm_audit.bundle import open_bundle
from reelm_audit.cli import main


@pytest.fixture(scope="module")
def own() -> Iterator[RunningRealm]:
    folder = Path(tempfile.mkdtemp(prefix="reelm-test-"))
    folder.chmod(0o755)
    running = start_realm(folder / "data", free_port(), REELM_LIMIT_FACTOR="1000")
    yield running
    running.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
async def join(own: RunningRealm) -> AsyncIterator[Any]:
    """Make a person of this realm."""
    async with httpx.AsyncClient(base_url=own.url, timeout=60) as http:

        async def make() -> Person:
            body = sign_up_body()
            made = (await http.post("/api/v1/accounts", json=body)).raise_for_status()
            credentials = {"handle": body["handle"], "password": body["password"]}
            session = (await http.post("/api/v1/sessions", json=credentials)).raise_for_status()
            http.cookies.clear()
            return Person(http, made.json()["id"], body["handle"], session.json()["token"])

        yield make


async def _happenings(own: RunningRealm, join: Any) -> tuple[Person, str]:
    """Staff ask, are refused, open; one acts alone; a person takes a copy, another goes. Return who has a receipt."""
    admin = await asyncpg.connect(**own.settings.database.connection("reelm_admin"))
    try:
        asker, approver = await make_staff(own, admin, join), await make_staff(own, admin, join)
    finally:
        await admin.close()
    alice, bob = await join(), await join()
    grant = await grant_for(asker, approver, alice.handle, bob.handle, classes=["identity", "social"])
    for person, what in ((alice, "identity"), (alice, "social"), (bob, "identity")):
        opened = await asker.open(grant["id"], person.handle, what)
        assert opened.status_code == 200, opened.text
    assert (await asker.person.post(f"/staff/grants/{grant['id']}/close")).status_code == 200
    refused = await asker.ask(bob.handle)
    assert (await approver.decide(refused["id"], "deny"))["state"] == "denied"
    export = (await alice.post("/me/exports")).json()

    async def logged() -> Any:
        return (await alice.get(f"/me/exports/{export['id']}")).json()["entry_index"]

    await eventually(logged, seconds=120)
    gone = await bob.post("/me/erasure", {"password": PASSWORD, "handle": bob.handle})
    assert gone.status_code == 202, gone.text
    return alice, str(grant["id"])


async def test_a_living_realm_gives_no_finding(
    own: RunningRealm, join: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alice, grant = await _happenings(own, join)
    mirror, page, receipt = tmp_path / "mirror", tmp_path / "report.html", tmp_path / "receipt"

    async def settled() -> Any:
        kinds = (await alice.get("/ledger")).json()["kinds"]
        return kinds.get("rights.erased") and kinds.get("grant.expired") and kinds.get("grant.denied")

    await eventually(settled, seconds=60)
    code = main(["watch", own.url, "--mirror", str(mirror), "--json"])
    watched = json.loads(capsys.readouterr().out)
    assert watched["findings"] == []
    assert code == 0
    kinds = {json.loads(entry)["kind"] for entry in _entries(mirror)}
    assert kinds >= {
        "staff.enrolled",
        "grant.used",
        "grant.denied",
        "grant.expired",
        "rights.exported",
        "rights.erased",
    }
    assert main(["report", own.url, "--mirror", str(mirror), "--out", str(page)]) == 0
    text = page.read_text()
    assert "Nothing contradicts its promises." in text
    assert "No outside witness watches this ledger yet" in text
    assert "3 openings" in text
    assert main(["verify", str(mirror), "--json"]) == 0
    receipt.write_text((await alice.get(f"/me/openings/{grant}/receipt")).text)
    assert main(["receipt", str(receipt), "--vkey", watched["vkey"]]) == 0


def _entries(mirror: Path) -> list[bytes]:
    bundle = open_bundle(mirror)
    return [data for _, data in bundle.entries(bundle.about.size)]


async def test_an_emergency_is_told_at_once_and_is_no_breach(
    own: RunningRealm, join: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    admin = await asyncpg.connect(**own.settings.database.connection("reelm_admin"))
    try:
        asker = await make_staff(own, admin, join)
    finally:
        await admin.close()
    somebody = await join()
    asked = await asker.ask(somebody.handle, emergency=True, minutes=10, reason="safety")
    assert (await asker.decide(asked["id"]))["state"] == "approved"
    assert (await asker.open(asked["id"], somebody.handle)).status_code == 200
    assert main(["watch", own.url, "--mirror", str(tmp_path / "mirror"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["findings"]
    assert [(each["code"], each["severity"]) for each in found] == [("grant.emergency", "notice")]
