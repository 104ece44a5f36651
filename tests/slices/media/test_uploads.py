"""Uploads by the tus protocol, with a client written by hand."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.conftest import Person, RunningRealm, eventually
from tests.factories.publishing import PIECE, TUS, Upload, begin, checksum_of, described

MEGABYTE = 1 << 20


@pytest.fixture(scope="module")
async def person(sign_up: Any) -> Person:
    made: Person = await sign_up()
    return made


def stored(realm: RunningRealm, upload: Upload) -> list[Path]:
    return sorted((realm.data / "blobs" / "uploads" / upload.id).glob("*"))


async def test_says_what_it_speaks(client: httpx.AsyncClient) -> None:
    answer = await client.options("/api/v1/uploads")
    assert answer.status_code == 204
    assert answer.headers["tus-version"] == "1.0.0"
    assert set(answer.headers["tus-extension"].split(",")) == {
        "creation",
        "creation-with-upload",
        "checksum",
        "expiration",
        "termination",
    }
    assert answer.headers["tus-checksum-algorithm"] == "sha1,sha256"
    assert int(answer.headers["tus-max-size"]) == 500_000_000


async def test_comes_in_pieces_and_is_sealed(person: Person, realm: RunningRealm) -> None:
    data = os.urandom(5 * MEGABYTE + 123)
    upload = await begin(person, len(data), filename="Été.mp4", filetype="video/mp4")
    assert upload.url.startswith("/api/v1/uploads/")
    assert await upload.offset() == 0
    first = await upload.append(data[:MEGABYTE], 0)
    assert (first.status_code, first.headers["upload-offset"]) == (204, str(MEGABYTE))
    assert first.headers["tus-resumable"] == "1.0.0"
    assert first.headers["upload-expires"].endswith("GMT")
    rest = await upload.append(data[MEGABYTE:], MEGABYTE)
    assert rest.headers["upload-offset"] == str(len(data))
    head = await upload.send("HEAD")
    assert head.headers["upload-length"] == str(len(data))
    assert head.headers["cache-control"] == "no-store"
    files = stored(realm, upload)
    assert len(files) == 3
    on_disk = b"".join(path.read_bytes() for path in files)
    assert len(on_disk) > len(data)
    assert data[:4096] not in on_disk
    assert data[-4096:] not in on_disk


async def test_creation_with_upload(person: Person) -> None:
    data = os.urandom(70_000)
    headers = {**TUS, "upload-length": str(len(data)), "content-type": PIECE}
    answer = await person.post("/uploads", headers=headers, content=data[:50_000])
    assert (answer.status_code, answer.headers["upload-offset"]) == (201, "50000")
    upload = Upload(person, answer.headers["location"])
    assert (await upload.append(data[50_000:], 50_000)).headers["upload-offset"] == str(len(data))


async def test_needs_a_person(client: httpx.AsyncClient, person: Person) -> None:
    upload = await begin(person, 10)
    anonymous = await client.post("/api/v1/uploads", headers={**TUS, "upload-length": "10"})
    assert anonymous.status_code == 401
    assert anonymous.headers["tus-resumable"] == "1.0.0"
    for method in ("HEAD", "PATCH", "DELETE"):
        assert (await client.request(method, upload.url, headers=TUS)).status_code == 401


async def test_belongs_to_its_person(person: Person, sign_up: Any) -> None:
    upload = await begin(person, 10)
    other = Upload(await sign_up(), upload.url)
    assert (await other.send("HEAD")).status_code == 404
    assert (await other.append(b"0123456789", 0)).status_code == 404
    assert (await other.send("DELETE")).status_code == 404
    used = await other.person.post("/clips", {"upload_id": upload.id})
    assert used.status_code == 404
    assert await upload.offset() == 0


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"upload-length": "10"}, 412, "uploads.version_unsupported"),
        ({"tus-resumable": "0.2.2", "upload-length": "10"}, 412, "uploads.version_unsupported"),
        ({**TUS}, 400, "uploads.header_unsuitable"),
        ({**TUS, "upload-length": "-1"}, 400, "uploads.header_unsuitable"),
        ({**TUS, "upload-length": "1e3"}, 400, "uploads.header_unsuitable"),
        ({**TUS, "upload-length": "0"}, 400, "uploads.empty"),
        ({**TUS, "upload-defer-length": "1"}, 400, "uploads.header_unsuitable"),
        ({**TUS, "upload-length": "10", "upload-metadata": "name ???"}, 400, "uploads.header_unsuitable"),
        ({**TUS, "upload-length": "500000001"}, 413, "uploads.too_large"),
        (
            {**TUS, "upload-length": "10", "upload-metadata": described(filetype="application/pdf")},
            415,
            "uploads.type_unsupported",
        ),
    ],
)
async def test_refuses_before_a_byte_has_come(
    person: Person, headers: dict[str, str], status: int, code: str
) -> None:
    answer = await person.post("/uploads", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    if status == 412:
        assert answer.headers["tus-version"] == "1.0.0"


async def test_refuses_a_piece_that_does_not_fit(person: Person) -> None:
    upload = await begin(person, 100)
    assert (await upload.append(b"x" * 10, 5)).status_code == 409
    assert (await upload.append(b"x" * 101, 0)).status_code == 413
    wrong_type = await upload.send("PATCH", content=b"x", upload_offset="0", content_type="video/mp4")
    assert wrong_type.status_code == 415
    no_offset = await upload.send("PATCH", content=b"x", content_type=PIECE)
    assert no_offset.status_code == 400
    assert await upload.offset() == 0
    assert (await upload.append(b"x" * 100, 0)).status_code == 204
    assert (await upload.append(b"x", 100)).status_code == 413


async def test_a_piece_of_unknown_length_can_be_too_long(person: Person) -> None:
    upload = await begin(person, 100)

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 10

    assert (await upload.append(endless(), 0)).status_code == 413
    assert await upload.offset() == 100


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
async def test_checksums(person: Person, realm: RunningRealm, algorithm: str) -> None:
    piece = os.urandom(200_000)
    upload = await begin(person, len(piece))
    damaged = await upload.append(piece[:-1] + b"?", 0, upload_checksum=checksum_of(piece, algorithm))
    assert (damaged.status_code, damaged.json()["code"]) == (460, "uploads.checksum_mismatch")
    assert await upload.offset() == 0
    assert stored(realm, upload) == []
    unknown = await upload.append(piece, 0, upload_checksum="crc32 AAAA")
    assert unknown.status_code == 400
    good = await upload.append(piece, 0, upload_checksum=checksum_of(piece, algorithm))
    assert good.headers["upload-offset"] == str(len(piece))


async def test_a_cut_connection_keeps_what_came(person: Person, realm: RunningRealm) -> None:
    data = os.urandom(6 * MEGABYTE)
    upload = await begin(person, len(data))
    sent = 5 * MEGABYTE
    _, writer = await asyncio.open_connection("127.0.0.1", realm.port)
    head = (
        f"PATCH {upload.url} HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n"
        f"Content-Type: {PIECE}\r\nContent-Length: {len(data)}\r\nAuthorization: Bearer {person.token}\r\n\r\n"
    )
    writer.write(head.encode() + data[:sent])
    await writer.drain()

    async def whole_parts() -> bool:
        return await upload.offset() >= 4 * MEGABYTE

    await eventually(whole_parts)
    writer.transport.abort()

    async def all_that_came() -> bool:
        return await upload.offset() == sent

    # What was still on its way when the connection broke may be lost; what the server had read is not.
    try:
        await eventually(all_that_came, seconds=10)
    except AssertionError:
        assert await upload.offset() >= 4 * MEGABYTE
    offset = await upload.offset()
    assert (await upload.append(data[offset:], offset)).headers["upload-offset"] == str(len(data))


async def test_a_refusal_is_heard_by_who_is_still_sending(person: Person) -> None:
    """The whole piece is read before it is refused, so the answer is not lost with the connection."""
    data = os.urandom(8 * MEGABYTE)
    upload = await begin(person, len(data) + 1)
    refused = await upload.append(data, 1)
    assert (refused.status_code, refused.json()["code"]) == (409, "uploads.offset_mismatch")


async def test_two_at_once_never_mix(person: Person) -> None:
    data = os.urandom(MEGABYTE)
    upload = await begin(person, len(data))
    answers = await asyncio.gather(*(upload.append(data, 0) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [204, 409, 409, 409]
    assert await upload.offset() == len(data)


async def test_termination(person: Person, realm: RunningRealm) -> None:
    upload = await begin(person, 100)
    await upload.append(b"x" * 50, 0)
    assert len(stored(realm, upload)) == 1
    assert (await upload.send("DELETE")).status_code == 204
    assert stored(realm, upload) == []
    assert (await upload.send("HEAD")).status_code == 404
    assert (await upload.send("DELETE")).status_code == 404


async def test_runs_out(person: Person, admin: Any) -> None:
    upload = await begin(person, 100)
    await admin.execute("UPDATE uploads SET expires_at = now() - interval '1 s' WHERE id = $1", upload.id)
    assert (await upload.send("HEAD")).status_code == 404


async def test_room_is_limited(sign_up: Any, admin: Any) -> None:
    person = await sign_up()
    upload = await begin(person, 100)
    await admin.execute("UPDATE uploads SET size_bytes = 19999999999 WHERE id = $1", upload.id)
    full = await person.post("/uploads", headers={**TUS, "upload-length": "10"})
    assert (full.status_code, full.json()["code"]) == (403, "uploads.quota_exceeded")


async def test_only_complete_uploads_become_clips(person: Person) -> None:
    upload = await begin(person, 100)
    early = await person.post("/clips", {"upload_id": upload.id})
    assert (early.status_code, early.json()["code"]) == (409, "uploads.incomplete")
