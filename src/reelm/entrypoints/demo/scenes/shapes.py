"""Pure geometry, cut to the beat: for eyes that want to rest and feet that don't."""

from __future__ import annotations

import math

import numpy as np

from reelm.entrypoints.demo.beat import Beat, Draw, scene
from reelm.entrypoints.demo.easing import back, elastic, hit, mix, noise, smooth, span, swift, wave
from reelm.entrypoints.demo.puppets import dots, eyes, sign, smile, star
from reelm.entrypoints.demo.stage import Colour, Stage, blend

Palette = tuple[Colour, ...]
DUSK: Palette = ("#0d1b2a", "#ff6b6b", "#feca57", "#48dbfb", "#ff9ff3")
MINT: Palette = ("#f1faee", "#e63946", "#457b9d", "#1d3557", "#a8dadc")
NEON: Palette = ("#10002b", "#e0aaff", "#7b2cbf", "#ff006e", "#3a86ff")
CLAY: Palette = ("#fefae0", "#bc6c25", "#606c38", "#dda15e", "#283618")


def kaleidoscope(palette: Palette, folds: int) -> Draw:
    """Petals folded round a middle; every beat they breathe, every bar they turn the other way."""

    def draw(stage: Stage, now: float) -> None:
        stage.fill(palette[0])
        pulse = hit(now, decay=3.5)
        bar = int(now / 4)
        turn: float = sum(45 if step % 2 == 0 else -30 for step in range(bar))
        turn += (45 if bar % 2 == 0 else -30) * span(now % 4, 0, 4, smooth)
        for layer in range(5, 0, -1):
            reach = layer * 84 + 30 * pulse
            tint = palette[1 + (layer + bar) % 4]
            for fold in range(folds):
                angle = fold * 360 / folds + turn * (1 if layer % 2 else -1) + layer * 12
                with stage.at(270, 440, turn=angle):
                    wide = reach * math.tan(math.pi / folds) * (0.62 + 0.3 * pulse)
                    if layer % 2:
                        stage.blob(
                            [
                                (0, -20),
                                (wide * 0.6, -reach * 0.62),
                                (0, -reach),
                                (-wide * 0.6, -reach * 0.62),
                            ],
                            tint,
                        )
                        stage.circle(0, -reach * 0.66, 9 + 9 * pulse, palette[0])
                    else:
                        stage.poly(
                            [
                                (0, -reach * 0.5),
                                (wide * 0.5, -reach * 0.75),
                                (0, -reach),
                                (-wide * 0.5, -reach * 0.75),
                            ],
                            tint,
                        )
        stage.circle(270, 440, 58 + 10 * pulse, palette[0])
        eyes(
            stage,
            270,
            434,
            17,
            48,
            look=(math.cos(now / 2), math.sin(now / 2)),
            lids=1 - 0.8 * hit(now, 4, 8),
        )
        smile(stage, 270, 464, 30, 0.8, 5, palette[1])

    return draw


@scene("kaleido-dusk", "dnb", bars=6)
def kaleido_dusk(beat: Beat) -> Draw:
    """Twelve folds at dusk."""
    return kaleidoscope(DUSK, 12)


@scene("kaleido-clay", "bossa", bars=4)
def kaleido_clay(beat: Beat) -> Draw:
    """Eight folds in clay."""
    return kaleidoscope(CLAY, 8)


@scene("kaleido-neon", "techno", bars=4)
def kaleido_neon(beat: Beat) -> Draw:
    """Ten folds in neon."""
    return kaleidoscope(NEON, 10)


