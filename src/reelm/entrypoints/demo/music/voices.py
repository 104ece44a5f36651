"""The instruments: each function computes one note or stroke as a mono array at `RATE`, loudest near 1.

Everything is additive or frequency modulation, so nothing aliases and a filter's sweep is a curve over partials.
Notes are remembered, since music repeats itself.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Sound = "NDArray[np.float32]"
RATE = 44_100
_TOP = 15_000.0


def _clock(seconds: float) -> NDArray[np.float64]:
    return np.arange(max(1, int(seconds * RATE))) / RATE


def _swell(t: NDArray[np.float64], attack: float, hold: float, release: float) -> NDArray[np.float64]:
    """A rise of `attack` seconds, level until `hold`, then an exponential fall."""
    rise = np.minimum(t / attack, 1.0)
    fall = np.exp(-np.maximum(t - hold, 0.0) / release)
    return rise * fall


def _done(wave: NDArray[np.float64]) -> NDArray[np.float32]:
    """Round the last 5 ms down to silence so that no note ends in a click."""
    edge = min(len(wave), RATE // 200)
    wave[-edge:] *= np.linspace(1, 0, edge)
    return wave.astype(np.float32)


def _struck(
    pitch: float, seconds: float, partials: list[tuple[float, float, float]], attack: float = 0.002
) -> NDArray[np.float64]:
    """Partials as (ratio, loudness, decay per second), each dying at its own pace."""
    t = _clock(seconds)
    wave = np.zeros_like(t)
    for ratio, loud, decay in partials:
        if pitch * ratio < _TOP:
            wave += loud * np.exp(-decay * t) * np.sin(2 * np.pi * pitch * ratio * t)
    return wave * np.minimum(t / attack, 1.0)


def _swept(
    pitch: NDArray[np.float64] | float,
    t: NDArray[np.float64],
    cutoff: NDArray[np.float64] | float,
    most: int,
    odd: bool = False,
) -> NDArray[np.float64]:
    """A sawtooth (or square, if `odd`) through a low-pass filter whose cutoff, in hertz, may move."""
    pitches = np.broadcast_to(np.asarray(pitch, dtype=float), t.shape)
    phase = 2 * np.pi * np.cumsum(pitches) / RATE
    base = float(pitches.max())
    wave = np.zeros_like(t)
    for number in range(1, most + 1, 2 if odd else 1):
        if base * number > _TOP:
            break
        wave += np.sin(number * phase) / number / (1 + (number * base / cutoff) ** 4) ** 0.5
    return wave


@functools.cache
def _hiss(seconds: float, low: float, high: float, seed: int) -> NDArray[np.float64]:
    """Noise between two frequencies, at a level of about 1."""
    length = max(2, int(seconds * RATE))
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(length))
    bands = np.fft.rfftfreq(length, 1 / RATE)
    spectrum *= (1 / (1 + (low / np.maximum(bands, 1)) ** 6)) * (1 / (1 + (bands / high) ** 6))
    noise: NDArray[np.float64] = np.fft.irfft(spectrum, length)
    noise /= np.abs(noise).max() + 1e-9
    return noise


# --- keys, plucked and blown ------------------------------------------------------------------------------------


@functools.cache
def electric_piano(pitch: float, seconds: float) -> NDArray[np.float32]:
    """Two operators and a short tine, like a stage piano."""
    t = _clock(seconds + 0.35)
    index = 1.5 * np.exp(-3.0 * t) + 0.25
    body = np.sin(2 * np.pi * pitch * t + index * np.sin(2 * np.pi * pitch * t))
    tine = 0.16 * np.exp(-14 * t) * np.sin(2 * np.pi * min(pitch * 14, 9000) * t)
    tremble = 1 + 0.12 * np.sin(2 * np.pi * 4.6 * t)
    return _done((body * np.exp(-1.3 * t) + tine) * tremble * _swell(t, 0.004, seconds, 0.12) * 0.8)


@functools.cache
def plucked(pitch: float, seconds: float, bright: float = 1.0, spot: float = 0.21) -> NDArray[np.float32]:
    """A string plucked at `spot` of its length: nylon below brightness 1, steel or silk above."""
    partials = [
        (
            n * (1 + 0.00025 * n * n),
            np.sin(np.pi * n * spot) / n ** (1.5 - 0.35 * bright),
            1.4 + 0.32 * n**1.5 / bright,
        )
        for n in range(1, 20)
    ]
    t = _clock(seconds + 0.25)
    return _done(_struck(pitch, seconds + 0.25, partials) * _swell(t, 0.001, seconds, 0.09) * 0.9)


@functools.cache
def guzheng(pitch: float, seconds: float) -> NDArray[np.float32]:
    """A long silk-and-steel string whose pitch leans in from below, as the left hand presses it."""
    t = _clock(seconds + 0.8)
    lean = 1 - 0.012 * np.exp(-t * 22) + 0.0035 * np.sin(2 * np.pi * 5.2 * t) * np.minimum(t * 1.6, 1)
    phase = 2 * np.pi * pitch * np.cumsum(lean) / RATE
    wave = np.zeros_like(t)
    for n in range(1, 16):
        if pitch * n < _TOP:
            wave += (
                np.sin(np.pi * n * 0.13) / n**0.95 * np.exp(-(1.1 + 0.3 * n**1.35) * t) * np.sin(n * phase)
            )
    return _done(wave * _swell(t, 0.001, seconds + 0.3, 0.2) * 1.1)


@functools.cache
def marimba(pitch: float, seconds: float) -> NDArray[np.float32]:
    """A wooden bar over its tube."""
    partials = [(1.0, 1.0, 5.0), (3.93, 0.32, 16.0), (9.4, 0.12, 38.0), (1.005, 0.2, 3.0)]
    return _done(_struck(pitch, max(seconds, 0.5), partials, attack=0.0015))


@functools.cache
def celesta(pitch: float, seconds: float) -> NDArray[np.float32]:
    """A small bell for lullabies."""
    partials = [(1.0, 0.8, 2.6), (2.0, 0.25, 4.0), (3.01, 0.18, 6.0), (5.4, 0.1, 11.0), (8.9, 0.05, 18.0)]
    return _done(_struck(pitch, seconds + 1.2, partials))


@functools.cache
def pad(pitch: float, seconds: float, dark: float = 900.0) -> NDArray[np.float32]:
    """Three slow saws that drift apart."""
    t = _clock(seconds + 1.4)
    cutoff = dark * (0.7 + 0.5 * np.sin(np.pi * np.minimum(t / (seconds + 0.6), 1)))
    wave = np.zeros_like(t)
    for cents in (-7, 0, 6):
        wave += _swept(pitch * 2 ** (cents / 1200), t, cutoff, 14)
    return _done(wave * _swell(t, min(0.9, seconds * 0.4), seconds, 0.4) * 0.3)


@functools.cache
def strings(pitch: float, seconds: float) -> NDArray[np.float32]:
    """A section with some bow in it, for disco stabs and runs."""
    t = _clock(seconds + 0.3)
    shake = 1 + 0.004 * np.sin(2 * np.pi * 5.8 * t) * np.minimum(t * 3, 1)
    wave = np.zeros_like(t)
    for cents in (-9, -2, 8):
        wave += _swept(pitch * 2 ** (cents / 1200) * shake, t, 3600.0, 22)
    return _done(wave * _swell(t, 0.05, seconds, 0.09) * 0.27)


@functools.cache
def brass(pitch: float, seconds: float, soft: float = 1.0) -> NDArray[np.float32]:
    """A horn section: brightness follows breath, and the pitch scoops up."""
    t = _clock(seconds + 0.15)
    breath = _swell(t, 0.045, seconds, 0.05) * (0.8 + 0.2 * np.exp(-t * 9))
    scoop = 1 - 0.02 * np.exp(-t * 30) + 0.004 * np.sin(2 * np.pi * 5.4 * t) * np.clip((t - 0.25) * 3, 0, 1)
    wave = np.zeros_like(t)
    for cents in (-5, 5):
        wave += _swept(pitch * 2 ** (cents / 1200) * scoop, t, 300 + 2600 * breath / soft, 20)
    return _done(wave * breath * 0.5)


@functools.cache
def tuba(pitch: float, seconds: float) -> NDArray[np.float32]:
    """The dignified end of the brass."""
    t = _clock(seconds + 0.12)
    breath = _swell(t, 0.03, seconds, 0.05)
    return _done(_swept(pitch, t, 160 + 480 * breath, 12) * breath * 0.9)


@functools.cache
def accordion(pitch: float, seconds: float) -> NDArray[np.float32]:
    """Three reeds, two of them out of tune on purpose."""
    t = _clock(seconds + 0.1)
    wave = np.zeros_like(t)
    for cents in (-11, 0, 12):
        for number, loud in ((1, 1.0), (2, 0.7), (3, 0.55), (4, 0.3), (5, 0.28), (7, 0.14), (9, 0.08)):
            if pitch * number < _TOP:
                wave += loud * np.sin(2 * np.pi * pitch * 2 ** (cents / 1200) * number * t + cents)
    return _done(wave * _swell(t, 0.03, seconds, 0.04) * 0.15)


@functools.cache
def whistle(pitch: float, seconds: float) -> NDArray[np.float32]:
    """Someone whistling while carrying bread home."""
    t = _clock(seconds + 0.12)
    shake = 1 + 0.006 * np.sin(2 * np.pi * 5.5 * t) * np.clip((t - 0.12) * 4, 0, 1) - 0.02 * np.exp(-t * 40)
    phase = 2 * np.pi * pitch * np.cumsum(shake) / RATE
    air = _hiss(round(seconds + 0.12, 4), pitch * 0.8, pitch * 1.6, 3)
    air = np.resize(air, t.shape)
    return _done(
        (np.sin(phase) + 0.12 * np.sin(2 * phase) + 0.05 * air) * _swell(t, 0.03, seconds, 0.05) * 0.8
    )


@functools.cache
def flute(pitch: float, seconds: float) -> NDArray[np.float32]:
    """A bamboo flute with breath and a late vibrato."""
    t = _clock(seconds + 0.25)
    shake = (
        1 + 0.007 * np.sin(2 * np.pi * 4.8 * t) * np.clip((t - 0.25) * 2.5, 0, 1) - 0.015 * np.exp(-t * 18)
    )
    phase = 2 * np.pi * pitch * np.cumsum(shake) / RATE
    air = np.resize(_hiss(round(seconds + 0.25, 4), pitch, pitch * 3, 4), t.shape)
    tone = np.sin(phase) + 0.35 * np.sin(2 * phase) + 0.16 * np.sin(3 * phase) + 0.06 * np.sin(4 * phase)
    return _done((tone + 0.16 * air) * _swell(t, 0.07, seconds, 0.1) * 0.6)


@functools.cache
def surf_guitar(pitch: float, seconds: float) -> NDArray[np.float32]:
    """Picked near the bridge into a tremolo and a hot amplifier."""
    t = _clock(seconds + 0.3)
    raw = np.resize(plucked(pitch, seconds, 1.7, 0.11).astype(float), t.shape) * (t < seconds + 0.25)
    shake = 1 + 0.25 * np.sin(2 * np.pi * 7.5 * t)
    return _done(np.tanh(raw * 2.2) * shake * 0.62)


@functools.cache
def pulse(pitch: float, seconds: float, width: float = 0.25) -> NDArray[np.float32]:
    """A games console's pulse wave, with its stepped decay."""
    t = _clock(seconds + 0.02)
    wave = np.zeros_like(t)
    for number in range(1, 40):
        if pitch * number > _TOP:
            break
        wave += np.sin(np.pi * number * width) / number * np.cos(2 * np.pi * number * pitch * t)
    steps = np.floor(16 * np.exp(-t * 2.6)) / 16
    return _done(wave * steps * _swell(t, 0.001, seconds, 0.008) * 0.75)


