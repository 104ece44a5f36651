"""People who talk over the API alone. What they send is sealed for nobody: to the realm it is bytes either way."""

import asyncio
import base64
import os
import secrets
import uuid
from dataclasses import dataclass, field
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.conftest import Person

_PATIENCE_SECONDS = 90.0


def packed(data: bytes) -> str:
    """Bytes as the API writes them."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unpacked(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


@dataclass
class Talker:
    """A person with one device. Whatever fails on the way is tried again, as it was, as an app would."""

    person: Person
    device: str = field(default_factory=lambda: str(uuid.uuid4()))
    identity: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    signature: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    tries: int = 0
    """How often something had to be sent again."""

    async def ask(self, method: str, path: str, *expected: int, **options: Any) -> httpx.Response:
        """Ask until there is an answer that is not the realm's trouble."""
        until = asyncio.get_running_loop().time() + _PATIENCE_SECONDS
        while True:
            try:
                answer = await self.person.request(method, path, **options)
                if answer.status_code < 500:
                    assert answer.status_code in (expected or (200, 201, 204)), (method, path, answer.text)
                    return answer
                problem = answer.text
            except httpx.TransportError as trouble:
                problem = repr(trouble)
            assert asyncio.get_running_loop().time() < until, f"{method} {path}: {problem}"
            self.tries += 1
            await asyncio.sleep(0.05)

    async def settle_in(self) -> None:
        """Make the identity, the device and some key packages."""
        await self.ask("PUT", "/me/messages/identity", json={"identity_key": packed(public(self.identity))})
        signed = (
            b"reelm-device-v1\0"
            + uuid.UUID(self.person.id).bytes
            + uuid.UUID(self.device).bytes
            + public(self.signature)
        )
        device = {
            "id": self.device,
            "signature_key": packed(public(self.signature)),
            "certificate": packed(self.identity.sign(signed)),
            "label": packed(os.urandom(40)),
        }
        await self.ask("POST", "/me/devices", json=device)
        packages = {
            "packages": [packed(os.urandom(300)) for _ in range(5)],
            "last_resort": packed(os.urandom(300)),
        }
        await self.ask("PUT", f"/me/devices/{self.device}/key-packages", json=packages)

    async def begin(self, *others: "Talker") -> str:
        """Begin a conversation with them; its first commit lets them in."""
        conversation = str(uuid.uuid4())
        body = {
            "id": conversation,
            "kind": "pair" if len(others) == 1 else "group",
            "people": [each.person.handle for each in others],
            "device_id": self.device,
            "commit": packed(os.urandom(200)),
            "group_info": packed(os.urandom(500)),
            "welcome": packed(os.urandom(500)),
            "welcomed": [each.device for each in others],
        }
        await self.ask("POST", "/conversations", json=body)
        return conversation

    def message(self, epoch: int, size: int = 400) -> dict[str, Any]:
        return {
            "id": str(uuid.uuid4()),
            "device_id": self.device,
            "epoch": epoch,
            "body": packed(secrets.token_bytes(size)),
            "commitment": packed(secrets.token_bytes(32)),
        }

    async def send(self, conversation: str, message: dict[str, Any]) -> int:
        """Send it, byte for byte the same until the realm has it; return its number."""
        answer = await self.ask("POST", f"/conversations/{conversation}/messages", json=message)
        return int(answer.json()["seq"])

    async def log(self, conversation: str) -> list[dict[str, Any]]:
        """All entries that this person may read, in their order."""
        found: list[dict[str, Any]] = []
        while True:
            after = found[-1]["seq"] if found else 0
            page = (
                await self.ask("GET", f"/conversations/{conversation}/messages?after={after}&limit=200")
            ).json()
            if not page["items"]:
                return found
            found += page["items"]


async def friends(*people: Person) -> list[Talker]:
    """Talkers who all follow one another, and so need not be asked."""
    for one in people:
        for other in people:
            if one is not other:
                answer = await one.put(f"/people/{other.handle}/follow")
                assert answer.status_code == 200, answer.text
    talkers = [Talker(each) for each in people]
    for each in talkers:
        await each.settle_in()
    return talkers
