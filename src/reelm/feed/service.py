"""Decisions of the feed: what comes next, and taking in what was watched.

The only file of this room that others import.
"""

import datetime as dt
import hashlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Annotated
from uuid import UUID

import msgspec
import numpy as np

from reelm.accounts.service import AccountsService, Visitor
from reelm.clips.service import Clip, ClipsService, ClipViewer
from reelm.feed.cards import CardCache
from reelm.feed.catalog import Catalog, Rows
from reelm.feed.controls.schemas import Controls
from reelm.feed.controls.service import ControlsService
from reelm.feed.keys import key_of_id, key_of_text
from reelm.feed.pipeline.filters import keep_wanted, short
from reelm.feed.pipeline.replay import seen_longest_ago
from reelm.feed.pipeline.score import common_score, viewer_score
from reelm.feed.pipeline.select import choose
from reelm.feed.pipeline.sources import gather
from reelm.feed.pipeline.viewer import ViewerState
from reelm.feed.repository import EventsReader, EventsWriter
from reelm.feed.schemas import EventsStored, FeedName, WatchEvent
from reelm.kit.clock import Clock
from reelm.kit.database import Database, UnitOfWork
from reelm.kit.errors import SignInRequiredError
from reelm.kit.events import EventBus
from reelm.kit.ids import Ids
from reelm.kit.pages import Page, decode_cursor, encode_cursor
from reelm.social.service import Followed, FollowEnded, SocialService

_STATES = 5_000
_HISTORY_DAYS = 90
_HISTORY = 5_000
_OVERLAP = dt.timedelta(minutes=2)
_WEEK = dt.timedelta(days=7)
_SERVED = 100
_SPARE = 5
# How long a viewer's ties and language may be remembered from before, when they changed in another process.
_TIES_SECONDS = 10.0


class VisitCursor(msgspec.Struct, frozen=True, array_like=True):
    """How far a visit got: its seed, the last clips served (six bytes each), and, for Local, the place."""

    seed: bytes
    served: Annotated[bytes, msgspec.Meta(max_length=_SERVED * 6)]
    place: int = 0


