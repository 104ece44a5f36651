"""Conversations as the log has them, with messages whose content somebody can disclose."""

import base64
import hashlib
import hmac
import json
import secrets
import uuid
from dataclasses import dataclass, field
from typing import Any

from tests.conftest import Person

from reelm_audit.tlog import canonical


def text_of(data: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class Franked:
    """A message as its recipient has it: content, the key in it, and the commitment that came with it."""

    content: dict[str, Any]
    key: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    @property
    def commitment(self) -> bytes:
        return hmac.new(self.key, canonical.encode(self.content), hashlib.sha256).digest()

    def told(self, seq: int, **changes: Any) -> dict[str, Any]:
        """What a report says of it. Names come in another order than the canonical one, with spaces."""
        payload = json.dumps(dict(reversed(self.content.items())), indent=1, ensure_ascii=False)
        return {"seq": seq, "payload": payload, "fk": text_of(self.key), **changes}


def franked(text: str) -> Franked:
    return Franked({"v": 1, "id": str(uuid.uuid4()), "type": "text", "text": text})


@dataclass
class Talk:
    """A conversation with the messages that were put into it, by their numbers."""

    id: str
    messages: dict[int, Franked]

    def told(self, *seqs: int) -> list[dict[str, Any]]:
        return [self.messages[seq].told(seq) for seq in seqs]


async def put_talk(admin: Any, people: list[Person], said: list[tuple[Person, str]]) -> Talk:
    """Put a conversation and its log into the database, as devices of these people would have made it."""
    talk = Talk(str(uuid.uuid4()), {})
    async with admin.transaction():
        await admin.execute(
            "INSERT INTO conversations (id, kind, epoch, last_seq, group_info) VALUES ($1, 'group', 1, $2, '\\x00')",
            uuid.UUID(talk.id),
            len(said),
        )
        for person in people:
            await admin.execute(
                "INSERT INTO conversation_members (conversation_id, person_id, state, first_seq)"
                " VALUES ($1, $2, 'member', 1)",
                uuid.UUID(talk.id),
                uuid.UUID(person.id),
            )
        for seq, (sender, text) in enumerate(said, 1):
            talk.messages[seq] = franked(text)
            await admin.execute(
                "INSERT INTO messages (conversation_id, seq, kind, id, sender_id, device_id, epoch, body_sealed,"
                " commitment, at) VALUES ($1, $2, 'message', $3, $4, $5, 1, $6, $7, now())",
                uuid.UUID(talk.id),
                seq,
                uuid.uuid4(),
                uuid.UUID(sender.id),
                uuid.uuid4(),
                secrets.token_bytes(256),
                talk.messages[seq].commitment,
            )
    return talk
