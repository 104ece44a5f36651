"""The family look: the eyes, mouths, limbs and bubbles that every character of the demo shares."""

from __future__ import annotations

import math
from collections.abc import Sequence

from reelm.entrypoints.demo.easing import clamp, noise
from reelm.entrypoints.demo.stage import Colour, Point, Stage

INK = "#23202b"
PAPER = "#fff8ea"


def blinking(now: float, seed: float = 0.0) -> float:
    """1 while the eyes are open, 0 in the middle of a blink, about every three beats."""
    period = 3.0 + noise(seed) * 1.5
    return clamp(abs((now + seed * 1.7) % period - period / 2) * 9)


def eyes(
    stage: Stage, x: float, y: float, radius: float, gap: float, look: Point = (0.0, 0.0),
    lids: float = 1.0, sleepy: float = 0.0, white: Colour = "#ffffff",
) -> None:  # fmt: skip
    """Two round eyes. `lids` 1 is open and 0 shut; `sleepy` lowers the upper lid's edge."""
    for side in (-1, 1):
        middle = x + side * gap / 2
        if lids < 0.15:
            stage.arc(middle, y, radius * 0.75, 20, 160, radius * 0.3, INK)
            continue
        height = radius * lids
        stage.ellipse(middle, y, radius, height, white)
        pupil = radius * 0.52
        px = middle + look[0] * (radius - pupil) * 0.9
        py = y + look[1] * (height - pupil) * 0.9
        stage.ellipse(px, py, pupil, min(pupil, height * 0.9), INK)
        stage.circle(px + pupil * 0.3, py - pupil * 0.35, pupil * 0.28, "#ffffff")
        if sleepy > 0:
            stage.line([(middle - radius, y - height * (1 - sleepy)), (middle + radius, y - height * (1 - sleepy))],
                       radius * 0.35, INK)  # fmt: skip


def dots(
    stage: Stage, x: float, y: float, radius: float, gap: float, lids: float = 1.0, ink: Colour = INK
) -> None:
    """Two plain dot eyes, for small or dry characters."""
    for side in (-1, 1):
        if lids < 0.3:
            stage.line(
                [(x + side * gap / 2 - radius, y), (x + side * gap / 2 + radius, y)], radius * 0.5, ink
            )
        else:
            stage.ellipse(x + side * gap / 2, y, radius, radius * lids, ink)


def smile(
    stage: Stage, x: float, y: float, width: float, joy: float = 1.0, thick: float = 4, ink: Colour = INK
) -> None:
    """A mouth from glad (1) by flat (0) to sad (-1)."""
    bend = width * 0.35 * joy
    stage.curve([(x - width / 2, y), (x, y + bend), (x + width / 2, y)], thick, ink)


def gasp(stage: Stage, x: float, y: float, width: float, height: float, tongue: bool = True) -> None:
    """An open mouth."""
    stage.ellipse(x, y, width / 2, height / 2, "#5b1a2e")
    if tongue and height > width * 0.4:
        stage.ellipse(x, y + height * 0.22, width * 0.3, height * 0.24, "#f2788f")


def cheeks(
    stage: Stage, x: float, y: float, gap: float, radius: float = 10, colour: Colour = "#ff7f8e"
) -> None:
    """Two blushes."""
    for side in (-1, 1):
        stage.ellipse(x + side * gap / 2, y, radius, radius * 0.65, colour, 0.55)


