"""Food that thinks, flies and dives."""

from __future__ import annotations

import math

from reelm.entrypoints.demo.beat import Beat, Draw, Painted, scene
from reelm.entrypoints.demo.easing import (
    back,
    elastic,
    heavy,
    hit,
    keys,
    mix,
    noise,
    smooth,
    span,
    swift,
    wave,
)
from reelm.entrypoints.demo.puppets import (
    blinking,
    cloud,
    dots,
    eyes,
    gasp,
    limb,
    sign,
    smile,
)
from reelm.entrypoints.demo.stage import Stage


def loaf(stage: Stage, now: float, look: tuple[float, float], tail: float) -> None:
    """A loaf of bread with the bearing of a cat."""
    stage.curve([(120, -30), (180, -50), (190, -110 - 20 * tail), (160, -150 - 10 * tail)], 26, "#b9733a")
    for side in (-1, 1):
        stage.poly([(side * 112, -150), (side * 104, -226), (side * 50, -176)], "#c98443")
        stage.poly([(side * 100, -160), (side * 97, -204), (side * 66, -174)], "#f6dfb8")
    stage.blob(
        [
            (-140, 0),
            (-146, -110),
            (-150, -170),
            (-80, -196),
            (0, -190),
            (80, -196),
            (150, -170),
            (146, -110),
            (140, 0),
        ],
        "#c98443",
    )
    stage.blob(
        [
            (-120, -10),
            (-124, -106),
            (-124, -156),
            (-60, -174),
            (0, -168),
            (60, -174),
            (124, -156),
            (124, -106),
            (120, -10),
        ],
        "#f3d19c",
    )
    eyes(stage, 0, -108, 25, 110, look=look, lids=blinking(now), white="#d8f29a")
    stage.poly([(-10, -80), (10, -80), (0, -68)], "#d1603d")
    smile(stage, -12, -62, 24, 0.8, 4)
    smile(stage, 12, -62, 24, 0.8, 4)
    for side in (-1, 1):
        for row in (-6, 6):
            stage.line([(side * 60, -70 + row), (side * 150, -76 + row * 2.5)], 3, "#8a5327")
        stage.ellipse(side * 60, -4, 34, 17, "#c98443")
    for seed in range(14):
        stage.ellipse(
            -90 + noise(seed) * 180, -150 + noise(seed * 3) * 26, 5, 3, "#a86a32", turn=noise(seed * 9) * 180
        )


@scene("loaf-cat", "bossa", bars=5)
def loaf_cat(beat: Beat) -> Draw:
    """The loaf believes. The cup pays for it."""

    def paint(stage: Stage) -> None:
        stage.fill("#f8e1d0", "#f3b9a0")
        stage.box(130, 330, 170, 230, "#bfe3ee", corner=12)
        stage.box(130, 330, 190, 10, "#fff8ea")
        stage.box(130, 330, 10, 240, "#fff8ea")
        cloud(stage, 110, 270, 18, "#ffffff")
        stage.box(410, 280, 130, 12, "#a05a2c", corner=5)
        for jar, tint in enumerate(("#8ab17d", "#e9c46a", "#e76f51")):
            stage.box(365 + jar * 44, 248, 32, 52, tint, corner=8)
            stage.box(365 + jar * 44, 220, 26, 10, "#6b4226", corner=3)
        stage.box(270, 690, 560, 70, "#a05a2c")
        stage.box(270, 662, 560, 18, "#c47a43")
        stage.box(270, 860, 560, 280, "#d98e66")

    kitchen = Painted(paint)

    def draw(stage: Stage, now: float) -> None:
        kitchen(stage)
        push = span(now, 8, 12, smooth)
        fall = span(now, 12, 13.2, heavy)
        x, y = 410 + push * 74 + fall * 46, 622 + fall * 300
        with stage.at(x, y, turn=fall * 130 + push * 6):
            stage.arc(32, 0, 18, -80, 80, 8, "#3d7ea6")
            stage.box(0, 0, 62, 70, "#4f9dc4", corner=12)
            stage.box(0, 8, 62, 10, "#ffffff", alpha=0.8)
            dots(stage, 0, -10, 4, 22)
            if push < 0.05:
                smile(stage, 0, 12, 18, 0.6, 3)
            else:
                gasp(stage, 0, 14, 12, 14, tongue=False)
        look = (0.9 if 6 < now < 14 else 0.6 * wave(now, 8), 0.1 if now < 12 else -0.5)
        with stage.at(210, 654, wide=1 + 0.015 * wave(now, 2), tall=1 - 0.015 * wave(now, 2)):
            loaf(stage, now, look, wave(now, 2))
            if now > 7:
                reach = 190 * span(now, 7, 8, swift) - (190 - 120) * span(now, 13, 14) if now < 14 else 120
                limb(stage, (90, -30), (min(reach, 158 + push * 74), -34), -10, 32, "#c98443")
        captions = [
            (0, "He is a loaf."),
            (4, "Do not tell him."),
            (8, "no."),
            (10, "Gaston, no."),
            (13.4, "…he is a cat."),
        ]
        start, words = max(line for line in captions if line[0] <= now)
        sign(
            stage,
            150,
            words,
            54,
            "#5b2a1a",
            grown=span(now, start - (1 if start == 0 else 0), start + 0.5, back),
        )
        if 13.2 < now < 15:
            for piece in range(10):
                out = span(now, 13.2, 14.6, swift)
                angle = math.radians(200 + piece * 14)
                stage.poly(
                    [
                        (500 + math.cos(angle) * out * 120 + dx, 700 + math.sin(angle) * out * 90 + dy)
                        for dx, dy in ((-8, 0), (6, -8), (8, 8))
                    ],
                    "#4f9dc4",
                    1 - out,
                )

    return draw


