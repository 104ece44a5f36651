"""A realm with its limits as they come: guessing and flooding are slowed, and its owner still gets in.

What was typed in this realm is then looked for in every file of its data folder.
"""

import asyncio
import json
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.conftest import PASSWORD, Person, RunningRealm, free_port, sign_up_body, start_realm
from tests.factories.publishing import PIECE, TUS, begin, described

CLIP_BYTES = 2_000_000
GUESS = "guess-of-a-stranger-91"
PHONE = "+33612345987"


@pytest.fixture(scope="module")
def guarded() -> Iterator[RunningRealm]:
    """A realm of one web process, with small room for uploads."""
    folder = Path(tempfile.mkdtemp(prefix="reelm-limits-"))
    folder.chmod(0o755)
    running = start_realm(
        folder / "data",
        free_port(),
        REELM_LIMIT_FACTOR="1",
        REELM_UPLOAD_BYTES=str(CLIP_BYTES),
        REELM_QUOTA_BYTES=str(3 * CLIP_BYTES // 2),
    )
    yield running
    running.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
async def stranger(guarded: RunningRealm) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=guarded.url, timeout=30) as made:
        yield made


@pytest.fixture(scope="module")
async def owner(guarded: RunningRealm) -> AsyncIterator[tuple[Person, httpx.AsyncClient]]:
    """A person with every contact, and their own phone, which remembers cookies."""
    async with httpx.AsyncClient(base_url=guarded.url, timeout=30) as phone:
        handle = f"owner{uuid.uuid4().hex[:6]}"
        body = sign_up_body(handle, email=f"{handle}@example.org", phone=PHONE)
        made = await phone.post("/api/v1/accounts", json=body)
        assert made.status_code == 201, made.text
        signed_in = await phone.post("/api/v1/sessions", json={"handle": handle, "password": PASSWORD})
        yield Person(phone, made.json()["id"], handle, signed_in.json()["token"]), phone


def _is_pushed_back(answer: httpx.Response) -> bool:
    if answer.status_code != 429:
        return False
    wait = answer.headers["retry-after"]
    assert wait.isdigit()
    assert int(wait) >= 1
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["retry_after_seconds"] == int(wait)
    return True


async def test_guessing_is_slowed_and_the_owner_gets_in(
    stranger: httpx.AsyncClient, owner: tuple[Person, httpx.AsyncClient]
) -> None:
    person, phone = owner
    heard = 0
    for turn in range(20):
        answer = await stranger.post(
            "/api/v1/sessions", json={"handle": person.handle, "password": f"{GUESS} {turn}"}
        )
        if _is_pushed_back(answer):
            break
        assert answer.status_code == 401
        heard += 1
    assert heard <= 10, "a stranger was heard too often"
    # The right password of a stranger's device is not heard either; the owner's own phone is, at once.
    late = await stranger.post("/api/v1/sessions", json={"handle": person.handle, "password": PASSWORD})
    assert _is_pushed_back(late)
    own = await phone.post(
        "/api/v1/sessions",
        json={"handle": person.handle, "password": PASSWORD},
        headers={"sec-fetch-site": "same-origin"},
    )
    assert own.status_code == 201, own.text
    assert (await phone.get("/api/v1/me", headers=person.headers)).status_code == 200
    # Somebody else at the same address isn't shut out by it.
    body = sign_up_body()
    assert (await stranger.post("/api/v1/accounts", json=body)).status_code == 201
    other = await stranger.post("/api/v1/sessions", json={"handle": body["handle"], "password": PASSWORD})
    assert other.status_code == 201
    stranger.cookies.clear()


async def test_a_device_of_somebody_else_vouches_for_nobody(
    stranger: httpx.AsyncClient, owner: tuple[Person, httpx.AsyncClient]
) -> None:
    body = sign_up_body()
    assert (await stranger.post("/api/v1/accounts", json=body)).status_code == 201
    own = await stranger.post("/api/v1/sessions", json={"handle": body["handle"], "password": PASSWORD})
    device = own.cookies["reelm_device"]
    stranger.cookies.clear()
    for forged in (device, "d1." + "0" * 32 + "." + "0" * 64, device[:-1] + "0"):
        answer = await stranger.post(
            "/api/v1/sessions",
            json={"handle": owner[0].handle, "password": PASSWORD},
            headers={"cookie": f"reelm_device={forged}"},
        )
        assert _is_pushed_back(answer), answer.text


