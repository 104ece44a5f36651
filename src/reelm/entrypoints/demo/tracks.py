"""The twelve tracks by name: composed, mixed and measured on demand, always to the same samples."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from reelm.entrypoints.demo.music import desk, lively, quiet
from reelm.entrypoints.demo.music.score import Score
from reelm.entrypoints.demo.music.voices import RATE

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Recipe:
    """How a track is made: its composer function, and the room it is played in."""

    title: str
    genre: str
    compose: Callable[[Score], None]
    bpm: float
    bars: int
    meter: int = 4
    swing: float = 0.0
    room_seconds: float = 1.4
    bright: float = 5200
    air: float = 15500

    def blank(self) -> Score:
        """The score before the first note."""
        return Score(self.bpm, self.bars, self.meter, self.swing)


RECIPES = {
    "lofi": Recipe("Rain on the Router", "lo-fi", quiet.rain_on_the_router, 78, 4, 4, 0.5, 1.6, 3500, 9000),
    "disco": Recipe("Disco Colander", "disco", lively.disco_colander, 118, 8, 4, 0.0),
    "chip": Recipe("Save Point Picnic", "chiptune", lively.save_point_picnic, 144, 8, 4, 0.0, 0.7),
    "waltz": Recipe("Waltz for a Lost Sock", "waltz", quiet.waltz_for_a_lost_sock, 168, 16, 3, 0.0, 1.3),
    "dnb": Recipe("Commuter Hummingbird", "drum and bass", lively.commuter_hummingbird, 172, 12, 4, 0.0, 1.8),
    "bossa": Recipe("Bossa do Pão", "bossa nova", quiet.bossa_do_pao, 136, 8, 4, 0.0, 1.1),
    "techno": Recipe("Elevator B4", "techno", lively.elevator_b4, 128, 8, 4, 0.0, 1.5, 6500),
    "marimba": Recipe("Twelve Kettles", "minimal", quiet.twelve_kettles, 144, 8, 4, 0.0, 1.7),
    "surf": Recipe("Tidepool Getaway", "surf", lively.tidepool_getaway, 164, 12, 4, 0.0, 2.2, 4200),
    "ambient": Recipe("Moon in Slippers", "ambient", quiet.moon_in_slippers, 60, 4, 4, 0.0, 4.0, 4200),
    "brass": Recipe("Announcing: Nothing", "fanfare", lively.announcing_nothing, 108, 6, 4, 0.0, 1.9),
    "tea": Recipe("茶山小雨 Tea Hill Drizzle", "五声音阶", quiet.tea_hill_drizzle, 88, 6, 4, 0.0, 2.4, 4600),
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
def tempo(name: str) -> tuple[float, int]:
    """Beats per minute and beats per bar, without mixing anything."""
    score = RECIPES[name].blank()
    return score.bpm, score.meter


@functools.cache
def track(name: str, cache: Path | None = None) -> Track:
    """Compose and mix a track, or read it from `cache`, where it's then kept."""
    recipe = RECIPES[name]
    score = recipe.blank()
    kept = cache / f"{name}.npy" if cache else None
    if kept and kept.is_file():
        samples = np.load(kept)
    else:
        recipe.compose(score)
        samples = desk.master(score, recipe.room_seconds, recipe.bright, recipe.air)
        if kept:
            fresh = kept.with_suffix(f".{os.getpid()}.npy")
            np.save(fresh, samples)
            fresh.replace(kept)
    return Track(recipe.title, score.bpm, score.meter, score.bars, samples, desk.levels(samples))
