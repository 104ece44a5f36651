"""What happens overhead, and in a games console: the moon, a cloud with a crush, a pixel picnic, a bath whale."""

from __future__ import annotations

import math

from PIL import Image

from reelm.entrypoints.demo.beat import Beat, Draw, Painted, scene
from reelm.entrypoints.demo.easing import back, elastic, hit, keys, noise, smooth, span, swift, wave
from reelm.entrypoints.demo.puppets import (
    INK,
    blinking,
    cheeks,
    cloud,
    dots,
    eyes,
    gasp,
    hills,
    legs,
    limb,
    sign,
    smile,
    star,
)
from reelm.entrypoints.demo.stage import Stage


@scene("moon-sneeze", "ambient", bars=2)
def moon_sneeze(beat: Beat) -> Draw:
    """The moon has a cold, and the stars pay for it."""

    def paint(stage: Stage) -> None:
        stage.fill("#0b1033", "#1c2260", "#4a3f8f")
        hills(stage, 760, 30, 70, 20, "#171a45")
        for house in range(6):
            x = 40 + house * 96
            stage.box(x, 760, 44, 60, "#0e1033")
            stage.poly([(x - 30, 732), (x + 30, 732), (x, 704)], "#0e1033")
            stage.box(x, 756, 12, 16, "#ffd166", corner=2)

    night = Painted(paint)

    def draw(stage: Stage, now: float) -> None:
        night(stage)
        boom = span(now, 4.5, 5.4, swift)
        home = span(now, 6.2, 7.8, smooth)
        for spark in range(70):
            x, y = 20 + noise(spark) * 500, 90 + noise(spark * 3.1) * 560
            away = math.atan2(y - 430, x - 270 + 0.01)
            push = boom * (1 - home) * (160 + 300 * noise(spark * 7))
            twinkle = 0.5 + 0.5 * wave(now, 2 + 2 * noise(spark), noise(spark * 5))
            star(
                stage,
                x + math.cos(away) * push,
                y + math.sin(away) * push,
                3 + 5 * noise(spark * 2),
                "#fff3c4",
                now * 20,
                4,
                0.35,
                0.35 + 0.6 * twinkle,
            )
        swell = keys(
            now,
            [(0, 1), (1.5, 1.03), (2, 1), (3, 1.08), (3.4, 1.04), (4.4, 1.2), (4.55, 0.86), (5.6, 1.0)],
            smooth,
        )
        jolt = 26 * hit(now - 4.5, 90, 3) if now > 4.5 else 0
        with stage.at(270, 430 + jolt, size=swell, turn=keys(now, [(3, 0), (4.4, -9), (4.6, 10), (6, 0)])):
            stage.glow(0, 0, 300, "#fff1b8", 0.4)
            stage.circle(0, 0, 138, "#fdf0c8")
            for crater, (x, y, radius) in enumerate(
                ((-70, -52, 22), (64, -78, 14), (84, 44, 24), (-40, 92, 16))
            ):
                stage.circle(x, y, radius, "#ecd9a0" if crater % 2 else "#f0dfae")
            stage.blob(
                [
                    (-136, -52),
                    (-100, -120),
                    (0, -172),
                    (120, -208),
                    (196, -150),
                    (120, -130),
                    (132, -52),
                    (0, -92),
                ],
                "#5e60ce",
            )
            stage.curve([(-134, -56), (0, -98), (132, -56)], 26, "#f8f9fa")
            stage.circle(196, -148, 22, "#f8f9fa")
            sneezing = 4.4 < now < 5.4
            if sneezing or 2.4 < now <= 4.4:
                for side in (-1, 1):
                    stage.curve([(side * 70, -30), (side * 44, -14), (side * 70, 0)], 7, INK)
            else:
                eyes(stage, 0, -14, 24, 96, look=(0, 0.2), lids=blinking(now), sleepy=0.3 if now < 2 else 0)
            stage.circle(0, 26, 21, "#f28482")
            if sneezing:
                gasp(stage, 0, 78, 78, 56)
            elif now > 2.4:
                gasp(
                    stage, 0, 74, 30 + 20 * span(now, 3, 4.4), 24 + 20 * span(now, 3, 4.4)
                ) if now < 4.5 else smile(stage, 0, 66, 46, 0.4)
            else:
                smile(stage, 0, 66, 40, -0.3)
            cheeks(stage, 0, 34, 168, 20)
        if 4.5 < now < 6:
            for puff in range(9):
                out = span(now, 4.5, 5.9, swift)
                stage.circle(
                    270 + (puff - 4) * 46 * out,
                    520 + 160 * out - abs(puff - 4) * 14,
                    12 + 30 * out,
                    "#ffffff",
                    0.7 * (1 - out),
                )
        lines = ((0, "snif."), (2.4, "ah…"), (3.4, "AAAH…"), (4.5, "TCHOUM !"), (6, "À tes souhaits."))
        start, words = max(line for line in lines if line[0] <= now)
        size = 96 if start == 4.5 else 56
        sign(
            stage,
            165,
            words,
            size,
            "#fff3c4",
            grown=span(now, start - (1 if start == 0 else 0), start + 0.3, elastic if start == 4.5 else back),
        )

    return draw


