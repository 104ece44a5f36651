"""A worker killed at every step of an export, an import and an erasure: its successor finishes, nothing is doubled.

The jobs run in a process of their own (rights_child.py) that kills itself at a step that is counted, not timed.
"""

import asyncio
import hashlib
import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest
from tests.conftest import PASSWORD, Person, RunningRealm, eventually
from tests.factories.archives import archive_of, contents, packed, signed_again, upload_archive
from tests.factories.clips import put_clip
from tests.factories.media import plain
from tests.factories.publishing import finished, published

from reelm.custody.service import KeysClient
from reelm.kit.clock import SystemClock
from reelm.kit.database import Database
from reelm.kit.ids import SystemIds
from reelm.ledger.service import LedgerService, entries
from reelm.media.service import MediaStore
from reelm.rights import jobs
from reelm.rights.jobs import RightsJob
from reelm.rights.receipts import document_of
from reelm.rights.repository import RightsWriter

pytestmark = pytest.mark.timeout(900)
IDS = SystemIds(SystemClock())
# Every step takes a process of its own: all of them in `make test-all`, every so many in `make test`.
STRIDES = [pytest.param(1, marks=pytest.mark.full, id="each"), pytest.param(23, id="some")]


class Web:
    """What the web process does to begin these jobs, but for the queue: the realm's own worker hears nothing."""

    def __init__(self, realm: RunningRealm, database: Database, keys: KeysClient) -> None:
        self.realm = realm
        self.database = database
        self.keys = keys

    async def uow(self, person: Person) -> str:
        return (await self.keys.resolve(person.token)).ticket

    async def begin_export(self, person: Person) -> RightsJob:
        ticket = await self.keys.mint_job_ticket(person.token, jobs.EXPORT_PURPOSE, ttl_seconds=3600)
        job = RightsJob(uuid.UUID(person.id), ticket, IDS.new())
        assert job.id is not None
        async with self.database.transaction(await self.uow(person)) as uow:
            await RightsWriter(uow).add_export(job.person_id, job.id)
        return job

    async def begin_import(self, person: Person, data: bytes) -> RightsJob:
        upload = uuid.UUID(await upload_archive(person, data))
        ticket = await self.keys.mint_job_ticket(person.token, jobs.IMPORT_PURPOSE, ttl_seconds=3600)
        job = RightsJob(uuid.UUID(person.id), ticket, IDS.new())
        assert job.id is not None
        async with self.database.transaction(await self.uow(person)) as uow:
            claimed = await uow.execute(
                "UPDATE uploads SET clip_id = $2 WHERE person_id = $1 AND id = $3",
                job.person_id,
                job.id,
                upload,
            )
            assert claimed == 1
            await RightsWriter(uow).add_import(job.person_id, job.id, upload)
        return job

    async def begin_erasure(self, person: Person) -> RightsJob:
        ticket = await self.keys.erasure_ticket(person.token, password=PASSWORD)
        job = RightsJob(uuid.UUID(person.id), ticket)
        document = document_of(job.person_id)
        [(reference, _)] = await self.keys.references("rights.erased", [(job.person_id, document)])
        ledger = LedgerService(self.database, MediaStoreOf(self.realm).blobs, SystemClock(), IDS)
        async with self.database.transaction(await self.uow(person)) as uow:
            entry = entries.RightsErased(
                at=entries.minute(SystemClock().now()), charter="0" * 64, person=reference
            )
            await RightsWriter(uow).add_erasure(job.person_id, await ledger.append(uow, entry))
        return job


def MediaStoreOf(realm: RunningRealm) -> MediaStore:  # noqa: N802 - reads like the class it makes
    from reelm.kit.blobs import LocalBlobStore

    return MediaStore(LocalBlobStore(realm.settings.blobs), realm.settings.scratch)


@pytest.fixture(scope="module")
async def web(realm: RunningRealm) -> AsyncIterator[Web]:
    settings = realm.settings
    database = await Database.open(settings.database, "reelm_web", size=2)
    keys = KeysClient(settings.keys_address, SystemClock(), secret=settings.caller_secrets["web"])
    yield Web(realm, database, keys)
    await keys.close()
    await database.close()


