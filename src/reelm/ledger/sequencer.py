"""The sequencer: gives waiting entries their place in the log, one process a realm.

Steps of a turn, each repeatable, so that a crash after any of them loses and doubles nothing:
1. entries that have an index but are not under the head yet (of a turn that was cut short) come first; else
2. entries that wait get consecutive indices, committed before anything is written to a file;
3. bundles and tiles, through temporary files, synced;
4. the head, by compare and swap.
The publisher then signs, gathers cosignatures and publishes, beside the next turn.

An entry that is not of a known kind, or not in its canonical form, is refused rather than published: what is in the
log can't be taken back.
"""

import asyncio
import contextlib
import datetime as dt
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Protocol
from urllib.parse import urlsplit

import msgspec
import structlog

from reelm.kit.blobs import BlobStore
from reelm.kit.clock import Clock
from reelm.kit.database import Database
from reelm.kit.errors import NotFoundError, OverloadedError
from reelm.ledger.entries import AnyEntry
from reelm.ledger.errors import LedgerFatalError, LedgerTakenOverError
from reelm.ledger.publisher import Publisher, Signer, Step, together
from reelm.ledger.repository import CHANGED, LedgerReader, LedgerWriter, SequencerWriter
from reelm.ledger.schemas import Head, Waiting
from reelm.ledger.tiles import PUBLIC, RELEASE, Growth, Prover, TileStore
from reelm.ledger.transport import Send
from reelm.ledger.witnesses import WitnessLink
from reelm_audit.tlog import policy as policies
from reelm_audit.tlog.checkpoint import open_checkpoint
from reelm_audit.tlog.merkle import EMPTY_ROOT
from reelm_audit.tlog.note import NoteError, Verifier
from reelm_audit.tlog.policy import Policy, PolicyError, Witness
from reelm_audit.tlog.tiles import WIDTH

LOCK = 0x7265_656C_6C67
BATCH = WIDTH
BATCH_SECONDS = 0.25
TURN_ENTRIES = 16 * BATCH
_TROUBLE_SECONDS = 1.0
_HEARTBEAT_SECONDS = 10.0

_log = structlog.get_logger("reelm.ledger")
_decoder: msgspec.json.Decoder[AnyEntry] = msgspec.json.Decoder(AnyEntry)


def origin_of(web_origin: str) -> str:
    """Return the log's name for a realm at this web address: scheme-less, and the ledger's folder."""
    return f"{urlsplit(web_origin).netloc}/ledger"


async def no_step(_: str) -> None:
    """What happens between the steps, outside of tests: nothing."""


class LogKeys(Signer, Protocol):
    """The log's key, where it is kept."""

    async def log_vkey(self, origin: str) -> str:
        """Return its verifier key."""
        ...


