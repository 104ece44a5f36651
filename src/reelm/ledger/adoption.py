"""After a restore: the database is older than what was published, and what was published can't be taken back.

The longest log found among tiles and witnesses is adopted: 1. take every entry that the published bundles hold and
their tiles vouch for; 2. hold every checkpoint against it, the published ones and the witnesses'; 3. hold the
restored rows against it: they must be its beginning; 4. give waiting rows whose entry is in it their place, and add
the rest; 5. move the head, and say so in the ledger. What the gap holds is returned, so that erasures and expiries in
it are done again by whoever keeps what they are about.
"""

import datetime as dt
from collections import Counter, defaultdict, deque
from collections.abc import Sequence
from uuid import UUID

import msgspec
import structlog

from reelm.kit.blobs import BlobStore
from reelm.kit.clock import Clock
from reelm.kit.database import Database, UnitOfWork
from reelm.kit.errors import NotFoundError
from reelm.kit.ids import Ids
from reelm.ledger.entries import LedgerRestored, minute
from reelm.ledger.errors import LedgerFatalError
from reelm.ledger.repository import LedgerReader, LedgerWriter, SequencerWriter
from reelm.ledger.schemas import Head
from reelm.ledger.tiles import PUBLIC, RELEASE, Growth, TileStore
from reelm.ledger.transport import Send, UnreachableError
from reelm_audit.tlog.checkpoint import Checkpoint, open_checkpoint
from reelm_audit.tlog.merkle import EMPTY_ROOT, leaf_hashes
from reelm_audit.tlog.note import NoteError, Verifier
from reelm_audit.tlog.policy import Policy
from reelm_audit.tlog.tiles import WIDTH, Tile, TileError, decode_bundle
from reelm_audit.tlog.witness import checkpoint_path

_log = structlog.get_logger("reelm.ledger")


class GapEntry(msgspec.Struct, frozen=True):
    """An entry that was published after the restored database was copied.

    `ref` is its row's; `known` says whether that row was restored with it, still waiting: then the act it speaks of
    is there, too. Where it isn't, the act's rows are gone.
    """

    index: int
    kind: str
    body: bytes
    ref: UUID
    known: bool


class Adoption(msgspec.Struct, frozen=True):
    """What was adopted; `gap` is empty where nothing was missing."""

    db_size: int
    adopted_size: int
    root: str
    gap: list[GapEntry]


