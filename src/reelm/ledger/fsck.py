"""`fsck`: the whole ledger built again from its entries, and compared with everything that was made of them.

Nothing is trusted but the entries themselves: every bundle, every tile, the head and each published checkpoint must
be what follows from them.
"""

import datetime as dt
from collections import Counter

import msgspec

from reelm.kit.blobs import BlobStore
from reelm.kit.database import Database
from reelm.kit.errors import NotFoundError
from reelm.ledger.repository import LedgerReader
from reelm.ledger.schemas import Head
from reelm.ledger.tiles import PUBLIC, RELEASE, Growth, TileStore
from reelm_audit.tlog.checkpoint import Checkpoint, open_checkpoint
from reelm_audit.tlog.note import NoteError, Verifier
from reelm_audit.tlog.tiles import WIDTH, Tile, TileError

_AT_ONCE = 16 * WIDTH
_SHOWN = 100


class Findings(msgspec.Struct, frozen=True):
    """What `fsck` looked at and what is wrong; `problems` names at most the first hundred."""

    size: int
    root: str
    files: int
    repaired: int
    problems: list[str]

    @property
    def clean(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


class Fsck:
    """Checks a ledger, also one that grows meanwhile; with `repair` rewrites tiles whose entries are good."""

    def __init__(self, database: Database, blobs: BlobStore, *, repair: bool = False) -> None:
        self._database = database
        self._store = TileStore(blobs)
        self._repair = repair
        self._problems: list[str] = []
        self._found = self._files = self._repaired = 0
        self._kinds: Counter[tuple[dt.date, str]] = Counter()

    async def run(self) -> Findings:
        """Look at everything under the head as it is now."""
        async with self._database.transaction() as uow:
            head = await LedgerReader(uow).find_head()
        if head is None:
            return Findings(0, "", 0, 0, ["there is no ledger yet"])
        published = await self._published(head)
        growth = Growth()
        roots: dict[int, bytes] = {}
        wanted = sorted({each.size for _, each in published} | {head.size})
        good = True
        while good and growth.size < head.size:
            until = min(head.size, growth.size - growth.size % WIDTH + _AT_ONCE)
            until = min([until, *(size for size in wanted if size > growth.size)])
            good = await self._step(growth, until, head)
            roots[growth.size] = growth.root()
        if good:
            self._compare(head, growth, roots, published)
            await self._compare_counts(head)
        return Findings(growth.size, growth.root().hex(), self._files, self._repaired, self._problems)

    def _say(self, problem: str) -> None:
        self._found += 1
        if self._found <= _SHOWN:
            self._problems.append(problem)

    async def _published(self, head: Head) -> list[tuple[str, Checkpoint]]:
        """The checkpoints in the files and in the row, as far as the log's key has signed them."""
        notes = {"the row's release checkpoint": head.release_checkpoint}
        notes["the row's public checkpoint"] = head.public_checkpoint
        for name in (RELEASE, PUBLIC):
            try:
                notes[f"the file {name}"] = await self._store.get_checkpoint(name)
            except NotFoundError:
                if head.release_size:
                    self._say(f"the file {name} is missing")
        found = []
        log = Verifier.from_vkey(head.vkey)
        for name, note in notes.items():
            try:
                if note:
                    found.append((name, open_checkpoint(note, log).checkpoint))
            except NoteError as error:
                self._say(f"{name} is not what the log signed: {error}")
        return found

    async def _step(self, growth: Growth, until: int, head: Head) -> bool:
        """Read entries and compare what follows from them; return whether it is worth going on."""
        async with self._database.transaction() as uow:
            found = await LedgerReader(uow).list_bodies(growth.size, until)
        if [index for index, _ in found] != list(range(growth.size, until)):
            self._say(f"entries are missing from the database, at or after index {growth.size}")
            return False
        for index, body in found:
            self._count(index, body)
        for tile, data in growth.grow([body for _, body in found]):
            last = until == head.size and tile.width < WIDTH
            if tile.width == WIDTH or last:
                await self._check(tile, data)
        return True

    def _count(self, index: int, body: bytes) -> None:
        try:
            entry = msgspec.json.decode(body)
            self._kinds[dt.date.fromisoformat(entry["at"][:10]), entry["kind"]] += 1
        except (msgspec.DecodeError, KeyError, TypeError, ValueError):
            self._say(f"entry {index} is malformed")

    async def _check(self, tile: Tile, data: bytes) -> None:
        self._files += 1
        try:
            there = await self._store.get(tile)
            problem = "" if there == data else "is not what follows from the entries"
        except NotFoundError:
            problem = "is missing"
        except TileError as error:
            problem = f"is damaged: {error}"
        if not problem:
            return
        if self._repair:
            await self._store.put(tile, data)
            self._repaired += 1
            return
        self._say(f"{tile.path} {problem}")

    def _compare(
        self, head: Head, growth: Growth, roots: dict[int, bytes], published: list[tuple[str, Checkpoint]]
    ) -> None:
        if growth.root() != head.root:
            self._say("the head has another root than its entries")
        for name, checkpoint in published:
            if checkpoint.size > head.size:
                self._say(f"{name} is of {checkpoint.size} entries, and the head of {head.size}")
            elif checkpoint.size and roots.get(checkpoint.size) != checkpoint.root:
                self._say(f"{name}, of {checkpoint.size} entries, has another root than its entries")

    async def _compare_counts(self, head: Head) -> None:
        """Counts move with the index, before the head: only a ledger that rests can be compared."""
        async with self._database.transaction() as uow:
            reader = LedgerReader(uow)
            now = await reader.find_head()
            beyond = await reader.list_bodies(head.size, head.size + 1)
            counted = {(day, kind): count for day, kind, count in await reader.count_days(dt.date.min)}
        if beyond or now is None or now.size != head.size:
            return
        if counted != dict(self._kinds):
            self._say("the counts by day and kind differ from the entries")
