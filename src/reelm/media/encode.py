"""FFmpeg's arguments for what we write: fragmented MP4 in H.264 and AAC, and pictures."""

import math
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from reelm.media.plan import AUDIO_BITS, FRAGMENT_MS, GOP_SECONDS, Size

NOTHING_BUT_TRACKS = ["-map_metadata", "-1", "-map_chapters", "-1", "-bitexact", "-dn", "-sn"]
FRAGMENTED = [
    "-movflags", "+frag_keyframe+delay_moov+default_base_moof+skip_trailer",
    "-frag_duration", str(FRAGMENT_MS * 1000), "-f", "mp4",
]  # fmt: skip
PROGRESSIVE = ["-movflags", "+faststart", "-f", "mp4"]
# Slices and parameter sets only: no SEI, no user data, no access unit delimiters.
PICTURE_UNITS = "filter_units=pass_types=1-5|7|8"
PRESET = "veryfast"


def h264(size: Size, rate: Fraction) -> list[str]:
    """Return the encoder's settings for one rung: closed groups of at most two seconds, capped quality."""
    factor, most, buffer = size.quality
    group = max(1, math.floor(GOP_SECONDS * rate))
    return [
        "-c:v", "libx264", "-preset", PRESET, "-profile:v", "high", "-crf", str(factor),
        "-maxrate", f"{most}k", "-bufsize", f"{buffer}k", "-g", str(group), "-keyint_min", str(group),
        "-sc_threshold", "0", "-flags:v", "+cgop+bitexact", "-bsf:v", "filter_units=remove_types=6|9|12",
    ]  # fmt: skip


def aac() -> list[str]:
    return ["-c:a", "aac", "-b:a", str(AUDIO_BITS), "-ac", "2"]


def output(video_pad: str, size: Size, rate: Fraction, audio_pad: str | None, path: Path) -> list[str]:
    """Return one rendition: picture and (unless None) sound from these pads, fragmented."""
    sound = ["-map", audio_pad, *aac()] if audio_pad else []
    return ["-map", video_pad, *h264(size, rate), *sound, *NOTHING_BUT_TRACKS, *FRAGMENTED, f"file:{path}"]


def still_jpeg(pad: str, path: Path) -> list[str]:
    return [
        "-map", pad, "-frames:v", "1", "-c:v", "mjpeg", "-q:v", "4", "-flags:v", "+bitexact",
        *NOTHING_BUT_TRACKS, "-f", "mjpeg", f"file:{path}",
    ]  # fmt: skip


def still_webp(pad: str, path: Path) -> list[str]:
    return [
        "-map", pad, "-frames:v", "1", "-c:v", "libwebp", "-quality", "78", *NOTHING_BUT_TRACKS,
        "-f", "webp", f"file:{path}",
    ]  # fmt: skip


def still_avif(pad: str, path: Path) -> list[str]:
    return [
        "-map", pad, "-frames:v", "1", "-c:v", "libaom-av1", "-still-picture", "1", "-cpu-used", "8",
        "-crf", "30", *NOTHING_BUT_TRACKS, "-f", "avif", f"file:{path}",
    ]  # fmt: skip


def still_rgb(pad: str, path: Path) -> list[str]:
    return [
        "-map",
        pad,
        "-frames:v",
        "1",
        "-c:v",
        "rawvideo",
        "-pix_fmt",
        "rgb24",
        "-f",
        "rawvideo",
        f"file:{path}",
    ]


def complex_filter(parts: Sequence[str]) -> list[str]:
    return ["-filter_complex", ";".join(part for part in parts if part)]
