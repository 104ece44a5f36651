"""A worker killed at any step of publishing: its successor finishes the clip, and nothing is left over.

Every test kills when it sees what it waits for in the data folder, never after a guessed time.
"""

import asyncio
import contextlib
import io
import os
import resource
import shutil
import signal
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from PIL import Image
from tests.conftest import Person, RunningRealm, eventually, free_port, sign_up_body, start_realm
from tests.factories.media import AAC, X264, ffmpeg, picture, plain, tone
from tests.factories.publishing import Upload, begin, finished, make_clip, settled

from reelm.accounts.service import AccountsService
from reelm.border.service import NetworkService
from reelm.custody.service import KeysClient
from reelm.entrypoints.upkeep import Upkeep
from reelm.kit.blobs import LocalBlobStore
from reelm.kit.clock import SystemClock
from reelm.kit.database import Database
from reelm.kit.events import EventBus
from reelm.kit.ids import SystemIds
from reelm.media.service import MediaStore
from reelm.realm.service import RealmService

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

    await eventually(encoding, every=0.002, seconds=90)
    await kill(realm, "worker")
    killed = time.monotonic()
    work = realm.data / "scratch" / clip["id"] / "work"
    before = (work / "probe" / "result.json").stat().st_mtime_ns

    async def again() -> bool:
        with contextlib.suppress(FileNotFoundError):
            if _encoding(realm, clip["id"]):
                return True
        # It may have been killed just after its last frame: then there is nothing left to encode.
        return (await person.get(f"/clips/{clip['id']}")).json()["status"] == "ready"

    # What the dead one had half written is removed before its successor writes.
    await eventually(again, every=0.01, seconds=90)
    assert time.monotonic() - killed < 15
    assert (work / "probe" / "result.json").stat().st_mtime_ns == before, "probed twice"
    assert (await settled(person, clip["id"]))["status"] == "ready"


async def test_asked_to_stop_it_gives_its_job_back(realm: RunningRealm, person: Person, video: Path) -> None:
    clip = await make_clip(person, video)

    async def encoding() -> bool:
        with contextlib.suppress(FileNotFoundError):
            return _encoding(realm, clip["id"])
        return False

    await eventually(encoding, every=0.002, seconds=90)
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


async def test_a_full_disk_says_what_is_kept(realm: RunningRealm, person: Person) -> None:
    """The web process may write files of two megabytes only: its disk is full for a part of four."""
    data = os.urandom(6 * MEGABYTE)
    upload = await begin(person, len(data))
    assert (await upload.append(data[:MEGABYTE], 0)).status_code == 204
    pid = await eventually(lambda: _found(realm, "web-1"))
    usual = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (2 * MEGABYTE, usual[1]))
    try:
        full = await upload.append(data[MEGABYTE:], MEGABYTE)
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, usual)
    assert (full.status_code, full.json()["code"]) == (507, "blobs.full")
    assert "kept" in full.json()["detail"]
    assert int(full.headers["retry-after"]) > 0
    assert await upload.offset() == MEGABYTE
    assert (await upload.append(data[MEGABYTE:], MEGABYTE)).headers["upload-offset"] == str(len(data))


async def test_a_clip_waits_for_room(realm: RunningRealm, person: Person, video: Path) -> None:
    pid = await eventually(lambda: _found(realm, "worker"))
    usual = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (16 * 1024, usual[1]))
    try:
        clip = await make_clip(person, video)

        async def waiting() -> Any:
            found = (await person.get(f"/clips/{clip['id']}")).json()
            return found["failure"] and found

        found = await eventually(waiting)
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, usual)
    assert found["status"] == "processing"
    assert found["failure"]["code"] in {"blobs.full", "media.disk_full"}
    ready = await settled(person, clip["id"], seconds=120)
    assert (ready["status"], ready["failure"]) == ("ready", None)


