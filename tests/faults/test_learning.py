"""Learning killed at every step: what was in force stays in force, whole, and the next pass makes up for it."""

import asyncio
import datetime as dt
import hashlib
import json
import shutil
import sys
import uuid

import pytest
from tests.conftest import eventually
from tests.factories.clips import put_clip
from tests.factories.watching import put_events, put_people
from tests.faults.learning_child import ANOTHER

from reelm.entrypoints import learning
from reelm.feed.catalog import Catalog
from reelm.feed.learning.job import ChildError, ask
from reelm.feed.learning.learner import read_report
from reelm.feed.learning.matrices import KINDS, Matrices
from reelm.feed.learning.releases import SEED_DIGEST
from reelm.feed.learning.training import state


async def child(realm, act, *tries):
    """Try an act in some folders, each killed at its step (0: never); return how many steps there were."""
    made = await asyncio.create_subprocess_exec(
        *(
            sys.executable,
            "-m",
            "tests.faults.learning_child",
            str(realm.data),
            str(realm.port),
            act,
        ),
        *(f"{feed}:{number}" for feed, number in tries),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, errors = await asyncio.wait_for(made.communicate(), 240)
    assert made.returncode == 0, errors.decode()[-3000:]
    return json.loads(said.splitlines()[-1])


def files_in_force(feed):
    """What a reader gets, to the byte: opening it, and the digests of all it holds."""
    found = Matrices.open(feed / "matrices")
    for kind in KINDS:
        for part in ("indptr", "neighbour", "weight"):
            data = (feed / "matrices" / "current" / f"{kind}.{part}.npy").read_bytes()
            assert hashlib.sha256(data).hexdigest() == found.manifest.kinds[kind].files[part]
    return {kind: found.manifest.kinds[kind].files for kind in KINDS}


@pytest.fixture
async def before(realm, admin, sign_up, tmp_path):
    """A folder with a pass done, and then something new to learn."""
    author = await sign_up()
    clips = [await put_clip(admin, author.id, f"fault number{number}") for number in range(3)]
    people = await put_people(admin, 21)

    async def arrived():
        catalog = Catalog(realm.settings.feed / "catalog")
        catalog.begin()
        return all(catalog.row(uuid.UUID(clip)) >= 0 for clip in clips)

    assert await eventually(arrived)

    async def realm_began():  # with new pseudonyms for everybody, which would end what is begun here
        return read_report(realm.settings.feed).whole_at

    assert await eventually(realm_began, seconds=60)
    now = dt.datetime.now(dt.UTC)
    await put_events(
        admin, [(p, c, "finish", now - dt.timedelta(minutes=9)) for p in people for c in clips[:2]]
    )
    feed = tmp_path / "before"
    (steps,) = await child(realm, "whole", (feed, 0))
    assert steps
    await put_events(admin, [(p, clips[2], "finish", now - dt.timedelta(seconds=30)) for p in people])
    yield feed
    await admin.execute("DELETE FROM people WHERE id = ANY ($1)", people)


@pytest.mark.parametrize("act", ["minutes", "whole"])
async def test_killed_at_any_step_a_pass_leaves_whole_matrices(realm, before, tmp_path, act):
    old = files_in_force(before)
    whole = tmp_path / "whole"
    shutil.copytree(before, whole, symlinks=True)
    (steps,) = await child(realm, act, (whole, 0))
    new = files_in_force(whole)
    assert steps > 20
    assert old != new
    numbers = range(1, steps + 1, 4)
    feeds = [tmp_path / f"killed-{number}" for number in numbers]
    for feed in feeds:
        shutil.copytree(before, feed, symlinks=True)
    assert set(await child(realm, act, *zip(feeds, numbers, strict=True))) == {None}
    found = [files_in_force(feed) for feed in feeds]
    assert all(each in (old, new) for each in found)
    seen = {each == new for each in found}
    await child(realm, act, *((feed, 0) for feed in feeds))
    # The realm is alive: what others did in it meanwhile is learned by a pass that nobody killed, too.
    last = tmp_path / "last"
    shutil.copytree(before, last, symlinks=True)
    await child(realm, act, (last, 0))
    unkilled = (new, files_in_force(last))
    for feed in feeds:
        assert files_in_force(feed) in unkilled
        assert not [*feed.glob("*/.new-*")]
    assert seen == {False, True}


@pytest.mark.parametrize("stride", [7, pytest.param(1, marks=pytest.mark.full)])
async def test_killed_at_any_step_a_change_of_model_is_carried_out_or_never_was(
    realm, client, tmp_path, stride
):
    another = hashlib.sha256(ANOTHER).hexdigest()
    pointer = realm.settings.feed / "models" / "current"

    async def said_last():
        entries = (await client.get("/api/v1/ledger/entries?kind=ranking.changed&limit=1")).json()["items"]
        return entries[0]["entry"]["model"]

    async def in_force():
        return (await client.get("/api/v1/feeds/model")).json()["model"]

    moved, number = [], 1 - stride
    while True:
        number += stride
        await child(realm, "release", (tmp_path, 0))
        assert pointer.readlink().name == await in_force() == await said_last() == another
        (steps,) = await child(realm, "rollback", (tmp_path, number))
        now = pointer.readlink().name
        assert now in {another, SEED_DIGEST}
        if now == SEED_DIGEST:
            assert await said_last() == SEED_DIGEST
        moved.append(now == SEED_DIGEST)
        if steps is not None:
            break
    assert number > 8
    assert moved[0] is False
    assert moved[-1] is True
    assert await in_force() == SEED_DIGEST


async def test_a_child_does_not_outlive_who_asked_and_a_dead_one_is_said(realm, tmp_path):
    settings = realm.settings
    with pytest.raises(ChildError, match="ended with"):
        await ask(
            [sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"],
            "minutes",
            tmp_path,
            settings.database,
        )
    with pytest.raises(ChildError):
        await ask([sys.executable, "-c", "import sys; sys.exit(3)"], "minutes", tmp_path, settings.database)
    # Who asks is gone before the child has read its job: it ends without doing anything.
    asked = asyncio.create_task(ask(learning.COMMAND, "whole", tmp_path / "feed", settings.database))
    await asyncio.sleep(0)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert not (tmp_path / "feed" / "learning" / state.FILE).exists()


def test_a_state_that_is_cut_short_is_no_state(tmp_path):
    (tmp_path / state.FILE).write_bytes(b"PK\x03\x04 half of it")
    assert state.load(tmp_path) is None
