"""The way out: what was asked for is decided, recorded, put into the ledger, and only then released.

Steps, each repeatable, so that a crash after any of them loses nothing and releases nothing twice:
1. take what was asked for a peer, in its order; 2. give every field its class and ask the charter's policies;
3. in one transaction: refusals, the batch, its ledger entry, counts, and the bytes that shall go; 4. wait, holding
nothing, until the entry is under a published checkpoint with the release quorum; 5. send; 6. settle by the answer.
A peer that gets a batch again, known by its root, answers as it did the first time. One batch a peer at a time keeps
acts in their order.
"""

import asyncio
import contextlib
import datetime as dt
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from reelm.border.batches import Made, make_batch
from reelm.border.constitution import Constitution, Terms
from reelm.border.counting import Counting
from reelm.border.deciding import Decider
from reelm.border.repository import PeerRow
from reelm.border.repository_releasing import Batch, ReleasingReader, ReleasingWriter
from reelm.kit.clock import Clock
from reelm.kit.database import Database
from reelm.kit.errors import NotFoundError, OverloadedError, TooManyRequestsError
from reelm.kit.exclusive import Exclusive
from reelm.kit.ids import Ids
from reelm.kit.limits import Limit, RateLimiter
from reelm.ledger.service import LedgerLateError, LedgerService, entries

LOCK = 0x7265_656C_626F
BATCH = 256
LIMIT = Limit(burst=40, seconds_each=0.05)
FIRST_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 3600.0
GIVE_UP = dt.timedelta(days=3)
INCLUDED_SECONDS = 30.0
_POLL_SECONDS = 5.0
_LOCK_SECONDS = 1.0
_TROUBLE_SECONDS = 1.0
_RESTS = 0.0

_log = structlog.get_logger("reelm.border")


@dataclass(frozen=True)
class Answer:
    """What a peer said to a delivery. `refused`: positions that it would not take; `problem`: why it took none."""

    taken: bool
    refused: tuple[int, ...] = ()
    problem: str = ""
    final: bool = False


Deliver = Callable[[PeerRow, Batch, list[tuple[bytes, bytes]]], Awaitable[Answer]]
Step = Callable[[str], Awaitable[None]]


async def no_step(_: str) -> None:
    """What happens between the steps, outside of tests: nothing."""


class Lane:
    """The way to one peer."""

    def __init__(self, releasing: "Releasing", peer: str) -> None:
        self._all = releasing
        self._peer = peer
        self.more = asyncio.Event()

    async def run(self) -> None:
        while True:
            self.more.clear()
            try:
                rest = await self._all.turn(self._peer)
            except LedgerLateError:
                rest = _TROUBLE_SECONDS
            except OverloadedError as error:
                _log.warning("border.release_waits", peer=self._peer, reason=type(error).__name__)
                rest = _TROUBLE_SECONDS
            if rest > 0:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(rest):
                        await self.more.wait()


