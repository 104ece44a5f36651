"""Entries on their way into a ledger of the test's own: adding, waiting, being refused, being held back."""

import asyncio
import contextlib
import datetime as dt
import uuid
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from structlog.testing import capture_logs
from tests.conftest import eventually
from tests.factories.ledger import CHARTER, OwnLedger, entry, large_entry

from reelm.kit.clock import FixedClock
from reelm.kit.errors import NotFoundError
from reelm.kit.ids import SystemIds
from reelm.kit.listen import Listener
from reelm.ledger import service as services
from reelm.ledger.entries import CharterAdopted
from reelm.ledger.errors import LedgerBusyError, LedgerFatalError, LedgerLateError
from reelm.ledger.repository import WANTED
from reelm.ledger.sequencer import Sequencer
from reelm.ledger.tiles import Growth
from reelm_audit.tlog import policy, proof
from reelm_audit.tlog.checkpoint import Checkpoint, open_checkpoint
from reelm_audit.tlog.cosignature import CosignatureSigner
from reelm_audit.tlog.merkle import leaf_hashes, root_of, verify_consistency


@contextlib.asynccontextmanager
async def kept(own: OwnLedger, **changes: Any) -> AsyncIterator[Sequencer]:
    """A sequencer at work, woken as the process wakes it."""
    sequencer = own.sequencer(**changes)
    await sequencer.start()
    listener = Listener(own.settings.database, "reelm_ledger")
    listener.on(WANTED, lambda _: sequencer.want())
    await listener.start()
    await listener.connected.wait()
    keeping = asyncio.ensure_future(sequencer.run())
    try:
        yield sequencer
        assert not keeping.done(), keeping.exception()
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        await listener.stop()


async def test_an_entry_exists_if_and_only_if_its_transaction_commits(ledger: OwnLedger) -> None:
    service = ledger.service()
    with contextlib.suppress(ZeroDivisionError):
        async with ledger.as_web.transaction() as uow:
            lost = await service.append(uow, entry(1))
            raise ZeroDivisionError
    async with ledger.as_web.transaction() as uow:
        ref = await service.append(uow, entry(2))
        assert await service.find_index(uow, ref) is None
    async with kept(ledger):
        included = await service.included(ref)
        assert included.index == 0
        with pytest.raises(NotFoundError):
            await service.included(lost)
    assert await ledger.bodies() == [entry(2).to_bytes()]
    async with ledger.as_web.transaction() as uow:
        assert await service.find_index(uow, ref) == 0


async def test_waiting_inside_a_transaction_is_a_mistake_that_is_told(ledger: OwnLedger) -> None:
    """Not even a read may be open: whoever waits there holds a connection, and maybe a lock."""
    service = ledger.service()
    async with ledger.as_web.transaction() as uow:
        ref = await service.append(uow, entry(1))
        with pytest.raises(RuntimeError, match="log before do"):
            await service.included(ref)
    untouched = ledger.as_web.begin()  # begun, but nothing was asked through it: no connection is held
    async with kept(ledger):
        assert (await service.included(ref)).index == 0
    await untouched.finish(commit=False)


async def test_nobody_waits_for_ever_and_nobody_holds_a_connection(ledger: OwnLedger) -> None:
    """More wait than there are connections; without a sequencer each is refused in time."""
    service = ledger.service()
    async with ledger.as_web.transaction() as uow:
        refs = await service.append_many(uow, [entry(n) for n in range(30)])
    results = await asyncio.gather(
        *(service.included(ref, timeout_seconds=0.4) for ref in refs), return_exceptions=True
    )
    assert all(isinstance(each, LedgerLateError) for each in results)
    async with kept(ledger):
        found = await asyncio.gather(*(service.included(ref) for ref in refs))
    assert [each.index for each in found] == list(range(30))


