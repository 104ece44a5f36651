"""Pages that a running realm served are checked by an outsider: again from the receipt, the ledger and the snapshots.

It has a realm of its own, so that its ledger can be copied whole.
"""

import asyncio
import datetime as dt
import json
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from tests.conftest import Person, RunningRealm, eventually, free_port, sign_up_body, start_realm
from tests.factories.clips import put_clip

from reelm_audit.cli import main
from reelm_audit.feed import files, layout
from reelm_audit.feed.files import FeedFile

CLIPS = 100
LIMIT = 8


@pytest.fixture(scope="module")
def own() -> Iterator[RunningRealm]:
    folder = Path(tempfile.mkdtemp(prefix="reelm-test-"))
    folder.chmod(0o755)
    running = start_realm(folder / "data", free_port(), REELM_LIMIT_FACTOR="1000")
    yield running
    running.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
async def http(own: RunningRealm) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=own.url, timeout=60) as made:
        yield made


async def join(http: httpx.AsyncClient) -> Person:
    body = sign_up_body()
    made = (await http.post("/api/v1/accounts", json=body)).raise_for_status()
    credentials = {"handle": body["handle"], "password": body["password"]}
    session = (await http.post("/api/v1/sessions", json=credentials)).raise_for_status()
    http.cookies.clear()
    return Person(http, made.json()["id"], body["handle"], session.json()["token"])


async def publish(own: RunningRealm, http: httpx.AsyncClient) -> None:
    """Put clips of several people there."""
    people = [await join(http) for _ in range(4)]
    admin = await asyncpg.connect(**own.settings.database.connection("reelm_admin"))
    try:
        for number in range(CLIPS):
            await put_clip(admin, people[number % 4].id, f"clip {number} #tag{number % 3}")
    finally:
        await admin.close()


async def served(viewer: Person, http: httpx.AsyncClient) -> list[dict[str, Any]]:
    """Watch two pages, liking every other clip in between."""

    async def there() -> Any:
        page = (await viewer.get(f"/feeds/for-you?limit={LIMIT}")).json()
        return page if len(page["items"]) == LIMIT else None

    first = await eventually(there)
    now = dt.datetime.now(dt.UTC).isoformat()
    events = [
        {"id": str(uuid.uuid4()), "clip_id": item["id"], "kind": "finish" if n % 2 else "skip", "at": now}
        for n, item in enumerate(first["items"])
    ]
    assert (await viewer.post("/events", {"events": events})).status_code == 202
    second = (await viewer.get(f"/feeds/for-you?limit={LIMIT}&cursor={first['next_cursor']}")).json()
    return [first, second]


async def kept(viewer: Person, page: dict[str, Any]) -> FeedFile:
    """The file of a page, once it is in the ledger."""

    async def whole() -> Any:
        answer = await viewer.get(f"/feeds/receipts/{page['receipt']['id']}/file")
        file = files.parse(answer.content) if answer.status_code == 200 else None
        return file if file and file.entry and file.certificate else None

    file: FeedFile = await eventually(whole, seconds=60)
    return file


def judged(path: Path, file: FeedFile, capsys: Any, *options: object) -> tuple[int, dict[str, Any]]:
    path.write_text(file.text())
    code = main(["receipt", str(path), *map(str, options), "--json"])
    return code, json.loads(capsys.readouterr().out)


def bit(at: int) -> Callable[[FeedFile], FeedFile]:
    def change(file: FeedFile) -> FeedFile:
        data = bytearray(file.receipt)
        data[at] ^= 1
        return replace(file, receipt=bytes(data))

    return change


def remade(**fields: Callable[[layout.Receipt], object]) -> Callable[[FeedFile], FeedFile]:
    def change(file: FeedFile) -> FeedFile:
        receipt = layout.decode(file.receipt)
        changed = layout.changed(receipt, **{name: make(receipt) for name, make in fields.items()})
        return replace(file, receipt=layout.encode(changed))

    return change


async def test_pages_of_a_running_realm_hold_and_tampered_ones_do_not(
    own: RunningRealm, http: httpx.AsyncClient, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await publish(own, http)
    viewer = await join(http)
    pages = await served(viewer, http)
    first, second = [await kept(viewer, page) for page in pages]
    for file, page in zip((first, second), pages, strict=True):
        assert [str(uuid.UUID(bytes=clip)) for clip in file.shown] == [item["id"] for item in page["items"]]
    mirror = tmp_path / "mirror"
    watched = await asyncio.to_thread(main, ["watch", own.url, "--mirror", str(mirror), "--json"])
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert {each["severity"] for each in findings} <= {"notice"}, findings
    assert watched == 0

    snapshots = tmp_path / "snapshots"
    shutil.copytree(own.settings.feed / "snapshots", snapshots)
    if (own.settings.feed / "matrices").exists():
        shutil.copytree(own.settings.feed / "matrices", snapshots / "matrices")
    path = tmp_path / "page"
    for file in (first, second):
        code, said = await asyncio.to_thread(judged, path, file, capsys, "--mirror", mirror)
        assert (code, said["findings"], said["replayed"]) == (0, [], True)
        code, said = await asyncio.to_thread(judged, path, file, capsys, "--from", own.url)
        assert (code, said["findings"], said["replayed"]) == (0, [], True)
        code, said = await asyncio.to_thread(
            judged, path, file, capsys, "--mirror", mirror, "--snapshots", snapshots
        )
        left = {each["code"] for each in said["findings"]}
        assert left <= {"feed.only-the-viewer", "feed.snapshot-missing"}, said
        assert said["retrieved"]["checked"] > 0
    vkey = json.loads((mirror / "mirror.json").read_text())["vkey"]
    code, said = await asyncio.to_thread(judged, path, first, capsys, "--from", own.url, "--vkey", vkey)
    assert code == 0

    for change, expected in (
        (lambda file: replace(file, shown=second.shown), "feed.page-differs"),
        (lambda file: replace(file, receipt=second.receipt), "feed.page-differs"),
        (lambda file: replace(file, key=bytes(32)), "feed.leaf-differs"),
        (lambda file: replace(file, promise=second.promise), "feed.leaf-differs"),
        (lambda file: replace(file, inclusion=None, entry=None, made=2**31), "feed.never-logged"),
        (lambda file: replace(file, receipt=file.receipt[:-1]), "feed.malformed"),
        (bit(250 + 9), "feed.score-differs"),
        (remade(rest=lambda r: r.rest[1:]), "feed.leaf-differs"),
        (remade(chosen=lambda r: (r.chosen[1], r.chosen[0], *r.chosen[2:])), "feed.order-differs"),
        (remade(visit=lambda r: bytes(16)), "feed.leaf-differs"),
        (remade(policy=lambda r: bytes(32)), "feed.policy-other"),
    ):
        code, said = await asyncio.to_thread(judged, path, change(first), capsys, "--mirror", mirror)
        found = {each["code"] for each in said["findings"]}
        assert code == 1
        assert expected in found, (expected, found)
