"""The simulated population: its figures by hand, and a world that is the same for every feed."""

import numpy as np
import pytest
from bench.feed.baselines import Chance, Popularity
from bench.feed.population import gini, play
from bench.feed.served import Served
from bench.feed.world import DAY, Plan, World

TINY = Plan(
    viewers=40,
    creators=12,
    topics=4,
    old_clips=80,
    days=1,
    clips_per_day=10,
    impressions_per_day=40,
    rush_hour=6,
    rush_clips=5,
    ring_viewers=2,
    ring_clips=2,
)


@pytest.mark.parametrize(
    ("counts", "expected"), [([1, 1, 1, 1], 0.0), ([0, 0, 0, 4], 0.75), ([1, 3], 0.25), ([0, 0], 0.0)]
)
def test_gini(counts: list[int], expected: float) -> None:
    assert gini(np.array(counts)) == pytest.approx(expected)


def test_every_feed_meets_the_same_world() -> None:
    one, other = World(TINY), World(TINY)
    assert one.clips == other.clips
    for here, there in zip(one.viewers(), other.viewers(), strict=True):
        assert np.array_equal(here.taste, there.taste)
        assert here.language == there.language
    assert World(Plan(seed=2)).clips[0] != World(Plan(seed=3)).clips[0]


@pytest.mark.parametrize("kind", [Popularity, Chance, Served])
def test_a_feed_shows_known_clips_and_nothing_twice_in_a_page(kind: type) -> None:
    with kind(TINY) as feed:
        world = World(TINY)
        made = feed.page

        def watched_over(viewer: object, now: int, count: int) -> list[int]:
            page = made(viewer, now, count)
            assert len(page) == len(set(page)) == count
            assert all(world.clips[clip].published <= now for clip in page)
            return list(page)

        feed.page = watched_over
        outcome = world.run(feed)
    shown = sum(outcome.impressions.values())
    assert shown == outcome.shown == len(outcome.finished)
    assert shown > TINY.viewers * TINY.impressions_per_day * 0.8
    assert all(0 <= at < DAY for at, _ in outcome.finished)


def test_a_feed_that_learns_is_watched_more_than_chance() -> None:
    with Served(TINY) as ours, Chance(TINY) as chance:
        better, worse = play(TINY, ours)[0], play(TINY, chance)[0]
    assert better.finish_rate > worse.finish_rate
    assert better.gini > worse.gini
