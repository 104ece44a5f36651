"""A simulated population: viewers with hidden tastes, creators, drift, a rush of new clips, rings that cheat.

Nothing here knows how a feed works. A feed is whatever has `page`, `watched` and `published`; the world asks it for
pages, lets the viewers watch, and counts. All chance comes from one seeded generator, and every viewer draws from a
generator of their own, so that two feeds meet the same people in the same order.

Times are seconds since the world began. Numbers of clips and viewers are indexes, never reused.
"""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
HOUR = 3600
DAY = 24 * HOUR
# A clip fits a viewer whose taste for its topic is at least twice what it would be if they liked all alike.
FITTING = 2.0


@dataclass(frozen=True)
class Plan:
    """How large the world is and what happens in it."""

    viewers: int = 2_000
    creators: int = 300
    topics: int = 16
    tags_per_topic: int = 12
    old_clips: int = 2_000
    days: int = 2
    clips_per_day: int = 60
    impressions_per_day: int = 90
    page: int = 10
    drifting: float = 0.15
    rush_hour: int = 30
    rush_clips: int = 40
    ring_viewers: int = 40
    ring_clips: int = 20
    seed: int = 1


@dataclass(frozen=True)
class Clip:
    """What a clip shows to anyone, and (topic, quality, ring) what only the world knows."""

    number: int
    creator: int
    sound: int
    tags: tuple[str, ...]
    language: str
    published: int
    duration_ms: int
    topic: int
    quality: float
    ring: bool = False
    past: "Past | None" = None


@dataclass(frozen=True)
class Past:
    """How a clip had fared when the world began."""

    views: int
    finishes: int
    likes: int
    shares: int
    skips: int


@dataclass(frozen=True)
class Act:
    """What a viewer did with a clip they were shown; `kinds` as watch events name them."""

    viewer: int
    clip: int
    at: int
    kinds: tuple[str, ...]
    watched_ms: int


@dataclass
class Viewer:
    """A person: what they like (hidden), the language they read, and their own luck."""

    number: int
    taste: Floats
    language: str
    chance: np.random.Generator
    ring: bool = False
    seen: set[int] = field(default_factory=set)
    bored: Floats = field(default_factory=lambda: np.zeros(0))


class Feed(Protocol):
    """What is being tried."""

    name: str

    def published(self, clips: list[Clip]) -> None:
        """Take in new clips."""

    def page(self, viewer: Viewer, now: int, count: int) -> list[int]:
        """Return clips, in order."""

    def watched(self, acts: list[Act]) -> None:
        """Take in what one viewer did with one page."""

    def minute(self, now: int) -> None:
        """Let time pass: learn, renew lists."""


@dataclass
class Outcome:
    """What the world counted for one feed."""

    impressions: dict[int, int] = field(default_factory=dict)
    fitting_at: dict[int, list[int]] = field(default_factory=dict)
    finished: list[tuple[int, bool]] = field(default_factory=list)
    drifted: list[tuple[int, bool]] = field(default_factory=list)
    to_ring: int = 0
    shown: int = 0
    repeated: int = 0