@scene("personal-cloud", "lofi", bars=3, first_bar=1)
def personal_cloud(beat: Beat) -> Draw:
    """A cloud rains on one man only. It is not bad weather, it is love."""

    def draw(stage: Stage, now: float) -> None:
        stage.fill("#f9dcc4", "#fec89a", "#f8a07e")
        stage.circle(430, 210, 70, "#fff1d6")
        for x in range(0, 600, 86):
            shift = (x - now * 8) % 640 - 80
            tall = 120 + 120 * noise(x)
            stage.box(shift, 700 - tall / 2, 70, tall, "#e5877a")
        stage.box(270, 850, 560, 300, "#9c5b62")
        with stage.at(240 + 20 * wave(now, 12), 0):
            open_ = span(now, 3, 3.6, back) * (1 - span(now, 6.5, 7.2))
            legs(stage, 0, 630, 34, 66, now, 9, "#3d405b", "#22223b")
            stage.box(0, 560, 104, 160, "#3d405b", corner=36)
            stage.poly([(-18, 486), (18, 486), (0, 530)], "#ffffff")
            stage.poly([(-7, 492), (7, 492), (0, 556)], "#e63946")
            stage.circle(0, 430, 54, "#f2c6a0")
            stage.blob(
                [(-54, 420), (-44, 376), (0, 368), (44, 376), (54, 420), (20, 396), (-20, 396)], "#5b3a29"
            )
            dots(stage, 0, 430, 6, 40, blinking(now))
            smile(stage, 0, 456, 26, -0.6 if now < 9 else 0.9)
            limb(stage, (50, 520), (84, 590 - 90 * open_), -14, 14, "#3d405b")
            stage.box(90, 616, 56, 42, "#7f5539", corner=6) if open_ < 0.3 else None
            if open_ > 0.02:
                with stage.at(84, 500, size=open_):
                    stage.line([(0, 0), (0, -190)], 6, INK)
                    stage.poly(
                        [
                            (math.cos(math.radians(a)) * 130, -190 + 70 + math.sin(math.radians(a)) * 130)
                            for a in range(180, 361, 10)
                        ],
                        "#457b9d",
                    )
            y = 262 + 8 * wave(now, 4)
            for drop in range(16):
                fall = (now * 0.8 + noise(drop)) % 1
                if now < 9:
                    stage.ellipse(-84 + drop * 11, y + 40 + fall * 300, 3.5, 10, "#4f9dc4", 1 - fall * 0.6)
                elif drop % 3 == 0:
                    star(
                        stage, -84 + drop * 11, y + 40 + fall * 240, 10, "#ffd166", now * 60, 5, 0.5, 1 - fall
                    )
            cloud(stage, 0, y, 78, "#ffffff")
            eyes(stage, 0, y + 4, 15, 44, look=(0, 0.9), lids=blinking(now, 4))
            smile(stage, 0, y + 28, 26, 1)
            cheeks(stage, 0, y + 22, 92, 13)
        lines = (
            (0, "Why only me?"),
            (4, "每天都下雨……"),
            (6.6, "« Parce que je t'aime bien. »"),
            (9.2, "oh."),
        )
        start, words = max(line for line in lines if line[0] <= now)
        sign(
            stage,
            140,
            words,
            33 if len(words) > 20 else 52,
            "#6d3b47",
            grown=span(now, start - (1 if start == 0 else 0), start + 0.5, back),
        )

    return draw


