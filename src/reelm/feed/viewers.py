"""Viewers: what this process remembers of each, brought up to date for every page.

Events that arrive here move a state at once. Those that another process took in, and what changed about the viewer's
ties and controls, are read by the next page, by one statement: it is asked when the viewer's stamp is another one
(`stamps.py`), and every ten seconds in any case. It looks a few minutes back; what lies further back (a device that
was offline) is told by notification, and so are blocks.
"""

import datetime as dt
import struct
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from reelm.accounts.service import Blocked, Visitor
from reelm.feed.catalog import Catalog
from reelm.feed.controls.service import ControlsService
from reelm.feed.keys import key_of_text
from reelm.feed.pipeline.policy import POLICY
from reelm.feed.pipeline.viewer import Event, Ties, ViewerState
from reelm.feed.repository import EventsWriter, ViewerNews, read_news
from reelm.feed.schemas import EventsStored, WatchEvent
from reelm.feed.stamps import ViewerStamps
from reelm.kit.clock import Clock
from reelm.kit.database import Database, UnitOfWork
from reelm.kit.events import EventBus
from reelm.social.service import Followed, FollowEnded

CHANNEL = "viewers"
_STATES = 5_000
_OVERLAP = dt.timedelta(minutes=2)
_LATE = dt.timedelta(seconds=60)
_WEEK = dt.timedelta(days=7)
_MOST_AT_ONCE = 1_000
# How long a viewer's state may be remembered without asking: their language, and whatever came without a stamp.
_TIES_SECONDS = 10.0
_EVENT = struct.Struct(">16s16sqcc")
_KEY = struct.Struct(">8xq")
_KINDS = {
    b"f": "finish",
    b"o": "loop",
    b"l": "like",
    b"h": "share",
    b"s": "skip",
    b"n": "not_interested",
    b"i": "impression",
}
_EPOCH = dt.datetime.fromtimestamp(0, dt.UTC)


