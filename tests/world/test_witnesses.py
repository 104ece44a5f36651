"""Two witnesses of others beside a ledger: agreeing, silent, slow, lying, and holding what this ledger never published.

Good witnesses are real processes of `reelm-audit witness serve`; bad ones answer by hand.
"""

import asyncio
import contextlib
import datetime as dt
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import eventually
from tests.factories.ledger import ORIGIN, OwnLedger, entry
from tests.factories.witnesses import Handle, HandMadeWitness, RealWitness, both, policy_of

from reelm.kit.database import Database
from reelm.kit.listen import Listener
from reelm.ledger.errors import LedgerFatalError, LedgerLateError
from reelm.ledger.repository import WANTED
from reelm.ledger.sequencer import Sequencer
from reelm.ledger.service import read_state
from reelm.ledger.tiles import PUBLIC
from reelm_audit.tlog import policy, proof
from reelm_audit.tlog.checkpoint import Checkpoint
from reelm_audit.tlog.cosignature import CosignatureSigner
from reelm_audit.tlog.merkle import EMPTY_ROOT
from reelm_audit.tlog.witness import parse_request


@pytest.fixture
def witnesses(ledger: OwnLedger, tmp_path: Path) -> Iterator[list[RealWitness]]:
    """Two, who know the ledger's key."""
    made = [
        RealWitness(tmp_path / f"w{number}", f"witness{number}.test", ledger.key.verifier.vkey)
        for number in (1, 2)
    ]
    yield made
    for each in made:
        each.stop()


@contextlib.asynccontextmanager
async def kept(own: OwnLedger, *policies: str, **changes: Any) -> Any:
    """A sequencer at work, woken as the process wakes it."""
    sequencer: Sequencer = own.sequencer(*policies, **changes)
    await sequencer.start()
    listener = Listener(own.settings.database, "reelm_ledger")
    listener.on(WANTED, lambda _: sequencer.want())
    await listener.start()
    await listener.connected.wait()
    keeping = asyncio.ensure_future(sequencer.run())
    try:
        yield keeping
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        await listener.stop()


async def _appended(own: OwnLedger, number: int) -> Any:
    async with own.as_web.transaction() as uow:
        return await own.service().append(uow, entry(number))


def _proved(own: OwnLedger, text: str, body: bytes, release: str) -> dict[str, int]:
    made = proof.parse(text)
    return made.verify(body, policy.parse(release), own.key.verifier).witnesses


async def test_both_witnesses_cosign_what_somebody_waits_for(
    ledger: OwnLedger, witnesses: list[RealWitness]
) -> None:
    release = both(witnesses)
    async with kept(ledger, release):
        for number in range(5):
            ref = await _appended(ledger, number)
            included = await ledger.service().included(ref)
            assert included.index == number
            signed_by = _proved(ledger, included.proof, entry(number).to_bytes(), release)
            assert set(signed_by) == {"witness1.test", "witness2.test"}
        state = await ledger.service().state()
    assert state.state == "witnessed"
    assert sorted(state.cosigned_by) == ["witness1.test", "witness2.test"]
    assert [(each.problem, each.policies) for each in state.witnesses] == [(None, ["release", "public"])] * 2


async def test_a_quorum_that_is_lost_holds_releases_back_and_is_found_again(
    ledger: OwnLedger, witnesses: list[RealWitness]
) -> None:
    """A killed witness: what waits is refused in time, and goes through when the witness is back."""
    release = both(witnesses)
    async with kept(ledger, release):
        first = await _appended(ledger, 0)
        await ledger.service().included(first)
        gone = witnesses[1]
        port = gone.port
        gone.process.kill()
        gone.process.wait()
        ref = await _appended(ledger, 1)
        with pytest.raises(LedgerLateError) as late:
            await ledger.service().included(ref, timeout_seconds=1.5)
        assert late.value.retry_after_seconds

        async def told() -> bool:
            async with ledger.as_web.transaction() as uow:
                return bool(await uow.fetch_value("SELECT late_since IS NOT NULL FROM ledger_head"))

        await eventually(told)
        for seconds, expected in ((30, "witnessed"), (61, "late")):
            async with ledger.as_web.transaction() as uow:
                later = ledger.clock.now() + dt.timedelta(seconds=seconds)
                assert (await read_state(uow, later)).state == expected
        await ledger.append(range(2, 40))  # the ledger itself goes on
        assert gone.process.stdout
        gone.process.stdout.close()
        gone.start(port)
        included = await ledger.service().included(ref, timeout_seconds=30)
        _proved(ledger, included.proof, entry(1).to_bytes(), release)

        async def mended() -> bool:
            return not await told()

        await eventually(mended)


