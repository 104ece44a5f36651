"""Integrated loudness (EBU R128) from FFmpeg's meter, and the gain that brings a clip to the target."""

import math
import re

from reelm.media.plan import LOUDNESS_LUFS

SILENCE_LUFS = -60.0
MOST_GAIN_DB = 12.0
MOST_CUT_DB = -24.0
_INTEGRATED = re.compile(r"Integrated loudness:\s+I:\s+(-?[\d.]+|-?inf|nan) LUFS")


def read_loudness(log: str) -> float | None:
    """Return the last measured loudness in LUFS; None for silence or no measurement."""
    found = _INTEGRATED.findall(log)
    if not found:
        return None
    value = float(found[-1])
    return value if math.isfinite(value) and value > SILENCE_LUFS else None


def gain_to_target(loudness_lufs: float | None) -> float:
    """Return the decibels to add (negative: to take away); 0 for silence."""
    if loudness_lufs is None:
        return 0.0
    return round(min(MOST_GAIN_DB, max(MOST_CUT_DB, LOUDNESS_LUFS - loudness_lufs)), 2)
