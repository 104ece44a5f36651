"""The way out, killed at each of its steps: nothing is lost, nothing goes twice, nothing goes before its entry."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.conftest import eventually
from tests.factories.border import IDS, OwnBorder, note, own_border
from tests.factories.ledger import OwnLedger

REPOSITORY = Path(__file__).parents[2]
STEPS = ("claimed", "recording", "recorded", "included", "released", "sent", "delivered")


@pytest.fixture
async def border(ledger: OwnLedger) -> AsyncIterator[OwnBorder]:
    async with own_border(ledger) as made:
        yield made


async def die(border: OwnBorder, step: str) -> None:
    """Let a border die at a step."""
    about = border.settings.database
    order = {
        "settings": {
            "host": about.host,
            "port": about.port,
            "name": about.name,
            "passwords": {"reelm_border": about.passwords["reelm_border"]},
        },
        "folder": str(border.settings.data),
        "step": step,
    }
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "tests.faults.border_child"],
        cwd=REPOSITORY,
        input=json.dumps(order) + "\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr


async def settled(border: OwnBorder) -> bool:
    return set(await border.states()) == {"delivered", "refused"}


@pytest.mark.parametrize("step", STEPS)
async def test_killed_at_a_step_it_goes_on_where_it_was(border: OwnBorder, step: str) -> None:
    asked = [await border.ask(note(border.person)) for _ in range(5)]
    await border.ask(note(border.person, email="ada@example.net"))
    async with border.kept():
        await die(border, step)
        before = set(border.peer.roots)
        async with border.released():
            await eventually(lambda: settled(border))
    assert border.peer.too_early == []
    assert [each["id"] for each in border.peer.objects] == [f"{IDS}/acts/{each}" for each in asked]
    crossed = await border.entries("border.crossed")
    assert sorted(each["batch"] for each in crossed) == sorted(border.peer.roots)
    assert before <= set(border.peer.roots)
    # What is sent again is the same delivery: the peer knows its root and takes nothing twice.
    assert len(border.peer.heard) == len(border.peer.roots) + (step == "sent")
    counted = await border.admin.fetch("SELECT kind, sum(objects) AS n FROM border_counts GROUP BY kind")
    assert {row["kind"]: row["n"] for row in counted} == {"crossing": 5, "refused": 1}
    refused = await border.admin.fetchval("SELECT sum(count) FROM border_refusals")
    assert refused == 1


async def test_a_peer_that_takes_it_and_never_answers_is_sent_the_same_again(border: OwnBorder) -> None:
    """The border can't know whether a delivery came: it asks again by the same root until it is told."""
    asked = await border.ask(note(border.person))
    async with border.kept():
        await die(border, "sent")
        await die(border, "sent")
        async with border.released():
            await eventually(lambda: settled_all(border))
    assert len(border.peer.heard) == 3
    assert len(set(border.peer.heard)) == 1
    assert [each["id"] for each in border.peer.objects] == [f"{IDS}/acts/{asked}"]


async def settled_all(border: OwnBorder) -> bool:
    return set(await border.states()) == {"delivered"}
