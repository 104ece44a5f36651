"""The map of adjustments that pages are made with: none but one whose root is proved to be in the public ledger.

A row that somebody put into the database, or changed there, makes another root: then nothing of it is used, the last
map that was proved stays, and the log says so.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from uuid import UUID

import structlog

from reelm.feed.adjustments.repository import CHANGED, AdjustmentRow, AdjustmentsReader, MapRow
from reelm.kit.database import Database
from reelm.kit.errors import NotFoundError, OverloadedError
from reelm.kit.listen import Listener
from reelm.ledger.service import LedgerLateError, LedgerService
from reelm_audit.feed.files import FileError, LoggedEntry
from reelm_audit.feed.layout import BOOST, DEMOTION, ZERO
from reelm_audit.feed.maps import Adjustment, MerkleMap, key_of
from reelm_audit.tlog import policy
from reelm_audit.tlog.note import NoteError, Verifier
from reelm_audit.tlog.policy import PolicyError

# The numbers that receipts have for reasons: the place in this list, from 1.
REASONS = ("editorial", "public_service", "realm_event", "low_quality", "borderline", "legal")
MAX_POINTS = 2000
LOOK_SECONDS = 60.0
_WAIT_SECONDS = 1.0
_LOOKED_AT = 8

_log = structlog.get_logger("reelm.adjustments")


class UndeclaredError(Exception):
    """The database holds adjustments that the ledger does not."""


def declared(row: AdjustmentRow) -> Adjustment:
    """What a row says, as the map has it."""
    return Adjustment(
        kind=BOOST if row.kind == "boost" else DEMOTION,
        points=row.points,
        reason=REASONS.index(row.reason) + 1,
        since=int(row.from_at.timestamp()),
        until=int(row.until_at.timestamp()),
        text=hashlib.sha256(row.words.encode()).digest(),
    )


def map_of(rows: Sequence[AdjustmentRow]) -> MerkleMap:
    """The map of these rows. Raises UndeclaredError for two about one clip."""
    values = {key_of(row.clip_id.bytes): declared(row).encode() for row in rows}
    if len(values) != len(rows):
        raise UndeclaredError("two adjustments are about one clip")
    return MerkleMap(values)


async def prove(ledger: LedgerService, map_row: MapRow, index: int) -> LoggedEntry:
    """The ledger's entry of a map and its proof, checked. Raises LedgerLateError, NotFoundError, UndeclaredError."""
    entry = LoggedEntry(await ledger.entry(index), await ledger.proof(index))
    state = await ledger.state()
    try:
        said = entry.open(Verifier.from_vkey(state.vkey), policy.parse(state.release_policy))
    except (FileError, NoteError, PolicyError) as error:
        raise UndeclaredError(f"the entry of map {map_row.number} is not proved: {error}") from error
    if said.get("kind") != "ranking.adjusted" or said.get("root") != map_row.root.hex():
        raise UndeclaredError(f"the entry of map {map_row.number} holds another root")
    return entry


class AdjustmentsBook:
    """One a process. `root` is 32 zero bytes as long as nothing was ever declared, or nothing proved."""

    def __init__(self, database: Database, ledger: LedgerService, listener: Listener | None = None) -> None:
        self._database = database
        self._ledger = ledger
        self._number = 0
        self._late = False
        self._heard = asyncio.Event()
        self.root = ZERO
        self.entries: dict[UUID, Adjustment] = {}
        if listener is not None:
            listener.on(CHANGED, lambda _: self._heard.set())
            listener.on_return(self._heard.set)

    def find(self, clip_id: UUID, at: int) -> Adjustment | None:
        """What is declared of a clip and counts at this moment (Unix seconds)."""
        found = self.entries.get(clip_id)
        return found if found is not None and found.is_on(at) else None

    async def run(self) -> None:
        """Follow what is declared until cancelled."""
        while True:
            self._heard.clear()
            try:
                await self.load()
            except UndeclaredError as error:
                _log.error("adjustments.refused", reason=str(error))
            except OverloadedError as error:
                _log.warning("adjustments.wait", reason=type(error).__name__)
                self._late = True
            except Exception:  # noqa: BLE001 - whatever it is, what was proved stays, and is looked at again
                _log.exception("adjustments.not_loaded")
            try:
                async with asyncio.timeout(_WAIT_SECONDS if self._late else LOOK_SECONDS):
                    await self._heard.wait()
            except TimeoutError:
                continue

    async def load(self) -> None:
        """Take up the newest map that is in the ledger. Raises UndeclaredError, and keeps what it has."""
        async with self._database.transaction() as uow:
            reader = AdjustmentsReader(uow)
            maps = await reader.newest_maps(_LOOKED_AT)
            indices = [(each, await self._ledger.find_index(uow, each.ref)) for each in maps]
        self._late = False
        for each, index in indices:
            if each.number <= self._number and self.root != each.root:
                raise UndeclaredError(f"map {each.number} is another than it was")
            if index is None:
                self._late = True
                continue
            try:
                await prove(self._ledger, each, index)
            except (LedgerLateError, NotFoundError):
                self._late = True
                continue
            await self._take(each)
            return

    async def _take(self, each: MapRow) -> None:
        async with self._database.transaction() as uow:
            rows = await AdjustmentsReader(uow).in_map(each.number)
        if map_of(rows).root != each.root:
            raise UndeclaredError(f"the rows of map {each.number} are not those that were declared")
        self.entries = {row.clip_id: declared(row) for row in rows}
        self.root, self._number = each.root, each.number
