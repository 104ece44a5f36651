"""Decide, from the facts of a source, what is encoded: no process is started here."""

from dataclasses import dataclass
from fractions import Fraction

from reelm.media.edit import Edit
from reelm.media.probe import Picture, Probe

SHORT_EDGES = (360, 540, 720, 1080)
GOP_SECONDS = 2
FRAGMENT_MS = 500
AUDIO_BITS = 128_000
FASTEST_RATE = 60
LOUDNESS_LUFS = -14.0
# short edge: (constant rate factor, most kbit/s, kbit of buffer)
QUALITY = {360: (24, 900, 1800), 540: (23, 1700, 3400), 720: (23, 3200, 6400), 1080: (23, 6000, 12000)}
RATES = (
    Fraction(24000, 1001),
    Fraction(24),
    Fraction(25),
    Fraction(30000, 1001),
    Fraction(30),
    Fraction(48),
    Fraction(50),
    Fraction(60000, 1001),
    Fraction(60),
)

PLAIN_SHORT_EDGE, PLAIN_LONG_EDGE = 1080, 1920
PLAIN_BITS = 12_000_000
PLAIN_GOP_SECONDS = 4.0
PLAIN_PROFILES = {"Baseline", "Constrained Baseline", "Main", "High"}
PLAIN_RATES_HZ = {32000, 44100, 48000}


@dataclass(frozen=True)
class Size:
    """One rung. `edge` is the short edge that names it; width and height are even."""

    edge: int
    width: int
    height: int

    @property
    def name(self) -> str:
        return f"{self.edge}p"

    @property
    def quality(self) -> tuple[int, int, int]:
        """Constant rate factor, most kbit/s, kbit of buffer; the nearest named rung's at odd sizes."""
        rung = next((edge for edge in SHORT_EDGES if self.edge <= edge), SHORT_EDGES[-1])
        return QUALITY[rung]


def reasons_not_plain(source: Probe, edit: Edit, *, with_sound: bool) -> list[str]:
    """Why this source can't be repackaged as it is; empty means that it is playable at once."""
    picture, audio = source.picture, source.audio
    facts = {
        "edited": edit.changes_anything(with_sound=with_sound),
        "container": source.container != "mov",
        "codec": picture.codec != "h264" or picture.profile not in PLAIN_PROFILES,
        "pixels": picture.pix_fmt not in {"yuv420p", "yuvj420p"},
        "interlaced": picture.interlaced,
        "not square": not picture.square_pixels,
        "odd": picture.width % 2 != 0 or picture.height % 2 != 0,
        "turned oddly": picture.rotation % 90 != 0,
        "large": picture.short_edge > PLAIN_SHORT_EDGE
        or max(picture.width, picture.height) > PLAIN_LONG_EDGE,
        "fast": picture.rate > FASTEST_RATE + 0.5,
        "heavy": picture.bits_per_second > PLAIN_BITS,
        "long groups": picture.longest_gop_seconds > PLAIN_GOP_SECONDS,
        "hdr": picture.hdr,
        "side data": picture.extra_side_data,
        "sound": audio is not None and (audio.codec != "aac" or audio.profile not in {"LC", ""}),
        "sound rate": audio is not None and audio.sample_rate not in PLAIN_RATES_HZ,
    }
    return [name for name, holds in facts.items() if holds]


def frame_size(picture: Picture, edit: Edit) -> tuple[int, int]:
    """Return the upright, cropped frame in source pixels."""
    return (
        max(2, round(picture.width * edit.crop.width)),
        max(2, round(picture.height * edit.crop.height)),
    )


def ladder_sizes(picture: Picture, edit: Edit) -> list[Size]:
    """Return the rungs, largest first: never larger than the source, at least one.

    A source below 360 keeps its own size; one between two rungs stops at the lower.
    """
    width, height = frame_size(picture, edit)
    short = min(width, height)
    edges = [edge for edge in SHORT_EDGES if edge <= short] or [short - short % 2]
    return [_size(edge, width, height) for edge in reversed(edges)]


def first_size(picture: Picture, edit: Edit) -> Size:
    """Return the rung that is encoded alone, to be playable soonest."""
    return ladder_sizes(picture, edit)[-1]


def _size(edge: int, width: int, height: int) -> Size:
    long = max(width, height) * edge / min(width, height)
    other = max(2, round(long / 2) * 2)
    return Size(edge, edge, other) if width <= height else Size(edge, other, edge)


def output_rate(picture: Picture) -> Fraction:
    """Return the constant frame rate of every rendition.

    A steady source keeps its own (snapped to the nearest standard within 0.2 %); an uneven one gets
    the standard rate at or above its usual one; nothing is faster than 60.
    """
    rate = picture.rate
    if rate <= 0:
        return Fraction(25)
    near = [standard for standard in RATES if abs(float(standard) - rate) <= 0.002 * rate]
    if near:
        return min(near, key=lambda standard: abs(float(standard) - rate))
    if rate > FASTEST_RATE:
        return Fraction(FASTEST_RATE)
    if picture.uneven:
        return next(standard for standard in (*RATES[1:], Fraction(60)) if float(standard) >= rate * 0.98)
    return Fraction(rate).limit_denominator(1001)


@dataclass(frozen=True)
class Outputs:
    """What a clip will be, known before the first frame is encoded."""

    duration_ms: int
    sizes: tuple[Size, ...]
    rate: Fraction
    has_audio: bool
    plain: bool
    reasons: tuple[str, ...]


def plan(source: Probe, edit: Edit, *, with_sound: bool) -> Outputs:
    """Put the decisions together. Raises InvalidEditError."""
    edit.checked(source)
    start, end = edit.window(source.duration_ms)
    reasons = reasons_not_plain(source, edit, with_sound=with_sound)
    original = source.audio is not None and edit.original_volume > 0
    return Outputs(
        duration_ms=end - start,
        sizes=tuple(ladder_sizes(source.picture, edit)),
        rate=output_rate(source.picture),
        has_audio=original or (with_sound and edit.sound_volume > 0),
        plain=not reasons,
        reasons=tuple(reasons),
    )
