"""Things in town: a lift, an alarm clock on the run, two traffic lights."""

from __future__ import annotations

import math

from reelm.entrypoints.demo.beat import Beat, Draw, scene
from reelm.entrypoints.demo.easing import (
    back,
    hit,
    keys,
    noise,
    smooth,
    span,
    swift,
    wave,
)
from reelm.entrypoints.demo.puppets import (
    INK,
    blinking,
    bubble,
    cheeks,
    dots,
    eyes,
    gasp,
    heart,
    legs,
    limb,
    sign,
    smile,
    star,
)
from reelm.entrypoints.demo.stage import Stage


@scene("elevator", "techno", bars=5)
def elevator(beat: Beat) -> Draw:
    """Shapes commute. The hexagon is too wide; the triangle breathes in."""
    floors = ("4", "3", "2", "1", "B4")

    def shape(stage: Stage, kind: int, now: float, mood: float) -> None:
        if kind == 0:
            stage.circle(0, -42, 42, "#ff5d8f")
        elif kind == 1:
            stage.box(0, -40, 78, 80, "#3a86ff", corner=10)
        elif kind == 2:
            stage.poly([(-48, 0), (48, 0), (0, -88)], "#ffbe0b")
        elif kind == 3:
            stage.poly(
                [(math.cos(a) * 62, -54 + math.sin(a) * 62) for a in (math.pi / 3 * i for i in range(6))],
                "#8ac926",
            )
        else:
            star(stage, 0, -48, 54, "#c77dff", 0, 5, 0.55)
        dots(stage, 0, -42 if kind != 2 else -28, 6, 28, blinking(now, kind))
        smile(stage, 0, -24 if kind != 2 else -14, 20, mood)

    def draw(stage: Stage, now: float) -> None:
        stage.fill("#14142b", "#232347")
        level = now / 4
        whole = int(level)
        slide = (whole + span(level - whole, 0.75, 1.0, smooth)) * 640
        for floor in range(6):
            y = 420 + floor * 640 - slide
            if not -400 < y < 1300:
                continue
            stage.box(
                270,
                y + 10,
                500,
                560,
                ("#2f2f5f", "#3d2c5e", "#5a2a5b", "#6d2e46", "#1f4e5f", "#2f2f5f")[floor],
                corner=30,
            )
            stage.text(270, y, floors[floor] if floor < 5 else "…", 330, "#ffffff", alpha=0.1)
            stage.box(270, y + 300, 560, 40, "#0d0d1f")
        opened = keys(now % 4, [(0, 0), (0.6, 1), (2.3, 1), (3, 0)], swift)
        stage.box(270, 500, 330, 420, "#0d0d1f", corner=18)
        stage.box(270, 502, 300, 392, "#f4f1de", corner=10)
        inside = min(whole + 1, 4) if now % 4 > 1 or whole == 0 else whole
        bob = 8 * hit(now)
        squeeze = 0.72 if whole >= 3 else 1.0
        for rider in range(inside):
            x = 270 + (rider - (inside - 1) / 2) * (76 if inside < 4 else 66)
            with stage.at(
                x,
                690 - (bob if rider % 2 else 8 - bob),
                wide=squeeze if rider == 2 else 1,
                tall=2 - squeeze if rider == 2 else 1,
            ):
                shape(stage, rider, now, 1.0 if now > 16 else 0.7 if inside < 4 else -0.2)
        if now > 16:
            with stage.at(270, 600 - 30 * hit(now), turn=now * 90, size=0.9):
                shape(stage, 4, now, 1)
        door = 150 * (1 - opened)
        for side in (-1, 1):
            if door > 2:
                stage.box(270 + side * (150 - door / 2), 502, door, 392, "#8d99ae", corner=4)
                stage.box(270 + side * (150 - door) + side * 6, 502, 4, 392, "#6c7690")
        stage.box(270, 262, 150, 66, "#0d0d1f", corner=12)
        stage.text(262, 260, floors[min(whole, 4)], 46, "#ff5d5d", "mono")
        stage.poly([(314, 252), (334, 252), (324, 270)], "#ff5d5d", 0.3 + 0.7 * hit(now))
        lines = (
            (0, "Going down?"),
            (4, "Always."),
            (8, "Room for one more"),
            (12, "…breathe in"),
            (16, "B4: THE PARTY"),
        )
        start, words = lines[min(whole, 4)]
        sign(
            stage,
            160,
            words,
            52,
            "#ffffff" if start < 16 else "#ffbe0b",
            grown=span(now, start - (1 if start == 0 else 0), start + 0.5, back),
        )
        if now > 16:
            for ray in range(10):
                angle = math.radians(ray * 36 + now * 30)
                stage.poly(
                    [
                        (270, 520),
                        (270 + math.cos(angle) * 600, 520 + math.sin(angle) * 600),
                        (270 + math.cos(angle + 0.16) * 600, 520 + math.sin(angle + 0.16) * 600),
                    ],
                    ("#ff5d8f", "#ffbe0b", "#3a86ff", "#8ac926")[ray % 4],
                    0.16 * (0.4 + hit(now)),
                )

    return draw


