"""What other rooms may do with the ledger: add an entry in their own transaction, wait for it, prove it.

Log before do is two transactions. The first commits the intent with its entry; `included` waits, holding nothing,
until a published checkpoint with the release quorum covers the entry; the second does the act, idempotent by `ref`.
"""

import asyncio
import base64
import datetime as dt
from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID

import msgspec

from reelm.kit.blobs import BlobStore
from reelm.kit.clock import Clock
from reelm.kit.database import Database, UnitOfWork, in_transaction
from reelm.kit.errors import NotFoundError
from reelm.kit.ids import Ids
from reelm.kit.listen import Listener
from reelm.kit.pages import Page, decode_cursor, encode_cursor
from reelm.ledger import entries
from reelm.ledger.entries import Entry
from reelm.ledger.errors import LedgerBusyError, LedgerFatalError, LedgerLateError
from reelm.ledger.repository import CHANGED, WANTED, LedgerReader, LedgerWriter
from reelm.ledger.schemas import (
    DayCounts,
    EntryLine,
    EntryView,
    Head,
    Inclusion,
    LedgerState,
    State,
    WitnessRow,
    WitnessView,
)
from reelm.ledger.tiles import Prover, TileStore
from reelm_audit.tlog import policy as policies
from reelm_audit.tlog.checkpoint import parse as parse_checkpoint
from reelm_audit.tlog.note import parse_note
from reelm_audit.tlog.proof import TlogProof
from reelm_audit.tlog.tiles import MAX_ENTRY_BYTES

__all__ = [
    "Inclusion",
    "LedgerBusyError",
    "LedgerFatalError",
    "LedgerLateError",
    "LedgerService",
    "LedgerState",
    "entries",
]

WAITING_LIMIT = 100_000
SILENT_SECONDS = 60.0
LATE_SECONDS = 60.0
_POLL_SECONDS = 0.5
_FRESH_SECONDS = 5.0
_BRIEF_SECONDS = 0.5
_SHOWN_DAYS = 30
_END = 2**62
E = TypeVar("E", bound=Entry)