async def test_many_writers_while_readers_verify(ledger: OwnLedger) -> None:
    """The hammer: what is proved stays proved, and every published checkpoint is a beginning of the next."""
    writers, each_writes = 8, 40
    release = policy.NO_WITNESSES
    seen: dict[int, Checkpoint] = {}
    over = asyncio.Event()

    async def write(number: int) -> None:
        service = ledger.service()
        for turn in range(each_writes):
            async with ledger.as_web.transaction() as uow:
                made = entry(number * 1000 + turn)
                ref = await service.append(uow, made)
                await service.append_many(uow, [large_entry(number * 1000 + turn)] * (turn % 3))
            if turn % 4 == 0:
                included = await service.included(ref)
                made_proof = proof.parse(included.proof)
                made_proof.verify(made.to_bytes(), release, ledger.key.verifier)
                assert made_proof.index == included.index

    async def read() -> None:
        service = ledger.service()
        while not over.is_set():
            with contextlib.suppress(NotFoundError):
                note = await service.store.get_checkpoint("checkpoint")
                now = open_checkpoint(note, ledger.key.verifier).checkpoint
                assert seen.setdefault(now.size, now) == now
                before = seen[max((size for size in seen if size <= now.size), default=now.size)]
                for old in (before, min(seen.values(), key=lambda each: each.size)):
                    hashes = await service._prover.consistency(old.size, now.size, now.root)
                    verify_consistency(old.size, old.root, now.size, now.root, hashes)
                index = now.size // 2
                body = await service.entry(index)
                hashes = await service._prover.inclusion(index, now.size, now.root)
                made = proof.TlogProof(index, tuple(hashes), note)
                made.verify(body, release, ledger.key.verifier)
            await asyncio.sleep(0.01)

    async with kept(ledger):
        readers = [asyncio.ensure_future(read()) for _ in range(2)]
        await asyncio.gather(*(write(number) for number in range(writers)))

        async def caught_up() -> bool:
            head = await ledger.head()
            return bool(head.public_size == len(await ledger.bodies()) and not await _waiting(ledger))

        await eventually(caught_up)
        over.set()
        await asyncio.gather(*readers)
    bodies = await ledger.bodies()
    expected = sum(1 + turn % 3 for turn in range(each_writes)) * writers
    assert len(bodies) == expected
    assert len(seen) > 3
    for size, checkpoint in seen.items():
        assert root_of(leaf_hashes(bodies[:size])) == checkpoint.root


async def _waiting(own: OwnLedger) -> int:
    async with own.as_web.transaction() as uow:
        return int(await uow.fetch_value("SELECT count(*) FROM ledger_entries WHERE leaf_index IS NULL"))


async def test_what_is_no_entry_is_refused_and_the_rest_goes_on(ledger: OwnLedger) -> None:
    """A shell in the web role may add rows; what is malformed, or not in its one spelling, is never published."""
    good = entry(1).to_bytes()
    bad = {
        b"not json": "rights.erased",
        b'{"kind":"rights.erased"}': "rights.erased",
        b'{"kind":"unheard.of","at":"2026-11-22T08:00Z"}': "unheard.of",
        good.replace(b'"at"', b' "at"'): "rights.erased",
        good.replace(b"}", b',"name":"Alice"}'): "rights.erased",
        good.replace(b"2026-11-02T08:00Z", b"2026-99-99T08:00Z"): "rights.erased",
        entry(5).to_bytes(): "rights.exported",
    }
    refs = []
    async with ledger.as_web.transaction() as uow:
        for body, kind in bad.items():
            refs.append(uuid.uuid4())
            await uow.execute(
                "INSERT INTO ledger_entries (ref, kind, body) VALUES ($1, $2, $3)", refs[-1], kind, body
            )
        ref = await ledger.service().append(uow, entry(2))
    async with kept(ledger):
        assert (await ledger.service().included(ref)).index == 0
        for each in refs:
            with pytest.raises(NotFoundError):
                await ledger.service().included(each)
    assert await ledger.bodies() == [entry(2).to_bytes()]


