"""Asking outside witnesses for their cosignatures (C2SP tlog-witness), each on its own: a bad one delays nobody else.

A witness is believed only what it can sign. If it says that it is ahead of this log, or that a proof is wrong, it has
to show a checkpoint that this log's own key has signed; then, and only then, the ledger stops.
"""

import asyncio
from collections.abc import Callable, Collection

import structlog

from reelm.kit.clock import Clock
from reelm.ledger.errors import LedgerFatalError
from reelm.ledger.schemas import WitnessRow
from reelm.ledger.tiles import Prover
from reelm.ledger.transport import Answer, Send, UnreachableError
from reelm_audit.tlog.checkpoint import Checkpoint, open_checkpoint
from reelm_audit.tlog.note import NoteError, SignatureLine, Verifier
from reelm_audit.tlog.policy import Witness
from reelm_audit.tlog.witness import (
    ADD_CHECKPOINT,
    AddCheckpoint,
    WitnessError,
    checkpoint_path,
    parse_cosignatures,
    parse_size,
)

FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 15.0
_TRIES = 3

_log = structlog.get_logger("reelm.ledger")


class WitnessFailedError(Exception):
    """This witness has not cosigned; the message says why, for the operator."""


class OvertakenError(WitnessFailedError):
    """It has cosigned a later checkpoint of this log already."""


class WitnessLink:
    """One witness, and what is known of it."""

    def __init__(
        self,
        witness: Witness,
        log: Verifier,
        prover: Prover,
        send: Send,
        clock: Clock,
        known: WitnessRow | None,
    ) -> None:
        self.witness = witness
        self._log = log
        self._prover = prover
        self._send = send
        self._clock = clock
        self._lock = asyncio.Lock()
        self._wait = FIRST_WAIT_SECONDS
        self._rest_until = 0.0
        self.asking: Round | None = None
        self.size = known.size if known else 0
        self.cosigned_at = known.cosigned_at if known else None
        self.problem = known.problem if known else None

    @property
    def name(self) -> str:
        return self.witness.name

    @property
    def vkey(self) -> str:
        return self.witness.key.vkey

    @property
    def resting_seconds(self) -> float:
        """How long it is left alone after what went wrong."""
        return max(0.0, self._rest_until - self._clock.monotonic())

    async def cosign(self, asking: "Round") -> SignatureLine:
        """Return its cosignature on the round's checkpoint, verified.

        Raises `WitnessFailedError`, and `LedgerFatalError` for proof that this log contradicts itself.
        """
        async with self._lock:
            if self.resting_seconds:
                raise WitnessFailedError(self.problem or "left alone for a moment")
            self.asking = asking
            try:
                line = await self._ask(asking.note, asking.checkpoint, asking.head)
            except OvertakenError:
                raise
            except (UnreachableError, WitnessError) as error:
                self._fail(str(error))
                raise WitnessFailedError(str(error)) from error
            except WitnessFailedError as error:
                self._fail(str(error))
                raise
            finally:
                self.asking = None
            self.size, self.problem = asking.checkpoint.size, None
            self.cosigned_at = self._clock.now()
            self._wait, self._rest_until = FIRST_WAIT_SECONDS, 0.0
            return line

    def _fail(self, problem: str) -> None:
        if problem != self.problem:
            _log.warning("ledger.witness_failed", witness=self.name, problem=problem)
        self.problem = problem
        self._rest_until = self._clock.monotonic() + self._wait
        self._wait = min(self._wait * 2, LONGEST_WAIT_SECONDS)

    async def _ask(self, note: str, checkpoint: Checkpoint, head: Checkpoint) -> SignatureLine:
        """Ask, and again from the size it names: 1. prove from what it saw last, 2. read its verdict."""
        if not self.witness.url:
            raise WitnessFailedError("the policy names no address of this witness")
        for _ in range(_TRIES):
            if self.size > checkpoint.size:
                raise OvertakenError
            proof = await self._prover.consistency(self.size, checkpoint.size, checkpoint.root)
            request = AddCheckpoint(self.size, tuple(proof), note)
            answer = await self._send("POST", self._url(ADD_CHECKPOINT), request.text().encode())
            if answer.status != 409:
                return await self._verdict(answer, checkpoint, head)
            size = parse_size(answer.body)
            if size > head.size:
                await self._look_into(head, f"it says it has seen {size} entries, and there are {head.size}")
            self.size = size
        raise WitnessFailedError("it does not settle on a size")

    async def _verdict(self, answer: Answer, checkpoint: Checkpoint, head: Checkpoint) -> SignatureLine:
        match answer.status:
            case 200:
                return self._verified(answer.body, checkpoint)
            case 404:
                raise WitnessFailedError("it does not know this ledger: its operator has to add the key")
            case 403:
                raise WitnessFailedError("it knows another key of this ledger")
            case 422:
                await self._look_into(head, "it says the proof is wrong")
            case status if status >= 500:
                raise WitnessFailedError(f"it has trouble of its own ({status})")
        raise WitnessFailedError(f"it refuses ({answer.status})")

    def _verified(self, body: bytes, checkpoint: Checkpoint) -> SignatureLine:
        key = self.witness.key
        for line in parse_cosignatures(body):
            if (line.name, line.key_id) == (key.name, key.key_id):
                try:
                    key.verify(checkpoint.text(), line.signature)
                except NoteError as error:
                    raise WitnessFailedError("its cosignature does not verify") from error
                return line
        raise WitnessFailedError("it signed with another key than the policy names")

    async def _look_into(self, head: Checkpoint, said: str) -> None:
        """Ask for the checkpoint it says it has. Raises `LedgerFatalError` if this log's key has signed that one."""
        answer = await self._send("GET", self._url(checkpoint_path(self._log.name)), None)
        try:
            theirs = open_checkpoint(answer.body, self._log).checkpoint
        except NoteError as error:
            raise WitnessFailedError(f"{said}, and shows nothing that was signed here") from error
        if theirs.size > head.size:
            raise LedgerFatalError(
                f"witness {self.name} holds a checkpoint of {theirs.size} entries, and here are {head.size}: "
                "was an older database restored?"
            )
        if await self._prover.root_at(theirs.size, head.size, head.root) != theirs.root:
            raise LedgerFatalError(
                f"witness {self.name} holds another root at {theirs.size} entries: the ledger has forked"
            )
        self.size = theirs.size
        raise WitnessFailedError(said)

    def _url(self, path: str) -> str:
        return f"{(self.witness.url or '').rstrip('/')}/{path}"

    def row(self, *, in_release: bool, in_public: bool) -> WitnessRow:
        """Return what is kept of it."""
        return WitnessRow(
            self.vkey,
            self.name,
            self.witness.url,
            in_release,
            in_public,
            self.size,
            self.cosigned_at,
            self.problem,
        )


