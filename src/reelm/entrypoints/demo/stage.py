"""The stage: a vertical canvas of 540 x 960 units, drawn at twice the size and reduced to smooth every edge.

Coordinates are in units whatever the real size. The app lays its own controls over the lowest quarter and the
top twelfth, so what matters is drawn between y = 90 and y = 700.
"""

from __future__ import annotations

import contextlib
import functools
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageColor, ImageDraw

from reelm.entrypoints.demo.type import is_han, typeface, writable

if TYPE_CHECKING:
    from numpy.typing import NDArray

WIDTH, HEIGHT = 540, 960
MIDDLE = WIDTH / 2
SAFE_TOP, SAFE_BOTTOM = 90, 700

Colour = str | tuple[int, ...]
Point = tuple[float, float]


@functools.cache
def rgba(colour: Colour, alpha: float = 1.0) -> tuple[int, int, int, int]:
    """A colour of any notation with its alpha multiplied."""
    parts = ImageColor.getrgb(colour) if isinstance(colour, str) else colour
    opacity = parts[3] if len(parts) > 3 else 255
    return parts[0], parts[1], parts[2], round(opacity * alpha)


def blend(one: Colour, other: Colour, amount: float) -> tuple[int, int, int, int]:
    """The colour `amount` of the way from one to the other."""
    left, right = rgba(one), rgba(other)
    red, green, blue, alpha = (round(a + (b - a) * amount) for a, b in zip(left, right, strict=True))
    return red, green, blue, alpha


@functools.cache
def _unit_circle(steps: int) -> NDArray[np.float64]:
    angles = np.linspace(0, 2 * math.pi, steps, endpoint=False)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


@functools.cache
def _corner_box(width: float, height: float, radius: float) -> NDArray[np.float64]:
    """The outline of a rounded box about the origin."""
    radius = min(radius, width / 2, height / 2)
    if radius <= 0.5:
        return np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * (width / 2, height / 2)
    quarter = np.linspace(0, math.pi / 2, 7)
    corners = []
    for turn, (sign_x, sign_y) in enumerate(((1, 1), (-1, 1), (-1, -1), (1, -1))):
        angles = quarter + turn * math.pi / 2
        centre = (sign_x * (width / 2 - radius), sign_y * (height / 2 - radius))
        corners.append(np.stack([np.cos(angles), np.sin(angles)], axis=1) * radius + centre)
    return np.concatenate(corners)


def smooth_path(points: Sequence[Point], steps: int = 8, closed: bool = False) -> NDArray[np.float64]:
    """A Catmull-Rom curve through the points."""
    knots = np.asarray(points, dtype=float)
    padded = np.concatenate([knots[-1:], knots, knots[:2]] if closed else [knots[:1], knots, knots[-1:]])
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    pieces = []
    for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        pieces.append(
            0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
        )
    if not closed:
        pieces.append(knots[-1:])
    return np.concatenate(pieces)


@functools.lru_cache(maxsize=400)
def _text_mask(text: str, style: str, size: int, spacing: float) -> Image.Image:
    font = typeface(style, size, is_han(text))
    lines = text.split("\n")
    ascent, descent = font.getmetrics()
    bold = size // 36 if font.getname()[0] == "Aileron" and style != "sans" else 0
    step = round((ascent + descent) * spacing)
    widths = [font.getlength(line) for line in lines]
    width, height = math.ceil(max(widths)) + 2 * bold + 4, step * (len(lines) - 1) + ascent + descent
    mask = Image.new("L", (max(width, 1), max(height, 1)))
    pen = ImageDraw.Draw(mask)
    for number, (line, length) in enumerate(zip(lines, widths, strict=True)):
        pen.text(((width - length) / 2, number * step), line, font=font, fill=255, stroke_width=bold)
    return mask


@functools.cache
def _glow_mask() -> Image.Image:
    grid = np.linspace(-1, 1, 256)
    distance = np.sqrt(grid[:, None] ** 2 + grid[None, :] ** 2)
    return Image.fromarray((np.clip(1 - distance, 0, 1) ** 2 * 255).astype(np.uint8))