async def test_a_charter_with_witnesses_does_not_count_what_was_published_without(
    ledger: OwnLedger, witnesses: list[RealWitness]
) -> None:
    """Old entries, too, are proved under the new policy before anything is released by them."""
    async with kept(ledger, "quorum none\n"):
        refs = await ledger.append(range(5))
        await ledger.service().included(refs[-1])
    witnesses[1].stop()
    release = both(witnesses)
    async with kept(ledger, release):
        with pytest.raises(LedgerLateError):
            await ledger.service().included(refs[0], timeout_seconds=0.5)
        assert (await ledger.service().state()).state == "starting"
        witnesses[1].start(witnesses[1].port)
        included = await ledger.service().included(refs[0], timeout_seconds=30)
        _proved(ledger, included.proof, entry(0).to_bytes(), release)

        async def witnessed() -> bool:
            return (await ledger.service().state()).state == "witnessed"

        await eventually(witnessed)


async def test_a_slow_and_a_dead_witness_delay_nobody_where_others_are_enough(
    ledger: OwnLedger, witnesses: list[RealWitness]
) -> None:
    never = threading.Event()
    slow = HandMadeWitness(lambda *_: (never.wait(20), None)[1])
    keys = [CosignatureSigner(f"slow{n}.test", bytes([n]) * 32) for n in (1, 2)]
    release = policy_of(
        (witnesses[0].name, witnesses[0].vkey, witnesses[0].url),
        ("slow", keys[0].vkey, slow.url),
        ("dead", keys[1].vkey, "http://127.0.0.1:9"),
        quorum="1",
    )
    try:
        async with kept(ledger, release):
            loop = asyncio.get_running_loop()
            began = loop.time()
            for number in range(8):
                included = await ledger.service().included(await _appended(ledger, number), timeout_seconds=5)
                assert set(_proved(ledger, included.proof, entry(number).to_bytes(), release)) == {
                    witnesses[0].name
                }
            # Waiting for the slow one even once would take eight seconds.
            assert loop.time() - began < 7
    finally:
        never.set()
        slow.stop()


_SIGNER = CosignatureSigner("liar.test", b"L" * 32)
_OTHER = CosignatureSigner("liar.test", b"O" * 32)


def _cosigned(text: str, signer: CosignatureSigner = _SIGNER) -> bytes:
    return signer.signature_line(text, 1_795_000_000).encode()


def _text(body: bytes) -> str:
    return parse_request(body).note.rpartition("\n\n")[0] + "\n"


LIES: dict[str, Handle] = {
    "another key": lambda _m, _p, body: (200, _cosigned(_text(body), _OTHER)),
    "another size": lambda _m, _p, body: (200, _cosigned(Checkpoint(ORIGIN, 0, EMPTY_ROOT).text())),
    "another log": lambda _m, _p, body: (200, _cosigned(_text(body).replace(ORIGIN, "other.test/ledger"))),
    "no signature": lambda _m, _p, _b: (200, b"thank you\n"),
    "nothing": lambda _m, _p, _b: (200, b""),
    "too much": lambda _m, _p, _b: (200, b"x" * 1_000_000),
    "hangs up": lambda _m, _p, _b: None,
    "trouble": lambda _m, _p, _b: (503, b""),
    "unknown log": lambda _m, _p, _b: (404, b""),
    "unknown key": lambda _m, _p, _b: (403, b""),
    "always 409": lambda _m, _p, _b: (409, b"0\n"),
    "409 without a size": lambda _m, _p, _b: (409, b"many\n"),
    "409 with a sign": lambda _m, _p, _b: (409, b"+1\n"),
    "claims to be ahead": lambda method, _p, _b: (409, b"1000000\n") if method == "POST" else (404, b""),
    "claims a wrong proof": lambda method, _p, _b: (422, b"") if method == "POST" else (200, b"no note"),
    "redirects": lambda _m, _p, _b: (302, b""),
}


