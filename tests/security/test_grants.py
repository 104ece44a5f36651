"""The promise: staff with every right of the console and a shell in the web role read nobody's data without a grant.

Mallory is a member of staff with an enrolled key, a live session, psql as the web role, and the web process's own
connection to the keys process. Trent is another member of staff, who is honest. Alice has an e-mail address and a
clip that only she sees.
"""

import asyncio
import base64
import hashlib
import json
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.conftest import Person, RunningRealm, eventually
from tests.factories.media import plain
from tests.factories.publishing import finished, published
from tests.factories.staff import Member, grant_for, make_staff

from reelm.custody.opening_schemas import GrantOpening, LoggedEntry
from reelm.custody.service import GrantRefusedError, KeysClient
from reelm.kit.clock import SystemClock
from reelm.kit.errors import NotFoundError, ReelmError
from reelm_audit import receipts
from reelm_audit.entries import to_sign
from reelm_audit.tlog import canonical
from reelm_audit.tlog.note import Ed25519Signer

TABLES = ("staff", "grants", "grant_people", "grant_decisions", "grant_uses")
VIEWS = ("reelm.openings", "reelm.opening_uses")


@dataclass
class Heist:
    """Who is there, and what Mallory has in hand."""

    realm: RunningRealm
    mallory: Member
    trent: Member
    alice: Person
    email: str
    clip: str
    keys: KeysClient
    shell: Any

    async def ticket(self) -> str:
        return (await self.keys.resolve(self.mallory.person.token)).ticket

    async def say(self, statement: str, *values: Any) -> Any:
        """One statement in the web role's shell, with Mallory's ticket."""
        async with self.shell.transaction():
            await self.shell.execute("SELECT set_config('reelm.ticket', $1, true)", await self.ticket())
            return await self.shell.fetch(statement, *values)

    async def log(self, entry: dict[str, Any]) -> LoggedEntry:
        """Bring an entry into the ledger as the shell can: the outbox takes what anybody adds."""
        body = canonical.encode(entry)
        ref = uuid.uuid4()
        await self.shell.execute(
            "INSERT INTO ledger_entries (ref, kind, body) VALUES ($1, $2, $3)", ref, entry["kind"], body
        )

        async def placed() -> Any:
            return await self.shell.fetchrow(
                "SELECT leaf_index, refused FROM ledger_entries WHERE ref = $1 "
                "AND (leaf_index IS NOT NULL OR refused IS NOT NULL)",
                ref,
            )

        row = await eventually(placed)
        assert row["refused"] is None, row["refused"]
        return await self.logged(row["leaf_index"], body)

    async def logged(self, index: int, body: bytes | None = None) -> LoggedEntry:
        client = self.alice.client

        async def proof() -> Any:
            answer = await client.get(f"/api/v1/ledger/proofs/{index}")
            return answer.text if answer.status_code == 200 else None

        if body is None:
            body = base64.b64decode((await client.get(f"/api/v1/ledger/entries/{index}")).json()["body"])
        return LoggedEntry(index, body, await eventually(proof))

    async def charter(self) -> str:
        page = (await self.alice.client.get("/api/v1/ledger/entries?kind=charter.adopted")).json()
        digest: str = page["items"][0]["entry"]["charter"]
        return digest

    async def at(self) -> str:
        now: str = await self.shell.fetchval(
            "SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI\"Z\"')"
        )
        return now

    async def enrolment(self, member: Member) -> LoggedEntry:
        members = (await self.mallory.person.get("/staff/members")).json()["items"]
        return await self.logged(next(each["index"] for each in members if each["handle"] == member.handle))

    async def reference(self, kind: str, document: dict[str, str]) -> tuple[str, bytes, bytes]:
        """A reference to Alice: the keys process makes them for any web process that asks."""
        text = canonical.encode(document)
        [(reference, nonce)] = await self.keys.references(kind, [(uuid.UUID(self.alice.id), text)])
        return reference, nonce, text


@pytest.fixture(scope="module")
async def heist(
    realm: RunningRealm, admin: Any, sign_up: Any, tmp_path_factory: pytest.TempPathFactory
) -> Any:
    mallory, trent = await make_staff(realm, admin, sign_up), await make_staff(realm, admin, sign_up)
    email = f"alice{uuid.uuid4().hex[:8]}@example.org"
    alice = await sign_up(email=email)
    film: Path = plain(tmp_path_factory.mktemp("heist") / "clip.mp4")
    clip = await finished(alice, (await published(alice, film, caption="mine", visibility="only_me"))["id"])
    settings = realm.settings
    keys = KeysClient(settings.keys_address, SystemClock(), secret=settings.caller_secrets["web"])
    shell = await asyncpg.connect(**settings.database.connection("reelm_web"))
    yield Heist(realm, mallory, trent, alice, email, clip["id"], keys, shell)
    await keys.close()
    await shell.close()