async def test_each_role_does_its_part_and_no_more(ledger: OwnLedger) -> None:
    """Adding is everybody's who serves; order and head are the sequencer's; what has its place nobody changes."""
    await ledger.append([1])
    sequencer = ledger.sequencer()
    await sequencer.start()
    assert await sequencer.turn() == 1
    body = entry(3).to_bytes()
    attempts: dict[str, list[str]] = {
        "reelm_web": [
            "UPDATE ledger_entries SET leaf_index = 7",
            "DELETE FROM ledger_entries",
            "UPDATE ledger_head SET size = 0",
            "INSERT INTO ledger_entries (ref, kind, body, leaf_index) VALUES (gen_random_uuid(), 'rights.erased', '\\x7b7d', 5)",
            "INSERT INTO ledger_entries (ref, kind, body) VALUES (gen_random_uuid(), 'charter.adopted', '\\x7b7d')",
            "INSERT INTO ledger_entries (ref, kind, body) VALUES (gen_random_uuid(), 'keys.released', '\\x7b7d')",
            "INSERT INTO ledger_entries (ref, kind, body) VALUES (gen_random_uuid(), 'feed.receipts', '\\x7b7d')",
            "INSERT INTO ledger_counts VALUES ('2026-11-22', 'grant.used', 5)",
        ],
        "reelm_worker": [
            "INSERT INTO ledger_entries (ref, kind, body) VALUES (gen_random_uuid(), 'release.deployed', '\\x7b7d')",
            "UPDATE ledger_witnesses SET problem = NULL",
        ],
        "reelm_keys": [
            "INSERT INTO ledger_entries (ref, kind, body) VALUES (gen_random_uuid(), 'grant.used', '\\x7b7d')",
            "UPDATE ledger_entries SET refused = 'x'",
        ],
        "reelm_indexer": [
            "INSERT INTO ledger_entries (ref, kind, body) VALUES (gen_random_uuid(), 'grant.used', '\\x7b7d')",
            "UPDATE ledger_entries SET refused = 'x'",
        ],
        "reelm_catalog": ["SELECT body FROM ledger_entries", "SELECT * FROM ledger_head"],
        "reelm_ledger": ["DELETE FROM ledger_entries", "UPDATE ledger_entries SET body = '\\x7b7d'"],
    }
    for role, statements in attempts.items():
        shell = await asyncpg.connect(**ledger.settings.database.connection(role))  # type: ignore[arg-type]
        for statement in statements:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await shell.execute(statement)
        await shell.close()
    shell = await asyncpg.connect(**ledger.settings.database.connection("reelm_ledger"))
    assert await shell.execute("UPDATE ledger_entries SET leaf_index = NULL") == "UPDATE 0"
    assert await shell.execute("UPDATE ledger_entries SET refused = 'no'") == "UPDATE 0"
    await shell.close()
    keys = await asyncpg.connect(**ledger.settings.database.connection("reelm_keys"))
    await keys.execute(
        "INSERT INTO ledger_entries (ref, kind, body) VALUES (gen_random_uuid(), 'keys.released', $1)", body
    )
    await keys.close()


async def test_order_is_that_of_adding_within_a_transaction_and_nobody_late_is_left_out(
    ledger: OwnLedger,
) -> None:
    """A transaction that began first and ends last comes last, and is not passed over."""
    service = ledger.service()
    early = ledger.as_web.begin()
    await service.append_many(early, [entry(n) for n in range(5)])
    await ledger.append(range(100, 103))
    sequencer = ledger.sequencer()
    await sequencer.start()
    assert await sequencer.turn() == 3
    await early.finish(commit=True)
    assert await sequencer.turn() == 5
    assert await ledger.bodies() == [entry(n).to_bytes() for n in (100, 101, 102, 0, 1, 2, 3, 4)]


async def test_a_charter_goes_before_all_that_waits(ledger: OwnLedger) -> None:
    """What starts beside the sequencer may name the new charter before its adoption was written down."""
    await ledger.append(range(3))
    adopted = CharterAdopted(
        at="2026-11-22T08:00Z",
        charter=CHARTER,
        version=1,
        keyholders=[],
        threshold=1,
        release_policy="quorum none\n",
        public_policy="quorum none\n",
        approver_residency="",
        emergency=True,
        signatures=[],
    )
    async with ledger.database.transaction() as uow:
        await ledger.service(database=ledger.database).append(uow, adopted)
    sequencer = ledger.sequencer()
    await sequencer.start()
    assert await sequencer.turn() == 4
    assert await ledger.bodies() == [adopted.to_bytes(), *(entry(n).to_bytes() for n in range(3))]