class LedgerService:
    """The ledger as rooms and routes use it; one a process.

    `listener`, where the process has one, spares waiting entries the poll; it must not be started yet.
    """

    def __init__(
        self, database: Database, blobs: BlobStore, clock: Clock, ids: Ids, listener: Listener | None = None
    ) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self.store = TileStore(blobs)
        self._prover = Prover(self.store)
        self._heard = asyncio.Event()
        self._state: tuple[float, LedgerState] | None = None
        self._refreshing = asyncio.Lock()
        self._pressure: tuple[float, int] = (-_FRESH_SECONDS, 0)
        if listener is not None:
            listener.on(CHANGED, lambda _: self._wake())
            listener.on_return(self._wake)

    def _wake(self) -> None:
        """Something changed: wake whoever waits, and let what is known of the state grow old soon."""
        self._heard.set()
        self._heard = asyncio.Event()
        if self._state is not None:
            soon = self._clock.monotonic() + _BRIEF_SECONDS
            self._state = (min(self._state[0], soon), self._state[1])

    # --- adding -------------------------------------------------------------------------------------------

    async def append(self, uow: UnitOfWork, entry: Entry) -> UUID:
        """Add an entry that exists if and only if the caller's transaction commits; return its reference.

        Raises `LedgerBusyError` when the ledger is far behind.
        """
        await self._hold_back(uow)
        ref = self._ids.new()
        await LedgerWriter(uow).add(ref, kind_of(entry), _body(entry))
        return ref

    async def append_many(self, uow: UnitOfWork, added: Sequence[Entry]) -> list[UUID]:
        """Add entries in one statement, to be placed in this order."""
        await self._hold_back(uow)
        refs = [self._ids.new() for _ in added]
        await LedgerWriter(uow).add_many(
            refs, [kind_of(entry) for entry in added], [_body(entry) for entry in added]
        )
        return refs

    async def _hold_back(self, uow: UnitOfWork) -> None:
        measured, waiting = self._pressure
        now = self._clock.monotonic()
        if now - measured >= _FRESH_SECONDS:
            waiting = await LedgerReader(uow).count_waiting(WAITING_LIMIT)
            self._pressure = (now, waiting)
        if waiting >= WAITING_LIMIT:
            raise LedgerBusyError(retry_after_seconds=30)

    async def publish_document(self, document: bytes) -> str:
        """Publish what entries commit to; return its SHA-256, hexadecimal. Durable when this returns."""
        return await self.store.put_document(document)

    # --- waiting and proving ------------------------------------------------------------------------------

    async def included(self, ref: UUID, timeout_seconds: float = 10) -> Inclusion:
        """Wait until the entry is under a published checkpoint with the release quorum, and prove it.

        Holds no connection while it waits. Raises RuntimeError inside a unit of work, `NotFoundError` for an entry
        that was never committed, and `LedgerLateError` when it takes longer than `timeout_seconds`.
        """
        if in_transaction():
            raise RuntimeError(
                "log before do: commit the intent first, then wait for it outside a transaction"
            )
        until = self._clock.monotonic() + timeout_seconds
        while True:
            heard = self._heard
            async with self._database.transaction() as uow:
                place = await LedgerReader(uow).find_place(ref)
                head = await LedgerReader(uow).find_head()
                if place is None or place[1] is not None:
                    raise NotFoundError
                if place[0] is None or head is None or head.release_size <= place[0]:
                    await LedgerWriter(uow).tell(WANTED)
            index = place[0]
            if index is not None and head is not None and index < head.release_size:
                proof = await self._proof_under(head, index)
                return Inclusion(index, head.release_size, proof)
            left = until - self._clock.monotonic()
            if left <= 0:
                raise LedgerLateError(retry_after_seconds=5)
            try:
                async with asyncio.timeout(min(left, _POLL_SECONDS)):
                    await heard.wait()
            except TimeoutError:
                continue

    async def find_index(self, uow: UnitOfWork, ref: UUID) -> int | None:
        """The entry's place, once it has one."""
        place = await LedgerReader(uow).find_place(ref)
        return place[0] if place else None

    async def proof(self, index: int) -> str:
        """A tlog-proof against the last checkpoint with the release quorum.

        Raises `NotFoundError` for no such entry, `LedgerLateError` for one that is not under such a checkpoint yet.
        """
        async with self._database.transaction() as uow:
            head = await LedgerReader(uow).find_head()
        if head is None or not 0 <= index < head.size:
            raise NotFoundError
        if index >= head.release_size:
            raise LedgerLateError(retry_after_seconds=2)
        return await self._proof_under(head, index)

    async def _proof_under(self, head: Head, index: int) -> str:
        note = head.release_checkpoint or ""
        checkpoint = parse_checkpoint(parse_note(note).text)
        hashes = await self._prover.inclusion(index, checkpoint.size, checkpoint.root)
        return TlogProof(index, tuple(hashes), note).text()

    # --- reading ------------------------------------------------------------------------------------------

    async def entry(self, index: int) -> bytes:
        """The bytes of an entry. Raises `NotFoundError`."""
        async with self._database.transaction() as uow:
            body = await LedgerReader(uow).find_body(index) if 0 <= index < 2**63 else None
        if body is None:
            raise NotFoundError
        return body

    async def view(self, index: int) -> EntryView:
        """An entry with its exact bytes. Raises `NotFoundError`."""
        body = await self.entry(index)
        return EntryView(index, msgspec.json.decode(body), base64.b64encode(body).decode())

    async def last(self, uow: UnitOfWork, kind: type[E]) -> E | None:
        """The newest entry of a kind, also one that still waits for its place."""
        body = await LedgerReader(uow).find_last(str(kind.__struct_config__.tag))
        return msgspec.json.decode(body, type=kind) if body else None

    async def page(self, kind: str | None, limit: int, cursor: str | None) -> Page[EntryLine]:
        """Entries, newest first; of one kind, or of several with commas between them.

        Raises InvalidRequestError for a cursor that was not given out.
        """
        before = min(decode_cursor(cursor, int) or 0, _END) if cursor else _END
        kinds = sorted(set(kind.split(","))) if kind else []
        async with self._database.transaction() as uow:
            found = await LedgerReader(uow).list_newest(before, limit + 1, kinds)
        lines = [EntryLine(index, msgspec.json.decode(body)) for index, body in found[:limit]]
        more = encode_cursor(lines[-1].index) if len(found) > limit else None
        return Page(lines, more)

    async def state(self) -> LedgerState:
        """How the ledger stands; at most five seconds old."""
        known = self._state
        if known is not None and self._clock.monotonic() < known[0]:
            return known[1]
        async with self._refreshing:
            known = self._state
            if known is not None and self._clock.monotonic() < known[0]:
                return known[1]
            async with self._database.transaction() as uow:
                state = await read_state(uow, self._clock.now())
            self._state = (self._clock.monotonic() + _FRESH_SECONDS, state)
            return state


