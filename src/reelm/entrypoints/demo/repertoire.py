"""Everything there is to see: the drawn clips in the order they premiere, and what stands in for footage."""

from __future__ import annotations

import functools

from reelm.entrypoints.demo.beat import CATALOGUE, Scene
from reelm.entrypoints.demo.scenes import (
    animals,
    birds,
    kitchen,
    letters,
    shapes,
    sky,
    table,
    things,
    town,
    words,
)
from reelm.entrypoints.demo.type import has_han

MODULES = (animals, birds, kitchen, letters, shapes, sky, table, things, town, words)

MAIN = (
    "pigeon-dj", "snail-race", "loaf-cat", "moon-sneeze", "sock-search", "tea-forecast", "octopus-drummer",
    "elevator",
    "toast-launch", "cactus-hug", "late-clock", "pixel-picnic", "goldfish-meeting", "cookie-dive", "equaliser-city",
    "ghost-laundry", "dumpling-sauna", "caterpillar-loading", "kaleido-dusk", "robot-vacuum", "ants-parade",
    "two-penguins", "lost-accents", "potato-yoga", "heron-lodger", "wood-forest", "traffic-flirt", "tired-sentence",
    "tunnel-comet", "pendulum-choir",
)  # fmt: skip
"""Thirty scenes; the first of each track is the clip whose sound the others reuse."""

ENCORE = (
    "personal-cloud", "bath-whale", "bad-kerning", "loop-notice", "spaghetti-scope", "breathing-poster",
    "truchet-quilt", "harmonograph", "kaleido-clay", "kaleido-neon", "pendulum-paper",
)  # fmt: skip
"""Drawn in place of the footage where there is none."""


@functools.cache
def origins() -> dict[str, Scene]:
    """The scene that brings each track into the realm."""
    first: dict[str, Scene] = {}
    for slug in MAIN:
        first.setdefault(CATALOGUE[slug].track, CATALOGUE[slug])
    return first


def drawn(with_encore: bool) -> list[Scene]:
    """The scenes to publish, in order; those that are nothing without Chinese letters only where there are some."""
    slugs = (*MAIN, *ENCORE) if with_encore else MAIN
    return [CATALOGUE[slug] for slug in slugs if has_han() or not CATALOGUE[slug].needs_han]


def offset_bars(scene: Scene) -> int | None:
    """From which bar of its track's sound a scene plays, or None if it brings its own piece of the track."""
    origin = origins()[scene.track]
    shift = scene.first_bar - origin.first_bar
    inside = shift >= 0 and shift + scene.bars <= origin.bars
    return shift if inside and scene.slug != origin.slug else None