@scene("pixel-picnic", "chip", bars=5)
def pixel_picnic(beat: Beat) -> Draw:
    """A very small game whose hero only wants lunch."""
    small = Stage(scale=1, width=135, height=240)
    pen_rows = {
        "hero": (
            "..111111..",
            ".11111111.",
            ".12211221.",
            ".12311231.",
            ".11111111.",
            ".11144111.",
            "5555555555",
            ".55555555.",
            ".5555555..",
            "..66..66..",
        ),
        "bread": ("..777777..", ".77777777.", "7787787787", "7777777777", ".77777777."),
        "heart": (".99..99.", "99999999", "99999999", ".999999.", "..9999..", "...99..."),
    }
    ink = {
        "1": "#ffd6a5",
        "2": "#ffffff",
        "3": "#22223b",
        "4": "#e63946",
        "5": "#4361ee",
        "6": "#22223b",
        "7": "#d98f4e",
        "8": "#f6d7a8",
        "9": "#ff5d8f",
    }

    def sprite(name: str, x: float, y: float) -> None:
        for row, line in enumerate(pen_rows[name]):
            for column, mark in enumerate(line):
                if mark != ".":
                    small.box(round(x) + column + 0.5, round(y) + row + 0.5, 0.9, 0.9, ink[mark])

    def draw(stage: Stage, now: float) -> None:
        small.fill("#5ec8f2") if now < 16 else small.fill("#f7b267")
        travel = min(now, 16) * 16
        for puff in range(5):
            x = (puff * 46 - travel * 0.3) % 200 - 30
            small.box(x, 102 + puff % 3 * 11, 22, 6, "#ffffff")
            small.box(x + 2, 98 + puff % 3 * 11, 12, 6, "#ffffff")
        for hill in range(5):
            x = (hill * 60 - travel * 0.5) % 240 - 40
            for step in range(5):
                small.box(x, 158 - step * 6, 46 - step * 9, 7, "#3fb68b")
        for block in range(12):
            x = (block * 15 - travel) % 180 - 20
            small.box(x, 170, 14, 12, "#6fcf4f")
            small.box(x, 206, 14, 58, "#a0673c")
            small.box(x - 3 + block % 3 * 4, 192 + block % 4 * 8, 4, 3, "#7c4d2a")
        for loaf in range(10):
            at = 96 + loaf * 24
            x = at - travel
            if x > 44 and -20 < x < 150:
                sprite("bread", x, 122 if loaf % 2 else 146)
        caught = sum(1 for loaf in range(10) if 96 + loaf * 24 - travel <= 44)
        jump = 26 * abs(math.sin(math.pi * now / 2)) if now < 16 else 0
        sprite("hero", 38, 152 - jump)
        frame = stage.size
        stage.show(small.image.resize(frame, Image.Resampling.NEAREST, box=(22, 84, 103, 228)))
        stage.box(270, 120, 540, 56, "#22223b")
        stage.text(40, 120, f"LUNCH {caught * 100:05d}", 34, "#ffffff", "mono", anchor="l")
        for life in range(3):
            stage.box(420 + life * 36, 120, 22, 22, "#ff5d8f", corner=3)
        if now < 3:
            sign(stage, 320, "READY?", 80, "#ffffff", "#22223b", 1.0 if int(now * 2) % 2 == 0 else 0.98)
        elif now < 16:
            gone = ("YUM!", "MIAM!", "好吃!", "¡ÑAM!")[caught % 4]
            if caught:
                sign(stage, 330, gone, 54, "#ffd166", grown=1 - 0.6 * ((now * 16 / 24) % 1))
        else:
            sign(stage, 290, "GAME OVER?", 66, "#22223b", grown=span(now, 16, 16.4, back))
            sign(stage, 380, "No. Dessert.", 58, "#ffffff", "#e63946", span(now, 17.5, 18, elastic), -3)

    return draw