@functools.cache
def chip_bass(pitch: float, seconds: float) -> NDArray[np.float32]:
    """The console's triangle, in sixteen steps."""
    t = _clock(seconds + 0.02)
    triangle = 2 * np.abs(2 * ((pitch * t) % 1) - 1) - 1
    return _done(np.round(triangle * 7.5) / 7.5 * _swell(t, 0.001, seconds, 0.01))


@functools.cache
def saw_lead(pitch: float, seconds: float, open_to: float = 3200.0) -> NDArray[np.float32]:
    """A stab whose filter snaps shut."""
    t = _clock(seconds + 0.2)
    cutoff = 350 + open_to * np.exp(-t * 8)
    wave = _swept(pitch, t, cutoff, 26) + _swept(pitch * 1.006, t, cutoff, 26)
    return _done(wave * _swell(t, 0.003, seconds, 0.08) * 0.42)


# --- basses -----------------------------------------------------------------------------------------------------


@functools.cache
def round_bass(pitch: float, seconds: float) -> NDArray[np.float32]:
    """An upright, or a bass guitar played with the thumb."""
    t = _clock(seconds + 0.1)
    partials = [(1.0, 1.0, 1.4), (2.0, 0.42, 3.5), (3.0, 0.2, 6.0), (4.0, 0.09, 9.0), (6.0, 0.04, 16.0)]
    return _done(
        _struck(pitch, seconds + 0.1, partials, attack=0.005) * _swell(t, 0.004, seconds, 0.04) * 0.85
    )


