"""The score: places notes, chords and strokes on a loop that closes on itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from reelm.entrypoints.demo.easing import noise
from reelm.entrypoints.demo.music.voices import RATE

if TYPE_CHECKING:
    from numpy.typing import NDArray

_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_CHORDS = {
    "": (0, 4, 7),
    "m": (0, 3, 7),
    "7": (0, 4, 7, 10),
    "m7": (0, 3, 7, 10),
    "maj7": (0, 4, 7, 11),
    "m9": (0, 3, 7, 10, 14),
    "maj9": (0, 4, 7, 11, 14),
    "9": (0, 4, 7, 10, 14),
    "13": (0, 4, 10, 14, 21),
    "6": (0, 4, 7, 9),
    "m6": (0, 3, 7, 9),
    "dim": (0, 3, 6, 9),
    "sus2": (0, 2, 7),
    "sus4": (0, 5, 7),
    "7b9": (0, 4, 10, 13),
    "add9": (0, 4, 7, 14),
    "m7b5": (0, 3, 6, 10),
    "69": (0, 4, 7, 9, 14),
    "5": (0, 7),
}
_LOUD = {"X": 1.0, "x": 0.75, "o": 0.45, ".": 0.0}

Voice = Callable[..., "NDArray[np.float32]"]


def pitch_of(name: str) -> int:
    """The MIDI number of a note such as `Bb3`."""
    sharp = name.count("#") - name[1:].count("b")
    return _STEPS[name[0]] + sharp + 12 * (int(name[-1]) + 1)


def chord_of(name: str) -> tuple[int, tuple[int, ...]]:
    """The pitch class of the root, and the intervals over it."""
    length = 2 if len(name) > 1 and name[1] in "#b" else 1
    return pitch_of(name[:length] + "0") % 12, _CHORDS[name[length:]]


def voicing(name: str, centre: int = 62) -> list[int]:
    """The chord's notes folded into the octave about `centre`, which leads each voice by small steps."""
    root, intervals = chord_of(name)
    low = centre - 6
    return sorted({low + (root + interval - low) % 12 for interval in intervals})


def root_of(name: str, low: int = 36) -> int:
    """The lowest root of the chord at or above `low`."""
    root, _ = chord_of(name)
    return low + (root - low) % 12


def hertz(midi: float) -> float:
    """Frequency of a MIDI number in equal temperament."""
    return round(440.0 * 2 ** ((midi - 69) / 12), 4)


def _easy_length(wanted: int) -> int:
    """The nearest number without a prime factor above 13."""
    for distance in range(wanted):
        for number in (wanted + distance, wanted - distance):
            rest = number
            for prime in (2, 3, 5, 7, 11, 13):
                while rest % prime == 0:
                    rest //= prime
            if rest == 1:
                return number
    raise AssertionError("1 has no prime factors")


@dataclass
class Bus:
    """One channel of the desk: its sound so far, its level, its echo and how much it ducks under the kick."""

    left_right: NDArray[np.float32]
    level: float = 1.0
    echo: float = 0.15
    duck: float = 0.0


