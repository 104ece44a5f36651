"""Follows the database and keeps the shared catalog: the part of the indexer that every page stands on.

A notification names a clip that changed, and it is read again at once; every second the clips whose counters moved
are read. At its start, when notifications may have been missed, and every few hours, everything is compared.
"""

import asyncio
import datetime as dt
import itertools
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path
from uuid import UUID

import structlog

from reelm.feed.catalog import lists, snapshots
from reelm.feed.catalog.layout import COUNTERS, SETTABLE, TAGS
from reelm.feed.catalog.meter import CatalogMeter
from reelm.feed.catalog.records import Identity
from reelm.feed.catalog.store import NewRow, Store
from reelm.feed.keys import key_of_id, key_of_text
from reelm.feed.repository import CatalogReader, CatalogRow
from reelm.kit.clock import Clock
from reelm.kit.database import Database
from reelm.kit.errors import ReelmError
from reelm.kit.listen import Listener
from reelm.ledger.service import LedgerService, entries

_log = structlog.get_logger("reelm.catalog")
CHANNEL = "catalog"
BASE_SECONDS = 600.0
_FOLLOW_SECONDS = 1.0
_RANK_SECONDS = 5.0
_RANK_AGAIN_SECONDS = 60.0
# Ranking may take one part in so many of the indexer's time.
_RANK_SHARE = 20
_COMPARE_SECONDS = 6 * 3600.0
_OVERLAP = dt.timedelta(seconds=5)
_PAGE = 2_000
_AT_ONCE = 200


class CatalogKeeper:
    """The catalog's one writer."""

    def __init__(
        self,
        folder: Path,
        database: Database,
        listener: Listener,
        ledger: LedgerService,
        charter: str,
        clock: Clock,
        *,
        base_seconds: float = BASE_SECONDS,
    ) -> None:
        self._folder = folder
        self._database = database
        self._listener = listener
        self._ledger = ledger
        self._charter = charter
        self._clock = clock
        self._base_seconds = base_seconds
        self._changed: set[UUID] = set()
        self._wake = asyncio.Event()
        self._since = dt.datetime.fromtimestamp(0, dt.UTC)
        self._missed = True
        self._compared_at = 0.0
        self._ranked_at = self._ranked_seconds = 0.0
        self._ranked_seq = -1
        self._came_or_went = True
        self._meter = CatalogMeter()
        listener.on(CHANNEL, self.clip_changed)
        listener.on_return(self.missed_some)

    def clip_changed(self, payload: str) -> None:
        """Hear that a clip became public, changed, or is gone."""
        try:
            self._changed.add(UUID(payload))
        except ValueError:
            return
        self._wake.set()

    def missed_some(self) -> None:
        """Hear that notifications may have been lost: look at everything again."""
        self._missed = True
        self._wake.set()

    async def run(self) -> None:
        """Keep the catalog until cancelled. Raises `AnotherWriterError` as long as somebody else does."""
        with Store(self._folder) as store:
            self._missed = self._came_or_went = True
            keeping = asyncio.ensure_future(self._keep_bases(store))
            try:
                await self._listener.connected.wait()
                await self._follow(store)
            finally:
                keeping.cancel()
                await asyncio.gather(keeping, return_exceptions=True)

    async def _follow(self, store: Store) -> None:
        while True:
            try:
                await self._turn(store)
            except (ReelmError, OSError) as error:
                _log.warning("catalog.behind", error=type(error).__name__)
                await asyncio.sleep(_FOLLOW_SECONDS)
            try:
                async with asyncio.timeout(_FOLLOW_SECONDS):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()

    async def _turn(self, store: Store) -> None:
        if self._missed or self._clock.monotonic() - self._compared_at > _COMPARE_SECONDS:
            self._missed = False
            try:
                await self._compare(store)
            except BaseException:
                self._missed = True
                raise
        await self._catch_up(store)
        self._meter.set("followed_timestamp_seconds", self._time())
        self._meter.set("rows", store.mapping.size)
        self._meter.set("seq", store.log.seq)
        await self._rank(store)

    # --- following --------------------------------------------------------------------------------------

    async def _compare(self, store: Store) -> None:
        """Take in every public clip; what is here and no longer public is buried."""
        self._compared_at = self._clock.monotonic()
        known = _living(store)
        async with self._database.transaction() as uow:
            reader = CatalogReader(uow)
            self._since = await reader.now()
            after: UUID | None = None
            while rows := await reader.list_public(after, _PAGE):
                await self._take(store, rows)
                for row in rows:
                    known.pop(row.id.bytes, None)
                after = rows[-1].id
        gone = list(known)
        for start in range(0, len(gone), _PAGE):
            # A clip may have become public again since it was looked for.
            await self._look_at(store, [UUID(bytes=clip_id) for clip_id in gone[start : start + _PAGE]])
        _log.info("catalog.compared", clips=len(_living(store)), rows=store.mapping.size, gone=len(gone))

    async def _catch_up(self, store: Store) -> None:
        changed, self._changed = self._changed, set()
        try:
            while changed:
                some = set(itertools.islice(changed, _PAGE))
                await self._look_at(store, some)
                changed -= some
            async with self._database.transaction() as uow:
                reader = CatalogReader(uow)
                now, place = await reader.now(), (self._since - _OVERLAP, UUID(int=0))
                while moved := await reader.list_moved(*place, _PAGE):
                    await self._take(store, moved)
                    place = moved[-1].moved_at, moved[-1].id
        except BaseException:
            self._changed |= changed
            raise
        self._since = now

    async def _look_at(self, store: Store, ids: Iterable[UUID]) -> None:
        """Read clips again: those that are not found are no longer public."""
        wanted = list(ids)
        async with self._database.transaction() as uow:
            rows = await CatalogReader(uow).list_by_ids(wanted)
        found = {row.id for row in rows}
        gone = [store.mapping.find_row(each.bytes) for each in wanted if each not in found]
        if buried := sorted(row for row in set(gone) if row >= 0):
            store.change(self._time(), buried=buried)
            self._came_or_went = True
        await self._take(store, rows)

    async def _take(self, store: Store, rows: Sequence[CatalogRow]) -> None:
        """Bring clips that are public into the catalog, or what changed of them."""
        for start in range(0, len(rows), _AT_ONCE):
            new: list[NewRow] = []
            buried: list[int] = []
            sets: dict[str, tuple[list[int], list[int]]] = {}
            for clip in rows[start : start + _AT_ONCE]:
                row = store.mapping.find_row(clip.id.bytes)
                if row >= 0 and _is_same(store, row, clip):
                    _compare_values(store, row, _values(clip), sets)
                    continue
                if row >= 0:
                    buried.append(row)
                new.append(_new_row(clip))
            if new or buried or sets:
                store.change(self._time(), new, buried, sets)
                self._came_or_went |= bool(new or buried)
            await asyncio.sleep(0)

    async def _rank(self, store: Store) -> None:
        """Renew the lists: soon after the catalog changed, and now and then because time has passed."""
        now = self._clock.monotonic()
        passed = now - self._ranked_at
        due = _RANK_AGAIN_SECONDS if store.log.seq == self._ranked_seq else _RANK_SECONDS
        if self._came_or_went:
            due = 0.0
        if passed < max(due, self._ranked_seconds * _RANK_SHARE):
            return
        self._came_or_went = False
        at = self._time()
        renewed = await asyncio.to_thread(lists.renewed, store.mapping, at)
        self._ranked_at, self._ranked_seconds = now, self._clock.monotonic() - now
        store.renew_lists(at, renewed=renewed)
        self._meter.set("clips", int(store.mapping.columns["alive"][: store.mapping.size].sum()))
        self._ranked_seq = store.log.seq

    # --- what charter auditors get ----------------------------------------------------------------------

    async def _keep_bases(self, store: Store) -> None:
        while True:
            await asyncio.sleep(self._base_seconds)
            try:
                await self.keep_base(store)
            except (ReelmError, OSError) as error:
                _log.warning("catalog.base_waits", error=type(error).__name__)

    async def keep_base(self, store: Store) -> None:
        """Write a base when something has changed since the last, and say its digest in the ledger."""
        now = self._time()
        base = await asyncio.to_thread(snapshots.newest, store.folder)
        if base is None or (base.seq < store.log.seq and now - base.at >= self._base_seconds):
            base = await asyncio.to_thread(snapshots.write, snapshots.take(store, now))
            _log.info("catalog.base", seq=base.seq, digest=base.digest)
        self._meter.set("base_seq", base.seq)
        await self._say(base)
        await asyncio.to_thread(snapshots.thin, store.folder, now)
        await asyncio.to_thread(snapshots.forget_elsewhere, store, now)

    async def _say(self, base: snapshots.Base) -> None:
        async with self._database.transaction() as uow:
            last = await self._ledger.last(uow, entries.FeedSnapshot)
            if last is not None and last.digest == base.digest:
                return
            said = entries.FeedSnapshot(
                at=entries.minute(self._clock.now()),
                charter=self._charter,
                generation=base.generation.hex(),
                seq=base.seq,
                digest=base.digest,
            )
            await self._ledger.append(uow, said)

    def _time(self) -> int:
        return int(self._clock.now().timestamp())


