"""A track's heartbeat as the scenes see it, and the registry of scenes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reelm.entrypoints.demo.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import Image

Draw = Callable[[Stage, float], None]
"""Draws one frame at a time counted in beats from the clip's start."""


@dataclass(frozen=True)
class Beat:
    """What a scene may know of its music: `levels` is the loudness of low, middle and high per frame, 0 to 1."""

    bpm: float
    beats: float
    levels: Sequence[Sequence[float]]

    def level(self, now: float) -> Sequence[float]:
        """The loudness of low, middle and high at a beat."""
        frame = int(now * 60 / self.bpm * 30)
        return self.levels[min(frame, len(self.levels) - 1)]


@dataclass(frozen=True)
class Scene:
    """A drawn clip: which track it is cut to, from which bar, for how many bars."""

    slug: str
    track: str
    first_bar: int
    bars: int
    prepare: Callable[[Beat], Draw]
    needs_han: bool = False


CATALOGUE: dict[str, Scene] = {}


def scene(
    slug: str, track: str, bars: int, first_bar: int = 0, needs_han: bool = False
) -> Callable[[Callable[[Beat], Draw]], Callable[[Beat], Draw]]:
    """Register the decorated factory as a clip."""

    def register(prepare: Callable[[Beat], Draw]) -> Callable[[Beat], Draw]:
        assert slug not in CATALOGUE, slug
        CATALOGUE[slug] = Scene(slug, track, first_bar, bars, prepare, needs_han)
        return prepare

    return register


class Painted:
    """A backdrop that is painted once and shown ever after."""

    def __init__(self, paint: Callable[[Stage], None]) -> None:
        self._paint = paint
        self._picture: Image.Image | None = None

    def __call__(self, stage: Stage) -> None:
        """Cover the stage with it."""
        if self._picture is None:
            self._paint(stage)
            self._picture = stage.keep()
        else:
            stage.show(self._picture)