@functools.cache
def filter_bass(pitch: float, seconds: float, open_to: float = 1500.0) -> NDArray[np.float32]:
    """A saw whose filter opens with every note."""
    t = _clock(seconds + 0.06)
    wave = _swept(pitch, t, 130 + open_to * np.exp(-t * 11), 30) + 0.5 * np.sin(2 * np.pi * pitch * t)
    return _done(np.tanh(wave * 1.1) * _swell(t, 0.003, seconds, 0.03) * 0.8)


@functools.cache
def reese(pitch: float, seconds: float) -> NDArray[np.float32]:
    """Two saws fighting over one note, with a pure sub beneath."""
    t = _clock(seconds + 0.1)
    cutoff = 420 + 260 * np.sin(2 * np.pi * 0.7 * t)
    wave = _swept(pitch * 0.993, t, cutoff, 24) - _swept(pitch * 1.007, t, cutoff, 24)
    return _done((0.4 * wave + 0.8 * np.sin(2 * np.pi * pitch * t)) * _swell(t, 0.006, seconds, 0.05) * 0.8)


# --- drums ------------------------------------------------------------------------------------------------------


@functools.cache
def kick(
    top: float = 160.0, low: float = 46.0, length: float = 0.34, click: float = 0.35
) -> NDArray[np.float32]:
    """A falling sine with a beater's click."""
    t = _clock(length)
    phase = 2 * np.pi * np.cumsum(low + top * np.exp(-t * 32)) / RATE
    body = np.sin(phase) * np.exp(-t * 4.2 / length * 0.5) * np.clip((length - t) * 14, 0, 1)
    return _done(np.tanh((body + click * _hiss(length, 1500, 6000, 1) * np.exp(-t * 260)) * 1.5))


