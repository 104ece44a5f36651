"""The twelve tracks by name: composed, mixed and measured on demand, always to the same samples."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reelm.entrypoints.demo.music import desk, lively, quiet
from reelm.entrypoints.demo.music.voices import RATE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from reelm.entrypoints.demo.music.score import Score


@dataclass(frozen=True)
class Recipe:
    """How a track is made: its composer function, and the room it is played in."""

    title: str
    genre: str
    compose: Callable[[], Score]
    room_seconds: float = 1.4
    bright: float = 5200
    air: float = 15500


RECIPES = {
    "lofi": Recipe("Rain on the Router", "lo-fi", quiet.rain_on_the_router, 1.6, 3500, 9000),
    "disco": Recipe("Disco Colander", "disco", lively.disco_colander),
    "chip": Recipe("Save Point Picnic", "chiptune", lively.save_point_picnic, 0.7),
    "waltz": Recipe("Waltz for a Lost Sock", "waltz", quiet.waltz_for_a_lost_sock, 1.3),
    "dnb": Recipe("Commuter Hummingbird", "drum and bass", lively.commuter_hummingbird, 1.8),
    "bossa": Recipe("Bossa do Pão", "bossa nova", quiet.bossa_do_pao, 1.1),
    "techno": Recipe("Elevator B4", "techno", lively.elevator_b4, 1.5, 6500),
    "marimba": Recipe("Twelve Kettles", "minimal", quiet.twelve_kettles, 1.7),
    "surf": Recipe("Tidepool Getaway", "surf", lively.tidepool_getaway, 2.2, 4200),
    "ambient": Recipe("Moon in Slippers", "ambient", quiet.moon_in_slippers, 4.0, 4200),
    "brass": Recipe("Announcing: Nothing", "fanfare", lively.announcing_nothing, 1.9),
    "tea": Recipe("茶山小雨 Tea Hill Drizzle", "五声音阶", quiet.tea_hill_drizzle, 2.4, 4600),
}


@dataclass(frozen=True)
class Track:
    """A finished loop: its tempo, its samples (2, n) at 44.1 kHz, and its loudness per video frame."""

    title: str
    bpm: float
    meter: int
    bars: int
    samples: NDArray[np.float32]
    levels: list[tuple[float, float, float]]

    @property
    def bar_seconds(self) -> float:
        """How long a bar lasts."""
        return self.meter * 60 / self.bpm

    def cut(self, first_bar: int, bars: int) -> NDArray[np.float32]:
        """So many bars from one on, round the loop's end if need be."""
        start, stop = (round(bar * self.bar_seconds * RATE) for bar in (first_bar, first_bar + bars))
        return self.samples.take(range(start, stop), axis=1, mode="wrap")

    def levels_from(self, first_bar: int) -> list[tuple[float, float, float]]:
        """The loudness per frame, starting at a bar, twice round."""
        start = round(first_bar * self.bar_seconds * 30)
        return (self.levels * 3)[start:]


@functools.cache
def track(name: str) -> Track:
    """Compose and mix a track."""
    recipe = RECIPES[name]
    score = recipe.compose()
    samples = desk.master(score, recipe.room_seconds, recipe.bright, recipe.air)
    return Track(recipe.title, score.bpm, score.meter, score.bars, samples, desk.levels(samples))