@scene("toast-launch", "brass", bars=4, first_bar=2)
def toast_launch(beat: Beat) -> Draw:
    """One small slice for bread."""

    def toast(stage: Stage, now: float, brave: float) -> None:
        stage.blob(
            [
                (-52, 50),
                (-54, -20),
                (-64, -44),
                (-44, -66),
                (0, -60),
                (44, -66),
                (64, -44),
                (54, -20),
                (52, 50),
            ],
            "#b06a2c",
        )
        stage.blob(
            [
                (-42, 40),
                (-44, -20),
                (-50, -42),
                (-36, -54),
                (0, -50),
                (36, -54),
                (50, -42),
                (44, -20),
                (42, 40),
            ],
            "#f1c27d",
        )
        stage.ring(0, -8, 42, 7, "#e8f1f2", 0.9)
        eyes(stage, 0, -14, 13, 34, look=(0, -0.9 if brave else 0.5), lids=blinking(now))
        if brave:
            smile(stage, 0, 12, 26, 0.9)
        else:
            gasp(stage, 0, 14, 16, 18)

    def draw(stage: Stage, now: float) -> None:
        high = keys(now, [(6, 0), (12, 1), (13, 1), (15.2, 0)], smooth)
        stage.fill("#8ecdf0", "#d7f0fa") if high < 0.02 else stage.fill(
            *(
                [
                    (round(142 - 130 * high), round(205 - 190 * high), round(240 - 170 * high)),
                    (round(215 - 160 * high), round(240 - 180 * high), round(250 - 120 * high)),
                ]
            )
        )
        for spark in range(40):
            stage.circle(
                noise(spark) * 540, noise(spark * 3) * 700, 1.2 + noise(spark * 5) * 1.6, "#ffffff", high
            )
        with stage.at(440, 250 + 60 * (1 - high)):
            stage.circle(0, 0, 58, "#f5f3e7", high)
            if high > 0.5:
                dots(stage, -6, -8, 5, 24)
        drop = high * 620
        stage.box(270, 830 + drop, 560, 280, "#f0a6a0")
        stage.box(270, 694 + drop, 560, 16, "#fbd1c8")
        ready = now < 6
        rise = keys(now, [(6, 0), (7, 120), (12, 240), (13, 240), (15.2, 0)], swift if now < 13 else heavy)
        shiver = 2 * wave(now, 0.13) if 4 < now < 6 else 0
        tilt = keys(now, [(7, 0), (12, 10), (13, 14), (14.4, 190), (15.2, 360)], linear_turn)
        with stage.at(270 + shiver, 560 - rise + (26 if ready else 0), turn=tilt):
            if 6 <= now < 12.5:
                for flame in range(3):
                    length = 80 + 50 * noise(int(now * 12) + flame)
                    stage.poly(
                        [(-30 + flame * 8, 52), (30 - flame * 8, 52), (0, 52 + length * (1 - flame * 0.25))],
                        ("#ff7b00", "#ffb700", "#fff3b0")[flame],
                    )
            toast(stage, now, 1.0 if now < 12.4 or now > 15.4 else 0.0)
        with stage.at(270 + shiver, 624 + drop):
            stage.box(0, 0, 240, 140, "#e63946", corner=34)
            stage.box(0, -52, 190, 12, "#7d1128", corner=6)
            stage.box(0, 30, 240, 16, "#f1faee", alpha=0.9)
            lever = 40 if now < 6 else -30
            stage.box(126, lever - 10, 22, 14, "#1d3557", corner=5)
            dots(stage, 0, -12, 7, 60, blinking(now, 2))
            smile(stage, 0, 4, 26, 0.5)
            for side in (-1, 1):
                stage.box(side * 84, 74, 34, 14, "#1d3557", corner=6)
        lines = [
            (0, "T minus 3"),
            (2, "T minus 2"),
            (4, "T minus 1"),
            (6, "LIFT-OFF"),
            (8.4, "One small slice"),
            (10.5, "for bread."),
            (13, "Houston,"),
            (14.2, "butter side down."),
        ]
        start, words = max(line for line in lines if line[0] <= now)
        ink = "#1d3557" if high < 0.45 else "#ffffff"
        sign(
            stage,
            150,
            words,
            62 if len(words) < 12 else 50,
            ink,
            grown=span(now, start - (1 if start == 0 else 0), start + 0.4, back),
        )

    return draw