async def test_a_long_queue_holds_new_entries_back(
    ledger: OwnLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "WAITING_LIMIT", 20)
    clock = FixedClock(dt.datetime(2026, 11, 22, tzinfo=dt.UTC))
    service = services.LedgerService(ledger.as_web, ledger.blobs, clock, SystemIds(clock))
    async with ledger.as_web.transaction() as uow:
        await service.append_many(uow, [entry(n) for n in range(20)])
    clock.advance(dt.timedelta(seconds=6))
    with pytest.raises(LedgerBusyError) as busy:
        async with ledger.as_web.transaction() as uow:
            await service.append(uow, entry(99))
    assert busy.value.retry_after_seconds
    sequencer = ledger.sequencer()
    await sequencer.start()
    await sequencer.turn()
    clock.advance(dt.timedelta(seconds=6))
    async with ledger.as_web.transaction() as uow:
        await service.append(uow, entry(99))


async def test_a_clock_that_steps_back_changes_nothing(ledger: OwnLedger) -> None:
    clock = FixedClock(dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC))
    sequencer = ledger.sequencer(clock=clock)
    await sequencer.start()
    assert sequencer.publisher
    for number in range(6):
        await ledger.append(range(number * 10, number * 10 + 10))
        assert await sequencer.turn() == 10
        assert await sequencer.publisher._publish_release()
        clock.advance(dt.timedelta(hours=-5))
    head = await ledger.head()
    assert (head.size, head.release_size, head.public_size) == (60, 60, 60)
    again = ledger.sequencer(clock=clock)
    await again.start()
    assert await ledger.bodies() == [entry(n).to_bytes() for n in range(60)]


async def test_a_lost_quorum_is_an_alarm_after_a_minute_and_again_every_minute(ledger: OwnLedger) -> None:
    clock = FixedClock(dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC))
    key = CosignatureSigner("w.test", b"w" * 32)
    policy_text = f"witness w {key.vkey} http://127.0.0.1:9\nquorum w\n"
    sequencer = ledger.sequencer(policy_text, clock=clock)
    await sequencer.start()
    await ledger.append([1])
    await sequencer.turn()
    publisher = sequencer.publisher
    assert publisher
    publisher.want()
    assert not await publisher._publish_release()
    alarms: list[int] = []
    with capture_logs() as logs:
        for _ in range(15):
            publisher._sound_alarm()
            alarms.append(sum(each["event"] == "ledger.quorum_lost" for each in logs))
            clock.advance(dt.timedelta(seconds=10))
    assert alarms == [0] * 6 + [1] * 6 + [2] * 3
    assert logs[0]["log_level"] == "error"
    assert "w" in logs[0]["witnesses"]


async def test_a_signature_that_does_not_verify_stops_the_ledger(ledger: OwnLedger) -> None:
    class Forger(type(ledger.key)):  # type: ignore[misc]
        async def sign_checkpoint(self, text: str) -> str:
            line: str = await super().sign_checkpoint(text.replace("\n1\n", "\n2\n"))
            return line

    sequencer = ledger.sequencer(signer=Forger(ledger.folder / "log.key"))
    await sequencer.start()
    await ledger.append([1])
    await sequencer.turn()
    assert sequencer.publisher
    with pytest.raises(LedgerFatalError, match="own signature") as stopped:
        await sequencer.publisher._publish_release()
    await sequencer.stop_for(stopped.value)
    state = await ledger.service().state()
    assert state.state == "stopped"
    assert "own signature" in str(state.problem)
    with pytest.raises(LedgerFatalError, match="own signature"):
        await ledger.sequencer().start()
    resumed = await ledger.sequencer().start(resume=True)
    assert resumed.problem is None


async def test_growing_in_any_steps_makes_the_same_tiles(ledger: OwnLedger) -> None:
    """One at a time or all at once, and from the tiles again after each step."""
    bodies = [entry(n).to_bytes() for n in range(1100)]
    whole = Growth()
    files = dict(whole.grow(bodies))
    grown, position = Growth(), 0
    store = ledger.service().store
    for step in (1, 2, 250, 3, 256, 1, 255, 300, 32):
        made = grown.grow(bodies[position : position + step])
        position += step
        await store.put_all(made)
        for tile, data in made:
            await store.prune(tile)
            if tile.width == 256:
                assert files[tile] == data
        assert grown.root() == root_of(leaf_hashes(bodies[:position]))
        grown = await Growth.load(store, grown.size, grown.root())
    assert position == 1100
    assert grown.root() == whole.root()
    for tile, data in files.items():
        assert await store.get(tile) == data