def pendulums(palette: Palette, count: int, loops: int) -> Draw:
    """Beads on a row of pendulums, each a little slower: they part, weave, and meet again after twenty beats."""
    total = 20.0

    def where(bead: int, now: float) -> float:
        return math.cos(2 * math.pi * (loops + count - bead) * now / total)

    def draw(stage: Stage, now: float) -> None:
        stage.fill(palette[0])
        for bead in range(count):
            position = where(bead, now)
            y = 130 + bead * 560 / (count - 1)
            tint = blend(palette[1], palette[2], bead / (count - 1))
            stage.line([(50, y), (490, y)], 2, palette[3], 0.3, caps=False)
            speed = math.sqrt(1 - position**2)
            for ghost in range(1, 5):
                earlier = where(bead, now - ghost * 0.05)
                stage.circle(270 + 196 * earlier, y, 16 - ghost * 2.4, tint, 0.28 * speed)
            edge = abs(position) > 0.985
            with stage.at(270 + 196 * position, y, wide=1 + 0.25 * speed, tall=1 - 0.18 * speed):
                stage.circle(0, 0, 25 if edge else 21, palette[4] if edge else tint)
                dots(stage, 0, -2, 3, 13, 0.2 if edge else 1.0, palette[0])

    return draw


@scene("pendulum-choir", "marimba", bars=5)
def pendulum_choir(beat: Beat) -> Draw:
    """Fifteen beads that agree twice per loop."""
    return pendulums(("#1a1423", "#f3722c", "#43aa8b", "#ffffff", "#f9c74f"), 13, 3)


@scene("pendulum-paper", "disco", bars=5, first_bar=2)
def pendulum_paper(beat: Beat) -> Draw:
    """The same argument on paper."""
    return pendulums(("#fdf6ec", "#e63946", "#1d3557", "#1d3557", "#ffb703"), 11, 4)


