"""The edit list: what the author asked for, checked before any encoder sees it.

Times of `trim` are on the source; all other times are on the trimmed clip. Positions and sizes are
fractions of the displayed (upright, cropped) frame, so one edit fits every rendition.
"""

import math
import re
import unicodedata
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from reelm.media.errors import InvalidEditError
from reelm.media.probe import Probe

TEXTS = 20
TEXT_CHARACTERS = 300
SHORTEST_CROP = 0.05
SHORTEST_TRIM_MS = 100
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True)
class Crop:
    """A rectangle in fractions of the upright frame."""

    x: float = 0.0
    y: float = 0.0
    width: float = 1.0
    height: float = 1.0

    @property
    def whole(self) -> bool:
        return self == Crop()


@dataclass(frozen=True)
class Text:
    """Words on the clip: centre and size as fractions (size of the height), times on the clip."""

    text: str
    x: float = 0.5
    y: float = 0.5
    size: float = 0.06
    color: str = "#ffffff"
    background: bool = False
    start_ms: int | None = None
    end_ms: int | None = None


@dataclass(frozen=True)
class Edit:
    """One edit list.

    `sound_offset_ms` is the place in the sound that plays at the clip's first frame; a negative
    offset lets the sound begin that much later. The sound is cut, or filled with silence, to the
    clip's length.
    """

    trim_start_ms: int = 0
    trim_end_ms: int | None = None
    crop: Crop = field(default_factory=Crop)
    cover_ms: int | None = None
    original_volume: float = 1.0
    sound_volume: float = 1.0
    sound_offset_ms: int = 0
    texts: tuple[Text, ...] = ()

    @property
    def changes_picture(self) -> bool:
        return bool(self.trim_start_ms or self.trim_end_ms is not None or not self.crop.whole or self.texts)

    def changes_anything(self, *, with_sound: bool) -> bool:
        """The cover alone changes nothing that is encoded."""
        return self.changes_picture or with_sound or self.original_volume != 1.0

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any] | None) -> Self:
        """Read the JSON object of the API (missing or null keys take their defaults).

        Raises InvalidEditError for a wrong type; values are checked by `checked`.
        """
        given = {key: value for key, value in (data or {}).items() if value is not None}
        try:
            if "crop" in given:
                given["crop"] = Crop(**{key: float(value) for key, value in given["crop"].items()})
            if "texts" in given:
                given["texts"] = tuple(Text(**text) for text in given["texts"])
            return cls(**given)
        except (TypeError, ValueError, AttributeError) as error:
            raise InvalidEditError(technical=repr(error)) from error

    def checked(self, source: Probe) -> Self:
        """Return self if it fits `source`. Raises InvalidEditError with what to change."""
        start, end = self.window(source.duration_ms)
        _demand(0 <= start < source.duration_ms, "The trim starts after the video's end.")
        _demand(end - start >= SHORTEST_TRIM_MS, "The trimmed part is shorter than a tenth of a second.")
        crop = self.crop
        _demand(
            all(map(math.isfinite, (crop.x, crop.y, crop.width, crop.height)))
            and crop.x >= 0
            and crop.y >= 0
            and crop.width >= SHORTEST_CROP
            and crop.height >= SHORTEST_CROP
            and crop.x + crop.width <= 1.0001
            and crop.y + crop.height <= 1.0001,
            "The crop leaves the picture or is too small.",
        )
        for volume in (self.original_volume, self.sound_volume):
            _demand(math.isfinite(volume) and 0 <= volume <= 1, "A volume lies between 0 and 1.")
        _demand(abs(self.sound_offset_ms) <= 3_600_000, "The sound's offset is too large.")
        _demand(
            self.cover_ms is None or 0 <= self.cover_ms <= end - start, "The cover lies outside the clip."
        )
        _demand(len(self.texts) <= TEXTS, f"There can be up to {TEXTS} texts on a clip.")
        for text in self.texts:
            _check_text(text)
        return self

    def window(self, duration_ms: int) -> tuple[int, int]:
        """Return the first and last millisecond of the source that stay."""
        end = duration_ms if self.trim_end_ms is None else min(self.trim_end_ms, duration_ms)
        return self.trim_start_ms, end


def _check_text(text: Text) -> None:
    _demand(isinstance(text.text, str) and bool(text.text.strip()), "A text on the clip is empty.")
    _demand(
        len(text.text) <= TEXT_CHARACTERS, f"A text on the clip has at most {TEXT_CHARACTERS} characters."
    )
    _demand(
        all(char == "\n" or unicodedata.category(char) not in {"Cc", "Cs", "Co", "Cn"} for char in text.text),
        "A text on the clip holds characters that can't be shown.",
    )
    _demand(
        all(math.isfinite(value) for value in (text.x, text.y, text.size))
        and 0 <= text.x <= 1
        and 0 <= text.y <= 1
        and 0.01 <= text.size <= 0.5,
        "A text's place lies between 0 and 1, and its size between 0.01 and 0.5.",
    )
    _demand(_COLOR.fullmatch(text.color) is not None, "A text's colour looks like #ffcc00.")
    start, end = text.start_ms or 0, text.end_ms
    _demand(start >= 0 and (end is None or end > start), "A text ends before it starts.")


def _demand(fine: bool, otherwise: str) -> None:
    if not fine:
        raise InvalidEditError(otherwise)