def key_id(key: Ed25519PrivateKey) -> str:
    return hashlib.sha256(key.public_key().public_bytes_raw()).hexdigest()[:16]


def signed(entry: dict[str, Any], key: Ed25519PrivateKey) -> dict[str, Any]:
    return {**entry, "signature": base64.b64encode(key.sign(to_sign(entry))).decode()}


@dataclass
class Forgery:
    """A whole grant as Mallory would write it; the entries are really in the ledger."""

    request: dict[str, Any]
    approval: dict[str, Any]
    nonce: bytes
    document: bytes
    grant: str


async def forge(
    heist: Heist,
    asker: Ed25519PrivateKey,
    approver: Ed25519PrivateKey,
    *,
    emergency: bool = False,
    minutes: int = 20,
) -> tuple[Forgery, LoggedEntry, LoggedEntry]:
    """Log a request signed by one key and an approval signed by another."""
    grant, at, charter = uuid.uuid4().hex, await heist.at(), await heist.charter()
    person = uuid.UUID(heist.alice.id).hex
    reference, nonce, document = await heist.reference("grant.requested", {"grant": grant, "person": person})
    request = {
        "kind": "grant.requested",
        "at": at,
        "charter": charter,
        "staff": key_id(asker),
        "document": reference,
        "people": [reference],
        "classes": ["identity", "private"],
        "minutes": minutes,
        "reason": "support",
        "country": "FR",
        "emergency": emergency,
    }
    requested = await heist.log(signed(request, asker))
    expires: str = await heist.shell.fetchval(
        "SELECT to_char($1::text::timestamptz AT TIME ZONE 'UTC' + make_interval(mins => $2), "
        '\'YYYY-MM-DD"T"HH24:MI"Z"\')',
        *(at, minutes),
    )
    approval = {
        "kind": "grant.approved",
        "at": at,
        "charter": charter,
        "request": requested.index,
        "staff": key_id(approver),
        "country": "FR",
        "expires_at": expires,
        "emergency": emergency,
    }
    approved = await heist.log(signed(approval, approver))
    return Forgery(request, approval, nonce, document, grant), requested, approved


async def attempt(
    heist: Heist,
    forgery: Forgery,
    requested: LoggedEntry,
    approved: LoggedEntry,
    staff: list[LoggedEntry],
    what: Any = "identity",
    token: str = "",
) -> Any:
    """Log a use, and ask the keys process with everything that there is."""
    use = {"grant": forgery.grant, "person": uuid.UUID(heist.alice.id).hex, "what": what}
    clip = uuid.UUID(heist.clip) if what == "clip" else None
    if clip:
        use["clip"] = clip.hex
    reference, nonce, document = await heist.reference("grant.used", use)
    entry = {
        "kind": "grant.used",
        "at": await heist.at(),
        "charter": await heist.charter(),
        "request": requested.index,
        "approval": approved.index,
        "person": reference,
        "data_class": "private" if clip else what,
        "count": 1,
    }
    return await heist.keys.open_under_grant(
        GrantOpening(
            token=token or heist.mallory.person.token,
            request=requested,
            approval=approved,
            use=await heist.log(entry),
            staff=staff,
            person_id=uuid.UUID(heist.alice.id),
            nonce=forgery.nonce,
            document=forgery.document,
            use_nonce=nonce,
            use_document=document,
            what=what,
            clip_id=clip,
        )
    )


# --- the sentence -------------------------------------------------------------------------------------


