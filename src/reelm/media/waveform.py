"""A sound's shape in at most 200 values, for a picture of it."""

import numpy as np

POINTS = 200
RATE = 8000


def waveform(pcm: bytes, points: int = POINTS) -> list[int]:
    """Return the peaks (0..255, the loudest is 255) of signed 16-bit little-endian mono samples."""
    samples = np.abs(np.frombuffer(pcm[: len(pcm) // 2 * 2], "<i2").astype(np.int32))
    if not samples.size:
        return []
    edges = np.linspace(0, samples.size, min(points, samples.size) + 1).astype(int)[:-1]
    peaks = np.maximum.reduceat(samples, edges)
    loudest = int(peaks.max())
    return [0] * len(peaks) if not loudest else [int(value) for value in np.rint(peaks * 255 / loudest)]