def _living(store: Store) -> dict[bytes, int]:
    """Return the living rows by their clips' ids."""
    mapping = store.mapping
    rows = mapping.columns["alive"][: mapping.size].nonzero()[0].tolist()
    ids = mapping.columns["id"].tobytes()
    return {ids[16 * row : 16 * row + 16]: row for row in rows}


def _tags(clip: CatalogRow) -> tuple[int, ...]:
    return tuple(key_of_text(tag) for tag in clip.tags[:TAGS])


def _is_same(store: Store, row: int, clip: CatalogRow) -> bool:
    """Whether a row still says who a clip is of, and what it carries; if not, the clip gets another row."""
    cells, tags = store.mapping.cells, _tags(clip)
    padded = [*tags, *(0 for _ in range(TAGS - len(tags)))]
    return (
        cells["author_id"][16 * row : 16 * row + 16] == clip.author_id.bytes
        and cells["sound"][row] == key_of_id(clip.sound_id)
        and cells["tag"][row * TAGS : row * TAGS + TAGS].tolist() == padded
    )


def _values(clip: CatalogRow) -> dict[str, int]:
    counters = {name: getattr(clip, name) for name in COUNTERS}
    return {
        "language": key_of_text(clip.language),
        "published": int(clip.published_at.timestamp()),
        "duration_ms": clip.duration_ms,
        **counters,
    }


def _compare_values(
    store: Store, row: int, values: dict[str, int], sets: dict[str, tuple[list[int], list[int]]]
) -> None:
    """Add to `sets` what is not as it was."""
    cells = store.mapping.cells
    for name in SETTABLE:
        if cells[name][row] != values[name]:
            rows, changed = sets.setdefault(name, ([], []))
            rows.append(row)
            changed.append(values[name])


def _new_row(clip: CatalogRow) -> NewRow:
    identity = Identity(
        secrets.token_bytes(16),
        clip.id.bytes,
        clip.author_id.bytes,
        key_of_id(clip.sound_id),
        _tags(clip),
    )
    values = _values(clip)
    counters = tuple(values[name] for name in COUNTERS)
    return NewRow(identity, values["language"], values["published"], values["duration_ms"], counters)
