"""A person's history as their devices seal it, and what opens it again (`spec/messages`)."""

import json
import secrets
import uuid
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from tests.factories.talking import b64

LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass
class Recovery:
    """A recovery key."""

    secret: bytes = field(default_factory=lambda: secrets.token_bytes(20))

    @property
    def shown(self) -> str:
        bits = "".join(f"{byte:08b}" for byte in self.secret)
        letters = "".join(LETTERS[int(bits[at : at + 5], 2)] for at in range(0, 160, 5))
        return " ".join(letters[at : at + 4] for at in range(0, 32, 4))

    @property
    def history_key(self) -> bytes:
        return HKDF(SHA256(), 32, salt=b"reelm-messages-v1", info=b"history").derive(self.secret)

    def _seal(self, plain: bytes, about: bytes) -> bytes:
        nonce = secrets.token_bytes(12)
        return nonce + AESGCM(self.history_key).encrypt(nonce, plain, about)

    def kept(self, conversation: str, seq: int, sender: str, text: str) -> dict[str, Any]:
        """One item of `PUT /me/messages/history/{conversation_id}`."""
        payload = {
            "v": 1,
            "id": str(uuid.uuid4()),
            "type": "text",
            "text": text,
            "fk": b64(secrets.token_bytes(32)),
        }
        plain = json.dumps({"p": payload, "s": sender, "t": "2026-11-22T11:00:00Z"}).encode()
        about = uuid.UUID(conversation).bytes + seq.to_bytes(8, "big")
        return {"seq": seq, "body": b64(self._seal(plain, about))}
