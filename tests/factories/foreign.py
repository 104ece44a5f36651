"""Another realm for the tests of the border: a key, addresses, a sending process, and deliveries put together by hand."""

import asyncio
import base64
import contextlib
import hashlib
import json
import secrets
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from reelm_audit.tlog.merkle import leaf_hash, root_of
from reelm_audit.tlog.note import Ed25519Signer

CHILD = Path(__file__).with_name("foreign_child.py")


@dataclass(frozen=True)
class Said:
    """An answer; `status` is 0 when the connection ended without one."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        return str(self.json().get("code", "")).removeprefix("border.") if self.body else ""


@dataclass
class Foreign:
    """A realm that sends. `target` is where the border that is tested listens."""

    realm: str
    target: str
    process: subprocess.Popen[bytes]
    seed: bytes

    @property
    def ids(self) -> str:
        return f"https://id.abroad.example/{self.realm}"

    @property
    def web(self) -> str:
        return f"https://{self.realm}.abroad.example"

    @property
    def border(self) -> str:
        return f"https://border.{self.realm}.abroad.example"

    @property
    def key_name(self) -> str:
        return f"{self.realm}.border"

    @property
    def vkey(self) -> str:
        return Ed25519Signer(self.key_name, self.seed).vkey

    async def introduce(self, admin: Any, *, state: str = "open", network: str = "abroad.example") -> None:
        """Let the realm that is tested know this one."""
        await admin.execute(
            "INSERT INTO peers (realm, name, network, ids, web, border, vkey, ledger_vkey, charter, document, state) "
            "VALUES ($1, $1, $2, $3, $4, $5, $6, '', '', '{}', $7)",
            self.realm,
            network,
            self.ids,
            self.web,
            self.border,
            self.vkey,
            state,
        )

    async def ask(self, **asked: Any) -> Said:
        """Have the process send something; see `foreign_child`."""
        return await asyncio.to_thread(self._ask, asked)

    def _ask(self, asked: dict[str, Any]) -> Said:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(asked).encode() + b"\n")
        self.process.stdin.flush()
        said = json.loads(self.process.stdout.readline())
        if "error" in said:
            return Said(0, {}, b"")
        return Said(said["status"], said["headers"], base64.b64decode(said["body"]))

    @property
    def signature(self) -> dict[str, Any]:
        return {"name": self.key_name, "seed": self.seed.hex()}

    async def get(self, path: str, *, signed: bool = True, **more: Any) -> Said:
        sign = self.signature if signed else None
        return await self.ask(method="GET", url=self.target + path, sign=sign, **more)

    async def deliver(self, *activities: Any, **more: Any) -> Said:
        """Deliver activities as a well-behaved realm would, but for what `more` says."""
        body, root = parcel(activities)
        return await self.post(body, root, **more)

    async def post(self, body: bytes, root: str, **more: Any) -> Said:
        how = more.pop("sign", {})
        sign = None if how is None else {**self.signature, **how}
        return await self.ask(
            **{
                "method": "POST",
                "url": self.target + "/inbox",
                "body": base64.b64encode(body).decode(),
                "batch": f"{root} {secrets.randbelow(10**6)}",
                "sign": sign,
                **more,
            }
        )

    # --- what a realm says ------------------------------------------------------------------------------------

    def name(self, place: str) -> str:
        return f"{self.ids}/{place}/{uuid4()}"

    def person(self, person: str | None = None, **changes: Any) -> dict[str, Any]:
        address = person or self.name("people")
        about = {
            "type": "Person",
            "id": address,
            "preferredUsername": "ming",
            "name": "Ming",
            "summary": "",
            "url": f"{self.web}/@ming",
            "manuallyApprovesFollowers": False,
        }
        return self.act("Update", address, {**about, **changes})

    def video(self, author: str | None = None, **changes: Any) -> dict[str, Any]:
        author = author or self.name("people")
        clip = uuid4()
        about = {
            "type": "Video",
            "id": f"{self.ids}/clips/{clip}",
            "attributedTo": author,
            "content": "Rain on the roof #rain",
            "language": "en",
            "tag": [{"type": "Hashtag", "name": "#rain"}],
            "published": "2026-11-20T10:00:00.000Z",
            "duration": "PT7.250S",
            "to": ["as:Public"],
            "attachment": [
                {
                    "type": "Document",
                    "mediaType": "video/mp4",
                    "url": f"{self.border}/media/{clip}/{'ab' * 32}.mp4",
                    "width": 720,
                    "height": 1280,
                    "size": 123456,
                    "digest": "sha-256:" + "ab" * 32,
                }
            ],
        }
        return self.act("Create", author, {**about, **changes})

    def note(self, about: str, author: str | None = None, **changes: Any) -> dict[str, Any]:
        author = author or self.name("people")
        said = {
            "type": "Note",
            "id": self.name("comments"),
            "attributedTo": author,
            "context": about,
            "inReplyTo": about,
            "content": "How lovely",
            "published": "2026-11-20T10:00:00.000Z",
        }
        return self.act("Create", author, {**said, **changes})

    def act(self, act: str, actor: str, about: Any, **more: Any) -> dict[str, Any]:
        return {"id": self.name("acts"), "type": act, "actor": actor, "object": about, **more}


def parcel(activities: Sequence[Any]) -> tuple[bytes, str]:
    """Return a delivery's body and its root: canonical JSON of what is ASCII, by the standard library."""
    items = []
    leaves = []
    for activity in activities:
        nonce = secrets.token_bytes(16)
        leaves.append(leaf_hash(hashlib.sha256(nonce + canonical(activity)).digest()))
        items.append({"nonce": base64.b64encode(nonce).decode(), "object": activity})
    context = "https://www.w3.org/ns/activitystreams"
    body = canonical({"@context": context, "type": "OrderedCollection", "orderedItems": items})
    return body, root_of(leaves).hex()


def canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode(
        "utf-8", "surrogatepass"
    )


@contextlib.contextmanager
def foreign_realm(realm: str, target: str) -> Iterator[Foreign]:
    """Start another realm's sending process."""
    process = subprocess.Popen([sys.executable, str(CHILD)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    seed = Ed25519PrivateKey.generate().private_bytes_raw()
    try:
        yield Foreign(realm, target, process, seed)
    finally:
        if process.stdin is not None:
            process.stdin.close()
        process.terminate()
        process.wait(10)
        if process.stdout is not None:
            process.stdout.close()
