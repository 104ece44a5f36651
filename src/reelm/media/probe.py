"""Say what an uploaded file is, or refuse it with a reason a person understands.

The file is opened by `probe_child.py` in its own confined process; this module starts it, checks
what it claims against the realm's limits and never opens a decoder itself.
"""

import json
import math
import struct
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Self

from reelm.media import confine, errors, sandbox
from reelm.media.nursery import NURSERY, site
from reelm.media.sniff import HEAD_BYTES, Container, sniff

PIXELS = 4096 * 2304
LONGEST_SIDE = 4096
SHORTEST_SIDE = 16
SHORTEST_SECONDS = 0.1
LENGTH_TOLERANCE_SECONDS = 0.5
PROBE_CPU_SECONDS = 60
PROBE_WALL_SECONDS = 90.0
PROBE_MEMORY = 3 << 30
FORMATS = "mov,matroska,webm,mpegts,mpeg,avi"
HDR_TRANSFERS = {16: "smpte2084", 18: "arib-std-b67"}


@dataclass(frozen=True)
class ProbeLimits:
    """What a realm takes. A person's message names these numbers."""

    seconds: int = 600
    pixels: int = PIXELS
    side: int = LONGEST_SIDE
    allow_weak_sandbox: bool = False


@dataclass(frozen=True)
class Picture:
    """The picture track. `width` and `height` are as shown: turned upright, with square pixels."""

    index: int
    codec: str
    profile: str
    pix_fmt: str
    bits: int
    coded_width: int
    coded_height: int
    width: int
    height: int
    rotation: int
    square_pixels: bool
    rate: float
    uneven: bool
    interlaced: bool
    primaries: int
    transfer: int
    matrix: int
    full_range: bool
    longest_gop_seconds: float
    bits_per_second: int
    extra_side_data: bool

    @property
    def hdr(self) -> bool:
        return self.transfer in HDR_TRANSFERS

    @property
    def short_edge(self) -> int:
        return min(self.width, self.height)


@dataclass(frozen=True)
class Audio:
    """The sound track that will be used."""

    index: int
    codec: str
    profile: str
    channels: int
    sample_rate: int


@dataclass(frozen=True)
class Probe:
    """Everything the plan needs to know about a source."""

    container: Container
    size_bytes: int
    duration_ms: int
    picture: Picture
    audio: Audio | None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        audio = data["audio"]
        return cls(
            **{
                **data,
                "picture": Picture(**data["picture"]),
                "audio": None if audio is None else Audio(**audio),
            }
        )


def probe(path: Path, limits: ProbeLimits | None = None) -> Probe:
    """Look at `path` and return what it is. Blocks for 0.15 s or more; raises a MediaError to refuse."""
    limits = limits or ProbeLimits()
    with path.open("rb") as file:
        container = sniff(file.read(HEAD_BYTES))
    facts = _ask_child(path.resolve(), container, limits)
    if "refused" in facts:
        _refuse(facts, path, container, limits)
    result = _read_facts(facts, container)
    _check_limits(result, facts, path, limits)
    return result


def warm() -> None:
    """Start a probe process that waits; call it when a probe is likely to follow soon."""
    NURSERY.warm()


def _ask_child(path: Path, container: Container, limits: ProbeLimits) -> dict[str, Any]:
    policy = sandbox.Policy(
        read=(path, Path(site()) / "av"),
        memory_bytes=PROBE_MEMORY,
        cpu_seconds=PROBE_CPU_SECONDS,
        wall_seconds=PROBE_WALL_SECONDS,
        file_bytes=1 << 20,
        open_files=32,
        allow_weak=limits.allow_weak_sandbox,
    )
    job = {
        "confine": str(Path(confine.__file__)),
        "policy": json.loads(policy.encode([])),
        "path": str(path),
        "container": container,
        "formats": FORMATS,
        "max_pixels": limits.pixels,
        "max_side": limits.side,
    }
    done = NURSERY.ask(json.dumps(job), policy)
    try:
        facts = json.loads(done.output)
    except ValueError:
        facts = None
    if done.returncode or not isinstance(facts, dict):
        raise errors.UnreadableError(technical=f"probe ended with {done.returncode}: {done.errors[-500:]}")
    return facts