@scene("late-clock", "marimba", bars=5)
def late_clock(beat: Beat) -> Draw:
    """An alarm clock that is late for work runs through the town."""

    def draw(stage: Stage, now: float) -> None:
        stage.fill("#ffba49", "#ffd791", "#fff0d1")
        stage.circle(130, 300, 70, "#fff8e7")
        for layer, (speed, tint, base) in enumerate(((14, "#f2a65a", 590), (30, "#d9735a", 640))):
            for house in range(9):
                seed = house + layer * 20
                wide = 92
                x = (house * wide - now * speed) % (9 * wide) - 120
                tall = 110 + 130 * noise(seed)
                stage.box(x + 40, base - tall / 2 + 60, wide - 8, tall + 120, tint)
                stage.poly([(x - 8, base - tall), (x + 88, base - tall), (x + 40, base - tall - 44)], tint)
                for pane in range(4):
                    stage.box(
                        x + 24 + pane % 2 * 32,
                        base - tall + 36 + pane // 2 * 46,
                        17,
                        24,
                        "#ffe8b8",
                        corner=3,
                        alpha=0.85,
                    )
        stage.box(270, 850, 560, 320, "#7a4b52")
        for dash in range(8):
            stage.box((dash * 90 - now * 88) % 720 - 80, 764, 50, 9, "#ffd791", corner=4)
        stop = now > 16
        run = now * 2 if not stop else 32
        up = abs(math.sin(math.pi * run)) * 22
        with stage.at(270, 560 - up, turn=8 if not stop else -2):
            legs(stage, 0, 96, 70, 74, run, 12, INK, "#d62839")
            for side in (-1, 1):
                swing = math.sin(math.pi * run) * side * 60
                limb(stage, (side * 104, 10), (side * 130 + swing, 60 - abs(swing) * 0.4), side * 16, 12)
            for side in (-1, 1):
                stage.ellipse(side * 66, -112, 40, 30, "#c1121f", turn=side * 34)
            stage.line([(0, -112), (0, -140)], 8, INK)
            stage.ellipse(0, -142 + 4 * wave(now, 0.25), 26, 12, "#c1121f")
            stage.circle(0, 0, 120, "#d62839")
            stage.circle(0, 0, 98, "#fffaf0")
            for tick in range(12):
                angle = math.radians(tick * 30)
                stage.line(
                    [
                        (math.cos(angle) * 84, math.sin(angle) * 84),
                        (math.cos(angle) * 92, math.sin(angle) * 92),
                    ],
                    5,
                    INK,
                )
            eyes(stage, 0, -22, 22, 58, look=(0.8 if not stop else 0, 0), lids=1.0)
            for hand, degrees in ((60, now * 90), (40, now * 7.5)):
                pointing = math.radians(degrees - 90)
                stage.line([(0, 12), (math.cos(pointing) * hand, 12 + math.sin(pointing) * hand)], 8, INK)
            if stop:
                smile(stage, 0, 52, 40, 0.0, 5)
            else:
                gasp(stage, 0, 56, 34, 20 + 8 * hit(now))
            for drop in range(3):
                age = (now * 1.2 + drop / 3) % 1
                if not stop:
                    stage.ellipse(-110 - age * 60, -80 + age * 50 - drop * 10, 6, 10, "#4cc9f0", 1 - age)
        talk = ((0, "I'm late!"), (5, "SO late!"), (10, "What time is it?!"), (16, "…I'm a clock."))
        start, words = max(line for line in talk if line[0] <= now)
        bubble(
            stage,
            290,
            220,
            words,
            52,
            (300, 400),
            span(now, start - (1 if start == 0 else 0), start + 0.6, back),
        )

    return draw


