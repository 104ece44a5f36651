"""`reelm border …` at the machine, and the border process itself: one of a realm's parts, restarted when it falls."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

from tests.conftest import RunningRealm, eventually
from tests.factories.border import WORLD, OwnBorder
from tests.slices.border.test_console import add_dead, peer

from reelm.border.constitution import Constitution
from reelm.border.repository_releasing import ReleasingReader
from reelm.border.service import BorderClient, BorderForbiddenError, BorderUnavailableError
from reelm.border.verdicts import table

__all__ = ["peer"]


async def reelm(realm: RunningRealm, *words: str) -> tuple[int, Any]:
    command = [sys.executable, "-m", "reelm", "border", *words, "--data", str(realm.data), "--json"]
    done = await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, json.loads(done.stdout) if done.stdout.startswith("{") else done.stderr


async def test_the_commands_show_and_retry(realm: RunningRealm, admin: Any, peer: str) -> None:
    dead = await add_dead(admin, peer)
    code, shown = await reelm(realm, "show")
    assert code == 0
    (line,) = [each for each in shown["peers"] if each["realm"] == peer]
    assert (line["state"], line["dead"]) == ("paused", 2)
    assert str(dead) in {each["id"] for each in shown["dead"]}
    assert (await reelm(realm, "retry", "nonsense"))[0] == 2
    assert (await reelm(realm, "retry", str(uuid.uuid4())))[0] == 1
    assert await reelm(realm, "retry", str(dead)) == (0, {"retried": 1})
    assert await admin.fetchval("SELECT state FROM crossing_batches WHERE id = $1", dead) == "released"


async def test_a_realm_alone_has_no_policy_and_no_verdict(realm: RunningRealm, peer: str) -> None:
    assert await reelm(realm, "policy", "--peer", peer) == (0, {"policy": "", "verdicts": []})
    assert (await reelm(realm, "policy", "--peer", "nobody"))[0] == 2


async def test_every_verdict_can_be_seen_before_it_matters(border: OwnBorder) -> None:
    async with border.database.transaction() as uow:
        about = await ReleasingReader(uow).find_peer(WORLD)
    rows = table(Constitution(border.settings).now(), about)
    permitted = {(row.act, row.data_class, row.purpose) for row in rows if row.policy}
    assert ("Create", "public", "publish") in permitted
    assert ("Follow", "social", "interact") in permitted
    assert {each[1] for each in permitted} == {"public", "social"}
    assert not {
        each for each in permitted if each[1] == "social" and each[0] in {"Create", "Announce", "Move"}
    }


def _border_of(realm: RunningRealm) -> int | None:
    """The pid of the realm's border process."""
    for child in Path(f"/proc/{realm.process.pid}/task/{realm.process.pid}/children").read_text().split():
        title = Path(f"/proc/{child}/cmdline").read_bytes()
        if title.startswith(b"reelm: border"):
            return int(child)
    return None


async def test_a_border_that_falls_is_started_again(realm: RunningRealm, admin: Any) -> None:
    first = _border_of(realm)
    assert first is not None
    os.kill(first, signal.SIGKILL)

    async def back() -> bool:
        now = _border_of(realm)
        return now not in {None, first} and await answers(realm)

    await eventually(back)


async def answers(realm: RunningRealm) -> bool:
    """Whether the border refuses, as it should, to ask somebody whom no charter names."""
    client = BorderClient.of(realm.settings, "sequencer")
    try:
        await client.control("GET", "http://127.0.0.1:9/")
    except BorderForbiddenError:
        return True
    except BorderUnavailableError:
        return False
    return False


async def test_the_border_holds_little_and_knows_nobody(realm: RunningRealm) -> None:
    """Idle it is small, since Cedar is loaded when something is to be decided; and no other part's secret is in it."""
    await eventually(lambda: answers(realm))
    pid = _border_of(realm)
    mapped = await asyncio.to_thread(Path(f"/proc/{pid}/maps").read_text)
    assert "cedarpy" not in mapped
    assert "lightgbm" not in mapped
    environment = await asyncio.to_thread(Path(f"/proc/{pid}/environ").read_bytes)
    for name in ("web", "worker", "keys", "admin"):
        secret = await asyncio.to_thread((realm.data / "secrets" / name).read_bytes)
        assert secret not in environment