@pytest.mark.parametrize("lie", LIES)
async def test_a_witness_that_lies_is_named_and_stops_nothing(ledger: OwnLedger, lie: str) -> None:
    """Whatever it answers: no cosignature is taken, the ledger goes on, and the operator reads why."""
    liar = HandMadeWitness(LIES[lie])
    release = policy_of(("liar", _SIGNER.vkey, liar.url))
    try:
        async with kept(ledger, release, "quorum none\n") as keeping:
            ref = await _appended(ledger, 0)
            with pytest.raises(LedgerLateError):
                await ledger.service().included(ref, timeout_seconds=0.3)

            async def named() -> Any:
                state = await ledger.service().state()
                return [each.problem for each in state.witnesses if each.problem]

            problems = await eventually(named)
            assert problems
            assert liar.asked
            assert not keeping.done()
            state = await ledger.service().state()
            assert state.release_satisfied_at is None
            assert state.cosigned_by == []
            assert state.state != "stopped"
    finally:
        liar.stop()


async def test_a_409_is_answered_with_a_proof_from_the_size_it_names(ledger: OwnLedger) -> None:
    """A witness that has forgotten some, and says so, is brought up from there."""
    proofs: list[tuple[int, int]] = []

    def forgetful(method: str, path: str, body: bytes) -> tuple[int, bytes]:
        asked = parse_request(body)
        if asked.old not in (3, 0) or (asked.old == 0 and proofs):
            return 409, b"3\n"
        proofs.append((asked.old, len(asked.proof)))
        return 200, _cosigned(_text(body))

    witness = HandMadeWitness(forgetful)
    release = policy_of(("liar", _SIGNER.vkey, witness.url))
    try:
        await ledger.append(range(5))
        async with kept(ledger, release):
            for number in range(5, 9):
                await ledger.service().included(await _appended(ledger, number))
    finally:
        witness.stop()
    assert proofs[0] == (0, 0)
    assert {old for old, _ in proofs[1:]} == {3}
    assert all(count > 0 for _, count in proofs[1:])


async def test_a_witness_that_holds_more_than_we_have_stops_the_ledger(
    ledger: OwnLedger, witnesses: list[RealWitness], admin: Any
) -> None:
    """The database and the tiles of yesterday: the witness's own checkpoint, signed by our key, is the proof."""
    release = both(witnesses)
    async with kept(ledger, release):
        await ledger.append(range(20))
        await ledger.service().included(await _appended(ledger, 20))
    for table in ("ledger_entries", "ledger_head", "ledger_witnesses", "ledger_counts"):
        await _as_owner(ledger, f"DELETE FROM {table}")
    for path in sorted(ledger.published.rglob("*")):
        if path.is_file():
            path.unlink()
    (ledger.folder / "log.key").write_text(_rewound((ledger.folder / "log.key").read_text()))
    await _appended(ledger, 500)
    with pytest.raises(LedgerFatalError, match="holds a checkpoint of 21 entries"):
        await _kept_until_it_stops(ledger, release)


async def test_a_witness_that_holds_another_root_stops_the_ledger(
    ledger: OwnLedger, witnesses: list[RealWitness]
) -> None:
    """Two histories under one key: a fork, which nobody may ever see cosigned."""
    release = both(witnesses)
    async with kept(ledger, release):
        await ledger.append(range(4))
        await ledger.service().included(await _appended(ledger, 4))
    for table in ("ledger_entries", "ledger_head", "ledger_witnesses", "ledger_counts"):
        await _as_owner(ledger, f"DELETE FROM {table}")
    for path in sorted(ledger.published.rglob("*")):
        if path.is_file():
            path.unlink()
    (ledger.folder / "log.key").write_text(_rewound((ledger.folder / "log.key").read_text()))
    await ledger.append(range(100, 130))
    with pytest.raises(LedgerFatalError, match="forked"):
        await _kept_until_it_stops(ledger, release)
    assert not (ledger.published / PUBLIC).exists()