def _refuse(facts: dict[str, Any], path: Path, container: Container, limits: ProbeLimits) -> None:
    technical = str(facts.get("technical", ""))[:200]
    match facts["refused"]:
        case "no_video" | "zero" if ends_too_early(path, container):
            raise errors.TruncatedError(technical=technical)
        case "no_video":
            raise errors.NoVideoTrackError
        case "codec":
            raise errors.CodecUnsupportedError(technical=technical)
        case "frame":
            raise errors.TooLargeFrameError(
                f"This picture is {int(facts['width'])} by {int(facts['height'])} pixels. Please export the video "
                f"so that no side is longer than {limits.side} pixels."
            )
        case "zero":
            raise errors.ZeroLengthError
        case "truncated":
            raise errors.TruncatedError
        case _ if ends_too_early(path, container):
            raise errors.TruncatedError(technical=technical)
        case _:
            raise errors.UnreadableError(technical=technical)


def _read_facts(facts: dict[str, Any], container: Container) -> Probe:
    try:
        video, timing = facts["video"], facts["timing"]
        sideways = int(video["rotation"]) % 180 != 0
        ratio = Fraction(*video["sample_aspect"]) if all(video["sample_aspect"]) else Fraction(1)
        if not Fraction(1, 8) <= ratio <= 8:
            ratio = Fraction(1)
        shown = max(1, round(int(video["width"]) * ratio)), int(video["height"])
        seconds, step = float(timing["seconds"]), float(timing["step"])
        usual = 1 / step if step > 0 else 0.0
        average = float(timing["average_rate"])
        uneven = float(timing["uneven_share"]) > 0.02 or abs(average - usual) > 0.02 * usual
        rate = max(usual, average) if uneven else average
        picture = Picture(
            index=int(video["index"]),
            codec=str(video["codec"]),
            profile=str(video["profile"]),
            pix_fmt=str(video["pix_fmt"]),
            bits=int(video["bits"]),
            coded_width=int(video["width"]),
            coded_height=int(video["height"]),
            width=shown[1] if sideways else shown[0],
            height=shown[0] if sideways else shown[1],
            rotation=int(video["rotation"]),
            square_pixels=ratio == 1,
            rate=rate if math.isfinite(rate) else 0.0,
            uneven=uneven,
            interlaced=bool(video["interlaced"]),
            primaries=int(video["primaries"]),
            transfer=int(video["transfer"]),
            matrix=int(video["matrix"]),
            full_range=bool(video["full_range"]),
            longest_gop_seconds=float(timing["longest_gop"]),
            bits_per_second=round(int(timing["bytes"]) * 8 / seconds) if seconds > 0 else 0,
            extra_side_data=any(
                "DISPLAYMATRIX" not in kind and "SEI" not in kind for kind in video["side_data"]
            ),
        )
        audio = facts["audio"]
        return Probe(
            container=container,
            size_bytes=int(facts["size"]),
            duration_ms=round(seconds * 1000),
            picture=picture,
            audio=None if audio is None else Audio(**audio),
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise errors.UnreadableError(technical=f"probe answered nonsense: {error!r}") from error


def _check_limits(result: Probe, facts: dict[str, Any], path: Path, limits: ProbeLimits) -> None:
    seconds = result.duration_ms / 1000
    if seconds > limits.seconds + LENGTH_TOLERANCE_SECONDS:
        raise errors.TooLongError(
            f"This video lasts {_spoken(seconds)}; this realm takes up to {_spoken(limits.seconds)}. "
            "Please shorten it and upload it again."
        )
    if facts["timing"]["packets"] == 0 or (seconds <= 0 and facts["timing"]["packets"] != 1):
        raise errors.ZeroLengthError
    if seconds < SHORTEST_SECONDS or not facts["two_frames"]:
        raise errors.TooShortError
    if min(result.picture.width, result.picture.height) < SHORTEST_SIDE:
        raise errors.CodecUnsupportedError("This picture is too small to show. Please choose a larger one.")
    promised = float(facts["header_seconds"])
    if result.container != "mov" and promised > 1.5 * seconds + 2:
        raise errors.TruncatedError
    if facts["timing"]["broken"] or ends_too_early(path, result.container):
        raise errors.TruncatedError


def _spoken(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes and rest else f"{minutes} min" if minutes else f"{rest} s"


def ends_too_early(path: Path, container: Container) -> bool:
    """Walk the outermost boxes only: does the file hold what they promise?"""
    size = path.stat().st_size
    with path.open("rb") as file:
        if container == "avi":
            head = file.read(8)
            return len(head) == 8 and struct.unpack("<I", head[4:8])[0] + 8 > size + 1
        if container != "mov":
            return False
        kinds: set[bytes] = set()
        offset = 0
        while offset + 8 <= size and len(kinds) < 64:
            file.seek(offset)
            header = file.read(16)
            length = int.from_bytes(header[:4], "big")
            kinds.add(header[4:8])
            if length == 1:
                length = int.from_bytes(header[8:16], "big")
            if length == 0:
                break
            if length < 8 or offset + length > size:
                return True
            offset += length
        return b"moov" not in kinds