@functools.cache
def snare(tone: float = 190.0, length: float = 0.22, crisp: float = 0.75) -> NDArray[np.float32]:
    """A drum head and its wires."""
    t = _clock(length)
    head = (np.sin(2 * np.pi * tone * t) + 0.6 * np.sin(2 * np.pi * tone * 1.51 * t)) * np.exp(-t * 24)
    wires = _hiss(length, 1400, 9000, 2) * np.exp(-t * 4.4 / length)
    return _done(np.tanh((0.7 * head + crisp * wires) * 1.3))


@functools.cache
def hat(length: float = 0.06, bright: float = 7000.0) -> NDArray[np.float32]:
    """Cymbals, closed if short, open if long."""
    t = _clock(length)
    metal = sum(np.sign(np.sin(2 * np.pi * f * t)) for f in (3170.0, 4210.0, 5470.0, 6310.0, 8430.0)) / 5
    return _done((0.8 * _hiss(length, bright, 16000, 5) + 0.1 * metal) * np.exp(-t * 4.5 / length))


@functools.cache
def clap() -> NDArray[np.float32]:
    """Three hands, nearly together."""
    t = _clock(0.24)
    bursts = sum(np.exp(-np.maximum(t - at, 0) * 190) * (t >= at) for at in (0.0, 0.011, 0.021))
    return _done(
        _hiss(0.24, 900, 4200, 6) * (0.55 * bursts + np.exp(-np.maximum(t - 0.028, 0) * 26) * (t > 0.028))
    )


@functools.cache
def block(pitch: float = 820.0) -> NDArray[np.float32]:
    """A wood block, a rim or a coconut, by pitch."""
    return _done(_struck(pitch, 0.13, [(1, 0.8, 42), (1.47, 0.4, 55), (2.6, 0.2, 80)], attack=0.0006))


@functools.cache
def shaker(length: float = 0.09) -> NDArray[np.float32]:
    """Rice in a tin, or a brush on a skin if long."""
    t = _clock(length)
    return _done(_hiss(length, 4200, 12000, 7) * np.sin(np.pi * np.minimum(t / length, 1)) ** 1.5 * 0.8)


@functools.cache
def tom(pitch: float = 110.0) -> NDArray[np.float32]:
    """A tom, or a big drum far away if low."""
    t = _clock(0.45)
    phase = 2 * np.pi * np.cumsum(pitch * (1 + 0.5 * np.exp(-t * 26))) / RATE
    return _done(np.sin(phase) * np.exp(-t * 8) + 0.15 * _hiss(0.45, 300, 2400, 8) * np.exp(-t * 45))


@functools.cache
def cymbal(length: float = 1.6) -> NDArray[np.float32]:
    """A crash that takes its time."""
    t = _clock(length)
    return _done(_hiss(length, 3500, 14000, 9) * np.exp(-t * 4.5 / length) * np.minimum(t / 0.004, 1) * 0.8)


@functools.cache
def rain(seconds: float) -> NDArray[np.float32]:
    """Rain on a roof: a hush with drops in it, made to loop."""
    length = int(seconds * RATE)
    hush = _hiss(seconds, 600, 7000, 10) * 0.3
    chance = np.random.default_rng(11)
    drops = np.zeros(length)
    for _ in range(int(seconds * 22)):
        at, loud = int(chance.integers(length)), float(chance.random()) ** 3
        drop = np.exp(-np.arange(500) / 70) * np.sin(np.arange(500) * chance.uniform(0.15, 0.5))
        drops[np.arange(at, at + 500) % length] += drop * loud * 0.4
    return (hush + drops).astype(np.float32)


Voice = "Callable[..., NDArray[np.float32]]"
