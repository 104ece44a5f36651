"""From a file to a clip over HTTP, as a client does it: a tus client written by hand, and waiting for the worker."""

import asyncio
import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from tests.conftest import Person, eventually

TUS = {"tus-resumable": "1.0.0"}
PIECE = "application/offset+octet-stream"


def described(**pairs: str) -> str:
    """Write `Upload-Metadata`."""
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in pairs.items())


def checksum_of(piece: bytes, algorithm: str = "sha256") -> str:
    return f"{algorithm} {base64.b64encode(hashlib.new(algorithm, piece).digest()).decode()}"


@dataclass
class Upload:
    """One upload of one person, at its own address."""

    person: Person
    url: str

    @property
    def id(self) -> str:
        return self.url.rsplit("/", 1)[-1]

    async def send(self, method: str, *, content: Any = None, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {**TUS, **self.person.headers, **named}
        return await self.person.client.request(method, self.url, headers=sent, content=content)

    async def offset(self) -> int:
        answer = await self.send("HEAD")
        assert answer.status_code == 200, answer.text
        return int(answer.headers["upload-offset"])

    async def append(self, piece: Any, offset: int, **headers: str) -> httpx.Response:
        return await self.send(
            "PATCH", content=piece, upload_offset=str(offset), content_type=PIECE, **headers
        )


async def begin(person: Person, size: int, **metadata: str) -> Upload:
    """Create an upload."""
    headers = {**TUS, "upload-length": str(size), "upload-metadata": described(**metadata)}
    answer = await person.post("/uploads", headers=headers)
    assert answer.status_code == 201, answer.text
    return Upload(person, answer.headers["location"])


async def upload(person: Person, data: bytes | Path, name: str = "clip.mp4") -> Upload:
    """Upload everything."""
    content = data if isinstance(data, bytes) else await asyncio.to_thread(data.read_bytes)
    made = await begin(person, len(content), filename=name, filetype="video/mp4")
    answer = await made.append(content, 0)
    assert answer.status_code == 204, answer.text
    return made


async def make_clip(person: Person, data: bytes | Path, **fields: Any) -> dict[str, Any]:
    """Upload a file and ask for a clip of it."""
    made = await upload(person, data)
    answer = await person.post("/clips", {"upload_id": made.id, **fields})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def settled(person: Person, clip_id: str, *, seconds: float = 90) -> dict[str, Any]:
    """Wait until a clip is no longer in the works; return it."""

    async def check() -> dict[str, Any] | None:
        clip = (await person.get(f"/clips/{clip_id}")).json()
        return clip if clip["status"] != "processing" else None

    found: dict[str, Any] = await eventually(check, seconds=seconds)
    return found


async def finished(person: Person, clip_id: str, *, seconds: float = 120) -> dict[str, Any]:
    """Wait until a clip has its whole ladder; return it."""

    async def check() -> dict[str, Any] | None:
        clip = (await person.get(f"/clips/{clip_id}")).json()
        assert clip["status"] != "failed", clip["failure"]
        return clip if clip["media"] and clip["media"]["preview_url"] else None

    found: dict[str, Any] = await eventually(check, seconds=seconds)
    return found


async def published(person: Person, data: bytes | Path, **fields: Any) -> dict[str, Any]:
    """Upload, make, and wait until it plays."""
    clip = await settled(person, (await make_clip(person, data, **fields))["id"])
    assert clip["status"] in {"ready", "draft"}, clip["failure"]
    return clip