def linear_turn(x: float) -> float:
    """Tumbling does not ease."""
    return x


@scene("cookie-dive", "surf", bars=6)
def cookie_dive(beat: Beat) -> Draw:
    """Ten-metre milk, final round."""

    def paint(stage: Stage) -> None:
        stage.fill("#5fb4d9", "#bfe9f5")
        stage.box(40, 500, 120, 700, "#e8eef2")
        stage.box(110, 262, 200, 18, "#f25f5c", corner=6)
        for rung in range(9):
            stage.box(40, 300 + rung * 48, 74, 8, "#b8c4cc", corner=4)

    pool = Painted(paint)

    def cookie(stage: Stage, now: float, soggy: float) -> None:
        stage.circle(0, 0, 52, "#c68642")
        stage.circle(0, -3, 48, "#d9a05b")
        for chip in range(7):
            angle = chip * 0.95
            stage.circle(math.cos(angle) * 34, math.sin(angle) * 34, 7, "#4a2511")
        eyes(stage, 0, -6, 13, 32, look=(0.4, 0.6), lids=1 - 0.4 * soggy)
        smile(stage, 0, 18, 22, 0.8 - 1.4 * soggy)

    def draw(stage: Stage, now: float) -> None:
        pool(stage)
        level = 610
        up, down = span(now, 6, 9, swift), span(now, 9, 12, heavy)
        dive = now >= 6
        x = 130 + 40 * span(now, 0, 5) if not dive else mix(170, 320, span(now, 6, 12, linear_turn))
        y = (206 - 14 * abs(wave(now, 2))) if not dive else 200 - 40 * up + (level - 120) * down
        under = now > 12
        if under:
            y = keys(now, [(12, 720), (15, level - 18), (24, level + 2)], elastic)
        with stage.at(x, min(y, 780), turn=keys(now, [(6, 0), (12, 1080)], linear_turn)):
            limb(stage, (-46, 6), (-70, -40 if dive and not under else 26), 8, 9, "#8a5327")
            limb(stage, (46, 6), (70, -40 if dive and not under else 26), -8, 9, "#8a5327")
            cookie(stage, now, span(now, 16, 20) if under else 0)
        surface = [
            (
                float(wx),
                level
                + 20
                + 7 * math.sin(wx / 40 + now * 2)
                - (70 * math.exp(-(((wx - 320) / 60) ** 2)) * hit(now - 12, 90, 0.9) if under else 0),
            )
            for wx in range(-10, 560, 12)
        ]
        stage.poly([(-10, 970), *surface, (560, 970)], "#fffdf6", 0.94)
        if under:
            for drop in range(16):
                age = (now - 12) / 3
                if age < 1:
                    px = 320 + (drop - 8) * 26 * age
                    stage.circle(
                        px,
                        level - math.sin(math.pi * age) * (180 + 130 * noise(drop)),
                        10 - 7 * age,
                        "#fffdf6",
                    )
        marks = (("10.0", 15.5), ("9.5", 17), ("soggy", 18.5))
        for number, (mark, start) in enumerate(marks):
            grown = span(now, start, start + 0.7, elastic)
            if grown > 0.02:
                with stage.at(118 + number * 152, 360, size=grown, turn=(number - 1) * 5):
                    stage.line([(0, 40), (0, 120)], 8, "#8a5327")
                    stage.box(0, 0, 132, 92, "#1d3557", corner=14)
                    stage.text(0, 0, mark, 48 if len(mark) < 5 else 38, "#ffd166")
        if now < 6:
            sign(stage, 124, "FINAL ROUND", 42, "#1d3557", grown=span(now, -1, 0.6, back), x=348)
            sign(stage, 178, "10 m milk", 34, "#1d3557", grown=span(now, -1, 0.9, back), x=348)
        elif 6 < now < 12:
            sign(stage, 690, "triple crumb, half twist", 36, "#1d3557", grown=span(now, 6, 6.6, back))
        elif now > 20:
            sign(stage, 200, "DELICIOUS", 72, "#f25f5c", grown=span(now, 20, 20.8, elastic), turn=-4)

    return draw
