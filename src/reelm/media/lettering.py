"""Draw the words that an author puts on a clip, in any script, as PNG pictures with alpha.

Text never enters a filter graph. Each run of one script takes the first font that has it: Noto Sans,
Noto Sans Arabic and Noto Sans CJK come as Python packages; Hebrew, Thai, Devanagari, emoji and others
are drawn where the system has a font for them (DejaVu, Noto).
"""

import functools
import importlib.util
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, features

from reelm.media.edit import Text

BOLD = 700
WIDEST_SHARE = 0.9
LINE_HEIGHT = 1.25
SMALLEST_PIXELS = 6
_SYSTEM = Path("/usr/share/fonts")
_PACKAGED = {
    "latin": ("fontpkg_noto_sans", "files/NotoSans[wdth,wght].ttf"),
    "arabic": ("fontpkg_noto_sans_arabic", "files/NotoSansArabic[wdth,wght].ttf"),
    "cjk": ("cvttf_NotoSansCJK_Bold", "NotoSansCJKtc-Bold.otf"),
}
_INSTALLED = {
    "latin": ("truetype/dejavu/DejaVuSans-Bold.ttf",),
    "arabic": ("truetype/noto/NotoSansArabic-Bold.ttf", "truetype/dejavu/DejaVuSans-Bold.ttf"),
    "cjk": ("opentype/noto/NotoSansCJK-Bold.ttc", "truetype/wqy/wqy-zenhei.ttc"),
    "hebrew": ("truetype/noto/NotoSansHebrew-Bold.ttf", "truetype/dejavu/DejaVuSans-Bold.ttf"),
    "devanagari": ("truetype/noto/NotoSansDevanagari-Bold.ttf",),
    "thai": ("truetype/noto/NotoSansThai-Bold.ttf", "truetype/tlwg/Garuda-Bold.ttf"),
    "symbols": ("truetype/dejavu/DejaVuSans-Bold.ttf", "truetype/noto/NotoSansSymbols2-Regular.ttf"),
    "emoji": ("truetype/noto/NotoColorEmoji.ttf",),
}
_RANGES = (
    (0x0590, 0x05FF, "hebrew"),
    (0x0600, 0x08FF, "arabic"),
    (0x0900, 0x097F, "devanagari"),
    (0x0E00, 0x0E7F, "thai"),
    (0x1100, 0x11FF, "cjk"),
    (0x2190, 0x2BFF, "symbols"),
    (0x2E80, 0xA4CF, "cjk"),
    (0xAC00, 0xD7FF, "cjk"),
    (0xF900, 0xFAFF, "cjk"),
    (0xFB1D, 0xFB4F, "hebrew"),
    (0xFB50, 0xFDFF, "arabic"),
    (0xFE30, 0xFE4F, "cjk"),
    (0xFE70, 0xFEFF, "arabic"),
    (0xFF00, 0xFFEF, "cjk"),
    (0x1F000, 0x1FAFF, "emoji"),
    (0x20000, 0x3FFFF, "cjk"),
)
_JOINERS = {0x200C, 0x200D, 0xFE0E, 0xFE0F}
_EMOJI_STRIKE = 109


@dataclass(frozen=True)
class Lettering:
    """A drawn text: its PNG and the top left corner at which it lies on the frame."""

    path: Path
    x: int
    y: int


@dataclass(frozen=True)
class _Run:
    """Neighbouring characters of one script."""

    script: str
    text: str


