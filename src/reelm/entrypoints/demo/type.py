"""Typefaces: finds the machine's Noto, Liberation or DejaVu, and makes do with what Pillow carries."""

from __future__ import annotations

import functools
import os
import unicodedata
from pathlib import Path

from PIL import ImageFont

Font = ImageFont.FreeTypeFont

_FOLDERS = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "~/.local/share/fonts",
    "/System/Library/Fonts",
    "/Library/Fonts",
)
_LATIN = {
    "bold": ("NotoSansCJK-Bold.ttc", "NotoSans-Bold.ttf", "LiberationSans-Bold.ttf", "DejaVuSans-Bold.ttf"),
    "sans": (
        "NotoSansCJK-Regular.ttc",
        "NotoSans-Regular.ttf",
        "LiberationSans-Regular.ttf",
        "DejaVuSans.ttf",
    ),
    "serif": ("NotoSerifCJK-Bold.ttc", "LiberationSerif-Bold.ttf", "DejaVuSerif-Bold.ttf"),
    "mono": ("LiberationMono-Bold.ttf", "DejaVuSansMono-Bold.ttf", "NotoSansMono-Bold.ttf"),
}
_HAN = (
    "NotoSansCJK-Bold.ttc",
    "NotoSansCJKsc-Bold.otf",
    "NotoSansSC-Bold.otf",
    "SourceHanSansSC-Bold.otf",
    "wqy-microhei.ttc",
    "PingFang.ttc",
)
_HAN_SERIF = ("NotoSerifCJK-Bold.ttc", "NotoSerifSC-Bold.otf", *_HAN)


@functools.cache
def _installed() -> dict[str, str]:
    found: dict[str, str] = {}
    for folder in _FOLDERS:
        for where, _, names in os.walk(Path(folder).expanduser()):
            for name in names:
                if name.endswith((".ttf", ".otf", ".ttc")):
                    found.setdefault(name, str(Path(where) / name))
    return found


def is_han(text: str) -> bool:
    """Whether any character needs a Chinese typeface."""
    return any("\u2e80" <= character <= "\u9fff" or "\uff00" <= character <= "\uffef" for character in text)


def _path(style: str, han: bool) -> str | None:
    names = (_HAN_SERIF if style == "serif" else _HAN) if han else _LATIN[style]
    return next((_installed()[name] for name in names if name in _installed()), None)


def has_han() -> bool:
    """Whether this machine can draw Chinese; scenes keep such words in the caption where it can't."""
    return _path("bold", han=True) is not None


@functools.cache
def typeface(style: str, size: int, han: bool = False) -> Font:
    """A font of `bold`, `sans`, `serif` or `mono` at `size` pixels."""
    path = _path(style, han)
    if path is None:
        fallback = ImageFont.load_default(size)
        assert isinstance(fallback, ImageFont.FreeTypeFont), "Pillow was built without FreeType"
        return fallback
    # The second face of Noto's collections is Korean, the third Simplified Chinese.
    index = 2 if path.endswith(("CJK-Bold.ttc", "CJK-Regular.ttc")) else 0
    return ImageFont.truetype(path, size, index=index)


def writable(text: str, style: str) -> str:
    """The text as the font at hand can write it: Pillow's own knows no accents."""
    if is_han(text):
        return text if has_han() else ""
    if _path(style, han=False) is not None:
        return text
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore")
    return plain.decode()
