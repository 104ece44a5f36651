"""A day of For You: viewers with hidden tastes, clips that come and go, and every page's receipt.

Pages are made by the server's own stages, on a catalog in shared memory as the indexer writes it, with matrices from
files, a model with trees and declared boosts; only the clock and the people are made up. The same seed gives the same
day, but for the catalog's generation. `python -m tests.factories.feedday FILE [COUNT]` writes the receipts and the
documents they name as JSON, for whoever computes them again in another language.
"""

import base64
import datetime as dt
import hashlib
import json
import random
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from uuid import UUID

import numpy as np
from tests.factories.feedcase import model_fields

from reelm.feed.catalog import CATALOG, COUNTERS, Catalog, snapshots
from reelm.feed.catalog.records import Identity
from reelm.feed.catalog.store import NewRow, Store
from reelm.feed.learning.matrices import Follower, Rows
from reelm.feed.learning.shelf import put_in_force
from reelm.feed.pipeline import run
from reelm.feed.pipeline.backdrop import Backdrop
from reelm.feed.pipeline.meter import StageMeter
from reelm.feed.pipeline.model import Ranker
from reelm.feed.pipeline.policy import POLICY_BYTES
from reelm.feed.pipeline.receipt import References, Visit
from reelm.feed.pipeline.sources import Lists
from reelm.feed.pipeline.viewer import Event, Ties, ViewerState
from reelm_audit.feed.layout import ZERO, Mode, served_after
from reelm_audit.feed.maps import Adjustment, MerkleMap, key_of
from reelm_audit.tlog import canonical

BEGIN = 1_790_000_000
BETWEEN = 86  # seconds from one page to the next
CLIPS, AUTHORS, SOUNDS, TAGS, VIEWERS = 1_500, 90, 60, 24, 20
_PAGES_A_VISIT = 5


@dataclass
class Served:
    """One page: its receipt, and what was shown."""

    receipt: bytes
    shown: tuple[bytes, ...]
    viewer: int
    seen: frozenset[int]


@dataclass
class Watcher:
    """A viewer: what they like, which nobody is told, and where their visit stands."""

    number: int
    state: ViewerState
    likes: frozenset[int]
    visit: bytes
    position: int = 0
    served: bytes = ZERO
    rows: list[int] = field(default_factory=list)