Enough = Callable[[Collection[str]], bool]


class Round:
    """One checkpoint on its way to the witnesses: asked side by side, over as soon as enough have cosigned.

    Whoever is still at it then may finish: `on_late` hears of its cosignature, `on_fatal` of what stops the ledger.
    """

    def __init__(
        self,
        note: str,
        checkpoint: Checkpoint,
        head: Checkpoint,
        on_late: Callable[["Round"], None],
        on_fatal: Callable[[LedgerFatalError], None],
    ) -> None:
        self.note = note
        self.checkpoint = checkpoint
        self.head = head
        # By verifier key: a witness may have another name in each policy.
        self.lines: dict[str, SignatureLine] = {}
        self._on_late = on_late
        self._on_fatal = on_fatal
        self._left: set[asyncio.Task[bool]] = set()

    def cosigned(self) -> str:
        """Return the checkpoint with the cosignatures so far."""
        return self.note + "".join(self.lines[vkey].line for vkey in sorted(self.lines))

    async def gather(self, links: Collection[WitnessLink], enough: Enough, seconds: float) -> bool:
        """Ask all of `links`; return whether enough have cosigned within `seconds`. Raises `LedgerFatalError`."""
        asked = {asyncio.ensure_future(self._one(link)): link for link in links}
        left = set(asked)
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        try:
            while left and not enough(self.lines):
                done, left = await asyncio.wait(
                    left, timeout=max(0.0, until - loop.time()), return_when=asyncio.FIRST_COMPLETED
                )
                if not done:
                    break
                for task in done:
                    task.result()
        finally:
            for task in left:
                if asked[task].asking is self:
                    self._left.add(task)
                    task.add_done_callback(self._came_late)
                else:
                    task.cancel()
        return enough(self.lines)

    async def _one(self, link: WitnessLink) -> bool:
        try:
            self.lines[link.vkey] = await link.cosign(self)
        except WitnessFailedError:
            return False
        return True

    def _came_late(self, task: "asyncio.Task[bool]") -> None:
        self._left.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if isinstance(error, LedgerFatalError):
            self._on_fatal(error)
        elif error is None and task.result():
            self._on_late(self)