def limb(stage: Stage, start: Point, end: Point, bend: float, thick: float, colour: Colour = INK) -> None:
    """An arm or a leg like a hose, bent sideways by `bend`."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = math.hypot(dx, dy) or 1.0
    elbow = ((start[0] + end[0]) / 2 - dy / length * bend, (start[1] + end[1]) / 2 + dx / length * bend)
    stage.curve([start, elbow, end], thick, colour)


def legs(
    stage: Stage, x: float, y: float, gap: float, length: float, stride: float, thick: float = 6,
    colour: Colour = INK, shoe: Colour | None = None,
) -> None:  # fmt: skip
    """Two walking legs; `stride` counts steps, whole numbers are feet together."""
    for number, side in enumerate((-1, 1)):
        phase = math.pi * (stride + number)
        swing, lift = math.sin(phase) * length * 0.55, max(0.0, math.cos(phase)) * length * 0.4
        foot = (x + side * gap / 2 + swing, y + length - lift)
        limb(stage, (x + side * gap / 2, y), foot, -8, thick, colour)
        stage.ellipse(foot[0] + thick * 0.8, foot[1], thick * 1.5, thick * 0.9, shoe or colour)


def bubble(
    stage: Stage, x: float, y: float, words: str, size: float, tail: Point, grown: float = 1.0,
    paper: Colour = PAPER, ink: Colour = INK,
) -> None:  # fmt: skip
    """A speech bubble about (x, y) with its tail at a point; `grown` 0 to 1 pops it open."""
    if grown <= 0.02:
        return
    lines = words.split("\n")
    width = max(stage.width_of(line, size) for line in lines) + size * 1.3
    height = len(lines) * size * 1.32 + size * 0.7
    if width < size * 2:
        return
    with stage.at(x, y, size=grown):
        far = math.hypot(tail[0] - x, tail[1] - y) or 1.0
        short = min(1.0, (height / 2 + 70) / far)
        reach = ((tail[0] - x) * short, (tail[1] - y) * short)
        base = clamp(reach[0] * 0.4, -width * 0.3, width * 0.3)
        stage.poly([(base - size * 0.45, 0), (base + size * 0.45, 0), reach], paper)
        stage.box(0, 0, width, height, paper, corner=size * 0.8)
        stage.text(0, 0, words, size, ink)


def sign(
    stage: Stage, y: float, words: str, size: float, ink: Colour, paper: Colour | None = None, grown: float = 1.0,
    turn: float = 0.0, x: float = 270,
) -> None:  # fmt: skip
    """A headline, on a strip of paper if one is given."""
    if grown <= 0.02 or not words:
        return
    with stage.at(x, y, turn=turn, size=grown):
        if paper is not None:
            width = max(stage.width_of(line, size) for line in words.split("\n")) + size
            if width > size * 1.2:
                stage.box(
                    0, 0, width, size * 1.35 * (words.count("\n") + 1) + size * 0.3, paper, corner=size * 0.3
                )
        stage.text(0, 0, words, size, ink)


def star(stage: Stage, x: float, y: float, radius: float, colour: Colour, turn: float = 0.0, points: int = 5,
         waist: float = 0.45, alpha: float = 1.0) -> None:  # fmt: skip
    """A star of any number of points."""
    corners = []
    for number in range(points * 2):
        angle = math.radians(turn - 90 + number * 180 / points)
        reach = radius if number % 2 == 0 else radius * waist
        corners.append((x + math.cos(angle) * reach, y + math.sin(angle) * reach))
    stage.poly(corners, colour, alpha)


def heart(stage: Stage, x: float, y: float, radius: float, colour: Colour, alpha: float = 1.0) -> None:
    """A heart about (x, y)."""
    corners = []
    for number in range(40):
        t = math.tau * number / 40
        across = 16 * math.sin(t) ** 3
        down = -(13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t))
        corners.append((x + across * radius / 17, y + down * radius / 17))
    stage.poly(corners, colour, alpha)


def hills(stage: Stage, base: float, height: float, period: float, shift: float, colour: Colour) -> None:
    """A soft horizon down to the lower edge."""
    tops: list[Point] = [(-10.0, 980.0)]
    for x in range(-10, 556, 18):
        lift = math.sin((x + shift) / period) * 0.6 + math.sin((x + shift) / period * 2.3 + 1.7) * 0.4
        tops.append((float(x), base - height * lift))
    stage.poly([*tops, (550.0, 980.0)], colour)


def cloud(stage: Stage, x: float, y: float, size: float, colour: Colour, alpha: float = 1.0) -> None:
    """A cloud of four puffs on a flat bottom."""
    puffs: Sequence[tuple[float, float, float]] = (
        (-0.9, 0.05, 0.5),
        (-0.3, -0.3, 0.7),
        (0.45, -0.2, 0.6),
        (1.0, 0.1, 0.42),
    )
    for dx, dy, radius in puffs:
        stage.circle(x + dx * size, y + dy * size, radius * size, colour, alpha)
    stage.box(x, y + size * 0.25, size * 2.3, size * 0.6, colour, corner=size * 0.3, alpha=alpha)
