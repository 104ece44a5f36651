"""Pages of For You: runs the pipeline for a request, asks row-level security, and hands the receipt over.

Round trips for somebody who is signed in: one for what they did since the last page, one for what they may see of the
chosen. Both are transactions of their own, so none is held while the page is computed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Annotated
from uuid import UUID

import msgspec

from reelm.accounts.service import Visitor
from reelm.clips.service import ClipViewer
from reelm.feed.adjustments.book import AdjustmentsBook
from reelm.feed.cards import CardCache
from reelm.feed.catalog import Catalog, Mark
from reelm.feed.controls.errors import WithoutProfilingError
from reelm.feed.learning.matrices import Follower
from reelm.feed.pipeline import run
from reelm.feed.pipeline.backdrop import Backdrop
from reelm.feed.pipeline.eligibility import Reason
from reelm.feed.pipeline.meter import StageMeter
from reelm.feed.pipeline.model import RankerInForce
from reelm.feed.pipeline.receipt import References, Visit
from reelm.feed.pipeline.run import Ask, Chosen, Draft, Tools
from reelm.feed.pipeline.sources import Lists
from reelm.feed.pipeline.viewer import ViewerState
from reelm.feed.receipts.keeper import ReceiptKeeper
from reelm.feed.repository import EventsReader, PageMark, read_marks
from reelm.feed.viewers import Viewers
from reelm.kit.clock import Clock
from reelm.kit.database import Database, UnitOfWork
from reelm.kit.ids import Ids
from reelm.kit.pages import decode_cursor, encode_cursor
from reelm_audit.feed.layout import ZERO, Mode, served_after
from reelm_audit.feed.maps import Adjustment

_SERVED = 100
_SPARE = 5
_ROUNDS = 6
_STATES_READ = 3
_ROW = 4
_LAST_PLACE = 2**16 - 100
_FOLLOW = {"accepted": "following", "requested": "requested"}
# A clip of the page: its row, its id, its JSON.
Shown = tuple[int, UUID, bytes]
# A clip that may be shown: its id, what it is to the viewer.
Checked = tuple[UUID, ClipViewer | None]


class VisitCursor(msgspec.Struct, frozen=True, array_like=True):
    """How far a visit got: its seed, the next place, what was served (a digest of all, the rows of the latest)."""

    seed: Annotated[bytes, msgspec.Meta(min_length=16, max_length=16)]
    position: Annotated[int, msgspec.Meta(ge=0, le=2**16)] = 0
    served: Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)] = ZERO
    generation: Annotated[bytes, msgspec.Meta(max_length=16)] = b""
    rows: Annotated[bytes, msgspec.Meta(max_length=_SERVED * _ROW)] = b""


class Pages:
    """Makes pages. One a web process."""

    def __init__(
        self,
        catalog: Catalog,
        cards: CardCache,
        viewers: Viewers,
        matrices: Follower,
        ranker: RankerInForce,
        receipts: ReceiptKeeper,
        adjustments: AdjustmentsBook,
        database: Database,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._catalog = catalog
        self._cards = cards
        self._viewers = viewers
        self._matrices = matrices
        self._ranker = ranker
        self._receipts = receipts
        self._adjustments = adjustments
        self._database = database
        self._clock = clock
        self._ids = ids
        self._adjusted: dict[int, Adjustment] = {}
        self._adjusted_of = (ZERO, b"", 0)
        self._lists = Lists(catalog)
        self._meter = StageMeter()
        self.backdrop = Backdrop(catalog)

    async def page(self, uow: UnitOfWork, guest: Visitor | None, limit: int, cursor: str | None) -> bytes:
        """Return the next page of a visit as JSON. Raises `InvalidRequestError` for a cursor of another kind."""
        visit = decode_cursor(cursor, VisitCursor) or VisitCursor(self._ids.new().bytes)
        if visit.position > _LAST_PLACE:
            visit = VisitCursor(self._ids.new().bytes, 0, ZERO, visit.generation, visit.rows)
        made = await self._made(uow, guest, visit, limit)
        if made is None and visit.rows:
            # Everything there is was served on this visit: begin again.
            visit = VisitCursor(self._ids.new().bytes)
            made = await self._made(uow, guest, visit, limit)
        if made is None:
            return _as_json([], None, b"null")
        shown, receipt = made
        self._meter.page("signed_out" if guest is None else "for_you")
        return _as_json([card for _, _, card in shown], encode_cursor(self._following(visit, shown)), receipt)

    def _following(self, visit: VisitCursor, shown: Sequence[Shown]) -> VisitCursor:
        generation = self._catalog.generation
        before = visit.rows if visit.generation == generation else b""
        rows = before + b"".join(row.to_bytes(_ROW, "little") for row, _, _ in shown)
        return VisitCursor(
            visit.seed,
            visit.position + len(shown),
            served_after(visit.served, [clip.bytes for _, clip, _ in shown]),
            generation,
            rows[-_SERVED * _ROW :],
        )

    # --- one page ---------------------------------------------------------------------------------------

    async def _made(
        self, uow: UnitOfWork, guest: Visitor | None, visit: VisitCursor, limit: int
    ) -> tuple[list[Shown], bytes] | None:
        """Return the page's clips with their JSON, and the receipt's; None if there is nothing to show."""
        generation = self._catalog.begin().generation
        viewer = ViewerState(generation)
        if guest is not None:
            viewer = await self._viewers.of(uow, guest, generation)
            if not viewer.profiled:
                raise WithoutProfilingError
        served = _rows(visit.rows) if visit.generation == generation else []
        ask = Ask(
            viewer,
            Mode.SIGNED_OUT if guest is None else Mode.FOR_YOU,
            Visit(visit.seed, visit.position, visit.served),
            frozenset(served),
            limit,
            int(self._clock.now().timestamp()),
        )
        draft, chosen, tools = self._draft(ask)
        missing = limit - len(draft.candidates.rows)
        if guest is not None and missing > 0:
            longest_ago = await EventsReader(uow).list_seen_longest_ago(
                guest.person_id, missing + len(ask.served) + _SPARE * _SERVED
            )
            found = self._catalog.rows(longest_ago).tolist()
            again = [row for row in found if row >= 0 and row not in ask.served]
            # No more than are missing: what the viewer has not seen is on the page, whatever is liked better.
            draft, chosen, tools = self._draft(replace(ask, again=again[:missing]))
        return await self._settled(uow, guest, draft, chosen, tools)

    def _draft(self, ask: Ask) -> tuple[Draft, Chosen, Tools]:
        """Run the stages on one state of the catalog; again if it moved meanwhile."""
        for _ in range(_STATES_READ):
            mark = self._catalog.begin()
            tools = self._tools(mark, ask.now)
            references = References(
                mark.generation,
                mark.seq,
                tools.matrices.digest,
                tools.ranker.digest,
                tools.adjustments_root,
            )
            draft = run.draft(ask, tools, references, self._meter)
            chosen = run.choose(draft, tools, ask.count + _SPARE, self._meter)
            if self._catalog.unchanged(mark):
                break
        return draft, chosen, tools

    def _tools(self, mark: Mark, now: int) -> Tools:
        """Return what is in force; declared adjustments are looked up by row once a second at most."""
        book = self._adjustments
        if (book.root, mark.generation, now) != self._adjusted_of:
            on = {self._catalog.row(clip): each for clip, each in book.entries.items() if each.is_on(now)}
            self._adjusted = {row: each for row, each in on.items() if row >= 0}
            self._adjusted_of = (book.root, mark.generation, now)
        return Tools(
            self._catalog,
            self._lists,
            self._matrices.current(mark.generation),
            self._ranker.look(),
            self.backdrop,
            book.root,
            self._adjusted,
        )

    async def _settled(
        self, uow: UnitOfWork, guest: Visitor | None, draft: Draft, chosen: Chosen, tools: Tools
    ) -> tuple[list[Shown], bytes] | None:
        """Ask what the viewer may see of the chosen; leave out the rest and choose again, until the page stands."""
        count = draft.ask.count
        checked: dict[int, Checked] = {}
        for _ in range(_ROUNDS):
            rows = draft.candidates.rows[chosen.scored.places[chosen.page]].tolist()
            if not rows:
                return None
            left_out = await self._check(
                uow, guest, draft, [row for row in rows if row not in checked], checked
            )
            if not left_out:
                shown = self._shown(rows[:count], checked)
                gone = {row for row, _, card in shown if card is None}
                if not gone:
                    return await self._receipted(guest, draft, chosen, tools, shown)
                # Withdrawn while the page was made: as if it had never been there.
                draft.remove(gone, None)
            chosen = run.choose(draft, tools, count, self._meter)
        return None

    async def _check(
        self,
        uow: UnitOfWork,
        guest: Visitor | None,
        draft: Draft,
        rows: Sequence[int],
        checked: dict[int, Checked],
    ) -> bool:
        """Fill `checked` with what may be shown; leave the rest out of the draft, and say whether there was any."""
        if not rows:
            return False
        asked = self._catalog.ids_of(rows)
        visible: dict[int, ClipViewer | None]
        if guest is None:
            visible = dict.fromkeys(range(len(rows)))
        else:
            marks = await read_marks(self._database, guest.ticket, asked)
            visible = {place: _viewer(mark) for place, mark in marks.items()}
        await self._cards.warm(uow, [asked[place] for place in visible])
        words = draft.ask.viewer.controls.words
        hidden, unsaid = set(), set()
        for place, row in enumerate(rows):
            text = self._cards.text(asked[place])
            if place not in visible or text is None:
                hidden.add(row)
            elif words and words.match(text):
                unsaid.add(row)
            else:
                checked[row] = (asked[place], visible[place])
        if hidden or unsaid:
            draft.remove(hidden, Reason.NOT_VISIBLE)
            draft.remove(unsaid, None)
            self._meter.stage("eligibility", 0, 0, {"not_visible": len(hidden)})
            self._meter.stage("filters", 0, 0, {"words": len(unsaid)})
        return bool(hidden or unsaid)

    def _shown(
        self, rows: Sequence[int], checked: Mapping[int, Checked]
    ) -> list[tuple[int, UUID, bytes | None]]:
        ids, viewers = zip(*(checked[row] for row in rows), strict=True)
        return list(zip(rows, ids, self._cards.cards(ids, rows, viewers), strict=True))

    async def _receipted(
        self,
        guest: Visitor | None,
        draft: Draft,
        chosen: Chosen,
        tools: Tools,
        shown: Sequence[tuple[int, UUID, bytes | None]],
    ) -> tuple[list[Shown], bytes]:
        """Write the receipt and have it kept. Nobody in particular gets none: there is nobody to keep it for."""
        page = [(row, clip, card) for row, clip, card in shown if card is not None]
        if guest is None:
            return page, b"null"
        secret = [
            (clip.bytes, reason)
            for row, reason in draft.ineligible.items()
            if (clip := self._catalog.id_of(row)).int
        ]
        clips = [clip for _, clip, _ in page]
        data = run.seal(
            draft,
            chosen,
            [(index, clip.bytes) for index, clip in zip(chosen.page, clips, strict=False)],
            secret,
            tools.adjusted,
            self._receipts.salt(draft.seed),
        )
        self._meter.stage("receipt", len(page), len(page))
        return page, await self._receipts.keep(guest, data, clips, draft.ask.now)


@lru_cache(maxsize=64)  # there are only so many ways to stand to a clip
def _viewer(mark: PageMark) -> ClipViewer:
    return ClipViewer(mark.liked, mark.reposted, follow=_FOLLOW.get(mark.follow, "none"), own=False)  # type: ignore[arg-type]


def _rows(packed: bytes) -> list[int]:
    return [int.from_bytes(packed[at : at + _ROW], "little") for at in range(0, len(packed), _ROW)]


def _as_json(cards: Sequence[bytes], cursor: str | None, receipt: bytes) -> bytes:
    following = b"null" if cursor is None else b'"%b"' % cursor.encode()
    return b'{"items":[%b],"next_cursor":%b,"receipt":%b}' % (b",".join(cards), following, receipt)
