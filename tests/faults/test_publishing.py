"""A worker killed at any step of publishing: its successor finishes the clip, and nothing is left over.

Every test kills when it sees what it waits for in the data folder, never after a guessed time.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from tests.conftest import Person, RunningRealm, eventually, free_port, sign_up_body, start_realm
from tests.factories.media import AAC, X264, ffmpeg, picture, plain, tone
from tests.factories.publishing import Upload, begin, finished, make_clip, settled

pytestmark = pytest.mark.timeout(240)
MEGABYTE = 1 << 20


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="reelm-publishing-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def realm(place: Path) -> Iterator[RunningRealm]:
    """A realm of this module's own, which its tests may hurt."""
    running = start_realm(place / "data", free_port(), REELM_LIMIT_FACTOR="1000")
    yield running
    running.stop()


@pytest.fixture
async def person(realm: RunningRealm) -> AsyncIterator[Person]:
    async with httpx.AsyncClient(base_url=realm.url, timeout=60) as client:
        body = sign_up_body()
        made = await client.post("/api/v1/accounts", json=body)
        signed_in = await client.post(
            "/api/v1/sessions", json={"handle": body["handle"], "password": body["password"]}
        )
        client.cookies.clear()
        yield Person(client, made.json()["id"], body["handle"], signed_in.json()["token"])


@pytest.fixture(scope="module")
def video(place: Path) -> Path:
    """Three seconds that have to be encoded: ten bits a sample."""
    path = place / "heavy.mp4"
    ffmpeg(*picture("540x960", "30", 3), *tone(3), *X264, "-pix_fmt", "yuv420p10le", *AAC, str(path))
    return path