@scene("equaliser-city", "disco", bars=4)
def equaliser_city(beat: Beat) -> Draw:
    """A skyline whose windows are the music's own loudness, and a moon that nods."""

    def draw(stage: Stage, now: float) -> None:
        low, middle, high = beat.level(now)
        stage.fill("#150734", "#4a1c6b", "#ff7a59")
        stage.circle(270, 470 + 6 * low, 150 + 16 * low, "#ffd166")
        for band in range(6):
            stage.box(270, 500 + band * 24, 340, 4 + band * 2.2, "#a53860")
        eyes(stage, 270, 400 + 8 * low, 22, 84, look=(0.6 * wave(now, 8), 0.2), lids=1 - 0.9 * hit(now, 8, 6))
        smile(stage, 270, 444 + 8 * low, 60, 0.9, 7)
        for tower in range(9):
            level = (low, middle, high)[tower % 3]
            flutter = 0.55 + 0.45 * noise(tower * 3 + int(now * 2))
            tall = 7 + (tower * 5) % 6
            floors = 2 + int((tall - 1) * level * flutter)
            x = 30 + tower * 60
            top = 742 - tall * 26
            stage.box(x, (top + 980) / 2, 52, 980 - top, "#1d0f3f", corner=4)
            for floor in range(tall):
                for pane in (-12, 12):
                    lit = floor < floors
                    tint = ("#4cc9f0", "#f9c74f", "#f72585")[min(2, floor // 4)]
                    stage.box(x + pane, 730 - floor * 26, 15, 15, tint if lit else "#2c1a55", corner=2)
        for beam in range(4):
            angle = math.radians(-90 + 50 * wave(now, 4, beam / 4))
            foot = 90 + beam * 120
            tip = (foot + math.cos(angle) * 700, 520 + math.sin(angle) * 700)
            stage.poly(
                [(foot, 560), (tip[0] - 50, tip[1]), (tip[0] + 50, tip[1])], "#ffffff", 0.05 + 0.12 * high
            )
        for number in range(24):
            star(
                stage,
                noise(number) * 540,
                80 + noise(number * 5) * 220,
                3 + 6 * high * noise(number * 2),
                "#ffffff",
                now * 30,
                4,
                0.3,
                0.8,
            )

    return draw


@scene("tunnel-comet", "dnb", bars=5, first_bar=1)
def tunnel_comet(beat: Beat) -> Draw:
    """A tunnel of squares, and a small comet that is enjoying its commute."""
    tints = ("#f72585", "#7209b7", "#3a0ca3", "#4361ee", "#4cc9f0")

    def draw(stage: Stage, now: float) -> None:
        stage.fill("#05010f")
        depth = now * 1.0
        centre = (270 + 60 * wave(now, 8), 430 + 46 * wave(now, 6))
        for slab in range(14):
            far = slab + 1 - depth % 1
            size = 980 * 0.74**far
            kind = int(slab + math.floor(depth)) % 5
            pull = 0.8**far
            x, y = mix(centre[0], 270, pull), mix(centre[1], 470, pull)
            turn = now * 10 + far * 7
            light = 0.5 + 0.5 * hit(now - far * 0.18, 1, 3)
            stage.box(
                x,
                y,
                size * 1.9,
                size * 2.3,
                blend("#05010f", tints[kind], light * min(1, 6 / (far + 1))),
                corner=size * 0.25,
                turn=turn,
            )
            stage.box(x, y, size * 1.66, size * 2.06, "#05010f", corner=size * 0.22, turn=turn)
        x, y = 270 - 50 * wave(now, 4), 500 + 30 * wave(now, 2)
        for tail in range(9, 0, -1):
            stage.circle(
                x - 5 * tail * wave(now, 4, 0.25),
                y + 16 * tail,
                40 - tail * 4,
                blend("#ffd166", "#f72585", tail / 9),
                0.6 - tail * 0.055,
            )
        stage.glow(x, y, 120, "#ffd166", 0.5)
        stage.circle(x, y, 42 + 5 * hit(now), "#fff3b0")
        eyes(stage, x, y - 8, 13, 32, look=(wave(now, 4), -0.6), lids=1.0)
        smile(stage, x, y + 14, 26, 1)
        words = ("left lane", "LEFT LANE", "wheee", "mind the gap", "wheee")[int(now / 4) % 5]
        sign(stage, 150, words, 50, "#ffffff", grown=span(now % 4, 0, 0.5, back) if now > 1 else 1)

    return draw


@scene("truchet-quilt", "marimba", bars=4, first_bar=2)
def truchet_quilt(beat: Beat) -> Draw:
    """Tiles that turn a quarter on every other beat and always stay connected."""

    def draw(stage: Stage, now: float) -> None:
        stage.fill("#ffe8d6")
        side = 90
        for row in range(11):
            for column in range(6):
                seed = row * 7 + column
                moves = now / 2 + noise(seed) * 0.5
                quarter = int(moves) + int(noise(seed * 3) * 2)
                turn = 90 * (quarter + span(moves - int(moves), 0.0, 0.45, elastic))
                with stage.at(45 + column * side, 45 + row * side, turn=turn):
                    stage.box(0, 0, side, side, "#ddbea9" if (row + column) % 2 else "#f0dbc6")
                    for corner in (-1, 1):
                        tint = ("#cb997e", "#6b705c", "#a5a58d", "#b5533c")[(row + column + (corner > 0)) % 4]
                        stage.arc(
                            corner * side / 2,
                            corner * side / 2,
                            side / 2,
                            180 if corner > 0 else 0,
                            270 if corner > 0 else 90,
                            24,
                            tint,
                        )
        blink = int(now) % 40
        eyes(
            stage,
            45 + (blink % 4 + 1) * side,
            45 + (blink * 3 % 6 + 2) * side,
            15,
            40,
            look=(wave(now, 4), wave(now, 3)),
        )

    return draw


@scene("harmonograph", "ambient", bars=2, first_bar=1)
def harmonograph(beat: Beat) -> Draw:
    """One line, drawn by four pendulums that have nowhere to be."""
    t = np.linspace(0, 1, 1400)

    def draw(stage: Stage, now: float) -> None:
        stage.fill("#0a1128", "#001f54", "#034078")
        drift = now / beat.beats * 2 * math.pi
        fade = np.exp(-t * 1.6)
        x = 270 + 108 * fade * (np.sin(t * 88 + drift) + np.sin(t * 59.2 + 0.7))
        y = 420 + 125 * fade * (np.sin(t * 87.6 + 1.4) + np.sin(t * 58.6 + drift))
        for part in range(28):
            piece = slice(part * 50, part * 50 + 51)
            stage.line(
                np.stack([x[piece], y[piece]], axis=1),
                4.2,
                blend("#fefcfb", "#f6aa1c", part / 28),
                0.9,
                caps=False,
            )
        head = (float(x[0]), float(y[0]))
        stage.glow(*head, 60, "#ffffff", 0.7)
        stage.circle(*head, 17, "#ffffff")
        dots(stage, head[0], head[1] - 2, 2.6, 11)
        sign(stage, 150, "no hurry", 46, "#fefcfb", grown=span(now, 1, 2, back))

    return draw


@scene("breathing-poster", "bossa", bars=4, first_bar=2)
def breathing_poster(beat: Beat) -> Draw:
    """A Swiss poster that cannot keep still."""

    def draw(stage: Stage, now: float) -> None:
        stage.fill("#f2e9e4")
        sway = wave(now, 8)
        for bar in range(12):
            wide = 110 + 90 * math.sin(now * math.pi / 4 + bar * 0.5)
            stage.box(
                270 + sway * 40 * math.sin(bar),
                300 + bar * 36,
                2 * abs(wide) + 40,
                22,
                ("#e63946", "#1d3557")[bar % 2],
                corner=11,
            )
        stage.circle(150 + 40 * sway, 420, 92 + 12 * hit(now, 2), "#ffb703")
        eyes(stage, 150 + 40 * sway, 410, 17, 54, look=(sway, 0.4))
        smile(stage, 150 + 40 * sway, 446, 36, 0.9)
        stage.text(40, 150, "Nothing", 92, "#1d3557", anchor="l")
        stage.text(40, 226, "is straight.", 50, "#e63946", anchor="l", turn=2.5 * wave(now, 4))

    return draw


@scene("spaghetti-scope", "surf", bars=6, first_bar=2)
def spaghetti_scope(beat: Beat) -> Draw:
    """An oscilloscope made of spaghetti, with two meatballs who came for the music."""

    def draw(stage: Stage, now: float) -> None:
        low, middle, high = beat.level(now)
        stage.fill("#7f1d1d", "#b91c1c")
        for column in range(0, 540, 90):
            for row in range(0, 960, 90):
                stage.box(
                    column + 45, row + 45, 90, 90, "#ffffff", alpha=0.1 if (column + row) // 90 % 2 else 0.0
                )
        stage.ellipse(270, 490, 236, 236, "#f8f4ec")
        stage.ellipse(270, 490, 194, 194, "#e8dfcf")
        for strand in range(9):
            points: list[tuple[float, float]] = []
            for step in range(26):
                x = 84.0 + step * 15
                ease = math.sin(math.pi * step / 25)
                y = (
                    440
                    + strand * 13
                    + ease
                    * (
                        44 * low * math.sin(step * 0.5 + now * 3 + strand)
                        + 30 * middle * math.sin(step * 1.1 - now * 5 + strand * 2)
                        + 16 * high * math.sin(step * 2.3 + now * 8)
                    )
                )
                points.append((x, y))
            stage.curve(points, 9, ("#f4c95d", "#eab63e", "#f9dd8d")[strand % 3])
        for side, seed in ((-1, 0), (1, 3)):
            x, y = 270.0 + side * 74, 428 - 34 * hit(now, 2, 4, 0 if side < 0 else 1)
            stage.circle(x, y, 46, "#7c3f20")
            stage.ellipse(x - 12, y - 26, 18, 9, "#c2321f")
            eyes(stage, x, y - 6, 13, 34, look=(-side * 0.6, 0.3), lids=1 - 0.9 * hit(now + seed, 6, 8))
            smile(stage, x, y + 18, 26, 0.9)
        sign(stage, 140, "al dente, live", 56, "#f9dd8d", grown=span(now, -1, 0.5, back))
        stage.text(
            270,
            206,
            "4.4 kHz of carbohydrates" if now > 8 else "please do not eat the band",
            28,
            "#ffffff",
            alpha=swift(span(now, 2, 3)) if now < 8 else 1,
        )

    return draw