@functools.lru_cache(maxsize=4)
def gradient(width: int, height: int, *stops: Colour) -> Image.Image:
    """A vertical gradient through the colours."""
    table = np.array([rgba(stop)[:3] for stop in stops], dtype=float)
    where = np.linspace(0, len(stops) - 1, height)
    columns = [np.interp(where, np.arange(len(stops)), table[:, channel]) for channel in range(3)]
    column = np.stack(columns, axis=1).round().astype(np.uint8)
    return Image.fromarray(np.repeat(column[:, None, :], width, axis=1))


class Stage:
    """One canvas, used again for each frame. Shapes obey the transform of the enclosing `at`."""

    def __init__(self, scale: int = 2, width: int = WIDTH, height: int = HEIGHT) -> None:
        self.scale = scale
        self.size = (width * scale, height * scale)
        self.image = Image.new("RGB", self.size)
        self._pen = ImageDraw.Draw(self.image, "RGBA")
        self._matrix: NDArray[np.float64] = np.eye(3) * (scale, scale, 1)

    def frame(self) -> Image.Image:
        """The picture so far, reduced to its real size."""
        return self.image.reduce(2)

    def fill(self, *stops: Colour) -> None:
        """Cover everything with a vertical gradient, or one colour."""
        self.show(
            gradient(*self.size, *stops)
            if len(stops) > 1
            else Image.new("RGB", self.size, rgba(stops[0])[:3])
        )

    def show(self, picture: Image.Image) -> None:
        """Cover everything with a full-size picture."""
        self.image.paste(picture)

    def keep(self) -> Image.Image:
        """A copy of the picture so far, to start later frames from."""
        return self.image.copy()

    @contextlib.contextmanager
    def at(
        self, x: float, y: float, turn: float = 0.0, size: float = 1.0, wide: float = 1.0, tall: float = 1.0
    ) -> Iterator[None]:
        """Move the origin to (x, y), turn clockwise by degrees, then scale; `wide` and `tall` squash."""
        before = self._matrix
        cosine, sine = math.cos(math.radians(turn)), math.sin(math.radians(turn))
        across, down = size * wide, size * tall
        local = np.array([[cosine * across, -sine * down, x], [sine * across, cosine * down, y], [0, 0, 1]])
        self._matrix = before @ local
        try:
            yield
        finally:
            self._matrix = before

    def _flat(self, points: NDArray[np.float64] | Sequence[Point]) -> list[float]:
        moved = np.asarray(points, dtype=float) @ self._matrix[:2, :2].T + self._matrix[:2, 2]
        flat: list[float] = moved.ravel().tolist()
        return flat

    def _factor(self) -> float:
        return math.sqrt(abs(float(np.linalg.det(self._matrix[:2, :2]))))

    def poly(self, points: NDArray[np.float64] | Sequence[Point], colour: Colour, alpha: float = 1.0) -> None:
        """A filled polygon."""
        self._pen.polygon(self._flat(points), fill=rgba(colour, alpha))

    def blob(self, points: Sequence[Point], colour: Colour, alpha: float = 1.0) -> None:
        """A filled closed curve through the points."""
        self.poly(smooth_path(points, closed=True), colour, alpha)

    def ellipse(
        self, x: float, y: float, rx: float, ry: float, colour: Colour, alpha: float = 1.0, turn: float = 0.0
    ) -> None:
        """A filled ellipse about (x, y), turned by degrees."""
        outline = _unit_circle(28 if max(rx, ry) < 30 else 72) * (rx, ry)
        if turn:
            cosine, sine = math.cos(math.radians(turn)), math.sin(math.radians(turn))
            outline = outline @ np.array([[cosine, sine], [-sine, cosine]])
        self.poly(np.array((x, y)) + outline, colour, alpha)

    def circle(self, x: float, y: float, radius: float, colour: Colour, alpha: float = 1.0) -> None:
        """A filled circle."""
        self.ellipse(x, y, radius, radius, colour, alpha)

    def ring(
        self, x: float, y: float, radius: float, width: float, colour: Colour, alpha: float = 1.0
    ) -> None:
        """A circle's outline; it keeps round under a squashing transform."""
        middle_x, middle_y = self._flat([(x, y)])
        thick = max(1, round(width * self._factor()))
        reach = radius * self._factor() + thick / 2
        box = (middle_x - reach, middle_y - reach, middle_x + reach, middle_y + reach)
        self._pen.ellipse(box, outline=rgba(colour, alpha), width=thick)

    def box(
        self, x: float, y: float, width: float, height: float, colour: Colour,
        corner: float = 0.0, turn: float = 0.0, alpha: float = 1.0,
    ) -> None:  # fmt: skip
        """A filled box about its centre (x, y), with rounded corners, turned by degrees."""
        outline = _corner_box(width, height, corner)
        if turn:
            cosine, sine = math.cos(math.radians(turn)), math.sin(math.radians(turn))
            outline = outline @ np.array([[cosine, sine], [-sine, cosine]])
        self.poly(np.array((x, y)) + outline, colour, alpha)

    def line(
        self, points: NDArray[np.float64] | Sequence[Point], width: float, colour: Colour,
        alpha: float = 1.0, caps: bool = True,
    ) -> None:  # fmt: skip
        """A polyline with round joints; round ends where it is opaque."""
        flat = self._flat(points)
        thick = width * self._factor()
        paint = rgba(colour, alpha)
        self._pen.line(flat, fill=paint, width=max(1, round(thick)), joint="curve")
        if caps and thick > 3 and paint[3] == 255:
            half = thick / 2 - 0.5
            for x, y in ((flat[0], flat[1]), (flat[-2], flat[-1])):
                self._pen.ellipse((x - half, y - half, x + half, y + half), fill=paint)

    def curve(self, points: Sequence[Point], width: float, colour: Colour, alpha: float = 1.0) -> None:
        """A smooth line through the points."""
        self.line(smooth_path(points), width, colour, alpha)

    def arc(
        self, x: float, y: float, radius: float, start: float, end: float, width: float, colour: Colour,
        alpha: float = 1.0,
    ) -> None:  # fmt: skip
        """A part of a circle from `start` to `end` degrees, clockwise from three o'clock."""
        angles = np.radians(np.linspace(start, end, max(3, int(abs(end - start) / 6) + 2)))
        self.line(np.stack([np.cos(angles), np.sin(angles)], axis=1) * radius + (x, y), width, colour, alpha)

    def glow(self, x: float, y: float, radius: float, colour: Colour, alpha: float = 1.0) -> None:
        """A soft light."""
        spot_x, spot_y = self._flat([(x, y)])
        side = max(2, round(radius * 2 * self._factor()))
        mask = _glow_mask().resize((side, side)).point(lambda value: value * alpha)
        self.image.paste(rgba(colour)[:3], (round(spot_x - side / 2), round(spot_y - side / 2)), mask)

    def text(
        self, x: float, y: float, words: str, size: float, colour: Colour, style: str = "bold",
        anchor: str = "m", turn: float = 0.0, alpha: float = 1.0, spacing: float = 0.9,
    ) -> None:  # fmt: skip
        """Words centred on (x, y), or from there for anchor `l`, or up to there for `r`."""
        words = writable(words, style)
        pixels = round(size * self._factor())
        if not words.strip() or pixels < 2 or alpha <= 0.01:
            return
        mask = _text_mask(words, style, pixels, spacing)
        lean = math.degrees(math.atan2(self._matrix[1, 0], self._matrix[0, 0])) + turn
        spot_x, spot_y = self._flat([(x, y)])
        shift = {"l": mask.width / 2, "r": -mask.width / 2}.get(anchor, 0.0)
        spot_x += shift * math.cos(math.radians(lean))
        spot_y += shift * math.sin(math.radians(lean))
        if abs(lean) > 0.1:
            mask = mask.rotate(-lean, Image.Resampling.BILINEAR, expand=True)
        if alpha < 1:
            mask = mask.point(lambda value: value * alpha)
        corner = (round(spot_x - mask.width / 2), round(spot_y - mask.height / 2))
        self.image.paste(rgba(colour)[:3], corner, mask)

    def width_of(self, words: str, size: float, style: str = "bold") -> float:
        """How many units wide the words will be."""
        words = writable(words, style)
        return (
            typeface(style, round(size * self.scale), is_han(words)).getlength(words) / self.scale
            if words
            else 0.0
        )
