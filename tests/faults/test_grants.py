"""Log before do, while things die: nothing is opened that the ledger does not hold, and what it holds is seen.

The sequencer is held still, so that the ledger confirms nothing, at the moment that each test wants it.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from tests.conftest import Person, RunningRealm, eventually, free_port, sign_up_body, start_realm
from tests.factories.staff import Member, enrol, grant_for, make_operator

pytestmark = pytest.mark.timeout(240)


@dataclass
class Company:
    """A realm that may be hurt, two members of staff, and somebody whose data it is about."""

    realm: RunningRealm
    admin: Any
    asker: Member
    approver: Member
    alice: Person
    email: str


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="reelm-grants-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def hurt(place: Path) -> Iterator[RunningRealm]:
    running = start_realm(place / "data", free_port(), REELM_LIMIT_FACTOR="1000")
    yield running
    running.stop()


async def _person(client: httpx.AsyncClient, **changes: Any) -> Person:
    body = sign_up_body(**changes)
    made = await client.post("/api/v1/accounts", json=body)
    assert made.status_code == 201, made.text
    name = {"handle": body["handle"], "password": body["password"]}
    signed_in = await client.post("/api/v1/sessions", json=name)
    client.cookies.clear()
    return Person(client, made.json()["id"], body["handle"], signed_in.json()["token"])


@pytest.fixture
async def company(hurt: RunningRealm) -> AsyncIterator[Company]:
    admin = await asyncpg.connect(**hurt.settings.database.connection("reelm_admin"))
    async with httpx.AsyncClient(base_url=hurt.url, timeout=60) as client:
        staff = []
        for _ in range(2):
            member = await make_operator(admin, await _person(client))
            assert (await member.bring_key()).status_code == 200
            await enrol(hurt, member)
            staff.append(member)
        email = f"alice{uuid.uuid4().hex[:8]}@example.org"
        yield Company(hurt, admin, *staff, await _person(client, email=email), email)
    await admin.close()


def _pid(realm: RunningRealm, name: str) -> int | None:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                title = (entry / "cmdline").read_bytes().split(b"\0")[0].decode()
                if int(fields[1]) == realm.process.pid and title == f"reelm: {name}" and fields[0] != "Z":
                    return int(entry.name)
    return None


@asynccontextmanager
async def without_ledger(realm: RunningRealm) -> AsyncIterator[None]:
    """Hold the sequencer still: entries are taken, and none is confirmed."""

    async def found() -> int | None:
        return _pid(realm, "sequencer")

    pid = await eventually(found)
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


async def _uses(company: Company, grant_id: str) -> list[Any]:
    rows: list[Any] = await company.admin.fetch(
        "SELECT state, leaf FROM grant_uses WHERE grant_id = $1 ORDER BY id", uuid.UUID(grant_id)
    )
    return rows


async def _seen(company: Company, grant_id: str) -> dict[str, Any]:
    mine = (await company.alice.get("/me/openings")).json()["items"]
    found: dict[str, Any] = next(each for each in mine if each["id"] == grant_id)
    return found


async def test_without_the_ledger_nothing_is_opened_and_it_is_said(company: Company) -> None:
    grant = await grant_for(company.asker, company.approver, company.alice.handle)
    async with without_ledger(company.realm):
        answer = await company.asker.open(grant["id"], company.alice.handle)
        assert (answer.status_code, answer.json()["code"]) == (503, "ledger.late")
        assert int(answer.headers["retry-after"]) > 0
        assert company.email not in answer.text
        assert [row["state"] for row in await _uses(company, grant["id"])] == ["pending"]
        assert (await _seen(company, grant["id"]))["uses"] == 0
        # The rest of the realm goes on.
        assert (await company.alice.get("/feeds/for-you")).status_code == 200

    async def settled() -> Any:
        rows = await _uses(company, grant["id"])
        return rows if rows[0]["leaf"] is not None else None

    # The entry gets its place, so the person is told of it, though nothing came of it.
    assert [row["state"] for row in await eventually(settled, seconds=60)] == ["logged"]
    assert (await _seen(company, grant["id"]))["uses"] == 1
    kinds = [each["kind"] for each in (await company.alice.get("/notices")).json()["items"]]
    assert kinds.count("opened") == 1
    again = await company.asker.open(grant["id"], company.alice.handle)
    assert again.json()["identity"]["email"] == company.email


async def test_a_web_process_killed_between_intent_and_opening(company: Company) -> None:
    grant = await grant_for(company.asker, company.approver, company.alice.handle)
    async with without_ledger(company.realm):
        asking = asyncio.ensure_future(company.asker.open(grant["id"], company.alice.handle))

        async def committed() -> Any:
            return await _uses(company, grant["id"])

        await eventually(committed)
        pid = _pid(company.realm, "web-1")
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(httpx.HTTPError):
            await asking

    async def settled() -> Any:
        rows = await _uses(company, grant["id"])
        return rows if rows[0]["leaf"] is not None else None

    assert [row["state"] for row in await eventually(settled, seconds=60)] == ["logged"]

    async def back() -> bool:
        with contextlib.suppress(httpx.HTTPError):
            return (await company.alice.get("/me")).status_code == 200
        return False

    await eventually(back, seconds=60)
    assert (await _seen(company, grant["id"]))["uses"] == 1
    kinds = [each["kind"] for each in (await company.alice.get("/notices")).json()["items"]]
    assert kinds.count("opened") == 1


async def test_what_was_signed_while_the_ledger_was_late_counts_once(company: Company) -> None:
    drafted = (await company.asker.draft(company.alice.handle)).json()
    path = f"/staff/grants/{drafted['id']}/signature"
    body = {"signature": company.asker.sign(drafted["to_sign"])}
    async with without_ledger(company.realm):
        late = await company.asker.person.post(path, body)
        assert (late.status_code, late.json()["code"]) == (503, "ledger.late")
        assert (await company.approver.draft_decision(drafted["id"])).status_code == 409
    again = await company.asker.person.post(path, body)
    assert again.status_code in {200, 409}, again.text

    async def placed() -> Any:
        seen = (await company.asker.person.get(f"/staff/grants/{drafted['id']}")).json()
        return seen if seen["entries"]["requested"] is not None else None

    asked = await eventually(placed, seconds=60)
    assert asked["state"] == "asked"
    draft = (await company.approver.draft_decision(drafted["id"])).json()["to_sign"]
    async with without_ledger(company.realm):
        late = await company.approver.sign_decision(drafted["id"], draft)
        assert late.status_code == 503
        assert (await company.asker.open(drafted["id"], company.alice.handle)).status_code == 409

    async def approved() -> Any:
        seen = (await company.asker.person.get(f"/staff/grants/{drafted['id']}")).json()
        return seen if seen["entries"]["approved"] is not None else None

    await eventually(approved, seconds=60)
    for kind in ("grant.requested", "grant.approved"):
        page = (await company.alice.client.get(f"/api/v1/ledger/entries?kind={kind}&limit=50")).json()
        found = [
            line
            for line in page["items"]
            if line["index"] == asked["entries"]["requested"]
            or line["entry"].get("request") == asked["entries"]["requested"]
        ]
        assert len(found) == 1
    assert (await company.asker.open(drafted["id"], company.alice.handle)).status_code == 200


@pytest.mark.parametrize("name", ["keys", "worker", "sequencer", "postgres"])
async def test_whatever_is_killed_while_data_is_opened_each_opening_is_in_the_ledger(
    company: Company, name: str
) -> None:
    """Many openings while a process dies: those that answered have their entry, and the person sees every one."""
    grant = await grant_for(company.asker, company.approver, company.alice.handle)

    async def ask() -> httpx.Response | None:
        with contextlib.suppress(httpx.HTTPError):
            return await company.asker.open(grant["id"], company.alice.handle)
        return None

    first = await ask()
    assert first is not None
    assert first.status_code == 200
    tries = [asyncio.ensure_future(ask()) for _ in range(6)]
    pid = _postmaster(company.realm) if name == "postgres" else _pid(company.realm, name)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    answers = [answer for answer in await asyncio.gather(*tries) if answer is not None]
    opened = [first, *(answer for answer in answers if answer.status_code == 200)]
    for answer in answers:
        assert answer.status_code in {200, 401, 403, 409, 503}, answer.text
        assert answer.status_code == 200 or company.email not in answer.text

    async def again() -> bool:
        answer = await ask()
        return answer is not None and answer.status_code == 200

    await eventually(again, seconds=90, every=0.5)
    seen = {use["entry_index"] for use in (await _seen(company, grant["id"]))["used"]}
    assert {answer.json()["entry_index"] for answer in opened} <= seen


def _postmaster(realm: RunningRealm) -> int:
    return int((realm.data / "postgres" / "postmaster.pid").read_text().splitlines()[0])
