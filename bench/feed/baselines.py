"""Feeds to compare with in the simulation: what is popular, and chance."""

from typing import Self

import numpy as np
from bench.feed.world import HOUR, Act, Clip, Plan, Viewer


class _Plain:
    """Remembers clips and what each viewer has seen."""

    name = ""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._chance = np.random.default_rng((plan.seed, 99))
        self._published: list[int] = []
        self._points = np.zeros(0)
        self._seen: dict[int, set[int]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def published(self, clips: list[Clip]) -> None:
        self._published += [clip.number for clip in clips]
        room = max(self._published) + 1
        self._points = np.concatenate([self._points, np.zeros(max(0, room - len(self._points)))])
        for clip in clips:
            if clip.past is not None:
                self._points[clip.number] = self._worth(clip)

    def _worth(self, clip: Clip) -> float:
        return 0.0

    def watched(self, acts: list[Act]) -> None:
        for act in acts:
            self._seen.setdefault(act.viewer, set()).add(act.clip)

    def minute(self, now: int) -> None:
        return

    def _unseen(self, viewer: Viewer, ordered: list[int], count: int) -> list[int]:
        seen = self._seen.get(viewer.number, set())
        found: list[int] = []
        for clip in ordered:
            if clip not in seen:
                found.append(clip)
                if len(found) == count:
                    break
        return found or ordered[:count]


class Popularity(_Plain):
    """Likes and finishes with a half-life of a day; the same order for everyone, without what one has seen."""

    name = "popularity"
    _HALF_LIFE_HOURS = 24

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self._order: list[int] = []

    def _worth(self, clip: Clip) -> float:
        """What is left of a past that is taken to have happened soon after the clip came out."""
        past = clip.past
        assert past is not None
        whole = past.finishes + 3 * past.likes + 5 * past.shares
        return float(whole * 0.5 ** (-clip.published / HOUR / self._HALF_LIFE_HOURS))

    def watched(self, acts: list[Act]) -> None:
        super().watched(acts)
        for act in acts:
            self._points[act.clip] += (
                ("finish" in act.kinds) + 3 * ("like" in act.kinds) + 5 * ("share" in act.kinds)
            )

    def minute(self, now: int) -> None:
        if now % HOUR == 0:
            self._points *= 0.5 ** (1 / self._HALF_LIFE_HOURS)
        if now % 300 == 0:
            known = np.array(self._published)
            # Of equal points, the newer one.
            self._order = known[np.lexsort((-known, -self._points[known]))].tolist()

    def page(self, viewer: Viewer, now: int, count: int) -> list[int]:
        return self._unseen(viewer, self._order or self._published, count)


class Chance(_Plain):
    """Any clip the viewer has not seen."""

    name = "chance"

    def page(self, viewer: Viewer, now: int, count: int) -> list[int]:
        drawn = self._chance.choice(self._published, min(len(self._published), count * 8), replace=False)
        return self._unseen(viewer, drawn.tolist(), count)
