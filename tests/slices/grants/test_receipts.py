"""Receipts: what a person keeps is checked by a tool that knows nothing of the server."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.conftest import Person
from tests.factories.staff import Member, grant_for

from reelm_audit import receipts

Two = tuple[Member, Member]


def check(path: Path) -> tuple[int, dict[str, Any]]:
    command = [sys.executable, "-m", "reelm_audit.cli", "receipt", str(path), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, json.loads(done.stdout or "{}")


async def test_a_receipt_of_the_request_and_one_of_each_use(
    staff: Two, alice: Person, tmp_path: Path
) -> None:
    asker, approver = staff
    grant = await grant_for(asker, approver, alice.handle)
    opened = (await asker.open(grant["id"], alice.handle)).json()
    for query, kind, index in (
        ("", "grant.requested", grant["entries"]["requested"]),
        (f"?entry={opened['entry_index']}", "grant.used", opened["entry_index"]),
    ):
        answer = await alice.get(f"/me/openings/{grant['id']}/receipt{query}")
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("text/plain")
        file = tmp_path / f"{kind}.receipt"
        file.write_text(answer.text)
        code, said = check(file)
        assert (code, said["valid"], said["index"], said["entry"]["kind"]) == (0, True, index, kind)
        [mark] = said["opened"]
        assert json.loads(mark["document"])["person"] == alice.id.replace("-", "")


async def test_a_receipt_opens_its_own_entry_alone(staff: Two, alice: Person, tmp_path: Path) -> None:
    asker, approver = staff
    texts = []
    for _ in range(2):
        grant = await grant_for(asker, approver, alice.handle)
        texts.append((await alice.get(f"/me/openings/{grant['id']}/receipt")).text)
    first, second = (receipts.parse(text) for text in texts)
    mixed = receipts.Receipt(
        second.proof, second.realm, second.entry, second.vkey, second.policy, first.openings
    )
    file = tmp_path / "mixed.receipt"
    file.write_text(mixed.text())
    code, said = check(file)
    assert (code, said["valid"]) == (1, False)


async def test_nobody_else_gets_it(staff: Two, alice: Person, sign_up: Any) -> None:
    asker, approver = staff
    other = await sign_up()
    grant = await grant_for(asker, approver, alice.handle)
    for person in (other, asker.person, approver.person):
        assert (await person.get(f"/me/openings/{grant['id']}/receipt")).status_code == 404
        ids = [each["id"] for each in (await person.get("/me/openings")).json()["items"]]
        assert grant["id"] not in ids
    strange = grant["entries"]["approved"]
    answer = await alice.get(f"/me/openings/{grant['id']}/receipt?entry={strange}")
    assert answer.status_code == 404
    assert (await alice.get(f"/me/openings/{grant['id']}/receipt?entry=x")).status_code == 422