class Day:
    """Makes pages one after the other. Use as a context: the catalog's writer is open meanwhile."""

    def __init__(self, folder: Path, seed: int = 1) -> None:
        self.random = random.Random(seed)
        self.folder = folder
        self.model_bytes = canonical.encode(model_fields(self.random, trees=40))
        self.documents = {hashlib.sha256(each).hexdigest(): each for each in (self.model_bytes, POLICY_BYTES)}
        self.pages: list[Served] = []
        self.maps: dict[bytes, MerkleMap] = {}
        self.declared: dict[UUID, Adjustment] = {}
        self._store = Store(folder)
        self._meter = StageMeter()
        self._counts: dict[int, Counter[str]] = {}

    def __enter__(self) -> Self:
        self._store.__enter__()
        self._store.change(
            BEGIN - 1000, [self._clip(BEGIN - self.random.randrange(10**6)) for _ in range(CLIPS)]
        )
        self._store.renew_lists(BEGIN - 900)
        self._catalog = Catalog(self.folder / CATALOG)
        self._lists = Lists(self._catalog)
        self._backdrop = Backdrop(self._catalog)
        self._backdrop.renew()
        self._ranker = Ranker(self.model_bytes)
        self._matrices = Follower(self.folder / "matrices")
        self._learn(BEGIN - 800)
        self._watchers = [self._watcher(number) for number in range(VIEWERS)]
        snapshots.write(snapshots.take(self._store, BEGIN - 700))
        return self

    def __exit__(self, *wrong: object) -> None:
        self._store.__exit__(*wrong)

    # --- the world ----------------------------------------------------------------------------------------

    def _clip(self, published: int) -> NewRow:
        chance = self.random
        identity = Identity(
            salt=chance.randbytes(16),
            id=chance.randbytes(16),
            author_id=chance.randrange(1, AUTHORS).to_bytes(16, "big"),
            sound=chance.randrange(SOUNDS),
            tags=tuple(chance.sample(range(1, TAGS), chance.randrange(4))),
        )
        counters = tuple(chance.randrange(most) for most in (900, 90, 20, 9, 9, 500, 200))
        return NewRow(identity, chance.randrange(1, 4), published, chance.randrange(60_000), counters)

    def _watcher(self, number: int) -> Watcher:
        state = ViewerState(self._catalog.generation, UUID(int=10**9 + number))
        followed = frozenset(self.random.sample(range(1, AUTHORS), 8))
        hidden = frozenset(self.random.sample(range(1, AUTHORS), 2))
        ties = Ties(
            followed - hidden, frozenset(sorted(followed - hidden)[:2]), hidden, language=number % 3 + 1
        )
        state.take_ties(ties)
        likes = frozenset(self.random.sample(range(1, TAGS), 3))
        return Watcher(number, state, likes, self.random.randbytes(16))

    def _learn(self, at: int) -> None:
        """Put matrices in force in which clips with a tag in common are neighbours."""
        size = self._catalog.size
        by_tag: dict[int, list[int]] = {}
        for row, tags in enumerate(self._catalog.tags[:size].tolist()):
            for tag in filter(None, tags):
                by_tag.setdefault(tag, []).append(row)
        kinds = {}
        for kind, most in (("item", 60), ("next", 20), ("content", 40)):
            indptr, neighbours, weights = [0], [], []
            for tags in self._catalog.tags[:size].tolist():
                near = sorted({row for tag in tags if tag for row in by_tag[tag]})
                near = self.random.sample(near, min(most, len(near)))
                pairs = sorted((-self.random.randrange(1, 3000), row) for row in near)
                neighbours += [row for _, row in pairs]
                weights += [-weight for weight, _ in pairs]
                indptr.append(len(neighbours))
            kinds[kind] = Rows(
                np.array(indptr, np.int64), np.array(neighbours, np.uint32), np.array(weights, np.int16)
            )
        put_in_force(self.folder / "matrices", self._catalog.generation, at, kinds)

    def _declare(self, now: int) -> None:
        """Declare other boosts and demotions than before."""
        living = np.flatnonzero(self._catalog.column("alive")).tolist()
        text = hashlib.sha256(b"Made for a test").digest()
        self.declared = {}
        for number, row in enumerate(self.random.sample(living, 30)):
            points = self.random.choice((300, 800, -400))
            until = now + 4000 if number % 3 else 0
            self.declared[self._catalog.id_of(row)] = Adjustment(
                1 if points > 0 else 2, points, 1 + number % 6, now, until, text
            )
        whole = MerkleMap({key_of(clip.bytes): each.encode() for clip, each in self.declared.items()})
        self.maps[whole.root] = whole

    def _turn(self, number: int, now: int) -> None:
        """What happens between pages: counters move, clips come and go, lists, matrices and boosts change."""
        if number % 7 == 6:
            self._count(now)
        if number % 10 == 9:
            living = np.flatnonzero(self._catalog.column("alive")).tolist()
            self._store.change(now, [self._clip(now) for _ in range(4)], self.random.sample(living, 1))
            self._store.renew_lists(now)
            for watcher in self._watchers:
                watcher.state.find_rows(self._catalog)
        if number % 40 == 39:
            self._backdrop.renew()
        if number % 150 == 120:
            self._learn(now)
        if number % 200 == 150:
            self._declare(now)
        if number % 60 == 59:
            snapshots.write(snapshots.take(self._store, now))

    def _count(self, now: int) -> None:
        rows = [row for row in sorted(self._counts) if self._catalog.column("alive")[row]]
        sets = {}
        for name in COUNTERS:
            moved = [row for row in rows if self._counts[row][name]]
            values = [int(self._catalog.column(name)[row]) + self._counts[row][name] for row in moved]
            if moved:
                sets[name] = (moved, values)
        self._counts.clear()
        if sets:
            self._store.change(now, (), (), sets)

    # --- pages ----------------------------------------------------------------------------------------------

    def serve(self, count: int) -> list[Served]:
        """Make pages, each by the next viewer in turn."""
        for _ in range(count):
            number = len(self.pages)
            now = BEGIN + number * BETWEEN
            watcher = self._watchers[number % VIEWERS]
            self._page(watcher, now, limit=8 + number % 13)
            self._turn(number, now)
        return self.pages

    def _page(self, watcher: Watcher, now: int, limit: int) -> None:
        if watcher.position and self.random.randrange(_PAGES_A_VISIT) == 0:
            watcher.visit, watcher.position, watcher.served, watcher.rows = (
                self.random.randbytes(16),
                0,
                ZERO,
                [],
            )
        mark = self._catalog.begin()
        on = {
            self._catalog.row(clip): each
            for clip, each in self.declared.items()
            if each.is_on(now) and self._catalog.row(clip) >= 0
        }
        root = list(self.maps)[-1] if self.maps else ZERO
        matrices = self._matrices.current(mark.generation)
        tools = run.Tools(self._catalog, self._lists, matrices, self._ranker, self._backdrop, root, on)
        visit = Visit(watcher.visit, watcher.position, watcher.served)
        ask = run.Ask(watcher.state, Mode.FOR_YOU, visit, frozenset(watcher.rows), limit, now)
        references = References(mark.generation, mark.seq, matrices.digest, self._ranker.digest, root)
        draft = run.draft(ask, tools, references, self._meter)
        chosen = run.choose(draft, tools, limit + 5, self._meter)
        page = chosen.page[:limit]
        rows = draft.candidates.rows[chosen.scored.places[page]].tolist()
        clips = [self._catalog.id_of(row).bytes for row in rows]
        secret = [(self._catalog.id_of(row).bytes, reason) for row, reason in draft.ineligible.items()]
        data = run.seal(
            draft,
            chosen,
            list(zip(page, clips, strict=True)),
            secret,
            on,
            hashlib.sha256(draft.seed).digest(),
        )
        seen = frozenset(watcher.state.seen) | frozenset(watcher.rows)
        self.pages.append(Served(data, tuple(clips), watcher.number, seen))
        watcher.position += len(rows)
        watcher.served = served_after(watcher.served, clips)
        watcher.rows += rows
        self._watch(watcher, rows, now)

    def _watch(self, watcher: Watcher, rows: list[int], now: int) -> None:
        """Look at some of the page, and like what fits one's taste."""
        for place, row in enumerate(rows[: self.random.randrange(2, len(rows) + 1)]):
            tags = set(self._catalog.tags[row].tolist())
            fits = bool(tags & watcher.likes)
            kinds = ["impression"]
            if self.random.random() < (0.8 if fits else 0.15):
                kinds += ["finish", *(["like"] if self.random.random() < 0.3 else [])]
            else:
                kinds.append("not_interested" if self.random.random() < 0.05 else "skip")
            at = dt.datetime.fromtimestamp(now + place, dt.UTC)
            clip = self._catalog.id_of(row)
            events = [Event(at, UUID(bytes=self.random.randbytes(16)), clip, row, kind) for kind in kinds]
            watcher.state.learn(self._catalog, events)
            counted = self._counts.setdefault(row, Counter())
            counted["views"] += 1
            for kind, counter in (("finish", "finishes"), ("like", "likes"), ("skip", "skips")):
                counted[counter] += kind in kinds


def as_json(day: Day) -> bytes:
    """Return receipts and documents, as another verifier reads them."""
    return json.dumps(
        {
            "documents": {digest: data.decode() for digest, data in day.documents.items()},
            "pages": [
                {
                    "receipt": base64.b64encode(each.receipt).decode(),
                    "shown": [clip.hex() for clip in each.shown],
                    "viewer": each.viewer,
                }
                for each in day.pages
            ],
        }
    ).encode()


def main() -> int:
    file, count = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1_000
    with tempfile.TemporaryDirectory() as folder, Day(Path(folder)) as day:
        day.serve(count)
        file.write_bytes(as_json(day))
    return 0


if __name__ == "__main__":
    sys.exit(main())
