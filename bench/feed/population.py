"""The simulated population: does a new clip find its people, and is the feed kept by a few?

    python -m bench.feed.population [--small] [--charts FOLDER]

The same world (bench/feed/world.py) is played once for each feed: the one that serves, with its own catalog,
stages and learning; popularity; and chance. Every figure is of viewers who don't cheat.
"""

import argparse
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from bench.feed.baselines import Chance, Popularity
from bench.feed.served import Served
from bench.feed.world import DAY, HOUR, Feed, Outcome, Plan, World

SMALL = Plan(
    viewers=300, creators=60, old_clips=400, clips_per_day=40, days=2, impressions_per_day=60, rush_clips=25
)


@dataclass(frozen=True)
class Figures:
    """What is compared. Times in hours; shares from 0 to 1."""

    name: str
    finish_rate: float
    hours_to_100: float
    reached_100: float
    hours_to_20: float
    reached_20: float
    gini: float
    coverage: float
    ring_share: float
    before_drift: float
    after_drift: float
    ms_per_page: float


def gini(counts: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> float:
    """Return the Gini coefficient of counts: 0 if all are alike, near 1 if one has everything."""
    ordered = np.sort(counts.astype(np.float64))
    total = ordered.sum()
    if total == 0:
        return 0.0
    ranks = np.arange(1, len(ordered) + 1)
    return float((2 * (ranks * ordered).sum()) / (len(ordered) * total) - (len(ordered) + 1) / len(ordered))


def figures(name: str, world: World, outcome: Outcome, seconds: float) -> Figures:
    """Weigh what the world counted."""
    plan = world.plan
    end = plan.days * DAY
    new = [clip for clip in world.clips if 0 <= clip.published <= end - 12 * HOUR and not clip.ring]

    def waits(count: int) -> list[float]:
        found = [outcome.fitting_at.get(clip.number, []) for clip in new]
        return [
            (times[count - 1] - clip.published) / HOUR if len(times) >= count else float("inf")
            for clip, times in zip(new, found, strict=True)
        ]

    shown = [clip for clip in world.clips if clip.published < end and not clip.ring]
    counts = np.array([outcome.impressions.get(clip.number, 0) for clip in shown], dtype=np.int64)
    finished = np.array(outcome.finished, dtype=np.int64).reshape(-1, 2)

    def rate(since: float, until: float) -> float:
        part = finished[(finished[:, 0] >= since) & (finished[:, 0] < until), 1]
        return float(part.mean()) if len(part) else 0.0

    late = waits(100)
    early = waits(20)
    return Figures(
        name=name,
        finish_rate=rate(0, end),
        hours_to_100=float(np.median(late)),
        reached_100=float(np.mean(np.isfinite(late))),
        hours_to_20=float(np.median(early)),
        reached_20=float(np.mean(np.isfinite(early))),
        gini=gini(counts),
        coverage=float((counts >= plan.page).mean()),
        ring_share=outcome.to_ring / max(1, outcome.shown),
        before_drift=rate(world.drift_at - 6 * HOUR, world.drift_at),
        after_drift=rate(world.drift_at + 6 * HOUR, world.drift_at + 18 * HOUR),
        ms_per_page=1000 * seconds / max(1, outcome.shown / plan.page),
    )


def play(plan: Plan, feed: Feed) -> tuple[Figures, Outcome, World]:
    """Play the world for one feed."""
    world = World(plan)
    began = time.perf_counter()
    outcome = world.run(feed)
    return figures(feed.name, world, outcome, time.perf_counter() - began), outcome, world


def show(rows: list[Figures]) -> None:
    print(
        f"{'feed':12}{'finished':>10}{'h to 20':>9}{'got 20':>8}{'h to 100':>10}{'got 100':>9}{'Gini':>7}"
        f"{'cover':>7}{'ring':>7}{'pre-drift':>11}{'after':>7}{'ms/page':>9}"
    )
    for row in rows:
        print(
            f"{row.name:12}{row.finish_rate:10.3f}{row.hours_to_20:9.1f}{row.reached_20:8.2f}{row.hours_to_100:10.1f}"
            f"{row.reached_100:9.2f}{row.gini:7.3f}{row.coverage:7.2f}{row.ring_share:7.3f}"
            f"{row.before_drift:11.3f}{row.after_drift:7.3f}{row.ms_per_page:9.2f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--small", action="store_true", help="a world that is played in seconds")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--charts", type=Path, help="a folder for the charts")
    given = parser.parse_args()
    plan = replace(SMALL if given.small else Plan(), seed=given.seed)
    rows = []
    played: list[tuple[str, Outcome]] = []
    for make in (Served, Popularity, Chance):
        with make(plan) as feed:
            found, outcome, world = play(plan, feed)
        rows.append(found)
        played.append((found.name, outcome))
    show(rows)
    if given.charts:
        from bench.feed.population_charts import lorenz

        given.charts.mkdir(parents=True, exist_ok=True)
        (given.charts / "impressions.svg").write_text(lorenz(world, played), encoding="utf-8")
    if not given.small:
        from bench.record import record

        ours, popular = rows[0], rows[1]
        record(
            "population",
            finish_rate=round(ours.finish_rate, 4),
            finish_rate_popularity=round(popular.finish_rate, 4),
            hours_to_100=_figure(ours.hours_to_100),
            hours_to_100_popularity=_figure(popular.hours_to_100),
            reached_100=round(ours.reached_100, 3),
            reached_100_popularity=round(popular.reached_100, 3),
            gini=round(ours.gini, 3),
            gini_popularity=round(popular.gini, 3),
            coverage=round(ours.coverage, 3),
            coverage_popularity=round(popular.coverage, 3),
            ring_share=round(ours.ring_share, 4),
            ring_share_popularity=round(popular.ring_share, 4),
        )


def _figure(hours: float) -> float | str:
    return round(hours, 1) if np.isfinite(hours) else "more than half never"


if __name__ == "__main__":
    main()
