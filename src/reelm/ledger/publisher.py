"""From the head to a published checkpoint: sign, gather cosignatures, publish last.

Two policies. *Release*: its witnesses are asked for each head that somebody waits for, and keys are released only
under such a checkpoint. *Public*: every ten seconds while the ledger grows, and every ten minutes when it doesn't,
all witnesses are asked, and what everybody sees is replaced. Where a policy needs nobody, a signature is enough.
"""

import asyncio
import contextlib
import datetime as dt
from collections.abc import Awaitable, Callable, Collection, Coroutine
from typing import Any, Protocol

import structlog

from reelm.kit.clock import Clock
from reelm.kit.database import Database
from reelm.kit.errors import OverloadedError
from reelm.ledger.errors import LedgerFatalError, LedgerTakenOverError
from reelm.ledger.meter import LedgerMeter
from reelm.ledger.repository import CHANGED, LedgerWriter, SequencerWriter
from reelm.ledger.schemas import Head
from reelm.ledger.tiles import PUBLIC, RELEASE, TileStore
from reelm.ledger.witnesses import Enough, Round, WitnessLink
from reelm_audit.tlog.checkpoint import Checkpoint, open_checkpoint
from reelm_audit.tlog.note import NoteError, Verifier
from reelm_audit.tlog.policy import Policy

PUBLIC_SECONDS = 10.0
REFRESH_SECONDS = 600.0
ALARM_SECONDS = 60.0
ROUND_SECONDS = 9.0
_AGAIN_SECONDS = 0.25
_TROUBLE_SECONDS = 1.0
_SAID_SECONDS = 5.0

_log = structlog.get_logger("reelm.ledger")

Step = Callable[[str], Awaitable[None]]


class Signer(Protocol):
    """Who signs the log's checkpoints. The key itself is never here."""

    async def sign_checkpoint(self, text: str) -> str:
        """Return the signature line with its newline. Raises `LedgerFatalError` if it refuses."""
        ...


