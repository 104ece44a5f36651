"""Finding people as a device does it, from the description alone (spec/contacts/README.md): nothing of the server's."""

import base64
import hashlib
import hmac
import os
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from voprf import ristretto

ENTRY = 92


def text_of(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def bytes_of(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def tag_of(output: bytes) -> bytes:
    return hashlib.sha256(b"tag" + output).digest()[:8]


def key_of(output: bytes) -> bytes:
    return hashlib.sha256(b"key" + output).digest()


def bind_of(output: bytes) -> bytes:
    return hashlib.sha256(b"bind" + output).digest()


def made_entry(output: bytes, handle: str, nonce: bytes | None = None) -> bytes:
    """The 76 bytes that a person's device makes."""
    tag, nonce = tag_of(output), nonce or os.urandom(12)
    return tag + nonce + AESGCM(key_of(output)).encrypt(nonce, handle.encode().ljust(40, b"\0"), tag)


def said_by(output: bytes, handle: str) -> bytes:
    """The 16 bytes that the realm adds."""
    said = b"reelm-contacts-said-by-v1" + handle.encode()
    return hmac.new(bind_of(output), said, hashlib.sha256).digest()[:16]


def opened(entries: bytes, output: bytes) -> list[str]:
    """The handles that say that a number or address is theirs."""
    found = []
    for at in range(0, len(entries), ENTRY):
        entry = entries[at : at + ENTRY]
        if entry[:8] != tag_of(output):
            continue
        try:
            padded = AESGCM(key_of(output)).decrypt(entry[8:20], entry[20:76], entry[:8])
        except InvalidTag:
            continue
        handle = padded.rstrip(b"\0").decode()
        if hmac.compare_digest(entry[76:], said_by(output, handle)):
            found.append(handle)
    return found


class Device:
    """Somebody's device, which asks the realm."""

    def __init__(self, person: Any) -> None:
        self.person = person

    async def ask(self, elements: list[bytes]) -> Any:
        return await self.person.post(
            "/contacts/evaluations", {"elements": [text_of(each) for each in elements]}
        )

    async def outputs(self, inputs: list[str]) -> list[bytes]:
        """The outputs for up to a hundred inputs, the proof checked."""
        blinded = [ristretto.Client.blind(each.encode()) for each in inputs]
        answer = await self.ask([element.serialize() for _, element in blinded])
        assert answer.status_code == 200, answer.text
        told = answer.json()
        known = (await self.person.get("/contacts/key")).json()
        assert told["key_id"] == known["key_id"]
        batch = bytes_of(told["proof"]) + b"".join(bytes_of(each) for each in told["evaluated"])
        return ristretto.Client.finalize_batch(
            [client for client, _ in blinded],
            ristretto.VerifiableBatchOutput.deserialize(batch),
            ristretto.PublicKey.deserialize(bytes_of(known["public_key"])),
        )

    async def be_found_by(self, *inputs: str) -> Any:
        """Become findable by these numbers and addresses."""
        entries = [
            {
                "kind": "phone" if each.startswith("tel:") else "email",
                "entry": text_of(made_entry(output, self.person.handle)),
                "bind": text_of(bind_of(output)),
            }
            for each, output in zip(inputs, await self.outputs(list(inputs)), strict=True)
        ]
        return await self.person.put("/me/findable", {"entries": entries})

    async def published(self) -> bytes:
        answer = await self.person.get("/contacts/set")
        assert answer.status_code == 200, answer.text
        return answer.content

    async def find(self, *inputs: str) -> dict[str, list[str]]:
        outputs = await self.outputs(list(inputs))
        entries = await self.published()
        return {each: opened(entries, output) for each, output in zip(inputs, outputs, strict=True)}