async def work(realm: RunningRealm, name: str, job: RightsJob, fatal: int) -> int | None:
    """Run a job in a process that dies at step `fatal`; the number of steps, or None if it died."""
    command = [sys.executable, "-m", "tests.faults.rights_child"]
    command += [str(realm.data), str(realm.port), name, str(fatal)]
    root = Path(__file__).parents[2]
    path = os.pathsep.join(str(root / folder) for folder in ("src", "audit/src", "."))
    child = await asyncio.create_subprocess_exec(
        *command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=root,
        env={**os.environ, "PYTHONPATH": path},
    )
    out, said = await child.communicate(msgspec.json.encode(job))
    if child.returncode == -signal.SIGKILL:
        return None
    assert child.returncode == 0, said.decode()[-3000:]
    return int(out.splitlines()[-1])


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plain(tmp_path_factory.mktemp("video") / "clip.mp4")


# --- export ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stride", STRIDES)
async def test_export(
    realm: RunningRealm, web: Web, admin: Any, sign_up: Any, video: Path, stride: int
) -> None:
    person = await sign_up()
    await finished(person, (await published(person, video, caption="kept"))["id"])
    fatal = 1
    while True:
        job = await web.begin_export(person)
        steps = await work(realm, jobs.EXPORT, job, fatal)
        if steps is None:
            assert await work(realm, jobs.EXPORT, job, 0) is not None
        made = (await person.get(f"/me/exports/{job.id}")).json()
        assert made["state"] == "ready", (fatal, made)
        data = (await person.get(f"/me/exports/{job.id}/archive")).content
        files = contents(data)
        manifest = json.loads(files["manifest.json"])
        for line in manifest["files"]:
            assert hashlib.sha256(files[line["name"]]).hexdigest() == line["sha256"], (fatal, line)
        assert hashlib.sha256(files["manifest.json"]).hexdigest() == made["manifest_digest"]
        said = await admin.fetchval(
            "SELECT count(*) FROM ledger_entries WHERE kind = 'rights.exported' AND position($1 IN "
            "convert_from(body, 'UTF8')) > 0",
            made["manifest_digest"],
        )
        assert said == 1, (fatal, "one entry for one archive")
        stored = list((realm.data / "blobs" / "exports" / str(job.id)).iterdir())
        assert len(stored) == 1, fatal
        assert (await person.delete(f"/me/exports/{job.id}")).status_code == 204
        if steps is not None:
            break
        fatal += stride
    assert fatal > 20, "there are steps to die at"


async def test_a_cancelled_export_ends(realm: RunningRealm, web: Web, sign_up: Any) -> None:
    person = await sign_up()
    job = await web.begin_export(person)
    assert await work(realm, jobs.EXPORT, job, 9) is None
    assert (await person.get(f"/me/exports/{job.id}")).json()["state"] == "running"
    assert (await person.delete(f"/me/exports/{job.id}")).status_code == 204
    assert await work(realm, jobs.EXPORT, job, 0) is not None
    assert (await person.get(f"/me/exports/{job.id}")).json()["state"] == "cancelled"
    assert not (realm.data / "blobs" / "exports" / str(job.id)).exists()


# --- import ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stride", STRIDES)
async def test_import(
    realm: RunningRealm, web: Web, admin: Any, sign_up: Any, video: Path, stride: int
) -> None:
    author, known = await sign_up(display_name="Somebody"), await sign_up(display_name="Known")
    await author.patch("/me", {"bio": "brought along"})
    assert (await author.put(f"/people/{known.handle}/follow")).status_code == 200
    for caption in ("one #a", "two"):
        await finished(author, (await published(author, video, caption=caption))["id"])
    archive = await archive_of(author)
    fatal = 1
    while True:
        here = await sign_up()
        job = await web.begin_import(here, archive)
        steps = await work(realm, jobs.IMPORT, job, fatal)
        if steps is None:
            assert await work(realm, jobs.IMPORT, job, 0) is not None
        made = (await here.get(f"/me/imports/{job.id}")).json()
        assert made["state"] == "ready", (fatal, made)
        assert made["counts"] == {"clips": 2, "following": 1, "profile": 1}, fatal
        clips = (await here.get("/me/clips?limit=50")).json()["items"]
        assert sorted(clip["caption"] for clip in clips) == ["one #a", "two"], fatal
        assert (await here.get("/me")).json()["bio"] == "brought along"
        assert [p["handle"] for p in (await here.get("/me/following")).json()["items"]] == [known.handle]
        uploads = await admin.fetchval(
            "SELECT count(*) FROM uploads WHERE person_id = $1::text::uuid AND purpose = 'import'", here.id
        )
        assert uploads == 0, (fatal, "the archive does not stay")
        if steps is not None:
            break
        fatal += stride
    assert fatal > 20