class Viewers:
    """The states of this process's viewers, the latest few thousand."""

    def __init__(
        self,
        catalog: Catalog,
        controls: ControlsService,
        stamps: ViewerStamps,
        database: Database,
        clock: Clock,
    ) -> None:
        self._catalog = catalog
        self._controls = controls
        self._stamps = stamps
        self._database = database
        self._clock = clock
        self._states: OrderedDict[UUID, ViewerState] = OrderedDict()

    async def of(self, uow: UnitOfWork, visitor: Visitor, generation: bytes) -> ViewerState:
        """Return a viewer's state, moved by everything stored up to now."""
        state = self._states.pop(visitor.person_id, None)
        if state is None or state.generation != generation:
            state = ViewerState(generation, visitor.person_id)
        self._states[visitor.person_id] = state
        while len(self._states) > _STATES:
            self._states.popitem(last=False)
        stamp = self._stamps.of(visitor.person_id)
        with_ties = stamp.ties != state.stamp.ties or self._clock.monotonic() >= state.ties_until
        if with_ties or stamp != state.stamp or state.read_until is None:
            await self._read(uow, visitor, state, with_ties=with_ties)
            state.stamp = stamp
        return state

    async def _read(self, uow: UnitOfWork, visitor: Visitor, state: ViewerState, *, with_ties: bool) -> None:
        """Move a state by what the database has that is new to it."""
        now = self._clock.now()
        if state.read_until is None:
            since, most = now - dt.timedelta(days=POLICY.viewer.history_days), POLICY.viewer.history_events
        else:
            since, most = state.read_until - _OVERLAP, _MOST_AT_ONCE
        news = await read_news(self._database, visitor.ticket, since, most, with_ties=with_ties)
        if news.version != state.controls.version:
            state.take_controls(await self._controls.of(uow, visitor, state.controls))
        if with_ties:
            self._take_ties(state, news)
            state.find_rows(self._catalog)
        self._take_events(state, news.news)
        state.read_until = now

    def _take_ties(self, state: ViewerState, news: ViewerNews) -> None:
        ties = Ties(
            followed=_keys(news.followed),
            friends=_keys(news.friends),
            hidden=_keys(news.hidden),
            language=key_of_text(news.language) if news.language else 0,
            language_name=news.language,
            age_band=news.age_band,
            jurisdiction=news.jurisdiction,
        )
        state.ties_until = self._clock.monotonic() + _TIES_SECONDS
        state.take_ties(ties)

    def _take_events(self, state: ViewerState, news: bytes) -> None:
        fresh: dict[bool, list[Event]] = {True: [], False: []}
        for event_id, clip_id, micros, kind, learns in _EVENT.iter_unpack(news):
            if state.is_new(event_id):
                clip = UUID(bytes=clip_id)
                at = _EPOCH + dt.timedelta(microseconds=micros)
                event = Event(at, UUID(bytes=event_id), clip, self._catalog.row(clip), _KINDS[kind])
                fresh[learns == b"1"].append(event)
        for learns_too, events in fresh.items():
            if events:
                state.learn(self._catalog, events, learns=learns_too)

    # --- events -----------------------------------------------------------------------------------------

    async def record(self, uow: UnitOfWork, visitor: Visitor, events: Sequence[WatchEvent]) -> EventsStored:
        """Store a batch. Counters of the clips move with it; the visitor's next page reflects it."""
        now = self._clock.now()
        times = [min(max(_utc(event.at), now - _WEEK), now) for event in events]
        unique = {event.id: (event, at) for event, at in zip(events, times, strict=True)}
        writer = EventsWriter(uow)
        stored = await writer.add(
            visitor.person_id, [event for event, _ in unique.values()], [at for _, at in unique.values()]
        )

        async def learn() -> None:
            state = self._states.get(visitor.person_id)
            if state is not None:
                self._learn(state, unique.values(), stored)

        uow.after_commit(learn)
        self._stamps.acts_change(uow, visitor.person_id)
        if any(at < now - _LATE for event, at in unique.values() if event.id in stored):
            await writer.tell_viewer_changed(visitor.person_id)
        return EventsStored(len(stored), len(events) - len(stored))

    def _learn(
        self,
        state: ViewerState,
        events: Iterable[tuple[WatchEvent, dt.datetime]],
        stored: Mapping[UUID, bool],
    ) -> None:
        for learns in (True, False):
            state.learn(
                self._catalog,
                [
                    Event(at, event.id, event.clip_id, self._catalog.row(event.clip_id), event.kind)
                    for event, at in events
                    if stored.get(event.id) is learns and state.is_new(event.id.bytes)
                ],
                learns=learns,
            )

    # --- being told -------------------------------------------------------------------------------------

    def subscribe(self, events: EventBus) -> None:
        """Hear whom people follow and block, so that the next page knows. Called once, by entrypoints."""
        events.on(Followed, self._on_tie)
        events.on(FollowEnded, self._on_tie)
        events.on(Blocked, self._on_block)

    async def _on_tie(self, uow: UnitOfWork, event: Followed | FollowEnded) -> None:
        for person in (event.follower_id, event.followee_id):
            self._stamps.ties_change(uow, person)

    async def _on_block(self, uow: UnitOfWork, event: Blocked) -> None:
        for person in (event.person_id, event.other_id):
            self._stamps.ties_change(uow, person)
            await EventsWriter(uow).tell_viewer_changed(person)

    def changed(self, payload: str) -> None:
        """Hear that a viewer's events or ties changed elsewhere (channel `viewers`)."""
        try:
            state = self._states.get(UUID(payload))
        except ValueError:
            return
        if state is not None:
            state.ties_until, state.read_until = 0.0, None

    def missed_some(self) -> None:
        """Hear that notifications may have been lost: read everybody anew."""
        for state in self._states.values():
            state.ties_until, state.read_until = 0.0, None


def _keys(people: bytes) -> frozenset[int]:
    return frozenset(key for (key,) in _KEY.iter_unpack(people))


def _utc(moment: dt.datetime) -> dt.datetime:
    return moment.astimezone(dt.UTC) if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