@pytest.mark.parametrize(
    ("name", "most"),
    [("accounts", 25), ("passkey-options", 40), ("bio", 15), ("comments", 30), ("search", 0)],
)
async def test_flooding_is_slowed(
    stranger: httpx.AsyncClient, owner: tuple[Person, httpx.AsyncClient], name: str, most: int
) -> None:
    person, phone = owner
    absent = uuid.uuid4()

    async def once(turn: int) -> httpx.Response:
        if name == "accounts":
            return await stranger.post(
                "/api/v1/accounts", json=sign_up_body(password="short", birth_date="1990-01-01")
            )
        if name == "passkey-options":
            return await stranger.post("/api/v1/sessions/passkey-options", json={})
        if name == "bio":
            return await phone.patch("/api/v1/me", json={"bio": str(turn)}, headers=person.headers)
        if name == "comments":
            return await phone.post(
                f"/api/v1/clips/{absent}/comments", json={"text": "x"}, headers=person.headers
            )
        return await stranger.get("/api/v1/search?q=a")

    if not most:
        # Reading is not counted: what protects it is that a page costs little.
        assert {(await once(turn)).status_code for turn in range(40)} == {200}
        return
    for turn in range(most + 1):
        if _is_pushed_back(await once(turn)):
            return
    raise AssertionError(f"{name} was never pushed back")


async def test_uploads_have_their_room_and_no_more(owner: tuple[Person, httpx.AsyncClient]) -> None:
    person, _ = owner

    async def ask(size: int) -> httpx.Response:
        about = described(filename="holiday in Lisbon.mp4", filetype="video/mp4")
        return await person.post(
            "/uploads", headers={**TUS, "upload-length": str(size), "upload-metadata": about}
        )

    refused = await ask(CLIP_BYTES + 1)
    assert (refused.status_code, refused.json()["code"]) == (413, "uploads.too_large")
    assert (await ask(10**14)).status_code == 413
    first = await ask(CLIP_BYTES)
    assert first.status_code == 201
    over = await ask(CLIP_BYTES)
    assert over.json()["code"].startswith("uploads."), over.text
    assert over.status_code in {403, 413}
    # More bytes than were announced are not taken.
    address = first.headers["location"]
    headers = {**TUS, **person.headers, "content-type": PIECE, "upload-offset": "0"}
    much = await person.client.patch(address, headers=headers, content=b"x" * (CLIP_BYTES + 1))
    assert much.status_code == 413
    assert (await person.client.delete(address, headers={**TUS, **person.headers})).status_code == 204
    opened = [await ask(1) for _ in range(32)]
    assert {403, 429} & {answer.status_code for answer in opened}, "any number of uploads can be left open"
    for answer in opened[:2]:
        left = await person.client.delete(answer.headers["location"], headers={**TUS, **person.headers})
        assert left.status_code == 204


async def test_a_living_stream_is_one_of_few(owner: tuple[Person, httpx.AsyncClient]) -> None:
    person, phone = owner
    held = []
    try:
        for _ in range(12):
            request = phone.build_request("GET", "/api/v1/stream", headers=person.headers)
            answer = await phone.send(request, stream=True)
            held.append(answer)
            if answer.status_code != 200:
                break
        assert held[-1].status_code == 429
        assert int(held[-1].headers["retry-after"]) >= 1
    finally:
        for answer in held:
            await answer.aclose()


async def test_what_was_typed_is_in_no_file_in_clear(
    guarded: RunningRealm, stranger: httpx.AsyncClient, owner: tuple[Person, httpx.AsyncClient]
) -> None:
    """Logs, database pages, write-ahead log, key store, blobs: after signing in, failing, uploading."""
    person, _ = owner
    email = f"{person.handle}@example.org"
    await begin(person, 1, filename="secret name.mp4")
    for path in (
        f"/api/v1/search?q={email}",
        f"/api/v1/me?token={person.token}",
        "/%ff%fe",
        f"/c/{person.token}",
    ):
        await stranger.get(path)
    await stranger.post(
        "/api/v1/accounts", content=json.dumps(sign_up_body(email=email, phone="not a phone"))
    )
    await stranger.get("/api/v1/me", headers={"authorization": f"Bearer {person.token}x"})
    await asyncio.sleep(0)
    secrets: dict[str, str] = {
        "password": PASSWORD,
        "a stranger's guess": GUESS,
        "token": person.token,
        "e-mail": email,
        "phone": PHONE,
        "name of a file": "secret name.mp4",
        "name of another": "holiday in Lisbon",
        "birth date": "1999-04-12",
    }
    found = await asyncio.to_thread(_found_in, guarded.data, secrets)
    assert not found
    logs = sorted((guarded.data / "logs").glob("*"))
    assert [path.name for path in logs if path.stat().st_size], "there are no logs to look at"
    text = "\n".join(path.read_text(errors="replace") for path in logs)
    assert "v1." + uuid.UUID(person.id).hex not in text
    assert "Bearer" not in text
    assert "reelm_session=" not in text


def _found_in(folder: Path, secrets: dict[str, str]) -> list[str]:
    found = []
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.is_symlink():
            continue
        data = path.read_bytes()
        found += [
            f"{name} in {path.relative_to(folder)}"
            for name, value in secrets.items()
            if value.encode() in data
        ]
    return found


async def test_the_key_files_are_their_owners(guarded: RunningRealm) -> None:
    data: Any = guarded.data
    for name in ("keys", "secrets"):
        assert (data / name).stat().st_mode & 0o077 == 0, name
    for path in [*(data / "secrets").iterdir(), *(data / "keys").iterdir()]:
        assert path.stat().st_mode & 0o077 == 0, path.name