class World:
    """One course of events; `run` plays it for a feed."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._chance = np.random.default_rng(plan.seed)
        self._creator_topic = self._chance.integers(0, plan.topics, plan.creators)
        self._creator_skill = self._chance.normal(0, 0.6, plan.creators)
        self.clips: list[Clip] = []
        for at in sorted(self._chance.integers(-30 * DAY, 0, plan.old_clips).tolist()):
            self._make(int(at))
        self._coming = self._schedule()
        self.drift_at = plan.days * DAY // 2

    def _past(self, quality: float) -> Past:
        """Draw a past: a better clip was shown more, and finished by more of those who met it."""
        chance = self._chance
        views = 200 + int(chance.pareto(1.5) * 300 * np.exp(0.8 * quality))
        finishes = int(chance.binomial(views, 1 / (1 + np.exp(0.9 - 0.7 * quality))))
        likes = int(chance.binomial(finishes, 0.15))
        shares = int(chance.binomial(likes, 0.2))
        return Past(views, finishes, likes, shares, int(chance.binomial(views - finishes, 0.7)))

    def _make(self, at: int, *, ring: bool = False) -> Clip:
        plan, chance = self.plan, self._chance
        creator = int(chance.integers(0, plan.creators))
        own = chance.random() < 0.8
        topic = int(self._creator_topic[creator]) if own else int(chance.integers(0, plan.topics))
        labels = chance.choice(plan.tags_per_topic, 2, replace=False)
        tags = [f"topic{topic}tag{label}" for label in labels]
        if chance.random() < 0.3:
            # Words that say nothing: everybody uses them.
            tags.append(f"common{int(chance.integers(0, 5))}")
        quality = -1.5
        if not ring:
            quality = float(self._creator_skill[creator] + chance.normal(0, 0.7))
        clip = Clip(
            number=len(self.clips),
            creator=plan.creators if ring else creator,
            sound=int(topic * 10 + chance.integers(0, 10)) if chance.random() < 0.6 else -1,
            tags=tuple(tags),
            language=("en", "fr")[int(chance.random() < 0.35)],
            published=at,
            duration_ms=int(chance.integers(6_000, 60_000)),
            topic=topic,
            quality=quality,
            ring=ring,
            past=self._past(quality) if at < 0 else None,
        )
        self.clips.append(clip)
        return clip

    def _schedule(self) -> list[Clip]:
        plan, chance = self.plan, self._chance
        usual = chance.integers(0, plan.days * DAY, plan.clips_per_day * plan.days)
        rush = plan.rush_hour * HOUR + chance.integers(0, HOUR, plan.rush_clips)
        cheat = chance.integers(2 * HOUR, 6 * HOUR, plan.ring_clips)
        moments = [(int(at), False) for at in (*usual, *rush)] + [(int(at), True) for at in cheat]
        return [self._make(at, ring=ring) for at, ring in sorted(moments)]

    def viewers(self) -> list[Viewer]:
        """Make the people anew: the same ones each time."""
        plan = self.plan
        made = []
        for number in range(plan.viewers):
            chance = np.random.default_rng((plan.seed, number))
            taste = chance.dirichlet(np.full(plan.topics, 0.25)) * plan.topics
            language = ("en", "fr")[int(chance.random() < 0.35)]
            ring = number < plan.ring_viewers
            made.append(Viewer(number, taste, language, chance, ring, bored=np.zeros(plan.topics)))
        return made

    def run(self, feed: Feed) -> Outcome:
        """Play the whole course for a feed."""
        plan, outcome = self.plan, Outcome()
        feed.published([clip for clip in self.clips if clip.published < 0])
        people = self.viewers()
        order = np.random.default_rng((plan.seed, plan.viewers, 7))
        visits = plan.viewers * plan.impressions_per_day * plan.days // plan.page
        moments = np.sort(order.integers(0, plan.days * DAY, visits)).tolist()
        who = order.integers(0, plan.viewers, visits).tolist()
        coming, minute = iter([*self._coming]), 0
        following = next(coming, None)
        drifted = False
        for now, number in zip(moments, who, strict=True):
            fresh = []
            while following is not None and following.published <= now:
                fresh.append(following)
                following = next(coming, None)
            if fresh:
                feed.published(fresh)
            while minute * 60 <= now:
                feed.minute(minute * 60)
                minute += 1
            if not drifted and now >= self.drift_at:
                drifted = True
                self._drift(people)
            viewer = people[number]
            acts = [self._watch(viewer, clip, now, outcome) for clip in feed.page(viewer, now, plan.page)]
            feed.watched([act for act in acts if act is not None])
        return outcome

    def _drift(self, people: list[Viewer]) -> None:
        """Some people like something else from now on."""
        for viewer in people:
            if viewer.chance.random() < self.plan.drifting:
                viewer.taste = np.roll(viewer.taste, 1 + viewer.number % (self.plan.topics - 1))

    def affinity(self, viewer: Viewer, clip: Clip) -> float:
        """How much the topic is liked: 1 if the viewer liked all topics alike."""
        return float(viewer.taste[clip.topic])

    def _watch(self, viewer: Viewer, number: int, now: int, outcome: Outcome) -> Act | None:
        clip = self.clips[number]
        if number in viewer.seen:
            outcome.repeated += 1
        viewer.seen.add(number)
        if viewer.ring:
            kinds: tuple[str, ...] = ("finish", "like", "share") if clip.ring else ("skip",)
            return Act(viewer.number, number, now, kinds, clip.duration_ms if clip.ring else 500)
        affinity = self.affinity(viewer, clip)
        viewer.bored *= 0.7
        wish = -1.2 + 0.8 * min(affinity, 4.0) + 0.7 * clip.quality - 0.9 * float(viewer.bored[clip.topic])
        wish -= 1.0 if clip.language != viewer.language else 0.0
        viewer.bored[clip.topic] += 0.4
        finished = bool(viewer.chance.random() < 1 / (1 + np.exp(-wish)))
        liked = finished and bool(viewer.chance.random() < 0.15)
        shared = liked and bool(viewer.chance.random() < 0.2)
        hurried = not finished and bool(viewer.chance.random() < 0.7)
        kinds = tuple(
            kind
            for kind, said in (("finish", finished), ("like", liked), ("share", shared), ("skip", hurried))
            if said
        )
        part = 1.0 if finished else float(viewer.chance.random()) * (0.15 if hurried else 0.8)
        self._count(viewer, clip, now, finished, affinity, outcome)
        return Act(viewer.number, number, now, kinds, int(clip.duration_ms * part))

    def _count(
        self, viewer: Viewer, clip: Clip, now: int, finished: bool, affinity: float, outcome: Outcome
    ) -> None:
        outcome.shown += 1
        outcome.impressions[clip.number] = outcome.impressions.get(clip.number, 0) + 1
        outcome.to_ring += clip.ring
        outcome.finished.append((now, finished))
        if affinity >= FITTING:
            outcome.fitting_at.setdefault(clip.number, []).append(now)
