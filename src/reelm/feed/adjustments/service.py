"""Decisions about adjustments. Each change goes to the ledger first: the pipeline takes it up when it is there."""

import datetime as dt
from collections import OrderedDict
from collections.abc import Callable, Sequence
from uuid import UUID

from reelm.clips.service import ClipsService
from reelm.custody.service import StaffService, Visitor
from reelm.feed.adjustments.book import UndeclaredError, declared, map_of, prove
from reelm.feed.adjustments.errors import AdjustedAlreadyError, NotPublicError
from reelm.feed.adjustments.repository import AdjustmentRow, AdjustmentsReader, AdjustmentsWriter, MapRow
from reelm.feed.adjustments.schemas import AdjustmentAsk, AdjustmentView
from reelm.kit.clock import Clock
from reelm.kit.database import Database, UnitOfWork
from reelm.kit.errors import InvalidRequestError, NotFoundError
from reelm.kit.ids import Ids
from reelm.kit.pages import Page, decode_cursor, encode_cursor
from reelm.ledger.service import LedgerLateError, LedgerService, entries
from reelm.realm.service import RealmService
from reelm_audit.feed.evidence import ShownAdjustment
from reelm_audit.feed.files import FileAdjustments
from reelm_audit.feed.layout import ZERO, Receipt
from reelm_audit.feed.maps import MerkleMap, key_of

_LONGEST = dt.timedelta(days=366)
_REMEMBERED = 16