class FeedService:
    """Feeds. One a process: it keeps the catalog and the viewers' states in memory."""

    def __init__(
        self,
        catalog: Catalog,
        cards: CardCache,
        accounts: AccountsService,
        social: SocialService,
        clips: ClipsService,
        controls: ControlsService,
        database: Database,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._controls = controls
        self._database = database
        self.catalog = catalog
        self.cards = cards
        self._accounts = accounts
        self._social = social
        self._clips = clips
        self._clock = clock
        self._ids = ids
        self._states: OrderedDict[UUID, ViewerState] = OrderedDict()

    async def page(
        self, uow: UnitOfWork, guest: Visitor | None, name: FeedName, limit: int, cursor: str | None
    ) -> Page[Clip] | bytes:
        """Return the next page of a feed, as a page or as its JSON. For You and Local need no account.

        Raises `SignInRequiredError` for the others.
        """
        if name == "for-you":
            return await self._for_you(uow, guest, limit, cursor)
        if name == "local":
            return await self._local(uow, guest, limit, cursor)
        if guest is None:
            raise SignInRequiredError
        if name == "following":
            authors = await self._social.followed_ids(uow, guest)
        else:
            authors = await self._social.friend_ids(uow, guest)
        return await self._clips.list_of_authors(uow, guest, authors, limit, cursor)

    # --- For You ----------------------------------------------------------------------------------------

    async def _for_you(self, uow: UnitOfWork, guest: Visitor | None, limit: int, cursor: str | None) -> bytes:
        """Run the pipeline; return the page as JSON."""
        visit = decode_cursor(cursor, VisitCursor) or VisitCursor(self._ids.new().bytes, b"")
        served = _split(visit.served)
        viewer = await self._state(uow, guest)
        rows = self._ranked(viewer, visit, served, limit + _SPARE, guest)
        ids = [self.catalog.id_of(row) for row in rows]
        shown = (await self._cards(uow, guest, ids))[:limit]
        following = VisitCursor(visit.seed, _joined(served, [clip_id for clip_id, _ in shown]))
        return _as_json([card for _, card in shown], encode_cursor(following) if shown else None)

    async def _cards(
        self, uow: UnitOfWork, guest: Visitor | None, ids: Sequence[UUID]
    ) -> list[tuple[UUID, bytes]]:
        """Stage 3, eligibility, and the clips' JSON: what row-level security hides from the viewer is left out."""
        await self.cards.warm(uow, ids)
        if guest is None:
            return [(clip_id, card) for clip_id in ids if (card := self.cards.card(clip_id, None))]
        marks = await self._clips.marks(uow, guest, ids)
        authors = {clip_id: self.catalog.author_id(self.catalog.row(clip_id)) for clip_id in marks}
        ties = await self._social.ties(uow, guest, set(authors.values()) - {guest.person_id})
        found: list[tuple[UUID, bytes]] = []
        for clip_id in ids:
            if clip_id not in marks:
                continue
            author = authors[clip_id]
            follow = ties[author].follow if author in ties else "none"
            viewer = ClipViewer(*marks[clip_id], follow=follow, own=author == guest.person_id)
            card = self.cards.card(clip_id, viewer)
            if card is not None:
                found.append((clip_id, card))
        return found

    async def clip_json(self, clip_id: UUID) -> bytes | None:
        """Return a public clip as the signed-out see it; None if there is no such."""
        if not self.cards.is_warm(clip_id):
            async with self._database.transaction() as uow:
                await self.cards.warm(uow, [clip_id])
        return self.cards.card(clip_id, None)

    def _ranked(
        self,
        viewer: ViewerState,
        visit: VisitCursor,
        served: Sequence[bytes],
        count: int,
        guest: Visitor | None,
    ) -> list[int]:
        catalog, own = self.catalog, guest.person_id if guest else None
        earlier = set(served)
        sources = gather(catalog, viewer)
        candidates = keep_wanted(catalog, viewer, np.array(sorted(sources), dtype=np.int64), earlier, own)
        scores = self._scores(viewer, candidates)
        seed = hashlib.sha256(visit.seed + visit.served).digest()
        chosen = choose(catalog, candidates, scores, sources, count, seed)
        if len(chosen) < count:
            again = keep_wanted(catalog, viewer, seen_longest_ago(catalog, viewer, earlier), earlier, own)
            chosen += [row for row in again.tolist() if row not in set(chosen)][: count - len(chosen)]
        if not chosen and earlier:
            # Everything there is was served on this visit: begin again.
            return self._ranked(viewer, visit, (), count, guest)
        return chosen

    def _scores(self, viewer: ViewerState, rows: Rows) -> Rows:
        now = int(self._clock.now().timestamp())
        return common_score(self.catalog, rows, now) + viewer_score(self.catalog, viewer, rows)

    async def _state(self, uow: UnitOfWork, guest: Visitor | None) -> ViewerState:
        """Return what is known of a viewer, moved by every event stored since the last page."""
        if guest is None:
            return ViewerState()
        state = self._states.pop(guest.person_id, None) or ViewerState()
        controls = await self._controls.of(uow, guest, state.controls)
        if (controls.reset_at, controls.forgotten) != (state.controls.reset_at, state.controls.forgotten):
            # What was learned and is forgotten now can't be taken out again: it is read anew.
            state = ViewerState()
        state.controls = controls
        self._states[guest.person_id] = state
        while len(self._states) > _STATES:
            self._states.popitem(last=False)
        now = self._clock.now()
        if state.read_until is None:
            since, most = now - dt.timedelta(days=_HISTORY_DAYS), _HISTORY
        else:
            since, most = state.read_until - _OVERLAP, _HISTORY
        rows = await EventsReader(uow).list_since(guest.person_id, since, most)
        for row in reversed(rows):
            counts = row["learns"] and row["at"] >= controls.reset_at
            state.learn(self.catalog, row["id"], row["clip_id"], row["kind"], counts=counts)
        state.read_until = now
        if self._clock.monotonic() >= state.ties_until:
            authors = await self._social.followed_ids(uow, guest)
            state.followed = {key_of_id(author) for author in authors}
            state.language = key_of_text(await self._accounts.language(uow, guest))
            state.ties_until = self._clock.monotonic() + _TIES_SECONDS
        return state

    async def taste(self, uow: UnitOfWork, visitor: Visitor) -> tuple[Mapping[int, int], Controls]:
        """Return what the next page will take the visitor's taste to be (key → points), and what they told it."""
        state = await self._state(uow, visitor)
        return state.taste, state.controls

    def subscribe(self, events: EventBus) -> None:
        """Hear whom people follow, so that the next page knows. Called once, by entrypoints."""
        events.on(Followed, self._on_tie)
        events.on(FollowEnded, self._on_tie)

    async def _on_tie(self, uow: UnitOfWork, event: Followed | FollowEnded) -> None:
        state = self._states.get(event.follower_id)
        if state is not None:
            state.ties_until = 0.0

    # --- Local ------------------------------------------------------------------------------------------

    async def _local(self, uow: UnitOfWork, guest: Visitor | None, limit: int, cursor: str | None) -> bytes:
        """Everything public in this realm, newest first."""
        visit = decode_cursor(cursor, VisitCursor) or VisitCursor(b"", b"")
        before = visit.place or int(self._clock.now().timestamp()) + 60
        published = self.catalog.column("published")
        served = set(_split(visit.served))
        rows = [
            row
            for row in self.catalog.list("newest").tolist()
            if published[row] <= before and short(self.catalog.id_of(row)) not in served
        ]
        chosen = rows[: limit + _SPARE]
        shown = (await self._cards(uow, guest, [self.catalog.id_of(row) for row in chosen]))[:limit]
        cards = [card for _, card in shown]
        if not shown or len(rows) <= len(shown):
            return _as_json(cards, None)
        ids = [clip_id for clip_id, _ in shown]
        place = int(published[self.catalog.row(ids[-1])])
        # Clips of the same second as the last one are told apart by the cursor's memory.
        return _as_json(cards, encode_cursor(VisitCursor(b"", _joined(_split(visit.served), ids), place)))

    # --- events -----------------------------------------------------------------------------------------

    async def record(self, uow: UnitOfWork, visitor: Visitor, events: Sequence[WatchEvent]) -> EventsStored:
        """Store a batch. Counters of the clips move with it; the visitor's next page reflects it."""
        now = self._clock.now()
        times = [min(max(_utc(event.at), now - _WEEK), now) for event in events]
        unique = {event.id: (event, at) for event, at in zip(events, times, strict=True)}
        stored = await EventsWriter(uow).add(
            visitor.person_id, [event for event, _ in unique.values()], [at for _, at in unique.values()]
        )
        state = self._states.get(visitor.person_id)
        if state is not None:
            for event, at in unique.values():
                if event.id in stored:
                    counts = stored[event.id] and at >= state.controls.reset_at
                    state.learn(self.catalog, event.id, event.clip_id, event.kind, counts=counts)
        return EventsStored(len(stored), len(events) - len(stored))


def _utc(moment: dt.datetime) -> dt.datetime:
    return moment.astimezone(dt.UTC) if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _split(served: bytes) -> list[bytes]:
    return [served[start : start + 6] for start in range(0, len(served), 6)]


def _joined(served: Sequence[bytes], ids: Sequence[UUID]) -> bytes:
    return b"".join([*served, *(short(clip_id) for clip_id in ids)][-_SERVED:])


def _as_json(cards: Sequence[bytes], cursor: str | None) -> bytes:
    following = b"null" if cursor is None else b'"%b"' % cursor.encode()
    return b'{"items":[%b],"next_cursor":%b}' % (b",".join(cards), following)