async def test_an_import_that_was_refused_stays_refused(
    realm: RunningRealm, web: Web, sign_up: Any, video: Path
) -> None:
    author = await sign_up()
    await finished(author, (await published(author, video, caption="one"))["id"])
    files = contents(await archive_of(author))
    files["account/clips.jsonl"] = b'{"id": 1}\n'
    here = await sign_up()
    job = await web.begin_import(here, packed(signed_again(files)))
    for _ in range(2):
        assert await work(realm, jobs.IMPORT, job, 0) is not None
        made = (await here.get(f"/me/imports/{job.id}")).json()
        assert (made["state"], made["failure"]["code"]) == ("failed", "rights.archive_damaged")


# --- erasure --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stride", STRIDES)
async def test_erasure(realm: RunningRealm, web: Web, admin: Any, sign_up: Any, stride: int) -> None:
    blobs = realm.data / "blobs"
    fatal = 1
    while True:
        person = await sign_up(display_name="Going")
        clip = await put_clip(admin, person.id, "going #going")
        other = await sign_up()
        assert (await other.put(f"/clips/{clip}/like")).status_code == 200
        for folder in ("public", "sealed"):
            (blobs / folder / clip).mkdir(parents=True)
            (blobs / folder / clip / ("a" * 64 + ".mp4")).write_bytes(b"bytes")
        job = await web.begin_erasure(person)
        steps = await work(realm, jobs.ERASE, job, fatal)
        if steps is None:
            assert await work(realm, jobs.ERASE, job, 0) is not None
        assert (await person.get("/me")).status_code == 401, fatal
        for table, column in (("people", "id"), ("clips", "author_id"), ("erasures", "person_id")):
            left = await admin.fetchval(
                f"SELECT count(*) FROM {table} WHERE {column} = $1::text::uuid", person.id
            )
            assert left == 0, (fatal, table)
        assert not list(blobs.rglob(f"*{clip}*")), fatal
        if steps is not None:
            break
        fatal += stride
    assert fatal > 15


async def test_what_the_ledger_has_not_published_is_not_done(
    realm: RunningRealm, web: Web, admin: Any, sign_up: Any
) -> None:
    """An entry that was never committed, or that the sequencer refused: no key is destroyed for it."""
    person = await sign_up()
    ticket = await web.keys.erasure_ticket(person.token, password=PASSWORD)
    await admin.execute(
        "INSERT INTO erasures (person_id, entry_ref) VALUES ($1, $2)", uuid.UUID(person.id), IDS.new()
    )
    job = RightsJob(uuid.UUID(person.id), ticket)
    with pytest.raises(AssertionError, match="RunAgainError"):
        await work(realm, jobs.ERASE, job, 0)
    assert (await person.get("/me")).status_code == 200
    assert await admin.fetchval(
        "SELECT NOT keys_gone FROM erasures WHERE person_id = $1", uuid.UUID(person.id)
    )
    await admin.execute("DELETE FROM erasures WHERE person_id = $1", uuid.UUID(person.id))


def title_of(process: psutil.Process) -> str:
    """What a process calls itself; nothing if it has ended meanwhile."""
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


async def test_while_the_ledger_is_silent_nothing_is_destroyed(realm: RunningRealm, sign_up: Any) -> None:
    """The wish is taken and kept, the account lives, and once the log goes on the erasure is done."""
    [sequencer] = [
        child
        for child in psutil.Process(realm.process.pid).children(recursive=True)
        if "reelm: sequencer" in title_of(child)
    ]
    person = await sign_up()
    sequencer.suspend()
    try:
        wish = {"handle": person.handle, "password": PASSWORD}
        answer = await person.post("/me/erasure", wish)
        assert answer.status_code == 202, answer.text
        assert answer.json() == {"entry_index": None, "receipt": None}
        assert (await person.get("/me")).status_code == 200, "no published checkpoint, no erasure"
    finally:
        sequencer.resume()

    async def gone() -> bool:
        return (await person.get("/me")).status_code == 401

    await eventually(gone, seconds=90)
