"""Grants forged whole: entries that a shell brings into the ledger, and evidence bent, shown to the keys process.

Who is who stands in `heist`.
"""

import asyncio
import base64
import json
import uuid
from typing import Any

import asyncpg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.factories.staff import grant_for
from tests.security.heist import Heist, attempt, forge, key_id, signed

from reelm.custody.opening_schemas import GrantOpening
from reelm.custody.service import GrantRefusedError
from reelm.kit.errors import ReelmError
from reelm_audit import receipts
from reelm_audit.entries import to_sign
from reelm_audit.tlog.note import Ed25519Signer

# --- entries that the shell adds to the ledger ----------------------------------------------------------------


async def test_the_outbox_takes_no_word_of_the_realm_itself(heist: Heist) -> None:
    for kind in ("charter.adopted", "release.deployed", "key.rotated", "ledger.restored", "keys.released"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await heist.shell.execute(
                "INSERT INTO ledger_entries (ref, kind, body) VALUES ($1, $2, $3)",
                *(uuid.uuid4(), kind, json.dumps({"kind": kind}).encode()),
            )


@pytest.mark.parametrize("what", ["identity", "private", "clip"])
async def test_approved_by_oneself(heist: Heist, what: str) -> None:
    own = heist.mallory.key
    forgery, requested, approved = await forge(heist, own, own)
    with pytest.raises(GrantRefusedError) as refused:
        await attempt(heist, forgery, requested, approved, [await heist.enrolment(heist.mallory)], what)
    assert refused.value.code == "custody.grant_approver"


async def test_approved_with_a_second_key_of_ones_own(heist: Heist) -> None:
    """A key that no keyholder enrolled, with an enrolment that Mallory wrote and signed as a keyholder of her own."""
    second, holder = Ed25519PrivateKey.generate(), Ed25519Signer("operator", bytes(range(32)))
    forgery, requested, approved = await forge(heist, heist.mallory.key, second)
    true = await heist.enrolment(heist.mallory)
    genuine_holder = json.loads(true.entry)["keyholder"]
    for named in (holder.vkey, genuine_holder):
        enrolment = {
            "kind": "staff.enrolled",
            "at": await heist.at(),
            "charter": await heist.charter(),
            "staff": key_id(second),
            "key": base64.b64encode(second.public_key().public_bytes_raw()).decode(),
            "country": "FR",
            "keyholder": named,
        }
        by_holder = {
            **enrolment,
            "signature": base64.b64encode(holder.sign(to_sign(enrolment))).decode(),
        }
        logged = await heist.log(by_holder)
        with pytest.raises(GrantRefusedError) as refused:
            await attempt(heist, forgery, requested, approved, [true, logged])
        assert refused.value.code == "custody.grant_staff_unknown"


async def test_another_members_word_forged(heist: Heist) -> None:
    """The entry names Trent's key; the signature is by another."""
    forgery, requested, _ = await forge(heist, heist.mallory.key, heist.mallory.key)
    approval = {**forgery.approval, "staff": key_id(heist.trent.key)}
    approved = await heist.log(signed(approval, Ed25519PrivateKey.generate()))
    staff = [await heist.enrolment(heist.mallory), await heist.enrolment(heist.trent)]
    with pytest.raises(GrantRefusedError) as refused:
        await attempt(heist, forgery, requested, approved, staff)
    assert refused.value.code == "custody.grant_unsigned"


async def test_an_emergency_that_is_longer_than_one_may_be(heist: Heist) -> None:
    own = heist.mallory.key
    forgery, requested, approved = await forge(heist, own, own, emergency=True, minutes=31)
    with pytest.raises(GrantRefusedError) as refused:
        await attempt(heist, forgery, requested, approved, [await heist.enrolment(heist.mallory)])
    assert refused.value.code == "custody.grant_approver"


async def test_an_emergency_without_the_console_is_still_in_the_ledger(heist: Heist) -> None:
    """What the charter allows, Mallory can do past the console: not past the ledger, nor past the person."""
    before = (await heist.alice.get("/me/openings?limit=50")).json()["items"]
    own = heist.mallory.key
    forgery, requested, approved = await forge(heist, own, own, emergency=True, minutes=10)
    opened = await attempt(heist, forgery, requested, approved, [await heist.enrolment(heist.mallory)])
    assert opened.identity.email == heist.email
    kinds = [
        (await heist.alice.client.get(f"/api/v1/ledger/entries/{index}")).json()["entry"]
        for index in (requested.index, approved.index)
    ]
    assert [entry["emergency"] for entry in kinds] == [True, True]
    # The keys process itself sees to it that Alice finds it, with receipts, and is told.
    after = (await heist.alice.get("/me/openings?limit=50")).json()["items"]
    [seen] = [each for each in after if each["id"] not in {each["id"] for each in before}]
    assert (seen["emergency"], seen["uses"], seen["entry_index"]) == (True, 1, requested.index)
    for query in ("", f"?entry={seen['used'][0]['entry_index']}"):
        receipt = await heist.alice.get(f"/me/openings/{seen['id']}/receipt{query}")
        assert receipt.status_code == 200
        receipts.check(receipts.parse(receipt.text))
    newest = (await heist.alice.get("/notices?limit=1")).json()["items"][0]
    assert newest["kind"] == "opened"


async def test_what_a_person_is_shown_is_not_taken_back(heist: Heist) -> None:
    grant = await grant_for(heist.mallory, heist.trent, heist.alice.handle)
    assert (await heist.mallory.open(grant["id"], heist.alice.handle)).status_code == 200
    grant_id = uuid.UUID(grant["id"])
    for statement in (
        "UPDATE grants SET state = 'draft' WHERE id = $1",
        "UPDATE grants SET state = 'asked' WHERE id = $1",
        "UPDATE grants SET request_leaf = NULL WHERE id = $1",
        "UPDATE grants SET decision_leaf = 0 WHERE id = $1",
        "UPDATE grants SET request_ref = NULL WHERE id = $1",
        "UPDATE grant_uses SET state = 'pending' WHERE grant_id = $1",
        "UPDATE grant_uses SET leaf = 0 WHERE grant_id = $1",
    ):
        with pytest.raises(asyncpg.CheckViolationError):
            await heist.say(statement, grant_id)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await heist.say("SELECT reelm.note_opening($1, '{}')", uuid.UUID(heist.alice.id))
    mine = (await heist.alice.get("/me/openings?limit=50")).json()["items"]
    assert next(each["uses"] for each in mine if each["id"] == grant["id"]) == 1


async def test_a_real_grant_for_anything_else(heist: Heist) -> None:
    """Evidence of a grant that was truly approved, bent towards another session, class, clip or use."""
    forgery, requested, approved = await forge(heist, heist.mallory.key, heist.trent.key)
    staff = [await heist.enrolment(heist.mallory), await heist.enrolment(heist.trent)]
    assert (await attempt(heist, forgery, requested, approved, staff)).identity.email == heist.email
    with pytest.raises(GrantRefusedError) as refused:
        await attempt(heist, forgery, requested, approved, staff, token=heist.trent.person.token)
    assert refused.value.code == "custody.grant_session"
    for what in ("social", "telemetry"):
        with pytest.raises(GrantRefusedError) as refused:
            await attempt(heist, forgery, requested, approved, staff, what)
        assert refused.value.code == "custody.grant_class"
    with pytest.raises(ReelmError):
        await attempt(heist, forgery, requested, approved, staff, token="no such session")


async def test_a_use_opens_once(heist: Heist) -> None:
    forgery, requested, approved = await forge(heist, heist.mallory.key, heist.trent.key)
    staff = [await heist.enrolment(heist.mallory), await heist.enrolment(heist.trent)]
    kept: list[GrantOpening] = []
    ask = heist.keys.open_under_grant

    async def remembered(asked: GrantOpening) -> Any:
        kept.append(asked)
        return await ask(asked)

    heist.keys.open_under_grant = remembered  # type: ignore[method-assign]
    try:
        await attempt(heist, forgery, requested, approved, staff)
    finally:
        heist.keys.open_under_grant = ask  # type: ignore[method-assign]
    answers = await asyncio.gather(*(ask(kept[0]) for _ in range(5)), return_exceptions=True)
    codes = {getattr(each, "code", "opened") for each in answers}
    assert codes == {"custody.grant_used_before"}


async def test_a_closed_grant_opens_nothing_even_with_all_its_evidence(heist: Heist) -> None:
    forgery, requested, approved = await forge(heist, heist.mallory.key, heist.trent.key)
    staff = [await heist.enrolment(heist.mallory), await heist.enrolment(heist.trent)]
    end = {
        "kind": "grant.expired",
        "at": await heist.at(),
        "charter": await heist.charter(),
        "request": requested.index,
        "cause": "closed",
    }
    await heist.log(end)
    with pytest.raises(GrantRefusedError) as refused:
        await attempt(heist, forgery, requested, approved, staff)
    assert refused.value.code == "custody.grant_over"