async def test_one_that_takes_its_worker_down_is_given_up(
    realm: RunningRealm, person: Person, video: Path
) -> None:
    """A clip that was begun six times and never finished is told its author rather than begun for ever."""
    clip = await make_clip(person, video)

    async def begun() -> bool:
        return _fetched(realm, clip["id"])

    await eventually(begun, every=0.002, seconds=90)
    await kill(realm, "worker")
    starts = realm.data / "scratch" / clip["id"] / "prepare-1.starts"
    starts.write_bytes(b"." * 6)
    failed = await settled(person, clip["id"])
    assert (failed["status"], failed["failure"]["code"]) == ("failed", "media.too_heavy")

    async def tidied() -> bool:
        return not (realm.data / "scratch" / clip["id"]).exists()

    assert await eventually(tidied)
    again = await person.post(f"/clips/{clip['id']}/retry")
    assert again.status_code == 200
    assert (await settled(person, clip["id"]))["status"] == "ready"


async def test_an_original_that_is_not_wanted_goes(realm: RunningRealm, person: Person, video: Path) -> None:
    clip = await make_clip(person, video, keep_original=False)
    await finished(person, clip["id"])
    upload_id = await _upload_of(realm, clip["id"])

    async def gone() -> bool:
        return not leftovers(realm, clip["id"], upload_id)

    await eventually(gone)
    assert not (realm.data / "blobs" / "sealed" / clip["id"]).exists()


async def test_the_cleaner_takes_what_nobody_owns(realm: RunningRealm, person: Person, video: Path) -> None:
    clip = await finished(person, (await make_clip(person, video))["id"])
    pending = await begin(person, 100)
    await pending.append(b"x" * 50, 0)
    avatar = (await person.put("/me/avatar", content=_small_picture())).json()["avatar_url"]
    data = realm.data
    strays = [
        data / "blobs" / "public" / str(uuid.uuid4()) / "a.mp4",
        data / "blobs" / "sealed" / str(uuid.uuid4()) / "original",
        data / "blobs" / "leaving" / str(uuid.uuid4()) / "a.mp4",
        data / "blobs" / "uploads" / str(uuid.uuid4()) / "0-abc",
        data / "blobs" / "avatars" / f"{'0' * 32}.webp",
        data / "scratch" / str(uuid.uuid4()) / "original",
        data / "scratch" / "incoming" / "half",
        data / "scratch" / "download-1" / "clip.mp4",
    ]
    for stray in strays:
        stray.parent.mkdir(parents=True, exist_ok=True)
        stray.write_bytes(b"stray")
    database = await Database.open(realm.settings.database, "reelm_worker", size=2)
    try:
        clock = SystemClock()
        secret = realm.settings.caller_secrets["worker"]
        keys = KeysClient(realm.settings.keys_address, clock, caller="worker", secret=secret)
        own = RealmService.load(realm.settings)
        ids = SystemIds(clock)
        accounts = AccountsService(keys, own, database, EventBus(), clock, ids, NetworkService(own))
        store = MediaStore(LocalBlobStore(realm.settings.blobs), realm.settings.scratch)
        upkeep = Upkeep(realm.settings, database, store, accounts, keys.ping, clock)
        assert await upkeep.clean(older_than_seconds=3600) == 0
        assert await upkeep.clean(older_than_seconds=-5) >= len(strays)
        assert await upkeep.clean(older_than_seconds=-5) == 0
        await keys.close()
    finally:
        await database.close()
    assert not [stray for stray in strays if stray.exists()]
    assert await pending.offset() == 50
    for address in (avatar, clip["media"]["poster_url"], clip["media"]["renditions"][0]["url"]):
        assert (await person.client.get(address)).status_code == 200
    assert (data / "blobs" / "sealed" / clip["id"] / "original").is_file()


def _small_picture() -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (300, 300), (200, 10, 10)).save(stream, "PNG")
    return stream.getvalue()


async def _stored(upload: Upload) -> int:
    with contextlib.suppress(httpx.HTTPError):
        return await upload.offset()
    return 0
