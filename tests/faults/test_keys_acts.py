"""The keys process killed with -9 while it signs the log's checkpoints, turns its epoch, and erases people."""

import asyncio
import contextlib
import hashlib
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from tests.faults.test_keys import CLOCK, IDS, PASSWORD, Child, child  # noqa: F401 - a fixture

from reelm.custody.epochs import epoch_of, open_snapshot
from reelm.custody.errors import CheckpointRefusedError, EpochGoneError, KeysUnavailableError
from reelm.custody.keystore import Keystore
from reelm.custody.service import KeysClient
from reelm_audit.tlog.checkpoint import Checkpoint
from reelm_audit.tlog.note import Verifier, open_note

ORIGIN = "reelm.example/ledger"
ROUNDS = 8


def _text(size: int, branch: str) -> str:
    return Checkpoint(ORIGIN, size, hashlib.sha256(f"{branch} {size}".encode()).digest()).text()


async def _until_killed(
    child: Child,  # noqa: F811
    work: Coroutine[Any, Any, None],
    after_seconds: float,
    begun: Callable[[], bool] = lambda: True,
) -> None:
    """Let it work until `begun`, and that much longer; then kill."""
    task = asyncio.create_task(work)
    while not begun():  # noqa: ASYNC110 - what it waits for is another process's answer
        await asyncio.sleep(0.001)
    await asyncio.sleep(after_seconds)
    child.kill()
    with contextlib.suppress(KeysUnavailableError):
        await task


async def test_no_two_checkpoints_of_one_size_are_signed(child: Child) -> None:  # noqa: F811
    """Two sequencers that fight, and a keys process that dies in between: of each size one root has a signature."""
    signed: dict[int, set[str]] = {}

    async def sign_on(client: KeysClient, branch: str) -> None:
        while True:
            size = max(signed, default=0) + 1  # the same for all three, until one of them has it
            text = _text(size, branch)
            with contextlib.suppress(CheckpointRefusedError):
                line = await client.sign_checkpoint(text)
                signed.setdefault(size, set()).add(text)
                open_note(f"{text}\n{line}", [key])

    for round_number in range(ROUNDS):
        await child.start()
        clients = [KeysClient(child.address, CLOCK, caller="sequencer", patience_seconds=0) for _ in range(3)]
        key = Verifier.from_vkey(await clients[0].log_vkey(ORIGIN))
        before = len(signed)
        tasks = [
            asyncio.create_task(sign_on(client, branch))
            for client, branch in zip(clients, "abc", strict=True)
        ]
        while len(signed) < before + 5:  # noqa: ASYNC110 - it looks at many tasks
            await asyncio.sleep(0.001 * (round_number + 1))
        child.kill()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            assert isinstance(outcome, KeysUnavailableError)
        for client in clients:
            await client.close()
    assert all(len(texts) == 1 for texts in signed.values())

    # What was answered stands; whatever else is asked of those sizes is refused, for ever.
    await child.start()
    client = KeysClient(child.address, CLOCK, caller="sequencer")
    last = max(signed)
    for other in ("a", "b", "c"):
        text = _text(last, other)
        if text not in signed[last]:
            with pytest.raises(CheckpointRefusedError):
                await client.sign_checkpoint(text)
    with pytest.raises(CheckpointRefusedError):
        await client.sign_checkpoint(_text(last - 1, "a"))
    await client.close()


async def test_what_was_recorded_and_not_answered_is_signed_when_asked_again(child: Child) -> None:  # noqa: F811
    """The moment in between, made by hand: the store has the head, nobody has the signature."""
    await child.start()
    client = KeysClient(child.address, CLOCK, caller="sequencer")
    key = Verifier.from_vkey(await client.log_vkey(ORIGIN))
    child.kill()
    from reelm.custody.marks import LogHead

    store = await asyncio.to_thread(Keystore, child.folder / "keys")
    wanted = Checkpoint(ORIGIN, 7, bytes(range(32)))
    assert store.advance_log_head(LogHead(ORIGIN, 7, wanted.root))
    store.close()
    await child.start()
    with pytest.raises(CheckpointRefusedError):
        await client.sign_checkpoint(_text(7, "another"))
    line = await client.sign_checkpoint(wanted.text())
    open_note(f"{wanted.text()}\n{line}", [key])
    await client.close()


