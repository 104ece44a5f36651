"""The feed that serves, played in the simulation: its catalog, stages, model and learning, without HTTP.

The catalog is a real one in a folder of its own; matrices are made by the rule that the realm learns by, with its
least number of contributors, every twenty minutes. What is left out is the database: watch events come straight here.
"""

import datetime as dt
import shutil
import tempfile
import uuid
from pathlib import Path
from typing import Self

import numpy as np
from bench.feed.world import Act, Clip, Plan, Viewer

from reelm.feed.catalog import CATALOG, COUNTERS, Catalog
from reelm.feed.catalog.records import Identity
from reelm.feed.catalog.store import NewRow, Store
from reelm.feed.keys import key_of_id, key_of_text
from reelm.feed.learning import shelf
from reelm.feed.learning.matrices import Follower, Rows
from reelm.feed.learning.training import pairs
from reelm.feed.learning.training.content import KINDS, Tokens, content_rows
from reelm.feed.learning.training.watched import Watched
from reelm.feed.learning.training.weigh import item_rows, next_rows
from reelm.feed.pipeline import run
from reelm.feed.pipeline.backdrop import Backdrop
from reelm.feed.pipeline.meter import StageMeter
from reelm.feed.pipeline.model import SEED_BYTES, Ranker
from reelm.feed.pipeline.receipt import References, Visit
from reelm.feed.pipeline.sources import Lists
from reelm.feed.pipeline.viewer import Event, Ties, ViewerState
from reelm_audit.feed.layout import Mode

# The world's first second, in Unix time.
BEGAN = 1_800_000_000
_LEARN_SECONDS = 1_200
_COUNTED = {"finish": "finishes", "like": "likes", "share": "shares", "skip": "skips"}
_LIKED = ("finish", "like", "share")