@scene("traffic-flirt", "disco", bars=4, first_bar=1)
def traffic_flirt(beat: Beat) -> Draw:
    """Two traffic lights across a street, never green at once."""

    def light(stage: Stage, now: float, lit: int, side: int, bow: bool) -> None:
        stage.box(0, 230, 16, 300, "#2b2d42")
        stage.box(0, 0, 118, 300, "#1b1c2e", corner=34)
        for lamp, tint in enumerate(("#ff4d4d", "#ffb703", "#38e07b")):
            y = -92 + lamp * 92
            on = lamp == lit
            if on:
                stage.glow(0, y, 120, tint, 0.5 + 0.3 * hit(now))
            stage.circle(0, y, 40, tint if on else "#34364f")
            if on:
                eyes(stage, 0, y - 6, 12, 34, look=(side * 0.9, 0), lids=blinking(now, side))
                smile(stage, 0, y + 16, 22, 0.9 if lamp else 0.5)
                cheeks(stage, 0, y + 10, 60, 7, "#ffffff")
        if bow:
            stage.poly([(0, -158), (-34, -180), (-34, -138)], "#ff6fa5")
            stage.poly([(0, -158), (34, -180), (34, -138)], "#ff6fa5")

    def draw(stage: Stage, now: float) -> None:
        stage.fill("#10172f", "#30295c", "#8a4f7d")
        for x in range(0, 560, 70):
            tall = 160 + 180 * noise(x + 3)
            stage.box(x + 30, 720 - tall / 2, 64, tall, "#171a3a")
            for pane in range(10):
                if noise(x + pane * 7) > 0.55:
                    stage.box(
                        x + 16 + pane % 2 * 26, 730 - tall + pane // 2 * 34, 12, 16, "#ffdf8e", alpha=0.7
                    )
        stage.poly([(-10, 970), (-10, 720), (550, 720), (550, 970)], "#22243d")
        for stripe in range(7):
            stage.poly(
                [
                    (40 + stripe * 70, 740),
                    (80 + stripe * 70, 740),
                    (70 + stripe * 82 - 40, 900),
                    (20 + stripe * 82 - 40, 900),
                ],
                "#e8e8f0",
                0.8,
            )
        together = now >= 12
        left = 1 if together else (2 if int(now / 4) % 2 == 0 else 0)
        right = 1 if together else 2 - left
        with stage.at(122, 430, turn=(6 * span(now, 12, 13, back))):
            light(stage, now, left, 1, False)
        with stage.at(418, 430, turn=-(6 * span(now, 12, 13, back))):
            light(stage, now, right, -1, True)
        for car in range(3):
            drive = (now * 120 + car * 330) % 1000 - 200 if not together else -300
            if left == 2 and not together:
                stage.box(drive, 690, 118, 44, ("#ef476f", "#06d6a0", "#ffd166")[car], corner=16)
                stage.box(drive - 6, 660, 66, 36, ("#ef476f", "#06d6a0", "#ffd166")[car], corner=14)
                stage.box(drive - 6, 660, 50, 22, "#cdefff", corner=8)
                for wheel in (-34, 34):
                    stage.circle(drive + wheel, 712, 14, INK)
        lines = (
            (0, "Every day at green"),
            (4, "you're red."),
            (8, "When I'm red…"),
            (12, "03:00, both blinking"),
        )
        start, words = max(line for line in lines if line[0] <= now)
        sign(
            stage,
            150,
            words,
            46,
            "#ffffff",
            grown=span(now, start - (1 if start == 0 else 0), start + 0.5, back),
        )
        if together:
            for number in range(6):
                age = ((now - 12) / 4 + number / 6) % 1
                heart(
                    stage, 270 + 90 * math.sin(number * 2 + age * 2), 480 - age * 220, 20, "#ff6fa5", 1 - age
                )

    return draw
