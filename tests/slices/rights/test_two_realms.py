"""From one realm into another, empty one: the account that arrives equals the one that left."""

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.conftest import Person, RunningRealm, eventually, free_port, sign_up_body, start_realm
from tests.factories.archives import (
    archive_of,
    comparable,
    contents,
    imported,
    json_lines,
    own_clips,
)
from tests.factories.media import plain
from tests.factories.publishing import make_clip

pytestmark = pytest.mark.timeout(3600)
COUNTS = [pytest.param(8, id="8"), pytest.param(200, marks=pytest.mark.full, id="200")]
_AUDIENCES = ("everyone", "followers", "friends", "close_friends", "only_me")


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[RunningRealm]:
    """A second realm, with nobody in it."""
    with tempfile.TemporaryDirectory(prefix="reelm-elsewhere-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        running = start_realm(Path(folder) / "data", free_port(), REELM_LIMIT_FACTOR="1000")
        yield running
        running.stop()


async def _arrival(realm: RunningRealm, client: httpx.AsyncClient) -> Person:
    body = sign_up_body()
    made = await client.post("/api/v1/accounts", json=body)
    session = {"handle": body["handle"], "password": body["password"]}
    signed_in = await client.post("/api/v1/sessions", json=session)
    client.cookies.clear()
    return Person(client, made.json()["id"], body["handle"], signed_in.json()["token"])


async def _all_made(person: Person, count: int) -> list[dict[str, Any]]:
    async def check() -> list[dict[str, Any]] | None:
        clips = await own_clips(person)
        assert not [clip["failure"] for clip in clips if clip["status"] == "failed"]
        done = [clip for clip in clips if clip["media"] and clip["media"]["preview_url"]]
        return clips if len(done) == count else None

    found: list[dict[str, Any]] = await eventually(check, seconds=60 + 12 * count, every=1)
    return found


@pytest.mark.parametrize("count", COUNTS)
async def test_an_account_moves(
    elsewhere: RunningRealm, realm: RunningRealm, sign_up: Any, admin: Any, tmp_path: Path, count: int
) -> None:
    video = await asyncio.to_thread(plain, tmp_path / "clip.mp4", size="90x160", seconds=0.6)
    author = await sign_up(display_name="Who Moves")
    for number in range(count):
        await make_clip(
            author,
            video,
            caption=f"number {number} #moving",
            visibility=_AUDIENCES[number % len(_AUDIENCES)],
            labels={"ai": number % 3 == 0, "paid": number % 5 == 0},
            draft=number % 11 == 10,
            keep_original=number % 4 != 3,
        )
    there = [comparable(clip) for clip in await _all_made(author, count)]
    archive = await archive_of(author, seconds=60 + 2 * count)

    counted = await admin.fetchval("SELECT count(*) FROM clips WHERE author_id = $1::text::uuid", author.id)
    files = await asyncio.to_thread(contents, archive)
    lines = json_lines(files["account/clips.jsonl"])
    assert len(lines) == len(json_lines(files["data/clips.jsonl"])) == counted == count
    assert all(line["video"] in files for line in lines)

    async with httpx.AsyncClient(base_url=elsewhere.url, timeout=60) as client:
        here = await _arrival(elsewhere, client)
        made = await imported(here, archive, seconds=60 + 4 * count)
        assert made["state"] == "ready", made
        assert made["counts"]["clips"] == count
        assert made["origin"] == {
            "realm": made["origin"]["realm"],
            "url": realm.url,
            "handle": author.handle,
            "known": False,
        }
        arrived = [comparable(clip) for clip in await _all_made(here, count)]
        assert arrived == there
        assert (await here.get("/notices")).json()["items"] == []
        # And what arrived can leave again, with the same content.
        again = json_lines(contents(await archive_of(here, seconds=60 + 2 * count))["account/clips.jsonl"])
        kept = ("caption", "tags", "visibility", "draft", "label_ai", "label_paid", "sound_title", "edit")
        assert [{name: line[name] for name in kept} for line in again] == [
            {name: line[name] for name in kept} for line in lines
        ]
