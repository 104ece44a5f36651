"""The desk: mixes a score's buses into one loud, clean, endlessly looping track, and measures it.

Loudness is that of ITU-R BS.1770-4 (K-weighting, 400 ms blocks, absolute and relative gates).
"""

from __future__ import annotations

import wave
from typing import TYPE_CHECKING

import numpy as np

from reelm.entrypoints.demo.music.voices import RATE

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from reelm.entrypoints.demo.music.score import Score

LOUDNESS = -14.0
_CEILING = 0.89


def _filtered(sound: NDArray[np.float32], low: float, high: float) -> NDArray[np.float32]:
    """Between two frequencies, over the whole loop at once, so that the loop stays seamless."""
    bands = np.fft.rfftfreq(sound.shape[-1], 1 / RATE)
    gain = 1 / (1 + (low / np.maximum(bands, 0.1)) ** 4) / (1 + (bands / high) ** 4)
    return np.fft.irfft(np.fft.rfft(sound) * gain, sound.shape[-1]).astype(np.float32)


def room(sound: NDArray[np.float32], seconds: float, bright: float) -> NDArray[np.float32]:
    """Reverberation: the loop convolved, end to start, with a decaying stereo noise after a few early echoes."""
    length = sound.shape[1]
    tail = min(int(seconds * RATE), length)
    t = np.arange(tail) / RATE
    dice = np.random.default_rng(17)
    reply = dice.standard_normal((2, tail)) * np.exp(-6.9 * t / seconds) * np.minimum(t / 0.02, 1)
    reply /= np.sqrt((reply**2).sum(axis=1, keepdims=True))
    for number, delay in enumerate((0.011, 0.019, 0.029, 0.041)):
        reply[number % 2, int(delay * RATE)] += 0.3
    padded = np.zeros((2, length))
    padded[:, :tail] = reply
    wet = np.fft.irfft(np.fft.rfft(sound) * np.fft.rfft(padded), length).astype(np.float32)
    return _filtered(wet, 180, bright)


def _ducking(score: Score) -> NDArray[np.float32]:
    """How far the buses bow: 1 right after a kick, gone in a quarter of a second."""
    curve = np.zeros(score.samples, np.float32)
    dip = np.exp(-np.arange(int(0.3 * RATE)) / RATE * 13).astype(np.float32)
    for beat in score.kicks:
        where = (np.arange(len(dip)) + int(beat * 60 / score.bpm * RATE)) % score.samples
        curve[where] = np.maximum(curve[where], dip)
    return curve


def loudness(sound: NDArray[np.float32]) -> float:
    """Integrated loudness in LUFS of a stereo loop."""
    bands = np.fft.rfftfreq(sound.shape[1], 1 / RATE)
    shelf = 1 + (10 ** (4.0 / 20) - 1) / (1 + (1500 / np.maximum(bands, 1)) ** 4)
    weighted = np.fft.irfft(
        np.fft.rfft(sound) * shelf / (1 + (38 / np.maximum(bands, 0.1)) ** 4) ** 0.5, sound.shape[1]
    )
    block, hop = int(0.4 * RATE), int(0.1 * RATE)
    power = np.array(
        [
            (weighted[:, at : at + block] ** 2).mean(axis=1).sum()
            for at in range(0, sound.shape[1] - block, hop)
        ]
    )
    loud = power[power > 10 ** ((-70 + 0.691) / 10)]
    if not len(loud):
        return -120.0
    gate = loud.mean() * 0.1
    return float(-0.691 + 10 * np.log10(loud[loud > gate].mean()))


def master(
    score: Score, room_seconds: float = 1.4, bright: float = 5200, air: float = 15500
) -> NDArray[np.float32]:
    """Mix, reverberate, duck, bring to -14 LUFS and hold the peaks below -1 dB. Shape (2, samples)."""
    dry = np.zeros((2, score.samples), np.float32)
    sent = np.zeros_like(dry)
    bow = _ducking(score)
    for bus in score.buses.values():
        sound = bus.left_right * bus.level
        if bus.duck:
            sound = sound * (1 - bus.duck * bow)
        dry += sound
        sent += sound * bus.echo
    mixed = _balanced(_filtered(dry + room(sent, room_seconds, bright), 28, air), air)
    for _ in range(3):
        mixed *= 10 ** ((LOUDNESS - loudness(mixed)) / 20)
        mixed = _limited(mixed)
    return mixed


def _balanced(sound: NDArray[np.float32], air: float) -> NDArray[np.float32]:
    """Mastering: lean each band part of the way to a balance that small speakers like, and widen the sides."""
    bands = np.fft.rfftfreq(sound.shape[1], 1 / RATE)
    spectrum = np.fft.rfft(sound)
    power = (np.abs(spectrum) ** 2).mean(axis=0)
    edges = (20, 80, 200, 800, 2500, 6000, 16000)
    wanted = (-8.5, -6.0, -5.0, -10.0, -15.5, -21.0 if air > 12_000 else -28.0)
    centres, gains = [], []
    for low, high, aim in zip(edges, edges[1:], wanted, strict=False):
        share = 10 * np.log10(power[(bands >= low) & (bands < high)].sum() / power.sum() + 1e-12)
        centres.append(np.log((low * high) ** 0.5))
        gains.append(np.clip((aim - share) * 0.65, -4.0, 8.0))
    curve = 10 ** (np.interp(np.log(np.maximum(bands, 1)), centres, gains) / 20)
    even = np.fft.irfft(spectrum * curve, sound.shape[1]).astype(np.float32)
    middle, side = (even[0] + even[1]) / 2, (even[0] - even[1]) / 2
    side = _filtered(side, 180, 20_000) * 1.5
    return np.stack([middle + side, middle - side])


def _limited(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    """Bend what rises above half of the ceiling, so that peaks round off and never clip."""
    knee = _CEILING * 0.55
    size = np.abs(sound)
    over = np.maximum(size - knee, 0)
    bent = knee + (_CEILING - knee) * np.tanh(over / (_CEILING - knee))
    return np.where(size > knee, np.sign(sound) * bent, sound).astype(np.float32)


def levels(sound: NDArray[np.float32], fps: int = 30) -> list[tuple[float, float, float]]:
    """The loudness of low, middle and high, 0 to 1, for each video frame."""
    mono = sound.mean(axis=0)
    step = RATE / fps
    table = []
    window = np.hanning(2048)
    bands = np.fft.rfftfreq(2048, 1 / RATE)
    slices = [(bands >= low) & (bands < high) for low, high in ((30, 160), (160, 1800), (1800, 12000))]
    for frame in range(int(len(mono) / step)):
        piece = np.take(mono, range(int(frame * step), int(frame * step) + 2048), mode="wrap")
        spectrum = np.abs(np.fft.rfft(piece * window))
        table.append([float(np.sqrt((spectrum[chosen] ** 2).sum())) for chosen in slices])
    rows = np.array(table)
    rows /= np.percentile(rows, 97, axis=0) + 1e-9
    return [(float(a), float(b), float(c)) for a, b, c in np.clip(rows, 0, 1)]


def write_wav(sound: NDArray[np.float32], path: Path) -> None:
    """Write 16-bit stereo."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.clip(sound.T, -1, 1) * 32767).astype("<i2").tobytes())
