"""Archives of exports, for tests: fetched from a realm, taken apart, put together again with one thing changed."""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

from tests.conftest import Person, eventually
from tests.factories.publishing import PIECE, TUS, Upload, described

from reelm_audit.tlog.note import Ed25519Signer, sign_note

# What of a clip is the same in another realm.
SAME = (
    *("caption", "tags", "visibility", "permissions", "labels", "language", "created_at", "published_at"),
    *("draft", "publish_at"),
)
STRANGER = Ed25519Signer("elsewhere.example/exports", bytes(range(32)))


async def exported(person: Person, *, seconds: float = 60) -> dict[str, Any]:
    """Ask for an export and wait until it is ready."""
    answer = await person.post("/me/exports")
    assert answer.status_code == 202, answer.text
    return await export_settled(person, answer.json()["id"], seconds=seconds)


async def export_settled(person: Person, export_id: str, *, seconds: float = 60) -> dict[str, Any]:
    async def check() -> dict[str, Any] | None:
        found: dict[str, Any] = (await person.get(f"/me/exports/{export_id}")).json()
        return found if found["state"] not in {"waiting", "running"} else None

    found: dict[str, Any] = await eventually(check, seconds=seconds)
    return found


async def archive_of(person: Person, *, seconds: float = 60) -> bytes:
    """The bytes of a fresh export."""
    made = await exported(person, seconds=seconds)
    assert made["state"] == "ready", made
    answer = await person.get(f"/me/exports/{made['id']}/archive")
    assert answer.status_code == 200, answer.text
    assert len(answer.content) == made["bytes"]
    return answer.content


async def upload_archive(person: Person, data: bytes) -> str:
    """Upload an archive as a client does; return the upload's id."""
    metadata = described(filename="reelm.zip", filetype="application/zip", purpose="import")
    headers = {**TUS, "upload-length": str(len(data)), "upload-metadata": metadata}
    answer = await person.post("/uploads", headers=headers)
    assert answer.status_code == 201, answer.text
    upload = Upload(person, answer.headers["location"])
    sent = await upload.send("PATCH", content=data, upload_offset="0", content_type=PIECE)
    assert sent.status_code == 204, sent.text
    return upload.id


async def imported(person: Person, data: bytes, *, seconds: float = 60) -> dict[str, Any]:
    """Bring an archive in and wait until that has ended."""
    answer = await person.post("/me/imports", {"upload_id": await upload_archive(person, data)})
    assert answer.status_code == 202, answer.text
    return await import_settled(person, answer.json()["id"], seconds=seconds)


async def import_settled(person: Person, import_id: str, *, seconds: float = 60) -> dict[str, Any]:
    async def check() -> dict[str, Any] | None:
        found: dict[str, Any] = (await person.get(f"/me/imports/{import_id}")).json()
        return found if found["state"] not in {"waiting", "running"} else None

    found: dict[str, Any] = await eventually(check, seconds=seconds)
    return found


def contents(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def json_lines(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in data.splitlines()]


def signed_again(files: dict[str, bytes], signer: Ed25519Signer = STRANGER) -> dict[str, bytes]:
    """Bring manifest and signature after changed files, as a stranger with a key of their own would."""
    manifest = json.loads(files["manifest.json"])
    classes = {line["name"]: line["class"] for line in manifest["files"]}
    listed = [name for name in files if name not in {"manifest.json", "manifest.note"}]
    manifest["files"] = [
        {
            "name": name,
            "bytes": len(files[name]),
            "sha256": hashlib.sha256(files[name]).hexdigest(),
            "class": classes.get(name, "public"),
            "rows": files[name].count(b"\n") if name.endswith(".jsonl") else None,
        }
        for name in listed
    ]
    manifest["realm"]["vkey"] = signer.vkey
    body = json.dumps(manifest).encode()
    note = sign_note(f"reelm-export/v1\n{hashlib.sha256(body).hexdigest()}\n", signer)
    return {**{name: files[name] for name in listed}, "manifest.json": body, "manifest.note": note.encode()}


def packed(files: dict[str, bytes], change: Callable[[zipfile.ZipInfo], None] = lambda _: None) -> bytes:
    """Make a ZIP; `change` may bend each file's line."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            line = zipfile.ZipInfo(name)
            line.compress_type = zipfile.ZIP_STORED if name.startswith("clips/") else zipfile.ZIP_DEFLATED
            change(line)
            archive.writestr(line, data)
    return out.getvalue()


async def own_clips(person: Person) -> list[dict[str, Any]]:
    found, cursor = [], None
    while True:
        page = (
            await person.get("/me/clips", params={"limit": 50, **({"cursor": cursor} if cursor else {})})
        ).json()
        found += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


def comparable(clip: dict[str, Any]) -> dict[str, Any]:
    media = clip["media"]
    sound = clip["sound"]
    return {
        **{name: clip[name] for name in SAME},
        "status": clip["status"],
        "size": (media["width"], media["height"]),
        "sound": sound["title"] if sound else None,
    }