class Served:
    """For You, as it is served."""

    name = "For You"

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._folder = Path(tempfile.mkdtemp(prefix="reelm-population-"))
        self._store = Store(self._folder)
        self._ids: dict[int, uuid.UUID] = {}
        self._numbers: dict[uuid.UUID, int] = {}
        self._clips: dict[int, Clip] = {}
        self._states: dict[int, ViewerState] = {}
        self._places: dict[int, int] = {}
        self._moved: dict[int, dict[str, int]] = {}
        self._watched: list[tuple[int, int, int]] = []
        self._now = 0
        self._events = 0
        self._meter = StageMeter()

    def __enter__(self) -> Self:
        self._store.__enter__()
        self._catalog = Catalog(self._folder / CATALOG)
        self._backdrop = Backdrop(self._catalog)
        self._lists = Lists(self._catalog)
        self._matrices = Follower(self._folder / "matrices")
        self._ranker = Ranker(SEED_BYTES)
        return self

    def __exit__(self, *_: object) -> None:
        self._store.__exit__()
        shutil.rmtree(self._folder)

    # --- what happens ------------------------------------------------------------------------------------

    def published(self, clips: list[Clip]) -> None:
        rows = [self._row(clip) for clip in clips]
        for start in range(0, len(rows), 500):
            self._store.change(BEGAN + self._now, rows[start : start + 500])
        self._store.renew_lists(BEGAN + self._now)

    def _row(self, clip: Clip) -> NewRow:
        clip_id = _uuid(1, clip.number)
        self._ids[clip.number], self._numbers[clip_id] = clip_id, clip.number
        self._clips[clip.number] = clip
        identity = Identity(
            salt=clip.number.to_bytes(16, "little"),
            id=clip_id.bytes,
            author_id=_uuid(2, clip.creator).bytes,
            sound=key_of_id(_uuid(3, clip.sound)) if clip.sound >= 0 else 0,
            tags=tuple(key_of_text(tag) for tag in clip.tags),
        )
        past = tuple(getattr(clip.past, name, 0) for name in COUNTERS)
        return NewRow(identity, key_of_text(clip.language), BEGAN + clip.published, clip.duration_ms, past)

    def watched(self, acts: list[Act]) -> None:
        for act in acts:
            row = self._catalog.row(self._ids[act.clip])
            moved = self._moved.setdefault(row, {})
            moved["views"] = moved.get("views", 0) + 1
            for kind in act.kinds:
                moved[_COUNTED[kind]] = moved.get(_COUNTED[kind], 0) + 1
            if any(kind in _LIKED for kind in act.kinds):
                self._watched.append((act.viewer, row, act.at))
            self._states[act.viewer].learn(self._catalog, self._events_of(act, row))

    def _events_of(self, act: Act, row: int) -> list[Event]:
        moment = dt.datetime.fromtimestamp(BEGAN + act.at, dt.UTC)
        found = []
        for kind in act.kinds or ("impression",):
            self._events += 1
            found.append(Event(moment, _uuid(4, self._events), self._ids[act.clip], row, kind))
        return found

    def minute(self, now: int) -> None:
        self._now = now
        self._count()
        self._store.renew_lists(BEGAN + now)
        self._backdrop.renew()
        if now % _LEARN_SECONDS == 0:
            self._learn(now)

    def _count(self) -> None:
        """Move the counters in the catalog, as the realm does every second."""
        sets: dict[str, tuple[list[int], list[int]]] = {}
        for row, moved in self._moved.items():
            for name, count in moved.items():
                rows, values = sets.setdefault(name, ([], []))
                rows.append(row)
                values.append(int(self._catalog.column(name)[row]) + count)
        self._moved.clear()
        if sets:
            self._store.change(BEGAN + self._now, sets=sets)

    def _learn(self, now: int) -> None:
        size = self._catalog.size
        person, row, at = (
            (np.array(each) for each in zip(*self._watched, strict=True)) if self._watched else _NOBODY
        )
        watched = Watched.none().with_more(
            person.astype(np.uint64), row.astype(np.int64), at.astype(np.int64)
        )
        every, likes = np.arange(size), watched.counts(size)
        together = pairs.together(watched, pairs.Pairs.none(), every, size)
        following = pairs.following(watched, pairs.Pairs.none(), every, size)
        made = {
            "item": item_rows(together, likes, None),
            "next": next_rows(following, likes),
            "content": self._content(size),
        }
        shelf.put_in_force(self._folder / "matrices", self._catalog.generation, BEGAN + now, made)

    def _content(self, size: int) -> Rows:
        every = np.arange(size)
        tags = self._catalog.tags[:size]
        columns = [("tag", tags[:, place]) for place in range(tags.shape[1])]
        columns += [(name, self._catalog.column(name)[:size]) for name in ("sound", "author", "language")]
        tokens = Tokens.of(
            np.concatenate([every for _ in columns]),
            np.concatenate([np.full(size, KINDS.index(name)) for name, _ in columns]),
            np.concatenate([keys for _, keys in columns]),
        )
        return content_rows(tokens, size)

    # --- a page ------------------------------------------------------------------------------------------

    def page(self, viewer: Viewer, now: int, count: int) -> list[int]:
        state = self._states.get(viewer.number)
        if state is None:
            state = self._states[viewer.number] = ViewerState(
                self._catalog.generation, _uuid(5, viewer.number)
            )
            state.ties = Ties(language=key_of_text(viewer.language), language_name=viewer.language)
        place = self._places.get(viewer.number, 0)
        self._places[viewer.number] = place + count
        matrices = self._matrices.current(self._catalog.generation)
        tools = run.Tools(self._catalog, self._lists, matrices, self._ranker, self._backdrop)
        visit = Visit(_uuid(6, viewer.number).bytes, place, bytes(32))
        ask = run.Ask(state, Mode.FOR_YOU, visit, (), count, BEGAN + now)
        made_with = References(
            self._catalog.generation, self._catalog.seq, matrices.digest, self._ranker.digest, bytes(32)
        )
        draft = run.draft(ask, tools, made_with, self._meter)
        chosen = run.choose(draft, tools, count, self._meter)
        rows = draft.candidates.rows[chosen.scored.places]
        return [self._numbers[self._catalog.id_of(int(rows[index]))] for index in chosen.page]


_NOBODY = (np.zeros(0, np.uint64), np.zeros(0, np.int64), np.zeros(0, np.int64))


def _uuid(kind: int, number: int) -> uuid.UUID:
    """Return an id whose last bytes are spread like those of real ones."""
    return uuid.uuid5(uuid.NAMESPACE_OID, f"{kind}/{number}")