def kind_of(entry: Entry) -> str:
    """The kind as the entry says it."""
    return str(entry.__struct_config__.tag)


def _body(entry: Entry) -> bytes:
    body = entry.to_bytes()
    if len(body) > MAX_ENTRY_BYTES:
        raise ValueError("an entry has at most 65,535 bytes: the ledger holds commitments, not documents")
    return body


async def read_state(uow: UnitOfWork, now: dt.datetime) -> LedgerState:
    """Put together how the ledger stands."""
    reader = LedgerReader(uow)
    head = await reader.find_head()
    waiting = await reader.count_waiting(WAITING_LIMIT)
    if head is None:
        return LedgerState("", "", 0, "", None, "starting", "", "", None, None, [], waiting, None, {}, [])
    witnesses = await reader.list_witnesses()
    days: dict[dt.date, dict[str, int]] = {}
    for day, kind, count in await reader.count_days(now.date() - dt.timedelta(days=_SHOWN_DAYS - 1)):
        days.setdefault(day, {})[kind] = count
    root, cosigned_by = "", []
    if head.public_checkpoint:
        note = parse_note(head.public_checkpoint)
        root = base64.b64encode(parse_checkpoint(note.text).root).decode()
        signers = {line.name for line in note.lines}
        cosigned_by = [row.name for row in witnesses if row.vkey.partition("+")[0] in signers]
    state, problem = _condition(head, now)
    return LedgerState(
        origin=head.origin,
        vkey=head.vkey,
        size=head.public_size,
        root=root,
        checkpoint_at=head.public_at,
        state=state,
        release_policy=head.release_policy,
        public_policy=head.public_policy,
        release_satisfied_at=head.release_at,
        public_satisfied_at=head.public_at,
        witnesses=[_view(row) for row in witnesses],
        waiting=waiting,
        problem=problem,
        kinds=await reader.count_kinds(),
        days=[DayCounts(day.isoformat(), counts) for day, counts in days.items()],
        cosigned_by=cosigned_by,
    )


def _condition(head: Head, now: dt.datetime) -> tuple[State, str | None]:
    if head.problem is not None:
        return "stopped", head.problem
    if head.silent_seconds > SILENT_SECONDS:
        return "stopped", "The process that keeps the ledger does not run."
    if head.public_checkpoint is None and head.late_since is None:
        return "starting", None
    if head.late_since is not None and (now - head.late_since).total_seconds() >= LATE_SECONDS:
        return "late", "Witnesses that the charter asks for have not cosigned."
    if not any(policies.parse(text).needs_witnesses for text in (head.release_policy, head.public_policy)):
        return "unwitnessed", None
    return ("starting", None) if head.public_checkpoint is None else ("witnessed", None)


def _view(row: WitnessRow) -> WitnessView:
    named = [name for name, named in (("release", row.in_release), ("public", row.in_public)) if named]
    return WitnessView(row.name, row.vkey, row.url, row.cosigned_at, row.problem, named)