class Releasing:
    """Releases what may cross; whoever holds the realm's advisory lock `LOCK`."""

    def __init__(
        self,
        database: Database,
        ledger: LedgerService,
        constitution: Constitution,
        counting: Counting,
        deliver: Deliver,
        lock: Exclusive,
        clock: Clock,
        ids: Ids,
        *,
        vkey: str,
        nonce: Callable[[], bytes],
        chance: Callable[[], float],
        step: Step = no_step,
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._constitution = constitution
        self._counting = counting
        self._deliver = deliver
        self._lock = lock
        self._clock = clock
        self._ids = ids
        self._vkey = vkey
        self._said_other_key = False
        self._nonce = nonce
        self._chance = chance
        self._step = step
        self._decider = Decider()
        self._limits = RateLimiter(clock)
        self._lanes: dict[str, tuple[Lane, asyncio.Task[None]]] = {}
        self._more = asyncio.Event()

    def want(self) -> None:
        """Something was asked for, or shall be tried again."""
        self._more.set()
        for lane, _ in self._lanes.values():
            lane.more.set()

    async def run(self) -> None:
        """Release until cancelled; waits as long as another process holds the lock."""
        try:
            while not await self._lock.try_acquire():  # noqa: ASYNC110 - the lock is in another process
                await asyncio.sleep(_LOCK_SECONDS)
            _log.info("border.releases")
            await self._release_until_lost()
        finally:
            await self._lock.release()
        raise OverloadedError("the lock was lost")

    async def _release_until_lost(self) -> None:
        looking = asyncio.ensure_future(self._look())
        lost = asyncio.ensure_future(self._lock.lost.wait())
        try:
            await asyncio.wait([looking, lost], return_when=asyncio.FIRST_COMPLETED)
        finally:
            tasks = [looking, lost, *(task for _, task in self._lanes.values())]
            self._lanes.clear()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if not looking.cancelled():
            looking.result()

    async def _look(self) -> None:
        """Give every realm for which something waits a lane of its own: a slow one holds up nobody else."""
        while True:
            self._more.clear()
            async with self._database.transaction() as uow:
                busy = await ReleasingReader(uow).list_busy_peers()
                peers = {each.realm for each in await ReleasingReader(uow).list_peers()}
            for peer in busy:
                known = self._lanes.get(peer)
                if known is None and peer not in peers:
                    await self.turn(peer)
                elif known is None:
                    lane = Lane(self, peer)
                    self._lanes[peer] = lane, asyncio.ensure_future(lane.run())
                elif known[1].done():
                    known[1].result()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_POLL_SECONDS):
                    await self._more.wait()

    # --- one turn -----------------------------------------------------------------------------------------

    async def turn(self, peer: str) -> float:
        """Do the next step for a peer; return for how many seconds there is nothing more to do, 0 for none."""
        if self._has_other_key():
            return _POLL_SECONDS
        async with self._database.transaction() as uow:
            reader = ReleasingReader(uow)
            about, batch = await reader.find_peer(peer), await reader.find_batch(peer)
        if batch is not None:
            return await self._bring(about, batch)
        if about is not None and about.state == "paused":
            return _POLL_SECONDS
        try:
            self._limits.spend("batches", peer, LIMIT)
        except TooManyRequestsError:
            return LIMIT.seconds_each
        return _RESTS if await self.record(peer) else _POLL_SECONDS

    def _has_other_key(self) -> bool:
        """Say whether the charter names another border's key: nobody would believe what this one signs."""
        named = self._constitution.now().document.border_vkey
        other = bool(named) and named != self._vkey
        if other and not self._said_other_key:
            _log.error("border.other_key", named=named, own=self._vkey)
        self._said_other_key = other
        return other

    async def record(self, peer: str) -> int:
        """Decide on what is asked for a peer, and record it; return how many were decided on."""
        terms = self._constitution.now()
        now = self._clock.now()
        async with self._database.transaction() as uow:
            writer = ReleasingWriter(uow)
            about = await writer.find_peer(peer)
            asked = await writer.hold_asked(peer, BATCH)
            if not asked:
                return 0
            await self._step("claimed")
            decided = self._decider.decide_all(terms, about, peer, asked)
            await writer.refuse(
                [(each.id, each.reason, each.classes, each.removed) for each in decided.refused], now
            )
            await self._counting.note_refused(uow, decided.to_tell)
            made = make_batch(decided, self._nonce)
            if made is not None:
                ref = await self._ledger.append(uow, _entry(terms, peer, made, now))
                batch_id = self._ids.new()
                await writer.add_batch(batch_id, peer, made.root, len(made.recorded), made.size, ref, now)
                await writer.record(batch_id, made.recorded)
                await writer.count(now, made.counted(peer))
            await self._step("recording")
        await self._step("recorded")
        return len(decided.refused) + (len(made.recorded) if made else 0)

    async def _bring(self, about: PeerRow | None, batch: Batch) -> float:
        """Bring a recorded batch out."""
        now = self._clock.now()
        if batch.state == "recorded":
            try:
                inclusion = await self._ledger.included(batch.ref, INCLUDED_SECONDS)
            except NotFoundError:
                await self._bury(batch, "the ledger would not take its entry")
                return _RESTS
            await self._step("included")
            async with self._database.transaction() as uow:
                await ReleasingWriter(uow).release(batch.id, inclusion.index)
            await self._step("released")
            return _RESTS
        if about is None or about.state == "refused":
            await self._bury(batch, "this realm is not spoken with any more")
            return _RESTS
        if about.state == "paused":
            return _POLL_SECONDS
        if batch.next_at is not None and batch.next_at > now:
            return min((batch.next_at - now).total_seconds(), _POLL_SECONDS)
        async with self._database.transaction() as uow:
            objects = await ReleasingReader(uow).list_released(batch.id)
        answer = await self._deliver(about, batch, objects)
        await self._step("sent")
        return await self._settle(batch, answer)

    async def _settle(self, batch: Batch, answer: Answer) -> float:
        now = self._clock.now()
        if answer.taken:
            async with self._database.transaction() as uow:
                writer = ReleasingWriter(uow)
                await writer.deliver(batch.id, answer.refused, now)
                await writer.heard(batch.peer, now)
            await self._step("delivered")
            return _RESTS
        if answer.final or now - batch.made_at > GIVE_UP:
            await self._bury(batch, answer.problem)
            return _RESTS
        wait = min(FIRST_WAIT_SECONDS * 2.0 ** min(batch.attempts, 20), LONGEST_WAIT_SECONDS)
        wait *= 0.5 + self._chance() / 2
        async with self._database.transaction() as uow:
            await ReleasingWriter(uow).put_off(batch.id, answer.problem, now + dt.timedelta(seconds=wait))
        return min(wait, _POLL_SECONDS)

    async def _bury(self, batch: Batch, problem: str) -> None:
        _log.warning("border.delivery_dead", peer=batch.peer, batch=str(batch.id), problem=problem)
        async with self._database.transaction() as uow:
            await ReleasingWriter(uow).bury(batch.id, problem, self._clock.now())


def _entry(terms: Terms, peer: str, made: Made, now: dt.datetime) -> entries.BorderCrossed:
    return entries.BorderCrossed(
        at=entries.minute(now),
        charter=terms.digest,
        peer=peer,
        member=made.member,
        batch=made.root.hex(),
        lines=list(made.lines),
    )