def process(realm: RunningRealm, name: str) -> int | None:
    """Return the pid of a child of this realm by the title it gave itself."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                title = (entry / "cmdline").read_bytes().split(b"\0")[0].decode()
                if int(fields[1]) == realm.process.pid and title == f"reelm: {name}" and fields[0] != "Z":
                    return int(entry.name)
    return None


async def kill(realm: RunningRealm, name: str, sign: signal.Signals = signal.SIGKILL) -> float:
    """End a child and wait for its successor; return how many seconds it took to end."""
    pid = await eventually(lambda: _found(realm, name))
    began = time.monotonic()
    os.kill(pid, sign)

    async def ended() -> bool:
        return process(realm, name) != pid

    await eventually(ended, every=0.01)
    took = time.monotonic() - began
    await eventually(lambda: _found(realm, name))
    return took


async def _found(realm: RunningRealm, name: str) -> int | None:
    return process(realm, name)


def leftovers(realm: RunningRealm, clip_id: str, upload_id: str) -> list[str]:
    blobs = realm.data / "blobs"
    places = [realm.data / "scratch" / clip_id, blobs / "uploads" / upload_id, blobs / "leaving" / clip_id]
    return [str(path) for path in places if path.exists()]


def _fetched(realm: RunningRealm, clip_id: str) -> bool:
    return (realm.data / "scratch" / clip_id).exists()


def _probed(realm: RunningRealm, clip_id: str) -> bool:
    return (realm.data / "scratch" / clip_id / "work" / "probe").exists()


def _encoding(realm: RunningRealm, clip_id: str) -> bool:
    part = realm.data / "scratch" / clip_id / "work" / ".first.part"
    return any(path.stat().st_size > 0 for path in part.glob("*.mp4")) if part.exists() else False


def _shelving(realm: RunningRealm, clip_id: str) -> bool:
    return any((realm.data / "blobs" / "public" / clip_id).glob("*.mp4"))


def _climbing(realm: RunningRealm, clip_id: str) -> bool:
    work = realm.data / "scratch" / clip_id / "work"
    return (work / "first").exists() and any(
        path.stat().st_size > 0 for path in work.glob(".*/*.mp4") if ".first" not in str(path)
    )


def _climbed(realm: RunningRealm, clip_id: str) -> bool:
    return any((realm.data / "blobs" / "public" / clip_id).glob("*.m4a"))


def _putting_away(realm: RunningRealm, clip_id: str) -> bool:
    return (realm.data / "blobs" / "sealed" / clip_id / "original").exists()


@pytest.mark.parametrize(
    "moment", [_fetched, _probed, _encoding, _shelving, _climbing, _climbed, _putting_away]
)
async def test_a_killed_worker_is_taken_over(
    realm: RunningRealm, person: Person, video: Path, moment: Callable[[RunningRealm, str], bool]
) -> None:
    clip = await make_clip(person, video, caption="survivor")

    async def come() -> bool:
        with contextlib.suppress(FileNotFoundError):
            return moment(realm, clip["id"])
        return False

    await eventually(come, every=0.002, seconds=90)
    await kill(realm, "worker")
    ready = await settled(person, clip["id"])
    assert (ready["status"], ready["failure"]) == ("ready", None)
    whole = await finished(person, clip["id"])
    assert [each["height"] for each in whole["media"]["renditions"]] == [960, 640]
    for rendition in whole["media"]["renditions"]:
        answer = await person.client.get(rendition["url"])
        assert (answer.status_code, len(answer.content)) == (200, rendition["bytes"])
    upload_id = await _upload_of(realm, clip["id"])

    async def clean() -> bool:
        return not leftovers(realm, clip["id"], upload_id)

    await eventually(clean)
    assert (realm.data / "blobs" / "sealed" / clip["id"] / "original").is_file()


async def _upload_of(realm: RunningRealm, clip_id: str) -> str:
    connection = await asyncpg.connect(**realm.settings.database.connection("reelm_admin"))
    try:
        return str(await connection.fetchval("SELECT upload_id FROM clips WHERE id = $1", clip_id))
    finally:
        await connection.close()


async def test_a_successor_begins_within_seconds(realm: RunningRealm, person: Person, video: Path) -> None:
    clip = await make_clip(person, video)

    async def encoding() -> bool:
        with contextlib.suppress(FileNotFoundError):
            return _encoding(realm, clip["id"])
        return False

    await eventually(encoding, every=0.002, seconds=60)
    await kill(realm, "worker")
    killed = time.monotonic()
    work = realm.data / "scratch" / clip["id"] / "work"
    before = (work / "probe" / "result.json").stat().st_mtime_ns

    async def again() -> bool:
        with contextlib.suppress(FileNotFoundError):
            return _encoding(realm, clip["id"])
        return False

    # What the dead one had half written is removed before its successor writes.
    await eventually(again, every=0.01, seconds=30)
    assert time.monotonic() - killed < 15
    assert (work / "probe" / "result.json").stat().st_mtime_ns == before, "probed twice"
    assert (await settled(person, clip["id"]))["status"] == "ready"


async def test_asked_to_stop_it_gives_its_job_back(realm: RunningRealm, person: Person, video: Path) -> None:
    clip = await make_clip(person, video)

    async def encoding() -> bool:
        with contextlib.suppress(FileNotFoundError):
            return _encoding(realm, clip["id"])
        return False

    await eventually(encoding, every=0.002, seconds=60)
    assert await kill(realm, "worker", signal.SIGTERM) < 5
    ready = await settled(person, clip["id"])
    assert (ready["status"], ready["failure"]) == ("ready", None)


async def test_a_killed_web_process_loses_nothing_it_acknowledged(
    realm: RunningRealm, person: Person, place: Path
) -> None:
    video = plain(place / "long.mp4", size="720x1280", seconds=4)
    data = video.read_bytes()
    upload = await begin(person, len(data) + 12 * MEGABYTE, filetype="video/mp4")
    data += bytes(12 * MEGABYTE)

    async def slowly() -> AsyncIterator[bytes]:
        for start in range(0, len(data), 256 * 1024):
            yield data[start : start + 256 * 1024]
            await asyncio.sleep(0.01)

    sending = asyncio.create_task(upload.append(slowly(), 0))

    async def some() -> bool:
        return await _stored(upload) >= 8 * MEGABYTE

    await eventually(some)
    acknowledged = await upload.offset()
    await kill(realm, "web-1")
    with contextlib.suppress(httpx.HTTPError):
        await sending

    async def back() -> Any:
        with contextlib.suppress(httpx.HTTPError):
            return await upload.send("HEAD")

    answer = await eventually(back)
    offset = int(answer.headers["upload-offset"])
    assert offset >= acknowledged
    assert (await upload.append(data[offset:], offset)).headers["upload-offset"] == str(len(data))
    clip = await person.post("/clips", {"upload_id": upload.id})
    assert (await settled(person, clip.json()["id"]))["status"] == "ready"


async def _stored(upload: Upload) -> int:
    with contextlib.suppress(httpx.HTTPError):
        return await upload.offset()
    return 0