class AdjustmentsService:
    """What staff declare, and what everybody may read of it. `row_of` says a clip's row in the catalog, or -1."""

    def __init__(
        self,
        database: Database,
        ledger: LedgerService,
        clips: ClipsService,
        realm: RealmService,
        row_of: Callable[[UUID], int],
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._clips = clips
        self._realm = realm
        self._row_of = row_of
        self._clock = clock
        self._ids = ids
        self._maps: OrderedDict[bytes, tuple[MapRow, MerkleMap, list[AdjustmentRow]]] = OrderedDict()

    # --- staff --------------------------------------------------------------------------------------------

    async def declare(self, visitor: Visitor, ask: AdjustmentAsk) -> AdjustmentView:
        """Declare a boost or demotion, and wait until the ledger has it.

        Raises NotFoundError or NotEnrolledError for whoever is not staff, NotPublicError, AdjustedAlreadyError,
        InvalidRequestError, and LedgerLateError: then it is declared, and counts as soon as the ledger has it.
        """
        async with self._database.transaction(visitor.ticket) as uow:
            staff = await StaffService.enrolled(uow, visitor)
            clip = await self._clips.get(uow, visitor, ask.clip_id)
            if clip.visibility != "everyone" or clip.published_at is None:
                raise NotPublicError
            writer = AdjustmentsWriter(uow)
            await writer.hold()
            last, now_in = await self._newest(writer)
            over = [each for each in now_in if each.until_at <= self._clock.now()]
            left = [each for each in now_in if each not in over]
            if any(each.clip_id == ask.clip_id for each in left):
                raise AdjustedAlreadyError
            number = (last.number if last else 0) + 1
            added = self._row(ask, staff.key_id, number)
            await writer.end([each.id for each in over], number)
            await writer.add(added)
            ref = await self._log(uow, writer, number, last, [*left, added])
        await self._ledger.included(ref)
        return await self._view_of(added)

    async def take_back(self, visitor: Visitor, adjustment_id: UUID) -> None:
        """Take one back, and wait until the ledger has it. Raises as `declare`."""
        async with self._database.transaction(visitor.ticket) as uow:
            await StaffService.enrolled(uow, visitor)
            writer = AdjustmentsWriter(uow)
            await writer.hold()
            last, now_in = await self._newest(writer)
            left = [each for each in now_in if each.id != adjustment_id]
            if last is None or len(left) == len(now_in):
                raise NotFoundError
            await writer.end([adjustment_id], last.number + 1)
            ref = await self._log(uow, writer, last.number + 1, last, left)
        await self._ledger.included(ref)

    def _row(self, ask: AdjustmentAsk, staff: str, number: int) -> AdjustmentRow:
        now = self._clock.now().replace(microsecond=0)
        since = max(_utc(ask.since), now) if ask.since else now
        until = _utc(ask.until).replace(microsecond=0)
        wrong = {}
        if ask.points == 0:
            wrong["points"] = "zero"
        if not since < until <= now + _LONGEST:
            wrong["until"] = "out_of_range"
        if wrong:
            raise InvalidRequestError(fields=wrong)
        kind = "boost" if ask.points > 0 else "demotion"
        return AdjustmentRow(
            self._ids.new(),
            ask.clip_id,
            kind,
            ask.points,
            ask.reason,
            ask.text,
            since,
            until,
            staff,
            number,
            None,
        )

    @staticmethod
    async def _newest(reader: AdjustmentsReader) -> tuple[MapRow | None, list[AdjustmentRow]]:
        maps = await reader.newest_maps(1)
        return (maps[0], await reader.in_map(maps[0].number)) if maps else (None, [])

    async def _log(
        self,
        uow: UnitOfWork,
        writer: AdjustmentsWriter,
        number: int,
        last: MapRow | None,
        rows: Sequence[AdjustmentRow],
    ) -> UUID:
        root = map_of(rows).root
        ref = await self._ledger.append(
            uow,
            entries.RankingAdjusted(
                at=entries.minute(self._clock.now()),
                charter=self._realm.charter_digest,
                root=root.hex(),
                previous=(last.root if last else map_of(()).root).hex(),
                count=len(rows),
            ),
        )
        await writer.add_map(MapRow(number, root, len(rows), ref))
        return ref

    # --- everybody ----------------------------------------------------------------------------------------

    async def page(self, uow: UnitOfWork, limit: int, cursor: str | None) -> Page[AdjustmentView]:
        """What is declared now, the newest first."""
        rows = await AdjustmentsReader(uow).page(decode_cursor(cursor, UUID), limit + 1)
        shown = rows[:limit]
        indices = await self._indices(uow, shown)
        views = [_view(row, indices.get(row.since)) for row in shown]
        return Page(views, encode_cursor(shown[-1].id) if len(rows) > limit else None)

    async def _view_of(self, row: AdjustmentRow) -> AdjustmentView:
        async with self._database.transaction() as uow:
            indices = await self._indices(uow, [row])
        return _view(row, indices.get(row.since))

    async def _indices(self, uow: UnitOfWork, rows: Sequence[AdjustmentRow]) -> dict[int, int]:
        maps = await AdjustmentsReader(uow).maps(sorted({row.since for row in rows}))
        found = {number: await self._ledger.find_index(uow, each.ref) for number, each in maps.items()}
        return {number: index for number, index in found.items() if index is not None}

    # --- receipts -----------------------------------------------------------------------------------------

    async def shown_for(self, receipt: Receipt) -> FileAdjustments | None:
        """What the map that a page used says of its clips and of every candidate that was adjusted.

        None where the page used no map, or one that is no longer known; without an entry where the ledger has none.
        """
        if receipt.adjustments == ZERO:
            return None
        known = await self._map(receipt.adjustments)
        if known is None:
            return None
        row, tree, rows = known
        clips = {each.index: each.clip for each in receipt.chosen}
        at = {self._row_of(each.clip_id): each.clip_id.bytes for each in rows}
        for touched in receipt.adjusted:
            clip = at.get(receipt.scored[touched.index].row)
            if clip is not None:
                clips.setdefault(touched.index, clip)
        values = {each.clip_id.bytes: declared(each).encode() for each in rows}
        shown = tuple(
            ShownAdjustment(index, clip, values.get(clip), tree.prove(key_of(clip)))
            for index, clip in sorted(clips.items())
        )
        async with self._database.transaction() as uow:
            place = await self._ledger.find_index(uow, row.ref)
        try:
            entry = await prove(self._ledger, row, place) if place is not None else None
        except (LedgerLateError, NotFoundError, UndeclaredError):
            entry = None
        return FileAdjustments(entry, shown)

    async def _map(self, root: bytes) -> tuple[MapRow, MerkleMap, list[AdjustmentRow]] | None:
        known = self._maps.get(root)
        if known is None:
            async with self._database.transaction() as uow:
                reader = AdjustmentsReader(uow)
                row = await reader.find_map(root)
                rows = await reader.in_map(row.number) if row else []
            if row is None:
                return None
            known = self._maps[root] = (row, map_of(rows), rows)
            while len(self._maps) > _REMEMBERED:
                self._maps.popitem(last=False)
        return known


def _utc(moment: dt.datetime) -> dt.datetime:
    return moment.astimezone(dt.UTC) if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _view(row: AdjustmentRow, index: int | None) -> AdjustmentView:
    return AdjustmentView(
        id=row.id,
        clip_id=row.clip_id,
        kind="boost" if row.kind == "boost" else "demotion",
        points=row.points,
        reason=row.reason,  # type: ignore[arg-type]
        text=row.words,
        since=row.from_at,
        until=row.until_at,
        staff=row.staff,
        entry_index=index,
    )
