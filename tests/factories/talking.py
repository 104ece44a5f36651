"""People who write to each other, as far as the realm sees it: keys, devices, and bytes that mean nothing to it."""

import base64
import secrets
import uuid
from dataclasses import dataclass, field
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.conftest import Person


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def new_id() -> str:
    return str(uuid.uuid4())


def blob(size: int = 40) -> str:
    """Bytes as a device would seal them."""
    return b64(secrets.token_bytes(size))


def public_key(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


@dataclass
class Writer:
    """Somebody with an identity key and the devices it vouches for."""

    person: Person
    identity: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    devices: list[str] = field(default_factory=list)

    @property
    def handle(self) -> str:
        return self.person.handle

    @property
    def id(self) -> str:
        return self.person.id

    @property
    def device(self) -> str:
        return self.devices[0]

    def device_body(self, device_id: str | None = None) -> dict[str, Any]:
        """A device's body, with its certificate."""
        device = uuid.UUID(device_id or new_id())
        key = public_key(Ed25519PrivateKey.generate())
        message = b"reelm-device-v1\x00" + uuid.UUID(self.person.id).bytes + device.bytes + key
        return {
            "id": str(device),
            "signature_key": b64(key),
            "certificate": b64(self.identity.sign(message)),
            "label": blob(),
        }

    async def set_identity(self) -> httpx.Response:
        return await self.person.put(
            "/me/messages/identity", {"identity_key": b64(public_key(self.identity))}
        )

    async def add_device(self, packages: int = 2) -> str:
        body = self.device_body()
        made = await self.person.post("/me/devices", body)
        assert made.status_code == 201, made.text
        kept = await self.person.put(
            f"/me/devices/{body['id']}/key-packages",
            {"packages": [blob(80) for _ in range(packages)], "last_resort": blob(80)},
        )
        assert kept.status_code == 200, kept.text
        self.devices.append(body["id"])
        return str(body["id"])

    # --- conversations --------------------------------------------------------------------------------------------

    def beginning(self, *others: "Writer", kind: str = "pair", **changes: Any) -> dict[str, Any]:
        """The body with which a conversation begins."""
        body = {
            "id": new_id(),
            "kind": kind,
            "people": [other.handle for other in others],
            "device_id": self.device,
            "commit": blob(),
            "group_info": blob(),
            "welcome": blob(),
            "welcomed": [device for other in others for device in other.devices],
        }
        if not others:
            for name in ("commit", "welcome"):
                body.pop(name)
        return {**body, **changes}

    async def begin(self, *others: "Writer", kind: str = "pair") -> str:
        made = await self.person.post("/conversations", self.beginning(*others, kind=kind))
        assert made.status_code == 201, made.text
        return str(made.json()["id"])

    async def conversation(self, conversation: str) -> dict[str, Any]:
        found = await self.person.get(f"/conversations/{conversation}")
        assert found.status_code == 200, found.text
        return dict(found.json())

    def message(self, epoch: int = 1, **changes: Any) -> dict[str, Any]:
        body = {
            "id": new_id(),
            "device_id": self.device,
            "epoch": epoch,
            "body": blob(256),
            "commitment": blob(32),
        }
        return {**body, **changes}

    async def send(self, conversation: str, epoch: int = 1, **changes: Any) -> httpx.Response:
        return await self.person.post(
            f"/conversations/{conversation}/messages", self.message(epoch, **changes)
        )

    def change(self, epoch: int = 1, **changes: Any) -> dict[str, Any]:
        """The body of a commit."""
        body = {
            "id": new_id(),
            "device_id": self.device,
            "epoch": epoch,
            "commit": blob(),
            "group_info": blob(),
        }
        return {**body, **changes}

    async def commit(self, conversation: str, epoch: int = 1, **changes: Any) -> httpx.Response:
        return await self.person.post(f"/conversations/{conversation}/commits", self.change(epoch, **changes))

    async def entries(self, conversation: str, after: int = 0) -> list[dict[str, Any]]:
        found = await self.person.get(f"/conversations/{conversation}/messages", params={"after": after})
        assert found.status_code == 200, found.text
        return list(found.json()["items"])


async def writer(person: Person, devices: int = 1) -> Writer:
    """Give a person an identity key and devices."""
    made = Writer(person)
    answer = await made.set_identity()
    assert answer.status_code == 200, answer.text
    for _ in range(devices):
        await made.add_device()
    return made


async def befriend(one: Writer, other: Writer) -> None:
    """Let two people follow each other."""
    for follower, followee in ((one, other), (other, one)):
        done = await follower.person.put(f"/people/{followee.handle}/follow")
        assert done.status_code == 200, done.text