async def test_with_every_right_of_the_console_and_a_shell_nothing_is_read_without_a_grant(
    heist: Heist,
) -> None:
    person = heist.mallory.person
    alice, email = heist.alice, heist.email
    # The console and the API, as a member of staff.
    asked = await heist.mallory.ask(alice.handle, classes=["identity", "private"])
    for method, path, body in (
        ("POST", f"/staff/grants/{asked['id']}/opening", {"handle": alice.handle, "what": "identity"}),
        ("POST", f"/staff/grants/{asked['id']}/opening", {"handle": alice.handle, "what": "private"}),
        ("GET", f"/staff/grants/{asked['id']}/clips/{heist.clip}/video", None),
        ("GET", f"/clips/{heist.clip}", None),
        ("GET", f"/clips/{heist.clip}/download", None),
        ("GET", f"/people/{alice.handle}", None),
        ("GET", "/staff/members", None),
        ("GET", "/staff/grants", None),
    ):
        answer = await person.request(method, path, json=body)
        assert email not in answer.text
        assert answer.status_code in {200, 403, 404, 409}, answer.text
        assert answer.headers["content-type"].partition(";")[0] != "video/mp4"
    # The shell, as the web role, with Mallory's own ticket: every table and every column it can read.
    tables = await heist.shell.fetch(
        "SELECT c.oid::regclass::text AS name FROM pg_class c WHERE c.relkind IN ('r', 'p', 'v') AND c.relnamespace = "
        "ANY (ARRAY['public'::regnamespace, 'reelm'::regnamespace])"
    )
    read = 0
    for table in (row["name"] for row in tables):
        columns = await heist.shell.fetch(
            "SELECT a.attname FROM pg_attribute a WHERE a.attrelid = $1::text::regclass AND a.attnum > 0 "
            "AND NOT a.attisdropped AND has_column_privilege(a.attrelid, a.attnum, 'SELECT')",
            table,
        )
        if not columns:
            continue
        read += 1
        listed = ", ".join(row["attname"] for row in columns)
        for row in await heist.say(f"SELECT {listed} FROM {table}"):
            line = str(tuple(row.values()))
            assert email not in line, table
            assert table in {"people", "search_words", "reelm.openings"} or "mine" not in line.split("'"), (
                table
            )
    assert read > 20
    # The keys process, as the web process asks it.
    with pytest.raises(NotFoundError):
        await heist.keys.clip_key(person.token, uuid.UUID(heist.clip))
    own = await heist.keys.person_key(person.token)
    sealed_rows = await heist.say(
        "SELECT email_sealed FROM person_details WHERE person_id = $1", uuid.UUID(alice.id)
    )
    assert sealed_rows == []
    assert len(own) == 32


async def test_with_an_approved_grant_it_works_is_logged_before_and_the_person_sees_it(heist: Heist) -> None:
    grant = await grant_for(heist.mallory, heist.trent, heist.alice.handle, classes=["identity", "private"])
    opened = await heist.mallory.open(grant["id"], heist.alice.handle)
    assert opened.json()["identity"]["email"] == heist.email
    index = opened.json()["entry_index"]
    # It is under the published checkpoint, so it was before the keys process believed its proof.
    entry = (await heist.alice.client.get(f"/api/v1/ledger/entries/{index}")).json()["entry"]
    assert (entry["kind"], entry["request"]) == ("grant.used", grant["entries"]["requested"])
    assert (await heist.alice.client.get(f"/api/v1/ledger/proofs/{index}")).status_code == 200
    film = await heist.mallory.person.get(f"/staff/grants/{grant['id']}/clips/{heist.clip}/video")
    assert (film.status_code, film.headers["content-type"]) == (200, "video/mp4")
    mine = (await heist.alice.get("/me/openings")).json()["items"]
    [seen] = [each for each in mine if each["id"] == grant["id"]]
    assert seen["used"][0]["entry_index"] == index
    assert seen["uses"] == 2
    kinds = [each["kind"] for each in (await heist.alice.get("/notices")).json()["items"]]
    assert "opened" in kinds


# --- rows -----------------------------------------------------------------------------------------------------


async def test_a_shell_without_a_ticket_sees_no_row(heist: Heist) -> None:
    for name in (*TABLES, *VIEWS):
        assert await heist.shell.fetch(f"SELECT * FROM {name}") == []


async def test_the_shell_writes_no_staff_and_changes_no_request(heist: Heist) -> None:
    key = Ed25519PrivateKey.generate()
    me, alice = uuid.UUID(heist.mallory.person.id), uuid.UUID(heist.alice.id)
    public = key.public_key().public_bytes_raw()
    refused = [
        ("UPDATE staff SET public_key = $1", public),
        ("UPDATE staff SET state = 'enrolled'",),
        (
            "INSERT INTO staff (key_id, person_id, public_key, country, state) VALUES ($1, $2, $3, 'FR', 'enrolled')",
            *(key_id(key), me, public),
        ),
        (
            "INSERT INTO staff (key_id, person_id, public_key, country, state) VALUES ($1, $2, $3, 'FR', 'asked')",
            *(key_id(key), alice, public),
        ),
        ("UPDATE grants SET asked_by = $1", me),
        ("UPDATE grants SET classes = '{identity}'",),
        ("UPDATE grants SET request = ''",),
        ("DELETE FROM grants",),
        ("DELETE FROM grant_people",),
        ("UPDATE grant_people SET person_id = $1", me),
        ("DELETE FROM grant_uses",),
        ("UPDATE grant_uses SET person_id = $1", me),
        ("SELECT reelm.grants_due(now())",),
        ("SELECT reelm.end_grant($1, now(), $1)", uuid.uuid4()),
        ("SELECT reelm.settle_grant($1, 1)", uuid.uuid4()),
        ("SELECT reelm.forget_grants(now(), now())",),
    ]
    for statement, *values in refused:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await heist.say(statement, *values)