@scene("bath-whale", "ambient", bars=2, first_bar=2)
def bath_whale(beat: Beat) -> Draw:
    """A whale in a bath that was described as spacious."""

    def draw(stage: Stage, now: float) -> None:
        stage.fill("#cdeaf2", "#a6d5e5")
        for row in range(9):
            for column in range(6):
                stage.box(45 + column * 90, 45 + row * 84, 84, 78, "#ffffff", corner=8, alpha=0.3)
        stage.box(270, 850, 560, 260, "#e8c9a0")
        rise = 10 * wave(now, 4)
        with stage.at(246, 488 - rise, size=0.9):
            spout = 0.6 + 0.4 * wave(now, 2)
            for arm in range(-3, 4):
                stage.curve(
                    [(0, -150), (arm * 16, -220 - 40 * spout), (arm * 34, -170 - 30 * spout + abs(arm) * 16)],
                    9,
                    "#ffffff",
                    0.85,
                )
            stage.blob(
                [(-210, 60), (-200, -60), (-100, -150), (80, -150), (180, -80), (220, 60), (0, 110)],
                "#4a6fa5",
            )
            stage.blob([(-190, 80), (-150, 20), (0, 6), (150, 24), (196, 80), (0, 110)], "#dce9f5")
            stage.blob(
                [(190, 10), (240, -70), (226, -150), (262, -110), (300, -150), (280, -50), (230, 50)],
                "#4a6fa5",
            )
            eyes(stage, -60, -46, 19, 120, look=(0, 0.5), lids=blinking(now))
            smile(stage, -60, 10, 70, 0.7, 6)
            cheeks(stage, -60, -10, 190, 17)
            stage.blob([(-110, -140), (-120, -180), (-60, -196), (-10, -180), (-20, -146)], "#ffe066")
        stage.box(270, 640, 470, 150, "#ffffff", corner=66)
        stage.box(270, 578, 500, 34, "#f1f5f9", corner=17)
        for foot in (-150, 150):
            stage.ellipse(270 + foot, 724, 30, 18, "#d4a24c")
        for foam in range(14):
            stage.circle(
                50 + foam * 34, 566 + 6 * wave(now, 3, foam * 0.3), 22 + 8 * noise(foam), "#ffffff", 0.92
            )
        duck = 420 - 30 * wave(now, 8)
        with stage.at(duck, 540, turn=8 * wave(now, 3)):
            stage.blob(
                [(-34, 0), (-40, -26), (-10, -22), (20, -30), (36, -10), (28, 10), (-20, 12)], "#ffd60a"
            )
            stage.circle(20, -38, 20, "#ffd60a")
            stage.poly([(36, -42), (56, -36), (36, -30)], "#f77f00")
            stage.circle(24, -44, 3.5, INK)
        lines = ((0, "Cozy!"), (2, "The ad said"), (3.5, '"spacious".'), (5.5, "Duck agrees."))
        start, words = max(line for line in lines if line[0] <= now)
        sign(
            stage,
            150,
            words,
            60,
            "#1d3557",
            grown=span(now, start - (1 if start == 0 else 0), start + 0.3, back),
        )

    return draw