class Publisher:
    """Publishes what the sequencer has brought to the head."""

    def __init__(
        self,
        database: Database,
        store: TileStore,
        signer: Signer,
        policies: tuple[Policy, Policy],
        links: Collection[WitnessLink],
        head: Head,
        clock: Clock,
        step: Step,
    ) -> None:
        self._database = database
        self._store = store
        self._signer = signer
        self._log = Verifier.from_vkey(head.vkey)
        self._release, self._public = policies
        self._links = list(links)
        self._clock = clock
        self._step = step
        self._meter = LedgerMeter()
        self._term = head.term
        self._head = Checkpoint(head.origin, head.size, head.root)
        self._signed = (0, "")
        self._released, self._published = head.release_size, head.public_size
        self._last: Round | None = None
        # A public round that failed is taken up again, for a minute: then its cosignatures are too old.
        self._unfinished: Round | None = None
        self._unfinished_since = 0.0
        self._late_rounds: list[Round] = []
        self._wanted = head.release_checkpoint is None
        self._public_due = self._clock.monotonic()
        self._refresh_due = self._public_due
        self._late: dict[str, dt.datetime] = {}
        self._alarmed = self._said_late = -ALARM_SECONDS
        self._fatal: LedgerFatalError | None = None
        self._more = asyncio.Event()
        self._writing = asyncio.Lock()
        self._signing = asyncio.Lock()

    # --- what the sequencer tells -------------------------------------------------------------------------

    def offer(self, size: int, root: bytes) -> None:
        """There is a new head."""
        self._head = Checkpoint(self._head.origin, size, root)
        self._meter.set("size", size)
        self._more.set()

    def want(self) -> None:
        """Somebody waits for the release quorum."""
        self._wanted = True
        self._more.set()

    # --- the two loops ------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Publish until cancelled. Raises `LedgerFatalError` and `LedgerTakenOverError`."""
        await together(self._keep_released(), self._keep_public())

    async def _keep_released(self) -> None:
        while True:
            if not await self._safely(self._publish_release):
                self._more.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_AGAIN_SECONDS):
                        await self._more.wait()

    async def _keep_public(self) -> None:
        while True:
            await self._safely(self._publish_public)
            self._sound_alarm()
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _safely(self, act: Callable[[], Awaitable[bool]]) -> bool:
        """Do it; what passes by itself is waited for."""
        if self._fatal is not None:
            raise self._fatal
        try:
            return await act()
        except (OverloadedError, OSError) as error:
            _log.warning("ledger.publishing_waits", reason=type(error).__name__)
            await asyncio.sleep(_TROUBLE_SECONDS)
            return False

    async def _publish_release(self) -> bool:
        """Bring the head under the release quorum where it is needed; return whether there may be more to do."""
        head = self._head
        if head.size <= self._released or not (self._wanted or not self._release.needs_witnesses):
            return False
        self._wanted = False
        made = self._last
        if made is None or made.checkpoint != head:
            made = self._last = await self._round(head)
        # Of a round that failed only those are asked again who have not cosigned it.
        missing = [link for link in self._links_of(self._release) if link.vkey not in made.lines]
        if await made.gather(missing, self._enough(self._release), ROUND_SECONDS):
            await self._publish(made)
            return True
        self._wanted = True
        await self._say_late("release")
        return False

    async def _publish_public(self) -> bool:
        """Ask everybody when it is time to, or add what came late."""
        while self._late_rounds:
            await self._publish(self._late_rounds.pop())
        now, head = self._clock.monotonic(), self._head
        refresh = now >= self._refresh_due
        grown = head.size > self._published and now >= self._public_due
        if head.size == 0 or not self._links or not (refresh or grown):
            return False
        made = self._unfinished
        if made is None or made.checkpoint != head or now - self._unfinished_since > ALARM_SECONDS:
            made = self._unfinished = await self._round(head)
            self._unfinished_since = now
            if not refresh and self._last is not None and self._last.checkpoint == head:
                made.lines.update(self._last.lines)
        missing = [link for link in self._links if link.vkey not in made.lines]
        met = await made.gather(missing, self._enough(self._public, self._release), ROUND_SECONDS)
        await self._publish(made)
        if self._enough(self._public)(made.lines):
            self._public_due = self._clock.monotonic() + PUBLIC_SECONDS
        else:
            await self._say_late("public")
        if met:
            self._unfinished = None
            self._refresh_due = self._clock.monotonic() + REFRESH_SECONDS
        return met

    async def _round(self, head: Checkpoint) -> Round:
        return Round(await self._sign(head), head, self._head, self._late_rounds.append, self._stop)

    def _stop(self, error: LedgerFatalError) -> None:
        self._fatal = error
        self._more.set()

    async def _sign(self, head: Checkpoint) -> str:
        """Have the head signed, once, and check what came back."""
        async with self._signing:
            if self._signed[0] == head.size:
                return self._signed[1]
            line = await self._signer.sign_checkpoint(head.text())
            note = f"{head.text()}\n{line}"
            try:
                open_checkpoint(note, self._log)
            except NoteError as error:
                raise LedgerFatalError(f"the log's own signature does not verify: {error}") from error
            if head.size > self._signed[0]:
                self._signed = (head.size, note)
        await self._step("signed")
        return note

    # --- publishing ---------------------------------------------------------------------------------------

    async def _publish(self, made: Round) -> None:
        """Publish under the policies that are met, under the row's lock: files first, then the row.

        An earlier sequencer that doesn't know yet that it was replaced fails before it touches a file.
        """
        size, note = made.checkpoint.size, made.cosigned()
        await self._step("cosigned")
        async with self._writing:
            release = size >= self._released and self._enough(self._release)(made.lines)
            public = size >= self._published and self._enough(self._public)(made.lines)
            if not release and not public:
                return
            now = self._clock.now()
            async with self._database.transaction() as uow:
                writer = SequencerWriter(uow)
                if not await writer.still_writes(self._term):
                    raise LedgerTakenOverError
                if release:
                    await self._store.put_checkpoint(RELEASE, note)
                    await writer.publish_release(self._term, size, note, now)
                    self._late.pop("release", None)
                if public:
                    await self._store.put_checkpoint(PUBLIC, note)
                    await writer.publish_public(self._term, size, note, now)
                    self._late.pop("public", None)
                await self._step("file")
                await writer.say_late(self._term, self._late_since)
                await self._keep_witnesses(writer)
                await LedgerWriter(uow).tell(CHANGED)
            self._released = size if release else self._released
            self._published = size if public else self._published
        self._meter.set("released", self._released)
        self._meter.set("published", self._published)
        await self._step("published")

    async def _keep_witnesses(self, writer: SequencerWriter) -> None:
        release = {link.vkey for link in self._links_of(self._release)}
        public = {link.vkey for link in self._links_of(self._public)}
        rows = [
            link.row(in_release=link.vkey in release, in_public=link.vkey in public) for link in self._links
        ]
        await writer.set_witnesses(rows)

    # --- quorums ------------------------------------------------------------------------------------------

    def _links_of(self, policy: Policy) -> list[WitnessLink]:
        named = {witness.key.vkey for witness in policy.witnesses} if policy.needs_witnesses else set()
        return [link for link in self._links if link.vkey in named]

    @staticmethod
    def _enough(*policies: Policy) -> Enough:
        def enough(vkeys: Collection[str]) -> bool:
            return all(
                policy.is_met_by(each.name for each in policy.witnesses if each.key.vkey in vkeys)
                for policy in policies
            )

        return enough

    @property
    def _late_since(self) -> dt.datetime | None:
        return min(self._late.values(), default=None)

    async def _say_late(self, which: str) -> None:
        now = self._clock.monotonic()
        if which in self._late and now - self._said_late < _SAID_SECONDS:
            return
        self._said_late = now
        self._late.setdefault(which, self._clock.now())
        async with self._database.transaction() as uow:
            writer = SequencerWriter(uow)
            await writer.say_late(self._term, self._late_since)
            await self._keep_witnesses(writer)
            await LedgerWriter(uow).tell(CHANGED)

    def _sound_alarm(self) -> None:
        since = self._late_since
        seconds = max(0.0, (self._clock.now() - since).total_seconds()) if since else 0.0
        self._meter.set("late_seconds", seconds)
        now = self._clock.monotonic()
        if seconds >= ALARM_SECONDS and now - self._alarmed >= ALARM_SECONDS:
            self._alarmed = now
            problems = {link.name: link.problem for link in self._links if link.problem}
            _log.error(
                "ledger.quorum_lost", seconds=round(seconds), policies=sorted(self._late), witnesses=problems
            )


async def together(*works: Coroutine[Any, Any, None]) -> None:
    """Run side by side; what ends one ends all, and is raised."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