async def test_rows_that_say_approved_open_nothing(heist: Heist) -> None:
    """The web role may move states: a console that was taken over shows what it likes, and opens nothing."""
    asked = await heist.mallory.ask(heist.alice.handle, classes=["identity", "private"])
    other = await grant_for(heist.mallory, heist.trent, heist.trent.handle, classes=["identity", "private"])
    keys = (await heist.mallory.person.get("/staff/members")).json()["items"]
    trent_key = next(each["key_id"] for each in keys if each["handle"] == heist.trent.handle)
    await heist.say(
        "UPDATE grants SET state = 'approved', decided_by = $2, decided_key = $3, decided_at = now(), "
        "expires_at = now() + interval '1 hour', decision_leaf = $4 WHERE id = $1",
        *(uuid.UUID(asked["id"]), uuid.UUID(heist.trent.person.id), trent_key, other["entries"]["approved"]),
    )
    for what in ("identity", "private"):
        answer = await heist.mallory.open(asked["id"], heist.alice.handle, what)
        assert answer.status_code == 403, answer.text
        assert answer.json()["code"].startswith("custody.grant_"), answer.text
        assert heist.email not in answer.text
    film = await heist.mallory.person.get(f"/staff/grants/{asked['id']}/clips/{heist.clip}/video")
    assert film.status_code == 403


async def test_somebody_added_to_a_grant_afterwards_is_not_opened(heist: Heist) -> None:
    draft = (await heist.mallory.draft(heist.trent.handle)).json()
    reference, nonce, document = await heist.reference(
        "grant.requested", {"grant": uuid.UUID(draft["id"]).hex, "person": uuid.UUID(heist.alice.id).hex}
    )
    await heist.say(
        "INSERT INTO grant_people (grant_id, person_id, reference, nonce, document) VALUES ($1, $2, $3, $4, $5)",
        *(uuid.UUID(draft["id"]), uuid.UUID(heist.alice.id), reference, nonce, document),
    )
    body = {"signature": heist.mallory.sign(draft["to_sign"])}
    assert (
        await heist.mallory.person.post(f"/staff/grants/{draft['id']}/signature", body)
    ).status_code == 200
    assert (await heist.trent.decide(draft["id"]))["state"] == "approved"
    assert (await heist.mallory.open(draft["id"], heist.trent.handle)).status_code == 200
    answer = await heist.mallory.open(draft["id"], heist.alice.handle)
    assert (answer.status_code, answer.json()["code"]) == (403, "custody.grant_other_person")


async def test_a_staff_key_exchanged_in_the_table_signs_nothing_that_counts(heist: Heist, admin: Any) -> None:
    """Not even with the administrator's rights over the table: the enrolment in the ledger is what counts."""
    fake = Ed25519PrivateKey.generate()
    trent = uuid.UUID(heist.trent.person.id)
    genuine = await admin.fetchval(
        "SELECT public_key FROM staff WHERE person_id = $1 AND state = 'enrolled'", trent
    )
    impostor = Member(heist.trent.person, fake)
    asked = await heist.mallory.ask(heist.alice.handle)
    await admin.execute(
        "UPDATE staff SET public_key = $2 WHERE person_id = $1 AND state = 'enrolled'",
        *(trent, fake.public_key().public_bytes_raw()),
    )
    try:
        assert (await impostor.decide(asked["id"]))["state"] == "approved", "the web process is deceived"
        answer = await heist.mallory.open(asked["id"], heist.alice.handle)
        assert (answer.status_code, answer.json()["code"]) == (403, "custody.grant_unsigned")
    finally:
        await admin.execute(
            "UPDATE staff SET public_key = $2 WHERE person_id = $1 AND state = 'enrolled'", trent, genuine
        )


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
