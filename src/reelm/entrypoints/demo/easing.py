"""Timing curves: how a thing gets from here to there. Everything takes and returns plain floats."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

Curve = Callable[[float], float]


def clamp(value: float, low: float = 0.0, high: float = 1.0) -> float:
    """The value, kept inside the bounds."""
    return low if value < low else min(value, high)


def mix(start: float, end: float, amount: float) -> float:
    """Linear interpolation, not clamped."""
    return start + (end - start) * amount


def linear(x: float) -> float:
    """No easing at all."""
    return x


def smooth(x: float) -> float:
    """Slow, quick, slow."""
    return x * x * (3 - 2 * x)


def swift(x: float) -> float:
    """Leaves at once and lands softly."""
    return 1 - (1 - x) ** 3


def heavy(x: float) -> float:
    """Starts like something that weighs a lot."""
    return x**3


def back(x: float) -> float:
    """Overshoots a little and returns."""
    if x <= 0 or x >= 1:
        return clamp(x)
    y = x - 1
    return 1 + 2.7 * y**3 + 1.7 * y**2


def elastic(x: float) -> float:
    """Arrives like jelly."""
    if x <= 0 or x >= 1:
        return clamp(x)
    return 1 + 2 ** (-10 * x) * math.sin((x * 10 - 0.75) * 2 * math.pi / 3)


def bounce(x: float) -> float:
    """Falls, and bounces three times."""
    for edge, lift, centre in ((1 / 2.75, 0.0, 0.0), (2 / 2.75, 0.75, 1.5), (2.5 / 2.75, 0.9375, 2.25)):
        if x < edge:
            return 7.5625 * (x - centre / 2.75) ** 2 + lift
    return 7.5625 * (x - 2.625 / 2.75) ** 2 + 0.984375


def span(now: float, start: float, end: float, curve: Curve = smooth) -> float:
    """How far `now` has come from `start` to `end`, eased: 0 before, 1 after."""
    return curve(clamp((now - start) / (end - start)))


def keys(now: float, frames: Sequence[tuple[float, float]], curve: Curve = smooth) -> float:
    """The value of a track of `(when, value)` key frames at `now`."""
    if now <= frames[0][0]:
        return frames[0][1]
    for (before, left), (after, right) in pairwise(frames):
        if now < after:
            return mix(left, right, curve((now - before) / (after - before)))
    return frames[-1][1]


def hit(now: float, every: float = 1.0, decay: float = 4.0, offset: float = 0.0) -> float:
    """A pulse that is 1 on each beat and fades: what makes things jump to the music."""
    return math.exp(-decay * ((now - offset) % every))


def wave(now: float, period: float = 1.0, phase: float = 0.0) -> float:
    """A sine of the given period, -1 to 1."""
    return math.sin(2 * math.pi * (now / period + phase))


def noise(seed: float) -> float:
    """A number from 0 to 1 that looks random and is always the same for the same seed."""
    value = math.sin(seed * 127.1 + 311.7) * 43758.5453
    return value - math.floor(value)