async def _kept_until_it_stops(own: OwnLedger, release: str) -> None:
    async with kept(own, release) as keeping:
        with contextlib.suppress(LedgerLateError):
            await own.service().included(await _appended(own, 501), timeout_seconds=2)
        await asyncio.wait_for(keeping, 10)


def _rewound(key: str) -> str:
    return json.dumps({**json.loads(key), "size": 0, "root": ""})


async def _as_owner(own: OwnLedger, statement: str) -> None:
    database = await Database.open(own.settings.database, "reelm_admin", size=1)
    async with database.transaction() as uow:
        await uow.execute(statement)
    await database.close()


async def test_an_idle_ledger_refreshes_its_cosignatures(
    ledger: OwnLedger, witnesses: list[RealWitness], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reelm.ledger.publisher.REFRESH_SECONDS", 1.0)
    release = both(witnesses)
    async with kept(ledger, release):
        await ledger.service().included(await _appended(ledger, 0))

        async def times() -> set[int]:
            note = (ledger.published / PUBLIC).read_text() if (ledger.published / PUBLIC).exists() else ""
            if not note:
                return set()
            return set(policy.parse(release).open(note, ledger.key.verifier).witnesses.values())

        before = await eventually(times)

        async def newer() -> bool:
            return min(await times()) > max(before)

        await eventually(newer)
    assert (await ledger.head()).size == 1


async def test_far_witnesses_don_t_hold_up_releases(ledger: OwnLedger, witnesses: list[RealWitness]) -> None:
    """The near one is asked for what somebody waits for; the far one belongs to the public policy, and is slow."""
    near, far = witnesses
    slow = HandMadeWitness(lambda *_: (threading.Event().wait(3), (503, b""))[1])
    release = policy_of((near.name, near.vkey, near.url))
    public = policy_of((near.name, near.vkey, near.url), ("far", far.vkey, slow.url))
    try:
        async with kept(ledger, release, public):
            for number in range(6):
                included = await ledger.service().included(await _appended(ledger, number), timeout_seconds=2)
                assert _proved(ledger, included.proof, entry(number).to_bytes(), release)
            head = await ledger.head()
        assert head.release_size == 6
        assert head.public_size == 0
    finally:
        slow.stop()


async def test_who_has_cosigned_is_not_asked_again_because_another_is_dead(ledger: OwnLedger) -> None:
    good = HandMadeWitness(lambda _m, _p, body: (200, _cosigned(_text(body))))
    dead = CosignatureSigner("dead.test", b"d" * 32)
    release = policy_of(("liar", _SIGNER.vkey, good.url), ("dead", dead.vkey, "http://127.0.0.1:9"))
    try:
        async with kept(ledger, release):
            with pytest.raises(LedgerLateError):
                await ledger.service().included(await _appended(ledger, 0), timeout_seconds=2)
        assert 1 <= len(good.asked) <= 3, good.asked
    finally:
        good.stop()


async def test_a_cosignature_that_comes_late_is_published_too(
    ledger: OwnLedger, witnesses: list[RealWitness]
) -> None:
    """One of two is enough; the other's is added to what everybody sees when it is there."""

    def slowly(_method: str, _path: str, body: bytes) -> tuple[int, bytes]:
        threading.Event().wait(1)
        return 200, _cosigned(_text(body))

    slow, quick = HandMadeWitness(slowly), witnesses[0]
    either = policy_of(("liar", _SIGNER.vkey, slow.url), (quick.name, quick.vkey, quick.url), quorum="any")
    try:
        async with kept(ledger, either):
            included = await ledger.service().included(await _appended(ledger, 0))
            assert set(_proved(ledger, included.proof, entry(0).to_bytes(), either)) == {quick.name}

            async def both_there() -> bool:
                note = (ledger.published / PUBLIC).read_text()
                found = policy.parse(either).open(note, ledger.key.verifier).witnesses
                return set(found) == {"liar", quick.name}

            await eventually(both_there)
    finally:
        slow.stop()