@dataclass
class Score:
    """A loop of `bars`, being written. Positions are in beats from its start."""

    bpm: float
    bars: int
    meter: int = 4
    swing: float = 0.0
    buses: dict[str, Bus] = field(default_factory=dict)
    kicks: list[float] = field(default_factory=list)
    samples: int = 0
    _count: int = 0

    def __post_init__(self) -> None:
        """Bend the tempo, by a thousandth at most, so that Fourier transforms of the loop are quick."""
        wanted = self.beats * 60 / self.bpm * RATE
        self.samples = _easy_length(round(wanted))
        self.bpm *= wanted / self.samples

    @property
    def beats(self) -> int:
        """The loop's length in beats."""
        return self.bars * self.meter

    def bus(self, name: str, level: float = 1.0, echo: float = 0.15, duck: float = 0.0) -> None:
        """Open a channel."""
        self.buses[name] = Bus(np.zeros((2, self.samples), np.float32), level, echo, duck)

    def place(
        self, bus: str, sound: NDArray[np.float32], beat: float, loud: float = 0.8, pan: float = 0.0
    ) -> None:
        """Add a sound at a beat, wrapping round the loop's end. `pan` runs from -1, left, to 1, right."""
        self._count += 1
        sixteenth = (beat * 4) % 2
        late = self.swing * 0.25 if abs(sixteenth - 1) < 0.01 else 0.0
        human = (noise(self._count) - 0.5) * 0.006
        start = int(((beat + late) * 60 / self.bpm + human) * RATE) % self.samples
        loud *= 0.95 + 0.1 * noise(self._count + 0.5)
        angle = (pan + 1) * math.pi / 4
        both = np.stack([sound * (loud * math.cos(angle)), sound * (loud * math.sin(angle))])
        target = self.buses[bus].left_right
        while both.shape[1]:
            room = self.samples - start
            piece = both[:, :room]
            target[:, start : start + piece.shape[1]] += piece
            both, start = both[:, room:], 0

    def note(
        self,
        bus: str,
        voice: Voice,
        beat: float,
        midi: float,
        length: float,
        loud: float = 0.8,
        pan: float = 0.0,
    ) -> None:
        """One note, its length in beats."""
        self.place(bus, voice(hertz(midi), round(length * 60 / self.bpm, 4)), beat, loud, pan)

    def strum(
        self,
        bus: str,
        voice: Voice,
        beat: float,
        notes: Iterable[int],
        length: float,
        loud: float = 0.6,
        spread: float = 0.0,
        width: float = 0.5,
    ) -> None:
        """Several notes at once, `spread` beats apart, laid out from left to right."""
        chord = list(notes)
        for number, midi in enumerate(chord):
            pan = (number / max(1, len(chord) - 1) * 2 - 1) * width
            self.note(bus, voice, beat + number * spread, midi, length, loud / len(chord) ** 0.5, pan)

    def melody(
        self,
        bus: str,
        voice: Voice,
        text: str,
        beat: float = 0.0,
        loud: float = 0.8,
        pan: float = 0.0,
        up: int = 0,
        tight: float = 0.92,
    ) -> float:
        """Notes written `C5:1.5 _:.5 …`, lengths in beats and `_` a rest. Returns where it ends."""
        for token in text.split():
            name, _, length = token.partition(":")
            lasts = float(length or 1)
            if name != "_":
                self.note(bus, voice, beat, pitch_of(name) + up, lasts * tight, loud, pan)
            beat += lasts
        return beat

    def drum(
        self,
        bus: str,
        sound: NDArray[np.float32],
        pattern: str,
        loud: float = 0.8,
        pan: float = 0.0,
        bars: Iterable[int] | None = None,
        per_beat: int = 4,
    ) -> None:
        """Strokes by step: `X` hard, `x`, `o` soft, `.` none, blanks ignored. Repeats over the bars given, or all."""
        steps = pattern.replace(" ", "")
        per_bar = self.meter * per_beat
        chosen = set(range(self.bars) if bars is None else bars)
        for step in range(self.beats * per_beat):
            mark = steps[step % len(steps)]
            if mark != "." and step // per_bar in chosen:
                self.place(bus, sound, step / per_beat, loud * _LOUD[mark], pan)

    def kick(
        self,
        sound: NDArray[np.float32],
        pattern: str,
        loud: float = 0.9,
        bars: Iterable[int] | None = None,
        bus: str = "drums",
    ) -> None:
        """A kick drum, under which ducking buses bow."""
        chosen = list(range(self.bars) if bars is None else bars)
        self.drum(bus, sound, pattern, loud, bars=chosen)
        steps = pattern.replace(" ", "")
        for step in range(self.beats * 4):
            if steps[step % len(steps)] != "." and step // (self.meter * 4) in chosen:
                self.kicks.append(step / 4)
