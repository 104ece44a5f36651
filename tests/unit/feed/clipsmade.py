"""A catalog made of numbers, as the pipeline's stages read it; and random models, receipts' makings and viewers."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import numpy as np

from reelm.feed.pipeline.backdrop import Backdrop
from reelm.feed.pipeline.meter import StageMeter
from reelm.feed.pipeline.model import SEED_BYTES, Ranker
from reelm.feed.pipeline.receipt import References, Visit
from reelm.feed.pipeline.run import Ask, Chosen, Draft, Tools, choose, draft, seal
from reelm.feed.pipeline.sources import Lists
from reelm.feed.pipeline.viewer import Event, Ties, ViewerState
from reelm_audit.feed.layout import ZERO, Mode, Receipt, decode
from reelm_audit.feed.maps import Adjustment

NOW = 1_795_000_000
BEGAN = dt.datetime.fromtimestamp(NOW - 10_000, dt.UTC)
GENERATION = b"generation 16 by"
COUNTERS = ("views", "likes", "comments", "reposts", "shares", "finishes", "skips")


class MadeCatalog:
    """As many clips as wanted: creator n % creators, sound n % sounds, tag n % kinds; the newest has the highest row."""

    def __init__(self, size: int, *, creators: int = 10, sounds: int = 7, kinds: int = 5) -> None:
        n = np.arange(size)
        self.size = size
        self.generation = GENERATION
        self.tags = np.zeros((size, 8), dtype=np.int64)
        self.tags[:, 0] = 3_000 + n % kinds
        self.columns: dict[str, Any] = {
            "author": 1_000 + n % creators,
            "sound": 2_000 + n % sounds,
            "language": np.full(size, 9),
            "published": NOW - 3600 * (size - n),
            "alive": np.ones(size, dtype=np.uint8),
            "duration_ms": np.full(size, 12_000, dtype=np.int32),
            **{name: np.zeros(size, dtype=np.int64) for name in COUNTERS},
        }
        self.lists: dict[str, list[int]] = {"top": list(range(size)), "fresh": []}

    def column(self, name: str) -> Any:
        return self.columns[name]

    def list(self, name: str) -> Any:
        return np.array(self.lists.get(name, []), dtype=np.uint32)

    def row(self, clip_id: UUID) -> int:
        row = clip_id.int - 1
        return row if 0 <= row < self.size and self.columns["alive"][row] else -1

    def newest_of(self, kind: str, key: int, limit: int) -> Any:
        mine = (self.tags == key).any(axis=1) if kind == "tag" else self.columns[kind] == key
        return np.flatnonzero(mine & (self.columns["alive"] == 1))[::-1][:limit]


class MadeMatrices:
    """Rows of neighbours, for one kind each."""

    digest = b"m" * 32

    def __init__(self, kinds: Mapping[str, Mapping[int, Mapping[int, int]]] = {}) -> None:
        self._kinds = kinds

    def sums(self, kind: str, rows: Sequence[int], factors: Sequence[int]) -> tuple[Any, Any]:
        found: dict[int, int] = {}
        for row, factor in zip(rows, factors, strict=True):
            for other, weight in self._kinds.get(kind, {}).get(row, {}).items():
                found[other] = found.get(other, 0) + weight * factor
        ordered = sorted(found)
        return np.array(ordered, dtype=np.uint32), np.array([found[row] for row in ordered], dtype=np.int64)


def clip_of(row: int) -> UUID:
    return UUID(int=row + 1)


def event(number: int, row: int, kind: str, *, minutes: int | None = None) -> Event:
    """The `number`th event, a second after the one before unless `minutes` says when."""
    after = dt.timedelta(seconds=number) if minutes is None else dt.timedelta(minutes=minutes)
    return Event(BEGAN + after, UUID(int=2**100 + number), clip_of(row), row, kind)


def viewer_of(catalog: MadeCatalog, *events: Event, ties: Ties | None = None) -> ViewerState:
    state = ViewerState(GENERATION, UUID(int=77))
    state.take_ties(ties or Ties(language=9, language_name="en"))
    state.learn(catalog, events)
    return state


def tools_of(
    catalog: MadeCatalog,
    *,
    matrices: MadeMatrices | None = None,
    ranker: Ranker | None = None,
    adjusted: Mapping[int, Adjustment] | None = None,
) -> Tools:
    return Tools(
        catalog,
        Lists(catalog),
        matrices or MadeMatrices(),
        ranker or Ranker(SEED_BYTES),
        Backdrop(catalog),
        ZERO,
        adjusted or {},
    )


def page_of(
    catalog: MadeCatalog,
    viewer: ViewerState,
    *,
    tools: Tools | None = None,
    seed: bytes = b"a visit of bytes",
    position: int = 0,
    count: int = 10,
    served: Sequence[int] = (),
    again: Sequence[int] = (),
) -> tuple[list[int], Receipt, Draft, Chosen]:
    """Run the whole pipeline; return the page's rows, its receipt, and what they were made of."""
    made_with = tools or tools_of(catalog)
    ask = Ask(viewer, Mode.FOR_YOU, Visit(seed, position, ZERO), frozenset(served), count, NOW, again)
    references = References(
        catalog.generation, 1, made_with.matrices.digest, made_with.ranker.digest, made_with.adjustments_root
    )
    meter = StageMeter()
    made = draft(ask, made_with, references, meter)
    chosen = choose(made, made_with, count, meter)
    rows = made.candidates.rows[chosen.scored.places[chosen.page]].tolist()
    clips = [(index, clip_of(row).bytes) for index, row in zip(chosen.page, rows, strict=True)]
    secret = [(clip_of(row).bytes, reason) for row, reason in made.ineligible.items()]
    data = seal(made, chosen, clips, secret, made_with.adjusted, b"salt" * 8)
    return rows, decode(data), made, chosen