class Adopter:
    """Brings a restored database up to what was published. No sequencer may run."""

    def __init__(
        self,
        database: Database,
        blobs: BlobStore,
        clock: Clock,
        ids: Ids,
        *,
        origin: str,
        vkey: str,
        policies: tuple[str, str],
        witnesses: Sequence[Policy] = (),
        charter: str,
        ask: Send,
    ) -> None:
        self._database = database
        self._store = TileStore(blobs)
        self._clock = clock
        self._ids = ids
        self._origin = origin
        self._vkey = vkey
        self._policies = policies
        self._witnesses = witnesses
        self._charter = charter
        self._ask = ask

    async def run(self) -> Adoption:
        """Adopt. Raises `LedgerFatalError` where tiles, witnesses and database can't belong to one log."""
        async with self._database.transaction() as uow:
            head = await LedgerReader(uow).find_head()
        log = Verifier.from_vkey(self._vkey)
        if head is not None and (head.origin, head.vkey) != (log.name, self._vkey):
            raise LedgerFatalError("the restored database is of another ledger")
        bodies = await self._bundles()
        seen = [*await self._published(log), *await self._witnessed(log)]
        _hold_against(bodies, seen)
        async with self._database.transaction() as uow:
            return await self._adopt(uow, head, bodies)

    # --- what was published -------------------------------------------------------------------------------

    async def _bundles(self) -> list[bytes]:
        """Every entry in the bundles from the first on, as far as the tile beside each has the same leaves."""
        bodies: list[bytes] = []
        while len(bodies) % WIDTH == 0:
            index = len(bodies) // WIDTH
            found = await self._widest(index)
            if not found:
                break
            bodies.extend(found)
        return bodies

    async def _widest(self, index: int) -> list[bytes]:
        width = await self._store.widest(Tile(None, index))
        if not width:
            return []
        try:
            entries = decode_bundle(await self._store.get(Tile(None, index, width)), width)
            while entries:  # a crash may have left a bundle without its tile
                leaves = b"".join(leaf_hashes(entries))
                try:
                    if await self._store.get(Tile(0, index, len(entries))) == leaves:
                        return entries
                    raise LedgerFatalError(f"bundle {index} of entries does not belong to its tile")
                except NotFoundError:
                    width = await self._store.widest(Tile(0, index))
                    entries = entries[:width] if width < len(entries) else []
        except (NotFoundError, TileError) as error:
            raise LedgerFatalError(f"bundle {index} of entries is damaged: {error}") from error
        return entries

    async def _published(self, log: Verifier) -> list[tuple[str, Checkpoint]]:
        found = []
        for name in (RELEASE, PUBLIC):
            try:
                note = await self._store.get_checkpoint(name)
                found.append((f"the published {name}", open_checkpoint(note, log).checkpoint))
            except NotFoundError:
                continue
            except NoteError as error:
                raise LedgerFatalError(f"the published {name} can't be read: {error}") from error
        return found

    async def _witnessed(self, log: Verifier) -> list[tuple[str, Checkpoint]]:
        """What each witness says it saw last. One that doesn't answer can't be waited for, and is said so."""
        found = []
        for witness in {
            each.key.vkey: each for policy in self._witnesses for each in policy.witnesses
        }.values():
            if not witness.url:
                continue
            try:
                answer = await self._ask(
                    "GET", f"{witness.url.rstrip('/')}/{checkpoint_path(log.name)}", None
                )
                found.append((f"witness {witness.name}", open_checkpoint(answer.body, log).checkpoint))
            except (UnreachableError, NoteError) as error:
                _log.warning("ledger.witness_silent", witness=witness.name, reason=str(error))
        return found

    # --- the database -------------------------------------------------------------------------------------

    async def _adopt(self, uow: UnitOfWork, head: Head | None, bodies: list[bytes]) -> Adoption:
        writer, reader = SequencerWriter(uow), LedgerReader(uow)
        now = await writer.begin_term(self._origin, self._vkey, EMPTY_ROOT, *self._policies, resume=True)
        rows = await reader.list_bodies(0, 2**62)
        if [index for index, _ in rows] != list(range(len(rows))):
            raise LedgerFatalError("the restored database lacks entries in the middle of its ledger")
        restored = [body for _, body in rows]
        shared = min(len(restored), len(bodies))
        if restored[:shared] != bodies[:shared]:
            raise LedgerFatalError("the restored database is not the beginning of what was published")
        if now.size > len(restored):
            raise LedgerFatalError("the restored head is longer than the restored entries")
        if len(restored) >= len(bodies):
            return Adoption(now.size, now.size, now.root.hex(), [])
        gap = await self._place(writer, len(restored), bodies)
        growth = Growth()
        growth.grow(bodies)
        if not await writer.advance(now.term, now.size, growth.size, growth.root()):
            raise LedgerFatalError("somebody else keeps this ledger")
        entry = LedgerRestored(
            at=minute(self._clock.now()),
            charter=self._charter,
            db_size=now.size,
            adopted_size=growth.size,
        )
        await LedgerWriter(uow).add(self._ids.new(), "ledger.restored", entry.to_bytes())
        return Adoption(now.size, growth.size, growth.root().hex(), gap)

    async def _place(self, writer: SequencerWriter, first: int, bodies: list[bytes]) -> list[GapEntry]:
        """Give entries of the gap their place: rows that wait with the same bytes, or new ones."""
        waiting: defaultdict[bytes, deque[UUID]] = defaultdict(deque)
        for row in await writer.list_waiting(2**31 - 1):
            waiting[row.body].append(row.ref)
        gap: list[GapEntry] = []
        counts: Counter[tuple[dt.date, str]] = Counter()
        for index in range(first, len(bodies)):
            body = bodies[index]
            entry = msgspec.json.decode(body)
            refs = waiting[body]
            known = bool(refs)
            gap.append(
                GapEntry(index, entry["kind"], body, refs.popleft() if known else self._ids.new(), known)
            )
            counts[dt.date.fromisoformat(entry["at"][:10]), entry["kind"]] += 1
        missing = [each for each in gap if not each.known]
        await writer.add_placed(
            [each.ref for each in missing],
            [each.kind for each in missing],
            [each.body for each in missing],
            [each.index for each in missing],
        )
        for each in gap:
            if each.known and await writer.place([each.ref], each.index) != 1:
                raise LedgerFatalError("an entry that waited got its place meanwhile: a sequencer runs")
        await writer.count_in(counts)
        return gap


def _hold_against(bodies: list[bytes], seen: Sequence[tuple[str, Checkpoint]]) -> None:
    """Raise `LedgerFatalError` unless each checkpoint is a beginning of these entries."""
    growth = Growth()
    for name, checkpoint in sorted(seen, key=lambda each: each[1].size):
        if checkpoint.size > len(bodies):
            raise LedgerFatalError(
                f"{name} is of {checkpoint.size} entries, and the published bundles hold {len(bodies)}: "
                "the rest must be found first"
            )
        growth.grow(bodies[growth.size : checkpoint.size])
        if growth.root() != checkpoint.root:
            raise LedgerFatalError(f"{name} has another root at {checkpoint.size} entries than the bundles")