async def test_a_kill_while_the_epoch_turns_leaves_one_epoch_that_opens(child: Child) -> None:  # noqa: F811
    turned = 0
    for round_number in range(ROUNDS):
        await child.start()
        client = KeysClient(child.address, CLOCK, caller="cli", patience_seconds=0)
        person_id = IDS.new()
        await client.enrol(person_id, password=PASSWORD)
        before = await client.snapshot()
        begun: list[int] = []

        async def turn_on(client: KeysClient = client, begun: list[int] = begun) -> None:
            while True:
                begun.append(await client.turn_epoch())

        # In every other round at least one turn is done; on a busy machine the rest may all be killed before that.
        waits = round_number % 2 == 1
        await _until_killed(
            child,
            turn_on(),
            0.004 * (round_number + 1),
            lambda begun=begun, waits=waits: bool(begun) or not waits,
        )
        await client.close()
        turned += len(begun)
        await child.start()
        client = KeysClient(child.address, CLOCK, caller="cli")
        after = await client.snapshot()
        child.kill()
        await client.close()
        keys = child.folder / "keys"
        names = sorted(path.name for path in (keys / "epoch").iterdir())
        number = epoch_of(after)
        assert names == [f"{number}.key", f"{number}.snapshot"]
        assert number >= max(begun, default=0)
        assert await asyncio.to_thread(_opens, keys, after, child.folder / f"after {round_number}")
        still = await asyncio.to_thread(_opens, keys, before, child.folder / f"before {round_number}")
        assert still == (epoch_of(before) == number)
    assert turned


def _opens(keys: Path, sealed: bytes, target: Path) -> bool:
    try:
        open_snapshot(keys, sealed, target)
    except EpochGoneError:
        return False
    store = Keystore(target)
    whole = all(store.find_person(person) is not None for person in store.list_people())
    store.close()
    return whole


async def test_a_kill_during_erasures_leaves_each_person_whole_or_gone(child: Child) -> None:  # noqa: F811
    await child.start()
    web = KeysClient(child.address, CLOCK)
    tickets = {}
    for _ in range(24):
        person_id = IDS.new()
        await web.enrol(person_id, password=PASSWORD)
        token = (await web.sign_in(person_id, PASSWORD, "x")).token
        tickets[person_id] = await web.erasure_ticket(token, password=PASSWORD)
    await web.close()
    gone: set[Any] = set()
    waiting = list(tickets)
    for round_number in range(6):
        worker = KeysClient(child.address, CLOCK, caller="worker", patience_seconds=0)

        async def erase_on(worker: KeysClient = worker) -> None:
            while waiting:
                await worker.erase_by_job(tickets[waiting[0]])
                gone.add(waiting.pop(0))

        await _until_killed(child, erase_on(), 0.006 * (round_number + 1))
        await worker.close()
        store = await asyncio.to_thread(Keystore, child.folder / "keys")
        there = set(store.list_people())
        for person_id in there:
            assert store.find_person(person_id) is not None
            assert store.find_ledger_key(person_id) is not None
        store.close()
        assert not gone & there
        assert len(there) >= len(waiting) - 1
        await child.start()
    worker = KeysClient(child.address, CLOCK, caller="worker")
    for ticket in tickets.values():
        await worker.erase_by_job(ticket)
    await worker.close()
    child.kill()
    raw = b"".join(path.read_bytes() for path in (child.folder / "keys").iterdir() if path.is_file())
    assert not [person_id for person_id in tickets if person_id.bytes in raw]
