"""What the engine hands over: files with everything that a clip's media record needs."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from reelm.media.fragments import Index, read_index
from reelm.media.plan import FRAGMENT_MS
from reelm.media.probe import Probe


@dataclass(frozen=True)
class Rendition:
    """One fragmented MP4. `sha256` is of the file; `rate` in frames per second."""

    name: str
    path: Path
    width: int
    height: int
    rate: float
    sha256: str
    index: Index

    def media_json(self) -> dict[str, Any]:
        """Return the API's rendition object, but for its url."""
        return {
            "width": self.width,
            "height": self.height,
            "bytes": self.index.total_bytes,
            "bandwidth": self.index.bandwidth,
            "codecs": self.index.codecs,
            "init_bytes": self.index.init_bytes,
            "fragment_ms": FRAGMENT_MS,
            "fragments": [fragment.bytes for fragment in self.index.fragments],
        }

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "file": self.path.name,
            "width": self.width,
            "height": self.height,
            "rate": self.rate,
            "sha256": self.sha256,
            "index": self.index.to_json(),
        }

    @classmethod
    def from_json(cls, folder: Path, data: dict[str, Any]) -> Self:
        rest = {key: value for key, value in data.items() if key not in {"file", "index"}}
        return cls(path=folder / data["file"], index=Index.from_json(data["index"]), **rest)

    @classmethod
    def of_file(cls, name: str, path: Path, width: int, height: int, rate: float) -> Self:
        """Read and check a rendition that was just written. Raises EncodeError."""
        index = read_index(path)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return cls(name, path, width, height, rate, digest, index)


@dataclass(frozen=True)
class FirstPlayable:
    """The first rendition, its poster (JPEG) and what a feed item says about it.

    `gain_db` is for the client to apply until the ladder, which has it built in, replaces this.
    `plain` says that the picture is the source's own, repackaged.
    """

    probe: Probe
    rendition: Rendition
    poster: Path
    thumbhash: str
    duration_ms: int
    loudness_lufs: float | None
    gain_db: float
    has_audio: bool
    plain: bool


@dataclass(frozen=True)
class Storyboard:
    """A sheet of small pictures, row by row, one every `interval_ms`."""

    path: Path
    columns: int
    rows: int
    tile_width: int
    tile_height: int
    interval_ms: int


@dataclass(frozen=True)
class Ladder:
    """Every rendition (largest first) and everything that goes with them; loudness is built in.

    `posters` by format: always jpeg and webp, avif where FFmpeg has an encoder. `sound` is an M4A of the
    clip's sound as heard, with its waveform; None for a silent clip.
    """

    renditions: tuple[Rendition, ...]
    posters: dict[str, Path]
    thumbhash: str
    preview: Path
    storyboard: Storyboard
    sound: Path | None
    waveform: list[int]
    duration_ms: int
    loudness_lufs: float | None
    has_audio: bool
    gain_db: float = 0.0