class Sequencer:
    """Keeps the ledger. Whoever makes one holds the realm's advisory lock `LOCK`."""

    def __init__(
        self,
        database: Database,
        blobs: BlobStore,
        signer: LogKeys,
        clock: Clock,
        *,
        origin: str,
        release_policy: str,
        public_policy: str,
        ask: Send,
        step: Step = no_step,
    ) -> None:
        self._database = database
        self._store = TileStore(blobs)
        self._prover = Prover(self._store)
        self._signer = signer
        self._clock = clock
        self._origin = origin
        self._policies = (release_policy, public_policy)
        self._ask = ask
        self._step = step
        self._growth = Growth()
        self._term = 0
        # Whether entries may have their index and not be under the head: what a turn that was cut short leaves.
        self._cut_short = True
        self._more = asyncio.Event()
        self.publisher: Publisher | None = None

    def want(self) -> None:
        """Somebody waits: don't wait for the batch to fill."""
        self._more.set()
        if self.publisher is not None:
            self.publisher.want()

    async def start(self, *, resume: bool = False) -> Head:
        """Take over: 1. the row, 2. the edge of the tree, 3. what was published, each compared with the others.

        Raises `LedgerFatalError` for what does not fit together, and for an earlier run's problem unless `resume`.
        """
        release, public = (_policy(text) for text in self._policies)
        async with self._database.transaction() as uow:
            known = await LedgerReader(uow).find_head()
        origin = known.origin if known else self._origin
        self._term = known.term if known else 0
        vkey = await self._signer.log_vkey(origin)
        if known is not None and known.vkey != vkey:
            raise LedgerFatalError("the keys process has another key for this ledger than the database names")
        async with self._database.transaction() as uow:
            head = await SequencerWriter(uow).begin_term(
                origin, vkey, EMPTY_ROOT, *self._policies, resume=resume
            )
            witnesses = {row.vkey: row for row in await LedgerReader(uow).list_witnesses()}
        if head.problem is not None:
            raise LedgerFatalError(head.problem)
        self._term = head.term
        self._growth = await Growth.load(self._store, head.size, head.root)
        await self._compare(head)
        log = Verifier.from_vkey(vkey)
        head = await self._forget_what_is_not_met(head, log, release, public)
        links = [
            WitnessLink(witness, log, self._prover, self._ask, self._clock, witnesses.get(witness.key.vkey))
            for witness in _witnesses(release, public)
        ]
        self.publisher = Publisher(
            self._database,
            self._store,
            self._signer,
            (release, public),
            links,
            head,
            self._clock,
            self._step,
        )
        return head

    async def _forget_what_is_not_met(
        self, head: Head, log: Verifier, release: Policy, public: Policy
    ) -> Head:
        """A charter with other witnesses: nothing counts as published before they have cosigned."""
        lapsed = [
            note is not None and not _meets(note, each, log)
            for note, each in ((head.release_checkpoint, release), (head.public_checkpoint, public))
        ]
        if not any(lapsed):
            return head
        async with self._database.transaction() as uow:
            await SequencerWriter(uow).forget_published(head.term, release=lapsed[0], public=lapsed[1])
            now = await LedgerReader(uow).find_head()
        return now or head

    async def _compare(self, head: Head) -> None:
        """Raise `LedgerFatalError` unless every published checkpoint is a prefix of the head."""
        log = Verifier.from_vkey(head.vkey)
        for name in (RELEASE, PUBLIC):
            with contextlib.suppress(NotFoundError):
                try:
                    seen = open_checkpoint(await self._store.get_checkpoint(name), log).checkpoint
                except NoteError as error:
                    raise LedgerFatalError(f"the published checkpoint can't be read: {error}") from error
                if seen.size > head.size:
                    raise LedgerFatalError(
                        f"a checkpoint of {seen.size} entries was published, and the database has {head.size}: "
                        "was an older database restored? `reelm ledger adopt` brings it up to what was published"
                    )
                if await self._prover.root_at(seen.size, head.size, head.root) != seen.root:
                    raise LedgerFatalError(
                        f"the published checkpoint of {seen.size} entries has another root than the tiles"
                    )

    # --- keeping ------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Keep the ledger until cancelled. Raises `LedgerFatalError` and `LedgerTakenOverError`."""
        if self.publisher is None:
            raise RuntimeError("start first")
        await together(self._turns(), self.publisher.run())

    async def stop_for(self, problem: LedgerFatalError) -> None:
        """Write down why nothing more is published.

        Raises `LedgerTakenOverError` when it was no contradiction, but another sequencer that has gone on meanwhile.
        """
        async with self._database.transaction() as uow:
            if self._term and not await SequencerWriter(uow).say_problem(self._term, str(problem)):
                raise LedgerTakenOverError
            await LedgerWriter(uow).tell(CHANGED)

    async def _turns(self) -> None:
        heard_of = self._clock.monotonic()
        while True:
            self._more.clear()
            try:
                done = await self.turn()
                now = self._clock.monotonic()
                if not done and now - heard_of >= _HEARTBEAT_SECONDS:
                    await self._say_alive()
                    heard_of = now
            except (OverloadedError, OSError) as error:
                _log.warning("ledger.sequencing_waits", reason=type(error).__name__)
                await asyncio.sleep(_TROUBLE_SECONDS)
                continue
            if done < BATCH:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(BATCH_SECONDS):
                        await self._more.wait()

    async def _say_alive(self) -> None:
        async with self._database.transaction() as uow:
            if not await SequencerWriter(uow).still_writes(self._term):
                raise LedgerTakenOverError

    async def turn(self) -> int:
        """Bring the next entries under the head; return how many."""
        bodies = await self._placed() if self._cut_short else []
        self._cut_short = True
        bodies = bodies or await self._place()
        if not bodies:
            self._cut_short = False
            return 0
        grown = self._growth.copy()
        files = grown.grow(bodies)
        bundles = [each for each in files if each[0].level is None]
        await self._store.put_all(bundles)
        await self._step("bundles")
        await self._store.put_all(files[len(bundles) :])
        await self._step("tiles")
        await self._advance(grown.size, grown.root())
        self._growth = grown
        self._cut_short = len(bodies) == TURN_ENTRIES
        await self._step("head")
        if self.publisher is not None:
            self.publisher.offer(grown.size, grown.root())
        for tile, _ in files:
            if tile.width < WIDTH:
                await self._store.prune(tile)
        return len(bodies)

    async def _placed(self) -> list[bytes]:
        """Entries of a turn that was cut short: they have their index, but are not under the head."""
        size = self._growth.size
        async with self._database.transaction() as uow:
            found = await LedgerReader(uow).list_bodies(size, size + TURN_ENTRIES)
        if [index for index, _ in found] != list(range(size, size + len(found))):
            raise LedgerFatalError(f"an entry after index {size} is missing from the database")
        return [body for _, body in found]

    async def _place(self) -> list[bytes]:
        async with self._database.transaction() as uow:
            writer = SequencerWriter(uow)
            waiting = await writer.list_waiting(TURN_ENTRIES)
            if not waiting:
                return []
            if not await writer.still_writes(self._term):
                raise LedgerTakenOverError
            await self._step("selected")
            good, counts = await self._sifted(writer, waiting)
            if good:
                if await writer.place([each.ref for each in good], self._growth.size) != len(good):
                    raise LedgerTakenOverError
                await writer.count_in(counts)
        await self._step("placed")
        return [each.body for each in good]

    async def _sifted(
        self, writer: SequencerWriter, waiting: Sequence[Waiting]
    ) -> tuple[list[Waiting], Counter[tuple[dt.date, str]]]:
        """Refuse what may not be published; count the rest by day and kind."""
        good: list[Waiting] = []
        counts: Counter[tuple[dt.date, str]] = Counter()
        days: dict[str, dt.date] = {}
        for each in waiting:
            try:
                entry = _decoder.decode(each.body)
                reason = _objection(entry, each)
                day = days.get(entry.at) or days.setdefault(entry.at, dt.date.fromisoformat(entry.at[:10]))
            except (msgspec.MsgspecError, ValueError) as error:
                reason = f"malformed ({type(error).__name__})"
            if reason:
                _log.error("ledger.entry_refused", ref=str(each.ref), reason=reason)
                await writer.refuse(each.ref, reason)
                continue
            good.append(each)
            counts[day, each.kind] += 1
        return good, counts

    async def _advance(self, size: int, root: bytes) -> None:
        """Swap the head. A swap whose answer was lost is recognised when it is tried again."""
        async with self._database.transaction() as uow:
            if await SequencerWriter(uow).advance(self._term, self._growth.size, size, root):
                return
            head = await LedgerReader(uow).find_head()
        if head is None or head.term != self._term:
            raise LedgerTakenOverError
        if (head.size, head.root) != (size, root):
            raise LedgerFatalError(f"the head moved to {head.size} entries by itself")


def _objection(entry: AnyEntry, waiting: Waiting) -> str:
    """Say why an entry may not be published; empty if it may."""
    if entry.__struct_config__.tag != waiting.kind:
        return "its kind is not the one it was added as"
    if entry.to_bytes() != waiting.body:
        return "not in canonical form"
    return ""


def _policy(text: str) -> Policy:
    try:
        return policies.parse(text)
    except PolicyError as error:
        raise LedgerFatalError(f"a witness policy of the charter can't be read: {error}") from error


def _meets(note: str, policy: Policy, log: Verifier) -> bool:
    try:
        policy.open(note, log)
    except (NoteError, PolicyError):
        return False
    return True


def _witnesses(*both: Policy) -> Collection[Witness]:
    """The witnesses that are asked: each key once, with an address if any policy names one."""
    found: dict[str, Witness] = {}
    for each in both:
        for witness in each.witnesses if each.needs_witnesses else ():
            known = found.get(witness.key.vkey)
            if known is None or known.url is None:
                found[witness.key.vkey] = witness
    return list(found.values())
