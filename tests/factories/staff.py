"""Staff with their own keys: they bring one, a keyholder enrols it, and they sign what they are shown."""

import asyncio
import base64
import uuid
from dataclasses import dataclass, field
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.conftest import Person, RunningRealm

from reelm.entrypoints import staff

WORDS = "The person wrote to us that they can't reach their account any more."


@dataclass
class Member:
    """A member of staff: a person with the operator's role and a key that only they have."""

    person: Person
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    @property
    def public_key(self) -> str:
        return base64.b64encode(self.key.public_key().public_bytes_raw()).decode()

    @property
    def handle(self) -> str:
        return self.person.handle

    def sign(self, text: str) -> str:
        return base64.b64encode(self.key.sign(text.encode())).decode()

    async def bring_key(self, country: str = "FR") -> httpx.Response:
        proof = self.sign(f"reelm/staff-key/v1\n{self.public_key}")
        body = {"public_key": self.public_key, "country": country, "proof": proof}
        return await self.person.post("/staff/enrolment", body)

    async def draft(self, *handles: str, **changes: Any) -> httpx.Response:
        body = {
            "people": list(handles),
            "classes": ["identity"],
            "minutes": 30,
            "reason": "support",
            "text": WORDS,
            "country": "FR",
            **changes,
        }
        return await self.person.post("/staff/grants", body)

    async def ask(self, *handles: str, **changes: Any) -> dict[str, Any]:
        """Ask for a grant and sign it: it is in the ledger when this returns."""
        drafted = await self.draft(*handles, **changes)
        assert drafted.status_code == 201, drafted.text
        grant = drafted.json()
        signature = {"signature": self.sign(grant["to_sign"])}
        signed = await self.person.post(f"/staff/grants/{grant['id']}/signature", signature)
        assert signed.status_code == 200, signed.text
        asked: dict[str, Any] = signed.json()
        assert asked["state"] == "asked"
        return asked

    async def draft_decision(
        self, grant_id: str, verdict: str = "approve", country: str = "FR"
    ) -> httpx.Response:
        body = {"verdict": verdict, "country": country}
        return await self.person.post(f"/staff/grants/{grant_id}/decision", body)

    async def sign_decision(self, grant_id: str, text: str) -> httpx.Response:
        body = {"signature": self.sign(text)}
        return await self.person.post(f"/staff/grants/{grant_id}/decision/signature", body)

    async def decide(self, grant_id: str, verdict: str = "approve", country: str = "FR") -> dict[str, Any]:
        drafted = await self.draft_decision(grant_id, verdict, country)
        assert drafted.status_code == 200, drafted.text
        signed = await self.sign_decision(grant_id, drafted.json()["to_sign"])
        assert signed.status_code == 200, signed.text
        decided: dict[str, Any] = signed.json()
        return decided

    async def open(self, grant_id: str, handle: str, what: str = "identity", **more: Any) -> httpx.Response:
        body = {"handle": handle, "what": what, **more}
        return await self.person.post(f"/staff/grants/{grant_id}/opening", body)


async def make_operator(admin: Any, person: Person) -> Member:
    await admin.execute(
        "UPDATE person_details SET role = 'operator' WHERE person_id = $1", uuid.UUID(person.id)
    )
    return Member(person)


async def enrol(realm: RunningRealm, member: Member, act: Any = "enrol") -> staff.Done:
    """What a keyholder does with `reelm staff enrol HANDLE`, or `remove`."""
    settings = realm.settings

    def signed() -> staff.Done:
        return staff.carry_out(settings, staff.propose(settings, act, member.handle, None), None)

    return await asyncio.to_thread(signed)


async def make_staff(realm: RunningRealm, admin: Any, sign_up: Any, country: str = "FR") -> Member:
    """An operator with an enrolled key."""
    member = await make_operator(admin, await sign_up())
    brought = await member.bring_key(country)
    assert brought.status_code == 200, brought.text
    done = await enrol(realm, member)
    assert done.index is not None, "the ledger did not confirm the enrolment"
    return member


async def grant_for(asker: Member, approver: Member, *handles: str, **changes: Any) -> dict[str, Any]:
    """A grant that was asked for and approved."""
    asked = await asker.ask(*handles, **changes)
    approved = await approver.decide(asked["id"])
    assert approved["state"] == "approved", approved
    return approved
