"""Who tries to get at data without a grant, with what in hand, and how a whole grant is forged.

Mallory is a member of staff with an enrolled key, a live session, psql as the web role, and the web process's own
connection to the keys process. Trent is another member of staff, who is honest. Alice has an e-mail address and a
clip that only she sees.
"""

import base64
import hashlib
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
from tests.factories.staff import Member, make_staff

from reelm.custody.opening_schemas import GrantOpening, LoggedEntry
from reelm.custody.service import KeysClient
from reelm.kit.clock import SystemClock
from reelm_audit.entries import to_sign
from reelm_audit.tlog import canonical


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


@pytest.fixture(scope="module")
async def heist(
    realm: RunningRealm, admin: Any, sign_up: Any, tmp_path_factory: pytest.TempPathFactory
) -> Any:
    mallory, trent = await make_staff(realm, admin, sign_up), await make_staff(realm, admin, sign_up)
    email = f"alice{uuid.uuid4().hex[:8]}@example.org"
    alice = await sign_up(email=email)
    film: Path = plain(tmp_path_factory.mktemp("heist") / "clip.mp4")
    clip = await finished(
        alice, (await published(alice, film, caption="for nobody else to see", visibility="only_me"))["id"]
    )
    settings = realm.settings
    keys = KeysClient(settings.keys_address, SystemClock(), secret=settings.caller_secrets["web"])
    shell = await asyncpg.connect(**settings.database.connection("reelm_web"))
    yield Heist(realm, mallory, trent, alice, email, clip["id"], keys, shell)
    await keys.close()
    await shell.close()