def draw(text: Text, frame_width: int, frame_height: int, path: Path) -> Lettering:
    """Draw `text` for a frame of this size into `path` and say where it lies."""
    pixels = max(SMALLEST_PIXELS, round(text.size * frame_height))
    lines = _wrap(text.text, pixels, round(frame_width * WIDEST_SHARE))
    step = round(pixels * LINE_HEIGHT)
    margin = max(2, round(pixels * 0.3))
    widths = [_line_width(line, pixels) for line in lines]
    size = (max(1, *widths) + 2 * margin, step * len(lines) + 2 * margin)
    picture = Image.new("RGBA", size, (0, 0, 0, 0))
    pen = ImageDraw.Draw(picture)
    color = tuple(int(text.color[i : i + 2], 16) for i in (1, 3, 5))
    if text.background:
        pen.rounded_rectangle((0, 0, size[0] - 1, size[1] - 1), radius=margin, fill=(0, 0, 0, 150))
    for number, (line, width) in enumerate(zip(lines, widths, strict=True)):
        baseline = margin + number * step + round(pixels * 0.95)
        _draw_line(
            picture, line, ((size[0] - width) // 2, baseline), pixels, color, outline=not text.background
        )
    picture.save(path, "PNG")
    x = round(text.x * frame_width - size[0] / 2)
    y = round(text.y * frame_height - size[1] / 2)
    return Lettering(path, x, y)


def _script(char: str) -> str | None:
    """Return the script of one character; None for what goes with its neighbour (spaces, joiners)."""
    code = ord(char)
    if char.isspace() or code in _JOINERS:
        return None
    return next((script for first, last, script in _RANGES if first <= code <= last), "latin")


def _runs(line: str) -> list[_Run]:
    """Split a line by script; right-to-left lines come out in the order in which they are drawn."""
    runs: list[_Run] = []
    for char in line:
        script = _script(char)
        if runs and (script is None or script == runs[-1].script):
            runs[-1] = _Run(runs[-1].script, runs[-1].text + char)
        else:
            runs.append(_Run(script or "latin", char))
    first = next((run.script for run in runs if run.text.strip()), "latin")
    return list(reversed(runs)) if first in {"arabic", "hebrew"} else runs


@functools.lru_cache(maxsize=64)
def _font(script: str, pixels: int) -> ImageFont.FreeTypeFont:
    shaping = ImageFont.Layout.RAQM if features.check("raqm") else ImageFont.Layout.BASIC
    for path in _candidates(script):
        if script == "emoji":
            return ImageFont.truetype(str(path), _EMOJI_STRIKE, layout_engine=shaping)
        font = ImageFont.truetype(str(path), pixels, layout_engine=shaping)
        if "wght" in path.name:
            axes = font.get_variation_axes()
            font.set_variation_by_axes([BOLD if b"eight" in axis["name"] else 100 for axis in axes])
        return font
    if script == "latin":
        raise FileNotFoundError("no font for Latin text: is fontpkg-noto-sans installed?")
    return _font("latin", pixels)


def _candidates(script: str) -> list[Path]:
    found: list[Path] = []
    if script in _PACKAGED:
        package, file = _PACKAGED[script]
        spec = importlib.util.find_spec(package)
        if spec is not None and spec.origin is not None:
            found.append(Path(spec.origin).parent / file)
    found += [_SYSTEM / name for name in _INSTALLED.get(script, ())]
    return [path for path in found if path.is_file()]


def _run_width(run: _Run, pixels: int) -> int:
    width = _font(run.script, pixels).getlength(run.text)
    if _is_emoji(run):
        width *= pixels / _EMOJI_STRIKE
    return round(width)


def _is_emoji(run: _Run) -> bool:
    return run.script == "emoji" and bool(_candidates("emoji"))


def _line_width(line: str, pixels: int) -> int:
    return sum(_run_width(run, pixels) for run in _runs(line))


def _wrap(text: str, pixels: int, widest: int) -> list[str]:
    """Break at spaces, and inside what has none (CJK, very long words), to `widest` pixels."""
    lines: list[str] = []
    for paragraph in text.splitlines() or [text]:
        line = ""
        for word in _breakable(paragraph):
            rest = word
            if line and _line_width((line + word).rstrip(), pixels) > widest:
                lines.append(line.rstrip())
                line, rest = "", word.lstrip()
            while len(rest) > 1 and _line_width(rest.rstrip(), pixels) > widest:
                cut = _fitting(rest, pixels, widest)
                lines.append(rest[:cut])
                rest = rest[cut:]
            line += rest
        lines.append(line.rstrip())
    return lines


def _fitting(word: str, pixels: int, widest: int) -> int:
    """Return how many characters of a word that is too long fit on a line; at least one."""
    return next((n for n in range(len(word) - 1, 1, -1) if _line_width(word[:n], pixels) <= widest), 1)


def _breakable(paragraph: str) -> list[str]:
    """Return pieces between which a line may break; each keeps the space that follows it."""
    pieces: list[str] = []
    for char in paragraph:
        glued = (
            pieces and not pieces[-1][-1].isspace() and "cjk" not in {_script(char), _script(pieces[-1][-1])}
        )
        if pieces and (glued or char.isspace()):
            pieces[-1] += char
        else:
            pieces.append(char)
    return pieces


def _draw_line(
    picture: Image.Image,
    line: str,
    at: tuple[int, int],
    pixels: int,
    color: tuple[int, ...],
    *,
    outline: bool,
) -> None:
    pen = ImageDraw.Draw(picture)
    x, baseline = at
    for run in _runs(line):
        font = _font(run.script, pixels)
        if _is_emoji(run):
            x += _draw_emoji(picture, run, (x, baseline), pixels)
            continue
        pen.text(
            (x, baseline),
            run.text,
            font=font,
            fill=(*color, 255),
            anchor="ls",
            stroke_width=max(1, pixels // 18) if outline else 0,
            stroke_fill=(0, 0, 0, 200),
        )
        x += _run_width(run, pixels)


def _draw_emoji(picture: Image.Image, run: _Run, at: tuple[int, int], pixels: int) -> int:
    """Colour emoji exist in one size: draw there, then scale."""
    font = _font("emoji", pixels)
    width = max(1, round(font.getlength(run.text)))
    sheet = Image.new("RGBA", (width, _EMOJI_STRIKE + 30), (0, 0, 0, 0))
    ImageDraw.Draw(sheet).text((0, _EMOJI_STRIKE), run.text, font=font, embedded_color=True, anchor="ls")
    scale = pixels / _EMOJI_STRIKE
    small = sheet.resize((max(1, round(width * scale)), max(1, round(sheet.height * scale))))
    picture.alpha_composite(small, (max(0, at[0]), max(0, at[1] - round(_EMOJI_STRIKE * scale))))
    return _run_width(run, pixels)
